/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store's folder: its lock, the folders of its channels, what is in them.
 * docs/store.md shows the layout. One thread; another takes a view of its own.
 */
#ifndef NETRA_STORE_FOLDER_H
#define NETRA_STORE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "names.h"

#define NETRA_STORE_CHANNELS	64u

struct netra_store_folder {
	int fd;
	int lock;			/* of netra-store; -1 = only read */
	int channel[NETRA_STORE_CHANNELS];	/* folders; -1 = not opened */
	char path[448];
};

struct netra_store_entry {
	int64_t start_ms;		/* as its name says */
	uint64_t bytes;
	int64_t changed_ms;		/* last write, since 1970 */
	enum netra_store_kind kind;
	bool stuck;			/* the keeper's: could not be deleted */
};

/**
 * netra_store_open() - Open a store to record into it; made if missing.
 * @sync: Make what is made durable.
 * @why: Receives "what: why" for a failure.
 *
 * NETRA_ERR_BUSY: another recorder has it. NETRA_ERR_PERMISSION.
 * NETRA_ERR_UNSUPPORTED: made by a later version. NETRA_ERR_IO.
 */
enum netra_error netra_store_open(struct netra_store_folder *folder,
				  const char *path, bool sync, char *why,
				  uint32_t why_bytes);

/**
 * netra_store_look() - Open a store to read from it, beside a recorder.
 *
 * NETRA_ERR_NOT_FOUND: there is no store. Else as netra_store_open().
 */
enum netra_error netra_store_look(struct netra_store_folder *folder,
				  const char *path, char *why,
				  uint32_t why_bytes);

/**
 * netra_store_view() - The same store for another thread: without the lock, and
 * with descriptors of its own.
 */
enum netra_error netra_store_view(struct netra_store_folder *view,
				  const struct netra_store_folder *folder);

void netra_store_close(struct netra_store_folder *folder);

/** netra_store_lock() - Take the recorder's lock; NETRA_ERR_BUSY, NETRA_ERR_IO. */
enum netra_error netra_store_lock(struct netra_store_folder *folder);

/** netra_store_recording() - Does a recorder hold the lock? */
bool netra_store_recording(const struct netra_store_folder *folder);

/**
 * netra_store_channel() - Open a channel's folder.
 * @make: If it is missing; else that is NETRA_ERR_NOT_FOUND.
 * @sync: Make it durable.
 */
enum netra_error netra_store_channel(struct netra_store_folder *folder,
				     uint32_t channel, bool make, bool sync);

/**
 * netra_store_list() - The files of a channel, sorted by time.
 * @entries: Receives memory to be freed by the caller; NULL if there are none.
 *
 * What has no name of the store's is left out. A channel without a folder has
 * no files.
 */
enum netra_error netra_store_list(struct netra_store_folder *folder,
				  uint32_t channel,
				  struct netra_store_entry **entries,
				  size_t *count);

/**
 * netra_store_list_parts() - Likewise the ".part" files alone: the others are
 * not looked at, so that a start takes no longer for a large store.
 */
enum netra_error netra_store_list_parts(struct netra_store_folder *folder,
					uint32_t channel,
					struct netra_store_entry **entries,
					size_t *count);

/** netra_store_suffix() - Of a file's name. */
const char *netra_store_suffix(enum netra_store_kind kind);

#endif
