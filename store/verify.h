/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads all of a file and says what does not hold. */
#ifndef NETRA_STORE_VERIFY_H
#define NETRA_STORE_VERIFY_H

#include <stdint.h>

#include "core/error.h"
#include "folder.h"

struct netra_store_verify {
	/* Called for each fault. @file: "ch00/….mp4"; @what: lower case. */
	void (*fault)(void *context, const char *file, uint64_t offset,
		      const char *what);
	/* Called now and then with bytes read since the last time; may be NULL. */
	void (*progress)(void *context, uint64_t bytes);
	void *context;
	uint64_t files;
	uint64_t fragments;
	uint64_t frames;
	uint64_t bytes;
	uint64_t faults;
};

/**
 * netra_store_verify_file() - Structure, checksums, order of one file.
 *
 * A file that is being written, or that a crash left, may end anywhere: that is
 * no fault. One that has been deleted meanwhile has none.
 */
void netra_store_verify_file(struct netra_store_verify *verify,
			     struct netra_store_folder *folder,
			     uint32_t channel,
			     const struct netra_store_entry *entry);

#endif
