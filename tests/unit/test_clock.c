/* SPDX-License-Identifier: BSD-2-Clause */
/* Clock correlation under jitter and drift, and with hostile board times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/clock.h"

#define MS INT64_C(1000000)
#define S (1000 * MS)

static uint64_t seed = 11;

static uint32_t random32(void)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

/* Host time of board time t for a host that runs ppb faster. */
static int64_t truth(int64_t t, int64_t offset_ns, int64_t ppb)
{
	return t + offset_ns + t / 1000 * ppb / 1000000;
}

static int64_t error_at(const struct netra_clock *clock, int64_t t,
			int64_t offset_ns, int64_t ppb)
{
	return (int64_t)netra_clock_to_host(clock, (uint64_t)t) -
	       truth(t, offset_ns, ppb);
}

/* Heartbeats every 100 ms that arrive 20 us to 1 ms late, some 50 ms. */
static void feed(struct netra_clock *clock, int64_t from_ns, int n,
		 int64_t offset_ns, int64_t ppb)
{
	for (int i = 0; i < n; i++) {
		int64_t t = from_ns + i * 100 * MS;
		int64_t late = 20000 + random32() % 1000000;

		if (random32() % 10 == 0)
			late += 50 * MS;
		netra_clock_sample(clock, (uint64_t)t,
				   (uint64_t)(truth(t, offset_ns, ppb) + late));
	}
}

static void invalid_until_a_sample(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	assert_false(netra_clock_valid(&clock));
	assert_int_equal(netra_clock_to_host(&clock, 12345), 0);
	netra_clock_sample(&clock, 1000, 501000);
	assert_true(netra_clock_valid(&clock));
	assert_int_equal(netra_clock_to_host(&clock, 1000), 501000);
	assert_int_equal(netra_clock_to_host(&clock, 3000), 503000);
	assert_int_equal(netra_clock_to_host(&clock, 0), 500000);
	assert_int_equal(clock.drift_ppb, 0);
}

static void the_fastest_arrival_counts(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	netra_clock_sample(&clock, 1 * S, 1 * S + 900);
	netra_clock_sample(&clock, 2 * S, 2 * S + 100);
	netra_clock_sample(&clock, 3 * S, 3 * S + 5000);
	assert_int_equal(clock.offset_ns, 100);
	assert_int_equal(netra_clock_to_host(&clock, 3 * S), 3 * S + 100);
}

static void jitter_and_drift(void **state)
{
	static const int64_t ppbs[] = { 0, 20000, -20000, 100000, -100000 };
	static const int64_t offsets[] = { 0, 3600 * S, -5 * S };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 3; j++) {
			struct netra_clock clock;
			int64_t end = 100 * S + 199 * 100 * MS;

			netra_clock_reset(&clock);
			feed(&clock, 100 * S, 200, offsets[j], ppbs[i]);
			/* right to 0.2 ms now, 1 ms a second on */
			assert_true(llabs(error_at(&clock, end, offsets[j],
						   ppbs[i])) < MS / 5);
			assert_true(llabs(error_at(&clock, end + S, offsets[j],
						   ppbs[i])) < MS);
			assert_true(llabs(clock.drift_ppb - ppbs[i]) < 60000);
		}
}

/* Without jitter the drift is found to the parts per billion. */
static void exact_drift(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	for (int64_t i = 0; i < 300; i++)
		netra_clock_sample(&clock, (uint64_t)(i * 100 * MS),
				   (uint64_t)truth(i * 100 * MS, 7 * S, 50000));
	assert_true(abs(clock.drift_ppb - 50000) < 10);
	assert_true(llabs(error_at(&clock, 40 * S, 7 * S, 50000)) < 1000);
}

/* No clock is off by half a percent: that is no drift, but a broken board. */
static void absurd_drift(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	feed(&clock, 0, 100, 0, 5000000);
	assert_int_equal(clock.drift_ppb, 0);
}

/* What was true a minute ago does not hold for ever. */
static void old_samples_go(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	netra_clock_sample(&clock, 1 * S, 1 * S);	/* 3 s too fast */
	feed(&clock, 2 * S, NETRA_CLOCK_SAMPLES + 1, 3 * S, 0);
	assert_true(llabs(error_at(&clock, 8 * S, 3 * S, 0)) < MS / 2);
}

static void running_backwards_resets(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	feed(&clock, 100 * S, 100, 0, 0);
	netra_clock_sample(&clock, 5 * S, 500 * S);
	assert_int_equal(clock.count, 1);
	assert_int_equal(netra_clock_to_host(&clock, 6 * S), 501 * S);
	/* the same heartbeat read twice adds nothing */
	netra_clock_sample(&clock, 5 * S, 600 * S);
	assert_int_equal(clock.count, 1);
}

/* Any numbers at all: nothing overflows (UBSan watches), counts stay bounded. */
static void hostile_times(void **state)
{
	struct netra_clock clock;

	(void)state;
	netra_clock_reset(&clock);
	for (int i = 0; i < 100000; i++) {
		uint64_t board = (uint64_t)random32() << (random32() % 33);
		uint64_t host = (uint64_t)random32() << (random32() % 33);

		if (random32() % 4)
			board = clock.reference_ns + random32();
		netra_clock_sample(&clock, board, host);
		(void)netra_clock_to_host(&clock, (uint64_t)random32() << 32);
		assert_true(clock.count < 2 * NETRA_CLOCK_SAMPLES);
		assert_true(abs(clock.drift_ppb) <= 1000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invalid_until_a_sample),
		cmocka_unit_test(the_fastest_arrival_counts),
		cmocka_unit_test(jitter_and_drift),
		cmocka_unit_test(exact_drift),
		cmocka_unit_test(absurd_drift),
		cmocka_unit_test(old_samples_go),
		cmocka_unit_test(running_backwards_resets),
		cmocka_unit_test(hostile_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
