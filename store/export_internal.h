/* SPDX-License-Identifier: BSD-2-Clause */
/* Between export_plan.c and export_gather.c. */
#ifndef NETRA_EXPORT_INTERNAL_H
#define NETRA_EXPORT_INTERNAL_H

#include "export.h"
#include "scan.h"

/* The walk. */
struct netra_export_walk {
	struct netra_export *export;
	struct netra_store_scan *scan;
	bool gather;		/* the second walk */
	uint32_t file;
	bool done;		/* behind what is asked for */

	/* First walk: the last key frame that is not after @from_ns. */
	bool found;
	uint32_t start_file;
	uint64_t start_position;
	uint32_t start_sample;

	/* Second walk. */
	bool key_wanted;
	uint32_t entry;
	int64_t base;		/* from the file's decode times to the export's */
	bool base_known;
	int64_t first_wall_ns;
	int64_t end_wall_ns;	/* of the last sample */
	int64_t end_dts;
	int64_t from_media;	/* where from_ns is; -1 = not yet */
	int64_t to_media;
	int64_t first_pts, end_pts;
};

/* @ticks after @wall_ns. Files say what they like: held to what can be said. */
static inline int64_t netra_export_later(int64_t wall_ns, int64_t ticks)
{
	int64_t ns;

	if (__builtin_mul_overflow(ticks / 9, 100000, &ns) ||
	    __builtin_add_overflow(ns, ticks % 9 * 100000 / 9, &ns) ||
	    __builtin_add_overflow(wall_ns, ns, &ns))
		return ticks < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

/** netra_export_add_entry() - The file's sample entry among those of the export. */
enum netra_error netra_export_add_entry(struct netra_export_walk *plan);

/** netra_export_gather() - The second walk: a fragment's samples, from @first on. */
enum netra_error netra_export_gather(struct netra_export_walk *plan,
				     const struct netra_mp4_moof *moof,
				     uint32_t first);

#endif
