/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Correlation of the board's clock with the host's monotonic clock, from
 * pairs (board time, host time of arrival). Arrival is late by an unknown,
 * never negative delay, so the least delay seen in a sliding window counts.
 */
#ifndef NETRA_CLOCK_H
#define NETRA_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NETRA_CLOCK_SAMPLES 64u

struct netra_clock {
	uint64_t board_ns[NETRA_CLOCK_SAMPLES];
	uint64_t host_ns[NETRA_CLOCK_SAMPLES];
	uint32_t count;
	int64_t offset_ns;	/* host - board at reference_ns */
	uint64_t reference_ns;	/* board time */
	int32_t drift_ppb;	/* host rate relative to board's, parts per 1e9 */
};

/** netra_clock_reset() - Forget all samples (new generation, board restarted). */
void netra_clock_reset(struct netra_clock *clock);

/**
 * netra_clock_sample() - Add a pair. Board time running backwards resets.
 */
void netra_clock_sample(struct netra_clock *clock, uint64_t board_ns,
			uint64_t host_ns);

/** netra_clock_valid() - True once there is a sample. */
bool netra_clock_valid(const struct netra_clock *clock);

/** netra_clock_to_host() - Host time of a board time; 0 until valid. */
uint64_t netra_clock_to_host(const struct netra_clock *clock, uint64_t board_ns);

#endif
