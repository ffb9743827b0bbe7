/* SPDX-License-Identifier: BSD-2-Clause */
/* Synthetic cameras: what they give decodes, and they obey commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>

#include "emulator/source.h"

/* What came out of the decoder. */
struct seen {
	uint64_t frames;
	int width, height;	/* of the last */
	double mean[3];		/* of its planes */
};

struct decoder {
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *frame;
	struct seen seen;
};

static void decoder_open(struct decoder *d)
{
	*d = (struct decoder){ 0 };
	d->codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	assert_non_null(d->codec);
	d->codec->thread_count = 1;
	d->codec->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM;
	assert_int_equal(avcodec_open2(d->codec, NULL, NULL), 0);
	d->packet = av_packet_alloc();
	d->frame = av_frame_alloc();
	assert_non_null(d->packet);
	assert_non_null(d->frame);
}

static void take_frames(struct decoder *d)
{
	while (!avcodec_receive_frame(d->codec, d->frame)) {
		d->seen.frames++;
		d->seen.width = d->frame->width;
		d->seen.height = d->frame->height;
		for (int p = 0; p < 3; p++) {
			int width = d->frame->width >> !!p;
			int height = d->frame->height >> !!p;
			double sum = 0;

			for (int y = 0; y < height; y++) {
				const uint8_t *row = d->frame->data[p] +
					(ptrdiff_t)y * d->frame->linesize[p];

				for (int x = 0; x < width; x++)
					sum += row[x];
			}
			d->seen.mean[p] = sum / width / height;
		}
	}
}

static void decode(struct decoder *d, const struct netra_access_unit *unit)
{
	assert_int_equal(av_new_packet(d->packet, (int)unit->length), 0);
	__builtin_memcpy(d->packet->data, unit->data, unit->length);
	assert_int_equal(avcodec_send_packet(d->codec, d->packet), 0);
	av_packet_unref(d->packet);
	take_frames(d);
}

static struct seen decoder_close(struct decoder *d)
{
	avcodec_send_packet(d->codec, NULL);
	take_frames(d);
	av_frame_free(&d->frame);
	av_packet_free(&d->packet);
	avcodec_free_context(&d->codec);
	return d->seen;
}

static struct netra_source *open_camera(uint32_t channel, uint32_t width,
					uint32_t height, uint64_t frames)
{
	const struct netra_source_format format = {
		.width = width, .height = height,
	};
	struct netra_source *source;
	char why[256] = "";

	if (netra_source_open_camera(channel, &format, frames, &source, why,
				     sizeof(why)))
		fail_msg("%s", why);
	return source;
}

static void next(struct netra_source *source, struct netra_access_unit *unit)
{
	assert_int_equal(netra_source_next(source, unit), NETRA_OK);
}

static uint32_t command(struct netra_source *source, uint32_t opcode,
			uint32_t arg0, uint32_t arg1)
{
	return netra_source_command(source, &(struct netra_command){
		.opcode = opcode, .arg = { arg0, arg1 } });
}

static void gives_what_was_asked_for(void **state)
{
	struct netra_source_format format;
	struct netra_access_unit unit;
	struct netra_source *source;
	struct decoder d;
	struct seen seen;

	(void)state;
	source = open_camera(5, 0, 0, 65);
	netra_source_format(source, &format);
	assert_int_equal(format.rate_num, 30);
	assert_int_equal(format.bit_rate, 2000000);
	decoder_open(&d);
	for (int64_t i = 0; i < 65; i++) {
		next(source, &unit);
		assert_int_equal(unit.dts_90k, i * 3000);
		assert_int_equal(unit.pts_90k, i * 3000);
		assert_int_equal(unit.duration_90k, 3000);
		assert_int_equal(unit.flags, i % 30 ? 0 : NETRA_FRAME_KEY |
				 NETRA_FRAME_PARAMETERS);
		decode(&d, &unit);
		/* No picture waits inside. */
		assert_int_equal(d.seen.frames, (uint64_t)i + 1);
	}
	assert_int_equal(netra_source_next(source, &unit), NETRA_ERR_ENDED);
	assert_int_equal(netra_source_rewind(source), NETRA_OK);
	next(source, &unit);
	assert_int_equal(unit.dts_90k, 65 * 3000);
	assert_true(unit.flags & NETRA_FRAME_KEY);
	decode(&d, &unit);
	netra_source_close(source);
	seen = decoder_close(&d);
	assert_int_equal(seen.frames, 66);
	assert_int_equal(seen.width, format.width);
	assert_int_equal(seen.height, format.height);
}

static void channels_look_different(void **state)
{
	struct netra_access_unit unit;
	struct seen seen[16];

	(void)state;
	for (uint32_t i = 0; i < 16; i++) {
		struct netra_source *source = open_camera(i, 352, 240, 1);
		struct decoder d;

		decoder_open(&d);
		next(source, &unit);
		decode(&d, &unit);
		netra_source_close(source);
		seen[i] = decoder_close(&d);
		assert_int_equal(seen[i].frames, 1);
		for (uint32_t j = 0; j < i; j++) {
			double far = 0;

			for (int p = 0; p < 3; p++) {
				double apart = seen[i].mean[p] - seen[j].mean[p];

				far += apart * apart;
			}
			assert_true(far > 4);
		}
	}
}

static void obeys_commands(void **state)
{
	struct netra_source_format format;
	struct netra_access_unit unit;
	struct netra_source *source;
	struct decoder d;
	struct seen seen;

	(void)state;
	source = open_camera(1, 352, 240, 0);
	decoder_open(&d);
	for (uint32_t i = 0; i < 5; i++) {
		next(source, &unit);
		decode(&d, &unit);
	}
	assert_int_equal(command(source, NETRA_CMD_KEY_FRAME, 0, 0),
			 NETRA_REPLY_OK);
	next(source, &unit);
	decode(&d, &unit);
	assert_true(unit.flags & NETRA_FRAME_KEY);
	assert_int_equal(command(source, NETRA_CMD_GOP, 4, 0), NETRA_REPLY_OK);
	for (uint32_t i = 1; i < 9; i++) {
		next(source, &unit);
		decode(&d, &unit);
		assert_int_equal(!!(unit.flags & NETRA_FRAME_KEY), i % 4 == 0);
	}
	/* 14 pictures so far: half the rate, then another size */
	assert_int_equal(command(source, NETRA_CMD_FRAME_RATE, 15, 1),
			 NETRA_REPLY_OK);
	next(source, &unit);
	decode(&d, &unit);
	assert_int_equal(unit.dts_90k, 14 * 3000);
	assert_int_equal(unit.duration_90k, 6000);
	assert_true(unit.flags & NETRA_FRAME_KEY);
	assert_int_equal(d.seen.width, 352);
	assert_int_equal(command(source, NETRA_CMD_RESOLUTION, 176, 144),
			 NETRA_REPLY_OK);
	netra_source_format(source, &format);
	assert_int_equal(format.width, 176);
	assert_int_equal(format.rate_num, 15);
	next(source, &unit);
	decode(&d, &unit);
	assert_int_equal(unit.dts_90k, 14 * 3000 + 6000);
	assert_true(unit.flags & NETRA_FRAME_KEY);
	netra_source_close(source);
	seen = decoder_close(&d);
	assert_int_equal(seen.frames, 16);
	assert_int_equal(seen.width, 176);
	assert_int_equal(seen.height, 144);
}

static uint64_t bits_of(struct netra_source *source, uint32_t frames)
{
	struct netra_access_unit unit;
	uint64_t bits = 0;

	while (frames--) {
		next(source, &unit);
		bits += 8ull * unit.length;
	}
	return bits;
}

static void keeps_to_the_bit_rate(void **state)
{
	struct netra_source *source = open_camera(2, 352, 240, 0);
	uint64_t before, after;

	(void)state;
	before = bits_of(source, 90);
	assert_int_equal(command(source, NETRA_CMD_BIT_RATE, 100000, 0),
			 NETRA_REPLY_OK);
	bits_of(source, 60);			/* it takes effect slowly */
	after = bits_of(source, 90);
	netra_source_close(source);
	assert_true(before > 2 * after);
	assert_true(after > 3 * 50000 && after < 3 * 150000);
}

static void refuses_what_it_cannot(void **state)
{
	static const uint32_t bad[][3] = {
		{ NETRA_CMD_GOP, 0, 0 },
		{ NETRA_CMD_GOP, 1000000, 0 },
		{ NETRA_CMD_BIT_RATE, 0, 0 },
		{ NETRA_CMD_BIT_RATE, 0xffffffff, 0 },
		{ NETRA_CMD_FRAME_RATE, 30, 0 },
		{ NETRA_CMD_FRAME_RATE, 0, 1 },
		{ NETRA_CMD_FRAME_RATE, 1, 2 },
		{ NETRA_CMD_FRAME_RATE, 1000, 1 },
		{ NETRA_CMD_RESOLUTION, 0, 0 },
		{ NETRA_CMD_RESOLUTION, 353, 240 },
		{ NETRA_CMD_RESOLUTION, 8192, 240 },
	};
	struct netra_source *source = open_camera(3, 64, 64, 3);
	const struct netra_source_format odd = { .width = 333, .height = 200 };
	struct netra_access_unit unit;
	struct netra_source *none;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(command(source, bad[i][0], bad[i][1],
					 bad[i][2]),
				 NETRA_REPLY_BAD_ARGUMENT);
	assert_int_equal(command(source, NETRA_CMD_START, 0, 0),
			 NETRA_REPLY_UNSUPPORTED);
	for (uint32_t i = 0; i < 3; i++) {
		next(source, &unit);
		assert_int_equal(unit.duration_90k, 3000);
	}
	netra_source_close(source);
	assert_int_equal(netra_source_open_camera(0, &odd, 0, &none, why,
						  sizeof(why)),
			 NETRA_ERR_INVALID);
	assert_null(none);
}

/* Everything is clipped at every shape of picture. */
static void extreme_sizes(void **state)
{
	static const uint32_t size[][2] = {
		{ 64, 64 }, { 2048, 64 }, { 64, 2048 }, { 1920, 1080 },
	};
	struct netra_access_unit unit;

	(void)state;
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		struct netra_source *source = open_camera(63, size[i][0],
							  size[i][1], 2);

		next(source, &unit);
		next(source, &unit);
		netra_source_close(source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_what_was_asked_for),
		cmocka_unit_test(channels_look_different),
		cmocka_unit_test(obeys_commands),
		cmocka_unit_test(keeps_to_the_bit_rate),
		cmocka_unit_test(refuses_what_it_cannot),
		cmocka_unit_test(extreme_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
