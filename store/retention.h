/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may go, and what must stay: decisions on names, sizes and times of a
 * store's files. Pure functions.
 */
#ifndef NETRA_STORE_RETENTION_H
#define NETRA_STORE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "folder.h"

struct netra_retention_limits {
	uint64_t keep_bytes;	/* of each channel; 0 = no limit */
	int64_t keep_ms;	/* age of a file's last frame; 0 = no limit */
	uint64_t free_bytes;	/* of the file system; 0 = no floor */
};

/* As free_bytes: 1 GB, or a tenth of a small file system. */
#define NETRA_FREE_DEFAULT	UINT64_MAX

/* A stretch of time that must not be deleted. */
struct netra_protected {
	int64_t from_ms;
	int64_t to_ms;		/* the first one that may go */
	uint64_t channels;	/* bit per channel */
};

/**
 * netra_retention_due() - Has this file to go, to keep its channel's limits?
 * @entry: The oldest file that is not protected.
 * @end_ms: When its last frame ended.
 * @bytes: Of all of the channel's files, the one being written included.
 *
 * The file being written never has.
 */
bool netra_retention_due(const struct netra_retention_limits *limits,
			 const struct netra_store_entry *entry, int64_t end_ms,
			 uint64_t bytes, int64_t now_ms);

/**
 * netra_retention_protected() - Does a file touch a range that must stay?
 * @end_ms: When it ends, at the latest.
 */
bool netra_retention_protected(const struct netra_protected *ranges,
			       size_t count, uint32_t channel,
			       int64_t start_ms, int64_t end_ms);

/**
 * netra_protected_read() - A line of the file "protected".
 * @line: Without its newline.
 * Return: 1: @range is filled in; 0: an empty line or a remark ("#"); -1: it
 * cannot be understood.
 */
int netra_protected_read(struct netra_protected *range, const char *line);

#endif
