/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of files in a store, which are times. Pure functions. */
#ifndef NETRA_STORE_NAMES_H
#define NETRA_STORE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define NETRA_STORE_NAME_BYTES	40u	/* the longest, with its NUL */

#define NETRA_STORE_WHOLE	".mp4"
#define NETRA_STORE_PART	".mp4.part"
#define NETRA_STORE_DAMAGED	".mp4.damaged"

enum netra_store_kind {
	NETRA_STORE_FILE_WHOLE,
	NETRA_STORE_FILE_PART,
	NETRA_STORE_FILE_DAMAGED,
};

/**
 * netra_store_name() - "20261123T101500.250Z.mp4".
 * @start_ms: Since 1970, UTC; times before that and after 9999 become those.
 * @suffix: One of NETRA_STORE_*.
 */
void netra_store_name(char name[NETRA_STORE_NAME_BYTES], int64_t start_ms,
		      const char *suffix);

/**
 * netra_store_name_read() - Take a name apart.
 * Return: false if it is not exactly such a name.
 */
bool netra_store_name_read(const char *name, int64_t *start_ms,
			   enum netra_store_kind *kind);

/**
 * netra_store_channel_read() - The channel of a folder's name, like "ch07".
 * Return: -1 if it is not such a name.
 */
int netra_store_channel_read(const char *name);

#endif
