/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mfra: one tfra table and mfro, whose last four bytes give players that look
 * at the end of a file the way to the table.
 */
#include "mp4_index.h"

#include "mp4_box.h"
#include "mp4_init.h"

void netra_mp4_index_init(struct netra_mp4_index *index)
{
	index->count = 0;
	index->stride = 1;
	index->skipped = 0;
}

void netra_mp4_index_add(struct netra_mp4_index *index, uint64_t pts_90k,
			 uint64_t moof_offset, uint32_t sample)
{
	if (index->count && ++index->skipped < index->stride)
		return;
	index->skipped = 0;
	if (index->count == NETRA_MP4_INDEX_ENTRIES) {
		index->count /= 2;
		for (size_t i = 1; i < index->count; i++)
			index->entry[i] = index->entry[2 * i];
		index->stride *= 2;
	}
	index->entry[index->count++] = (struct netra_mp4_index_entry){
		.pts_90k = pts_90k,
		.moof_offset = moof_offset,
		.sample = sample,
	};
}

size_t netra_mp4_index_write(const struct netra_mp4_index *index, void *data,
			     size_t size)
{
	struct netra_boxes b;
	size_t mfra, box;

	if (!index->count)
		return 0;
	netra_boxes_init(&b, data, size);
	mfra = netra_box_begin(&b, "mfra");
	box = netra_box_begin_full(&b, "tfra", 1, 0);
	netra_box_u32(&b, NETRA_MP4_TRACK);
	netra_box_u32(&b, 1);	/* traf, trun: 1 byte each; sample: 2 */
	netra_box_u32(&b, index->count);
	for (uint32_t i = 0; i < index->count; i++) {
		netra_box_u64(&b, index->entry[i].pts_90k);
		netra_box_u64(&b, index->entry[i].moof_offset);
		netra_box_u8(&b, 1);
		netra_box_u8(&b, 1);
		netra_box_u16(&b, (uint16_t)index->entry[i].sample);
	}
	netra_box_end(&b, box);
	box = netra_box_begin_full(&b, "mfro", 0, 0);
	netra_box_u32(&b, (uint32_t)(b.length + 4 - mfra));
	netra_box_end(&b, box);
	netra_box_end(&b, mfra);
	return b.overflow ? 0 : b.length;
}
