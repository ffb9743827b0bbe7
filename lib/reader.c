/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers, whoever drives their board: bytes are copied, and checksums taken,
 * without any lock.
 */
#include <string.h>

#include "checksum.h"
#include "common.h"

static void fill(const struct netra_reader *r, const struct netra_host_frame *from,
		 struct netra_frame *frame)
{
	frame->data = r->view + from->offset;
	frame->length = from->length;
	frame->channel = r->channel;
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

static bool corrupt(const struct netra_reader *reader, const void *data,
		    const struct netra_host_frame *from)
{
	return reader->check &&
	       netra_checksum(0, data, from->length) != from->data_crc32c;
}

void netra_reader_close(struct netra_reader *reader)
{
	if (reader)
		reader->ops->close(reader);
}

enum netra_error netra_reader_next(struct netra_reader *reader,
				   struct netra_frame *frame)
{
	struct netra_host_frame from;
	enum netra_error error;

	for (;;) {
		error = reader->ops->take(reader, SIZE_MAX, &from);
		if (error)
			return error;
		if (!corrupt(reader, reader->view + from.offset,
			     &from))
			break;
		reader->ops->discard(reader, &from, true);
	}
	fill(reader, &from, frame);
	return NETRA_OK;
}

enum netra_error netra_reader_release(struct netra_reader *reader,
				      const struct netra_frame *frame)
{
	return reader->ops->give_back(reader, frame->token);
}

enum netra_error netra_reader_copy(struct netra_reader *reader, void *buffer,
				   size_t size, struct netra_frame *frame)
{
	struct netra_host_frame from;
	enum netra_error error;

	for (;;) {
		bool damaged;

		error = reader->ops->take(reader, size, &from);
		if (error == NETRA_ERR_NO_MEMORY)
			frame->length = from.length;
		if (error)
			return error;
		memcpy(buffer, reader->view + from.offset,
		       from.length);
		damaged = corrupt(reader, buffer, &from);
		if (!damaged) {
			error = reader->ops->give_back(reader, from.token);
			if (error != NETRA_ERR_OVERWRITTEN)
				break;
		}
		reader->ops->discard(reader, &from, damaged);
	}
	fill(reader, &from, frame);
	frame->data = buffer;
	return error;
}

void netra_reader_stats(const struct netra_reader *reader,
			struct netra_reader_stats *stats)
{
	struct netra_reader *r = (struct netra_reader *)(uintptr_t)reader;

	memset(stats, 0, sizeof(*stats));
	r->ops->stats(r, stats);
}
