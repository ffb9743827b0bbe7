/* SPDX-License-Identifier: BSD-2-Clause */
/* What the page's status shows: boards, channels, disk, alarms, events. */
#include <stdio.h>
#include <string.h>

#include "web_internal.h"

#define SILENT_NS UINT64_C(5000000000)	/* without a frame, a running channel is an alarm */

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static const char *state_name(enum netra_channel_state state)
{
	switch (state) {
	case NETRA_CHANNEL_RUNNING: return "running";
	case NETRA_CHANNEL_NO_SIGNAL: return "no signal";
	case NETRA_CHANNEL_ENDED: return "ended";
	default: return "stopped";
	}
}

void netra_web_channel_stats(const struct netra_web *web,
			     const struct netra_web_channel *channel,
			     struct netra_channel_stats *stats)
{
	struct netra_board *board =
		web->options.hub->board[channel->board].board;

	memset(stats, 0, sizeof(*stats));
	if (board)
		netra_channel_get_stats(board, channel->channel, stats);
}

static json_t *channel_json(const struct netra_web *web,
			    const struct netra_web_channel *channel)
{
	bool there = web->options.hub->board[channel->board].board;
	struct netra_channel_stats stats;
	char live[32], name[24];
	uint64_t lost;

	netra_web_channel_stats(web, channel, &stats);
	lost = channel->lost + stats.lost;
	snprintf(live, sizeof(live), "/live/%u/%u", channel->board,
		 channel->channel);
	if (web->options.hub->boards > 1)
		snprintf(name, sizeof(name), "Board %u, camera %u",
			 channel->board, channel->channel);
	else
		snprintf(name, sizeof(name), "Camera %u", channel->channel);
	return json_pack("{s:i, s:i, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:s, "
			 "s:I, s:I, s:I, s:i, s:I}",
			 "board", (int)channel->board, "channel",
			 (int)channel->channel, "name", name, "live", live,
			 "state", there ? state_name(stats.state) : "lost", "width",
			 (int)stats.width, "height", (int)stats.height,
			 "frame_rate", (int)channel->frame_rate, "bit_rate",
			 (int)channel->bit_rate, "codec", channel->live.codec,
			 "frames", (json_int_t)channel->frames, "lost",
			 (json_int_t)lost, "bytes",
			 (json_int_t)channel->bytes, "clients",
			 (int)channel->client_count, "skipped",
			 (json_int_t)channel->skipped);
}

static json_t *board_json(const struct netra_web *web, uint32_t index)
{
	const struct netra_hub_board *b = &web->options.hub->board[index];
	struct netra_board_details d = { .state = "lost" };
	struct netra_board_stats s = { 0 };

	if (b->board) {
		netra_board_get_details(b->board, &d);
		netra_board_get_stats(b->board, &s);
	}
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:s, "
			 "s:s, s:i, s:i, s:i, s:i, s:I, s:i, s:i, s:s}",
			 "board", (int)index, "name", web->options.board_name[index],
			 "driver", d.driver, "soc", d.soc, "state", d.state,
			 "firmware", d.firmware, "window_count",
			 (int)s.window_count, "window_bytes", (int)s.window_bytes,
			 "arena_bytes", (json_int_t)s.arena_bytes, "memory",
			 s.memory, "mode",
			 s.sync_mode == NETRA_SYNC_RING ? "ring" : "peterson",
			 "resyncs", (int)s.resyncs, "firmware_restarts",
			 (int)s.firmware_restarts, "resets", (int)s.resets,
			 "link_width", (int)d.link_width, "dma_faults",
			 (json_int_t)s.dma_faults, "losses", (int)b->losses,
			 "attempts", (int)b->attempts, "error", b->why);
}

/* @channel: -1: of the whole board. */
static void add_alarm(json_t *alarms, int board, int channel, const char *text)
{
	json_array_append_new(alarms, json_pack(
		"{s:i, s:i, s:s}", "board", board, "channel", channel, "text",
		text));
}

static void channel_alarms(const struct netra_web *web, json_t *alarms,
			   const struct netra_web_channel *channel)
{
	struct netra_channel_stats stats;
	const char *text = NULL;

	/* Said of the board, once. */
	if (!web->options.hub->board[channel->board].board)
		return;
	netra_web_channel_stats(web, channel, &stats);
	if (!channel->reader && stats.state != NETRA_CHANNEL_ENDED)
		text = "the board has no such channel any more";
	else if (stats.state == NETRA_CHANNEL_NO_SIGNAL)
		text = "no signal: check the camera and its cable";
	else if (stats.state == NETRA_CHANNEL_RUNNING && channel->frame_ns &&
		 uv_hrtime() - channel->frame_ns > SILENT_NS)
		text = "no picture for 5 seconds";
	if (text)
		add_alarm(alarms, (int)channel->board, (int)channel->channel,
			  text);
}

static void board_alarms(const struct netra_web *web, json_t *alarms,
			 uint32_t board)
{
	const struct netra_hub_board *b = &web->options.hub->board[board];
	char text[240];

	if (!b->board) {
		snprintf(text, sizeof(text), "the board is lost, and tried "
			 "again and again: %s", b->why);
		add_alarm(alarms, (int)board, -1, text);
	}
	if (web->alarm[board][0])
		add_alarm(alarms, (int)board, -1, web->alarm[board]);
}

json_t *netra_web_status(struct netra_web *web, const struct netra_user *user)
{
	json_t *boards = json_array(), *channels = json_array();
	json_t *alarms = json_array(), *status;

	for (uint32_t i = 0; i < web->options.hub->boards; i++) {
		json_array_append_new(boards, board_json(web, i));
		board_alarms(web, alarms, i);
	}
	for (uint32_t i = 0; i < web->channels; i++) {
		const struct netra_web_channel *channel = &web->channel[i];

		if (!netra_web_may(web, user, channel->board, channel->channel))
			continue;
		json_array_append_new(channels, channel_json(web, channel));
		channel_alarms(web, alarms, channel);
	}
	status = netra_web_session_json(web, user, true);
	json_object_set_new(status, "boards", boards);
	json_object_set_new(status, "channels", channels);
	json_object_set_new(status, "alarms", alarms);
	json_object_set_new(status, "started_ms", json_integer(web->started_ms));
	json_object_set_new(status, "clients", number(web->connections));
	if (netra_web_records(web))
		json_object_set_new(status, "disk", json_pack(
			"{s:I, s:I}", "bytes", (json_int_t)web->disk_bytes,
			"free_bytes", (json_int_t)web->disk_free));
	return status;
}

json_t *netra_web_events(const struct netra_web *web,
			 const struct netra_user *user)
{
	uint64_t first = web->events > NETRA_WEB_NOTES ?
			 web->events - NETRA_WEB_NOTES : 0;
	json_t *list = json_array();

	for (uint64_t i = first; i < web->events; i++) {
		const struct netra_web_note *e = &web->event[i % NETRA_WEB_NOTES];

		if (e->channel >= 0 &&
		    !netra_web_may(web, user, (uint32_t)e->board,
				   (uint32_t)e->channel))
			continue;
		json_array_append_new(list, json_pack(
			"{s:I, s:i, s:i, s:s, s:s}", "time_ms",
			(json_int_t)e->time_ms, "board", (int)e->board, "channel",
			(int)e->channel, "kind", e->kind, "text", e->text));
	}
	return json_pack("{s:o}", "events", list);
}
