/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NETRA_IOC_READ: whole frames, copied out of the ring into the program's
 * buffer, which the I/O manager has locked and mapped: nothing faults here. Each
 * is checked where it has arrived, so the board cannot change what was checked.
 */
#include "core/crc32c.h"

#include "control.h"

#define HEAD	sizeof(struct netra_ioc_chunk)
#define ENOUGH	(1u << 20)	/* at once: the board's thread waits meanwhile */

struct output {
	uint8_t *at;
	size_t room;
	size_t done;
};

static size_t chunk_bytes(const struct netra_host_frame *frame)
{
	return (HEAD + frame->length + 7) & ~(size_t)7;
}

static void put_head(struct output *out, uint32_t id, const struct netra_host_frame *frame)
{
	struct netra_ioc_chunk chunk = {
		.bytes = (uint32_t)chunk_bytes(frame),
		.reader = id,
	};

	netra_frame_fill(frame, &chunk.frame);
	chunk.frame.offset = 0;
	chunk.frame.token = 0;
	RtlCopyMemory(out->at + out->done, &chunk, HEAD);
}

/* The largest frame whose chunk fits. */
static size_t limit(const struct output *out)
{
	size_t left = (out->room - out->done) & ~(size_t)7;

	return left > HEAD ? left - HEAD : 0;
}

/* NETRA_ERR_CORRUPT: it was lost, and the next one may be read. */
static enum netra_error copy(struct netra_file *file, struct netra_reader *reader,
			     struct netra_host_frame *frame, struct output *out,
			     uint32_t id)
{
	uint8_t *to = out->at + out->done + HEAD;
	const size_t bytes = chunk_bytes(frame);

	RtlCopyMemory(to, file->dev->arena.view + frame->offset, frame->length);
	RtlZeroMemory(to + frame->length, bytes - HEAD - frame->length);
	if (netra_crc32c(0, to, frame->length) != frame->data_crc32c) {
		netra_cursor_spoilt(&reader->cursor, frame, true);
		return NETRA_ERR_CORRUPT;
	}
	netra_cursor_give_back(&reader->cursor, frame->token);
	netra_cursor_delivered(&reader->cursor, frame);
	put_head(out, id, frame);
	out->done += bytes;
	return NETRA_OK;
}

static enum netra_error read_one(struct netra_file *file, uint32_t id, struct output *out)
{
	struct netra_reader *reader = file->reader[id];
	struct netra_host_frame frame = { 0 };
	enum netra_error error;

	do {
		error = netra_cursor_take(&reader->cursor, limit(out), &frame);
		if (!error)
			error = copy(file, reader, &frame, out, id);
	} while (error == NETRA_ERR_CORRUPT);
	/* What is discarded after that must have been taken after that. */
	reader->taken = false;
	/* Nothing fits: say how large it is, and what it would take. */
	if (error == NETRA_ERR_NO_MEMORY && !out->done)
		put_head(out, id, &frame);
	return error;
}

/* Which of two says more to a program that got nothing. */
static enum netra_error worse(enum netra_error a, enum netra_error b)
{
	if (a == NETRA_ERR_AGAIN || b == NETRA_ERR_AGAIN)
		return a == NETRA_ERR_AGAIN && b != NETRA_ERR_ENDED && b ? b : NETRA_ERR_AGAIN;
	return b ? b : a;
}

/* A frame of each in turn, so that none starves the others. */
static enum netra_error read_all(struct netra_file *file, struct output *out)
{
	enum netra_error result;
	bool found;

	do {
		result = NETRA_OK;
		found = false;
		for (uint32_t n = 0; n < NETRA_READERS_PER_FILE; n++) {
			uint32_t id = file->next_reader++ % NETRA_READERS_PER_FILE;
			enum netra_error error;

			if (!file->reader[id])
				continue;
			error = read_one(file, id, out);
			if (error == NETRA_ERR_NO_MEMORY) {
				file->next_reader = id;
				return error;
			}
			found |= !error;
			result = error ? worse(result, error) : result;
		}
	} while (found && out->done < ENOUGH);
	return result ? result : NETRA_ERR_AGAIN;
}

NTSTATUS netra_call_read(struct netra_call *call)
{
	struct output out = { .at = call->out, .room = call->out_bytes };
	enum netra_error error;

	if (call->in.read.reader == NETRA_ALL_READERS) {
		error = read_all(call->file, &out);
	} else {
		do
			error = read_one(call->file, call->in.read.reader, &out);
		while (!error && out.done < ENOUGH);
	}
	call->done = out.done;
	if (out.done)
		return STATUS_SUCCESS;
	if (error != NETRA_ERR_NO_MEMORY)
		return netra_status(error);
	call->done = HEAD;
	return (NTSTATUS)STATUS_BUFFER_OVERFLOW;
}
