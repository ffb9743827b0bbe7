/* SPDX-License-Identifier: BSD-2-Clause */
/* Files as sources: every byte, right times, passes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavformat/avformat.h>

#include "emulator/source.h"
#include "h264_write.h"

static char folder[] = "/tmp/netra-source-XXXXXX";
static char path[128];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/stream", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static struct netra_source *open_path(const char *name, uint32_t loops)
{
	struct netra_source *source;
	char why[256] = "";

	if (netra_source_open_file(name, loops, &source, why, sizeof(why)))
		fail_msg("%s", why);
	return source;
}

/* One picture of two slices; @order is its picture order count. */
static void put_picture(struct writer *w, struct slice_choice *s, bool idr,
			bool reference, uint32_t order)
{
	s->type = idr ? 5 : 1;
	s->ref_idc = reference;
	s->kind = idr ? 2 : 0;
	s->poc_lsb = order & 15;
	s->first_mb = 0;
	put_slice(w, s);
	s->first_mb = 50;
	put_slice(w, s);
	s->frame_num = (s->frame_num + reference) & 15;
}

/* I P b b P b b, twice, the second time without its last b. */
static void make_reordered(struct writer *w)
{
	static const uint32_t order[] = { 0, 6, 2, 4, 12, 8, 10 };
	struct slice_choice s = { .poc_type_0 = true };

	for (uint32_t pass = 0; pass < 2; pass++) {
		put_nal(w, 0, 9);
		put_sps(w, &(struct sps_choice){ .profile = 77 });
		put_pps(w, &(struct pps_choice){ .id = 0 });
		s.frame_num = 0;
		s.idr_pic_id = pass;
		for (size_t i = 0; i < 7 - pass; i++)
			put_picture(w, &s, i == 0, i == 0 || i % 3 == 1,
				    order[i]);
	}
	put_raw(w, 0);
	put_sps(w, &(struct sps_choice){ .profile = 77 });
}

static void times_follow_the_picture_order(void **state)
{
	/* presented at: rank + one frame of delay */
	static const int64_t pts[] = { 1, 4, 2, 3, 7, 5, 6, 8, 11, 9, 10, 13, 12 };
	struct writer w = { 0 };
	struct netra_source *source;
	struct netra_access_unit unit;
	struct netra_source_format format;
	size_t sum;

	(void)state;
	make_reordered(&w);
	write_file(w.bytes, w.length);
	source = open_path(path, 3);
	netra_source_format(source, &format);
	assert_int_equal(format.width, 170);
	assert_int_equal(format.height, 138);
	assert_int_equal(format.rate_num, 25);
	for (int64_t i = 0; i < 39; i++) {
		bool key = i % 13 == 0 || i % 13 == 7;

		if (i % 13 == 0)
			sum = 0;
		assert_int_equal(netra_source_next(source, &unit), NETRA_OK);
		assert_int_equal(unit.dts_90k, i * 3600);
		assert_int_equal(unit.pts_90k,
				 (i / 13 * 13 + pts[i % 13]) * 3600);
		assert_int_equal(unit.duration_90k, 3600);
		assert_int_equal(unit.flags, key ? NETRA_FRAME_KEY |
				 NETRA_FRAME_PARAMETERS : 0);
		assert_memory_equal(unit.data, w.bytes + sum, unit.length);
		sum += unit.length;
		if (i % 13 == 12)
			assert_int_equal(sum, w.length);
	}
	assert_int_equal(netra_source_next(source, &unit), NETRA_ERR_ENDED);
	assert_int_equal(netra_source_next(source, &unit), NETRA_ERR_ENDED);
	assert_int_equal(netra_source_rewind(source), NETRA_OK);
	assert_int_equal(netra_source_next(source, &unit), NETRA_OK);
	assert_int_equal(unit.dts_90k, 39 * 3600);
	assert_int_equal(unit.pts_90k, 40 * 3600);
	netra_source_close(source);
}

static void nothing_is_reordered_without_need(void **state)
{
	/* In Main profile an order; in Baseline it can only be damage. */
	static const uint32_t order[] = { 0, 4, 2, 6 };
	struct netra_source *source;
	struct netra_access_unit unit;

	(void)state;
	for (uint32_t profile = 66; profile <= 77; profile += 11) {
		struct slice_choice s = { .poc_type_0 = true };
		struct writer w = { 0 };
		int64_t shift = 0;

		put_sps(&w, &(struct sps_choice){ .profile = profile });
		put_pps(&w, &(struct pps_choice){ .id = 0 });
		for (uint32_t i = 0; i < 4; i++)
			put_picture(&w, &s, i == 0, true, order[i]);
		write_file(w.bytes, w.length);
		source = open_path(path, 1);
		for (int64_t i = 0; i < 4; i++) {
			assert_int_equal(netra_source_next(source, &unit),
					 NETRA_OK);
			shift += unit.pts_90k != unit.dts_90k;
		}
		assert_int_equal(shift, profile == 66 ? 0 : 3);
		netra_source_close(source);
	}
}

static void rate_comes_from_the_stream(void **state)
{
	struct slice_choice s = { .poc_type_0 = true };
	struct netra_source *source;
	struct netra_source_format format;
	struct netra_access_unit unit;
	struct writer w = { 0 };

	(void)state;
	put_sps(&w, &(struct sps_choice){ .profile = 77, .vui = true });
	put_pps(&w, &(struct pps_choice){ .id = 0 });
	put_picture(&w, &s, true, true, 0);
	write_file(w.bytes, w.length);
	source = open_path(path, 0);
	netra_source_format(source, &format);
	assert_int_equal(format.rate_num, 30000);
	assert_int_equal(format.rate_den, 1001);
	for (int64_t i = 0; i < 1000; i++) {
		assert_int_equal(netra_source_next(source, &unit), NETRA_OK);
		assert_int_equal(unit.dts_90k, i * 3003);
	}
	assert_int_equal(netra_source_command(source,
			 &(struct netra_command){
				 .opcode = NETRA_CMD_KEY_FRAME }),
			 NETRA_REPLY_UNSUPPORTED);
	netra_source_close(source);
}

static void refused(const char *name, enum netra_error expected,
		    const char *word)
{
	struct netra_source *source;
	char why[256] = "";

	assert_int_equal(netra_source_open_file(name, 1, &source, why,
						sizeof(why)), expected);
	assert_null(source);
	if (!strstr(why, word) || !strstr(why, name))
		fail_msg("said: %s", why);
}

static void what_is_no_video_is_refused(void **state)
{
	struct writer w = { 0 };

	(void)state;
	refused("/nowhere/at/all.264", NETRA_ERR_NOT_FOUND, "No such file");
	refused(folder, NETRA_ERR_UNSUPPORTED, "not a file");
	write_file("", 0);
	refused(path, NETRA_ERR_UNSUPPORTED, "empty");
	write_file("Once upon a time there was no video.\n", 37);
	refused(path, NETRA_ERR_UNSUPPORTED, "not a whole media file");
	put_sps(&w, &(struct sps_choice){ .profile = 77 });
	write_file(w.bytes, w.length);
	refused(path, NETRA_ERR_UNSUPPORTED, "no H.264 pictures");
	/* A sound file that libavformat reads: 8 kHz, 16 bit, 4 samples */
	write_file("RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e"
		   "\0\0\2\0\x10\0data\x08\0\0\0\1\0\2\0\3\0\4\0", 52);
	refused(path, NETRA_ERR_UNSUPPORTED, "no H.264");
}

static bool video_path(char *buffer, size_t size, const char *name)
{
	const char *videos = getenv("NETRA_VIDEO");

	snprintf(buffer, size, "%s/%s", videos ? videos : NETRA_VIDEO, name);
	if (!access(buffer, R_OK))
		return true;
	print_message("no %s: put the shared videos beside the project or set NETRA_VIDEO\n",
		      name);
	return false;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static const struct {
	const char *name;
	size_t units, keys;
	int64_t frame;		/* 90 kHz */
	int64_t reordered;	/* pictures with pts != dts */
} videos[] = {
	{ "car-detection.mp4", 377, 7, 7200, 0 },
	{ "one-by-one-person-detection.mp4", 1394, 140, 9000, 574 },
	{ "VID_1280x720_cabac_temporal_direct.264", 300, 2, 3000, 226 },
	{ "VID_1920x1080_cabac_temporal_direct.264", 54, 1, 3600, 51 },
	{ "Error_I_P.264", 6, 3, 3600, 0 },
	{ "BA_MW_D_IDR_LOST.264", 97, 3, 3600, 0 },
};

/* Two passes: presentation times without a gap or a double, bytes the same. */
static void shared_videos(void **state)
{
	static int64_t pts[2 * 2000];
	struct netra_access_unit unit;
	struct netra_source *source;
	char name[512];

	(void)state;
	for (size_t v = 0; v < sizeof(videos) / sizeof(videos[0]); v++) {
		size_t keys = 0, count = 0;
		uint64_t bytes[2] = { 0 };
		int64_t reordered = 0;

		if (!video_path(name, sizeof(name), videos[v].name))
			skip();
		source = open_path(name, 2);
		while (!netra_source_next(source, &unit)) {
			assert_true(count < 2 * videos[v].units);
			assert_int_equal(unit.dts_90k,
					 (int64_t)count * videos[v].frame);
			assert_int_equal(unit.duration_90k, videos[v].frame);
			assert_true(unit.pts_90k >= unit.dts_90k);
			reordered += unit.pts_90k != unit.dts_90k;
			if (unit.flags & NETRA_FRAME_KEY)
				keys++;
			if (strstr(name, ".mp4"))
				assert_int_equal(
					!(unit.flags & NETRA_FRAME_KEY),
					!(unit.flags & NETRA_FRAME_PARAMETERS));
			bytes[count / videos[v].units] += unit.length;
			pts[count++] = unit.pts_90k;
		}
		netra_source_close(source);
		qsort(pts, count, sizeof(pts[0]), by_time);
		for (size_t i = 1; i < count; i++)
			assert_int_equal(pts[i] - pts[i - 1], videos[v].frame);
		if (count != 2 * videos[v].units ||
		    keys != 2 * videos[v].keys ||
		    reordered != 2 * videos[v].reordered ||
		    bytes[0] != bytes[1])
			fail_msg("%s: %zu units, %zu key, %d reordered",
				 videos[v].name, count, keys, (int)reordered);
	}
}

/* Uneven times, in ms, for pictures that come every 100 ms. */
static int64_t uneven(int64_t time_ms)
{
	return time_ms + (time_ms / 100 + 30) % 3 * 20;
}

/* Copy 200 pictures of @from to path, as @format, with uneven times. */
static void remux(const char *from, const char *format)
{
	AVFormatContext *in = NULL, *out = NULL;
	AVPacket *packet = av_packet_alloc();
	AVStream *stream;
	uint32_t left = 200;

	assert_non_null(packet);
	assert_int_equal(avformat_open_input(&in, from, NULL, NULL), 0);
	assert_true(avformat_find_stream_info(in, NULL) >= 0);
	assert_true(avformat_alloc_output_context2(&out, NULL, format,
						   path) >= 0);
	stream = avformat_new_stream(out, NULL);
	assert_non_null(stream);
	avcodec_parameters_copy(stream->codecpar, in->streams[0]->codecpar);
	stream->codecpar->codec_tag = 0;
	stream->time_base = (AVRational){ 1, 1000 };
	assert_true(avio_open(&out->pb, path, AVIO_FLAG_WRITE) >= 0);
	assert_true(avformat_write_header(out, NULL) >= 0);
	while (left && !av_read_frame(in, packet)) {
		if (packet->stream_index == 0) {
			av_packet_rescale_ts(packet, in->streams[0]->time_base,
					     (AVRational){ 1, 1000 });
			packet->pts = uneven(packet->pts);
			packet->dts = uneven(packet->dts);
			packet->duration = 0;
			av_packet_rescale_ts(packet, (AVRational){ 1, 1000 },
					     stream->time_base);
			packet->pos = -1;
			assert_int_equal(av_write_frame(out, packet), 0);
			left--;
		}
		av_packet_unref(packet);
	}
	assert_int_equal(left, 0);
	assert_int_equal(av_write_trailer(out), 0);
	avio_closep(&out->pb);
	avformat_free_context(out);
	avformat_close_input(&in);
	av_packet_free(&packet);
}

/* Every container gives the same pictures the same, uneven distances. */
static void variable_rate_in_every_container(void **state)
{
	static const char *const format[] = {
		"mp4", "mov", "matroska", "mpegts", "flv",
	};
	struct netra_access_unit unit;
	struct netra_source *source;
	static int64_t pts[400];
	char name[512];

	(void)state;
	if (!video_path(name, sizeof(name), videos[1].name))
		skip();
	for (size_t f = 0; f < sizeof(format) / sizeof(format[0]); f++) {
		int64_t last_dts = -1, end = 0;
		size_t count = 0;

		remux(name, format[f]);
		source = open_path(path, 2);
		while (!netra_source_next(source, &unit)) {
			assert_true(count < 400);
			assert_true(unit.dts_90k > last_dts);
			assert_true(unit.pts_90k >= unit.dts_90k);
			if (count == 0 || count == 200)
				assert_true(unit.flags & NETRA_FRAME_KEY);
			last_dts = unit.dts_90k;
			if (count < 200 &&
			    end < unit.pts_90k + unit.duration_90k)
				end = unit.pts_90k + unit.duration_90k;
			pts[count++] = unit.pts_90k;
		}
		netra_source_close(source);
		assert_int_equal(count, 400);
		qsort(pts, 200, sizeof(pts[0]), by_time);
		qsort(pts + 200, 200, sizeof(pts[0]), by_time);
		for (size_t i = 0; i < 199; i++) {
			int64_t gap = uneven((int64_t)i * 100 + 100) -
				      uneven((int64_t)i * 100);

			if (pts[i + 1] - pts[i] != 90 * gap ||
			    pts[i + 201] - pts[i + 200] != 90 * gap)
				fail_msg("%s: picture %zu", format[f], i);
		}
		assert_true(pts[200] >= end);
	}
}

static void file_that_breaks_off(void **state)
{
	static uint8_t data[1000000];
	struct netra_access_unit unit;
	struct netra_source *source;
	enum netra_error error;
	char name[512];
	FILE *file;

	(void)state;
	if (!video_path(name, sizeof(name), videos[0].name))
		skip();
	file = fopen(name, "rb");
	assert_non_null(file);
	assert_int_equal(fread(data, 1, sizeof(data), file), sizeof(data));
	fclose(file);
	write_file(data, sizeof(data));
	source = open_path(path, 0);
	while (!(error = netra_source_next(source, &unit)))
		assert_true(unit.dts_90k < 377 * 7200);
	assert_int_equal(error, NETRA_ERR_CORRUPT);
	assert_int_equal(netra_source_next(source, &unit), NETRA_ERR_ENDED);
	netra_source_close(source);
	write_file(data, 5000);
	refused(path, NETRA_ERR_UNSUPPORTED, "not a whole media file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_follow_the_picture_order),
		cmocka_unit_test(nothing_is_reordered_without_need),
		cmocka_unit_test(rate_comes_from_the_stream),
		cmocka_unit_test(what_is_no_video_is_refused),
		cmocka_unit_test(shared_videos),
		cmocka_unit_test(variable_rate_in_every_container),
		cmocka_unit_test(file_that_breaks_off),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
