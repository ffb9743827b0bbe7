/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock time of frames. The system's clock may be set at any moment; time
 * stamps of frames are on CLOCK_MONOTONIC. Pure functions; all times in ns.
 */
#ifndef NETRA_RECORDER_WALL_H
#define NETRA_RECORDER_WALL_H

#include <stdbool.h>
#include <stdint.h>

/* How CLOCK_REALTIME and CLOCK_MONOTONIC stand to each other. */
struct netra_recorder_wall {
	bool known;
	int64_t offset_ns;	/* clock time - monotonic */
	uint32_t steps;		/* how often the clock was set */
};

/**
 * netra_recorder_wall_update() - Look at both clocks.
 *
 * Small steps are the system keeping time; one of more than half a second is
 * the clock being set, and counted.
 */
void netra_recorder_wall_update(struct netra_recorder_wall *wall,
				uint64_t monotonic_ns, int64_t real_ns);

/* The clock times of one channel. All zero to begin. */
struct netra_recorder_stamp {
	bool known;
	uint32_t steps;		/* of the wall, when it was made */
	int64_t wall_ns;	/* of the latest */
	int64_t dts_90k;
};

/**
 * netra_recorder_stamp() - The clock time of a frame.
 * @dts_90k: Rises.
 * @taken_ns: As the board said, on CLOCK_MONOTONIC; 0: not known.
 * @now_ns: CLOCK_MONOTONIC; what the board says is not believed far from it.
 *
 * Follows the board's time stamps, which are even, and is drawn to the
 * clock, which is right, by an eighth of the difference each time.
 */
int64_t netra_recorder_stamp(struct netra_recorder_stamp *stamp,
			     const struct netra_recorder_wall *wall,
			     int64_t dts_90k, uint64_t taken_ns,
			     uint64_t now_ns);

#endif
