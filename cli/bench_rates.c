/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bandwidth of each way to the data. The rings are emptied; while we sleep
 * the board fills them, and stands still when they are full; then the frames
 * are found (not timed) and taken, used and released (timed). A second reader
 * holds the oldest frame of each channel meanwhile, so that the board goes on
 * standing still. After each such batch ordinary memory is written by another
 * CPU with frames of the same lengths; we sleep as long; and it is read
 * or copied. So what is compared differs in nothing but the way to the data,
 * cold caches after a sleep included.
 */
#include <stdlib.h>

#include "bench.h"
#include "core/protocol.h"

#define ROUNDS_MIN 5u
#define ROUNDS_MAX 400u
#define FILL_MS_MAX 160u

struct rounds {
	double copy_reference[ROUNDS_MAX];
	double read_reference[ROUNDS_MAX];
	double zero_copy[ROUNDS_MAX];
	double copy[ROUNDS_MAX];
	double zero_copy_ratio[ROUNDS_MAX];
	double copy_ratio[ROUNDS_MAX];
	uint32_t count;
	uint64_t bytes;		/* taken by reference */
	uint64_t frames;
};

/*
 * Learn of the frames the board wrote meanwhile: once, as a second look would
 * make room in full rings and so set the board going again.
 */
static int discover(struct bench_board *b)
{
	enum netra_error error = netra_dispatch(b->board, 0);

	if (error == NETRA_OK || error == NETRA_ERR_AGAIN)
		return 0;
	cli_board_failed(b->board, "bench");
	return -1;
}

static bool batch_full(const struct bench_batch *batch, uint64_t bytes_max)
{
	return batch->count == BENCH_BATCH_MAX || batch->bytes >= bytes_max;
}

static void batch_add(struct bench_batch *batch, size_t length)
{
	batch->length[batch->count++] = (uint32_t)length;
	batch->bytes += length + NETRA_FRAME_ALIGN;
}

static double take_by_reference(struct bench_board *b, struct bench_batch *batch,
				uint64_t bytes_max, uint64_t *overwritten)
{
	uint64_t start_ns = bench_thread_ns(), sum = 0;

	batch->count = 0;
	batch->bytes = 0;
	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_frame frame;

		while (!batch_full(batch, bytes_max) &&
		       netra_reader_next(b->reader[i], &frame) == NETRA_OK) {
			sum += bench_touch(frame.data, frame.length);
			if (netra_reader_release(b->reader[i], &frame))
				(*overwritten)++;
			batch_add(batch, frame.length);
		}
	}
	bench_sink(sum);
	return (double)(bench_thread_ns() - start_ns) / 1e9;
}

static double take_by_copy(struct bench_board *b, struct bench_batch *batch,
			   uint64_t bytes_max, uint8_t *target, size_t room)
{
	uint64_t start_ns = bench_thread_ns();

	batch->count = 0;
	batch->bytes = 0;
	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_frame frame;

		while (!batch_full(batch, bytes_max) &&
		       netra_reader_copy(b->reader[i], target, room,
					 &frame) == NETRA_OK) {
			bench_sink(target[0]);
			batch_add(batch, frame.length);
		}
	}
	return (double)(bench_thread_ns() - start_ns) / 1e9;
}

static uint64_t payload(const struct bench_batch *batch)
{
	return batch->bytes - NETRA_FRAME_ALIGN * (uint64_t)batch->count;
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

static void let_go(struct bench_board *b)
{
	for (uint32_t i = 0; i < b->channels; i++) {
		netra_reader_close(b->holder[i]);
		b->holder[i] = NULL;
	}
}

/* Empty rings, then full ones, whose frames are known and the oldest held. */
static int refill(struct bench_board *b, struct bench_batch *batch,
		  uint64_t bytes_max, uint32_t ms)
{
	uint64_t overwritten = 0;
	struct netra_frame oldest;

	let_go(b);
	if (discover(b))
		return -1;
	take_by_reference(b, batch, bytes_max, &overwritten);
	for (uint32_t i = 0; i < b->channels; i++)
		if (netra_reader_open(b->board, i, NETRA_READER_ALL,
				      &b->holder[i]) != NETRA_OK) {
			cli_board_failed(b->board, "bench");
			return -1;
		}
	bench_rest(ms);
	if (discover(b))
		return -1;
	for (uint32_t i = 0; i < b->channels; i++)
		netra_reader_next(b->holder[i], &oldest);
	return 0;
}

/*
 * How long the board is given to fill its rings: twice what it takes, as one
 * that is late now and then would go on writing while they are read.
 */
static int settle(struct bench_board *b, struct bench_batch *batch,
		  uint64_t bytes_max, uint32_t *fill_ms)
{
	uint64_t wanted = ring_bytes(b) * 2 / 3, overwritten = 0;

	if (wanted > bytes_max)
		wanted = bytes_max;
	for (*fill_ms = 5; *fill_ms < FILL_MS_MAX; *fill_ms *= 2) {
		if (refill(b, batch, bytes_max, *fill_ms))
			return -1;
		take_by_reference(b, batch, bytes_max, &overwritten);
		if (batch->bytes >= wanted)
			break;
	}
	*fill_ms *= 2;
	return 0;
}

static double reference(struct bench_memory *memory, uint32_t fill_ms,
			double (*use)(struct bench_memory *))
{
	bench_memory_write(memory);
	bench_rest(fill_ms);
	return use(memory);
}

static int one_round(struct bench_board *b, struct bench_memory *memory,
		     uint32_t fill_ms, uint8_t *target, size_t room,
		     struct rounds *r, uint64_t *overwritten)
{
	struct bench_batch *batch = bench_memory_batch(memory);
	uint64_t most = bench_memory_bytes(memory) - room;
	double seconds, beside, bytes;

	if (refill(b, batch, most, fill_ms))
		return -1;
	seconds = take_by_reference(b, batch, most, overwritten);
	if (!batch->count)
		return 0;
	bytes = (double)payload(batch);
	beside = reference(memory, fill_ms, bench_memory_copy);
	r->read_reference[r->count] = bytes / reference(memory, fill_ms,
							bench_memory_read);
	r->zero_copy[r->count] = bytes / seconds;
	r->copy_reference[r->count] = bytes / beside;
	r->zero_copy_ratio[r->count] = beside / seconds;
	r->bytes += payload(batch);
	r->frames += batch->count;

	if (refill(b, batch, most, fill_ms))
		return -1;
	seconds = take_by_copy(b, batch, most, target, room);
	if (!batch->count)
		return 0;
	beside = reference(memory, fill_ms, bench_memory_copy);
	r->copy[r->count] = (double)payload(batch) / seconds;
	r->copy_ratio[r->count] = beside / seconds;
	r->count++;
	return 0;
}

int bench_rates(struct bench_board *b, struct bench_memory *memory,
		double seconds, struct bench_rates *rates)
{
	struct bench_batch *batch = bench_memory_batch(memory);
	struct rounds *r = calloc(1, sizeof(*r));
	size_t room = largest_frame(b);
	uint8_t *target = bench_memory_copy_target(memory, room);
	uint64_t start_ns;
	int status = CLI_FAILED;
	uint32_t fill_ms;

	*rates = (struct bench_rates){ 0 };
	if (!r || !target) {
		cli_error("bench: out of memory: close other programs");
		goto out;
	}
	if (settle(b, batch, bench_memory_bytes(memory) - room, &fill_ms))
		goto out;
	start_ns = cli_now_ns();
	for (uint32_t tries = 0; tries < ROUNDS_MAX; tries++) {
		if (r->count >= ROUNDS_MIN &&
		    (double)(cli_now_ns() - start_ns) / 1e9 >= seconds)
			break;
		if (one_round(b, memory, fill_ms, target, room, r,
			      &rates->overwritten))
			goto out;
	}
	if (!r->count) {
		cli_error("bench: the board gave no frames: see 'netra status'");
		goto out;
	}
	rates->rounds = r->count;
	rates->frames = r->frames;
	rates->frame_bytes = (double)r->bytes / (double)r->frames;
	rates->batch_bytes = (double)r->bytes / (double)r->count;
	rates->copy_reference = bench_median(r->copy_reference, r->count);
	rates->read_reference = bench_median(r->read_reference, r->count);
	rates->zero_copy = bench_median(r->zero_copy, r->count);
	rates->copy = bench_median(r->copy, r->count);
	rates->zero_copy_ratio = bench_median(r->zero_copy_ratio, r->count);
	rates->copy_ratio = bench_median(r->copy_ratio, r->count);
	status = CLI_OK;
out:
	let_go(b);
	free(r);
	return status;
}
