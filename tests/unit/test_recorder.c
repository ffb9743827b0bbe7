/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From frames to files, without a board: tests say what frames come and what
 * becomes of them, then read the files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/recorder/script.h"

static struct netra_recorder *open_one(struct fixture *f)
{
	struct netra_recorder_options options = {
		.store = f->store, .channels = (uint32_t[]){ 0 },
		.channel_count = 1,
	};
	struct netra_recorder *recorder;

	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder), 0);
	return recorder;
}

/* To the end, and how it went. */
static struct netra_recorder_channel rest_of(struct netra_recorder *recorder)
{
	struct netra_recorder_channel info;

	while (netra_recorder_pump(recorder) != NETRA_ERR_ENDED)
		;
	netra_recorder_finish(recorder);
	netra_recorder_channel(recorder, 0, &info);
	assert_int_equal(netra_recorder_close(recorder) != NETRA_OK,
			 info.failed);
	return info;
}

/* Channel 0, in one go. */
static struct netra_recorder_channel record_one(struct fixture *f)
{
	return rest_of(open_one(f));
}

/* A channel that is being started still says that its last stream has ended. */
static void end_before_the_beginning(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder *recorder = open_one(f);
	struct netra_recorder_channel info;

	netra_recorder_pump_early(recorder);
	assert_int_equal(netra_recorder_pump(recorder), NETRA_OK);
	add_stream(f->script[0], 500000, 30);
	info = rest_of(recorder);
	assert_true(info.ended);
	assert_false(info.failed);
	assert_int_equal(info.frames, 30);
}

static void whole_recording(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 500000, 95);
	info = record_one(f);
	assert_true(info.ended);
	assert_false(info.failed);
	assert_int_equal(info.frames, 95);
	assert_int_equal(info.lost, 0);
	assert_int_equal(info.gaps, 0);
	assert_int_equal(info.duration_90k, 95 * 3000);
	assert_non_null(strstr(info.path, "/ch00/2"));
	assert_true(ends(info.path, "Z.mp4"));
	r = read_recording(info.path);
	assert_int_equal(r.size, info.bytes);
	assert_int_equal(r.samples, 95);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.end, 95 * 3000);
	assert_int_equal(r.duration, 95 * 3000);
	assert_int_equal(files_in(f, 0), 1);
}

static void lost_frames_show_as_a_gap(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 0, 40);
	add_stream(f->script[0], 100 * 3000, 10);
	f->script[0]->frame[0].lost = 3;	/* before the file: no gap in it */
	f->script[0]->frame[40].lost = 60;
	f->board.channel[0].lost = 5;		/* after the last frame */
	info = record_one(f);
	assert_int_equal(info.frames, 50);
	assert_int_equal(info.lost, 68);
	assert_int_equal(info.gaps, 1);
	r = read_recording(info.path);
	assert_int_equal(r.hole, 60 * 3000);
	assert_int_equal(r.end, 110 * 3000);
}

static void variable_rates_keep_their_times(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;
	int64_t dts = 0;

	for (uint32_t i = 0; i < 100; i++) {
		add_frame(f->script[0], dts, i % 30 == 0);
		dts += 1000 + i * i % 17 * 500;
	}
	f->script[0]->frame[99].duration_90k = 1234;
	info = record_one(f);
	r = read_recording(info.path);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.end, f->script[0]->frame[99].dts_90k + 1234);
	assert_int_equal(info.duration_90k, r.end);
}

static void the_first_picture_shown_is_at_zero(void **state)
{
	static const int64_t order[] = { 4, 3, 2, 8, 6 };
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	for (uint32_t i = 0; i < 5; i++)
		add_frame(f->script[0], 77000 + i * 3000, i == 0)->pts_90k =
			77000 + order[i] * 3000;
	info = record_one(f);
	r = read_recording(info.path);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.media_start, 2 * 3000);
	assert_int_equal(r.most_delay, 5 * 3000);
	assert_int_equal(r.duration, (8 + 1 - 2) * 3000);
}

static void a_clock_started_anew_does_not_run_backwards(void **state)
{
	struct fixture *f = *state;
	struct script *s = f->script[0];
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(s, 900000, 40);
	add_stream(s, 0, 40);			/* the board was restarted */
	add_stream(s, INT64_MAX - 3000 * 20, 10);	/* a mad one */
	add_stream(s, INT64_MIN, 10);
	s->frame[39].host_time_ns = 1000000000;
	s->frame[40].host_time_ns = 3000000000;
	s->frame[5].pts_90k = INT64_MIN;
	s->frame[6].pts_90k = INT64_MAX;
	s->frame[7].pts_90k -= 1000;
	s->frame[8].pts_90k += 1000;
	info = record_one(f);
	assert_int_equal(info.frames, 100);
	assert_int_equal(info.gaps, 3);
	r = read_recording(info.path);
	assert_int_equal(r.least_delay, 0);
	assert_int_equal(r.most_delay, 1000);
	/* Two seconds by the host's clock, less the last frame's duration. */
	assert_int_equal(r.hole, 180000 - 3000);
	assert_int_equal(r.end, 100 * 3000 + 180000 - 3000);
}

static void frames_before_parameter_sets_cannot_be_kept(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	for (uint32_t i = 0; i < 40; i++)
		add_frame(f->script[0], i * 3000ll, false);
	add_stream(f->script[0], 40 * 3000, 50);
	info = record_one(f);
	assert_int_equal(info.lost, 40);
	assert_int_equal(info.frames, 50);
	assert_int_equal(info.gaps, 0);
	r = read_recording(info.path);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.end, 50 * 3000);
}

static void no_frames_no_file(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;

	info = record_one(f);
	assert_true(info.ended);
	assert_false(info.failed);
	assert_string_equal(info.path, "");
	assert_int_equal(info.duration_90k, 0);
	add_frame(f->script[0], 0, false)->flags = NETRA_FRAME_END;
	info = record_one(f);
	assert_string_equal(info.path, "");
	assert_int_equal(files_in(f, 0), 0);
}

static void torn_frames_are_left_out(void **state)
{
	static const uint32_t torn[] = { 0, 29, 45, 46, 99 };
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 0, 100);
	for (uint32_t i = 0; i < 5; i++)
		f->script[0]->torn[torn[i]] = true;
	info = record_one(f);
	/* Without the first key frame the next one begins the file. */
	assert_int_equal(info.frames, 67);
	assert_int_equal(info.lost, 33);
	assert_int_equal(info.gaps, 1);
	assert_false(info.failed);
	r = read_recording(info.path);
	assert_int_equal(r.samples, 67);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.hole, 2 * 3000);
	assert_int_equal(r.size, info.bytes);
	assert_int_equal(r.duration, 69 * 3000);
}

static void nothing_but_torn_frames_no_file(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;

	add_stream(f->script[0], 0, 20);
	for (uint32_t i = 0; i < 20; i++)
		f->script[0]->torn[i] = true;
	info = record_one(f);
	assert_int_equal(info.lost, 20);
	assert_string_equal(info.path, "");
	assert_int_equal(files_in(f, 0), 0);
}

static void nothing_of_the_ring_is_held(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 0, 90);
	for (uint32_t i = 0; i < 90; i++)
		f->script[0]->frame[i].length = 30000;
	f->script[0]->frame[50].length = sizeof(f->script[0]->bytes);
	info = record_one(f);
	assert_int_equal(info.frames, 90);
	assert_int_equal(f->board.channel[0].held_most, 1);
	r = read_recording(info.path);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.end, 90 * 3000);
}

static void a_rush_of_frames_is_cut_early(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	for (uint32_t i = 0; i < 1000; i++)
		add_frame(f->script[0], i, i == 0);
	info = record_one(f);
	assert_int_equal(info.frames, 1000);
	r = read_recording(info.path);
	assert_in_range(r.fragment_samples[0], 1, NETRA_STORE_FRAGMENT_SAMPLES);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.samples, 1000);
}

static void damaged_frames_are_left_out(void **state)
{
	struct fixture *f = *state;
	struct script *s = f->script[0];
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(s, 0, 60);
	for (uint32_t i = 0; i < 60; i++)
		s->sets[i] = true;
	s->junk[0] = true;
	s->junk[2] = true;	/* while the file has not begun yet */
	s->junk[40] = true;
	s->junk[41] = true;
	info = record_one(f);
	assert_int_equal(info.frames, 56);
	assert_int_equal(info.lost, 4);
	assert_int_equal(info.gaps, 2);
	r = read_recording(info.path);
	assert_int_equal(r.samples, 56);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.hole, 3 * 3000);
	assert_int_equal(r.end, 59 * 3000);
}

static void a_lost_board_leaves_whole_files(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;

	add_stream(f->script[0], 0, 50);
	f->script[0]->then = NETRA_ERR_GONE;
	info = record_one(f);
	assert_true(info.failed);
	assert_false(info.ended);
	assert_string_equal(info.error, netra_error_name(NETRA_ERR_GONE));
	assert_true(ends(info.path, "Z.mp4"));
	assert_int_equal(info.frames, 50);
	assert_int_equal(read_recording(info.path).duration, 50 * 3000);
}

static void a_store_that_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_options options = { .store = "/dev/null" };
	struct netra_recorder *recorder;

	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder),
			 NETRA_ERR_IO);
	assert_string_equal(netra_recorder_open_error(),
			    "/dev/null: Not a directory");
	options.store = "/no/such/folder";
	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder),
			 NETRA_ERR_IO);
	options.store = f->store;
	options.channels = (uint32_t[]){ 4 };
	options.channel_count = 1;
	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder),
			 NETRA_ERR_NOT_FOUND);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(f->board.channel[i].readers, 0);
}

static void all_channels_into_a_new_store(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct netra_recorder *recorder;
	char store[100];
	struct netra_recorder_options options = { .store = store };

	snprintf(store, sizeof(store), "%s/new", f->store);
	for (uint32_t i = 0; i < 4; i++)
		add_stream(f->script[i], 0, 31 + i);
	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder), 0);
	assert_int_equal(netra_recorder_channels(recorder), 4);
	while (netra_recorder_pump(recorder) != NETRA_ERR_ENDED)
		;
	assert_int_equal(netra_recorder_finish(recorder), NETRA_OK);
	for (uint32_t i = 0; i < 4; i++) {
		netra_recorder_channel(recorder, i, &info);
		assert_int_equal(info.channel, i);
		assert_int_equal(read_recording(info.path).samples, 31 + i);
	}
	assert_int_equal(netra_recorder_close(recorder), NETRA_OK);
}

static void a_second_recorder_is_refused(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_options options = { .store = f->store };
	struct netra_recorder *recorder, *second;

	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder), 0);
	assert_int_equal(netra_recorder_open(&f->board, &options, &second),
			 NETRA_ERR_BUSY);
	assert_non_null(strstr(netra_recorder_open_error(),
			       ": another recorder is at work there"));
	assert_int_equal(netra_recorder_close(recorder), NETRA_OK);
	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder), 0);
	assert_int_equal(netra_recorder_close(recorder), NETRA_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(end_before_the_beginning),
		TEST(whole_recording),
		TEST(lost_frames_show_as_a_gap),
		TEST(variable_rates_keep_their_times),
		TEST(the_first_picture_shown_is_at_zero),
		TEST(a_clock_started_anew_does_not_run_backwards),
		TEST(frames_before_parameter_sets_cannot_be_kept),
		TEST(no_frames_no_file),
		TEST(torn_frames_are_left_out),
		TEST(nothing_but_torn_frames_no_file),
		TEST(nothing_of_the_ring_is_held),
		TEST(a_rush_of_frames_is_cut_early),
		TEST(damaged_frames_are_left_out),
		TEST(a_lost_board_leaves_whole_files),
		TEST(a_store_that_cannot_be_is_refused),
		TEST(all_channels_into_a_new_store),
		TEST(a_second_recorder_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
