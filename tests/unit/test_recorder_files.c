/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From fragments to durable files: commits, rotation, names. Channel 0 alone,
 * with the test's own clock.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/recorder/script.h"

#define SECOND 1000000000ull
#define START SINGLE_START_NS

static void each_commit_is_one_fragment(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct recording r;

	add_stream(f->script[0], 0, 301);
	f->script[0]->then = NETRA_ERR_AGAIN;
	for (uint32_t i = 1; i <= 10; i++) {
		run_seconds(single, 1);
		assert_int_equal(single->account.frames, i * 30);
		assert_int_equal(file_syncs, i);
		assert_true(single->account.durable_ns);
		assert_int_equal(netra_store_writer_oldest_ns(&single->writer),
				 0);
	}
	/* The channel's folder, and the file's name in it. */
	assert_int_equal(folder_syncs, 2);
	assert_true(ends(single_path(single), "Z.mp4.part"));
	r = read_recording(single_path(single));	/* plays as it is */
	assert_int_equal(r.samples, 300);
	assert_int_equal(r.fragments, 10);
	assert_int_equal(r.duration, 0);
	netra_recording_pump(&single->recording, 1, 16 * SECOND);
	end_single(single);
	assert_int_equal(single->account.frames, 301);
	assert_int_equal(folder_syncs, 3);		/* its last name */
	assert_true(ends(single_path(single), "Z.mp4"));
	r = read_recording(single_path(single));
	assert_int_equal(r.duration, 301 * 3000);
	assert_int_equal(files_in(f, 0), 1);
}

static void a_fragment_waits_for_its_last_duration(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct recording r;

	add_stream(f->script[0], 0, 2);
	f->script[0]->frame[1].dts_90k = f->script[0]->frame[1].pts_90k = 4321;
	f->script[0]->ready = 1;
	netra_recording_pump(&single->recording, 9, START);
	netra_recording_tick(&single->recording);
	assert_true(single->recording.cut);
	f->script[0]->ready = 2;
	netra_recording_pump(&single->recording, 9, START + 33000000);
	assert_false(single->recording.cut);
	assert_int_equal(netra_store_writer_oldest_ns(&single->writer), START);
	end_single(single);
	r = read_recording(single_path(single));
	assert_int_equal(r.fragments, 2);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.fragment_samples[0], 1);
}

static void one_sync_is_for_all(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	single->writer.together = true;
	add_stream(f->script[0], 0, 30 * 6);
	for (uint32_t i = 1; i <= 3; i++) {
		run_seconds(single, 1);
		assert_int_equal(whole_syncs, i);
		assert_true(single->account.durable_ns);
	}
	commit_single(single);	/* of nothing */
	assert_int_equal(whole_syncs, 3);
	assert_int_equal(file_syncs, 0);
	/* One that fails says nothing of whose it was. */
	syncs_fail = true;
	run_seconds(single, 1);
	syncs_fail = false;
	assert_int_equal(whole_syncs, 4);
	assert_int_equal(file_syncs, 1);
	assert_int_equal(single->account.frames, 90);
	assert_int_equal(single->account.lost, 30);
	run_seconds(single, 2);
	end_single(single);
	assert_int_equal(single->account.frames, 90 + 60);
	assert_int_equal(file_syncs, 1);
}

/* Others keep the file system busy: those are not waited for again soon. */
static void a_slow_sync_of_all_is_not_tried_again(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	single->writer.together = true;
	add_stream(f->script[0], 0, 30 * 4);
	whole_sync_ms = 250;
	run_seconds(single, 3);
	whole_sync_ms = 0;
	assert_int_equal(whole_syncs, 1);
	assert_int_equal(file_syncs, 2);
	assert_int_equal(single->account.frames, 90);
	end_single(single);
}

static void no_sync_if_not_wanted(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, false);

	add_stream(f->script[0], 0, 100);
	run_seconds(single, 3);
	end_single(single);
	assert_int_equal(file_syncs + folder_syncs + whole_syncs, 0);
	assert_int_equal(single->account.frames, 90);
}

static void files_are_rotated_at_key_frames(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct recording r;

	single->shared.rotate_ns = 2 * SECOND + 500000000;
	add_stream(f->script[0], 700, 30 * 7);
	run_seconds(single, 7);
	end_single(single);
	/* 3 + 3 + 1 seconds: each up to the next key frame. */
	assert_int_equal(files_in(f, 0), 3);
	assert_int_equal(single->account.files, 3);
	assert_int_equal(single->account.frames, 30 * 7);
	assert_int_equal(single->account.lost, 0);
	assert_int_equal(single->account.duration_90k, 7 * 90000);
	r = read_recording(single_path(single));
	assert_int_equal(r.samples, 30);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.duration, 90000);
}

static void a_clock_that_is_set_begins_a_file(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct netra_recorder_wall *wall = &single->shared.wall;

	add_stream(f->script[0], 0, 30 * 4);
	netra_recorder_wall_update(wall, START, 1800000000 * (int64_t)SECOND);
	run_seconds(single, 2);
	/* An hour back. */
	netra_recorder_wall_update(wall, START + 2 * SECOND, 1799996402 *
				   (int64_t)SECOND);
	run_seconds(single, 2);
	end_single(single);
	assert_int_equal(files_in(f, 0), 2);
	assert_int_equal(single->account.frames, 120);
	/* To a millisecond: thirtieths of a second are not whole ns. */
	assert_memory_equal(single->account.name, "ch00/20270115T070001.999Z", 25);
}

static void no_name_is_used_twice(void **state)
{
	struct fixture *f = *state;
	struct single *single;

	for (uint32_t i = 0; i < 3; i++) {
		single = open_single(f, true);
		f->script[0]->next = f->script[0]->count = 0;
		add_stream(f->script[0], 0, 30);
		run_seconds(single, 1);
		end_single(single);
		assert_int_equal(files_in(f, 0), i + 1);
	}
	assert_string_equal(single->account.name,
			    "ch00/19700101T000005.002Z.mp4");
}

static void names_are_times(void **state)
{
	static const char *const bad[] = {
		"", ".mp4", "20261123T101500.250Z", "20261123T101500.250Z.mp4x",
		"20261123T101500.250Z.avi", "20261131T101500.250Z.mp4",
		"20261123T101560.250Z.mp4", "2026-123T101500.250Z.mp4",
		"20261123T101500.25Z.mp4", "20261123t101500.250Z.mp4",
	};
	char name[NETRA_STORE_NAME_BYTES];
	enum netra_store_kind kind;
	int64_t ms;

	(void)state;
	netra_store_name(name, 1795428900250, NETRA_STORE_PART);
	assert_string_equal(name, "20261123T101500.250Z.mp4.part");
	assert_true(netra_store_name_read(name, &ms, &kind));
	assert_int_equal(ms, 1795428900250);
	assert_int_equal(kind, NETRA_STORE_FILE_PART);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(netra_store_name_read(bad[i], &ms, &kind));
	netra_store_name(name, INT64_MIN, NETRA_STORE_WHOLE);
	assert_string_equal(name, "19700101T000000.000Z.mp4");
	netra_store_name(name, INT64_MAX, NETRA_STORE_DAMAGED);
	assert_string_equal(name, "99991231T235959.999Z.mp4.damaged");
	assert_int_equal(netra_store_channel_read("ch07"), 7);
	assert_int_equal(netra_store_channel_read("ch7"), -1);
	assert_int_equal(netra_store_channel_read("ch077"), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_commit_is_one_fragment),
		TEST(a_fragment_waits_for_its_last_duration),
		TEST(one_sync_is_for_all),
		TEST(a_slow_sync_of_all_is_not_tried_again),
		TEST(no_sync_if_not_wanted),
		TEST(files_are_rotated_at_key_frames),
		TEST(a_clock_that_is_set_begins_a_file),
		TEST(no_name_is_used_twice),
		TEST(names_are_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
