/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any file libavformat reads as a source: the packets of its best H.264
 * stream, turned into Annex B with parameter sets joined to IDR pictures, in
 * the file's own times. One thread per source.
 */
#include <errno.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_internal.h"

#define DURATION_UNKNOWN	3600	/* 25 frames per second */

static const AVRational tick = { 1, 90000 };

struct container {
	struct netra_source source;
	char *path;
	AVFormatContext *format;
	AVBSFContext *filter;
	AVStream *stream;
	AVPacket *raw;		/* as read */
	AVPacket *now;		/* given out */
	AVPacket *ahead;	/* the one after it: it ends the duration */
	enum netra_error ahead_error;
	int64_t first_dts;	/* in the stream's time base; to check a seek */
	int first_size;
	bool began;
	int64_t offset;		/* 90 kHz: file's time - ours */
	int64_t last_dts;
	int64_t last_duration;
};

static bool find_slice(const AVPacket *packet, uint32_t *flags)
{
	bool sps = false, pps = false;
	struct netra_nal nal;
	size_t position = 0;

	*flags = 0;
	while (netra_nal_next(packet->data, (size_t)packet->size, &position,
			      &nal)) {
		sps |= nal.type == NETRA_NAL_SPS;
		pps |= nal.type == NETRA_NAL_PPS;
		if (nal.type != NETRA_NAL_SLICE && nal.type != NETRA_NAL_IDR &&
		    nal.type != NETRA_NAL_PARTITION_A)
			continue;
		if (nal.type == NETRA_NAL_IDR)
			*flags |= NETRA_FRAME_KEY;
		if (sps && pps)
			*flags |= NETRA_FRAME_PARAMETERS;
		return true;
	}
	return false;
}

/*
 * Does the file's index list a picture beyond the file's end? Demuxers report
 * the end of a file that was cut off there as any other.
 */
static bool breaks_off(struct container *c)
{
	int count = avformat_index_get_entries_count(c->stream);
	const AVIndexEntry *last;

	if (count < 1)
		return false;
	last = avformat_index_get_entry(c->stream, count - 1);
	return last && last->pos + last->size > avio_size(c->format->pb);
}

/* One packet of the stream through the filter. */
static enum netra_error filtered(struct container *c, AVPacket *packet)
{
	for (;;) {
		int result = av_bsf_receive_packet(c->filter, packet);

		if (!result)
			return NETRA_OK;
		if (result == AVERROR_EOF)
			return NETRA_ERR_ENDED;
		if (result != AVERROR(EAGAIN))
			return NETRA_ERR_CORRUPT;
		result = av_read_frame(c->format, c->raw);
		if (result == AVERROR_EOF) {
			/* A failed read may be hidden behind the end, too. */
			if (c->format->pb->error)
				return NETRA_ERR_IO;
			if (breaks_off(c))
				return NETRA_ERR_CORRUPT;
			result = av_bsf_send_packet(c->filter, NULL);
		} else if (result) {
			return NETRA_ERR_CORRUPT;
		} else if (c->raw->stream_index != c->stream->index) {
			av_packet_unref(c->raw);
			continue;
		} else if (c->raw->flags & AV_PKT_FLAG_CORRUPT) {
			av_packet_unref(c->raw);
			return NETRA_ERR_CORRUPT;
		} else {
			result = av_bsf_send_packet(c->filter, c->raw);
		}
		if (result)
			return NETRA_ERR_CORRUPT;
	}
}

/* A packet with a picture; bytes of packets without one go before it. */
static enum netra_error fetch(struct container *c, AVPacket *packet)
{
	uint8_t *prefix = NULL;
	size_t prefix_size = 0;
	enum netra_error error;
	uint32_t flags;

	av_packet_unref(packet);
	for (;;) {
		uint8_t *grown;

		error = filtered(c, packet);
		if (error || find_slice(packet, &flags))
			break;
		grown = realloc(prefix, prefix_size + (size_t)packet->size);
		if (!grown && packet->size) {
			error = NETRA_ERR_NO_MEMORY;
			break;
		}
		if (packet->size) {
			prefix = grown;
			memcpy(prefix + prefix_size, packet->data,
			       (size_t)packet->size);
			prefix_size += (size_t)packet->size;
		}
		av_packet_unref(packet);
	}
	if (!error && prefix_size) {
		size_t size = (size_t)packet->size;

		if (prefix_size > INT32_MAX ||
		    av_grow_packet(packet, (int)prefix_size)) {
			error = NETRA_ERR_NO_MEMORY;
		} else {
			memmove(packet->data + prefix_size, packet->data, size);
			memcpy(packet->data, prefix, prefix_size);
		}
	}
	free(prefix);
	if (error)
		av_packet_unref(packet);
	return error;
}

static int64_t to_ticks(const struct container *c, int64_t time)
{
	return av_rescale_q(time, c->stream->time_base, tick);
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

static enum netra_error container_next(struct netra_source *source,
				       struct netra_access_unit *unit)
{
	struct container *c = (struct container *)source;
	AVPacket *packet = c->ahead;
	int64_t duration = 0;

	if (c->ahead_error)
		return c->ahead_error;
	c->ahead = c->now;
	c->now = packet;
	unit->dts_90k = decode_time(c, packet);
	unit->pts_90k = packet->pts == AV_NOPTS_VALUE ? unit->dts_90k :
			to_ticks(c, packet->pts) - c->offset;
	if (unit->pts_90k < unit->dts_90k)
		unit->pts_90k = unit->dts_90k;
	c->ahead_error = fetch(c, c->ahead);
	if (!c->ahead_error && c->ahead->dts != AV_NOPTS_VALUE)
		duration = to_ticks(c, c->ahead->dts) - c->offset -
			   unit->dts_90k;
	if (duration <= 0 && packet->duration > 0)
		duration = to_ticks(c, packet->duration);
	if (duration <= 0 || duration > UINT32_MAX)
		duration = c->last_duration ? c->last_duration :
			   DURATION_UNKNOWN;
	c->began = true;
	c->last_dts = unit->dts_90k;
	c->last_duration = duration;
	find_slice(packet, &unit->flags);
	unit->duration_90k = (uint32_t)duration;
	unit->data = packet->data;
	unit->length = (uint32_t)packet->size;
	return NETRA_OK;
}

static void close_file(struct container *c)
{
	av_bsf_free(&c->filter);
	avformat_close_input(&c->format);
}

static AVStream *h264_stream(AVFormatContext *format)
{
	int best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1,
				       NULL, 0);

	if (best >= 0 &&
	    format->streams[best]->codecpar->codec_id == AV_CODEC_ID_H264)
		return format->streams[best];
	for (unsigned int i = 0; i < format->nb_streams; i++) {
		if (format->streams[i]->codecpar->codec_id == AV_CODEC_ID_H264)
			return format->streams[i];
	}
	return NULL;
}

static enum netra_error open_file(struct container *c, char *why,
				  size_t why_size)
{
	const AVBitStreamFilter *filter;
	char *url, text[128];
	int result;

	/* "file:" so that no name is taken for a network address. */
	if (asprintf(&url, "file:%s", c->path) < 0)
		goto err_memory;
	result = avformat_open_input(&c->format, url, NULL, NULL);
	free(url);
	if (!result)
		result = avformat_find_stream_info(c->format, NULL);
	if (result < 0) {
		av_strerror(result, text, sizeof(text));
		snprintf(why, why_size, "%s is not a whole media file: %s",
			 c->path, text);
		return NETRA_ERR_UNSUPPORTED;
	}
	c->stream = h264_stream(c->format);
	if (!c->stream) {
		snprintf(why, why_size, "%s has no H.264 video in it", c->path);
		return NETRA_ERR_UNSUPPORTED;
	}
	for (unsigned int i = 0; i < c->format->nb_streams; i++) {
		if (c->format->streams[i] != c->stream)
			c->format->streams[i]->discard = AVDISCARD_ALL;
	}
	filter = av_bsf_get_by_name("h264_mp4toannexb");
	if (!filter || av_bsf_alloc(filter, &c->filter))
		goto err_memory;
	c->filter->time_base_in = c->stream->time_base;
	if (avcodec_parameters_copy(c->filter->par_in, c->stream->codecpar))
		goto err_memory;
	if (av_bsf_init(c->filter)) {
		snprintf(why, why_size,
			 "the H.264 parameter sets of %s are damaged", c->path);
		return NETRA_ERR_UNSUPPORTED;
	}
	return NETRA_OK;

err_memory:
	snprintf(why, why_size, "not enough memory to open %s", c->path);
	return NETRA_ERR_NO_MEMORY;
}

/* Read the first packet; times begin at 0 with it. */
static enum netra_error begin(struct container *c)
{
	c->began = false;
	c->last_dts = 0;
	c->last_duration = 0;
	c->ahead_error = fetch(c, c->ahead);
	return c->ahead_error;
}

static enum netra_error container_rewind(struct netra_source *source)
{
	struct container *c = (struct container *)source;
	enum netra_error error;
	char why[256];

	av_packet_unref(c->now);
	av_bsf_flush(c->filter);
	if (avformat_seek_file(c->format, c->stream->index, INT64_MIN,
			       c->first_dts, c->first_dts, 0) >= 0 &&
	    !begin(c) && c->ahead->dts == c->first_dts &&
	    c->ahead->size == c->first_size)
		return NETRA_OK;
	/* Not every format can be sought to its very beginning. */
	close_file(c);
	error = open_file(c, why, sizeof(why));
	c->ahead_error = error ? error : begin(c);
	return c->ahead_error;
}

static void container_close(struct netra_source *source)
{
	struct container *c = (struct container *)source;

	close_file(c);
	av_packet_free(&c->raw);
	av_packet_free(&c->now);
	av_packet_free(&c->ahead);
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
	const AVCodecParameters *par = c->stream->codecpar;
	struct netra_source_format *format = &c->source.format;
	AVRational rate = c->stream->avg_frame_rate;

	format->width = (uint32_t)par->width;
	format->height = (uint32_t)par->height;
	if (par->bit_rate > 0 && par->bit_rate <= UINT32_MAX)
		format->bit_rate = (uint32_t)par->bit_rate;
	if (rate.num > 0 && rate.den > 0 &&
	    !av_cmp_q(rate, c->stream->r_frame_rate)) {
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

	if (!c) {
		snprintf(why, why_size, "not enough memory to open %s", path);
		return NETRA_ERR_NO_MEMORY;
	}
	/* It would write to the program's standard error otherwise. */
	av_log_set_level(AV_LOG_QUIET);
	c->source.ops = &container_ops;
	c->path = strdup(path);
	c->raw = av_packet_alloc();
	c->now = av_packet_alloc();
	c->ahead = av_packet_alloc();
	if (!c->path || !c->raw || !c->now || !c->ahead) {
		snprintf(why, why_size, "not enough memory to open %s", path);
		error = NETRA_ERR_NO_MEMORY;
		goto err_close;
	}
	error = open_file(c, why, why_size);
	if (error)
		goto err_close;
	error = begin(c);
	if (error) {
		snprintf(why, why_size, "%s breaks off before its first picture",
			 path);
		error = NETRA_ERR_UNSUPPORTED;
		goto err_close;
	}
	c->first_dts = c->ahead->dts;
	c->first_size = c->ahead->size;
	take_format(c);
	*source = &c->source;
	return NETRA_OK;

err_close:
	container_close(&c->source);
	return error;
}
