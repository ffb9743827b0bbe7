/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameter sets in force on a channel, kept beyond the frames that
 * brought them: a file may begin long after. A pure function of the frames.
 */
#ifndef NETRA_RECORDER_SETS_H
#define NETRA_RECORDER_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mp4/mp4_init.h"

struct netra_recorder_sets {
	struct netra_mp4_sets sets;	/* they point into bytes */
	uint8_t bytes[NETRA_MP4_SETS_MAX_BYTES];
};

void netra_recorder_sets_init(struct netra_recorder_sets *sets);

/**
 * netra_recorder_sets_look() - Look at an access unit.
 *
 * Takes its parameter sets in: of each id the latest is in force.
 * Return: does it begin with an IDR picture?
 */
bool netra_recorder_sets_look(struct netra_recorder_sets *sets,
			      const uint8_t *data, size_t length);

#endif
