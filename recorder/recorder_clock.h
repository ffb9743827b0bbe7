/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time line of a recording, made of the board's time stamps, which are
 * not trusted: decode times of a file start at 0 and rise strictly. A pure
 * function of the frames; all times in 90 kHz.
 */
#ifndef NETRA_RECORDER_CLOCK_H
#define NETRA_RECORDER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netra.h"

/* All zero before the first frame. */
struct netra_recorder_clock {
	bool running;
	int64_t dts;		/* of the latest frame, on the file's line */
	int64_t source_dts;	/* the same as the board said it */
	uint64_t host_time_ns;
	uint32_t step;		/* between the last two neighbours; 0 = unknown */
};

/**
 * netra_recorder_clock_advance() - Move on to @frame.
 * @gap: Frames are missing before it.
 *
 * Decode times that do not rise, or jump by half a day, are a board's
 * clock started anew: then the host's clock says how much time went by.
 * Return: false after such a jump.
 */
bool netra_recorder_clock_advance(struct netra_recorder_clock *clock,
				  const struct netra_frame *frame, bool gap);

/**
 * netra_recorder_clock_pts() - When the latest frame, @frame, is shown.
 *
 * Never before its decode time, nor hours behind it.
 */
int64_t netra_recorder_clock_pts(const struct netra_recorder_clock *clock,
				 const struct netra_frame *frame);

/**
 * netra_recorder_clock_duration() - How long @frame lasts when no successor
 * says: what the board said, else as long as the one before, else 1/30 s.
 */
uint32_t netra_recorder_clock_duration(const struct netra_recorder_clock *clock,
				       const struct netra_frame *frame);

#endif
