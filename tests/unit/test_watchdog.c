/* SPDX-License-Identifier: BSD-2-Clause */
/* The watchdog: what is overdue when, and the ladder's order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/watchdog.h"

#define MS UINT64_C(1000000)
#define NOW (5000 * MS)

static struct netra_watchdog w;

static int start(void **state)
{
	const struct netra_watchdog_config config = { 0 };

	(void)state;
	netra_watchdog_init(&w, &config, 4, NOW);
	return 0;
}

static void expect(uint64_t at_ms, enum netra_trouble trouble, uint32_t channel)
{
	uint32_t who = 99;

	assert_int_equal(netra_watchdog_check(&w, NOW + at_ms * MS, &who),
			 trouble);
	assert_int_equal(who, channel);
}

static void beat(uint64_t at_ms)
{
	netra_watchdog_heartbeat(&w, w.heartbeat + 1, NOW + at_ms * MS);
}

static enum netra_rung climb(enum netra_trouble trouble, uint32_t channel)
{
	return netra_watchdog_climb(&w, trouble, channel, NOW);
}

static void heartbeat(void **state)
{
	(void)state;
	expect(999, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	expect(1000, NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD);
	beat(1000);
	expect(1999, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	/* the same value again is no sign of life */
	netra_watchdog_heartbeat(&w, w.heartbeat, NOW + 1999 * MS);
	expect(2000, NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD);
	netra_watchdog_rearm(&w, NOW + 2000 * MS);
	expect(2999, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
}

static void stalled_channel(void **state)
{
	(void)state;
	netra_watchdog_channel(&w, 1, true, 0, NOW);
	netra_watchdog_channel(&w, 2, true, 0, NOW + 100 * MS);
	netra_watchdog_channel(&w, 99, true, 0, NOW);	/* no such channel */
	beat(2500);
	expect(2999, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	expect(3000, NETRA_TROUBLE_CHANNEL_STALLED, 1);
	netra_watchdog_channel(&w, 1, true, 1, NOW + 3000 * MS);
	expect(3099, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	expect(3100, NETRA_TROUBLE_CHANNEL_STALLED, 2);
	/* stopped, it is not waited for; started, it has its full time */
	netra_watchdog_channel(&w, 2, false, 0, NOW + 3100 * MS);
	expect(3100, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	beat(3400);
	netra_watchdog_channel(&w, 2, true, 0, NOW + 4000 * MS);
	beat(5900);
	expect(5999, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	beat(6800);
	expect(7000, NETRA_TROUBLE_CHANNEL_STALLED, 1);
	/* the board's silence goes before a channel's */
	expect(8000, NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD);
}

static void deadlines(void **state)
{
	(void)state;
	assert_int_equal(netra_watchdog_deadline(&w), NOW + 1000 * MS);
	beat(2500);
	netra_watchdog_channel(&w, 3, true, 7, NOW);
	assert_int_equal(netra_watchdog_deadline(&w), NOW + 3000 * MS);
	netra_watchdog_channel(&w, 3, false, 7, NOW);
	assert_int_equal(netra_watchdog_deadline(&w), NOW + 3500 * MS);
}

static void ladder_of_a_channel(void **state)
{
	static const enum netra_rung order[] = {
		NETRA_RUNG_RESYNC_CHANNEL, NETRA_RUNG_RESYNC_CHANNEL,
		NETRA_RUNG_RESTART_FIRMWARE,
		NETRA_RUNG_RESET_AND_BOOT, NETRA_RUNG_RESET_AND_BOOT,
		NETRA_RUNG_GIVE_UP, NETRA_RUNG_GIVE_UP,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_int_equal(climb(NETRA_TROUBLE_CHANNEL_STALLED, 2),
				 order[i]);
}

/* One channel's tries are not another's; the board's rungs are shared. */
static void channels_have_their_own_rung(void **state)
{
	(void)state;
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 0),
			 NETRA_RUNG_RESYNC_CHANNEL);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 0),
			 NETRA_RUNG_RESYNC_CHANNEL);
	assert_int_equal(climb(NETRA_TROUBLE_LOCK, 1),
			 NETRA_RUNG_RESYNC_CHANNEL);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 0),
			 NETRA_RUNG_RESTART_FIRMWARE);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 1),
			 NETRA_RUNG_RESYNC_CHANNEL);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 1),
			 NETRA_RUNG_RESET_AND_BOOT);
}

static void where_troubles_begin(void **state)
{
	(void)state;
	assert_int_equal(climb(NETRA_TROUBLE_NONE, 0), NETRA_RUNG_NONE);
	assert_int_equal(climb(NETRA_TROUBLE_GONE, NETRA_EVENT_BOARD),
			 NETRA_RUNG_GIVE_UP);
	assert_int_equal(climb(NETRA_TROUBLE_RESET, NETRA_EVENT_BOARD),
			 NETRA_RUNG_RESET_AND_BOOT);
	start(NULL);
	assert_int_equal(climb(NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD),
			 NETRA_RUNG_RESTART_FIRMWARE);
	start(NULL);
	assert_int_equal(climb(NETRA_TROUBLE_COMMAND, 1),
			 NETRA_RUNG_RESTART_FIRMWARE);
	start(NULL);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 4),
			 NETRA_RUNG_RESTART_FIRMWARE);
}

static void calm_gives_the_tries_back(void **state)
{
	uint64_t at;

	(void)state;
	climb(NETRA_TROUBLE_CHANNEL_STALLED, 2);
	climb(NETRA_TROUBLE_CHANNEL_STALLED, 2);
	assert_int_equal(climb(NETRA_TROUBLE_CHANNEL_STALLED, 2),
			 NETRA_RUNG_RESTART_FIRMWARE);
	for (at = 500; at < 30000; at += 500) {
		beat(at);
		expect(at, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	}
	assert_int_equal(w.firmware_tried, 1);
	beat(30000);
	expect(30000, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
	assert_int_equal(climb(NETRA_TROUBLE_CHANNEL_STALLED, 2),
			 NETRA_RUNG_RESYNC_CHANNEL);
}

/* Trouble every 20 s never counts as calm: such a board is given up. */
static void no_calm_no_tries(void **state)
{
	static const enum netra_rung order[] = {
		NETRA_RUNG_RESTART_FIRMWARE, NETRA_RUNG_RESET_AND_BOOT,
		NETRA_RUNG_RESET_AND_BOOT, NETRA_RUNG_GIVE_UP,
	};
	uint64_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (int n = 0; n < 40; n++) {
			at += 500;
			beat(at);
			expect(at, NETRA_TROUBLE_NONE, NETRA_EVENT_BOARD);
		}
		at += 1000;
		expect(at, NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD);
		assert_int_equal(netra_watchdog_climb(&w,
				NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD,
				NOW + at * MS), order[i]);
		netra_watchdog_rearm(&w, NOW + at * MS);
	}
}

static void own_bounds(void **state)
{
	const struct netra_watchdog_config config = {
		.heartbeat_ms = 10, .stall_ms = 20, .calm_ms = 30,
		.channel_tries = 1, .firmware_tries = 2, .reset_tries = 1,
	};

	(void)state;
	netra_watchdog_init(&w, &config, 1000, NOW);
	assert_int_equal(w.channels, NETRA_CHANNELS_MAX);
	expect(10, NETRA_TROUBLE_HEARTBEAT, NETRA_EVENT_BOARD);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 63),
			 NETRA_RUNG_RESYNC_CHANNEL);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 63),
			 NETRA_RUNG_RESTART_FIRMWARE);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 63),
			 NETRA_RUNG_RESTART_FIRMWARE);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 63),
			 NETRA_RUNG_RESET_AND_BOOT);
	assert_int_equal(climb(NETRA_TROUBLE_RING_FAULT, 63),
			 NETRA_RUNG_GIVE_UP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(heartbeat, start),
		cmocka_unit_test_setup(stalled_channel, start),
		cmocka_unit_test_setup(deadlines, start),
		cmocka_unit_test_setup(ladder_of_a_channel, start),
		cmocka_unit_test_setup(channels_have_their_own_rung, start),
		cmocka_unit_test_setup(where_troubles_begin, start),
		cmocka_unit_test_setup(calm_gives_the_tries_back, start),
		cmocka_unit_test_setup(no_calm_no_tries, start),
		cmocka_unit_test_setup(own_bounds, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
