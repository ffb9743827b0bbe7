/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers of a board that this process drives: cursors of core/ on a channel's
 * ring, under the board's lock.
 */
#include <stdlib.h>

#include "internal.h"

struct own_reader {
	struct netra_reader reader;
	struct netra_cursor cursor;	/* last: its length depends on the ring */
};

_Static_assert((int)NETRA_READER_FROM_KEY == (int)NETRA_CURSOR_FROM_KEY &&
	       (int)NETRA_READER_ALL == (int)NETRA_CURSOR_ALL, "one set of flags");

static struct netra_cursor *cursor_of(struct netra_reader *reader)
{
	return &((struct own_reader *)reader)->cursor;
}

static enum netra_error take(struct netra_reader *reader, size_t limit,
			     struct netra_host_frame *frame)
{
	struct netra_cursor *cursor = cursor_of(reader);
	enum netra_error error;

	pthread_mutex_lock(&reader->board->lock);
	error = netra_cursor_take(cursor, limit, frame);
	if (!error)
		netra_cursor_delivered(cursor, frame);
	pthread_mutex_unlock(&reader->board->lock);
	return error;
}

static enum netra_error give_back(struct netra_reader *reader, uint64_t token)
{
	enum netra_error error;

	pthread_mutex_lock(&reader->board->lock);
	error = netra_cursor_give_back(cursor_of(reader), token);
	pthread_mutex_unlock(&reader->board->lock);
	return error;
}

static void discard(struct netra_reader *reader,
		    const struct netra_host_frame *frame, bool corrupt)
{
	struct netra_cursor *cursor = cursor_of(reader);

	pthread_mutex_lock(&reader->board->lock);
	cursor->stats.frames--;
	cursor->stats.bytes -= frame->length;
	netra_cursor_spoilt(cursor, frame, corrupt);
	pthread_mutex_unlock(&reader->board->lock);
}

static void stats(struct netra_reader *reader, struct netra_reader_stats *stats)
{
	const struct netra_cursor_stats *from = &cursor_of(reader)->stats;

	pthread_mutex_lock(&reader->board->lock);
	stats->frames = from->frames;
	stats->bytes = from->bytes;
	stats->lost = from->lost;
	stats->corrupt = from->corrupt;
	stats->overwritten = from->overwritten;
	pthread_mutex_unlock(&reader->board->lock);
}

static void close_reader(struct netra_reader *reader)
{
	pthread_mutex_lock(&reader->board->lock);
	netra_cursor_close(cursor_of(reader));
	pthread_mutex_unlock(&reader->board->lock);
	free(reader);
}

static const struct reader_ops ops = {
	.take = take,
	.give_back = give_back,
	.discard = discard,
	.stats = stats,
	.close = close_reader,
};

enum netra_error netra_own_reader_open(struct netra_board *board,
				       uint32_t channel, uint32_t flags,
				       struct netra_reader **reader)
{
	const uint32_t known = NETRA_READER_CHECK | NETRA_READER_FROM_KEY |
			       NETRA_READER_ALL;
	enum netra_error error;
	struct own_reader *r;

	pthread_mutex_lock(&board->lock);
	error = netra_cursor_check(&board->host, channel);
	if (!error && flags & ~known)
		error = netra_fail(board, NETRA_ERR_INVALID,
				   "unknown flags for a reader");
	if (error)
		goto out_unlock;
	r = calloc(1, offsetof(struct own_reader, cursor) +
			      netra_cursor_bytes(&board->host, channel));
	if (!r) {
		error = netra_fail(board, NETRA_ERR_NO_MEMORY, "out of memory");
		goto out_unlock;
	}
	r->reader.ops = &ops;
	r->reader.board = board;
	r->reader.view = board->host.view;
	r->reader.channel = channel;
	netra_cursor_open(&board->host, channel, flags, &r->cursor);
	*reader = &r->reader;

out_unlock:
	pthread_mutex_unlock(&board->lock);
	return error;
}
