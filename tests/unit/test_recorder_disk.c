/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks that fail, are full, or are slow: what it costs, and that it is counted.
 * Channel 0 alone, with the test's own clock.
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

/* Several files end in one commit: the reason is the sync's all the same. */
static void a_failed_sync_amid_short_files(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	uint64_t bytes, now = START;

	single->shared.rotate_ns = SECOND / 2;
	add_stream(f->script[0], 0, 30 * 7);
	run_seconds(single, 1);
	bytes = single->account.bytes;
	syncs_fail = true;
	syncs_to_fail = 2;
	for (uint32_t i = 0; i < 30 * 4; i++, now += SECOND / 30)
		netra_recording_pump(&single->recording, 1, now);
	commit_single(single);
	assert_false(syncs_fail);
	assert_string_equal(single->account.error,
			    "cannot make it durable: Input/output error");
	assert_int_equal(single->account.frames, 30 + 60);
	assert_int_equal(single->account.lost, 60);
	assert_true(single->account.bytes > bytes);
	/* The file that is open fails as well. A counter never goes back. */
	syncs_fail = true;
	run_seconds(single, 1);
	syncs_fail = false;
	bytes = single->account.bytes;
	run_seconds(single, 1);
	assert_true(single->account.bytes > bytes);
	end_single(single);
	assert_int_equal(single->account.frames + single->account.lost +
			 single->recording.lost, 30 * 7);
}

static void a_folder_that_fails_is_no_place_for_files(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	add_stream(f->script[0], 0, 30 * 6);
	/* The channel's own folder cannot be made durable in its parent. */
	folder_syncs_fail = true;
	run_seconds(single, 1);
	assert_int_equal(single->account.frames, 0);
	assert_int_equal(single->account.lost, 30);
	assert_string_equal(single->account.error,
			    "cannot make the channel's folder");
	folder_syncs_fail = false;
	folder_syncs = 0;
	run_seconds(single, 1);
	assert_int_equal(single->account.frames, 30);
	assert_int_equal(folder_syncs, 2);	/* that one again, the file in it */
	/* Nor can its next file in it. */
	single->shared.rotate_ns = 1;
	single->recording.file_due_ns = 0;
	folder_syncs_fail = true;
	run_seconds(single, 1);
	folder_syncs_fail = false;
	assert_string_equal(single->account.error,
			    "cannot make the folder durable: Input/output error");
	assert_int_equal(single->account.frames, 30);
	assert_int_equal(single->account.lost, 60);
	single->shared.rotate_ns = 60 * SECOND;
	run_seconds(single, 3);
	end_single(single);
	assert_int_equal(single->account.frames, 30 + 90);
	assert_int_equal(single->account.lost + single->recording.lost, 60);
}

/* A file that cannot have its name is not forgotten. */
static void a_name_that_is_taken_is_left_to_the_keeper(void **state)
{
	const struct netra_keeper_options options = { 0 };
	static struct netra_store_keeper keeper;
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	char path[600];

	assert_int_equal(netra_store_keeper_init(&keeper, &single->folder,
						 &options), 0);
	single->writer.keeper = &keeper;
	add_stream(f->script[0], 0, 30);
	run_seconds(single, 1);
	snprintf(path, sizeof(path), "%.*s",
		 (int)strlen(single_path(single)) - 5, single_path(single));
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0644)), 0);
	end_single(single);
	assert_string_equal(single->account.error,
			    "cannot give it its final name: File exists");
	assert_int_equal(keeper.left_count, 1);
	netra_store_keeper_finish(&keeper);
}

/* What exposes frames is the oldest of them, whatever is in front of it. */
static void the_oldest_frame_is_known(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);
	struct netra_store_fragment *end = netra_store_pool_take(&single->pool);
	struct netra_store_fragment *old = netra_store_pool_take(&single->pool);

	end->note.channel = 1;
	end->ends = true;
	end->taken_ns = 1;	/* of the fragment that it was before */
	netra_store_writer_queue(&single->writer, end);
	assert_int_equal(netra_store_writer_oldest_ns(&single->writer), 0);
	add_stream(f->script[0], 0, 30);
	netra_recording_pump(&single->recording, 30, START);
	netra_recording_tick(&single->recording);
	netra_recording_flush(&single->recording);
	assert_int_equal(netra_store_writer_oldest_ns(&single->writer), START);
	old->note.channel = 1;
	old->taken_ns = START - 5;
	netra_store_writer_queue(&single->writer, old);
	assert_int_equal(netra_store_writer_oldest_ns(&single->writer),
			 START - 5);
	commit_single(single);
	assert_int_equal(netra_store_writer_oldest_ns(&single->writer), 0);
	end_single(single);
}

/* The disk is slow to the end: what the ring still holds is lost, and counted. */
static void what_found_no_memory_is_counted(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	single->pool.bytes_max = 1 << 20;
	add_stream(f->script[0], 0, 300);
	for (uint32_t i = 0; i < 300; i++)
		f->script[0]->frame[i].length = 10000;
	f->script[0]->frame[290].lost = 7;
	while (netra_recording_pump(&single->recording, 1, START))
		;
	assert_true(single->recording.pending);
	end_single(single);
	assert_in_range(single->account.frames, 50, 110);
	assert_int_equal(single->account.frames + single->recording.lost, 307);
}

/* A frame that cannot be held, now or ever, is lost alone. */
static void a_frame_beyond_all_memory_is_lost(void **state)
{
	struct fixture *f = *state;
	struct single *single = open_single(f, true);

	single->pool.bytes_max = 256 << 10;
	add_stream(f->script[0], 0, 90);
	f->script[0]->frame[40].length = 200 << 10;
	run_seconds(single, 3);
	end_single(single);
	assert_int_equal(single->account.frames, 89);
	assert_int_equal(single->recording.lost, 1);
}

/* Who cannot get all the memory it needs takes none of it from others. */
static void memory_is_had_whole_or_not_at_all(void **state)
{
	struct netra_store_fragment *one, *other;
	struct netra_store_pool pool;
	uint64_t before;

	(void)state;
	netra_store_pool_init(&pool, 100000, 50000);
	one = netra_store_pool_take(&pool);
	other = netra_store_pool_take(&pool);
	assert_true(pool.bytes >= 2 * NETRA_MP4_HEADER_BYTES(NETRA_STORE_FRAGMENT_SAMPLES));
	before = pool.bytes;
	assert_int_equal(netra_store_pool_reserve(&pool, one, 95000),
			 NETRA_ERR_NO_MEMORY);
	assert_int_equal(pool.bytes, before);
	assert_int_equal(netra_store_pool_reserve(&pool, other, 80000), 0);
	assert_true(pool.bytes <= 100000);
	assert_int_equal(netra_store_pool_reserve(&pool, one, 10000),
			 NETRA_ERR_NO_MEMORY);
	netra_store_pool_give(&pool, other);
	assert_int_equal(netra_store_pool_reserve(&pool, one, 80000), 0);
	netra_store_pool_give(&pool, one);
	netra_store_pool_free(&pool);
	assert_int_equal(pool.bytes, 0);
}

/* All channels gather more than the buffer holds, and no commit is near. */
static void fragments_do_not_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder *recorder;
	const struct netra_recorder_options options = {
		.store = f->store,
		.fragment_ms = 60000,
		.buffer_bytes = 8 << 20,
	};
	struct netra_recorder_channel info;
	enum netra_error err = NETRA_OK;

	for (uint32_t i = 0; i < 4; i++) {
		add_stream(f->script[i], 0, 60);
		for (uint32_t k = 0; k < 60; k++)
			f->script[i]->frame[k].length = 100000;
	}
	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder), 0);
	for (int tries = 0; err != NETRA_ERR_ENDED && tries < 2000; tries++) {
		err = netra_recorder_pump(recorder);
		usleep(10000);
	}
	assert_int_equal(err, NETRA_ERR_ENDED);
	assert_int_equal(netra_recorder_finish(recorder), 0);
	for (uint32_t i = 0; i < 4; i++) {
		netra_recorder_channel(recorder, i, &info);
		assert_int_equal(info.frames, 60);
	}
	netra_recorder_close(recorder);
}


#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failed_sync_ends_the_file),
		TEST(a_full_disk_costs_no_more_than_must_be),
		TEST(a_disk_full_from_the_start_leaves_nothing),
		TEST(a_slow_disk_leaves_frames_in_the_ring),
		TEST(a_failed_sync_amid_short_files),
		TEST(a_folder_that_fails_is_no_place_for_files),
		TEST(a_name_that_is_taken_is_left_to_the_keeper),
		TEST(the_oldest_frame_is_known),
		TEST(what_found_no_memory_is_counted),
		TEST(a_frame_beyond_all_memory_is_lost),
		TEST(memory_is_had_whole_or_not_at_all),
		TEST(fragments_do_not_wait_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
