/* SPDX-License-Identifier: BSD-2-Clause */
/* netra serve --store: recording in the same loop. */
#include <stdio.h>
#include <string.h>

#include "serve.h"

#define LOOK_NS UINT64_C(1000000000)

static void on_due(uv_timer_t *timer)
{
	serve_record_pump(timer->data);
}

int serve_record_open(struct serve *s)
{
	const struct serve_options *o = &s->options;
	const struct netra_recorder_options options = {
		.store = o->store,
		.channels = o->channels.count ? o->channels.item : NULL,
		.channel_count = o->channels.count,
		.keep_bytes = o->keep_bytes,
		.keep_ms = o->keep_ms,
		.free_bytes = o->free_bytes,
	};

	if (!o->store)
		return CLI_OK;
	if (netra_recorder_open(s->hub.board[0].board, &options, &s->recorder)) {
		cli_error("%s: choose another folder", netra_recorder_open_error());
		return CLI_FAILED;
	}
	uv_timer_init(&s->loop, &s->record);
	s->record.data = s;
	return CLI_OK;
}

/* A channel's trouble is said when it begins, and when it changes. */
static void look(struct serve *s)
{
	uint32_t count = netra_recorder_channels(s->recorder);
	struct netra_recorder_health health;
	char alarm[200];

	netra_recorder_health(s->recorder, &health);
	snprintf(alarm, sizeof(alarm), "%s", health.retention_trouble);
	for (uint32_t i = 0; i < count; i++) {
		struct netra_recorder_channel c;

		netra_recorder_channel(s->recorder, i, &c);
		if (c.alarm && !c.failed)
			snprintf(alarm, sizeof(alarm),
				 "camera %u is not being recorded", c.channel);
		if (!c.failed)
			continue;
		snprintf(alarm, sizeof(alarm), "recording of camera %u: %.120s",
			 c.channel, c.error);
		if (strcmp(s->record_said[i], c.error) == 0)
			continue;
		memcpy(s->record_said[i], c.error, sizeof(c.error));
		cli_error("channel %u: %s", c.channel, c.error);
	}
	if (s->web)
		netra_web_alarm(s->web, alarm);
}

void serve_record_pump(struct serve *s)
{
	uint64_t now_ns = cli_now_ns(), due_ns;

	if (!s->recorder)
		return;
	netra_recorder_pump(s->recorder);
	due_ns = netra_recorder_due_ns(s->recorder);
	if (due_ns != UINT64_MAX && !uv_is_closing((uv_handle_t *)&s->record))
		uv_timer_start(&s->record, on_due, due_ns > now_ns ?
			       (due_ns - now_ns) / 1000000u + 1 : 1, 0);
	if (now_ns - s->record_looked_ns >= LOOK_NS) {
		s->record_looked_ns = now_ns;
		look(s);
	}
}

int serve_record_close(struct serve *s)
{
	enum netra_error error;

	if (!s->recorder)
		return CLI_OK;
	uv_timer_stop(&s->record);
	netra_recorder_pump(s->recorder);
	error = netra_recorder_close(s->recorder);
	s->recorder = NULL;
	if (!error)
		return CLI_OK;
	cli_error("%s: a file could not be completed: run 'netra verify'",
		  s->options.store);
	return CLI_FAILED;
}
