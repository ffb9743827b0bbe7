/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: those of the board, read from its ring in host memory, and our own
 * about trouble and recovery, in one queue for the application. A queue that
 * is not emptied loses its oldest ones, counted.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

static struct netra_event *new_event(struct netra_board *board)
{
	if (board->event_head - board->event_tail == EVENTS_KEPT) {
		board->event_tail++;
		board->host.events_lost++;
	}
	return &board->event[board->event_head++ % EVENTS_KEPT];
}

void netra_queue_notice(struct netra_board *board, enum netra_host_notice kind,
			uint32_t channel, const char *text)
{
	static const enum netra_notice notice[] = {
		[NETRA_HOST_TROUBLE] = NETRA_NOTICE_TROUBLE,
		[NETRA_HOST_RECOVERY] = NETRA_NOTICE_RECOVERY,
		[NETRA_HOST_RECOVERED] = NETRA_NOTICE_RECOVERED,
	};
	struct netra_event *event = new_event(board);

	memset(event, 0, sizeof(*event));
	event->notice = notice[kind];
	event->channel = channel;
	event->host_time_ns = netra_now_ns();
	snprintf(event->text, sizeof(event->text), "%s", text);
}

void netra_queue_event(struct netra_board *board,
		       const struct netra_event_info *info, uint64_t host_ns)
{
	struct netra_event *event = new_event(board);

	memset(event, 0, sizeof(*event));
	event->notice = NETRA_NOTICE_BOARD;
	event->type = info->type;
	event->channel = info->channel;
	event->host_time_ns = host_ns;
	memcpy(event->arg, info->arg, sizeof(event->arg));
	netra_describe_event(event);
}

enum netra_error netra_own_next_event(struct netra_board *board,
				      struct netra_event *event)
{
	enum netra_error error = NETRA_ERR_AGAIN;

	pthread_mutex_lock(&board->lock);
	if (board->event_tail != board->event_head) {
		*event = board->event[board->event_tail++ % EVENTS_KEPT];
		error = NETRA_OK;
	}
	pthread_mutex_unlock(&board->lock);
	return error;
}
