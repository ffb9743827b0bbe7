/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One channel being recorded: its reader, the frames held, its file. Used by
 * recorder.c, from the recorder's thread only.
 */
#ifndef NETRA_RECORDER_CHANNEL_H
#define NETRA_RECORDER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netra.h"
#include "mp4_fragment.h"
#include "mp4_index.h"
#include "recorder_clock.h"
#include "recorder_file.h"

#define NETRA_RECORDING_HELD_MAX 128u

struct netra_recording {
	uint32_t channel;
	uint32_t fragment_ms;
	struct netra_reader *reader;	/* NULL = no longer read */
	struct netra_recorder_file file;
	struct netra_recorder_clock clock;
	struct netra_mp4_index index;

	/* The fragment being gathered: frames held, by reference. */
	struct netra_mp4_fragment fragment;
	struct netra_frame held[NETRA_RECORDING_HELD_MAX];
	uint32_t held_count;
	uint64_t held_bytes;
	uint64_t held_max_bytes;
	uint64_t held_since_ns;
	int64_t held_end_pts;

	/* The file so far; times are on its line. */
	uint32_t fragments;
	uint64_t duration_offset;
	int64_t first_pts;
	int64_t end_pts;
	uint64_t frames;
	uint64_t lost;
	uint64_t lost_before;	/* of these, as the reader's frames said */
	uint64_t gaps;
	uint64_t synced_ns;
	bool unsynced;		/* fragments since then */
	bool gap;		/* frames are missing before the next one */
	bool ended;
	enum netra_error failure;
	char error[160];
};

/**
 * netra_recording_open() - Open the channel's reader; the file comes later.
 * @directory: Of the store; stays the caller's, and open.
 */
enum netra_error netra_recording_open(struct netra_recording *recording,
				      struct netra_board *board,
				      uint32_t channel, int directory,
				      uint32_t fragment_ms, bool sync);

/**
 * netra_recording_pump() - Take up to @frames_max frames, write what is due.
 * @now_ns: On CLOCK_MONOTONIC.
 * Return: true if there may be more frames.
 */
bool netra_recording_pump(struct netra_recording *recording,
			  uint32_t frames_max, uint64_t now_ns);

/**
 * netra_recording_finish() - Write the rest, complete the file, close the
 * reader. Does nothing the second time.
 */
void netra_recording_finish(struct netra_recording *recording);

/** netra_recording_free() - After netra_recording_finish(). */
void netra_recording_free(struct netra_recording *recording);

#endif
