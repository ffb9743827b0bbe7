/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of libnetra as the recorder calls, without a board: the test says
 * what frames come. Each frame lives in memory of its own, freed by its
 * release, so that ASan sees any use after it; a double release, or a frame
 * or reader left over, fails the test.
 */
#ifndef NETRA_TEST_FAKE_NETRA_H
#define NETRA_TEST_FAKE_NETRA_H

#include "lib/netra.h"

struct fake_channel {
	/* Fills in a frame, or says why there is none. */
	enum netra_error (*next)(void *context, struct netra_frame *frame);
	/* Is this frame torn when it is released? May be NULL. */
	bool (*torn)(void *context, const struct netra_frame *frame);
	void *context;
	uint32_t ring_bytes;
	uint64_t lost;		/* of all frames so far, and after the last */
	uint32_t readers;
	uint32_t held;
	uint32_t held_most;
	uint64_t held_bytes;
	uint64_t held_most_bytes;
};

struct netra_board {
	uint32_t channels;
	struct fake_channel channel[NETRA_CHANNELS_MAX];
};

#endif
