/* SPDX-License-Identifier: BSD-2-Clause */
/* What the index holds of a file, read from its fragments' headers. */
#ifndef NETRA_STORE_SUMMARY_H
#define NETRA_STORE_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Where decoding can begin. */
struct netra_store_key {
	int64_t wall_ns;	/* of its decode time, since 1970 */
	uint64_t offset;	/* of its fragment's moof */
	uint32_t sample;	/* in the fragment, from 1 */
};

/* Frames are missing, or time is. */
struct netra_store_gap {
	int64_t from_ns;	/* end of the frame before; the file's start if there is none */
	int64_t to_ns;
	uint32_t lost;
	uint32_t flags;		/* NETRA_NOTE_* of the fragment after */
};

struct netra_store_summary {
	int64_t start_ns;
	int64_t end_ns;		/* of the last frame */
	uint64_t bytes;
	uint64_t frames;
	uint64_t lost;
	uint32_t fragments;
	struct netra_store_key *keys;
	size_t key_count;
	struct netra_store_gap *gaps;
	size_t gap_count;
};

/**
 * netra_store_summarize() - Read all headers of a file.
 * @fd: Stays the caller's.
 * @summary: Free it with netra_store_summary_free(), whatever is returned.
 *
 * What is no whole fragment is left out. NETRA_ERR_CORRUPT: there is none.
 * NETRA_ERR_IO, NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_store_summarize(int fd,
				       struct netra_store_summary *summary);

void netra_store_summary_free(struct netra_store_summary *summary);

/** netra_store_gap_kind() - "gap", "overrun", … as events are called. */
const char *netra_store_gap_kind(uint32_t flags);

#endif
