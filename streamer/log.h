/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a channel has sent, from its last key frame on, and cursors of those
 * who send it further. Bounded: whoever stands at what must go continues at a
 * key frame, and what that skips is counted. Pure; one thread.
 */
#ifndef NETRA_STREAMER_LOG_H
#define NETRA_STREAMER_LOG_H

#include "packetise.h"

/* What comes before a newcomer's first key frame was never due to it. */
#define NETRA_LOG_NOTHING_DUE UINT64_MAX

/* Zero it to begin; then netra_log_join(). */
struct netra_log_cursor {
	struct netra_unit *unit;	/* NULL: waits for a key frame */
	uint32_t packet;		/* next one of it; unit->packets: all done */
	uint64_t dropped;		/* units skipped */
	uint64_t due;			/* while waiting: first unit skipped */
	struct netra_log_cursor *next;	/* the log's */
};

struct netra_log {
	struct netra_unit *oldest, *newest;
	struct netra_unit *key;		/* last key frame; NULL: none, or gone */
	uint64_t next_number;
	uint64_t bytes;
	uint64_t limit_bytes;
	uint64_t late_ns;		/* so far behind, a cursor jumps */
	struct netra_log_cursor *cursors;
};

void netra_log_init(struct netra_log *log, uint64_t limit_bytes,
		    uint64_t late_ns);

/** netra_log_free() - Frees the units; its cursors must have left. */
void netra_log_free(struct netra_log *log);

/**
 * netra_log_append() - Takes @unit over, moves late cursors, frees what
 * nobody needs.
 */
void netra_log_append(struct netra_log *log, struct netra_unit *unit,
		      uint64_t now_ns);

/**
 * netra_log_break() - What comes next does not follow what is there: who joins
 * meanwhile waits for it, those there are go on to the end of this.
 */
void netra_log_break(struct netra_log *log);

/** netra_log_join() - A cursor at the last key frame, or waiting for one. */
void netra_log_join(struct netra_log *log, struct netra_log_cursor *cursor);
void netra_log_leave(struct netra_log *log, struct netra_log_cursor *cursor);

/**
 * netra_log_next() - Go to the next packet that is there.
 * Return: false if there is none yet.
 */
bool netra_log_next(struct netra_log_cursor *cursor);

/**
 * netra_log_set() - Put a cursor to a place it has been at. Nothing must have
 * been appended since.
 */
void netra_log_set(struct netra_log_cursor *cursor, struct netra_unit *unit,
		   uint32_t packet);

#endif
