/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A channel's newest frames as fragments of MP4, made once for all who watch
 * in a browser. Bounded; who stands at what must go continues at a key frame.
 * One thread.
 */
#ifndef NETRA_STREAMER_WEB_LIVE_H
#define NETRA_STREAMER_WEB_LIVE_H

#include "lib/netra.h"
#include "mp4/mp4_fragment.h"
#include "mp4/mp4_init.h"

#define NETRA_LIVE_FRAGMENTS	256u	/* kept; a power of two */
#define NETRA_LIVE_FRAMES	64u	/* in one */
#define NETRA_LIVE_BYTES	(8u << 20)	/* kept, and in one */

struct netra_live_fragment {
	uint64_t first_frame;	/* number of its first frame, from 1 */
	uint32_t frames;
	bool key;		/* begins with a key frame */
	int64_t start_90k;
	size_t room;		/* unused bytes before its data: the sender's */
	size_t length;
	uint8_t data[];		/* room, then moof and mdat */
};

struct netra_live {
	struct netra_live_fragment *ring[NETRA_LIVE_FRAGMENTS];
	uint64_t oldest, next;	/* numbers; ring[number % NETRA_LIVE_FRAGMENTS] */
	uint64_t newest_key;	/* number of the last that can be begun with */
	bool have_key;
	size_t bytes;		/* in the ring */
	size_t room;		/* to leave before each fragment's data */

	uint32_t epoch;		/* rises with each new init segment; 0 = none yet */
	char codec[12];
	uint32_t width, height;
	size_t init_length;
	uint8_t init[NETRA_MP4_INIT_MAX_BYTES];
	int64_t base_90k;	/* decode time that is 0 in fragments */

	struct netra_mp4_fragment mp4;	/* frames collected for the next one */
	struct netra_mp4_note note;	/* its wall_ns is the first one's */
	bool key;		/* the first of them is a key frame */
	int64_t last_dts_90k;	/* by the board's clock */
	bool wait_key;
	bool broken;		/* what comes does not follow */

	uint64_t frames_total;	/* in fragments so far */
	uint64_t unfit;		/* frames left out: no key frame before, or no sense in them */
};

/**
 * netra_live_init() - @room: bytes to leave before each fragment.
 * NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_live_init(struct netra_live *live, uint32_t channel,
				 size_t room);
void netra_live_free(struct netra_live *live);

/**
 * netra_live_add() - Take a frame (copied).
 * @wall_ns: When it was taken, since 1970.
 * Return: true if a fragment was completed.
 */
bool netra_live_add(struct netra_live *live, const struct netra_frame *frame,
		    int64_t wall_ns);

/**
 * netra_live_break() - The board is lost: nothing of what is there is live any
 * more. What comes begins anew, with another epoch.
 */
void netra_live_break(struct netra_live *live);

/* Where a client stands. Zero it to begin. */
struct netra_live_cursor {
	uint64_t next;		/* number of the next fragment; 0 = begins anew */
	uint64_t next_frame;	/* number of the frame due next */
	uint64_t skipped;	/* frames it did not get because it was slow */
	uint32_t epoch;		/* of the init segment it has */
};

/**
 * netra_live_next() - The fragment that is due.
 * @skipped: Receives how many frames were just left out.
 * Return: NULL: nothing is there yet.
 */
const struct netra_live_fragment *
netra_live_next(const struct netra_live *live, struct netra_live_cursor *cursor,
		uint64_t *skipped);

#endif
