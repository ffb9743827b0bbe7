/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peterson mode, both sides for real: the producer's lock over the bus
 * against core/lock.c, with the host let loose between any two accesses of
 * the board. (What store buffers add to this is verify/lock.pml's.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/lock.h"
#include "core/ring.h"
#include "fake_board.h"

#define MS 1000000ull
#define DEAD_NS (500 * MS)

struct host {
	struct fake_board *board;
	struct netra_attach attach;
	struct netra_lock lock;
	struct netra_lock_words *words;
	struct netra_ring ring;
	struct netra_ring_frame *frames;
	uint32_t random;
	uint32_t eager;		/* of 16 */
	bool owns;
	uint64_t taken, busy;
	uint32_t board_beat;
};

static uint32_t dice(struct host *host, uint32_t sides)
{
	host->random = host->random * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)host->random * sides) >> 32);
}

static void host_works(struct host *host)
{
	netra_ring_advance(&host->ring, netra_read32(&host->words->head));
	assert_int_equal(host->ring.fault, NETRA_RING_OK);
	netra_write32(&host->words->tail,
		      netra_ring_reclaim(&host->ring, host->ring.head));
}

static void host_step(struct host *host)
{
	if (host->owns) {
		host_works(host);
		netra_lock_release(&host->lock);
		host->owns = false;
		return;
	}
	switch (netra_lock_try(&host->lock, host->board->now_ns)) {
	case NETRA_LOCK_TAKEN:
		host->owns = true;
		host->taken++;
		break;
	case NETRA_LOCK_BUSY:
		host->busy++;
		break;
	case NETRA_LOCK_DEAD_OWNER:
		fail_msg("the board never dies here");
	}
}

static void interleave(struct fake_board *board, bool write, uint32_t offset,
		       uint32_t length)
{
	struct host *host = board->test;
	uint32_t lock = offsetof(struct netra_host_area, lock);
	bool protocol_word = offset >= lock &&
		offset < lock + sizeof(*host->words) &&
		offset != lock + offsetof(struct netra_lock_words, head) &&
		offset != lock + offsetof(struct netra_lock_words, tail);

	while (dice(host, 16) < host->eager)
		host_step(host);
	/* Whatever is not the lock's own business happens under the lock. */
	if (protocol_word || offset < lock)
		return;
	assert_false(host->owns);
	assert_true(write || length == 4);
}

static int setup(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	const struct netra_channel_layout *layout;

	assert_non_null(host);
	*state = host;
	host->random = 7;
	host->board = fake_board_new();
	host->board->test = host;
	fake_plan(host->board, 1, NETRA_SYNC_PETERSON, &host->attach);
	host->attach.host_beat_ms = 0;
	assert_int_equal(fake_attach(host->board, &host->attach, 1),
			 NETRA_ATTACH_OK);
	layout = &host->attach.channel[0];
	host->words = &fake_area(host->board)->lock[0];
	host->frames = calloc(1u << layout->records_log2,
			      sizeof(*host->frames));
	assert_non_null(host->frames);
	netra_ring_init(&host->ring, layout,
			fake_arena(host->board, layout->records_offset),
			host->frames);
	netra_lock_init(&host->lock, host->words, NETRA_SIDE_HOST, DEAD_NS);
	return 0;
}

static int teardown(void **state)
{
	struct host *host = *state;

	free(host->frames);
	fake_board_free(host->board);
	free(host);
	return 0;
}

static enum netra_error put(struct host *host, uint32_t length, int64_t dts)
{
	struct netra_access_unit unit = fake_unit(3, length, true, dts);

	return netra_producer_put(&host->board->producer, 0, &unit);
}

static void test_interleaved(void **state)
{
	struct host *host = *state;
	uint64_t again = 0;
	int64_t n = 0;

	host->board->on_access = interleave;
	while (n < 20000) {
		host->eager = dice(host, 15);
		if (put(host, 1 + dice(host, 20000), n * 3000) == NETRA_OK)
			n++;
		else
			again++;
		assert_int_equal(host->words->flag[NETRA_SIDE_BOARD], 0);
		host_step(host);
	}
	host->board->on_access = NULL;
	while (!host->owns)
		host_step(host);
	host_works(host);
	assert_int_equal(host->ring.frames_total, n);
	assert_int_equal(host->ring.lost_total, 0);
	assert_true(again > 100);
	assert_true(host->taken > 100);
	assert_true(host->busy > 100);
}

/* The host wants or owns the lock, and nothing more happens on its side. */
static void test_dead_owner(void **state)
{
	struct host *host = *state;
	struct netra_event_record *event = fake_area(host->board)->event;

	assert_int_equal(netra_lock_try(&host->lock, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(put(host, 100, 0), NETRA_ERR_AGAIN);
	host->board->now_ns += 499 * MS;
	assert_int_equal(put(host, 100, 0), NETRA_ERR_AGAIN);
	assert_int_equal(host->words->flag[NETRA_SIDE_HOST], 1);
	host->board->now_ns += 1 * MS;
	assert_int_equal(put(host, 100, 0), NETRA_OK);
	assert_int_equal(host->words->flag[NETRA_SIDE_HOST], 0);
	assert_int_equal(host->words->head, 1);
	assert_int_equal(event[0].type, NETRA_EVENT_FAULT);
	assert_int_equal(event[0].arg[0], NETRA_FAULT_LOCK);
	assert_int_equal(event[0].channel, 0);
	assert_int_equal(fake_area(host->board)->heads.event_head, 1);
}

static void test_busy_owner_lives(void **state)
{
	struct host *host = *state;

	/* At each look the host has the lock, but never the same time. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(netra_lock_try(&host->lock, 0),
				 NETRA_LOCK_TAKEN);
		assert_int_equal(put(host, 100, 0), NETRA_ERR_AGAIN);
		host->board->now_ns += 400 * MS;
		netra_lock_release(&host->lock);
	}
	assert_int_equal(fake_area(host->board)->heads.event_head, 0);
	assert_int_equal(put(host, 100, 0), NETRA_OK);
	/* A wait long ago says nothing about this one, at the same beat. */
	host->words->flag[NETRA_SIDE_HOST] = 1;
	assert_int_equal(put(host, 100, 0), NETRA_ERR_AGAIN);
	host->words->flag[NETRA_SIDE_HOST] = 0;
	assert_int_equal(put(host, 100, 0), NETRA_OK);
	host->board->now_ns += 10000 * MS;
	host->words->flag[NETRA_SIDE_HOST] = 1;
	assert_int_equal(put(host, 100, 0), NETRA_ERR_AGAIN);
}

/* A source that gives up after AGAIN leaves nothing the host trips over. */
static void test_wish_is_withdrawn(void **state)
{
	struct host *host = *state;

	assert_int_equal(netra_lock_try(&host->lock, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(put(host, 100, 0), NETRA_ERR_AGAIN);
	netra_lock_release(&host->lock);
	assert_int_equal(netra_lock_try(&host->lock, 0), NETRA_LOCK_TAKEN);
}

static void test_full_releases(void **state)
{
	struct host *host = *state;
	uint32_t size = host->attach.channel[0].data_size;

	assert_int_equal(put(host, size, 0), NETRA_OK);
	assert_int_equal(put(host, 1, 3000), NETRA_ERR_AGAIN);
	assert_int_equal(netra_lock_try(&host->lock, 0), NETRA_LOCK_TAKEN);
	host->words->tail = 2;		/* ahead of the head: ignored */
	netra_lock_release(&host->lock);
	assert_int_equal(put(host, 1, 3000), NETRA_ERR_AGAIN);
	assert_int_equal(host->board->producer.channel[0].bad_tails, 1);
	host->words->tail = 1;
	assert_int_equal(put(host, 1, 3000), NETRA_OK);
}

static void test_resync(void **state)
{
	struct host *host = *state;

	assert_int_equal(put(host, 100, 0), NETRA_OK);
	assert_int_equal(netra_lock_try(&host->lock, 0), NETRA_LOCK_TAKEN);
	host->words->tail = 55;
	fake_command(host->board, NETRA_CMD_RESYNC, 0, 0);
	assert_int_equal(host->words->head, 0);
	assert_int_equal(host->words->tail, 0);
	assert_int_equal(host->words->flag[NETRA_SIDE_HOST], 0);
	assert_int_equal(put(host, 100, 3000), NETRA_OK);
	assert_int_equal(host->words->head, 1);
}

static void test_refused(void **state)
{
	struct host *host = *state;

	host->board->refuse_writes = true;
	assert_int_equal(put(host, 100, 0), NETRA_OK);
	host->board->refuse_writes = false;
	assert_int_equal(host->board->producer.channel[0].status.lost, 1);
	assert_int_equal(put(host, 100, 0), NETRA_OK);
	assert_int_equal(host->words->head, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_interleaved),
		TEST(test_dead_owner),
		TEST(test_busy_owner_lives),
		TEST(test_wish_is_withdrawn),
		TEST(test_full_releases),
		TEST(test_resync),
		TEST(test_refused),
	};

	return cmocka_run_group_tests_name("producer_lock", tests, NULL, NULL);
}
