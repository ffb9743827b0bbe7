/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads what mp4_fragment.c and mp4_init.c have written, and nothing else:
 * any other bytes, as a torn or damaged file may have, are NETRA_ERR_CORRUPT.
 * Pure functions of the caller's memory.
 */
#ifndef NETRA_MP4_READ_H
#define NETRA_MP4_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "mp4_fragment.h"
#include "mp4_note.h"

/* The header of a fragment. */
struct netra_mp4_moof {
	struct netra_mp4_note note;
	uint32_t header_bytes;	/* moof, and mdat's size and type */
	uint32_t payload_bytes;
	uint32_t samples;
	int64_t dts_90k;	/* of the first sample */
	int64_t end_dts_90k;	/* after the last one's duration */
	const uint8_t *table;	/* in the caller's memory */
};

struct netra_mp4_sample {
	uint32_t duration_90k;
	uint32_t bytes;
	bool key;
	int32_t delay_90k;	/* presentation - decode time */
};

/**
 * netra_mp4_moof_read() - Take a fragment's header apart.
 * @data: From its first byte on.
 * @length: Bytes that are there.
 *
 * Structure, header checksum and the sum of the samples' sizes hold; the
 * note's position and the payload are the caller's to compare.
 * NETRA_ERR_AGAIN: more bytes are needed, moof->header_bytes says how many.
 * NETRA_ERR_CORRUPT.
 */
enum netra_error netra_mp4_moof_read(struct netra_mp4_moof *moof,
				     const uint8_t *data, size_t length);

/** netra_mp4_moof_sample() - One of its samples, from 0. */
void netra_mp4_moof_sample(const struct netra_mp4_moof *moof, uint32_t i,
			   struct netra_mp4_sample *sample);

/* ftyp and moov. Offsets are from the file's start. */
struct netra_mp4_head {
	uint32_t bytes;			/* where the first fragment begins */
	uint32_t duration_offset;	/* of mehd's value */
	uint64_t duration_90k;		/* 0 = not known yet */
	int64_t media_start_90k;	/* of the edit list */
	uint32_t entry_offset;		/* of the avc1 box */
	uint32_t entry_bytes;
	uint32_t tkhd_offset;		/* the whole box */
};

/**
 * netra_mp4_head_read() - Take a file's beginning apart.
 * @length: Bytes that are there; NETRA_MP4_INIT_MAX_BYTES are enough.
 * NETRA_ERR_CORRUPT.
 */
enum netra_error netra_mp4_head_read(struct netra_mp4_head *head,
				     const uint8_t *data, size_t length);

#endif
