/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One channel being recorded: its reader, and the fragment that is being
 * gathered. Used by recorder.c, from the recorder's thread only; never touches
 * a disk.
 */
#ifndef NETRA_RECORDER_CHANNEL_H
#define NETRA_RECORDER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netra.h"
#include "recorder_clock.h"
#include "recorder_sets.h"
#include "recorder_wall.h"
#include "store/writer.h"

/* What all channels of a recorder share. */
struct netra_recording_shared {
	struct netra_board *board;
	struct netra_store_writer *writer;
	struct netra_recorder_wall wall;
	uint64_t fragment_ns;		/* between ticks */
	uint64_t rotate_ns;
	uint64_t payload_bytes;		/* more of a fragment does not wait for a tick */
	uint64_t ends_ns;		/* no stream's end is heard before */
};

struct netra_recording {
	struct netra_recording_shared *shared;
	uint32_t channel;
	struct netra_reader *reader;	/* NULL = no longer read */
	struct netra_recorder_clock clock;
	struct netra_recorder_stamp stamp;
	struct netra_recorder_sets sets;

	/* A frame that found no memory yet; held in the ring. */
	struct netra_frame frame;
	bool pending;
	bool key;			/* the frame that is being placed */

	struct netra_store_fragment *fragment;	/* NULL = none begun */
	bool cut;			/* it is due: the next frame ends it */

	/* The file it belongs to; times of files begin at 0. */
	uint32_t file_number;		/* from 1; 0 = none yet */
	bool in_file;
	bool begins;			/* the next fragment is its first */
	int64_t file_dts;		/* where it begins, on the clock's line */
	int64_t media_start;		/* as its init segment says */
	uint64_t file_due_ns;		/* the next key frame after this ends it */
	uint32_t file_steps;		/* of the wall, when it began */
	uint64_t file_first_ns;		/* length of the first one; 0 = as all */

	uint64_t lost;
	uint64_t lost_before;	/* of these, as the reader's frames said */
	bool overrun;		/* there was no memory for a frame */
	bool drained;		/* since then all of the ring was read */
	uint64_t lost_noted;	/* of lost, what fragments tell */
	uint64_t gaps;
	uint32_t flags;		/* NETRA_NOTE_*, for the next fragment */
	uint32_t steps;		/* of the wall, as of the last fragment */
	bool gap;		/* frames are missing before the next one */
	bool gap_counts;	/* there are frames before it */
	bool key_seen;
	bool ended;
	enum netra_error failure;
	char error[160];
};

/**
 * netra_recording_open() - Open the channel's reader; a file comes later.
 * @recording: All zeros.
 * @shared: The caller's, for as long as the recording lives.
 * @first_ns: Length of the first file, for rotations not to fall together.
 */
enum netra_error netra_recording_open(struct netra_recording *recording,
				      struct netra_recording_shared *shared,
				      uint32_t channel, uint64_t first_ns);

/**
 * netra_recording_pump() - Take up to @frames_max frames.
 * @now_ns: On CLOCK_MONOTONIC.
 * Return: true if there may be more frames that can be taken now.
 */
bool netra_recording_pump(struct netra_recording *recording,
			  uint32_t frames_max, uint64_t now_ns);

/**
 * netra_recording_detach() - The board is going: as netra_recording_finish(), but
 * another one may come.
 */
void netra_recording_detach(struct netra_recording *recording);

/**
 * netra_recording_attach() - shared->board is another one: a new file begins,
 * after a gap.
 */
enum netra_error netra_recording_attach(struct netra_recording *recording);

/** netra_recording_tick() - A commit is near: the fragment is due. */
void netra_recording_tick(struct netra_recording *recording);

/** netra_recording_flush() - Hand the fragment over if it is due, unfollowed. */
void netra_recording_flush(struct netra_recording *recording);

/**
 * netra_recording_finish() - Hand the rest over, close the reader. Does nothing
 * the second time.
 */
void netra_recording_finish(struct netra_recording *recording);

/** netra_recording_free() - After netra_recording_finish(). */
void netra_recording_free(struct netra_recording *recording);

/* ---- between recorder_channel.c and recorder_gather.c --------------------- */

/**
 * netra_recording_place() - Put the pending frame where it belongs.
 * Return: false: there is no memory for it now.
 */
bool netra_recording_place(struct netra_recording *recording, uint64_t now_ns);

/** netra_recording_skip() - The pending frame is not wanted, or cannot be used. */
void netra_recording_skip(struct netra_recording *recording);

/** netra_recording_cut() - Hand over what is gathered; no frame follows it yet. */
void netra_recording_cut(struct netra_recording *recording);

#endif
