/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's readers: cursors of core/ on the channels' rings. They hold up
 * neither the board nor each other, but each is looked at whenever frames come
 * in, so there is a bound on how many there can be.
 */
#include "control.h"

#define READERS_PER_CHANNEL 256u

_Static_assert(NETRA_CURSOR_FROM_KEY == NETRA_OPEN_FROM_KEY &&
	       NETRA_CURSOR_ALL == NETRA_OPEN_ALL, "one set of flags");

NTSTATUS netra_call_reader_open(struct netra_call *call)
{
	struct netra_file *file = call->file;
	struct netra_host *host = &file->dev->host;
	struct netra_ioc_reader *out = call->out;
	const uint32_t channel = call->in.open.channel;
	enum netra_error error = netra_cursor_check(host, channel);
	struct netra_reader *reader;
	uint32_t id = 0;

	if (error)
		return netra_status(error);
	while (id < NETRA_READERS_PER_FILE && file->reader[id])
		id++;
	if (id == NETRA_READERS_PER_FILE ||
	    host->channel[channel].cursor_count >= READERS_PER_CHANNEL)
		return STATUS_TOO_MANY_OPENED_FILES;
	reader = netra_allocate(NonPagedPoolNx, offsetof(struct netra_reader, cursor) +
							netra_cursor_bytes(host, channel));
	if (!reader)
		return STATUS_INSUFFICIENT_RESOURCES;
	netra_cursor_open(host, channel, call->in.open.flags, &reader->cursor);
	netra_reader_keep(file, reader);
	file->reader[id] = reader;
	*out = call->in.open;
	out->reader = id;
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}

static void close_reader(struct netra_file *file, uint32_t id, bool to_own)
{
	struct netra_reader *reader = file->reader[id];
	uint32_t channel = reader->cursor.channel;
	bool keeps = reader->keeps;

	netra_cursor_close(&reader->cursor);
	netra_free(reader);
	file->reader[id] = NULL;
	if (keeps)
		netra_file_pass(file->dev, channel, to_own ? NULL : file);
}

NTSTATUS netra_call_reader_close(struct netra_call *call)
{
	close_reader(call->file, call->in.first, true);
	return STATUS_SUCCESS;
}

void netra_readers_drop(struct netra_file *file)
{
	for (uint32_t id = 0; id < NETRA_READERS_PER_FILE; id++)
		if (file->reader[id])
			close_reader(file, id, false);
}

static bool ready(const struct netra_cursor *cursor)
{
	const struct netra_channel *c = &cursor->host->channel[cursor->channel];

	return cursor->epoch != c->epoch || cursor->next != c->ring.head;
}

bool netra_readers_ready(const struct netra_file *file)
{
	for (uint32_t id = 0; id < NETRA_READERS_PER_FILE; id++)
		if (file->reader[id] && ready(&file->reader[id]->cursor))
			return true;
	return false;
}

void netra_frame_fill(const struct netra_host_frame *from, struct netra_ioc_frame *frame)
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

NTSTATUS netra_call_take(struct netra_call *call)
{
	const size_t room = call->out_bytes / sizeof(struct netra_ioc_frame);
	struct netra_ioc_frame *frames = call->out;
	struct netra_reader *reader = call->reader;
	enum netra_error error = NETRA_OK;
	size_t n = 0;

	while (n < room && n < NETRA_FRAMES_AT_ONCE && !error) {
		error = netra_cursor_take(&reader->cursor, SIZE_MAX, &reader->last);
		if (error)
			break;
		netra_cursor_delivered(&reader->cursor, &reader->last);
		reader->taken = true;
		netra_frame_fill(&reader->last, &frames[n++]);
	}
	call->done = n * sizeof(*frames);
	return n ? STATUS_SUCCESS : netra_status(error);
}

NTSTATUS netra_call_release(struct netra_call *call)
{
	const struct netra_ioc_release *in = &call->in.release;
	struct netra_ioc_release *out = call->out;

	*out = *in;
	out->stale = 0;
	out->unknown = 0;
	for (uint32_t i = 0; i < in->count; i++) {
		switch (netra_cursor_give_back(&call->reader->cursor, in->tokens[i])) {
		case NETRA_OK:
			break;
		case NETRA_ERR_OVERWRITTEN:
			out->stale |= 1ull << i;
			break;
		default:
			out->unknown |= 1ull << i;
			break;
		}
	}
	call->done = offsetof(struct netra_ioc_release, tokens);
	return STATUS_SUCCESS;
}

NTSTATUS netra_call_discard(struct netra_call *call)
{
	struct netra_reader *reader = call->reader;
	struct netra_cursor_stats *stats = &reader->cursor.stats;

	if (!reader->taken)
		return STATUS_INVALID_PARAMETER;
	reader->taken = false;
	stats->frames--;
	stats->bytes -= reader->last.length;
	netra_cursor_spoilt(&reader->cursor, &reader->last,
			    call->in.discard.flags & NETRA_DISCARD_CORRUPT);
	return STATUS_SUCCESS;
}

NTSTATUS netra_call_reader_stats(struct netra_call *call)
{
	const struct netra_cursor_stats *stats = &call->reader->cursor.stats;
	struct netra_ioc_reader_stats *out = call->out;

	*out = (struct netra_ioc_reader_stats){
		.reader = call->in.first,
		.frames = stats->frames,
		.bytes = stats->bytes,
		.lost = stats->lost,
		.corrupt = stats->corrupt,
		.overwritten = stats->overwritten,
	};
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}
