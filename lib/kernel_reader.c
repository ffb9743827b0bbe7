/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers of a board that the kernel drives. Frames are taken one at a time:
 * one taken ahead would be held, and told as overwritten when it was in truth
 * lost. Which readers have any is asked once for all, by netra_dispatch().
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kernel.h"

struct kernel_reader {
	struct netra_reader reader;
	uint32_t id;
	bool pending;		/* taken, but too large for the buffer given */
	struct netra_host_frame frame;
};

_Static_assert((int)NETRA_READER_FROM_KEY == NETRA_OPEN_FROM_KEY &&
	       (int)NETRA_READER_ALL == NETRA_OPEN_ALL, "one set of flags");

static struct kernel_reader *of(struct netra_reader *reader)
{
	return (struct kernel_reader *)reader;
}

static void fill(const struct netra_ioc_frame *from,
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

static void set_ready(struct kernel_reader *r, bool ready)
{
	struct netra_board *board = r->reader.board;
	uint64_t bit = UINT64_C(1) << r->id;

	pthread_mutex_lock(&board->lock);
	board->kernel_ready = ready ? board->kernel_ready | bit :
				      board->kernel_ready & ~bit;
	pthread_mutex_unlock(&board->lock);
}

static bool is_ready(const struct kernel_reader *r)
{
	struct netra_board *board = r->reader.board;
	bool ready;

	pthread_mutex_lock(&board->lock);
	ready = board->host.lost || board->kernel_ready >> r->id & 1;
	pthread_mutex_unlock(&board->lock);
	return ready;
}

void netra_kernel_look(struct netra_board *board)
{
	struct netra_ioc_ready ready;

	/* If it fails, each reader's own call says why. */
	if (ioctl(board->kernel_fd, NETRA_IOC_READY, &ready))
		ready.readers = UINT64_MAX;
	board->kernel_ready = ready.readers;
}

/*
 * What comes between two looks of netra_dispatch() waits for the next, as poll()
 * tells of it until it is taken. That nothing came is no failure to be kept.
 */
static enum netra_error take_next(struct kernel_reader *r)
{
	struct netra_ioc_frame frame = { 0 };
	struct netra_ioc_take take = {
		.reader = r->id,
		.count = 1,
		.frames = (uintptr_t)&frame,
	};
	int fd = r->reader.board->kernel_fd;
	enum netra_error error = NETRA_OK;

	if (!is_ready(r))
		return NETRA_ERR_AGAIN;
	if (ioctl(fd, NETRA_IOC_TAKE, &take)) {
		if (errno == EAGAIN)
			set_ready(r, false);
		if (errno == EAGAIN || errno == ENODATA)
			return netra_kernel_error(errno);
		error = netra_kernel_call(r->reader.board, NETRA_IOC_TAKE,
					  &take, NULL);
	}
	if (error)
		return error;
	if (!take.more)
		set_ready(r, false);
	fill(&frame, &r->frame);
	return NETRA_OK;
}

static enum netra_error take(struct netra_reader *reader, size_t limit,
			     struct netra_host_frame *frame)
{
	struct kernel_reader *r = of(reader);
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
		.tokens = (uintptr_t)&token,
	};
	enum netra_error error = netra_kernel_call(reader->board,
						   NETRA_IOC_RELEASE, &release,
						   NULL);

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
	netra_kernel_call(reader->board, NETRA_IOC_DISCARD, &wanted, NULL);
}

static void stats(struct netra_reader *reader, struct netra_reader_stats *stats)
{
	struct netra_ioc_reader_stats from = { .reader = of(reader)->id };

	if (netra_kernel_call(reader->board, NETRA_IOC_READER_STATS, &from, NULL))
		return;
	stats->frames = from.frames;
	stats->bytes = from.bytes;
	stats->lost = from.lost;
	stats->corrupt = from.corrupt;
	stats->overwritten = from.overwritten;
}

static void close_reader(struct netra_reader *reader)
{
	uint32_t id = of(reader)->id;

	ioctl(reader->board->kernel_fd, NETRA_IOC_READER_CLOSE, &id);
	free(reader);
}

static const struct reader_ops ops = {
	.take = take,
	.give_back = give_back,
	.discard = discard,
	.stats = stats,
	.close = close_reader,
};

enum netra_error netra_kernel_reader_open(struct netra_board *board,
					  uint32_t channel, uint32_t flags,
					  struct netra_reader **reader)
{
	struct netra_ioc_reader wanted = {
		.channel = channel,
		.flags = flags & ~(uint32_t)NETRA_READER_CHECK,
	};
	struct kernel_reader *r = calloc(1, sizeof(*r));
	enum netra_error error;

	if (!r) {
		pthread_mutex_lock(&board->lock);
		error = netra_fail(board, NETRA_ERR_NO_MEMORY, "out of memory");
		pthread_mutex_unlock(&board->lock);
		return error;
	}
	error = netra_kernel_call(board, NETRA_IOC_READER_OPEN, &wanted, NULL);
	if (error) {
		free(r);
		return error;
	}
	r->reader.ops = &ops;
	r->reader.board = board;
	r->reader.view = board->host.view;
	r->reader.channel = channel;
	r->id = wanted.reader;
	set_ready(r, true);	/* it may begin with what is there */
	*reader = &r->reader;
	return NETRA_OK;
}
