/* SPDX-License-Identifier: BSD-2-Clause */
/* What a board and its watchdog tell, as lines for people. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "loop.h"

/* What an event says, without its channel; NULL: it is not worth a line. */
static const char *event_text(const struct netra_event *event, char *room,
			      size_t size)
{
	if (event->notice != NETRA_NOTICE_BOARD)
		return event->text;
	switch (event->type) {
	case NETRA_EVENT_SIGNAL_LOST:
		return "signal lost: check the camera and its cable";
	case NETRA_EVENT_SIGNAL_FOUND:
		return "signal found";
	case NETRA_EVENT_FAULT:
		snprintf(room, size, "the board reports fault %u: see 'netra "
			 "dump'", event->arg[0]);
		return room;
	default:
		return NULL;
	}
}

void cli_report_events(struct netra_board *board, json_t *list)
{
	struct netra_event event;

	while (netra_next_event(board, &event) == NETRA_OK) {
		bool whole = event.channel == NETRA_EVENT_BOARD;
		char room[64], line[160];
		const char *text = event_text(&event, room, sizeof(room));

		if (!text)
			continue;
		if (whole || strncmp(text, "channel ", 8) == 0)
			snprintf(line, sizeof(line), "%s", text);
		else
			snprintf(line, sizeof(line), "channel %u: %s",
				 event.channel, text);
		cli_error("%s", line);
		json_array_append_new(list, json_pack(
			"{s:I, s:I, s:s}", "host_time_ns",
			(json_int_t)event.host_time_ns, "channel",
			whole ? (json_int_t)-1 : (json_int_t)event.channel,
			"text", line));
	}
}
