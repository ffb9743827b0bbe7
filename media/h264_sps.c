/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence and picture parameter sets (7.3.2.1, 7.3.2.2, E.1.1). Pure
 * functions, any thread. Ranges are those of 7.4.2 and of level 6.2, the
 * highest there is.
 */
#include "h264_bits.h"
#include "media/h264.h"

#define MAX_WIDTH_MBS	1055u	/* A.3.1: sqrt(8 * MaxFS) */
#define MAX_FRAME_MBS	139264u	/* MaxFS of level 6.2 */
#define EXTENDED_SAR	255u

static bool has_chroma_format(uint8_t profile_idc)
{
	static const uint8_t high[] = {
		100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
	};

	for (size_t i = 0; i < sizeof(high); i++) {
		if (profile_idc == high[i])
			return true;
	}
	return false;
}

static void skip_scaling_list(struct bits *b, uint32_t size)
{
	int32_t last = 8;

	for (uint32_t i = 0; i < size && !b->overrun; i++) {
		int32_t delta = bits_se(b);

		/* A next scale of 0 ends the list; modulo as in 7.3.2.1.1.1. */
		last = (int32_t)(((uint32_t)last + (uint32_t)delta) & 255);
		if (!last)
			return;
	}
}

static bool parse_chroma_format(struct bits *b, struct netra_sps *sps)
{
	uint32_t format = bits_ue(b), luma, chroma;

	if (format > 3)
		return false;
	sps->chroma_format_idc = (uint8_t)format;
	if (format == 3)
		sps->separate_colour_planes = bits_flag(b);
	luma = bits_ue(b);
	chroma = bits_ue(b);
	if (luma > 6 || chroma > 6)
		return false;
	sps->bit_depth_luma = (uint8_t)(8 + luma);
	sps->bit_depth_chroma = (uint8_t)(8 + chroma);
	bits_flag(b);			/* qpprime_y_zero_transform_bypass */
	if (bits_flag(b)) {
		for (uint32_t i = 0; i < (format == 3 ? 12u : 8u); i++) {
			if (bits_flag(b))
				skip_scaling_list(b, i < 6 ? 16 : 64);
		}
	}
	return true;
}

static bool parse_order_count(struct bits *b, struct netra_sps *sps)
{
	uint32_t type = bits_ue(b), value;

	if (type > 2)
		return false;
	sps->poc_type = (uint8_t)type;
	if (type == 0) {
		value = bits_ue(b);
		if (value > 12)
			return false;
		sps->log2_max_poc_lsb = (uint8_t)(4 + value);
	} else if (type == 1) {
		sps->delta_pic_order_always_zero = bits_flag(b);
		sps->offset_for_non_ref_pic = bits_se(b);
		sps->offset_for_top_to_bottom = bits_se(b);
		value = bits_ue(b);
		if (value > 255)
			return false;
		sps->poc_cycle_length = (uint8_t)value;
		for (uint32_t i = 0; i < value; i++)
			sps->poc_cycle[i] = bits_se(b);
	}
	return true;
}

/* Size in pixels from macroblocks and cropping (7.4.2.1.1). */
static bool parse_size(struct bits *b, struct netra_sps *sps)
{
	uint64_t crop_x = 0, crop_y = 0;
	uint32_t width = bits_ue(b), height = bits_ue(b), fields;
	bool mono;

	sps->frame_mbs_only = bits_flag(b);
	fields = sps->frame_mbs_only ? 1 : 2;
	if (width >= MAX_WIDTH_MBS || height >= MAX_WIDTH_MBS)
		return false;
	width++;
	height = (height + 1) * fields;
	if (width * height > MAX_FRAME_MBS)
		return false;
	if (!sps->frame_mbs_only)
		bits_flag(b);		/* mb_adaptive_frame_field */
	bits_flag(b);			/* direct_8x8_inference */
	width *= 16;
	height *= 16;
	if (bits_flag(b)) {
		mono = !sps->chroma_format_idc || sps->separate_colour_planes;
		crop_x = (uint64_t)bits_ue(b) + bits_ue(b);
		crop_y = (uint64_t)bits_ue(b) + bits_ue(b);
		if (!mono && sps->chroma_format_idc < 3)
			crop_x *= 2;
		if (!mono && sps->chroma_format_idc < 2)
			crop_y *= 2;
		crop_y *= fields;
	}
	if (crop_x >= width || crop_y >= height)
		return false;
	sps->width = width - (uint32_t)crop_x;
	sps->height = height - (uint32_t)crop_y;
	return true;
}

static void skip_hrd(struct bits *b)
{
	uint32_t count = bits_ue(b);

	bits_u(b, 8);
	for (uint32_t i = 0; i <= count && i < 32; i++) {
		bits_ue(b);
		bits_ue(b);
		bits_flag(b);
	}
	bits_u(b, 20);
}

static void parse_aspect_ratio(struct bits *b, struct netra_sps *sps)
{
	static const uint8_t sar[][2] = {	/* table E-1 */
		{ 0, 0 }, { 1, 1 }, { 12, 11 }, { 10, 11 }, { 16, 11 },
		{ 40, 33 }, { 24, 11 }, { 20, 11 }, { 32, 11 }, { 80, 33 },
		{ 18, 11 }, { 15, 11 }, { 64, 33 }, { 160, 99 }, { 4, 3 },
		{ 3, 2 }, { 2, 1 },
	};
	uint32_t idc = bits_u(b, 8);

	if (idc == EXTENDED_SAR) {
		sps->sar_width = bits_u(b, 16);
		sps->sar_height = bits_u(b, 16);
	} else if (idc < sizeof(sar) / sizeof(sar[0])) {
		sps->sar_width = sar[idc][0];
		sps->sar_height = sar[idc][1];
	}
}

static void parse_vui(struct bits *b, struct netra_sps *sps)
{
	bool nal_hrd, vcl_hrd;

	if (bits_flag(b))
		parse_aspect_ratio(b, sps);
	if (bits_flag(b))
		bits_flag(b);		/* overscan_appropriate */
	if (bits_flag(b)) {
		bits_u(b, 4);		/* video_format, full_range */
		if (bits_flag(b))
			bits_u(b, 24);	/* colour description */
	}
	if (bits_flag(b)) {
		bits_ue(b);		/* chroma sample location */
		bits_ue(b);
	}
	if (bits_flag(b)) {
		sps->units_in_tick = bits_u(b, 32);
		sps->time_scale = bits_u(b, 32);
		bits_flag(b);		/* fixed_frame_rate */
		if (!sps->units_in_tick)
			sps->time_scale = 0;
	}
	nal_hrd = bits_flag(b);
	if (nal_hrd)
		skip_hrd(b);
	vcl_hrd = bits_flag(b);
	if (vcl_hrd)
		skip_hrd(b);
	if (nal_hrd || vcl_hrd)
		bits_flag(b);		/* low_delay_hrd */
	bits_flag(b);			/* pic_struct_present */
	if (bits_flag(b)) {
		uint32_t reorder;

		bits_flag(b);		/* motion vectors over picture edges */
		bits_ue(b);		/* max_bytes_per_pic_denom */
		bits_ue(b);		/* max_bits_per_mb_denom */
		bits_ue(b);		/* log2_max_mv_length_horizontal */
		bits_ue(b);		/* log2_max_mv_length_vertical */
		reorder = bits_ue(b);
		if (reorder <= 16 && !b->overrun)
			sps->max_reorder_frames = (int32_t)reorder;
	}
}

bool netra_sps_parse(const struct netra_nal *nal, struct netra_sps *sps)
{
	struct netra_sps before_vui;
	struct bits b;
	uint32_t value;

	if (nal->type != NETRA_NAL_SPS || nal->length < 4)
		return false;
	*sps = (struct netra_sps){
		.profile_idc = nal->data[1],
		.constraints = nal->data[2],
		.level_idc = nal->data[3],
		.chroma_format_idc = 1,
		.bit_depth_luma = 8,
		.bit_depth_chroma = 8,
		.max_reorder_frames = -1,
	};
	bits_init(&b, nal->data + 4, nal->length - 4);
	value = bits_ue(&b);
	if (value > 31)
		return false;
	sps->id = (uint8_t)value;
	if (has_chroma_format(sps->profile_idc) &&
	    !parse_chroma_format(&b, sps))
		return false;
	value = bits_ue(&b);
	if (value > 12)
		return false;
	sps->log2_max_frame_num = (uint8_t)(4 + value);
	if (!parse_order_count(&b, sps))
		return false;
	sps->max_ref_frames = bits_ue(&b);
	if (sps->max_ref_frames > 16)
		return false;
	bits_flag(&b);			/* gaps_in_frame_num_value_allowed */
	if (!parse_size(&b, sps))
		return false;
	if (!bits_flag(&b))
		return !b.overrun;
	if (b.overrun)
		return false;
	/*
	 * Encoders that get the VUI wrong are common, and nothing in it is
	 * needed to decode: if it ends early, do without it.
	 */
	before_vui = *sps;
	parse_vui(&b, sps);
	if (b.overrun)
		*sps = before_vui;
	return true;
}

void netra_codec_string(const struct netra_sps *sps, char text[12])
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t byte[] = {
		sps->profile_idc, sps->constraints, sps->level_idc,
	};
	char *t = text;

	__builtin_memcpy(t, "avc1.", 5);
	t += 5;
	for (size_t i = 0; i < sizeof(byte); i++) {
		*t++ = digit[byte[i] >> 4];
		*t++ = digit[byte[i] & 15];
	}
	*t = '\0';
}

/* Flexible macroblock ordering: only passed over. */
static bool skip_slice_groups(struct bits *b, uint32_t groups)
{
	uint32_t type = bits_ue(b), count, width;

	switch (type) {
	case 0:
		for (uint32_t i = 0; i < groups; i++)
			bits_ue(b);	/* run_length */
		return true;
	case 1:
		return true;
	case 2:
		for (uint32_t i = 0; i + 1 < groups; i++) {
			bits_ue(b);	/* top_left */
			bits_ue(b);	/* bottom_right */
		}
		return true;
	case 3:
	case 4:
	case 5:
		bits_flag(b);		/* change_direction */
		bits_ue(b);		/* change_rate */
		return true;
	case 6:
		count = bits_ue(b);
		width = groups > 4 ? 3 : groups > 2 ? 2 : 1;
		for (uint32_t i = 0; i <= count && !b->overrun; i++)
			bits_u(b, width);
		return true;
	default:
		return false;
	}
}

bool netra_pps_parse(const struct netra_nal *nal, struct netra_pps *pps)
{
	struct bits b;
	uint32_t id, sps_id, groups;

	if (nal->type != NETRA_NAL_PPS || nal->length < 2)
		return false;
	*pps = (struct netra_pps){ 0 };
	bits_init(&b, nal->data + 1, nal->length - 1);
	id = bits_ue(&b);
	sps_id = bits_ue(&b);
	if (id > 255 || sps_id > 31)
		return false;
	pps->id = (uint8_t)id;
	pps->sps_id = (uint8_t)sps_id;
	bits_flag(&b);			/* entropy_coding_mode */
	pps->bottom_field_pic_order = bits_flag(&b);
	groups = bits_ue(&b) + 1;
	if (groups > 8 || (groups > 1 && !skip_slice_groups(&b, groups)))
		return false;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t count = bits_ue(&b);

		if (count > 31)
			return false;
		pps->num_ref_idx[i] = (uint8_t)(count + 1);
	}
	pps->weighted_pred = bits_flag(&b);
	pps->weighted_bipred = (uint8_t)bits_u(&b, 2);
	bits_se(&b);			/* pic_init_qp */
	bits_se(&b);			/* pic_init_qs */
	bits_se(&b);			/* chroma_qp_index_offset */
	bits_u(&b, 2);			/* deblocking control, constrained intra */
	pps->redundant_pic_cnt = bits_flag(&b);
	return !b.overrun;
}
