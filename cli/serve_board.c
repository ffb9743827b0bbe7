/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra serve: its boards. One that is lost for good is tried again, ever more
 * rarely, until it is back; what was recorded and sent goes on after a gap.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "serve.h"

#define WAIT_MS 1000u
#define WAIT_MOST_MS 30000u
#define STEADY_NS UINT64_C(60000000000)	/* lost later than this it is tried at once */
#define GOODBYE_NS UINT64_C(3000000000)	/* for attempts that are under way */

static struct netra_hub_board *hub_board(struct serve_board *b)
{
	return &b->serve->hub.board[b->index];
}

static void begin_attempt(struct serve_board *b);

static void on_again(uv_timer_t *timer)
{
	begin_attempt(timer->data);
}

/* Twice as long each time. */
static void try_later(struct serve_board *b)
{
	uv_timer_start(&b->again, on_again, b->wait_ms, 0);
	b->wait_ms *= 2;
	if (!b->wait_ms)
		b->wait_ms = WAIT_MS;
	if (b->wait_ms > WAIT_MOST_MS)
		b->wait_ms = WAIT_MOST_MS;
}

static void begin_attempt(struct serve_board *b)
{
	const struct serve_options *o = &b->serve->options;

	if (b->serve->ending)
		return;
	b->attempt = serve_attempt_begin(b->board, o->board[b->index], &o->start,
					 &o->channels, &b->ready);
	if (!b->attempt) {
		try_later(b);
		return;
	}
	b->board = NULL;
	hub_board(b)->attempts++;
}

static void board_is_back(struct serve_board *b)
{
	struct serve *s = b->serve;
	double seconds = (double)(cli_now_ns() - b->since_ns) / 1e9;
	char text[80];

	b->since_ns = cli_now_ns();
	snprintf(text, sizeof(text), "the board is back after %.0f s", seconds);
	cli_error("%s: %s", s->options.board[b->index], text);
	serve_record_back(&s->recording[b->index], b->board);
	serve_web_board(s, b->index, true, text);
}

static void on_ready(uv_async_t *async)
{
	struct serve_board *b = async->data;
	struct netra_hub_board *hub = hub_board(b);

	if (!b->attempt || !serve_attempt_done(b->attempt))
		return;
	b->board = serve_attempt_end(b->attempt, hub->why, sizeof(hub->why));
	b->attempt = NULL;
	if (b->board && !netra_hub_return(hub, b->board)) {
		board_is_back(b);
		return;
	}
	/* One that is open all the same is closed by the next attempt. */
	if (b->board)
		snprintf(hub->why, sizeof(hub->why), "none of its channels can "
			 "be read");
	try_later(b);
}

void serve_board_lost(void *context, struct netra_hub_board *hub)
{
	struct serve *s = context;
	struct serve_board *b = &s->board[hub->index];
	char text[240];

	netra_error_text(hub->board, hub->why, sizeof(hub->why));
	cli_error("%s: %s: trying to open it again", s->options.board[b->index],
		  hub->why);
	serve_web_events(s, hub);
	serve_record_lost(&s->recording[b->index]);
	snprintf(text, sizeof(text), "the board is lost: %s", hub->why);
	serve_web_board(s, b->index, false, text);
	if (cli_now_ns() - b->since_ns > STEADY_NS)
		b->wait_ms = 0;
	b->since_ns = cli_now_ns();
	try_later(b);
}

void serve_board_dispatched(void *context, struct netra_hub_board *hub)
{
	struct serve *s = context;

	serve_record_pump(&s->recording[hub->index]);
	serve_web_dispatched(s, hub);
}

/* ---- from beginning to end ---------------------------------------------- */

static int open_one(struct serve *s, uint32_t index)
{
	const struct serve_options *o = &s->options;
	struct serve_board *b = &s->board[index];
	const char *name = o->board[index];
	enum netra_error error;

	b->serve = s;
	b->index = index;
	b->board = cli_board_open(name, &o->start);
	if (!b->board)
		return CLI_FAILED;
	for (uint32_t i = 0; i < o->channels.count; i++)
		if (!cli_channel_known(b->board, "channels",
				       o->channels.item[i]))
			return CLI_USAGE;
	error = netra_hub_add(&s->hub, b->board, o->channels.count ?
			      o->channels.item : NULL, o->channels.count);
	if (error) {
		cli_error("%s: %s: try again with fewer channels", name,
			  netra_error_name(error));
		return CLI_FAILED;
	}
	b->since_ns = cli_now_ns();
	b->again.data = b;
	b->ready.data = b;
	uv_timer_init(&s->loop, &b->again);
	uv_async_init(&s->loop, &b->ready, on_ready);
	return CLI_OK;
}

int serve_boards_open(struct serve *s)
{
	int status = CLI_OK;

	for (uint32_t i = 0; !status && i < s->options.boards; i++)
		status = open_one(s, i);
	return status;
}

static int start_channels(struct serve *s, struct netra_hub_board *hub)
{
	uint32_t started = 0;

	for (uint32_t i = 0; i < hub->channels; i++)
		if (hub->feed[i])
			started += cli_channel_start(hub->board, i) == CLI_OK;
	if (started)
		return CLI_OK;
	cli_error("%s: no channel could be started: see the lines above",
		  s->options.board[hub->index]);
	return CLI_FAILED;
}

int serve_boards_start(struct serve *s)
{
	int status = CLI_OK;

	for (uint32_t i = 0; !status && i < s->hub.boards; i++)
		status = start_channels(s, &s->hub.board[i]);
	return status;
}

void serve_boards_stop(struct serve *s)
{
	uint64_t end_ns = cli_now_ns() + GOODBYE_NS;

	for (uint32_t i = 0; i < s->options.boards; i++) {
		struct serve_board *b = &s->board[i];

		if (!b->attempt)
			continue;
		while (!serve_attempt_done(b->attempt) && cli_now_ns() < end_ns)
			usleep(2000);
		serve_attempt_abandon(b->attempt);
		b->attempt = NULL;
	}
}

void serve_boards_close(struct serve *s)
{
	for (uint32_t i = 0; i < s->options.boards; i++)
		netra_close(s->board[i].board);
}
