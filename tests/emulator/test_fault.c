/* SPDX-License-Identifier: BSD-2-Clause */
/* --fault: what it takes, when it fires, what mends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emulator/fault.h"

#define MS 1000000ull

static struct netra_emu_faults faults;
static uint64_t fired;

static void set(const char *spec)
{
	char why[128];

	memset(&faults, 0, sizeof(faults));
	fired = 0;
	faults.fired = &fired;
	assert_true(netra_emu_fault_parse(spec, &faults.fault[0], why,
					  sizeof(why)));
	faults.count = 1;
}

static bool fires(enum netra_emu_fault_kind kind, uint32_t channel,
		  uint64_t now_ns)
{
	return netra_emu_fault_fires(&faults, kind, channel, now_ns);
}

static bool lasts(enum netra_emu_fault_kind kind, uint32_t channel)
{
	return netra_emu_fault_lasts(&faults, kind, channel, 0);
}

static void grammar(void **state)
{
	static const char *const bad[] = {
		"", ":", "nothing", "gone:", "boot-hang", "boot-hang:moon",
		"boot-fail:rom", "boot-fail:agent", "gone:ch=1", "gone:after",
		"gone:after=", "gone:after=x", "gone:after=1s",
		"gone:after=-1", "gone:after=99999999999", "gone:count=1ms",
		"record-torn:ch=64", "record-torn:until=reset",
		"channel-stall:until=", "channel-stall:until=later",
		"irq-late:for=3", "signal-lost:ms=3", "gone:kernel",
		"channel-stall:ch=1,,x", "heartbeat-stop:ch=0",
	};
	struct netra_emu_fault fault;
	char why[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool ok = netra_emu_fault_parse(bad[i], &fault, why,
						sizeof(why));

		/* An empty list of parameters is none. */
		assert_int_equal(ok, strcmp(bad[i], "gone:") == 0);
	}
	set("channel-stall:ch=3,after=50,count=2,until=reset");
	assert_int_equal(faults.fault[0].kind, NETRA_EMU_CHANNEL_STALL);
	assert_int_equal(faults.fault[0].channel, 3);
	assert_int_equal(faults.fault[0].after, 50);
	assert_int_equal(faults.fault[0].count, 2);
	assert_int_equal(faults.fault[0].until, NETRA_EMU_MEND_RESET);
	set("heartbeat-stop:after=2000");
	assert_true(faults.fault[0].after_is_ms);
	set("irq-late:ms=150,after=30,count=20");
	assert_int_equal(faults.fault[0].ms, 150);
	assert_false(faults.fault[0].after_is_ms);
}

static void counts(void **state)
{
	(void)state;
	set("record-torn:ch=1,after=2,count=2");
	for (int i = 0; i < 10; i++) {
		assert_false(fires(NETRA_EMU_RECORD_TORN, 0, 0));
		assert_false(fires(NETRA_EMU_RECORD_GARBAGE, 1, 0));
		assert_int_equal(fires(NETRA_EMU_RECORD_TORN, 1, 0),
				 i == 2 || i == 3);
	}
	assert_int_equal(fired, 2);
	set("irq-lost:count=0");
	for (int i = 0; i < 10; i++)
		assert_true(fires(NETRA_EMU_IRQ_LOST, 0, 0));
}

static void by_the_clock(void **state)
{
	(void)state;
	set("gone:after=500ms");
	netra_emu_faults_begin(&faults, 1000 * MS);
	assert_null(netra_emu_fault_elapsed(&faults, NETRA_EMU_GONE,
					    1499 * MS));
	assert_non_null(netra_emu_fault_elapsed(&faults, NETRA_EMU_GONE,
						1500 * MS));
	assert_null(netra_emu_fault_elapsed(&faults, NETRA_EMU_GONE,
					    1600 * MS));
	/* What counts frames is not looked at by the clock. */
	set("gone:after=5");
	for (int i = 0; i < 10; i++)
		assert_null(netra_emu_fault_elapsed(&faults, NETRA_EMU_GONE,
						    1000 * MS));
	for (int i = 0; i < 10; i++)
		assert_int_equal(fires(NETRA_EMU_GONE, 0, 0), i == 5);
}

static void mending(void **state)
{
	static const struct {
		const char *spec;
		enum netra_emu_mend until;
	} cases[] = {
		{ "channel-stall:count=2", NETRA_EMU_MEND_RESYNC },
		{ "channel-stall:count=2,until=restart",
		  NETRA_EMU_MEND_RESTART },
		{ "channel-stall:count=2,until=reset", NETRA_EMU_MEND_RESET },
		{ "channel-stall:count=2,until=never", NETRA_EMU_MEND_NEVER },
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		for (int by = 0; by < 3; by++) {
			set(cases[i].spec);
			assert_true(lasts(NETRA_EMU_CHANNEL_STALL, 0));
			assert_true(lasts(NETRA_EMU_CHANNEL_STALL, 0));
			assert_int_equal(fired, 1);
			/* A resync of another channel mends nothing here. */
			netra_emu_fault_mend(&faults, NETRA_EMU_MEND_RESYNC, 1);
			assert_true(netra_emu_fault_is(
				&faults, NETRA_EMU_CHANNEL_STALL, 0));
			netra_emu_fault_mend(&faults,
					     (enum netra_emu_mend)by, 0);
			assert_int_equal(netra_emu_fault_is(
				&faults, NETRA_EMU_CHANNEL_STALL, 0),
				(int)cases[i].until > by);
		}
		/* It comes back as often as it was asked for. */
		netra_emu_fault_mend(&faults, NETRA_EMU_MEND_RESET, 0);
		if (i == 3)
			continue;
		assert_true(lasts(NETRA_EMU_CHANNEL_STALL, 0));
		netra_emu_fault_mend(&faults, NETRA_EMU_MEND_RESET, 0);
		assert_false(lasts(NETRA_EMU_CHANNEL_STALL, 0));
	}
}

static void booting(void **state)
{
	(void)state;
	set("boot-hang:kernel,count=2");
	for (int i = 0; i < 4; i++) {
		assert_false(netra_emu_fault_boot(&faults, NETRA_EMU_BOOT_HANG,
						  NETRA_EMU_STAGE_ROM));
		assert_false(netra_emu_fault_boot(&faults, NETRA_EMU_BOOT_FAIL,
						  NETRA_EMU_STAGE_KERNEL));
		assert_int_equal(netra_emu_fault_boot(&faults,
						      NETRA_EMU_BOOT_HANG,
						      NETRA_EMU_STAGE_KERNEL),
				 i < 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),
		cmocka_unit_test(counts),
		cmocka_unit_test(by_the_clock),
		cmocka_unit_test(mending),
		cmocka_unit_test(booting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
