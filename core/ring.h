/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's half of a frame ring: it learns the head, checks records, and
 * decides how far the board may reuse memory (the tail).
 *
 * Frames are *discovered* once (netra_ring_advance), then any number of
 * readers walk them by position. Discovery reads each record once, checks it
 * and keeps a private copy, so nothing a reader uses can change under it but
 * the frame's bytes themselves.
 */
#ifndef NETRA_RING_H
#define NETRA_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "protocol.h"

/* A checked record, in host byte order, safe to use. */
struct netra_ring_frame {
	uint64_t sequence;
	uint64_t board_time_ns;
	int64_t pts_90k;	/* within +-2^62: differences fit */
	int64_t dts_90k;
	uint32_t offset;	/* inside the channel's data region of the arena */
	uint32_t length;
	uint32_t flags;
	uint32_t lost;
	uint32_t duration_90k;
	uint32_t data_crc32c;
	uint32_t room_bytes;	/* taken of the data region, padding included */
};

enum netra_ring_fault {
	NETRA_RING_OK = 0,
	NETRA_RING_HEAD_JUMPED,		/* head ran ahead of what fits */
	NETRA_RING_HEAD_BACK,		/* head ran backwards */
	NETRA_RING_RECORD_TORN,		/* record checksum wrong */
	NETRA_RING_RECORD_STALE,	/* position is not the expected one */
	NETRA_RING_SEQUENCE_WRONG,	/* sequence and lost do not agree */
	NETRA_RING_RANGE_WRONG,		/* leaves the data region, or runs into frames
					 * that were not released */
	NETRA_RING_FLAGS_UNKNOWN,
	NETRA_RING_TIME_WRONG,		/* dts above pts, or dts not rising */
	NETRA_RING_FAULT_COUNT
};

struct netra_ring {
	const struct netra_record *records;	/* shared memory */
	struct netra_ring_frame *frames;	/* caller's, 1 << records_log2 */
	struct netra_channel_layout layout;
	uint32_t head;		/* records checked, free-running */
	uint32_t tail;		/* records released to the board */
	uint32_t key;		/* newest discovered key frame's position */
	bool have_key;
	bool started;		/* a first record has fixed sequence and dts */
	bool resynced;		/* next record may skip sequence numbers */
	bool ended;
	uint64_t next_sequence;
	int64_t last_dts_90k;
	enum netra_ring_fault fault;
	uint32_t data_next;	/* where the newest frame ends in the data region */
	uint32_t used_bytes;	/* of the frames in [tail, head) */
	uint64_t frames_total;	/* without end marks */
	uint64_t bytes_total;
	uint64_t lost_total;	/* by the board's sequence numbers */
};

/**
 * netra_ring_init() - Empty ring at position 0.
 * @records: Start of the record ring in shared memory.
 * @frames: Private array of (1 << layout->records_log2) entries.
 */
void netra_ring_init(struct netra_ring *ring,
		     const struct netra_channel_layout *layout,
		     const struct netra_record *records,
		     struct netra_ring_frame *frames);

/**
 * netra_ring_resync() - Back to position 0 after a fault (NETRA_CMD_RESYNC).
 *
 * Totals stay; the next record may have any sequence above the last.
 */
void netra_ring_resync(struct netra_ring *ring);

/**
 * netra_ring_advance() - Check what the board has written up to @head.
 * @head: The board's head index, read once by the caller.
 *
 * Checks each new record and copies it. Stops at the first bad one and stays
 * faulted until resync. Bounded by the ring's size.
 * Return: number of frames newly discovered; see ring->fault.
 */
uint32_t netra_ring_advance(struct netra_ring *ring, uint32_t head);

/** netra_ring_frame() - Checked record at @position, NULL unless in [tail, head). */
const struct netra_ring_frame *netra_ring_frame(const struct netra_ring *ring,
						uint32_t position);

/**
 * netra_ring_reclaim() - How far may the tail move?
 * @needed: Oldest position a reader still wants or holds; head if none.
 *
 * The tail moves up to the older of @needed and the newest key frame (kept so
 * that a late reader starts at a picture), and further when records or bytes
 * in use pass three quarters: then the oldest go, wanted or not, and readers
 * find them gone. Call it before netra_ring_advance(), so that what was read
 * goes first and a reader that keeps up loses nothing, however fast the board
 * is. Return: the new tail (also in ring->tail), to be posted.
 */
uint32_t netra_ring_reclaim(struct netra_ring *ring, uint32_t needed);

/**
 * netra_ring_release() - As netra_ring_reclaim(), but takes nothing wanted.
 *
 * For the moment a reader gives a frame back: room is made at once, and what
 * was discovered but not read yet stays, however full the ring is.
 */
uint32_t netra_ring_release(struct netra_ring *ring, uint32_t needed);

/**
 * netra_ring_forget_key() - Keep no key frame for late readers any more.
 *
 * For a channel from which nothing came for a while: the board's next frame
 * may be larger than the quarter that is left free. The next reclaim then
 * goes up to @needed; the next key frame is kept again.
 */
void netra_ring_forget_key(struct netra_ring *ring);

/** netra_ring_used_bytes() - Data bytes between tail and head, padding included. */
uint32_t netra_ring_used_bytes(const struct netra_ring *ring);

/** netra_ring_fault_text() - One clause for people; never NULL. */
const char *netra_ring_fault_text(enum netra_ring_fault fault);

#endif
