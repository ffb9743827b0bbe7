/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers: cursors of core/ on a channel's ring, under the board's lock. Bytes
 * are copied, and checksums taken, without it: others go on meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "internal.h"

struct netra_reader {
	struct netra_board *board;
	bool check;
	struct netra_cursor cursor;	/* last: its length depends on the ring */
};

_Static_assert((int)NETRA_READER_FROM_KEY == (int)NETRA_CURSOR_FROM_KEY &&
	       (int)NETRA_READER_ALL == (int)NETRA_CURSOR_ALL, "one set of flags");

static void fill(const struct netra_reader *r, const struct netra_host_frame *from,
		 struct netra_frame *frame)
{
	frame->data = r->board->host.view + from->offset;
	frame->length = from->length;
	frame->channel = r->cursor.channel;
	frame->flags = from->flags;
	frame->sequence = from->sequence;
	frame->lost = from->lost;
	frame->pts_90k = from->pts_90k;
	frame->dts_90k = from->dts_90k;
	frame->duration_90k = from->duration_90k;
	frame->data_crc32c = from->data_crc32c;
	frame->board_time_ns = from->board_time_ns;
	frame->host_time_ns = from->host_time_ns;
	frame->token = from->token;
}

enum netra_error netra_reader_open(struct netra_board *board, uint32_t channel,
				   uint32_t flags, struct netra_reader **reader)
{
	const uint32_t known = NETRA_READER_CHECK | NETRA_READER_FROM_KEY |
			       NETRA_READER_ALL;
	enum netra_error error;
	struct netra_reader *r;

	pthread_mutex_lock(&board->lock);
	error = netra_cursor_check(&board->host, channel);
	if (!error && flags & ~known)
		error = netra_fail(board, NETRA_ERR_INVALID,
				   "unknown flags for a reader");
	if (error)
		goto out_unlock;
	r = calloc(1, offsetof(struct netra_reader, cursor) +
			      netra_cursor_bytes(&board->host, channel));
	if (!r) {
		error = netra_fail(board, NETRA_ERR_NO_MEMORY, "out of memory");
		goto out_unlock;
	}
	r->board = board;
	r->check = flags & NETRA_READER_CHECK;
	netra_cursor_open(&board->host, channel, flags, &r->cursor);
	*reader = r;

out_unlock:
	pthread_mutex_unlock(&board->lock);
	return error;
}

void netra_reader_close(struct netra_reader *reader)
{
	if (!reader)
		return;
	pthread_mutex_lock(&reader->board->lock);
	netra_cursor_close(&reader->cursor);
	pthread_mutex_unlock(&reader->board->lock);
	free(reader);
}

enum netra_error netra_reader_next(struct netra_reader *reader,
				   struct netra_frame *frame)
{
	pthread_mutex_t *lock = &reader->board->lock;
	struct netra_host_frame from;
	enum netra_error error;

	pthread_mutex_lock(lock);
	for (;;) {
		bool intact;

		error = netra_cursor_take(&reader->cursor, SIZE_MAX, &from);
		if (error || !reader->check)
			break;
		pthread_mutex_unlock(lock);
		intact = netra_checksum(reader->board->host.view + from.offset,
					from.length) == from.data_crc32c;
		pthread_mutex_lock(lock);
		if (intact)
			break;
		netra_cursor_spoilt(&reader->cursor, &from, true);
	}
	if (!error) {
		netra_cursor_delivered(&reader->cursor, &from);
		fill(reader, &from, frame);
	}
	pthread_mutex_unlock(lock);
	return error;
}

enum netra_error netra_reader_release(struct netra_reader *reader,
				      const struct netra_frame *frame)
{
	enum netra_error error;

	pthread_mutex_lock(&reader->board->lock);
	error = netra_cursor_give_back(&reader->cursor, frame->token);
	pthread_mutex_unlock(&reader->board->lock);
	return error;
}

enum netra_error netra_reader_copy(struct netra_reader *reader, void *buffer,
				   size_t size, struct netra_frame *frame)
{
	pthread_mutex_t *lock = &reader->board->lock;
	struct netra_host_frame from;
	enum netra_error error;

	pthread_mutex_lock(lock);
	for (;;) {
		bool corrupt;

		error = netra_cursor_take(&reader->cursor, size, &from);
		if (error)
			break;
		pthread_mutex_unlock(lock);
		memcpy(buffer, reader->board->host.view + from.offset,
		       from.length);
		corrupt = reader->check && netra_checksum(buffer, from.length) !=
						   from.data_crc32c;
		pthread_mutex_lock(lock);
		if (!corrupt && netra_cursor_give_back(&reader->cursor,
						       from.token) == NETRA_OK)
			break;
		netra_cursor_spoilt(&reader->cursor, &from, corrupt);
	}
	if (!error) {
		netra_cursor_delivered(&reader->cursor, &from);
		fill(reader, &from, frame);
		frame->data = buffer;
	} else if (error == NETRA_ERR_NO_MEMORY) {
		frame->length = from.length;
	}
	pthread_mutex_unlock(lock);
	return error;
}

void netra_reader_stats(const struct netra_reader *reader,
			struct netra_reader_stats *stats)
{
	const struct netra_cursor_stats *from = &reader->cursor.stats;

	pthread_mutex_lock(&reader->board->lock);
	*stats = (struct netra_reader_stats){
		.frames = from->frames,
		.bytes = from->bytes,
		.lost = from->lost,
		.corrupt = from->corrupt,
		.overwritten = from->overwritten,
	};
	pthread_mutex_unlock(&reader->board->lock);
}
