/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boards in a libuv loop, and a feed for each of their channels. One thread,
 * the loop's.
 */
#ifndef NETRA_STREAMER_HUB_H
#define NETRA_STREAMER_HUB_H

#include <uv.h>

#include "feed.h"
#include "users.h"

struct netra_hub;

struct netra_hub_board {
	struct netra_hub *hub;
	struct netra_board *board;	/* NULL: lost */
	uint32_t index;
	uint32_t channels;	/* feeds there is room for */
	struct netra_feed *feed[NETRA_CHANNELS_MAX];	/* NULL: not served */
	uv_poll_t *poll;	/* NULL: lost */
	uint32_t losses;	/* how often */
	uint32_t attempts;	/* the owner's: to open it again, ever */
	char why[200];		/* the owner's: why it is lost, or still is; "" = it is there */
};

struct netra_hub {
	uv_loop_t *loop;
	struct netra_hub_board board[NETRA_STREAM_BOARDS_MAX];
	uint32_t boards;
	uint64_t limit_bytes;	/* of memory for packets, a channel */
	uint64_t late_ns;

	/* What the owner wants to know; set before the first board. */
	void *context;
	void (*news)(void *context, struct netra_feed *feed);	/* new frames, or the end */
	void (*dispatched)(void *context, struct netra_hub_board *board);
	/* For good. Its feeds have left it; when this returns it is the owner's to close. */
	void (*lost)(void *context, struct netra_hub_board *board);
};

/**
 * netra_hub_add() - Add a started board; its channels are started by the caller
 * after that, so that nothing is missed.
 * @channels, @count: Which to serve; NULL: all.
 *
 * The board stays the caller's, and is closed by it after netra_hub_close().
 */
enum netra_error netra_hub_add(struct netra_hub *hub, struct netra_board *board,
			       const uint32_t *channels, uint32_t count);

/**
 * netra_hub_return() - A lost board is open and started again: its feeds go on.
 * Those of channels that it no longer has wait. NETRA_ERR_IO, or that of the
 * first channel if it has none of them: it stays lost.
 */
enum netra_error netra_hub_return(struct netra_hub_board *lost,
				  struct netra_board *board);

/** netra_hub_feed() - Of a channel; NULL if it is not served. */
struct netra_feed *netra_hub_feed(struct netra_hub *hub, uint32_t board,
				  uint32_t channel);

/**
 * netra_hub_close() - Let the boards go. Sinks must have gone; the loop must
 * run once more for its handles.
 */
void netra_hub_close(struct netra_hub *hub);

#endif
