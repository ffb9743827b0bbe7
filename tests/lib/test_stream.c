/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams of an emulated board: what comes out of a reader is what went in,
 * in both synchronisation modes, through every window size, for every way of
 * reading, and from several threads at once.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "emulator.h"

#define CHANNELS 16u

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void dispatch(struct netra_board *board)
{
	enum netra_error error = netra_dispatch(board, 500);

	assert_true(error == NETRA_OK || error == NETRA_ERR_AGAIN);
}

/* Frames of one channel one after the other, until it ends. */
static void byte_for_byte(enum netra_sync_mode mode, bool copy)
{
	const struct netra_options options = {
		.size = sizeof(options), .sync_mode = mode,
		.arena_bytes = 1u << 20, .window_bytes = 1u << 20,
	};
	char path[300], name[400];
	struct netra_board *board;
	struct netra_reader *reader;
	unsigned char *wanted, *buffer;
	size_t size, got = 0;
	enum netra_error error;

	/* Larger than the ring, so that it goes round and round. */
	video("VID_1280x720_cabac_temporal_direct.264", path, sizeof(path));
	wanted = read_file(path, &size);
	buffer = malloc(1u << 20);
	snprintf(name, sizeof(name),
		 "emulated:channels=1,pace=free,loops=1,source=%s", path);
	board = open_board(name, &options);
	assert_int_equal(netra_reader_open(board, 0, NETRA_READER_CHECK |
					   NETRA_READER_ALL, &reader),
			 NETRA_OK);
	assert_int_equal(netra_channel_start(board, 0), NETRA_OK);
	do {
		struct netra_frame frame;

		dispatch(board);
		while (!(error = copy ?
			 netra_reader_copy(reader, buffer, 1u << 20, &frame) :
			 netra_reader_next(reader, &frame))) {
			assert_int_equal(frame.lost, 0);
			assert_true(got + frame.length <= size);
			assert_memory_equal(frame.data, wanted + got,
					    frame.length);
			got += frame.length;
			if (!copy)
				assert_int_equal(netra_reader_release(reader,
						&frame), NETRA_OK);
		}
	} while (error == NETRA_ERR_AGAIN);
	assert_int_equal(error, NETRA_ERR_ENDED);
	assert_int_equal(got, size);
	netra_reader_close(reader);
	netra_close(board);
	free(wanted);
	free(buffer);
}

static void by_reference(void **state)
{
	(void)state;
	byte_for_byte(NETRA_SYNC_RING, false);
}

static void by_copy(void **state)
{
	(void)state;
	byte_for_byte(NETRA_SYNC_RING, true);
}

static void by_reference_under_the_lock(void **state)
{
	(void)state;
	byte_for_byte(NETRA_SYNC_PETERSON, false);
}

static void sixteen_cameras(enum netra_sync_mode mode)
{
	const struct netra_options options = {
		.size = sizeof(options), .sync_mode = mode,
	};
	struct netra_board *board =
		open_board("emulated:size=176x144,start=running", &options);
	struct netra_reader *reader[CHANNELS];
	uint64_t frames[CHANNELS] = { 0 };
	int64_t dts[CHANNELS];
	uint64_t end;

	for (uint32_t i = 0; i < CHANNELS; i++) {
		assert_int_equal(netra_reader_open(board, i,
				NETRA_READER_CHECK, &reader[i]), NETRA_OK);
		assert_int_equal(netra_channel_start(board, i), NETRA_OK);
	}
	end = now() + 2000000000u;
	while (now() < end) {
		dispatch(board);
		for (uint32_t i = 0; i < CHANNELS; i++) {
			struct netra_frame frame;

			while (!netra_reader_next(reader[i], &frame)) {
				assert_int_equal(frame.channel, i);
				assert_int_equal(frame.sequence, frames[i]);
				assert_int_equal(frame.lost, 0);
				assert_true(!frames[i] ||
					    frame.dts_90k > dts[i]);
				assert_true(frame.host_time_ns <= now());
				dts[i] = frame.dts_90k;
				frames[i]++;
				netra_reader_release(reader[i], &frame);
			}
		}
	}
	for (uint32_t i = 0; i < CHANNELS; i++) {
		struct netra_channel_stats stats;

		assert_in_range(frames[i], 40, 80);
		assert_int_equal(netra_channel_get_stats(board, i, &stats),
				 NETRA_OK);
		assert_int_equal(stats.state, NETRA_CHANNEL_RUNNING);
		assert_int_equal(stats.width, 176);
		assert_int_equal(stats.lost, 0);
		assert_int_equal(netra_channel_stop(board, i), NETRA_OK);
		netra_reader_close(reader[i]);
	}
	netra_close(board);
}

static void sixteen_cameras_by_ring(void **state)
{
	(void)state;
	sixteen_cameras(NETRA_SYNC_RING);
}

static void sixteen_cameras_by_lock(void **state)
{
	(void)state;
	sixteen_cameras(NETRA_SYNC_PETERSON);
}

static void every_window_size(void **state)
{
	char path[300], name[400];

	(void)state;
	video("VID_1280x720_cabac_temporal_direct.264", path, sizeof(path));
	snprintf(name, sizeof(name),
		 "emulated:channels=4,pace=free,start=running,source=%s", path);
	for (uint32_t mb = 1; mb <= 8; mb *= 2) {
		const struct netra_options options = {
			.size = sizeof(options), .arena_bytes = 16u << 20,
			.window_bytes = mb << 20,
		};
		struct netra_board *board = open_board(name, &options);
		struct netra_reader *reader[4];
		struct netra_board_stats stats;
		uint64_t least = 0;

		netra_board_get_stats(board, &stats);
		assert_int_equal(stats.window_bytes, mb << 20);
		assert_int_equal(stats.window_count, 16 / mb);
		for (uint32_t i = 0; i < stats.window_count; i++)
			assert_int_equal(stats.window_bus[i] % (mb << 20), 0);
		for (uint32_t i = 0; i < 4; i++) {
			netra_reader_open(board, i, NETRA_READER_CHECK,
					  &reader[i]);
			netra_channel_start(board, i);
		}
		/* More than a ring holds of each. */
		while (least < 6u << 20) {
			dispatch(board);
			least = UINT64_MAX;
			for (uint32_t i = 0; i < 4; i++) {
				struct netra_reader_stats seen;
				struct netra_frame frame;

				while (!netra_reader_next(reader[i], &frame))
					netra_reader_release(reader[i], &frame);
				netra_reader_stats(reader[i], &seen);
				assert_int_equal(seen.lost, 0);
				if (seen.bytes < least)
					least = seen.bytes;
			}
		}
		for (uint32_t i = 0; i < 4; i++)
			netra_reader_close(reader[i]);
		netra_close(board);
	}
}

struct party {
	struct netra_board *board;
	uint32_t channel;
	uint64_t end;
	uint64_t frames;
	uint64_t lost;
};

static void *read_along(void *context)
{
	struct party *p = context;
	struct netra_reader *reader;

	if (netra_reader_open(p->board, p->channel, NETRA_READER_CHECK,
			      &reader))
		return NULL;
	while (now() < p->end) {
		struct netra_frame frame;

		netra_dispatch(p->board, 20);
		while (!netra_reader_next(reader, &frame)) {
			p->frames++;
			p->lost += frame.lost;
			netra_reader_release(reader, &frame);
		}
	}
	netra_reader_close(reader);
	return NULL;
}

static void *command_along(void *context)
{
	struct party *p = context;
	struct netra_event event;

	while (now() < p->end) {
		if (!netra_command(p->board, p->channel, NETRA_CMD_KEY_FRAME,
				   0, 0))
			p->frames++;
		netra_next_event(p->board, &event);
	}
	return NULL;
}

/* Each does all it may at once: dispatch, read, command, ask. */
static void many_threads(void **state)
{
	struct netra_board *board = open_board(
		"emulated:size=176x144,channels=2,start=running", NULL);
	struct party party[6];
	pthread_t thread[6];

	(void)state;
	netra_channel_start(board, 0);
	netra_channel_start(board, 1);
	for (uint32_t i = 0; i < 6; i++) {
		party[i] = (struct party){
			.board = board, .channel = i % 2,
			.end = now() + 1500000000u,
		};
		assert_int_equal(pthread_create(&thread[i], NULL, i < 4 ?
				read_along : command_along, &party[i]), 0);
	}
	while (now() < party[5].end) {
		struct netra_board_stats stats;
		char text[400];

		netra_board_get_stats(board, &stats);
		netra_error_text(board, text, sizeof(text));
	}
	for (uint32_t i = 0; i < 6; i++) {
		pthread_join(thread[i], NULL);
		assert_true(party[i].frames > 20);
		assert_int_equal(party[i].lost, 0);
	}
	netra_close(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_reference),
		cmocka_unit_test(by_copy),
		cmocka_unit_test(by_reference_under_the_lock),
		cmocka_unit_test(sixteen_cameras_by_ring),
		cmocka_unit_test(sixteen_cameras_by_lock),
		cmocka_unit_test(every_window_size),
		cmocka_unit_test(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
