/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers by copy, for a program that cannot have the board's memory mapped:
 * each NETRA_IOC_READ fills a batch with whole frames. A batch lives until all
 * its frames are given back; nothing of it can be overwritten.
 */
#include <stdlib.h>
#include <string.h>

#include "windows_board.h"

#define BATCH_BYTES (256u << 10)

struct batch {
	size_t room;
	size_t bytes;		/* there are */
	size_t at;		/* of the next chunk */
	uint32_t held;		/* frames out, and 1 for the reader */
	_Alignas(8) uint8_t data[];
};

static struct windows_reader *of(struct netra_reader *reader)
{
	return (struct windows_reader *)reader;
}

static void put(struct batch *batch)
{
	if (batch && !--batch->held)
		free(batch);
}

static struct batch *new_batch(size_t room)
{
	struct batch *batch = malloc(sizeof(*batch) + room);

	if (!batch)
		return NULL;
	batch->room = room;
	batch->bytes = 0;
	batch->at = 0;
	batch->held = 1;
	return batch;
}

/* Its next frame is larger than all of a batch: one that it fits in. */
static size_t room_for(const struct batch *batch)
{
	const struct netra_ioc_chunk *chunk = (const void *)batch->data;

	return chunk->bytes > batch->room ? chunk->bytes : 2 * batch->room;
}

static enum netra_error read_batch(struct windows_reader *r)
{
	struct netra_ioc_read read = { .reader = r->id };
	size_t room = BATCH_BYTES;

	put(r->batch);
	r->batch = NULL;
	for (;;) {
		struct batch *batch = new_batch(room);
		DWORD code;

		if (!batch)
			return netra_windows_fail(r->reader.board,
						  NETRA_ERR_NO_MEMORY,
						  "out of memory");
		code = netra_windows_ioctl(r->reader.board, NETRA_IOC_READ,
					   &read, sizeof(read), batch->data,
					   batch->room, &batch->bytes);
		if (!code) {
			r->batch = batch;
			return NETRA_OK;
		}
		room = code == ERROR_MORE_DATA ? room_for(batch) : 0;
		put(batch);
		if (!room)
			return netra_windows_nothing(r->reader.board, code);
	}
}

static enum netra_error take(struct netra_reader *reader, size_t limit,
			     struct netra_host_frame *frame)
{
	struct windows_reader *r = of(reader);
	const struct netra_ioc_chunk *chunk;
	enum netra_error error = NETRA_OK;
	struct batch *batch;

	if (!r->batch || r->batch->at >= r->batch->bytes)
		error = read_batch(r);
	batch = r->batch;
	if (!batch)
		return error;
	chunk = (const void *)(batch->data + batch->at);
	netra_windows_fill(&chunk->frame, frame);
	frame->offset = (uint32_t)(batch->at + sizeof(*chunk));
	frame->token = (uintptr_t)batch;
	reader->view = batch->data;
	if (frame->length > limit)
		return NETRA_ERR_NO_MEMORY;
	batch->at += chunk->bytes;
	batch->held++;
	return NETRA_OK;
}

static enum netra_error give_back(struct netra_reader *reader, uint64_t token)
{
	(void)reader;
	put((struct batch *)(uintptr_t)token);
	return NETRA_OK;
}

/* The driver has checked it: what is wrong here went wrong in this program. */
static void discard(struct netra_reader *reader,
		    const struct netra_host_frame *frame, bool corrupt)
{
	if (corrupt)
		give_back(reader, frame->token);
}

static void close_reader(struct netra_reader *reader)
{
	put(of(reader)->batch);
	netra_windows_reader_close(reader);
}

const struct reader_ops netra_windows_copy_ops = {
	.take = take,
	.give_back = give_back,
	.discard = discard,
	.stats = netra_windows_reader_stats,
	.close = close_reader,
};
