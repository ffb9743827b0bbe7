/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording as a feed: frames come from a store in their time, for one
 * client. Reading is done by libuv's threads, everything else by the loop's.
 */
#ifndef NETRA_STREAMER_PLAYBACK_H
#define NETRA_STREAMER_PLAYBACK_H

#include <uv.h>

#include "feed.h"
#include "playback_reader.h"

#define NETRA_PLAYBACK_OPEN_END INT64_MAX

struct netra_playback {
	struct netra_feed feed;
	uv_loop_t *loop;
	char store[448];
	struct netra_playback_reader *reader;	/* the worker's while busy */
	struct netra_playback_batch batch;	/* likewise */
	uv_work_t work;
	bool busy;
	bool closing;
	unsigned int handles;		/* timer and work, still open */
	uv_timer_t timer;

	int64_t seek_ns;		/* where to; wall clock */
	bool seek_wanted;		/* as soon as the job under way is done */
	bool seek;			/* the job under way is one */
	enum netra_error result;	/* of the last job; the worker's while busy */
	enum netra_error sought_result;	/* of the last seek */
	int64_t start_ns;		/* the key frame it begins with */
	bool fresh;			/* nothing was played since the seek */

	uint32_t next;			/* frame of the batch */
	bool playing;
	double scale;
	int64_t end_ns;			/* nothing from there on is played */
	uint64_t base_ns;		/* CLOCK_MONOTONIC at base_90k */
	int64_t base_90k;		/* media time, gaps taken out */
	int64_t media_90k;		/* decode time of the last frame played */
	int64_t last_dts_90k;		/* the same in its file */
	int64_t rtp_90k;		/* RTP time at base_90k */

	void *context;
	void (*sought)(void *context);	/* a seek is over; see `sought_result` */
	void (*news)(void *context, struct netra_feed *feed);
};

/**
 * netra_playback_new() - @board_index: for the user's rights.
 * Return: NULL if out of memory.
 */
struct netra_playback *netra_playback_new(uv_loop_t *loop, const char *store,
					  uint32_t board_index,
					  uint32_t channel);

/** netra_playback_close() - Sinks must have gone. It frees itself. NULL is allowed. */
void netra_playback_close(struct netra_playback *playback);

/**
 * netra_playback_seek() - To the last key frame not after @wall_ns. Not while
 * another seek is under way.
 */
void netra_playback_seek(struct netra_playback *playback, int64_t wall_ns);

/** netra_playback_first_time() - RTP time of the frame after a seek. */
uint32_t netra_playback_first_time(const struct netra_playback *playback);

/** netra_playback_play() - @scale: 1 = as it was; frames leave in their time. */
void netra_playback_play(struct netra_playback *playback, int64_t end_ns,
			 double scale);
void netra_playback_pause(struct netra_playback *playback);

#endif
