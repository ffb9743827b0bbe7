/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records channels of a board: one fragmented MP4 file per channel, one
 * fragment a second. Uses libnetra's public interface only. One thread.
 */
#ifndef NETRA_RECORDER_H
#define NETRA_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netra.h"

struct netra_recorder;

struct netra_recorder_options {
	const char *store;		/* folder; made if missing */
	const uint32_t *channels;	/* NULL = all of the board */
	uint32_t channel_count;
	uint32_t fragment_ms;		/* 0 = 1000 */
	bool no_sync;			/* leave durability to the system */
};

/**
 * netra_recorder_open() - Open readers; files appear with their first frame,
 * as "STORE/chNN.mp4.part" until they are whole.
 *
 * Open before netra_channel_start() to miss nothing.
 * netra_recorder_open_error() has the whole sentence for a failure.
 */
enum netra_error netra_recorder_open(struct netra_board *board,
				     const struct netra_recorder_options *options,
				     struct netra_recorder **recorder);

/**
 * netra_recorder_open_error() - Why the last netra_recorder_open() of this
 * thread failed: "what: why".
 */
const char *netra_recorder_open_error(void);

/**
 * netra_recorder_pump() - Take all frames that are there, write what is due.
 *
 * Call after every netra_dispatch(). Return: NETRA_OK; NETRA_ERR_ENDED when
 * every channel has ended or failed; see the channel's state.
 */
enum netra_error netra_recorder_pump(struct netra_recorder *recorder);

struct netra_recorder_channel {
	uint32_t channel;
	uint64_t frames;	/* in the file */
	uint64_t lost;		/* missed, all causes */
	uint64_t gaps;
	uint64_t bytes;		/* of the file */
	int64_t duration_90k;	/* last presentation end - first */
	bool ended;
	bool failed;		/* no longer recorded; see error */
	char error[160];	/* why, without the path */
	char path[512];		/* as it is called now; "" = no file yet */
};

uint32_t netra_recorder_channels(const struct netra_recorder *recorder);
void netra_recorder_channel(const struct netra_recorder *recorder,
			    uint32_t index,
			    struct netra_recorder_channel *channel);

/**
 * netra_recorder_finish() - Write the last fragments, sync, give files their
 * final names, close readers; a file that could not be written to its end
 * keeps the name ".part", cut to whole fragments. A channel without a frame
 * leaves no file.
 *
 * netra_recorder_channel() tells the outcome until netra_recorder_close().
 * Return: the first error met, if any.
 */
enum netra_error netra_recorder_finish(struct netra_recorder *recorder);

/**
 * netra_recorder_close() - netra_recorder_finish() if not done yet, and free.
 * Return: as netra_recorder_finish(). NULL is allowed.
 */
enum netra_error netra_recorder_close(struct netra_recorder *recorder);

#endif
