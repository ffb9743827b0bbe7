// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A program's readers: cursors of core/ on the channels' rings. They hold up
 * neither the board nor each other, but each is looked at whenever frames come
 * in, so there is a bound on how many there can be.
 */
#include <linux/slab.h>

#include "control.h"
#include "trace.h"

#define READERS_PER_CHANNEL	256

static_assert(NETRA_CURSOR_FROM_KEY == 2 && NETRA_OPEN_FROM_KEY == 2 &&
	      NETRA_CURSOR_ALL == 4 && NETRA_OPEN_ALL == 4);
static_assert(sizeof(struct netra_ioc_frame) == 80);
static_assert(NETRA_READERS_PER_FILE == 64);	/* bits of netra_ioc_ready */

int netra_reader_open(struct netra_file *file, struct netra_ioc_reader *arg)
{
	struct netra_host *host = &file->dev->host;
	struct netra_reader *reader;
	enum netra_error error;
	unsigned int id;

	error = netra_cursor_check(host, arg->channel);
	if (error)
		return netra_errno(error);
	for (id = 0; id < NETRA_READERS_PER_FILE && file->reader[id]; id++)
		;
	if (id == NETRA_READERS_PER_FILE)
		return -EMFILE;
	if (host->channel[arg->channel].cursor_count >= READERS_PER_CHANNEL)
		return -EUSERS;
	reader = kzalloc(offsetof(struct netra_reader, cursor) +
				 netra_cursor_bytes(host, arg->channel),
			 GFP_KERNEL_ACCOUNT);
	if (!reader)
		return -ENOMEM;
	netra_cursor_open(host, arg->channel, arg->flags, &reader->cursor);
	netra_reader_keep(file, reader);
	file->reader[id] = reader;
	arg->reader = id;
	return 0;
}

int netra_reader_close(struct netra_file *file, u32 id)
{
	struct netra_reader *reader = file->reader[id];
	u32 channel = reader->cursor.channel;
	bool keeps = reader->keeps;

	netra_cursor_close(&reader->cursor);
	kfree(reader);
	file->reader[id] = NULL;
	if (keeps)
		netra_use_pass(file->dev, channel, NULL);
	return 0;
}

void netra_readers_drop(struct netra_file *file)
{
	unsigned int id;

	for (id = 0; id < NETRA_READERS_PER_FILE; id++)
		if (file->reader[id])
			netra_reader_close(file, id);
}

bool netra_readers_ready(const struct netra_file *file)
{
	unsigned int id;

	for (id = 0; id < NETRA_READERS_PER_FILE; id++)
		if (file->reader[id] &&
		    netra_cursor_unread(&file->reader[id]->cursor))
			return true;
	return false;
}

/* poll() tells of the end once, and of frames; this also of what is over. */
static bool would_answer(const struct netra_cursor *cursor)
{
	const struct netra_host *host = cursor->host;

	return netra_cursor_unread(cursor) || host->lost ||
	       host->channel[cursor->channel].ring.ended;
}

int netra_readers_which(const struct netra_file *file,
			struct netra_ioc_ready *arg)
{
	unsigned int id;

	arg->readers = 0;
	for (id = 0; id < NETRA_READERS_PER_FILE; id++)
		if (file->reader[id] && would_answer(&file->reader[id]->cursor))
			arg->readers |= BIT_ULL(id);
	return 0;
}

static void fill(const struct netra_host_frame *from,
		 struct netra_ioc_frame *frame)
{
	*frame = (struct netra_ioc_frame){
		.offset = from->offset,
		.length = from->length,
		.flags = from->flags,
		.sequence = from->sequence,
		.lost = from->lost,
		.pts_90k = from->pts_90k,
		.dts_90k = from->dts_90k,
		.board_time_ns = from->board_time_ns,
		.host_time_ns = from->host_time_ns,
		.token = from->token,
		.duration_90k = from->duration_90k,
		.data_crc32c = from->data_crc32c,
	};
}

int netra_reader_take(struct netra_reader *reader, struct netra_ioc_take *arg,
		      struct netra_ioc_frame *frames)
{
	u32 room = arg->count;

	for (arg->count = 0; arg->count < room; arg->count++) {
		enum netra_error error;

		error = netra_cursor_take(&reader->cursor, SIZE_MAX,
					  &reader->last);
		if (error && !arg->count)
			return netra_errno(error);
		if (error)
			break;
		netra_cursor_delivered(&reader->cursor, &reader->last);
		reader->taken = true;
		fill(&reader->last, &frames[arg->count]);
		trace_netra_frame(netra_device_of(reader->cursor.host)->number,
				  reader->cursor.channel, reader->last.sequence,
				  reader->last.length, reader->last.flags);
	}
	arg->more = would_answer(&reader->cursor);
	return 0;
}

int netra_reader_release(struct netra_reader *reader,
			 struct netra_ioc_release *arg, const u64 *tokens)
{
	int err = 0;
	u32 i;

	arg->stale = 0;
	for (i = 0; i < arg->count; i++) {
		switch (netra_cursor_give_back(&reader->cursor, tokens[i])) {
		case NETRA_OK:
			break;
		case NETRA_ERR_OVERWRITTEN:
			arg->stale |= BIT_ULL(i);
			break;
		default:
			err = -EINVAL;
			break;
		}
	}
	return err;
}

int netra_reader_discard(struct netra_reader *reader,
			 const struct netra_ioc_discard *arg)
{
	struct netra_cursor_stats *stats = &reader->cursor.stats;

	if (!reader->taken)
		return -EINVAL;
	reader->taken = false;
	stats->frames--;
	stats->bytes -= reader->last.length;
	netra_cursor_spoilt(&reader->cursor, &reader->last,
			    arg->flags & NETRA_DISCARD_CORRUPT);
	return 0;
}

int netra_reader_stats(const struct netra_reader *reader,
		       struct netra_ioc_reader_stats *arg)
{
	const struct netra_cursor_stats *stats = &reader->cursor.stats;

	arg->frames = stats->frames;
	arg->bytes = stats->bytes;
	arg->lost = stats->lost;
	arg->corrupt = stats->corrupt;
	arg->overwritten = stats->overwritten;
	return 0;
}
