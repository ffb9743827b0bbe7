/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From fragments to durable files: commits, rotation, disks that fail, what a
 * crash leaves. Channel 0 alone, with the test's own clock.
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

#include "store/repair.h"
#include "store/scan.h"
#include "tests/recorder/script.h"

#define SECOND 1000000000ull
#define START (5 * SECOND)

static bool ends(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && !strcmp(path + n - m, suffix);
}

/* Frames in real time, a commit each second, up to the script's end. */
static void run_seconds(struct single *single, uint32_t seconds)
{
	static uint64_t now;

	if (!single->recording.clock.running)
		now = START;
	for (uint32_t i = 0; i < seconds; i++) {
		for (uint32_t frame = 0; frame < 30; frame++, now += SECOND / 30)
			netra_recording_pump(&single->recording, 1, now);
		commit_single(single);
	}
}

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

/* Others keep the file system busy: a minute without. */
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

static void a_failed_sync_ends_the_file(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct recording r;

	add_stream(f->script[0], 0, 30 * 6);
	run_seconds(single, 2);
	syncs_fail = true;
	run_seconds(single, 1);
	syncs_fail = false;
	assert_true(single->account.failed);
	assert_string_equal(single->account.error,
			    "cannot make it durable: Input/output error");
	assert_int_equal(file_syncs, 3);
	assert_int_equal(single->account.frames, 60);
	assert_int_equal(single->account.lost, 30);
	/* The next key frame begins another file. */
	run_seconds(single, 3);
	end_single(single);
	assert_int_equal(single->account.frames, 60 + 90);
	assert_int_equal(single->account.lost + single->recording.lost, 30);
	assert_int_equal(files_in(f, 0), 2);
	assert_true(ends(single_path(single), "Z.mp4"));
	r = read_recording(single_path(single));
	assert_int_equal(r.samples, 90);
}

static void a_full_disk_costs_no_more_than_must_be(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct recording r;
	char path[600];

	add_stream(f->script[0], 0, 30 * 8);
	for (uint32_t i = 0; i < 30 * 8; i++)
		f->script[0]->frame[i].length = 3000;
	limit_files(300000);
	run_seconds(single, 2);
	memcpy(path, single_path(single), sizeof(path));
	assert_int_equal(single->account.frames, 60);
	run_seconds(single, 2);
	assert_true(single->account.failed);
	assert_string_equal(single->account.error,
			    "cannot write: File too large");
	limit_files(UINT64_MAX);
	run_seconds(single, 4);
	end_single(single);
	/* Three fragments fit; one was lost; then a new file. */
	assert_int_equal(single->account.frames + single->account.lost +
			 single->recording.lost, 30 * 8);
	assert_in_range(single->account.frames, 30 * 6, 30 * 7);
	r = read_recording(path);	/* whole, but for its end */
	assert_int_equal(r.samples, 90);
	assert_int_equal(read_recording(single_path(single)).samples,
			 single->account.frames - 90);
}

static void a_disk_full_from_the_start_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	add_stream(f->script[0], 0, 60);
	limit_files(900);
	run_seconds(single, 2);
	end_single(single);
	assert_true(single->account.failed);
	assert_int_equal(single->account.frames, 0);
	assert_int_equal(single->account.lost + single->recording.lost, 60);
	assert_string_equal(single->account.name, "");
	assert_int_equal(files_in(f, 0), 0);
}

static void a_slow_disk_leaves_frames_in_the_ring(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	single->pool.bytes_max = 1 << 20;
	add_stream(f->script[0], 0, 30 * 10);
	for (uint32_t i = 0; i < 30 * 10; i++)
		f->script[0]->frame[i].length = 10000;
	while (netra_recording_pump(&single->recording, 1, START))
		;
	assert_true(single->recording.pending);
	assert_int_equal(f->board.channel[0].held, 1);
	assert_in_range(single->pool.bytes, 900000, 1 << 20);
	/* It goes on where it was, once the disk does. */
	while (single->recording.reader) {
		commit_single(single);
		while (netra_recording_pump(&single->recording, 1, START))
			;
	}
	end_single(single);
	assert_int_equal(single->account.frames, 300);
	assert_int_equal(single->recording.lost, 0);
	assert_int_equal(read_recording(single_path(single)).hole, 0);
}

/* The recorder is gone between two commits; its file is as it was. */
static const char *abandon(struct single *single)
{
	static char path[600];

	memcpy(path, single_path(single), sizeof(path));
	if (single->recording.fragment)
		netra_store_pool_give(&single->pool,
				      single->recording.fragment);
	single->recording.fragment = NULL;
	if (single->recording.pending)
		netra_reader_release(single->recording.reader,
				     &single->recording.frame);
	netra_reader_close(single->recording.reader);
	netra_store_file_leave(&single->writer.channel[0].file);
	netra_store_writer_free(&single->writer);
	netra_store_pool_free(&single->pool);
	netra_store_close(&single->folder);
	return path;
}

static struct netra_store_repair repair(struct fixture *f)
{
	struct netra_store_repair result = { 0 };
	struct netra_store_folder folder;
	struct netra_store_entry *entries;
	char why[200] = "";
	size_t count;

	assert_int_equal(netra_store_open(&folder, f->store, true, why,
					  sizeof(why)), 0);
	netra_store_repair(&folder, 0, &result);
	assert_int_equal(result.failed, 0);
	assert_int_equal(netra_store_list(&folder, 0, &entries, &count), 0);
	for (size_t i = 0; i < count; i++)
		if (entries[i].kind == NETRA_STORE_FILE_PART)
			assert_int_equal(netra_store_adopt(&folder, 0,
					entries[i].start_ms, true, why,
					sizeof(why)), 0);
	free(entries);
	netra_store_close(&folder);
	return result;
}

static void torn_ends_are_cut(void **state)
{
	struct fixture *f = *state;
	static const char ends_with[][5] = { "", "x", "moof", "\0\0\0\0" };
	struct netra_store_repair result;
	struct single *single;
	struct recording r;
	const char *path;
	char whole[600];
	struct stat st;
	int fd;

	for (uint32_t i = 0; i < 4; i++) {
		single = open_single(f, true);
		f->script[0]->next = f->script[0]->count = 0;
		add_stream(f->script[0], 0, 200);
		run_seconds(single, 5);
		path = abandon(single);
		assert_int_equal(stat(path, &st), 0);
		fd = open(path, O_RDWR | O_APPEND);
		assert_int_equal(write(fd, ends_with[i], i ? 4u : 0u),
				 i ? 4 : 0);
		close(fd);
		result = repair(f);
		assert_int_equal(result.files, 1);
		assert_int_equal(result.cut, i ? 1 : 0);
		assert_int_equal(result.cut_bytes, i ? 4 : 0);
		snprintf(whole, sizeof(whole), "%.*s", (int)strlen(path) - 5,
			 path);
		r = read_recording(whole);
		assert_int_equal(r.samples, 150);
		assert_int_equal(r.duration, 150 * 3000);
		assert_int_equal(unlink(whole), 0);
	}
}

/* Whatever is cut off or changed in the last commit: the rest is kept. */
static void what_was_durable_is_kept(void **state)
{
	struct fixture *f = *state;
	struct netra_store_repair result;
	struct single *single;
	struct recording r;
	const char *path;
	char whole[600];
	struct stat before, after;
	uint8_t byte;
	int fd;

	for (uint32_t i = 0; i < 60; i++) {
		single = open_single(f, true);
		f->script[0]->next = f->script[0]->count = 0;
		add_stream(f->script[0], 0, 200);
		run_seconds(single, 3);
		assert_int_equal(stat(single_path(single), &before), 0);
		run_seconds(single, 1);
		path = abandon(single);
		assert_int_equal(stat(path, &after), 0);
		fd = open(path, O_RDWR);
		if (i % 2) {
			assert_int_equal(ftruncate(fd, before.st_size +
				(after.st_size - before.st_size) * i / 60), 0);
		} else {
			off_t at = before.st_size +
				   (after.st_size - before.st_size) * i / 60;

			assert_int_equal(pread(fd, &byte, 1, at), 1);
			byte ^= 0x10;
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		close(fd);
		result = repair(f);
		assert_int_equal(result.cut, 1);
		snprintf(whole, sizeof(whole), "%.*s", (int)strlen(path) - 5,
			 path);
		r = read_recording(whole);
		assert_int_equal(r.samples, 90);
		assert_int_equal(unlink(whole), 0);
	}
}

static void what_is_no_recording_is_set_aside(void **state)
{
	struct fixture *f = *state;
	struct netra_store_repair result;
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/ch00", f->store);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.250Z.mp4.part",
		 f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("not a recording", file);
	fclose(file);
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.251Z.mp4.part",
		 f->store);
	fclose(fopen(path, "w"));
	result = repair(f);
	assert_int_equal(result.damaged, 2);
	/* The empty one is gone. */
	assert_int_equal(files_in(f, 0), 1);
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.250Z.mp4.damaged",
		 f->store);
	assert_int_equal(access(path, F_OK), 0);
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
		TEST(a_failed_sync_ends_the_file),
		TEST(a_full_disk_costs_no_more_than_must_be),
		TEST(a_disk_full_from_the_start_leaves_nothing),
		TEST(a_slow_disk_leaves_frames_in_the_ring),
		TEST(torn_ends_are_cut),
		TEST(what_was_durable_is_kept),
		TEST(what_is_no_recording_is_set_aside),
		TEST(names_are_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
