/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdlib.h>
#include <string.h>

void netra_log_init(struct netra_log *log, uint64_t limit_bytes,
		    uint64_t late_ns)
{
	memset(log, 0, sizeof(*log));
	log->limit_bytes = limit_bytes;
	log->late_ns = late_ns;
}

void netra_log_set(struct netra_log_cursor *cursor, struct netra_unit *unit,
		   uint32_t packet)
{
	if (cursor->unit)
		cursor->unit->standing--;
	cursor->unit = unit;
	cursor->packet = packet;
	if (unit)
		unit->standing++;
}

static void free_oldest(struct netra_log *log)
{
	struct netra_unit *unit = log->oldest;

	log->oldest = unit->next;
	log->bytes -= unit->bytes;
	if (log->key == unit)
		log->key = NULL;
	if (log->newest == unit)
		log->newest = NULL;
	free(unit);
}

void netra_log_free(struct netra_log *log)
{
	while (log->oldest)
		free_oldest(log);
}

/* To the last key frame, if that is further on; else wait for the next one. */
static void skip(struct netra_log *log, struct netra_log_cursor *cursor)
{
	/* Part of a frame is as good as none: the one it stands at is lost. */
	cursor->due = cursor->unit->number;
	if (log->key && log->key->number > cursor->due) {
		cursor->dropped += log->key->number - cursor->due;
		netra_log_set(cursor, log->key, 0);
	} else {
		netra_log_set(cursor, NULL, 0);
	}
}

static bool done(const struct netra_log_cursor *cursor)
{
	/* No unit goes while a cursor stands at it: trim() sees to that. */
	return cursor->packet ==
	       cursor->unit->packets; /* NOLINT(clang-analyzer-unix.Malloc) */
}

/* A key frame has come: who waits begins, who is late jumps. */
static void key_came(struct netra_log *log, uint64_t now_ns)
{
	for (struct netra_log_cursor *c = log->cursors; c; c = c->next) {
		if (!c->unit) {
			if (c->due != NETRA_LOG_NOTHING_DUE)
				c->dropped += log->key->number - c->due;
			netra_log_set(c, log->key, 0);
		} else if (c->unit != log->key && !done(c) &&
			   now_ns - c->unit->arrived_ns > log->late_ns) {
			skip(log, c);
		}
	}
}

static void trim(struct netra_log *log)
{
	while (log->oldest && log->oldest != log->newest) {
		struct netra_unit *unit = log->oldest;

		if ((unit == log->key || unit->standing) &&
		    log->bytes <= log->limit_bytes)
			return;
		for (struct netra_log_cursor *c = log->cursors;
		     unit->standing && c; c = c->next) {
			if (c->unit != unit)
				continue;
			if (done(c))
				netra_log_set(c, unit->next, 0);
			else
				skip(log, c);
		}
		free_oldest(log);
	}
}

void netra_log_append(struct netra_log *log, struct netra_unit *unit,
		      uint64_t now_ns)
{
	unit->next = NULL;
	unit->number = log->next_number++;
	unit->arrived_ns = now_ns;
	unit->standing = 0;
	if (log->newest)
		log->newest->next = unit;
	else
		log->oldest = unit;
	log->newest = unit;
	log->bytes += unit->bytes;
	if (unit->key) {
		log->key = unit;
		key_came(log, now_ns);
	}
	trim(log);
}

void netra_log_break(struct netra_log *log)
{
	log->key = NULL;
	trim(log);
}

void netra_log_join(struct netra_log *log, struct netra_log_cursor *cursor)
{
	cursor->next = log->cursors;
	log->cursors = cursor;
	cursor->due = NETRA_LOG_NOTHING_DUE;
	netra_log_set(cursor, log->key, 0);
}

void netra_log_leave(struct netra_log *log, struct netra_log_cursor *cursor)
{
	struct netra_log_cursor **at = &log->cursors;

	while (*at && *at != cursor)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = cursor->next;
	netra_log_set(cursor, NULL, 0);
	trim(log);
}

bool netra_log_next(struct netra_log_cursor *cursor)
{
	if (!cursor->unit)
		return false;
	if (!done(cursor))
		return true;
	if (!cursor->unit->next)
		return false;
	netra_log_set(cursor, cursor->unit->next, 0);
	return true;
}
