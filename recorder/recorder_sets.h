/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameter sets that a stream needs, as they come in band. */
#ifndef NETRA_RECORDER_SETS_H
#define NETRA_RECORDER_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mp4/mp4_init.h"

/* All zeros: none yet. */
struct netra_recorder_sets {
	uint8_t *bytes;		/* Annex B, the latest first; no more than there are */
	size_t length;
	bool usable;		/* enough for an init segment */
};

void netra_recorder_sets_free(struct netra_recorder_sets *sets);

/** netra_recorder_sets_get() - As a file's init segment takes them; *@to points into @sets. */
void netra_recorder_sets_get(const struct netra_recorder_sets *sets,
			     struct netra_mp4_sets *to);

/**
 * netra_recorder_sets_look() - Look at an access unit.
 *
 * Takes its parameter sets in: of each id the latest is in force. One there is
 * no memory for is taken when it comes again.
 * Return: does it begin with an IDR picture?
 */
bool netra_recorder_sets_look(struct netra_recorder_sets *sets,
			      const uint8_t *data, size_t length);

#endif
