/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_netra.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct netra_reader {
	struct fake_channel *channel;
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "libnetra was misused: %s\n", what);
	abort();
}

void netra_board_get_details(struct netra_board *board,
			     struct netra_board_details *details)
{
	memset(details, 0, sizeof(*details));
	details->channels = board->channels;
}

enum netra_error netra_channel_get_stats(struct netra_board *board,
					 uint32_t channel,
					 struct netra_channel_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (channel >= board->channels)
		return NETRA_ERR_INVALID;
	stats->ring_bytes = board->channel[channel].ring_bytes;
	return NETRA_OK;
}

/* Its streams have them in band. */
size_t netra_channel_sets(struct netra_board *board, uint32_t channel,
			  void *buffer)
{
	(void)board;
	(void)channel;
	(void)buffer;
	return 0;
}

const char *netra_error_text(const struct netra_board *board, char *buffer,
			     size_t size)
{
	(void)board;
	if (size)
		*buffer = '\0';
	return buffer;
}

enum netra_error netra_reader_open(struct netra_board *board, uint32_t channel,
				   uint32_t flags, struct netra_reader **reader)
{
	check(channel < board->channels, "no such channel");
	check(flags == (NETRA_READER_CHECK | NETRA_READER_ALL), "flags");
	*reader = malloc(sizeof(**reader));
	if (!*reader)
		return NETRA_ERR_NO_MEMORY;
	(*reader)->channel = &board->channel[channel];
	(*reader)->channel->readers++;
	return NETRA_OK;
}

void netra_reader_close(struct netra_reader *reader)
{
	if (!reader)
		return;
	check(reader->channel->held == 0, "frames are held at the close");
	reader->channel->readers--;
	free(reader);
}

enum netra_error netra_reader_next(struct netra_reader *reader,
				   struct netra_frame *frame)
{
	struct fake_channel *channel = reader->channel;
	enum netra_error err;
	uint8_t *copy;

	memset(frame, 0, sizeof(*frame));
	err = channel->next(channel->context, frame);
	if (err)
		return err;
	channel->lost += frame->lost;
	copy = malloc(frame->length ? frame->length : 1);
	check(copy, "no memory");
	if (frame->length)
		memcpy(copy, frame->data, frame->length);
	frame->data = copy;
	frame->token = (uint64_t)(uintptr_t)copy;
	channel->held_bytes += frame->length;
	if (++channel->held > channel->held_most)
		channel->held_most = channel->held;
	if (channel->held_bytes > channel->held_most_bytes)
		channel->held_most_bytes = channel->held_bytes;
	return NETRA_OK;
}

enum netra_error netra_reader_release(struct netra_reader *reader,
				      const struct netra_frame *frame)
{
	struct fake_channel *channel = reader->channel;

	check(channel->held > 0, "released more than was taken");
	channel->held--;
	channel->held_bytes -= frame->length;
	free((void *)(uintptr_t)frame->token);
	if (channel->torn && channel->torn(channel->context, frame))
		return NETRA_ERR_OVERWRITTEN;
	return NETRA_OK;
}

void netra_reader_stats(const struct netra_reader *reader,
			struct netra_reader_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->lost = reader->channel->lost;
}
