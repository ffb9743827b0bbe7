/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is recorded of a channel, and when: from the index where it knows a
 * file, else from the file itself.
 */
#ifndef NETRA_STORE_TIMELINE_H
#define NETRA_STORE_TIMELINE_H

#include "folder.h"
#include "index.h"

/* One file. */
struct netra_store_segment {
	struct netra_store_entry entry;
	int64_t start_ns;
	int64_t end_ns;
	uint64_t frames;
	uint64_t lost;
};

struct netra_store_hole {
	int64_t from_ns;
	int64_t to_ns;
	uint64_t lost;
	char kind[12];		/* "gap", "start", "no-signal", … */
};

struct netra_store_timeline {
	struct netra_store_segment *segments;	/* by name; "damaged" files left out */
	size_t segment_count;
	struct netra_store_hole *holes;		/* by time */
	size_t hole_count;
	uint64_t bytes;
};

/**
 * netra_store_timeline() - Of one channel.
 * @index: NULL: read all files.
 * @timeline: Free it with netra_store_timeline_free(), whatever is returned.
 *
 * Files that cannot be read count with their bytes alone.
 */
enum netra_error netra_store_timeline(struct netra_store_folder *folder,
				      struct netra_store_index *index,
				      uint32_t channel,
				      struct netra_store_timeline *timeline);

void netra_store_timeline_free(struct netra_store_timeline *timeline);

#endif
