/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder without a board: tests say what frames come and what becomes
 * of them, then read the files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "h264_write.h"
#include "media/h264.h"
#include "recorder/recorder.h"
#include "recorder/recorder_channel.h"
#include "tests/mp4_read.h"
#include "tests/recorder/fake_netra.h"

#define FRAMES_MAX 2048

/* Stand in for the C library's, to count calls and to fail. */
static uint32_t file_syncs, folder_syncs;
static bool syncs_fail;

int fdatasync(int fd)
{
	(void)fd;
	file_syncs++;
	errno = EIO;
	return syncs_fail ? -1 : 0;
}

int fsync(int fd)
{
	(void)fd;
	folder_syncs++;
	return 0;
}

/* What a channel gives, frame by frame. */
struct script {
	struct netra_frame frame[FRAMES_MAX];	/* no data: made by kind */
	bool sets[FRAMES_MAX];			/* SPS and PPS go before */
	bool torn[FRAMES_MAX];
	bool junk[FRAMES_MAX];			/* zeros instead of NAL units */
	uint32_t count;
	uint32_t next;
	uint32_t ready;		/* so many are there already; 0 = all */
	enum netra_error then;
	uint8_t bytes[1 << 18];
};

struct fixture {
	char store[64];
	struct netra_board board;
	struct script *script[4];
};

static enum netra_error next_frame(void *context, struct netra_frame *frame)
{
	struct script *s = context;
	struct writer w = { 0 };

	if (s->ready && s->next == s->ready)
		return NETRA_ERR_AGAIN;
	if (s->next == s->count)
		return s->then;
	*frame = s->frame[s->next];
	frame->sequence = s->next;
	if (s->sets[s->next]) {
		put_sps(&w, &(struct sps_choice){ .profile = 77 });
		put_pps(&w, &(struct pps_choice){ 0 });
	}
	put_nal(&w, 3, frame->flags & NETRA_FRAME_KEY ? NETRA_NAL_IDR
						      : NETRA_NAL_SLICE);
	if (s->junk[s->next])
		memset(w.bytes, 0, sizeof(w.bytes));
	s->next++;
	if (frame->flags & NETRA_FRAME_END) {
		frame->length = 0;
		return NETRA_OK;
	}
	/* The length asked for is made up with slice data. */
	memset(s->bytes, 0xa5, sizeof(s->bytes));
	memcpy(s->bytes, w.bytes, w.length);
	if (frame->length < w.length)
		frame->length = w.length;
	frame->data = s->bytes;
	return NETRA_OK;
}

static bool frame_torn(void *context, const struct netra_frame *frame)
{
	struct script *s = context;

	return s->torn[frame->sequence];
}

static struct netra_frame *add_frame(struct script *s, int64_t dts, bool key)
{
	struct netra_frame *frame = &s->frame[s->count];

	assert_true(s->count < FRAMES_MAX);
	s->sets[s->count++] = key;
	frame->dts_90k = dts;
	frame->pts_90k = dts;
	frame->flags = key ? NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS : 0;
	return frame;
}

/* @count frames at 30 a second, a key frame each second. */
static void add_stream(struct script *s, int64_t dts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		add_frame(s, dts + i * 3000ll, i % 30 == 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(f);
	file_syncs = folder_syncs = 0;
	syncs_fail = false;
	snprintf(f->store, sizeof(f->store), "%s/netra-test-XXXXXX",
		 tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->store));
	f->board.channels = 4;
	for (uint32_t i = 0; i < 4; i++) {
		f->script[i] = calloc(1, sizeof(*f->script[i]));
		assert_non_null(f->script[i]);
		f->script[i]->then = NETRA_ERR_ENDED;
		f->board.channel[i] = (struct fake_channel){
			.next = next_frame, .torn = frame_torn,
			.context = f->script[i], .ring_bytes = 2 << 20,
		};
	}
	*state = f;
	return 0;
}

static int clean_up(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int left = 0;

	snprintf(command, sizeof(command), "rm -rf '%s'", f->store);
	for (uint32_t i = 0; i < 4; i++) {
		left += (int)(f->board.channel[i].held +
			      f->board.channel[i].readers);
		free(f->script[i]);
	}
	left += system(command);
	free(f);
	return left;
}

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

/* Records channel 0 to its end and says how it went. */
static struct netra_recorder_channel record_one(struct fixture *f)
{
	struct netra_recorder *recorder = open_one(f);
	struct netra_recorder_channel info;

	assert_int_equal(netra_recorder_pump(recorder), NETRA_ERR_ENDED);
	netra_recorder_finish(recorder);
	netra_recorder_channel(recorder, 0, &info);
	assert_int_equal(netra_recorder_close(recorder) != NETRA_OK,
			 info.failed);
	return info;
}

static uint32_t files_in(const struct fixture *f)
{
	DIR *dir = opendir(f->store);
	uint32_t n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* A recording read back. */
struct recording {
	size_t size;
	uint32_t fragments;
	uint32_t samples;
	int64_t first_dts;	/* of the file */
	int64_t hole;		/* sum of time between fragments */
	int64_t end;		/* decode time after the last sample */
	uint64_t duration;	/* as the file says */
	int64_t media_start;	/* of the edit list */
	int32_t least_delay;	/* composition offsets */
	int32_t most_delay;
	uint32_t fragment_samples[64];
};

static void read_fragment(struct recording *r, const uint8_t *moof, size_t size)
{
	struct box tfdt = find_box(moof, size, "moof/traf/tfdt");
	struct box trun = find_box(moof, size, "moof/traf/trun");
	struct box mfhd = find_box(moof, size, "moof/mfhd");
	uint32_t count = be32(trun.data + 4), offset = be32(trun.data + 8);
	int64_t dts = (int64_t)be64(tfdt.data + 4);
	int32_t delay;

	if (!r->fragments)
		r->first_dts = dts;
	else
		r->hole += dts - r->end;
	for (uint32_t i = 0; i < count; i++) {
		dts += be32(trun.data + 12 + i * 16);
		offset += be32(trun.data + 12 + i * 16 + 4);
		delay = (int32_t)be32(trun.data + 12 + i * 16 + 12);
		if (delay < r->least_delay)
			r->least_delay = delay;
		if (delay > r->most_delay)
			r->most_delay = delay;
	}
	assert_true(offset <= size);	/* samples lie inside the file */
	r->end = dts;
	if (r->fragments < 64)
		r->fragment_samples[r->fragments] = count;
	assert_int_equal(be32(mfhd.data + 4), ++r->fragments);
	r->samples += count;
}

static struct recording read_recording(const char *path)
{
	struct recording r = { 0 };
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint32_t moovs = 0;
	uint8_t *data;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	r.size = (size_t)st.st_size;
	data = malloc(r.size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, r.size, file), r.size);
	fclose(file);
	assert_true(boxes_whole(data, r.size));
	r.duration = be64(find_box(data, r.size, "moov/mvex/mehd").data + 4);
	r.media_start = (int64_t)be64(find_box(data, r.size,
					       "moov/trak/edts/elst").data + 16);
	for (size_t at = 0; at < r.size; at += be32(data + at)) {
		moovs += !memcmp(data + at + 4, "moov", 4);
		if (!memcmp(data + at + 4, "moof", 4))
			read_fragment(&r, data + at, r.size - at);
	}
	assert_int_equal(moovs, 1);
	free(data);
	return r;
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
	assert_string_equal(strrchr(info.path, '/'), "/ch00.mp4");
	r = read_recording(info.path);
	assert_int_equal(r.size, info.bytes);
	assert_int_equal(r.samples, 95);
	assert_int_equal(r.fragments, 4);
	assert_int_equal(r.fragment_samples[0], 30);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.end, 95 * 3000);
	assert_int_equal(r.duration, 95 * 3000);
	assert_int_equal(files_in(f), 1);
}

static void unfinished_recording_is_named_so(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct netra_recorder *recorder;
	struct recording r;

	add_stream(f->script[0], 0, 45);
	f->script[0]->ready = 40;
	recorder = open_one(f);
	assert_int_equal(netra_recorder_pump(recorder), NETRA_OK);
	netra_recorder_channel(recorder, 0, &info);
	assert_string_equal(strrchr(info.path, '/'), "/ch00.mp4.part");
	assert_int_equal(info.frames, 30);	/* the rest is held */
	assert_int_equal(f->board.channel[0].held, 10);
	r = read_recording(info.path);		/* playable as it is */
	assert_int_equal(r.samples, 30);
	assert_int_equal(netra_recorder_finish(recorder), NETRA_OK);
	netra_recorder_channel(recorder, 0, &info);
	assert_string_equal(strrchr(info.path, '/'), "/ch00.mp4");
	assert_int_equal(info.frames, 40);
	assert_false(info.ended);
	assert_int_equal(netra_recorder_close(recorder), NETRA_OK);
	assert_int_equal(files_in(f), 1);
}

/* Channel 0 alone, with the test's own clock. */
static struct netra_recording *open_recording(struct fixture *f, bool sync)
{
	static struct netra_recording recording;
	int directory = open(f->store, O_RDONLY | O_DIRECTORY);

	assert_true(directory >= 0);
	assert_int_equal(netra_recording_open(&recording, &f->board, 0,
					      directory, 1000, sync), 0);
	return &recording;
}

static void close_recording(struct netra_recording *recording)
{
	netra_recording_finish(recording);
	netra_recording_free(recording);
	close(recording->file.directory);
}

static void a_stalled_channel_is_written_in_time(void **state)
{
	struct fixture *f = *state;
	struct netra_recording *recording = open_recording(f, true);
	uint64_t now = 5000000000;

	add_stream(f->script[0], 0, 20);
	f->script[0]->then = NETRA_ERR_AGAIN;
	assert_false(netra_recording_pump(recording, 100, now));
	assert_false(netra_recording_pump(recording, 100, now + 1200000000));
	assert_int_equal(recording->frames, 0);
	assert_false(netra_recording_pump(recording, 100, now + 1300000000));
	assert_int_equal(recording->frames, 20);
	assert_int_equal(file_syncs, 1);
	assert_int_equal(f->board.channel[0].held, 0);
	close_recording(recording);
}

static void each_second_is_made_durable(void **state)
{
	struct fixture *f = *state;
	struct netra_recording *recording = open_recording(f, true);
	uint64_t now = 5000000000;

	add_stream(f->script[0], 0, 301);
	for (uint32_t i = 0; i < 301; i++) {
		/* At 30 a second, and not quite evenly. */
		netra_recording_pump(recording, 1, now + i % 3 * 20000000);
		now += 33333333;
		assert_int_equal(file_syncs, i / 30);
		assert_int_equal(recording->frames, i / 30 * 30);
	}
	assert_int_equal(folder_syncs, 1);	/* the new file's name */
	close_recording(recording);
	assert_int_equal(folder_syncs, 2);	/* its last one */
	assert_int_equal(file_syncs, 11);
}

static void faster_than_time_shares_a_sync(void **state)
{
	struct fixture *f = *state;
	struct netra_recording *recording = open_recording(f, true);
	uint64_t now = 5000000000;

	add_stream(f->script[0], 0, 301);
	f->script[0]->then = NETRA_ERR_AGAIN;
	while (netra_recording_pump(recording, 10, now))
		now += 10000000;
	assert_int_equal(recording->frames, 300);
	assert_int_equal(file_syncs, 1);
	/* What is left is synced even if no frame comes any more. */
	netra_recording_pump(recording, 10, now + 600000000);
	assert_int_equal(file_syncs, 2);
	netra_recording_pump(recording, 10, now + 1200000000);
	assert_int_equal(file_syncs, 2);
	close_recording(recording);
}

static void no_sync_if_not_wanted(void **state)
{
	struct fixture *f = *state;
	struct netra_recording *recording = open_recording(f, false);

	add_stream(f->script[0], 0, 100);
	netra_recording_pump(recording, 200, 5000000000);
	close_recording(recording);
	assert_int_equal(file_syncs + folder_syncs, 0);
}

static void a_failed_sync_is_not_tried_again(void **state)
{
	struct fixture *f = *state;
	struct netra_recording *recording = open_recording(f, true);

	add_stream(f->script[0], 0, 100);
	syncs_fail = true;
	netra_recording_pump(recording, 40, 5000000000);
	syncs_fail = false;
	assert_int_equal(recording->failure, NETRA_ERR_IO);
	assert_string_equal(recording->error, "cannot sync: Input/output error");
	assert_null(recording->reader);
	assert_false(netra_recording_pump(recording, 40, 7000000000));
	close_recording(recording);
	assert_int_equal(file_syncs, 1);
	assert_string_equal(recording->file.name, "ch00.mp4.part");
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
	/* The first fragment has none; the second one has some. */
	assert_int_equal(info.lost, 30);
	assert_int_equal(info.frames, 60);
	assert_int_equal(info.gaps, 0);
	r = read_recording(info.path);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.end, 60 * 3000);
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
	assert_int_equal(files_in(f), 0);
}

static void torn_fragments_are_cut_off(void **state)
{
	static const uint32_t torn[] = { 0, 29, 45, 99 };
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 0, 100);
	for (uint32_t i = 0; i < 4; i++)
		f->script[0]->torn[torn[i]] = true;
	info = record_one(f);
	/* First, second and last fragment go: 30, 30 and 10 frames. */
	assert_int_equal(info.frames, 30);
	assert_int_equal(info.lost, 70);
	assert_false(info.failed);
	r = read_recording(info.path);
	assert_int_equal(r.fragments, 1);
	assert_int_equal(r.samples, 30);
	assert_int_equal(r.first_dts, 0);
	assert_int_equal(r.size, info.bytes);
	assert_int_equal(r.duration, 30 * 3000);
}

static void a_torn_fragment_between_is_a_gap(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 0, 90);
	f->script[0]->torn[31] = true;
	info = record_one(f);
	assert_int_equal(info.frames, 60);
	assert_int_equal(info.lost, 30);
	assert_int_equal(info.gaps, 1);
	r = read_recording(info.path);
	assert_int_equal(r.hole, 30 * 3000);
	assert_int_equal(r.end, 90 * 3000);
}

static void nothing_but_torn_frames_no_file(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;

	add_stream(f->script[0], 0, 20);
	f->script[0]->torn[3] = true;
	info = record_one(f);
	assert_int_equal(info.lost, 20);
	assert_string_equal(info.path, "");
	assert_int_equal(files_in(f), 0);
}

static void little_of_the_ring_is_held(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	add_stream(f->script[0], 0, 90);
	for (uint32_t i = 0; i < 90; i++)
		f->script[0]->frame[i].length = 30000;
	f->script[0]->frame[50].length = sizeof(f->script[0]->bytes);
	f->board.channel[0].ring_bytes = 1 << 20;
	info = record_one(f);
	assert_int_equal(info.frames, 90);
	/* An eighth, and the frame that did not fit any more. */
	assert_in_range(f->board.channel[0].held_most_bytes, 90000,
			(1 << 20) / 8 + sizeof(f->script[0]->bytes));
	r = read_recording(info.path);
	assert_int_equal(r.fragment_samples[0], 4);
	assert_int_equal(r.hole, 0);
	assert_int_equal(r.end, 90 * 3000);
}

static void a_rush_of_frames_is_written_early(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	struct recording r;

	for (uint32_t i = 0; i < 1000; i++)
		add_frame(f->script[0], i, i == 0);
	info = record_one(f);
	assert_int_equal(info.frames, 1000);
	assert_in_range(f->board.channel[0].held_most, 2, 129);
	r = read_recording(info.path);
	assert_int_equal(r.fragment_samples[0], 128);
	assert_int_equal(r.end - r.hole, 1000);
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

static void nothing_is_overwritten(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;
	char path[600];
	struct stat st;
	FILE *file;

	/* What a crash has left counts as well. */
	snprintf(path, sizeof(path), "%s/ch00.mp4.part", f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("old", file);
	fclose(file);
	for (uint32_t i = 1; i <= 3; i++) {
		f->script[0]->next = f->script[0]->count = 0;
		add_stream(f->script[0], 0, 5);
		info = record_one(f);
		assert_non_null(strstr(info.path, "/ch00-2"));
		assert_non_null(strstr(info.path, "Z"));
		assert_string_equal(info.path + strlen(info.path) - 4, ".mp4");
		assert_int_equal(read_recording(info.path).samples, 5);
		assert_int_equal(files_in(f), i + 1);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Channel 0 gets a file too large for the disk, channel 1 does not. */
static void a_full_disk_fails_one_channel(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_options options = {
		.store = f->store, .channels = (uint32_t[]){ 0, 1 },
		.channel_count = 2,
	};
	struct netra_recorder_channel info;
	struct netra_recorder *recorder;
	struct recording r;

	add_stream(f->script[0], 0, 300);
	add_stream(f->script[1], 0, 300);
	for (uint32_t i = 0; i < 300; i++)
		f->script[0]->frame[i].length = 3000;
	signal(SIGXFSZ, SIG_IGN);
	limit_files(500000);
	assert_int_equal(netra_recorder_open(&f->board, &options, &recorder), 0);
	assert_int_equal(netra_recorder_pump(recorder), NETRA_ERR_ENDED);
	assert_int_equal(netra_recorder_finish(recorder), NETRA_ERR_IO);
	limit_files(RLIM_INFINITY);

	netra_recorder_channel(recorder, 0, &info);
	assert_true(info.failed);
	assert_string_equal(info.error, "cannot write: File too large");
	assert_string_equal(strrchr(info.path, '/'), "/ch00.mp4.part");
	/* Five whole fragments of 30 frames, and not a byte of the sixth. */
	r = read_recording(info.path);
	assert_int_equal(r.fragments, 5);
	assert_int_equal(r.samples, 150);
	assert_int_equal(info.frames, 150);
	assert_int_equal(r.size, info.bytes);
	netra_recorder_channel(recorder, 1, &info);
	assert_false(info.failed);
	assert_int_equal(info.frames, 300);
	assert_string_equal(strrchr(info.path, '/'), "/ch01.mp4");
	assert_int_equal(netra_recorder_close(recorder), NETRA_ERR_IO);
}

static void a_disk_full_from_the_start_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct netra_recorder_channel info;

	add_stream(f->script[0], 0, 60);
	signal(SIGXFSZ, SIG_IGN);
	limit_files(900);
	info = record_one(f);
	limit_files(RLIM_INFINITY);
	assert_true(info.failed);
	assert_int_equal(info.frames, 0);
	assert_string_equal(info.path, "");
	assert_int_equal(files_in(f), 0);
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
	assert_string_equal(strrchr(info.path, '/'), "/ch00.mp4");
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
	assert_int_equal(netra_recorder_pump(recorder), NETRA_ERR_ENDED);
	for (uint32_t i = 0; i < 4; i++) {
		netra_recorder_channel(recorder, i, &info);
		assert_int_equal(info.channel, i);
		assert_int_equal(read_recording(info.path).samples, 31 + i);
	}
	assert_int_equal(netra_recorder_close(recorder), NETRA_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_recording),
		TEST(unfinished_recording_is_named_so),
		TEST(a_stalled_channel_is_written_in_time),
		TEST(each_second_is_made_durable),
		TEST(faster_than_time_shares_a_sync),
		TEST(no_sync_if_not_wanted),
		TEST(a_failed_sync_is_not_tried_again),
		TEST(lost_frames_show_as_a_gap),
		TEST(variable_rates_keep_their_times),
		TEST(the_first_picture_shown_is_at_zero),
		TEST(a_clock_started_anew_does_not_run_backwards),
		TEST(frames_before_parameter_sets_cannot_be_kept),
		TEST(no_frames_no_file),
		TEST(torn_fragments_are_cut_off),
		TEST(a_torn_fragment_between_is_a_gap),
		TEST(nothing_but_torn_frames_no_file),
		TEST(little_of_the_ring_is_held),
		TEST(a_rush_of_frames_is_written_early),
		TEST(damaged_frames_are_left_out),
		TEST(nothing_is_overwritten),
		TEST(a_full_disk_fails_one_channel),
		TEST(a_disk_full_from_the_start_leaves_nothing),
		TEST(a_lost_board_leaves_whole_files),
		TEST(a_store_that_cannot_be_is_refused),
		TEST(all_channels_into_a_new_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
