/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A synthetic camera: draws its street, codes it with x264 and obeys the
 * board's commands. No picture waits for another: each call draws one and
 * returns it coded. One thread per camera.
 */
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "camera_draw.h"
#include "source_internal.h"

#define DEFAULT_WIDTH		704u
#define DEFAULT_HEIGHT		480u
#define DEFAULT_RATE		30u
#define DEFAULT_GOP		30u
#define DEFAULT_BIT_RATE	2000000u	/* at the default size and rate */
#define SIZE_MIN		64u
#define SIZE_LIMIT		4096u
#define BIT_RATE_MIN		16000u
#define BIT_RATE_MAX		100000000u
#define GOP_MAX			36000u

struct camera {
	struct netra_source source;
	uint32_t channel;
	uint64_t frames;	/* to give in a pass; 0 = for ever */
	uint64_t given;
	uint64_t shown;		/* frame counter in the picture */
	uint32_t gop;
	uint32_t since_key;
	bool key_wanted;
	int64_t segment;	/* 90 kHz: when rate or size last changed */
	uint64_t index;		/* pictures since then */
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
	struct netra_scene *scene;
};

static void set_bit_rate(AVCodecContext *codec, uint32_t bit_rate)
{
	/* One second of buffer: near to constant, but a key frame fits in. */
	codec->bit_rate = bit_rate;
	codec->rc_max_rate = bit_rate;
	codec->rc_buffer_size = (int)bit_rate;
}

static void close_encoder(struct camera *c)
{
	avcodec_free_context(&c->codec);
	av_frame_free(&c->frame);
	av_packet_free(&c->packet);
	netra_scene_free(c->scene);
	c->scene = NULL;
}

static enum netra_error open_encoder(struct camera *c)
{
	const struct netra_source_format *format = &c->source.format;
	const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");

	if (!x264)
		return NETRA_ERR_UNSUPPORTED;
	c->scene = netra_scene_new(c->channel, format->width, format->height);
	c->codec = avcodec_alloc_context3(x264);
	c->frame = av_frame_alloc();
	c->packet = av_packet_alloc();
	if (!c->scene || !c->codec || !c->frame || !c->packet)
		goto err_close;
	c->codec->width = (int)format->width;
	c->codec->height = (int)format->height;
	c->codec->pix_fmt = AV_PIX_FMT_YUV420P;
	c->codec->time_base = (AVRational){ (int)format->rate_den,
					    (int)format->rate_num };
	c->codec->framerate = (AVRational){ (int)format->rate_num,
					    (int)format->rate_den };
	c->codec->thread_count = 1;
	/* Key frames come when this file asks for them. */
	c->codec->gop_size = 1 << 30;
	c->codec->max_b_frames = 0;
	set_bit_rate(c->codec, format->bit_rate);
	av_opt_set(c->codec->priv_data, "preset", "ultrafast", 0);
	av_opt_set(c->codec->priv_data, "tune", "zerolatency", 0);
	av_opt_set(c->codec->priv_data, "forced-idr", "1", 0);
	/* A still street would be coded finer and finer, which costs time. */
	av_opt_set(c->codec->priv_data, "x264-params",
		   "scenecut=0:qpmin=14:info=0", 0);
	if (avcodec_open2(c->codec, x264, NULL))
		goto err_close;
	c->frame->format = AV_PIX_FMT_YUV420P;
	c->frame->width = c->codec->width;
	c->frame->height = c->codec->height;
	if (av_frame_get_buffer(c->frame, 0))
		goto err_close;
	c->key_wanted = true;
	return NETRA_OK;

err_close:
	close_encoder(c);
	return NETRA_ERR_NO_MEMORY;
}

static void draw(struct camera *c, int64_t time_90k)
{
	struct netra_picture picture = {
		.width = (uint32_t)c->frame->width,
		.height = (uint32_t)c->frame->height,
	};
	char clock[24], counter[24];
	struct timespec now;
	struct tm local;

	for (int i = 0; i < 3; i++) {
		picture.plane[i] = c->frame->data[i];
		picture.stride[i] = (uint32_t)c->frame->linesize[i];
	}
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	snprintf(clock, sizeof(clock), "%02d:%02d:%02d.%03d", local.tm_hour,
		 local.tm_min, local.tm_sec, (int)(now.tv_nsec / 1000000));
	snprintf(counter, sizeof(counter), "#%07u",
		 (uint32_t)(c->shown % 10000000));
	netra_scene_draw(c->scene, &picture, time_90k, clock, counter);
}

/* When picture @index after the last change is shown */
static int64_t frame_time(const struct camera *c, uint64_t index)
{
	uint64_t num = c->source.format.rate_num;
	uint64_t ticks = 90000ull * c->source.format.rate_den;

	return c->segment + (int64_t)(index / num * ticks +
				      index % num * ticks / num);
}

static enum netra_error camera_next(struct netra_source *source,
				    struct netra_access_unit *unit)
{
	struct camera *c = (struct camera *)source;
	enum netra_error error;
	bool key;

	if (c->frames && c->given == c->frames)
		return NETRA_ERR_ENDED;
	if (!c->codec) {
		error = open_encoder(c);
		if (error)
			return error;
	}
	key = c->key_wanted || c->since_key >= c->gop;
	unit->dts_90k = frame_time(c, c->index);
	unit->pts_90k = unit->dts_90k;
	unit->duration_90k = (uint32_t)(frame_time(c, c->index + 1) -
					unit->dts_90k);
	if (av_frame_make_writable(c->frame))
		return NETRA_ERR_NO_MEMORY;
	draw(c, source->base + unit->dts_90k);
	c->frame->pts = (int64_t)c->index;
	c->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	av_packet_unref(c->packet);
	if (avcodec_send_frame(c->codec, c->frame) ||
	    avcodec_receive_packet(c->codec, c->packet))
		return NETRA_ERR_IO;
	c->key_wanted = false;
	c->since_key = key ? 1 : c->since_key + 1;
	c->index++;
	c->given++;
	c->shown++;
	unit->data = c->packet->data;
	unit->length = (uint32_t)c->packet->size;
	if (key)
		unit->flags = NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS;
	return NETRA_OK;
}

static enum netra_error camera_rewind(struct netra_source *source)
{
	struct camera *c = (struct camera *)source;

	/* The encoder's own time must go on rising: take another one. */
	close_encoder(c);
	c->given = 0;
	c->index = 0;
	c->segment = 0;
	return NETRA_OK;
}

static bool format_ok(const struct netra_source_format *f)
{
	return f->width >= SIZE_MIN && f->width <= SIZE_LIMIT &&
	       f->height >= SIZE_MIN && f->height <= SIZE_LIMIT &&
	       f->width % 2 == 0 && f->height % 2 == 0 &&
	       f->rate_num && f->rate_den && f->rate_num <= 1000000 &&
	       f->rate_den <= f->rate_num &&
	       f->rate_num <= 240ull * f->rate_den &&
	       f->bit_rate >= BIT_RATE_MIN && f->bit_rate <= BIT_RATE_MAX;
}

/* From the next picture on in another rate or size: with a new encoder. */
static void change_format(struct camera *c,
			  const struct netra_source_format *format)
{
	c->segment = frame_time(c, c->index);
	c->index = 0;
	c->source.format = *format;
	close_encoder(c);
}

static uint32_t camera_command(struct netra_source *source,
			       const struct netra_command *command)
{
	struct camera *c = (struct camera *)source;
	struct netra_source_format format = source->format;

	switch (command->opcode) {
	case NETRA_CMD_KEY_FRAME:
		c->key_wanted = true;
		return NETRA_REPLY_OK;
	case NETRA_CMD_GOP:
		if (!command->arg[0] || command->arg[0] > GOP_MAX)
			return NETRA_REPLY_BAD_ARGUMENT;
		c->gop = command->arg[0];
		return NETRA_REPLY_OK;
	case NETRA_CMD_BIT_RATE:
		format.bit_rate = command->arg[0];
		if (!format_ok(&format))
			return NETRA_REPLY_BAD_ARGUMENT;
		source->format = format;
		if (c->codec)
			set_bit_rate(c->codec, format.bit_rate);
		return NETRA_REPLY_OK;
	case NETRA_CMD_FRAME_RATE:
		format.rate_num = command->arg[0];
		format.rate_den = command->arg[1];
		break;
	case NETRA_CMD_RESOLUTION:
		format.width = command->arg[0];
		format.height = command->arg[1];
		break;
	default:
		return NETRA_REPLY_UNSUPPORTED;
	}
	if (!format_ok(&format))
		return NETRA_REPLY_BAD_ARGUMENT;
	change_format(c, &format);
	return NETRA_REPLY_OK;
}

static void camera_close(struct netra_source *source)
{
	struct camera *c = (struct camera *)source;

	close_encoder(c);
	free(c);
}

static const struct netra_source_ops camera_ops = {
	.next = camera_next,
	.rewind = camera_rewind,
	.command = camera_command,
	.close = camera_close,
};

/* The default bit rate follows the pixels per second. */
static uint32_t default_bit_rate(const struct netra_source_format *f)
{
	const uint64_t usual = (uint64_t)DEFAULT_WIDTH * DEFAULT_HEIGHT *
			       DEFAULT_RATE;
	uint64_t rate;

	if (!f->rate_den)
		return 0;
	rate = (uint64_t)f->width * f->height * f->rate_num / f->rate_den;
	rate = rate * (DEFAULT_BIT_RATE / 1000) / usual * 1000;
	return rate < BIT_RATE_MIN ? BIT_RATE_MIN :
	       rate > BIT_RATE_MAX ? BIT_RATE_MAX : (uint32_t)rate;
}

enum netra_error netra_source_open_camera(uint32_t channel,
					  const struct netra_source_format *format,
					  uint64_t frames,
					  struct netra_source **source,
					  char *why, size_t why_size)
{
	struct netra_source_format f = { 0 };
	enum netra_error error;
	struct camera *c;

	*source = NULL;
	if (format)
		f = *format;
	if (!f.width && !f.height) {
		f.width = DEFAULT_WIDTH;
		f.height = DEFAULT_HEIGHT;
	}
	if (!f.rate_num) {
		f.rate_num = DEFAULT_RATE;
		f.rate_den = 1;
	}
	if (!f.bit_rate)
		f.bit_rate = default_bit_rate(&f);
	if (!format_ok(&f)) {
		snprintf(why, why_size,
			 "a camera cannot give %ux%u at %u/%u frames and %u bits a second",
			 f.width, f.height, f.rate_num, f.rate_den, f.bit_rate);
		return NETRA_ERR_INVALID;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		snprintf(why, why_size, "not enough memory for a camera");
		return NETRA_ERR_NO_MEMORY;
	}
	/* It would write to the program's standard error otherwise. */
	av_log_set_level(AV_LOG_QUIET);
	c->source.ops = &camera_ops;
	c->source.format = f;
	c->source.loops = 1;
	c->channel = channel;
	c->frames = frames;
	c->gop = DEFAULT_GOP;
	error = open_encoder(c);
	if (error) {
		snprintf(why, why_size, "libavcodec has no working libx264");
		camera_close(&c->source);
		return error;
	}
	*source = &c->source;
	return NETRA_OK;
}
