/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole stores for tests: recorded with the test's own clock, kept, looked at. */
#ifndef NETRA_TEST_STORES_H
#define NETRA_TEST_STORES_H

#include "store/index.h"
#include "store/keeper.h"
#include "tests/recorder/script.h"

#define STORES_SECOND 1000000000ull
#define STORES_START_S INT64_C(1795428900)	/* 2026-11-23T10:15:00Z */

/** record_store() - Channel 0 for so many seconds, in files of two. */
void record_store(struct fixture *f, int64_t start_s, uint32_t seconds);

/** look_at_store() - Open it to read. */
void look_at_store(struct fixture *f, struct netra_store_folder *folder);

/** keep_store() - Rounds of a keeper with these limits; what became of it. */
struct netra_keeper_status keep_store(struct fixture *f, uint64_t keep_bytes,
				      int64_t keep_ms);

/** index_rows() - What the index says of channel 0, added up. */
struct rows {
	uint32_t count;
	uint64_t frames, bytes;
	int64_t first_ms, end_ns;
};
struct rows index_rows(struct fixture *f);

/** bytes_of() - Of channel 0, as the folder says. @count: of its files. */
uint64_t bytes_of(struct fixture *f, uint32_t *count);

#endif
