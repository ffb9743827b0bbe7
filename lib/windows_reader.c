/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers by reference: frames are places in the board's memory, which is mapped
 * here, taken one at a time: one taken ahead would be held, and told as
 * overwritten when it was in truth lost. Where the memory cannot be mapped,
 * readers copy (windows_copy.c).
 */
#include <stdlib.h>

#include "windows_board.h"

_Static_assert((int)NETRA_READER_FROM_KEY == NETRA_OPEN_FROM_KEY &&
	       (int)NETRA_READER_ALL == NETRA_OPEN_ALL, "one set of flags");

static struct windows_reader *of(struct netra_reader *reader)
{
	return (struct windows_reader *)reader;
}

void netra_windows_fill(const struct netra_ioc_frame *from,
			struct netra_host_frame *frame)
{
	*frame = (struct netra_host_frame){
		.offset = (uint32_t)from->offset,
		.length = from->length,
		.flags = from->flags,
		.duration_90k = from->duration_90k,
		.sequence = from->sequence,
		.lost = from->lost,
		.pts_90k = from->pts_90k,
		.dts_90k = from->dts_90k,
		.board_time_ns = from->board_time_ns,
		.host_time_ns = from->host_time_ns,
		.token = from->token,
		.data_crc32c = from->data_crc32c,
	};
}

/* Most calls find nothing, which is no failure to be kept. */
enum netra_error netra_windows_nothing(struct netra_board *board, DWORD code)
{
	char text[NETRA_ERROR_TEXT];

	if (code == ERROR_NO_MORE_ITEMS) {
		EnterCriticalSection(&board->lock);
		netra_windows_arm(board);
		LeaveCriticalSection(&board->lock);
		return NETRA_ERR_AGAIN;
	}
	if (code == ERROR_HANDLE_EOF)
		return NETRA_ERR_ENDED;
	netra_windows_text(code, text, sizeof(text));
	return netra_windows_fail(board, netra_windows_error(code), text);
}

static enum netra_error take_next(struct windows_reader *r)
{
	struct netra_ioc_take take = { .reader = r->id };
	struct netra_ioc_frame frame;
	DWORD code = netra_windows_ioctl(r->reader.board, NETRA_IOC_TAKE, &take,
					 sizeof(take), &frame, sizeof(frame),
					 NULL);

	if (code)
		return netra_windows_nothing(r->reader.board, code);
	netra_windows_fill(&frame, &r->frame);
	return NETRA_OK;
}

static enum netra_error take(struct netra_reader *reader, size_t limit,
			     struct netra_host_frame *frame)
{
	struct windows_reader *r = of(reader);
	enum netra_error error = r->pending ? NETRA_OK : take_next(r);

	if (error)
		return error;
	*frame = r->frame;
	r->pending = r->frame.length > limit;
	return r->pending ? NETRA_ERR_NO_MEMORY : NETRA_OK;
}

static enum netra_error give_back(struct netra_reader *reader, uint64_t token)
{
	struct netra_ioc_release release = {
		.reader = of(reader)->id,
		.count = 1,
		.tokens = { token },
	};
	enum netra_error error = netra_windows_call(
		reader->board, NETRA_IOC_RELEASE, &release, sizeof(release),
		sizeof(release));

	return !error && release.stale ? NETRA_ERR_OVERWRITTEN : error;
}

static void discard(struct netra_reader *reader,
		    const struct netra_host_frame *frame, bool corrupt)
{
	struct netra_ioc_discard wanted = {
		.reader = of(reader)->id,
		.flags = corrupt ? NETRA_DISCARD_CORRUPT : 0,
	};

	(void)frame;
	netra_windows_call(reader->board, NETRA_IOC_DISCARD, &wanted,
			   sizeof(wanted), 0);
}

void netra_windows_reader_stats(struct netra_reader *reader,
				struct netra_reader_stats *stats)
{
	struct netra_ioc_reader_stats from = { .reader = of(reader)->id };

	if (netra_windows_call(reader->board, NETRA_IOC_READER_STATS, &from,
			       sizeof(from), sizeof(from)))
		return;
	stats->frames = from.frames;
	stats->bytes = from.bytes;
	stats->lost = from.lost;
	stats->corrupt = from.corrupt;
	stats->overwritten = from.overwritten;
}

void netra_windows_reader_close(struct netra_reader *reader)
{
	struct netra_ioc_reader_close wanted = { .reader = of(reader)->id };

	netra_windows_ioctl(reader->board, NETRA_IOC_READER_CLOSE, &wanted,
			    sizeof(wanted), NULL, 0, NULL);
	free(reader);
}

static const struct reader_ops map_ops = {
	.take = take,
	.give_back = give_back,
	.discard = discard,
	.stats = netra_windows_reader_stats,
	.close = netra_windows_reader_close,
};

enum netra_error netra_windows_reader_open(struct netra_board *board,
					   uint32_t channel, uint32_t flags,
					   struct netra_reader **reader)
{
	struct netra_ioc_reader wanted = {
		.channel = channel,
		.flags = flags & ~(uint32_t)NETRA_READER_CHECK,
	};
	struct windows_reader *r = calloc(1, sizeof(*r));
	enum netra_error error;

	if (!r)
		return netra_windows_fail(board, NETRA_ERR_NO_MEMORY,
					  "out of memory");
	error = netra_windows_call(board, NETRA_IOC_READER_OPEN, &wanted,
				   sizeof(wanted), sizeof(wanted));
	if (error) {
		free(r);
		return error;
	}
	r->reader.ops = board->view ? &map_ops : &netra_windows_copy_ops;
	r->reader.board = board;
	r->reader.view = board->view;
	r->reader.channel = channel;
	r->id = wanted.reader;
	*reader = &r->reader;
	return NETRA_OK;
}
