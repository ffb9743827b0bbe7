/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of H.264 (ITU-T H.264, clause numbers below) as moving access units
 * around takes: NAL units, sequence parameter sets, slice headers up to the
 * picture order count. Input is untrusted; nothing here allocates.
 */
#ifndef NETRA_H264_H
#define NETRA_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum netra_nal_type {
	NETRA_NAL_SLICE = 1,
	NETRA_NAL_PARTITION_A = 2,
	NETRA_NAL_PARTITION_B = 3,
	NETRA_NAL_PARTITION_C = 4,
	NETRA_NAL_IDR = 5,
	NETRA_NAL_SEI = 6,
	NETRA_NAL_SPS = 7,
	NETRA_NAL_PPS = 8,
	NETRA_NAL_DELIMITER = 9,
	NETRA_NAL_END_OF_SEQUENCE = 10,
	NETRA_NAL_END_OF_STREAM = 11,
	NETRA_NAL_FILLER = 12,
};

/* One NAL unit inside an Annex B buffer, header byte included. */
struct netra_nal {
	const uint8_t *data;
	size_t length;		/* without trailing zero bytes */
	uint8_t type;		/* enum netra_nal_type; data[0] & 31 */
	uint8_t ref_idc;
};

/**
 * netra_nal_next() - Walk the NAL units of an Annex B buffer.
 * @position: Start with 0; kept by the walk.
 * Return: false at the end. Bytes before the first start code are skipped.
 */
bool netra_nal_next(const uint8_t *data, size_t size, size_t *position,
		    struct netra_nal *nal);

/**
 * netra_start_code() - Offset of the next 00 00 01, or @size if none.
 * @from: Where to begin. The hot loop of everything that cuts streams.
 */
size_t netra_start_code(const uint8_t *data, size_t size, size_t from);

struct netra_sps {
	uint8_t profile_idc;
	uint8_t constraints;
	uint8_t level_idc;
	uint8_t id;			/* 0..31 */
	uint8_t chroma_format_idc;
	uint8_t bit_depth_luma, bit_depth_chroma;
	bool separate_colour_planes;
	bool frame_mbs_only;
	uint8_t log2_max_frame_num;	/* 4..16 */
	uint8_t poc_type;		/* 0..2 */
	uint8_t log2_max_poc_lsb;	/* 4..16 */
	bool delta_pic_order_always_zero;
	int32_t offset_for_non_ref_pic;
	int32_t offset_for_top_to_bottom;
	uint8_t poc_cycle_length;
	int32_t poc_cycle[255];
	uint32_t max_ref_frames;
	uint32_t width, height;		/* after cropping, in pixels */
	uint32_t sar_width, sar_height;	/* 0 = unspecified */
	uint32_t time_scale;		/* fields per second = time_scale / units; 0 = none */
	uint32_t units_in_tick;
	int32_t max_reorder_frames;	/* -1 = not said */
};

/**
 * netra_sps_parse() - Parse an SPS NAL unit (7.3.2.1.1), header byte included.
 * Return: false if it is damaged or out of the standard's ranges.
 */
bool netra_sps_parse(const struct netra_nal *nal, struct netra_sps *sps);

/** netra_codec_string() - "avc1.42e01e" of an SPS; @text holds 12 bytes. */
void netra_codec_string(const struct netra_sps *sps, char text[12]);

struct netra_pps {
	uint8_t id;			/* 0..255 */
	uint8_t sps_id;
	bool bottom_field_pic_order;
	uint8_t num_ref_idx[2];		/* default lengths of the lists, 1..32 */
	bool weighted_pred;
	uint8_t weighted_bipred;	/* 0..2; anything but 1 needs no table */
	bool redundant_pic_cnt;
};

/**
 * netra_pps_parse() - Parse a PPS NAL unit (7.3.2.2), header byte included.
 * Return: false if it is damaged or out of the standard's ranges.
 */
bool netra_pps_parse(const struct netra_nal *nal, struct netra_pps *pps);

/* Parameter sets seen so far. */
struct netra_parameter_sets {
	struct netra_sps sps[32];
	struct netra_pps pps[256];
	bool have_sps[32];
	bool have_pps[256];
};

struct netra_slice {
	uint32_t first_mb;
	uint32_t slice_type;		/* 0..9 */
	uint8_t pps_id;
	uint8_t sps_id;
	uint32_t frame_num;
	bool field, bottom;
	uint32_t idr_pic_id;
	uint32_t poc_lsb;
	int32_t delta_poc_bottom;
	int32_t delta_poc[2];
	uint32_t redundant_pic_cnt;
	bool idr;
	bool reference;			/* nal_ref_idc != 0 */
	bool clears_references;		/* memory_management_control_operation 5 */
};

/** netra_slice_parse() - Slice header (7.3.3); false without its parameter sets. */
bool netra_slice_parse(const struct netra_nal *nal,
		       const struct netra_parameter_sets *sets,
		       struct netra_slice *slice);

/**
 * netra_slice_begins_picture() - First slice of a new primary picture (7.4.1.2.4)?
 */
bool netra_slice_begins_picture(const struct netra_slice *before,
				const struct netra_slice *now);

/* Picture order count (8.2.1) from slice to slice. */
struct netra_poc {
	int32_t prev_msb, prev_lsb;
	uint32_t prev_frame_num, prev_frame_num_offset;
	bool prev_clears, prev_bottom;
};

/**
 * netra_poc_next() - Picture order count of the picture @slice begins.
 *
 * Of a frame, the smaller of its two fields' counts. Of a picture with MMCO 5
 * the count it has afterwards: later pictures are ordered relative to that.
 * Call once for each picture; a picture of all zeros is the start state.
 */
int32_t netra_poc_next(struct netra_poc *poc, const struct netra_slice *slice,
		       const struct netra_sps *sps);

/* What one access unit is, found by cutting a stream. */
struct netra_unit_info {
	size_t offset;			/* of its first byte in the stream */
	size_t length;
	bool key;			/* holds an IDR slice */
	bool parameters;		/* holds SPS and PPS */
	bool picture;			/* holds a slice at all */
	bool field_pair;		/* holds both fields of a frame */
	bool has_poc;
	int32_t poc;
	bool sequence_start;		/* POC starts anew (IDR or MMCO 5) */
};

/*
 * Cuts an Annex B stream into access units, byte for byte: the units'
 * concatenation is the stream. Two fields of one frame make one unit. A unit
 * is given out as soon as the header of what follows it is there.
 */
struct netra_cutter {
	struct netra_parameter_sets sets;
	struct netra_poc poc;
	struct netra_slice last;	/* of the picture under way */
	bool have_last;			/* last is whole: its parameter sets are known */
	struct netra_unit_info unit;	/* under way */
	bool sps, pps;			/* seen in the unit */
	bool next_sps, next_pps;	/* seen after next_unit */
	size_t next_unit;		/* where the next unit may begin, if it does */
	bool have_next_unit;
	size_t nal;			/* start code of the NAL unit being looked at */
	bool have_nal;
	bool judged;			/* it is known which unit it belongs to */
	bool parameter_set;		/* it is one */
	size_t scanned;			/* bytes of the stream already looked at */
	size_t consumed;		/* bytes of the stream given out */
};

/** netra_cutter_init() - At the start of a stream. */
void netra_cutter_init(struct netra_cutter *cutter);

/**
 * netra_cutter_next() - Find the next whole access unit.
 * @data, @size: The stream's bytes from cutter->consumed on.
 * @end: No more bytes will come.
 * @info: Receives the unit; it starts at @data.
 * Return: true if found; consume info->length bytes before the next call.
 * False: more bytes are needed (or, at @end, nothing is left).
 */
bool netra_cutter_next(struct netra_cutter *cutter, const uint8_t *data,
		       size_t size, bool end, struct netra_unit_info *info);

#endif
