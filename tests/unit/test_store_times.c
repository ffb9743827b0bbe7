/* SPDX-License-Identifier: BSD-2-Clause */
/* Times, time zones, what retention decides, how to sync: functions without a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "store/retention.h"
#include "store/sync_choice.h"
#include "store/timestamp.h"

#define S INT64_C(1000000000)

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static int64_t read_ok(const char *text)
{
	int64_t ns = 0;

	assert_int_equal(netra_timestamp_read(text, &ns), NETRA_TIMESTAMP_OK);
	return ns;
}

static void times_are_read(void **state)
{
	static const char *const bad[] = {
		"", "x", "2026", "2026-11", "2026-11-23T", "2026-11-23T10",
		"2026-11-23T10:1", "2026-11-23T24:00", "2026-11-23T10:60",
		"2026-11-23T10:15:60", "2026-02-29T10:15", "2026-13-01",
		"2026-00-01", "2026-11-23T10:15:00.", "2026-11-23T10:15:00.x",
		"2026-11-23T10:15:00.1234567890", "2026-11-23T10:15:00+1",
		"2026-11-23T10:15:00+19:00", "2026-11-23T10:15:00Zx",
		"1969-12-31T23:59:59Z", "2300-01-01", " 2026-11-23",
		"2026-11-23T10:15.5",
	};
	int64_t ns;

	(void)state;
	zone("UTC");
	assert_int_equal(read_ok("2026-11-23T10:15:00Z"), 1795428900 * S);
	assert_int_equal(read_ok("2026-11-23 10:15"), 1795428900 * S);
	assert_int_equal(read_ok("2026-11-23"), 1795392000 * S);
	assert_int_equal(read_ok("2026-11-23T10:15:00.250z"),
			 1795428900 * S + 250000000);
	assert_int_equal(read_ok("2026-11-23T10:15:00.000000001"),
			 1795428900 * S + 1);
	assert_int_equal(read_ok("2026-11-23T11:15:00+01:00"), 1795428900 * S);
	assert_int_equal(read_ok("2026-11-23T04:45:00-0530"), 1795428900 * S);
	assert_int_equal(read_ok("2024-02-29"), 1709164800 * S);
	assert_int_equal(read_ok("1970-01-01T00:00Z"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(netra_timestamp_read(bad[i], &ns),
				 NETRA_TIMESTAMP_SYNTAX);
	assert_true(netra_timestamp_read_utc("2026-11-23T10:15Z and", 17, &ns));
	assert_int_equal(ns, 1795428900 * S);
	assert_false(netra_timestamp_read_utc("2026-11-23T10:15", 16, &ns));
	assert_false(netra_timestamp_read_utc("2026-11-23", 10, &ns));
}

static void daylight_saving_confuses_nobody(void **state)
{
	char text[NETRA_TIMESTAMP_BYTES];
	int64_t ns = 0;

	(void)state;
	zone("Europe/Berlin");
	if (!strcmp(tzname[0], "Europe"))
		skip();		/* tzdata is not installed */
	assert_int_equal(read_ok("2026-07-01T12:00"), 1782900000 * S);
	assert_int_equal(read_ok("2026-12-01T12:00"), 1796122800 * S);
	/* In March 2:00 to 3:00 is left out, in October it comes twice. */
	assert_int_equal(netra_timestamp_read("2026-03-29T02:30", &ns),
			 NETRA_TIMESTAMP_SKIPPED);
	assert_int_equal(netra_timestamp_read("2026-10-25T02:30", &ns),
			 NETRA_TIMESTAMP_TWICE);
	assert_int_equal(read_ok("2026-10-25T02:30+01:00") -
			 read_ok("2026-10-25T02:30+02:00"), 3600 * S);
	assert_int_equal(read_ok("2026-03-29T03:00") -
			 read_ok("2026-03-29T01:59:59"), S);
	assert_int_equal(read_ok("2026-10-25T03:00") -
			 read_ok("2026-10-25T01:59:59"), 7201 * S);
	/* And back: what is written is what was read. */
	for (int64_t t = 1792886400; t < 1792900800; t += 600) {
		netra_timestamp_write(text, t * S + 123000000, false);
		assert_int_equal(read_ok(text), t * S + 123000000);
	}
	netra_timestamp_write(text, 1795428900 * S + 250000000, false);
	assert_string_equal(text, "2026-11-23T11:15:00.250+01:00");
	netra_timestamp_write(text, 1795428900 * S + 250000000, true);
	assert_string_equal(text, "2026-11-23T10:15:00.250Z");
	zone("America/St_Johns");
	netra_timestamp_write(text, 1795428900 * S, false);
	assert_string_equal(text, "2026-11-23T06:45:00.000-03:30");
}

static void files_go_when_they_must(void **state)
{
	const struct netra_retention_limits none = { 0 };
	const struct netra_retention_limits bytes = { .keep_bytes = 1000 };
	const struct netra_retention_limits age = { .keep_ms = 5000 };
	struct netra_store_entry entry = { .start_ms = 10000, .bytes = 400 };

	(void)state;
	assert_false(netra_retention_due(&none, &entry, 20000, UINT64_MAX,
					 INT64_MAX));
	assert_false(netra_retention_due(&bytes, &entry, 20000, 1000, 0));
	assert_true(netra_retention_due(&bytes, &entry, 20000, 1001, 0));
	assert_false(netra_retention_due(&age, &entry, 20000, 9999, 25000));
	assert_true(netra_retention_due(&age, &entry, 20000, 9999, 25001));
	/* The clock was set back. */
	assert_false(netra_retention_due(&age, &entry, 20000, 9999, 0));
	entry.kind = NETRA_STORE_FILE_PART;
	assert_false(netra_retention_due(&bytes, &entry, 20000, 5000, 0));
	entry.kind = NETRA_STORE_FILE_DAMAGED;
	assert_true(netra_retention_due(&bytes, &entry, 20000, 5000, 0));
}

static void protected_ranges_are_read(void **state)
{
	static const char *const bad[] = {
		"x", "2026-11-23T10:15Z", "2026-11-23T10:15Z 2026-11-23T10:16Z",
		"2026-11-23T10:15 2026-11-23T10:16 *",
		"2026-11-23T10:16Z 2026-11-23T10:15Z *",
		"2026-11-23T10:15Z 2026-11-23T10:16Z 64",
		"2026-11-23T10:15Z 2026-11-23T10:16Z 3-1",
		"2026-11-23T10:15Z 2026-11-23T10:16Z 1,",
		"2026-11-23T10:15Z 2026-11-23T10:16Z ,1",
		"2026-11-23T10:15Z 2026-11-23T10:16Z -1",
	};
	struct netra_protected r, other;

	(void)state;
	assert_int_equal(netra_protected_read(&r, ""), 0);
	assert_int_equal(netra_protected_read(&r, "  # 2026"), 0);
	assert_int_equal(netra_protected_read(&r,
		" 2026-11-23T10:15:00Z\t2026-11-23T11:16:00.5+01:00 0-3,7 at gate 2"),
		1);
	assert_int_equal(r.from_ms, 1795428900000);
	assert_int_equal(r.to_ms, 1795428960501);
	assert_int_equal(r.channels, 0x8f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(netra_protected_read(&other, bad[i]), -1);

	assert_true(netra_retention_protected(&r, 1, 0, r.to_ms - 1, INT64_MAX));
	assert_false(netra_retention_protected(&r, 1, 0, r.to_ms, INT64_MAX));
	assert_true(netra_retention_protected(&r, 1, 0, 0, r.from_ms));
	assert_false(netra_retention_protected(&r, 1, 0, 0, r.from_ms - 1));
	assert_false(netra_retention_protected(&r, 1, 4, r.from_ms, r.to_ms));
	assert_false(netra_retention_protected(&r, 0, 0, r.from_ms, r.to_ms));
	assert_int_equal(netra_protected_read(&r,
		"2026-11-23T10:15Z 2026-11-23T10:16Z *"), 1);
	assert_true(netra_retention_protected(&r, 1, 63, r.from_ms, r.to_ms));
}

#define MS UINT64_C(1000000)

static bool together_at(const struct netra_sync_choice *choice, uint64_t ms)
{
	return netra_sync_choice_together(choice, ms * MS);
}

/* Others write much: a sync of each file does not wait for that. */
static void a_slow_sync_of_all_is_not_tried_again_soon(void **state)
{
	struct netra_sync_choice choice = { 0 };

	(void)state;
	assert_true(together_at(&choice, 1000));
	netra_sync_choice_took_together(&choice, 1000 * MS, 1200 * MS);
	assert_true(together_at(&choice, 1500));
	netra_sync_choice_took_together(&choice, 1500 * MS, 1800 * MS);
	assert_false(together_at(&choice, 1801));
	netra_sync_choice_took_apart(&choice, 2000 * MS, 2020 * MS);
	assert_false(together_at(&choice, 1799 + 20 * 300));
	assert_true(together_at(&choice, 1800 + 20 * 300));
	/* A minute is the most. */
	netra_sync_choice_took_together(&choice, 10000 * MS, 30000 * MS);
	netra_sync_choice_took_apart(&choice, 30000 * MS, 30020 * MS);
	assert_false(together_at(&choice, 30000 + 59999));
	assert_true(together_at(&choice, 30000 + 60000));
}

/* It is the disk: one by one costs more, and is no quicker. */
static void a_slow_disk_goes_on_with_syncs_of_all(void **state)
{
	struct netra_sync_choice choice = { 0 };

	(void)state;
	netra_sync_choice_took_together(&choice, 1000 * MS, 1300 * MS);
	assert_false(together_at(&choice, 1500));
	netra_sync_choice_took_apart(&choice, 1500 * MS, 1900 * MS);
	assert_true(together_at(&choice, 2000));
	/* So slow is usual there. */
	netra_sync_choice_took_together(&choice, 2000 * MS, 2700 * MS);
	assert_true(together_at(&choice, 2701));
	netra_sync_choice_took_together(&choice, 3000 * MS, 3900 * MS);
	assert_false(together_at(&choice, 4000));
	/* But no disk may take more than a second. */
	netra_sync_choice_took_apart(&choice, 4000 * MS, 7000 * MS);
	assert_true(together_at(&choice, 7000));
	netra_sync_choice_took_together(&choice, 7000 * MS, 8001 * MS);
	assert_false(together_at(&choice, 8002));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(daylight_saving_confuses_nobody),
		cmocka_unit_test(files_go_when_they_must),
		cmocka_unit_test(protected_ranges_are_read),
		cmocka_unit_test(a_slow_sync_of_all_is_not_tried_again_soon),
		cmocka_unit_test(a_slow_disk_goes_on_with_syncs_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
