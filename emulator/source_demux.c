/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * H.264 out of media files by libavformat and its Annex B filter. One thread
 * per demuxer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/types.h"
#include "media/h264.h"
#include "source_demux.h"

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
static bool breaks_off(struct netra_demuxer *d)
{
	int count = avformat_index_get_entries_count(d->stream);
	const AVIndexEntry *last;

	if (count < 1 || !d->format->pb)
		return false;
	last = avformat_index_get_entry(d->stream, count - 1);
	return last && last->pos + last->size > avio_size(d->format->pb);
}

/* One packet of the stream through the filter. */
static enum netra_error filtered(struct netra_demuxer *d, AVPacket *packet)
{
	for (;;) {
		int result = av_bsf_receive_packet(d->filter, packet);

		if (!result)
			return NETRA_OK;
		if (result == AVERROR_EOF)
			return NETRA_ERR_ENDED;
		if (result != AVERROR(EAGAIN))
			return NETRA_ERR_CORRUPT;
		result = av_read_frame(d->format, d->raw);
		if (result == AVERROR_EOF) {
			/* A failed read may be hidden behind the end, too. */
			if (d->format->pb && d->format->pb->error)
				return NETRA_ERR_IO;
			if (breaks_off(d))
				return NETRA_ERR_CORRUPT;
			result = av_bsf_send_packet(d->filter, NULL);
		} else if (result) {
			return NETRA_ERR_CORRUPT;
		} else if (d->raw->stream_index != d->stream->index) {
			av_packet_unref(d->raw);
			continue;
		} else if (d->raw->flags & AV_PKT_FLAG_CORRUPT) {
			av_packet_unref(d->raw);
			return NETRA_ERR_CORRUPT;
		} else {
			result = av_bsf_send_packet(d->filter, d->raw);
		}
		if (result)
			return NETRA_ERR_CORRUPT;
	}
}

/* Bytes of packets without a picture go before the next one that has it. */
enum netra_error netra_demuxer_read(struct netra_demuxer *d, AVPacket *packet)
{
	uint8_t *prefix = NULL;
	size_t prefix_size = 0;
	enum netra_error error;
	uint32_t flags;

	av_packet_unref(packet);
	for (;;) {
		uint8_t *grown;

		error = filtered(d, packet);
		if (error || find_slice(packet, &flags))
			break;
		if (packet->size > 0) {
			grown = realloc(prefix, prefix_size +
					(size_t)packet->size);
			if (!grown) {
				error = NETRA_ERR_NO_MEMORY;
				break;
			}
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

bool netra_demuxer_seek(struct netra_demuxer *d, int64_t dts)
{
	av_bsf_flush(d->filter);
	return avformat_seek_file(d->format, d->stream->index, INT64_MIN, dts,
				  dts, 0) >= 0;
}

uint32_t netra_demuxer_flags(const AVPacket *packet)
{
	uint32_t flags;

	find_slice(packet, &flags);
	return flags;
}

void netra_demuxer_close(struct netra_demuxer *d)
{
	av_packet_free(&d->raw);
	av_bsf_free(&d->filter);
	avformat_close_input(&d->format);
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

enum netra_error netra_demuxer_open(struct netra_demuxer *d, const char *path,
				    char *why, size_t why_size)
{
	const AVBitStreamFilter *filter;
	char *url, text[128];
	int result;

	/* It would write to the program's standard error otherwise. */
	av_log_set_level(AV_LOG_QUIET);
	d->raw = av_packet_alloc();
	if (!d->raw)
		goto err_memory;
	/* "file:" so that no name is taken for a network address. */
	if (asprintf(&url, "file:%s", path) < 0)
		goto err_memory;
	result = avformat_open_input(&d->format, url, NULL, NULL);
	free(url);
	if (!result)
		result = avformat_find_stream_info(d->format, NULL);
	if (result < 0) {
		av_strerror(result, text, sizeof(text));
		snprintf(why, why_size, "%s is not a whole media file: %s",
			 path, text);
		return NETRA_ERR_UNSUPPORTED;
	}
	d->stream = h264_stream(d->format);
	if (!d->stream) {
		snprintf(why, why_size, "%s has no H.264 video in it", path);
		return NETRA_ERR_UNSUPPORTED;
	}
	for (unsigned int i = 0; i < d->format->nb_streams; i++) {
		if (d->format->streams[i] != d->stream)
			d->format->streams[i]->discard = AVDISCARD_ALL;
	}
	filter = av_bsf_get_by_name("h264_mp4toannexb");
	if (!filter || av_bsf_alloc(filter, &d->filter))
		goto err_memory;
	d->filter->time_base_in = d->stream->time_base;
	if (avcodec_parameters_copy(d->filter->par_in, d->stream->codecpar))
		goto err_memory;
	if (av_bsf_init(d->filter)) {
		snprintf(why, why_size,
			 "the H.264 parameter sets of %s are damaged", path);
		return NETRA_ERR_UNSUPPORTED;
	}
	return NETRA_OK;

err_memory:
	snprintf(why, why_size, "not enough memory to open %s", path);
	return NETRA_ERR_NO_MEMORY;
}
