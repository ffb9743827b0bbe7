/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slice headers (7.3.3) up to the reference marking, and where a new picture
 * begins (7.4.1.2.4). Pure functions, any thread.
 */
#include "h264_bits.h"
#include "media/h264.h"

#define MAX_LIST_COMMANDS	66u	/* 2 per field reference, and an end */

enum kind { KIND_P = 0, KIND_B = 1, KIND_I = 2, KIND_SP = 3, KIND_SI = 4 };

static void parse_order_count(struct bits *b, const struct netra_sps *sps,
			      const struct netra_pps *pps,
			      struct netra_slice *slice)
{
	bool bottom = pps->bottom_field_pic_order && !slice->field;

	if (sps->poc_type == 0) {
		slice->poc_lsb = bits_u(b, sps->log2_max_poc_lsb);
		if (bottom)
			slice->delta_poc_bottom = bits_se(b);
	} else if (sps->poc_type == 1 && !sps->delta_pic_order_always_zero) {
		slice->delta_poc[0] = bits_se(b);
		if (bottom)
			slice->delta_poc[1] = bits_se(b);
	}
}

/* ref_pic_list_modification() of one list */
static bool skip_list_commands(struct bits *b)
{
	if (!bits_flag(b))
		return true;
	for (uint32_t i = 0; i < MAX_LIST_COMMANDS; i++) {
		uint32_t command = bits_ue(b);

		if (command == 3)
			return true;
		if (command > 3 || b->overrun)
			return false;
		bits_ue(b);
	}
	return false;
}

/* pred_weight_table() of one list */
static void skip_weights(struct bits *b, uint32_t count, bool chroma)
{
	for (uint32_t i = 0; i < count && !b->overrun; i++) {
		if (bits_flag(b)) {
			bits_se(b);
			bits_se(b);
		}
		if (chroma && bits_flag(b)) {
			for (uint32_t j = 0; j < 4; j++)
				bits_se(b);
		}
	}
}

/* What lies between the order count and the marking, for P and B slices. */
static bool skip_prediction(struct bits *b, const struct netra_sps *sps,
			    const struct netra_pps *pps, enum kind kind)
{
	bool chroma = sps->chroma_format_idc && !sps->separate_colour_planes;
	uint32_t count[2] = { pps->num_ref_idx[0], pps->num_ref_idx[1] };
	uint32_t lists = kind == KIND_B ? 2 : 1;

	if (kind == KIND_B)
		bits_flag(b);		/* direct_spatial_mv_pred */
	if (bits_flag(b)) {
		for (uint32_t i = 0; i < lists; i++)
			count[i] = bits_ue(b) + 1;
	}
	for (uint32_t i = 0; i < lists; i++) {
		if (count[i] > 32 || !skip_list_commands(b))
			return false;
	}
	if (kind == KIND_B ? pps->weighted_bipred == 1 : pps->weighted_pred) {
		bits_ue(b);		/* luma_log2_weight_denom */
		if (chroma)
			bits_ue(b);
		for (uint32_t i = 0; i < lists; i++)
			skip_weights(b, count[i], chroma);
	}
	return true;
}

/* dec_ref_pic_marking() */
static bool parse_marking(struct bits *b, struct netra_slice *slice)
{
	if (slice->idr) {
		bits_u(b, 2);		/* no_output_of_prior_pics, long_term */
		return true;
	}
	if (!bits_flag(b))
		return true;
	for (uint32_t i = 0; i < MAX_LIST_COMMANDS; i++) {
		uint32_t operation = bits_ue(b);

		if (operation == 0)
			return true;
		if (operation > 6 || b->overrun)
			return false;
		if (operation == 5)
			slice->clears_references = true;
		else
			bits_ue(b);
		if (operation == 3)
			bits_ue(b);
	}
	return false;
}

bool netra_slice_parse(const struct netra_nal *nal,
		       const struct netra_parameter_sets *sets,
		       struct netra_slice *slice)
{
	const struct netra_sps *sps;
	const struct netra_pps *pps;
	enum kind kind;
	struct bits b;
	uint32_t pps_id;

	*slice = (struct netra_slice){ 0 };
	if (nal->type != NETRA_NAL_SLICE && nal->type != NETRA_NAL_IDR &&
	    nal->type != NETRA_NAL_PARTITION_A)
		return false;
	if (nal->length < 2)
		return false;
	bits_init(&b, nal->data + 1, nal->length - 1);
	slice->first_mb = bits_ue(&b);
	slice->slice_type = bits_ue(&b);
	pps_id = bits_ue(&b);
	if (b.overrun || slice->slice_type > 9 || pps_id > 255 ||
	    !sets->have_pps[pps_id])
		return false;
	pps = &sets->pps[pps_id];
	if (!sets->have_sps[pps->sps_id])
		return false;
	sps = &sets->sps[pps->sps_id];
	kind = slice->slice_type % 5;
	slice->pps_id = (uint8_t)pps_id;
	slice->sps_id = pps->sps_id;
	slice->idr = nal->type == NETRA_NAL_IDR;
	slice->reference = nal->ref_idc != 0;
	if (sps->separate_colour_planes)
		bits_u(&b, 2);		/* colour_plane_id */
	slice->frame_num = bits_u(&b, sps->log2_max_frame_num);
	if (!sps->frame_mbs_only) {
		slice->field = bits_flag(&b);
		slice->bottom = slice->field && bits_flag(&b);
	}
	if (slice->idr)
		slice->idr_pic_id = bits_ue(&b);
	parse_order_count(&b, sps, pps, slice);
	if (pps->redundant_pic_cnt)
		slice->redundant_pic_cnt = bits_ue(&b);
	if (kind != KIND_I && kind != KIND_SI &&
	    !skip_prediction(&b, sps, pps, kind))
		return false;
	if (slice->reference && !parse_marking(&b, slice))
		return false;
	return !b.overrun;
}

bool netra_slice_begins_picture(const struct netra_slice *before,
				const struct netra_slice *now)
{
	if (now->frame_num != before->frame_num ||
	    now->pps_id != before->pps_id || now->sps_id != before->sps_id ||
	    now->field != before->field || now->bottom != before->bottom ||
	    now->reference != before->reference || now->idr != before->idr)
		return true;
	if (now->idr && now->idr_pic_id != before->idr_pic_id)
		return true;
	/* What the order count type does not have is 0 in both. */
	return now->poc_lsb != before->poc_lsb ||
	       now->delta_poc_bottom != before->delta_poc_bottom ||
	       now->delta_poc[0] != before->delta_poc[0] ||
	       now->delta_poc[1] != before->delta_poc[1];
}
