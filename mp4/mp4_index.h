/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index at the end of a fragmented MP4 file (mfra, ISO/IEC 14496-12
 * 8.8.9): where pictures lie that playing can begin at. Of fixed size,
 * however long the file grows: when full, every other entry goes.
 */
#ifndef NETRA_MP4_INDEX_H
#define NETRA_MP4_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define NETRA_MP4_INDEX_ENTRIES	512u
#define NETRA_MP4_INDEX_MAX_BYTES (NETRA_MP4_INDEX_ENTRIES * 20u + 64u)

struct netra_mp4_index_entry {
	uint64_t pts_90k;
	uint64_t moof_offset;
	uint32_t sample;	/* in the fragment, from 1 */
};

struct netra_mp4_index {
	uint32_t count;
	uint32_t stride;	/* one fragment of so many is kept */
	uint32_t skipped;
	struct netra_mp4_index_entry entry[NETRA_MP4_INDEX_ENTRIES];
};

void netra_mp4_index_init(struct netra_mp4_index *index);

/** netra_mp4_index_add() - A fragment with a sync sample, in file order. */
void netra_mp4_index_add(struct netra_mp4_index *index, uint64_t pts_90k,
			 uint64_t moof_offset, uint32_t sample);

/**
 * netra_mp4_index_write() - Build mfra.
 * @size: NETRA_MP4_INDEX_MAX_BYTES is enough.
 * Return: its bytes; 0 if the index is empty or does not fit.
 */
size_t netra_mp4_index_write(const struct netra_mp4_index *index, void *data,
			     size_t size);

#endif
