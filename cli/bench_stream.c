/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that reads every channel by reference as frames come: what it
 * gets, what it costs, and how late it is. CPU is this process's alone.
 */
#include <stdlib.h>

#include "bench.h"

#define SAMPLES_MAX 65536u
#define TIE_NS 350000000u		/* three heartbeats */

static uint64_t lost_frames(struct bench_board *b)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_reader_stats stats;

		netra_reader_stats(b->reader[i], &stats);
		lost += stats.lost;
	}
	return lost;
}

static uint64_t wakeups(struct bench_board *b)
{
	struct netra_board_stats stats;

	netra_board_get_stats(b->board, &stats);
	return stats.wakeups;
}

/* All frames that are there; latencies of up to SAMPLES_MAX of them. */
static void take_all(struct bench_board *b, struct bench_stream *s,
		     double *samples, size_t *count)
{
	uint64_t sum = 0, woken_ns = cli_now_ns();

	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_frame frame;

		while (netra_reader_next(b->reader[i], &frame) == NETRA_OK) {
			if (*count < SAMPLES_MAX && frame.host_time_ns)
				samples[(*count)++] =
					((double)woken_ns -
					 (double)frame.host_time_ns) / 1e3;
			sum += bench_touch(frame.data, frame.length);
			s->frames++;
			s->bytes += frame.length;
			netra_reader_release(b->reader[i], &frame);
		}
	}
	bench_sink(sum);
}

/*
 * Look for heartbeats without a pause, so that some are seen as they are
 * written: that ties the board's clock to ours within microseconds, where an
 * interrupt of some frame would show them late.
 */
static void tie_clocks(struct bench_board *b, struct bench_stream *s,
		       double *samples, size_t *count)
{
	uint64_t end_ns = cli_now_ns() + TIE_NS;

	while (cli_now_ns() < end_ns) {
		netra_dispatch(b->board, 0);
		take_all(b, s, samples, count);
	}
}

/*
 * No frame arrives before it was sent: one that seems to says by how much the
 * clocks are off at least.
 */
static void judge_latency(struct bench_stream *s, double *samples, size_t count)
{
	double off = 0.0;

	s->latency_known = count > 0;
	s->latency_median_us = bench_median(samples, count);	/* sorts */
	s->latency_99_us = bench_percentile(samples, count, 99.0);
	if (count && samples[0] < 0.0)
		off = -samples[0];
	s->latency_median_us += off;
	s->latency_99_us += off;
}

int bench_stream(struct bench_board *b, double seconds, struct bench_stream *s)
{
	double *samples = calloc(SAMPLES_MAX, sizeof(*samples)), cpu;
	uint64_t start_ns, end_ns, lost, woken;
	size_t count = 0;

	*s = (struct bench_stream){ 0 };
	if (!samples) {
		cli_error("bench: out of memory: close other programs");
		return CLI_FAILED;
	}
	/* What comes before is not the stream. */
	tie_clocks(b, s, samples, &count);
	*s = (struct bench_stream){ 0 };
	count = 0;
	lost = lost_frames(b);
	woken = wakeups(b);
	cpu = bench_cpu_seconds();
	start_ns = cli_now_ns();
	end_ns = start_ns + (uint64_t)(seconds * 1e9);
	while (cli_now_ns() < end_ns) {
		enum netra_error error;

		if (!bench_wait(b->board, 100))
			continue;
		error = netra_dispatch(b->board, 0);
		if (error != NETRA_OK && error != NETRA_ERR_AGAIN) {
			cli_board_failed(b->board, "bench");
			free(samples);
			return CLI_FAILED;
		}
		take_all(b, s, samples, &count);
	}
	s->seconds = (double)(cli_now_ns() - start_ns) / 1e9;
	s->cpu_seconds = bench_cpu_seconds() - cpu;
	s->wakeups = wakeups(b) - woken;
	s->lost = lost_frames(b) - lost;
	judge_latency(s, samples, count);
	free(samples);
	return CLI_OK;
}
