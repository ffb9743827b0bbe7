/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an emulated board's pictures come from: a file with H.264 in it, or
 * a synthetic camera. One thread; next() may take a millisecond or two.
 */
#ifndef NETRA_SOURCE_H
#define NETRA_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "board/producer.h"

struct netra_source;

struct netra_source_format {
	uint32_t width, height;
	uint32_t rate_num, rate_den;	/* 0 = unknown or variable */
	uint32_t bit_rate;		/* 0 = unknown */
};

/**
 * netra_source_open_file() - Access units of any file libavformat reads, or
 * of a raw Annex B stream (cut byte for byte, times from the picture order).
 * @loops: How often to play it; 0 = for ever. Times keep rising over loops.
 * @why: Receives one sentence on failure.
 *
 * NETRA_ERR_NOT_FOUND, NETRA_ERR_UNSUPPORTED (no H.264 in it), NETRA_ERR_IO.
 */
enum netra_error netra_source_open_file(const char *path, uint32_t loops,
					struct netra_source **source,
					char *why, size_t why_size);

/**
 * netra_source_open_camera() - A synthetic camera: moving picture, channel
 * number, running clock; coded as asked.
 * @frames: How many to give; 0 = for ever.
 */
enum netra_error netra_source_open_camera(uint32_t channel,
					  const struct netra_source_format *format,
					  uint64_t frames,
					  struct netra_source **source,
					  char *why, size_t why_size);

/**
 * netra_source_next() - The next access unit, in decode order.
 *
 * unit->data stays valid until the next call for this source. dts begins at 0
 * and rises strictly; pts >= dts; board_time_ns is left to the caller.
 * NETRA_ERR_ENDED at the end; NETRA_ERR_CORRUPT when the file breaks off.
 */
enum netra_error netra_source_next(struct netra_source *source,
				   struct netra_access_unit *unit);

/** netra_source_rewind() - Begin again (START after an end); times keep rising. */
enum netra_error netra_source_rewind(struct netra_source *source);

/**
 * netra_source_command() - Bit rate, frame rate, GOP, resolution, key frame.
 * Return: enum netra_reply_status; NETRA_REPLY_UNSUPPORTED for files.
 */
uint32_t netra_source_command(struct netra_source *source,
			      const struct netra_command *command);

void netra_source_format(const struct netra_source *source,
			 struct netra_source_format *format);

void netra_source_close(struct netra_source *source);

#endif
