/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index of a store: files, key frames, events, in SQLite
 * (docs/store.md has the tables). It holds nothing that the files do not, but
 * for events without frames; whoever finds it unusable goes on without. One
 * thread at a time.
 */
#ifndef NETRA_STORE_INDEX_H
#define NETRA_STORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "folder.h"
#include "summary.h"

struct netra_store_index;

/**
 * netra_store_index_open() - Open, or make, the index of a store.
 * @write: Else it must be there, and nothing is changed.
 * @why: Receives "what: why".
 *
 * NETRA_ERR_NOT_FOUND; NETRA_ERR_CORRUPT: damaged, or of another version;
 * NETRA_ERR_BUSY; NETRA_ERR_IO.
 */
enum netra_error netra_store_index_open(struct netra_store_index **index,
					struct netra_store_folder *folder,
					bool write, char *why,
					uint32_t why_bytes);

/** netra_store_index_close() - NULL is allowed. */
void netra_store_index_close(struct netra_store_index *index);

/** netra_store_index_replaced() - Is another file, or none, in its place now? */
bool netra_store_index_replaced(const struct netra_store_index *index);

/** netra_store_index_remove() - Delete the index's files; it must be closed. */
enum netra_error netra_store_index_remove(struct netra_store_folder *folder);

/**
 * netra_store_index_update() - Make a channel's rows what its folder holds.
 * @most: So many files are read at most: then NETRA_ERR_AGAIN, call again.
 *
 * Reads files that are new to it; those it knows by name and size are trusted.
 * The part files are left out.
 */
enum netra_error netra_store_index_update(struct netra_store_index *index,
					  uint32_t channel, uint32_t most);

/** netra_store_index_forget() - Events from before the oldest file. */
enum netra_error netra_store_index_forget(struct netra_store_index *index);

/** netra_store_index_event() - @channel -1: of all. @end_ns 0: a moment. */
enum netra_error netra_store_index_event(struct netra_store_index *index,
					 int64_t time_ns, int64_t end_ns,
					 int channel, const char *kind,
					 uint64_t lost, const char *text);

struct netra_store_row {
	int64_t start_ms;	/* as its name says */
	int64_t start_ns;
	int64_t end_ns;
	uint64_t bytes;
	uint64_t frames;
	uint64_t lost;
};

/** netra_store_index_files() - Call back for each file of a channel, by time. */
enum netra_error
netra_store_index_files(struct netra_store_index *index, uint32_t channel,
			void (*row)(void *context,
				    const struct netra_store_row *row),
			void *context);

/** netra_store_index_gaps() - Likewise for the gaps inside its files. */
enum netra_error
netra_store_index_gaps(struct netra_store_index *index, uint32_t channel,
		       void (*row)(void *context,
				   const struct netra_store_gap *gap,
				   const char *kind),
		       void *context);

/** netra_store_index_why() - Why the last call failed. */
const char *netra_store_index_why(const struct netra_store_index *index);

#endif
