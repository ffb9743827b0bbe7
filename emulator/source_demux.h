/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * H.264 out of any file libavformat reads: whole access units in Annex B,
 * parameter sets joined to IDR pictures. One thread per demuxer.
 */
#ifndef NETRA_SOURCE_DEMUX_H
#define NETRA_SOURCE_DEMUX_H

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct netra_demuxer {
	AVFormatContext *format;
	AVBSFContext *filter;
	AVStream *stream;	/* the best H.264 video in the file */
	AVPacket *raw;		/* as read */
};

/** netra_demuxer_open() - All zeros before; close it in any case. */
enum netra_error netra_demuxer_open(struct netra_demuxer *demuxer,
				    const char *path, char *why,
				    size_t why_size);

/**
 * netra_demuxer_read() - The next packet with a picture.
 *
 * NETRA_ERR_ENDED at the end; NETRA_ERR_CORRUPT where the file breaks off.
 */
enum netra_error netra_demuxer_read(struct netra_demuxer *demuxer,
				    AVPacket *packet);

/** netra_demuxer_seek() - Go to the packet of decode time @dts; false: cannot. */
bool netra_demuxer_seek(struct netra_demuxer *demuxer, int64_t dts);

/** netra_demuxer_flags() - NETRA_FRAME_KEY, _PARAMETERS of a packet read. */
uint32_t netra_demuxer_flags(const AVPacket *packet);

void netra_demuxer_close(struct netra_demuxer *demuxer);

#endif
