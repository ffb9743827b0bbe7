/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A media file as a source, in the file's own times: these are moved so that
 * decoding begins at 0, and filled in where the format has none. One thread
 * per source.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_demux.h"
#include "source_internal.h"

#define DURATION_UNKNOWN	3600	/* 25 frames per second */
#define QUEUE_MAX		32	/* twice MaxDpbFrames (A.3.1) */

static const AVRational tick = { 1, 90000 };

struct container {
	struct netra_source source;
	char *path;
	struct netra_demuxer demuxer;
	AVPacket *given;
	AVPacket *queue[QUEUE_MAX];	/* those after it */
	int queued;
	enum netra_error queue_end;	/* why no more can be queued */
	int64_t first_dts;	/* in the stream's time base; to check a seek */
	int first_size;
	bool began;
	int64_t offset;		/* 90 kHz: file's time - ours */
	int64_t last_dts;
	int64_t last_duration;
};

static int64_t to_ticks(const struct container *c, int64_t time)
{
	return av_rescale_q(time, c->demuxer.stream->time_base, tick);
}

/*
 * Decode times that begin at 0 and rise, whatever the file says: a missing
 * one follows the last, and time that runs backwards starts anew there.
 */
static int64_t decode_time(struct container *c, const AVPacket *packet)
{
	int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
	int64_t expected = c->began ? c->last_dts + c->last_duration : 0;

	if (time == AV_NOPTS_VALUE)
		return expected;
	time = to_ticks(c, time);
	if (!c->began || time - c->offset <= c->last_dts)
		c->offset = time - expected;
	return time - c->offset;
}

/* Have @want packets in the queue if the file has so many. */
static bool fill(struct container *c, int want)
{
	while (c->queued < want && !c->queue_end) {
		c->queue_end = netra_demuxer_read(&c->demuxer,
						  c->queue[c->queued]);
		if (!c->queue_end)
			c->queued++;
	}
	return c->queued >= want;
}

/* Nothing is given yet: queue what follows; times begin at 0 with it. */
static enum netra_error begin(struct container *c)
{
	int known = 0;

	c->began = false;
	c->last_dts = 0;
	c->last_duration = 0;
	c->queued = 0;
	c->queue_end = NETRA_OK;
	if (!fill(c, 1))
		return c->queue_end;
	/*
	 * Formats without decode times (Matroska) leave them out until enough
	 * pictures have come to tell: count back from the first that is known.
	 */
	while (c->queue[known]->dts == AV_NOPTS_VALUE) {
		if (known + 1 == QUEUE_MAX || !fill(c, known + 2))
			return NETRA_OK;
		known++;
	}
	while (known--) {
		AVPacket *packet = c->queue[known];
		int64_t step = packet->duration;

		if (step <= 0)
			step = av_rescale_q(DURATION_UNKNOWN, tick,
					    c->demuxer.stream->time_base);
		packet->dts = c->queue[known + 1]->dts - step;
	}
	return NETRA_OK;
}

/* Move the first packet from the queue to the one given out. */
static AVPacket *take(struct container *c)
{
	AVPacket *packet = c->queue[0];

	c->queued--;
	memmove(&c->queue[0], &c->queue[1],
		(size_t)c->queued * sizeof(c->queue[0]));
	c->queue[c->queued] = c->given;
	c->given = packet;
	return packet;
}

static enum netra_error container_next(struct netra_source *source,
				       struct netra_access_unit *unit)
{
	struct container *c = (struct container *)source;
	int64_t duration = 0;
	AVPacket *packet;

	if (!fill(c, 1))
		return c->queue_end;
	packet = take(c);
	unit->dts_90k = decode_time(c, packet);
	unit->pts_90k = packet->pts == AV_NOPTS_VALUE ? unit->dts_90k :
			to_ticks(c, packet->pts) - c->offset;
	if (unit->pts_90k < unit->dts_90k)
		unit->pts_90k = unit->dts_90k;
	if (fill(c, 1) && c->queue[0]->dts != AV_NOPTS_VALUE)
		duration = to_ticks(c, c->queue[0]->dts) - c->offset -
			   unit->dts_90k;
	if (duration <= 0 && packet->duration > 0)
		duration = to_ticks(c, packet->duration);
	if (duration <= 0 || duration > UINT32_MAX)
		duration = c->last_duration ? c->last_duration :
			   DURATION_UNKNOWN;
	c->began = true;
	c->last_dts = unit->dts_90k;
	c->last_duration = duration;
	unit->flags = netra_demuxer_flags(packet);
	unit->duration_90k = (uint32_t)duration;
	unit->data = packet->data;
	unit->length = (uint32_t)packet->size;
	return NETRA_OK;
}

static enum netra_error container_rewind(struct netra_source *source)
{
	struct container *c = (struct container *)source;
	enum netra_error error;
	char why[256];

	if (netra_demuxer_seek(&c->demuxer, c->first_dts) &&
	    !begin(c) && c->queue[0]->dts == c->first_dts &&
	    c->queue[0]->size == c->first_size)
		return NETRA_OK;
	/* Not every format can be sought to its very beginning. */
	netra_demuxer_close(&c->demuxer);
	error = netra_demuxer_open(&c->demuxer, c->path, why, sizeof(why));
	return error ? error : begin(c);
}

static void container_close(struct netra_source *source)
{
	struct container *c = (struct container *)source;

	netra_demuxer_close(&c->demuxer);
	av_packet_free(&c->given);
	for (int i = 0; i < QUEUE_MAX; i++)
		av_packet_free(&c->queue[i]);
	free(c->path);
	free(c);
}

static const struct netra_source_ops container_ops = {
	.next = container_next,
	.rewind = container_rewind,
	.close = container_close,
};

static void take_format(struct container *c)
{
	const AVCodecParameters *par = c->demuxer.stream->codecpar;
	struct netra_source_format *format = &c->source.format;
	AVRational rate = c->demuxer.stream->avg_frame_rate;

	format->width = (uint32_t)par->width;
	format->height = (uint32_t)par->height;
	if (par->bit_rate > 0 && par->bit_rate <= UINT32_MAX)
		format->bit_rate = (uint32_t)par->bit_rate;
	if (rate.num > 0 && rate.den > 0 &&
	    !av_cmp_q(rate, c->demuxer.stream->r_frame_rate)) {
		format->rate_num = (uint32_t)rate.num;
		format->rate_den = (uint32_t)rate.den;
	}
}

enum netra_error netra_source_open_container(const char *path,
					     struct netra_source **source,
					     char *why, size_t why_size)
{
	struct container *c = calloc(1, sizeof(*c));
	enum netra_error error;
	bool memory;

	if (!c) {
		snprintf(why, why_size, "not enough memory to open %s", path);
		return NETRA_ERR_NO_MEMORY;
	}
	c->source.ops = &container_ops;
	c->path = strdup(path);
	c->given = av_packet_alloc();
	memory = c->path && c->given;
	for (int i = 0; i < QUEUE_MAX; i++) {
		c->queue[i] = av_packet_alloc();
		memory = memory && c->queue[i];
	}
	if (!memory) {
		snprintf(why, why_size, "not enough memory to open %s", path);
		error = NETRA_ERR_NO_MEMORY;
		goto err_close;
	}
	error = netra_demuxer_open(&c->demuxer, path, why, why_size);
	if (error)
		goto err_close;
	error = begin(c);
	if (error) {
		snprintf(why, why_size, "%s breaks off before its first picture",
			 path);
		error = NETRA_ERR_UNSUPPORTED;
		goto err_close;
	}
	c->first_dts = c->queue[0]->dts;
	c->first_size = c->queue[0]->size;
	take_format(c);
	*source = &c->source;
	return NETRA_OK;

err_close:
	container_close(&c->source);
	return error;
}
