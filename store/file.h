/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One file being written: its name, its bytes, its end. Written only at the
 * end and never left looking whole when it is not. One thread.
 */
#ifndef NETRA_STORE_FILE_H
#define NETRA_STORE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "mp4/mp4_index.h"
#include "names.h"
#include "pool.h"

struct netra_store_file {
	int fd;			/* -1 = none */
	int folder;		/* the caller's */
	uint64_t bytes;		/* whole and kept so far */
	uint64_t durable;	/* of these, as far as is known */
	uint32_t fragments;
	uint32_t unsynced;	/* frames not durable */
	uint32_t duration_offset;
	bool complete;		/* index and duration are in place */
	int64_t start_ms;	/* as its name says */
	int64_t first_pts_90k;
	int64_t end_pts_90k;
	struct netra_mp4_index *index;	/* the caller's; until it is complete */
	char why[128];		/* of the last failure */
};

/**
 * netra_store_file_create() - Make the file that @fragment begins.
 * @file: With an index, which is begun anew.
 * @folder: The channel's; stays the caller's, and open.
 *
 * Named by the fragment's time, or the next free millisecond: nothing is ever
 * overwritten. NETRA_ERR_IO; file->why says why.
 */
enum netra_error netra_store_file_create(struct netra_store_file *file,
					 int folder,
					 const struct netra_store_fragment *fragment);

/**
 * netra_store_file_append() - Write a fragment at the end.
 *
 * Completes its header. On failure (NETRA_ERR_IO) the file is cut back to
 * what it was.
 */
enum netra_error netra_store_file_append(struct netra_store_file *file,
					 struct netra_store_fragment *fragment);

/** netra_store_file_complete() - Put index and duration in place. */
enum netra_error netra_store_file_complete(struct netra_store_file *file);

/** netra_store_file_push() - Have the system begin to write, without waiting. */
void netra_store_file_push(const struct netra_store_file *file);

/**
 * netra_store_file_sync() - Make it durable.
 *
 * A failure is final: what the kernel has dropped, a second call would not
 * miss.
 */
enum netra_error netra_store_file_sync(struct netra_store_file *file);

/** netra_store_file_synced() - All that was written is durable by now. */
void netra_store_file_synced(struct netra_store_file *file);

/** netra_store_file_publish() - Close it and drop ".part" from its name. */
enum netra_error netra_store_file_publish(struct netra_store_file *file);

/** netra_store_file_leave() - Close it as it is. */
void netra_store_file_leave(struct netra_store_file *file);

/** netra_store_file_remove() - Close and delete it. */
void netra_store_file_remove(struct netra_store_file *file);

/**
 * netra_store_write() - pwritev() to the end of what is asked for.
 * @iov: Used up.
 * @offset: Moves by what was written, also on failure.
 * Return: 0 or an errno.
 */
int netra_store_write(int fd, struct iovec *iov, uint32_t count,
		      uint64_t *offset);

/** netra_store_rename_new() - Never over another file. Return: 0 or an errno. */
int netra_store_rename_new(int folder, const char *from, const char *to);

#endif
