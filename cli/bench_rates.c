/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bandwidth of each way to the data. The board is let fill its rings while
 * nothing is served, and stands still when they are full; then the frames
 * are found (not timed) and taken, used and released (timed). After each
 * such batch plain memory with frames of the same lengths is read and copied.
 */
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "board_open.h"

#define ROUNDS_MIN 5u
#define ROUNDS_MAX 400u
#define FRAMES_MAX 65536u
#define FILL_MS_MAX 160u
#define DISPATCHES_MAX 256u

struct rounds {
	double copy_reference[ROUNDS_MAX];
	double read_reference[ROUNDS_MAX];
	double zero_copy[ROUNDS_MAX];
	double copy[ROUNDS_MAX];
	double zero_copy_ratio[ROUNDS_MAX];
	double copy_ratio[ROUNDS_MAX];
	uint32_t count;
	uint64_t bytes;
};

/* Let the board write for a while, then learn of what it wrote. */
static int gather(struct bench_board *b, uint32_t ms)
{
	struct timespec wait = { .tv_sec = ms / 1000,
				 .tv_nsec = (long)(ms % 1000) * 1000000 };
	enum netra_error error = NETRA_OK;

	nanosleep(&wait, NULL);
	for (uint32_t i = 0; i < DISPATCHES_MAX && error == NETRA_OK; i++)
		error = netra_dispatch(b->board, 0);
	if (error == NETRA_OK || error == NETRA_ERR_AGAIN)
		return 0;
	cli_board_failed(b->board, "bench");
	return -1;
}

static bool batch_full(const struct bench_batch *batch, uint64_t bytes_max)
{
	return batch->count == batch->room || batch->bytes >= bytes_max;
}

static void batch_add(struct bench_batch *batch, const struct netra_frame *frame)
{
	batch->frame[batch->count++] = *frame;
	/* With the room that rounding up to cache lines takes in the reference. */
	batch->bytes += frame->length + 64;
}

/* All frames are held until the last was used, so that the board stays idle. */
static double take_by_reference(struct bench_board *b, struct bench_batch *batch,
				uint64_t bytes_max, uint64_t *overwritten)
{
	uint64_t start_ns = cli_now_ns(), sum = 0;
	uint32_t ends[NETRA_CHANNELS_MAX], at = 0;

	batch->count = 0;
	batch->bytes = 0;
	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_frame frame;

		while (!batch_full(batch, bytes_max) &&
		       netra_reader_next(b->reader[i], &frame) == NETRA_OK) {
			sum += bench_touch(frame.data, frame.length);
			batch_add(batch, &frame);
		}
		ends[i] = batch->count;
	}
	for (uint32_t i = 0; i < b->channels; i++)
		for (; at < ends[i]; at++)
			if (netra_reader_release(b->reader[i],
						 &batch->frame[at]) != NETRA_OK)
				(*overwritten)++;
	bench_sink(sum);
	return (double)(cli_now_ns() - start_ns) / 1e9;
}

static double take_by_copy(struct bench_board *b, struct bench_batch *batch,
			   uint64_t bytes_max, uint8_t *target, size_t room)
{
	uint64_t start_ns = cli_now_ns();

	batch->count = 0;
	batch->bytes = 0;
	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_frame frame;

		while (!batch_full(batch, bytes_max) &&
		       netra_reader_copy(b->reader[i], target, room,
					 &frame) == NETRA_OK) {
			bench_sink(target[0]);
			batch_add(batch, &frame);
		}
	}
	return (double)(cli_now_ns() - start_ns) / 1e9;
}

static uint64_t payload(const struct bench_batch *batch)
{
	return batch->bytes - 64u * (uint64_t)batch->count;
}

/* The largest frame a ring can hold is never larger than its data. */
static size_t largest_frame(struct bench_board *b)
{
	size_t largest = 1u << 20;

	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_channel_stats stats;

		if (netra_channel_get_stats(b->board, i, &stats) == NETRA_OK &&
		    stats.ring_bytes > largest)
			largest = stats.ring_bytes;
	}
	return largest;
}

static uint64_t ring_bytes(struct bench_board *b)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_channel_stats stats;

		if (netra_channel_get_stats(b->board, i, &stats) == NETRA_OK)
			bytes += stats.ring_bytes;
	}
	return bytes;
}

/* How long it takes the board to fill its rings, at most FILL_MS_MAX. */
static int settle(struct bench_board *b, struct bench_batch *batch,
		  uint64_t bytes_max, uint32_t *fill_ms)
{
	uint64_t wanted = ring_bytes(b) * 2 / 3, overwritten = 0;

	if (wanted > bytes_max)
		wanted = bytes_max;
	for (*fill_ms = 5; *fill_ms < FILL_MS_MAX; *fill_ms *= 2) {
		if (gather(b, *fill_ms))
			return -1;
		take_by_reference(b, batch, bytes_max, &overwritten);
		if (batch->bytes >= wanted)
			return 0;
	}
	return 0;
}

static int one_round(struct bench_board *b, struct bench_memory *memory,
		     struct bench_batch *batch, uint32_t fill_ms, uint8_t *target,
		     size_t room, struct rounds *r, uint64_t *overwritten)
{
	uint64_t most = bench_memory_bytes(memory) - room - 64;
	double seconds, reference;

	if (gather(b, fill_ms))
		return -1;
	seconds = take_by_reference(b, batch, most, overwritten);
	if (!batch->count)
		return 0;
	bench_memory_write(memory, batch);
	reference = bench_memory_copy(memory, batch);
	bench_memory_write(memory, batch);
	r->read_reference[r->count] = (double)payload(batch) /
				      bench_memory_read(memory, batch);
	r->zero_copy[r->count] = (double)payload(batch) / seconds;
	r->copy_reference[r->count] = (double)payload(batch) / reference;
	r->zero_copy_ratio[r->count] = reference / seconds;
	r->bytes += payload(batch);

	if (gather(b, fill_ms))
		return -1;
	seconds = take_by_copy(b, batch, most, target, room);
	if (!batch->count)
		return 0;
	bench_memory_write(memory, batch);
	reference = bench_memory_copy(memory, batch);
	r->copy[r->count] = (double)payload(batch) / seconds;
	r->copy_ratio[r->count] = reference / seconds;
	r->count++;
	return 0;
}

int bench_rates(struct bench_board *b, struct bench_memory *memory,
		double seconds, struct bench_rates *rates)
{
	struct bench_batch batch = { .room = FRAMES_MAX };
	struct rounds *r = calloc(1, sizeof(*r));
	size_t room = largest_frame(b);
	uint8_t *target = bench_memory_copy_target(memory, room);
	uint64_t start_ns, frames = 0;
	int status = CLI_FAILED;
	uint32_t fill_ms;

	*rates = (struct bench_rates){ 0 };
	batch.frame = calloc(batch.room, sizeof(*batch.frame));
	if (!r || !batch.frame || !target) {
		cli_error("bench: out of memory: close other programs");
		goto out;
	}
	if (settle(b, &batch, bench_memory_bytes(memory) - room - 64, &fill_ms))
		goto out;
	start_ns = cli_now_ns();
	for (uint32_t tries = 0; tries < ROUNDS_MAX; tries++) {
		if (r->count >= ROUNDS_MIN &&
		    (double)(cli_now_ns() - start_ns) / 1e9 >= seconds)
			break;
		if (one_round(b, memory, &batch, fill_ms, target, room, r,
			      &rates->overwritten))
			goto out;
		frames += batch.count;
	}
	if (!r->count) {
		cli_error("bench: the board gave no frames: see 'netra status'");
		goto out;
	}
	rates->rounds = r->count;
	rates->frames = frames;
	rates->frame_bytes = frames ? (double)r->bytes / (double)frames : 0.0;
	rates->batch_bytes = (double)r->bytes / (double)r->count;
	rates->copy_reference = bench_median(r->copy_reference, r->count);
	rates->read_reference = bench_median(r->read_reference, r->count);
	rates->zero_copy = bench_median(r->zero_copy, r->count);
	rates->copy = bench_median(r->copy, r->count);
	rates->zero_copy_ratio = bench_median(r->zero_copy_ratio, r->count);
	rates->copy_ratio = bench_median(r->copy_ratio, r->count);
	status = CLI_OK;
out:
	free(batch.frame);
	free(r);
	return status;
}
