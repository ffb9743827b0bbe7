/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Board time to host time. The caller serialises calls for one clock.
 *
 * Let lead = host - board of a sample. It is the true offset plus the delay
 * of arrival, so the true line lies below all samples and touches the fastest
 * ones. The slope comes from the least lead of the oldest quarter of the
 * window and that of the newest one, which keeps the two well apart; with that
 * slope, the offset is the one at which the line touches the lowest sample.
 * All arithmetic is on integers, and modular where board times, which may be
 * anything, come in.
 */
#include "clock.h"

#define DRIFT_SAMPLES	(NETRA_CLOCK_SAMPLES / 2)	/* fewer say nothing */
#define NS_PER_S	INT64_C(1000000000)
#define SPAN_LEAST_NS	NS_PER_S	/* below this, jitter passes for drift */
#define DRIFT_MOST_PPB	1000000		/* no crystal is off by 0.1 % */

static uint32_t sample_count(const struct netra_clock *clock)
{
	return clock->count < NETRA_CLOCK_SAMPLES ? clock->count :
						    NETRA_CLOCK_SAMPLES;
}

/* Slot of the nth oldest sample. */
static uint32_t slot(const struct netra_clock *clock, uint32_t nth)
{
	return (clock->count - sample_count(clock) + nth) % NETRA_CLOCK_SAMPLES;
}

static int64_t lead(const struct netra_clock *clock, uint32_t at)
{
	return (int64_t)(clock->host_ns[at] - clock->board_ns[at]);
}

/* By how much the host gains on the board in a span of board time. */
static int64_t gain_ns(int32_t drift_ppb, int64_t span_ns)
{
	return span_ns / NS_PER_S * drift_ppb +
	       span_ns % NS_PER_S * drift_ppb / NS_PER_S;
}

/* Slot of the least lead among samples [first, first + count). */
static uint32_t fastest(const struct netra_clock *clock, uint32_t first,
			uint32_t count)
{
	uint32_t best = slot(clock, first);

	for (uint32_t i = 1; i < count; i++) {
		uint32_t at = slot(clock, first + i);

		if (lead(clock, at) < lead(clock, best))
			best = at;
	}
	return best;
}

static int32_t estimate_drift(const struct netra_clock *clock)
{
	uint32_t n = sample_count(clock);
	uint32_t older, newer;
	int64_t span_ns, change_ns;

	if (n < DRIFT_SAMPLES)
		return 0;
	older = fastest(clock, 0, n / 4);
	newer = fastest(clock, n - n / 4, n / 4);
	span_ns = (int64_t)(clock->board_ns[newer] - clock->board_ns[older]);
	change_ns = (int64_t)((uint64_t)lead(clock, newer) -
			      (uint64_t)lead(clock, older));
	/* Beyond 1 s of change the product below could overflow: no drift. */
	if (span_ns < SPAN_LEAST_NS || change_ns > NS_PER_S ||
	    change_ns < -NS_PER_S)
		return 0;
	change_ns = change_ns * NS_PER_S / span_ns;
	if (change_ns > DRIFT_MOST_PPB || change_ns < -DRIFT_MOST_PPB)
		return 0;
	return (int32_t)change_ns;
}

static void estimate(struct netra_clock *clock)
{
	uint32_t n = sample_count(clock);
	int64_t least = INT64_MAX;

	clock->reference_ns = clock->board_ns[slot(clock, n - 1)];
	clock->drift_ppb = estimate_drift(clock);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = slot(clock, i);
		int64_t age_ns = (int64_t)(clock->reference_ns -
					   clock->board_ns[at]);
		int64_t now = (int64_t)((uint64_t)lead(clock, at) +
			(uint64_t)gain_ns(clock->drift_ppb, age_ns));

		if (now < least)
			least = now;
	}
	clock->offset_ns = least;
}

void netra_clock_reset(struct netra_clock *clock)
{
	__builtin_memset(clock, 0, sizeof(*clock));
}

void netra_clock_sample(struct netra_clock *clock, uint64_t board_ns,
			uint64_t host_ns)
{
	uint32_t at;

	if (clock->count) {
		uint64_t last = clock->board_ns[slot(clock,
						     sample_count(clock) - 1)];

		if (board_ns == last)	/* the same heartbeat, read again */
			return;
		if (board_ns < last)
			netra_clock_reset(clock);
	}
	at = clock->count % NETRA_CLOCK_SAMPLES;
	clock->board_ns[at] = board_ns;
	clock->host_ns[at] = host_ns;
	/* The count is a ring position, too: once full it stays full. */
	if (++clock->count == 2 * NETRA_CLOCK_SAMPLES)
		clock->count = NETRA_CLOCK_SAMPLES;
	estimate(clock);
}

bool netra_clock_valid(const struct netra_clock *clock)
{
	return clock->count > 0;
}

uint64_t netra_clock_to_host(const struct netra_clock *clock, uint64_t board_ns)
{
	int64_t since_ns = (int64_t)(board_ns - clock->reference_ns);

	if (!clock->count)
		return 0;
	return board_ns + (uint64_t)clock->offset_ns +
	       (uint64_t)gain_ns(clock->drift_ppb, since_ns);
}
