/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Picture order count (8.2.1). Damaged streams can ask for any number, so sums
 * wrap as unsigned ones. Pure functions, any thread.
 */
#include "media/h264.h"

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0 ? a : b;
}

/* 8.2.1.1; the order count of the top field goes to @top. */
static uint32_t order_by_lsb(struct netra_poc *poc,
			     const struct netra_slice *slice,
			     const struct netra_sps *sps, uint32_t *top)
{
	uint32_t range = 1u << sps->log2_max_poc_lsb;
	uint32_t prev_msb = (uint32_t)poc->prev_msb;
	uint32_t prev_lsb = (uint32_t)poc->prev_lsb;
	uint32_t lsb = slice->poc_lsb, msb, bottom;

	if (slice->idr) {
		prev_msb = 0;
		prev_lsb = 0;
	}
	msb = prev_msb;
	if (lsb < prev_lsb && prev_lsb - lsb >= range / 2)
		msb += range;
	else if (lsb > prev_lsb && lsb - prev_lsb > range / 2)
		msb -= range;
	if (slice->reference) {
		poc->prev_msb = (int32_t)msb;
		poc->prev_lsb = (int32_t)lsb;
	}
	*top = msb + lsb;
	bottom = *top + (uint32_t)slice->delta_poc_bottom;
	return slice->field ? *top : smaller(*top, bottom);
}

/* FrameNumOffset, common to 8.2.1.2 and 8.2.1.3 */
static uint32_t frame_num_offset(struct netra_poc *poc,
				 const struct netra_slice *slice,
				 const struct netra_sps *sps)
{
	uint32_t offset = poc->prev_frame_num_offset;

	if (slice->idr)
		offset = 0;
	else if (poc->prev_frame_num > slice->frame_num)
		offset += 1u << sps->log2_max_frame_num;
	poc->prev_frame_num_offset = offset;
	poc->prev_frame_num = slice->frame_num;
	return offset;
}

/* 8.2.1.2 */
static uint32_t order_by_cycle(const struct netra_slice *slice,
			       const struct netra_sps *sps, uint32_t offset,
			       uint32_t *top)
{
	uint32_t length = sps->poc_cycle_length, frames = 0, count = 0, bottom;

	if (length)
		frames = offset + slice->frame_num;
	if (!slice->reference && frames)
		frames--;
	if (frames) {
		uint32_t whole = (frames - 1) / length, delta = 0;

		for (uint32_t i = 0; i < length; i++)
			delta += (uint32_t)sps->poc_cycle[i];
		count = whole * delta;
		for (uint32_t i = 0; i <= (frames - 1) % length; i++)
			count += (uint32_t)sps->poc_cycle[i];
	}
	if (!slice->reference)
		count += (uint32_t)sps->offset_for_non_ref_pic;
	*top = count + (uint32_t)slice->delta_poc[0];
	bottom = *top + (uint32_t)sps->offset_for_top_to_bottom;
	if (slice->field)
		return slice->bottom ? bottom : *top;
	return smaller(*top, bottom + (uint32_t)slice->delta_poc[1]);
}

int32_t netra_poc_next(struct netra_poc *poc, const struct netra_slice *slice,
		       const struct netra_sps *sps)
{
	uint32_t count, top, offset;

	/* After MMCO 5 everything goes on as if from frame number 0. */
	if (poc->prev_clears && sps->poc_type != 0) {
		poc->prev_frame_num_offset = 0;
		poc->prev_frame_num = 0;
	}
	if (sps->poc_type == 0) {
		count = order_by_lsb(poc, slice, sps, &top);
	} else {
		offset = frame_num_offset(poc, slice, sps);
		top = 2 * (offset + slice->frame_num);
		if (sps->poc_type == 2)
			count = top - !slice->reference;
		else
			count = order_by_cycle(slice, sps, offset, &top);
	}
	poc->prev_clears = slice->clears_references;
	if (slice->clears_references) {
		poc->prev_msb = 0;
		poc->prev_lsb = slice->bottom ? 0 : (int32_t)(top - count);
		count = 0;
	}
	return (int32_t)count;
}
