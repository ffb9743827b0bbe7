/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers over a board on this thread: every loss, hold and return is made to
 * happen exactly where the test wants it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/crc32c.h"
#include "fake_pci.h"
#include "lib/internal.h"

#define KEY (NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS)

struct fixture {
	struct fake_pci *pci;
	struct netra_board *board;
	int64_t dts;
	uint8_t seed;
};

static int set_up_mode(void **state, enum netra_sync_mode mode)
{
	const struct netra_options options = {
		.size = sizeof(options),
		.arena_bytes = 1u << 20,
		.window_bytes = 1u << 20,
		.sync_mode = mode,
		.heartbeat_timeout_ms = 60000,
		.stall_timeout_ms = 60000,
	};
	struct fixture *f = calloc(1, sizeof(*f));
	char why[200];

	f->pci = fake_pci_new(2);
	assert_int_equal(netra_board_make("fake", &options, &f->pci->transport,
					  NULL, &f->board, why, sizeof(why)),
			 NETRA_OK);
	assert_int_equal(netra_start(f->board), NETRA_OK);
	assert_int_equal(netra_channel_start(f->board, 0), NETRA_OK);
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	return set_up_mode(state, NETRA_SYNC_RING);
}

static int set_up_peterson(void **state)
{
	return set_up_mode(state, NETRA_SYNC_PETERSON);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	netra_close(f->board);
	assert_true(f->pci->closed);
	assert_int_equal(f->pci->unmaps, 1);
	/* Taken down before the memory behind them went. */
	for (uint32_t i = 0; i < NETRA_DATA_WINDOWS_MAX; i++)
		assert_int_equal(f->pci->reg[NETRA_REG_OB_INDEX(i) / 4], 0);
	assert_int_equal(f->pci->producer.attach.generation, 0);
	assert_false(f->pci->window_hit);
	fake_pci_free(f->pci);
	free(f);
	return 0;
}

static struct netra_reader *reader(struct fixture *f, uint32_t flags)
{
	struct netra_reader *r;

	assert_int_equal(netra_reader_open(f->board, 0, flags, &r), NETRA_OK);
	return r;
}

static enum netra_error put(struct fixture *f, uint32_t length, uint32_t flags)
{
	enum netra_error error = fake_pci_put(f->pci, 0, length, flags, f->dts,
					      f->seed);

	if (!error) {
		f->dts += 3000;
		f->seed++;
	}
	return error;
}

static void dispatch(struct fixture *f)
{
	enum netra_error error = netra_dispatch(f->board, 0);

	assert_true(error == NETRA_OK || error == NETRA_ERR_AGAIN);
}

static void puts_one(struct fixture *f, uint32_t flags)
{
	assert_int_equal(put(f, 1000, flags), NETRA_OK);
	dispatch(f);
}

static struct netra_frame next(struct netra_reader *r)
{
	struct netra_frame frame;

	assert_int_equal(netra_reader_next(r, &frame), NETRA_OK);
	return frame;
}

static void release(struct netra_reader *r, struct netra_frame frame)
{
	assert_int_equal(netra_reader_release(r, &frame), NETRA_OK);
}

/* Who does not wait is told of what no interrupt has told yet. */
static void frames_are_found_without_an_interrupt(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, NETRA_READER_CHECK);
	uint64_t interrupts;

	assert_int_equal(put(f, 1000, NETRA_FRAME_KEY), NETRA_OK);
	assert_int_equal(read(f->pci->irq_fd, &interrupts, sizeof(interrupts)),
			 sizeof(interrupts));
	assert_int_equal(netra_dispatch(f->board, 0), NETRA_OK);
	release(r, next(r));
	assert_int_equal(netra_dispatch(f->board, 0), NETRA_ERR_AGAIN);
	netra_reader_close(r);
}

static void frames_come_as_sent(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, NETRA_READER_CHECK);
	struct netra_frame frame;

	for (uint32_t i = 0; i < 50; i++) {
		assert_int_equal(put(f, 100 + i, i % 10 ? 0 : KEY), NETRA_OK);
		dispatch(f);
		frame = next(r);
		assert_int_equal(frame.sequence, i);
		assert_int_equal(frame.lost, 0);
		assert_int_equal(frame.length, 100 + i);
		assert_int_equal(frame.flags, i % 10 ? 0 : KEY);
		assert_int_equal(frame.dts_90k, 3000 * (int64_t)i);
		assert_int_equal(frame.pts_90k, 3000 * (int64_t)i + 3000);
		assert_int_equal(frame.data[0], (uint8_t)i);
		assert_int_equal(frame.data[frame.length - 1], (uint8_t)i);
		release(r, frame);
		assert_int_equal(netra_reader_next(r, &frame), NETRA_ERR_AGAIN);
	}
	netra_reader_close(r);
}

static void steady_state_reads_no_bar(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, 0);
	uint32_t reads = f->pci->bar_reads;

	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(put(f, 3000, i % 10 ? 0 : KEY), NETRA_OK);
		dispatch(f);
		release(r, next(r));
	}
	assert_int_equal(f->pci->bar_reads, reads);
	netra_reader_close(r);
}

static void a_reader_begins_at_a_key_frame(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *all, *first, *newest;
	struct netra_frame frame;

	puts_one(f, KEY);
	puts_one(f, 0);
	all = reader(f, NETRA_READER_ALL);
	first = reader(f, 0);
	newest = reader(f, NETRA_READER_FROM_KEY);
	puts_one(f, 0);
	puts_one(f, KEY);

	assert_int_equal(next(all).sequence, 2);
	frame = next(first);
	assert_int_equal(frame.sequence, 3);
	assert_int_equal(frame.lost, 0);
	frame = next(newest);
	assert_int_equal(frame.sequence, 0);
	assert_int_equal(frame.lost, 0);
	netra_reader_close(all);
	netra_reader_close(first);
	netra_reader_close(newest);
}

/* Frames given back in any order free memory only up to the oldest one held. */
static void release_in_any_order(void **state)
{
	static const int order[] = { 3, 1, 4, 0, 2 };
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, 0);
	const volatile struct netra_host_posts *posts =
		&f->pci->producer.block->posts;
	struct netra_frame frame[5];

	for (int i = 0; i < 5; i++) {
		puts_one(f, KEY);
		frame[i] = next(r);
	}
	assert_int_equal(posts->tail[0], 0);
	for (int i = 0; i < 5; i++) {
		release(r, frame[order[i]]);
		if (i < 3)
			assert_int_equal(netra_reader_release(r,
					&frame[order[i]]), NETRA_ERR_INVALID);
		/* The newest key frame stays for readers to come. */
		assert_int_equal(posts->tail[0], i < 3 ? 0 : i < 4 ? 2 : 4);
	}
	netra_reader_close(r);
}

static void a_stopped_reader_harms_nobody(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *stopped = reader(f, 0), *quick = reader(f, 0);
	struct netra_frame frame;
	uint64_t lost;

	for (int i = 0; i < 400; i++) {
		puts_one(f, i % 10 ? 0 : KEY);
		frame = next(quick);
		assert_int_equal(frame.sequence, i);
		assert_int_equal(frame.lost, 0);
		release(quick, frame);
	}
	/* It goes on at the oldest key frame that is still there. */
	frame = next(stopped);
	lost = frame.lost;
	assert_true(frame.flags & NETRA_FRAME_KEY);
	assert_int_equal(frame.sequence, lost);
	assert_in_range(lost, 1, 399);
	release(stopped, frame);
	for (uint64_t i = lost + 1; i < 400; i++) {
		frame = next(stopped);
		assert_int_equal(frame.sequence, i);
		assert_int_equal(frame.lost, 0);
		release(stopped, frame);
	}
	netra_reader_close(stopped);
	netra_reader_close(quick);
}

static void a_frame_held_too_long_is_overwritten(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, 0);
	struct netra_reader_stats stats;
	struct netra_frame held, other;
	uint32_t mask;

	puts_one(f, KEY);
	held = next(r);
	for (int i = 0; i < 220; i++) {
		puts_one(f, i % 10 ? 0 : KEY);
		if (!netra_reader_next(r, &other))
			netra_reader_release(r, &other);
	}
	assert_int_equal(netra_reader_release(r, &held),
			 NETRA_ERR_OVERWRITTEN);
	netra_reader_stats(r, &stats);
	assert_int_equal(stats.overwritten, 1);
	/* The others were given back in time. */
	assert_int_equal(stats.lost, 0);
	assert_int_equal(stats.frames, 221);
	/* Once round the ring: what was overwritten pins nothing any more,
	 * not even where something passed over takes its place. */
	mask = (1u << f->board->host.channel[0].ring.layout.records_log2) - 1;
	while (f->board->host.channel[0].ring.head & mask) {
		puts_one(f, KEY);
		release(r, next(r));
	}
	assert_int_equal(put(f, 0, NETRA_FRAME_END), NETRA_OK);
	puts_one(f, KEY);
	release(r, next(r));
	assert_int_equal(f->board->host.channel[0].ring.tail,
			 f->board->host.channel[0].ring.head - 1);
	netra_reader_close(r);
}

/* A full ring is no reason to take what a reader has not had a chance at. */
static void a_full_ring_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, 0);
	struct netra_frame frame;
	uint64_t sent = 0, got = 0;

	while (sent < 5000) {
		while (!put(f, 1000, sent % 30 ? 0 : KEY))
			sent++;
		dispatch(f);
		while (!netra_reader_next(r, &frame)) {
			assert_int_equal(frame.sequence, got);
			assert_int_equal(frame.lost, 0);
			got++;
			release(r, frame);
		}
	}
	assert_int_equal(got, sent);
	netra_reader_close(r);
}

static void copies_are_whole(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, NETRA_READER_CHECK);
	uint8_t buffer[1000];
	struct netra_frame frame;

	puts_one(f, KEY);
	memset(&frame, 0, sizeof(frame));
	assert_int_equal(netra_reader_copy(r, buffer, 999, &frame),
			 NETRA_ERR_NO_MEMORY);
	assert_int_equal(frame.length, 1000);
	assert_int_equal(netra_reader_copy(r, buffer, 1000, &frame), NETRA_OK);
	assert_ptr_equal(frame.data, buffer);
	assert_int_equal(netra_crc32c(0, buffer, 1000), frame.data_crc32c);
	assert_int_equal(netra_reader_copy(r, buffer, 1000, &frame),
			 NETRA_ERR_AGAIN);
	netra_reader_close(r);
}

static void corrupt_frames_are_lost_and_counted(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, NETRA_READER_CHECK);
	struct netra_reader *trusting = reader(f, 0);
	struct netra_reader_stats stats;
	struct netra_frame frame;
	uint8_t *bytes;

	puts_one(f, KEY);
	frame = next(r);
	release(r, frame);
	puts_one(f, 0);		/* spoilt below */
	next(trusting);
	frame = next(trusting);
	bytes = f->pci->host + (size_t)(frame.data - f->board->arena.view);
	bytes[500] ^= 1;
	netra_reader_close(trusting);
	puts_one(f, 0);		/* no use without it */
	puts_one(f, KEY);
	frame = next(r);
	assert_int_equal(frame.sequence, 3);
	assert_int_equal(frame.lost, 2);
	netra_reader_stats(r, &stats);
	assert_int_equal(stats.corrupt, 1);
	assert_int_equal(stats.lost, 2);
	netra_reader_close(r);
}

static void a_stream_ends_and_begins_again(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, 0), *late;
	struct netra_frame frame;

	puts_one(f, KEY);
	assert_int_equal(put(f, 0, NETRA_FRAME_END), NETRA_OK);
	dispatch(f);
	release(r, next(r));
	assert_int_equal(netra_reader_next(r, &frame), NETRA_ERR_ENDED);
	assert_int_equal(netra_reader_next(r, &frame), NETRA_ERR_ENDED);
	late = reader(f, 0);
	assert_int_equal(netra_reader_next(late, &frame), NETRA_ERR_ENDED);
	puts_one(f, KEY);
	frame = next(r);
	assert_int_equal(frame.lost, 0);
	assert_true(next(late).flags & NETRA_FRAME_KEY);
	netra_reader_close(late);
	netra_reader_close(r);
}

static void frames_cannot_be_written_to(void **state)
{
	struct fixture *f = *state;
	struct netra_reader *r = reader(f, 0);
	struct netra_frame frame;
	char line[200];
	bool found = false;
	FILE *maps;

	puts_one(f, KEY);
	frame = next(r);
	maps = fopen("/proc/self/maps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char mode[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 &&
		    (uintptr_t)frame.data >= from &&
		    (uintptr_t)frame.data < to) {
			assert_string_equal(mode, "r--s");
			found = true;
		}
	}
	fclose(maps);
	assert_true(found);
	netra_reader_close(r);
}

static void arguments_are_checked(void **state)
{
	struct fixture *f = *state;
	struct netra_channel_stats stats;
	struct netra_reader *r;

	assert_int_equal(netra_reader_open(f->board, 2, 0, &r),
			 NETRA_ERR_NOT_FOUND);
	assert_int_equal(netra_reader_open(f->board, 0, 0x80, &r),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_channel_get_stats(f->board, 2, &stats),
			 NETRA_ERR_NOT_FOUND);
	assert_int_equal(netra_command(f->board, 0, NETRA_CMD_RESYNC, 0, 0),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_start(f->board), NETRA_ERR_STATE);
	assert_int_equal(netra_boot(f->board, NULL, false, NULL, NULL),
			 NETRA_ERR_STATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define PETERSON(name) \
	{ #name "_peterson", name, set_up_peterson, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_are_found_without_an_interrupt),
		TEST(frames_come_as_sent),
		PETERSON(frames_come_as_sent),
		TEST(steady_state_reads_no_bar),
		TEST(a_reader_begins_at_a_key_frame),
		TEST(release_in_any_order),
		TEST(a_stopped_reader_harms_nobody),
		PETERSON(a_stopped_reader_harms_nobody),
		TEST(a_frame_held_too_long_is_overwritten),
		PETERSON(a_frame_held_too_long_is_overwritten),
		TEST(a_full_ring_loses_nothing),
		PETERSON(a_full_ring_loses_nothing),
		TEST(copies_are_whole),
		TEST(corrupt_frames_are_lost_and_counted),
		TEST(a_stream_ends_and_begins_again),
		PETERSON(a_stream_ends_and_begins_again),
		TEST(frames_cannot_be_written_to),
		TEST(arguments_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
