/* SPDX-License-Identifier: BSD-2-Clause */
/* netra serve --store: recording in the same loop, a store for each board. */
#include <stdio.h>
#include <string.h>

#include "serve.h"

#define LOOK_NS UINT64_C(1000000000)

static void on_due(uv_timer_t *timer)
{
	serve_record_pump(timer->data);
}

int serve_record_name(struct serve *s)
{
	const char *store = s->options.store;

	for (uint32_t b = 0; store && b < s->options.boards; b++) {
		struct serve_recording *r = &s->recording[b];
		int n = b ? snprintf(r->store, sizeof(r->store), "%s/board%u",
				     store, b) :
			    snprintf(r->store, sizeof(r->store), "%s", store);

		if (n > 0 && (size_t)n < sizeof(r->store))
			continue;
		cli_error("--store %.60s…: too long: choose a folder with a "
			  "shorter name", store);
		return CLI_USAGE;
	}
	return CLI_OK;
}

void serve_record_stores(const struct serve *s,
			 const char *store[NETRA_STREAM_BOARDS_MAX])
{
	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++)
		store[b] = s->recording[b].store[0] ? s->recording[b].store :
						      NULL;
}

static int open_one(struct serve *s, struct netra_hub_board *b)
{
	struct serve_recording *r = &s->recording[b->index];
	const struct serve_options *o = &s->options;
	const struct netra_recorder_options options = {
		.store = r->store,
		.channels = o->channels.count ? o->channels.item : NULL,
		.channel_count = o->channels.count,
		.keep_bytes = o->keep_bytes,
		.keep_ms = o->keep_ms,
		.free_bytes = o->free_bytes,
	};

	if (netra_recorder_open(b->board, &options, &r->recorder)) {
		cli_error("%s: choose another folder", netra_recorder_open_error());
		return CLI_FAILED;
	}
	r->serve = s;
	r->board = b->index;
	uv_timer_init(&s->loop, &r->due);
	r->due.data = r;
	return CLI_OK;
}

int serve_record_open(struct serve *s)
{
	int status = CLI_OK;

	for (uint32_t b = 0; !status && s->options.store && b < s->hub.boards;
	     b++)
		status = open_one(s, &s->hub.board[b]);
	return status;
}

/* "channel 3", and of which board if there are several. */
static void say(const struct serve_recording *r,
		const struct netra_recorder_channel *c)
{
	if (r->serve->hub.boards > 1)
		cli_error("board %u, channel %u: %s", r->board, c->channel,
			  c->error);
	else
		cli_error("channel %u: %s", c->channel, c->error);
}

/* A channel's trouble is said when it begins, and when it changes. */
static void look(struct serve_recording *r)
{
	uint32_t count = netra_recorder_channels(r->recorder);
	struct netra_recorder_health health;
	char alarm[200];

	netra_recorder_health(r->recorder, &health);
	snprintf(alarm, sizeof(alarm), "%s", health.retention_trouble);
	for (uint32_t i = 0; i < count; i++) {
		struct netra_recorder_channel c;

		netra_recorder_channel(r->recorder, i, &c);
		if (c.alarm && !c.failed)
			snprintf(alarm, sizeof(alarm),
				 "camera %u is not being recorded", c.channel);
		if (!c.failed)
			continue;
		snprintf(alarm, sizeof(alarm), "recording of camera %u: %.120s",
			 c.channel, c.error);
		if (strcmp(r->said[i], c.error) == 0)
			continue;
		memcpy(r->said[i], c.error, sizeof(c.error));
		say(r, &c);
	}
	if (r->serve->web)
		netra_web_alarm(r->serve->web, r->board, alarm);
}

void serve_record_pump(struct serve_recording *r)
{
	uint64_t now_ns = cli_now_ns(), due_ns;

	if (!r->recorder)
		return;
	netra_recorder_pump(r->recorder);
	due_ns = netra_recorder_due_ns(r->recorder);
	if (due_ns != UINT64_MAX && !uv_is_closing((uv_handle_t *)&r->due))
		uv_timer_start(&r->due, on_due, due_ns > now_ns ?
			       (due_ns - now_ns) / 1000000u + 1 : 1, 0);
	if (now_ns - r->looked_ns >= LOOK_NS) {
		r->looked_ns = now_ns;
		look(r);
	}
}

void serve_record_lost(struct serve_recording *r)
{
	if (r->recorder)
		netra_recorder_detach(r->recorder);
}

/* A channel that fails is told of as any other trouble. */
void serve_record_back(struct serve_recording *r, struct netra_board *board)
{
	if (r->recorder)
		netra_recorder_attach(r->recorder, board);
}

static int close_one(struct serve_recording *r)
{
	enum netra_error error;

	if (!r->recorder)
		return CLI_OK;
	uv_timer_stop(&r->due);
	netra_recorder_pump(r->recorder);
	error = netra_recorder_close(r->recorder);
	r->recorder = NULL;
	if (!error)
		return CLI_OK;
	cli_error("%s: a file could not be completed: run 'netra verify'",
		  r->store);
	return CLI_FAILED;
}

int serve_record_close(struct serve *s)
{
	int status = CLI_OK;

	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++)
		status |= close_one(&s->recording[b]);
	return status;
}
