/* SPDX-License-Identifier: BSD-2-Clause */
#include "hub.h"

#include <stdlib.h>

/* A wake-up of one board: what its channels have. */
static void pump(struct netra_hub_board *b)
{
	uint64_t now_ns = uv_hrtime();

	for (uint32_t i = 0; i < b->channels; i++) {
		struct netra_feed *feed = b->feed[i];

		if (feed && netra_feed_pump(feed, now_ns))
			b->hub->news(b->hub->context, feed);
	}
}

static void free_poll(uv_handle_t *handle)
{
	free(handle);
}

static void stop_watching(struct netra_hub_board *b)
{
	if (!b->poll)
		return;
	uv_poll_stop(b->poll);
	uv_close((uv_handle_t *)b->poll, free_poll);
	b->poll = NULL;
}

static void lose(struct netra_hub_board *b)
{
	stop_watching(b);
	for (uint32_t i = 0; i < b->channels; i++)
		if (b->feed[i])
			netra_feed_detach(b->feed[i]);
	b->losses++;
	b->hub->lost(b->hub->context, b);
	b->board = NULL;
}

static void board_ready(uv_poll_t *handle, int status, int events)
{
	struct netra_hub_board *b = handle->data;
	enum netra_error error = netra_dispatch(b->board, 0);

	(void)status;
	(void)events;
	pump(b);
	if (error == NETRA_OK || error == NETRA_ERR_AGAIN)
		b->hub->dispatched(b->hub->context, b);
	else
		lose(b);
}

static enum netra_error watch(struct netra_hub_board *b,
			      struct netra_board *board)
{
	b->poll = malloc(sizeof(*b->poll));
	if (!b->poll)
		return NETRA_ERR_NO_MEMORY;
	if (uv_poll_init(b->hub->loop, b->poll, netra_fd(board))) {
		free(b->poll);
		b->poll = NULL;
		return NETRA_ERR_IO;
	}
	b->poll->data = b;
	uv_poll_start(b->poll, UV_READABLE, board_ready);
	b->board = board;
	return NETRA_OK;
}

enum netra_error netra_hub_return(struct netra_hub_board *b,
				  struct netra_board *board)
{
	enum netra_error error, first = NETRA_OK;
	bool any = false;

	for (uint32_t i = 0; i < b->channels; i++) {
		if (!b->feed[i])
			continue;
		error = netra_feed_attach(b->feed[i], board);
		any |= !error;
		if (error && !first)
			first = error;
	}
	error = any ? watch(b, board) : first;
	for (uint32_t i = 0; error && i < b->channels; i++)
		if (b->feed[i])
			netra_feed_detach(b->feed[i]);
	return error;
}

enum netra_error netra_hub_add(struct netra_hub *hub, struct netra_board *board,
			       const uint32_t *channels, uint32_t count)
{
	struct netra_hub_board *b = &hub->board[hub->boards];
	struct netra_board_details details;
	enum netra_error error;

	if (hub->boards == NETRA_STREAM_BOARDS_MAX)
		return NETRA_ERR_INVALID;
	netra_board_get_details(board, &details);
	b->hub = hub;
	b->index = hub->boards;
	b->channels = details.channels < NETRA_CHANNELS_MAX ?
		      details.channels : NETRA_CHANNELS_MAX;
	for (uint32_t i = 0; i < (channels ? count : b->channels); i++) {
		uint32_t channel = channels ? channels[i] : i;
		struct netra_feed *feed;

		if (channel >= b->channels)
			continue;
		feed = malloc(sizeof(*feed));
		if (!feed) {
			error = NETRA_ERR_NO_MEMORY;
			goto err_feeds;
		}
		b->feed[channel] = feed;
		error = netra_feed_open(feed, board, channel, hub->limit_bytes,
					hub->late_ns);
		if (error)
			goto err_feeds;
		feed->board_index = b->index;
	}
	error = watch(b, board);
	if (error)
		goto err_feeds;
	hub->boards++;
	return NETRA_OK;

err_feeds:
	for (uint32_t i = 0; i < b->channels; i++) {
		if (b->feed[i])
			netra_feed_close(b->feed[i]);
		free(b->feed[i]);
		b->feed[i] = NULL;
	}
	return error;
}

struct netra_feed *netra_hub_feed(struct netra_hub *hub, uint32_t board,
				  uint32_t channel)
{
	if (board >= hub->boards || channel >= hub->board[board].channels)
		return NULL;
	return hub->board[board].feed[channel];
}

void netra_hub_close(struct netra_hub *hub)
{
	for (uint32_t i = 0; i < hub->boards; i++) {
		struct netra_hub_board *b = &hub->board[i];

		stop_watching(b);
		for (uint32_t n = 0; n < b->channels; n++) {
			if (b->feed[n])
				netra_feed_close(b->feed[n]);
			free(b->feed[n]);
			b->feed[n] = NULL;
		}
	}
	hub->boards = 0;
}
