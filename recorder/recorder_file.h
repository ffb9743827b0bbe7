/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One recording on disk: its name, its bytes, its end. Written only at the
 * end and never left looking whole when it is not. Not locked.
 */
#ifndef NETRA_RECORDER_FILE_H
#define NETRA_RECORDER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "mp4_fragment.h"

struct netra_recorder_file {
	int fd;			/* -1 = none */
	int directory;		/* the caller's */
	bool sync;
	uint64_t bytes;		/* whole and kept so far */
	char name[64];		/* as it is called now; "" = never made */
	char why[128];		/* of the last failure */
};

/** netra_recorder_file_init() - No file yet. @directory stays the caller's. */
void netra_recorder_file_init(struct netra_recorder_file *file, int directory,
			      bool sync);

/**
 * netra_recorder_file_create() - Make "chNN.mp4.part", or, where a recording
 * of that name exists, "chNN-20261123T101500Z.mp4.part". Nothing is ever
 * overwritten.
 * @now_unix_s: For that name.
 */
enum netra_error netra_recorder_file_create(struct netra_recorder_file *file,
					    uint32_t channel,
					    int64_t now_unix_s);

/**
 * netra_recorder_file_append() - Write bytes at the end.
 *
 * On failure (NETRA_ERR_IO) the file is cut back to what it was.
 */
enum netra_error netra_recorder_file_append(struct netra_recorder_file *file,
					    const void *data, size_t length);

/** netra_recorder_file_append_fragment() - Likewise a finished fragment. */
enum netra_error
netra_recorder_file_append_fragment(struct netra_recorder_file *file,
				    const struct netra_mp4_fragment *fragment);

/** netra_recorder_file_cut() - Take the end off: @bytes remain. */
enum netra_error netra_recorder_file_cut(struct netra_recorder_file *file,
					 uint64_t bytes);

/** netra_recorder_file_patch() - Overwrite bytes inside the file. */
enum netra_error netra_recorder_file_patch(struct netra_recorder_file *file,
					   uint64_t offset, const void *data,
					   size_t length);

/** netra_recorder_file_sync() - Make its data durable, if asked to at init. */
enum netra_error netra_recorder_file_sync(struct netra_recorder_file *file);

/** netra_recorder_file_publish() - Sync, close, drop ".part" from the name. */
enum netra_error netra_recorder_file_publish(struct netra_recorder_file *file);

/** netra_recorder_file_leave() - Close; the name keeps its ".part". */
void netra_recorder_file_leave(struct netra_recorder_file *file);

/** netra_recorder_file_remove() - Close and delete. */
void netra_recorder_file_remove(struct netra_recorder_file *file);

#endif
