/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes from the boards: frames, events, alarms, and their loss. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "web_internal.h"

#define FRAME_ROOM_BYTES (1u << 20)	/* to begin with */
#define FRAME_ROOM_MAX (16u << 20)

int64_t netra_web_wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- frames ---------------------------------------------------------------- */

static bool grow_frame(struct netra_web *web, size_t bytes)
{
	uint8_t *frame;

	if (bytes > FRAME_ROOM_MAX)
		return false;
	frame = realloc(web->frame, bytes);
	if (!frame)
		return false;
	web->frame = frame;
	web->frame_room = bytes;
	return true;
}

enum netra_error netra_web_read(struct netra_web_channel *channel,
				struct netra_board *board)
{
	channel->reader = NULL;
	if (!channel->web->frame && !grow_frame(channel->web, FRAME_ROOM_BYTES))
		return NETRA_ERR_NO_MEMORY;
	return netra_reader_open(board, channel->channel,
				 NETRA_READER_CHECK | NETRA_READER_FROM_KEY,
				 &channel->reader);
}

/* A frame that no memory is there for is taken and let go. */
static void skip_frame(struct netra_web_channel *channel)
{
	struct netra_frame frame;

	if (netra_reader_next(channel->reader, &frame) == NETRA_OK) {
		netra_reader_release(channel->reader, &frame);
		channel->lost++;
	}
}

static void pump_channel(struct netra_web *web,
			 struct netra_web_channel *channel, uint64_t now_ns)
{
	int64_t wall_ns = netra_web_wall_ns();
	struct netra_frame frame;
	enum netra_error error;
	bool made = false;

	for (;;) {
		error = netra_reader_copy(channel->reader, web->frame,
					  web->frame_room, &frame);
		if (error == NETRA_ERR_NO_MEMORY) {
			if (!grow_frame(web, frame.length))
				skip_frame(channel);
			continue;
		}
		if (error != NETRA_OK)
			break;
		channel->frames++;
		channel->bytes += frame.length;
		channel->lost += frame.lost;
		channel->frame_ns = now_ns;
		made |= netra_live_add(&channel->live, &frame,
				       wall_ns - (int64_t)(frame.host_time_ns ?
						 now_ns - frame.host_time_ns : 0));
	}
	if (made)
		netra_web_socket_wake(channel);
	if (error != NETRA_ERR_AGAIN) {
		netra_reader_close(channel->reader);
		channel->reader = NULL;
	}
}

void netra_web_pump(struct netra_web *web, uint32_t board, uint64_t now_ns)
{
	for (uint32_t i = 0; i < web->channels; i++)
		if (web->channel[i].reader && web->channel[i].board == board)
			pump_channel(web, &web->channel[i], now_ns);
}

void netra_web_board_lost(struct netra_web *web, uint32_t board)
{
	for (uint32_t i = 0; i < web->channels; i++) {
		struct netra_web_channel *c = &web->channel[i];

		if (c->board != board)
			continue;
		netra_reader_close(c->reader);
		c->reader = NULL;
		netra_live_break(&c->live);
	}
}

void netra_web_board_back(struct netra_web *web, uint32_t board)
{
	for (uint32_t i = 0; i < web->channels; i++) {
		struct netra_web_channel *c = &web->channel[i];

		/* A channel that it no longer has: the status says so. */
		if (c->board == board)
			netra_web_read(c, web->options.hub->board[board].board);
	}
}

/* ---- events ---------------------------------------------------------------- */

void netra_web_note(struct netra_web *web, const char *kind, int board,
		    int channel, const char *text)
{
	struct netra_web_note *note = &web->event[web->events++ % NETRA_WEB_NOTES];

	note->time_ms = netra_web_wall_ns() / 1000000;
	note->board = board;
	note->channel = channel;
	snprintf(note->kind, sizeof(note->kind), "%s", kind);
	snprintf(note->text, sizeof(note->text), "%s", text);
}

void netra_web_event(struct netra_web *web, uint32_t board, int channel,
		     const char *text)
{
	netra_web_note(web, "board", (int)board, channel, text);
}

void netra_web_alarm(struct netra_web *web, uint32_t board, const char *text)
{
	char *alarm = web->alarm[board];

	if (strcmp(alarm, text) == 0)
		return;
	if (text[0])
		netra_web_note(web, "alarm", (int)board, -1, text);
	snprintf(alarm, sizeof(web->alarm[0]), "%s", text);
}
