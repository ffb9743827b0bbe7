/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decode times of a recording. Arithmetic on the board's numbers is checked
 * for overflow: they may be anything.
 */
#include "recorder_clock.h"

#define HZ		90000
#define STEP_MAX	(12ll * 3600 * HZ)	/* fits 32 bits */
#define STEP_USUAL	(HZ / 30)
#define DELAY_MAX	(3600ll * HZ)	/* of a picture, one way or another */

/* The step over a break, by the host's clock. */
static int64_t host_step(const struct netra_recorder_clock *clock,
			 const struct netra_frame *frame)
{
	uint64_t ns;

	if (!clock->host_time_ns || frame->host_time_ns <= clock->host_time_ns)
		return STEP_USUAL;
	ns = frame->host_time_ns - clock->host_time_ns;
	if (ns > STEP_MAX / 9 * 100000ull)
		return STEP_USUAL;
	ns = ns * 9 / 100000;
	return ns ? (int64_t)ns : STEP_USUAL;
}

bool netra_recorder_clock_advance(struct netra_recorder_clock *clock,
				  const struct netra_frame *frame, bool gap)
{
	bool smooth = true;
	int64_t step = 0;

	if (!clock->running) {
		*clock = (struct netra_recorder_clock){ .running = true };
	} else if (__builtin_sub_overflow(frame->dts_90k, clock->source_dts,
					  &step) ||
		   step <= 0 || step > STEP_MAX) {
		smooth = false;
		step = host_step(clock, frame);
	} else if (!gap) {
		clock->step = (uint32_t)step;
	}
	clock->dts += step;
	clock->source_dts = frame->dts_90k;
	clock->host_time_ns = frame->host_time_ns;
	return smooth;
}

int64_t netra_recorder_clock_pts(const struct netra_recorder_clock *clock,
				 const struct netra_frame *frame)
{
	int64_t delay;

	if (__builtin_sub_overflow(frame->pts_90k, frame->dts_90k, &delay) ||
	    delay < 0 || delay > DELAY_MAX)
		delay = 0;
	return clock->dts + delay;
}

uint32_t netra_recorder_clock_duration(const struct netra_recorder_clock *clock,
				       const struct netra_frame *frame)
{
	if (frame->duration_90k && frame->duration_90k <= DELAY_MAX)
		return frame->duration_90k;
	return clock->step ? clock->step : STEP_USUAL;
}
