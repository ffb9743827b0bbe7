/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: those of the board, read from its ring in host memory, and our own
 * about trouble and recovery, in one queue for the application. A queue that
 * is not emptied loses its oldest ones, counted.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "internal.h"

static struct netra_event *new_event(struct netra_board *board)
{
	if (board->event_head - board->event_tail == EVENTS_KEPT) {
		board->event_tail++;
		board->events_lost++;
	}
	return &board->event[board->event_head++ % EVENTS_KEPT];
}

void netra_notify(struct netra_board *board, enum netra_notice kind,
		  uint32_t channel, const char *format, ...)
{
	struct netra_event *event = new_event(board);
	va_list arguments;

	memset(event, 0, sizeof(*event));
	event->notice = kind;
	event->channel = channel;
	event->host_time_ns = netra_now_ns();
	va_start(arguments, format);
	vsnprintf(event->text, sizeof(event->text), format, arguments);
	va_end(arguments);
}

static void describe(struct netra_event *event)
{
	const uint32_t *arg = event->arg;
	size_t size = sizeof(event->text);

	switch (event->type) {
	case NETRA_EVENT_SIGNAL_LOST:
		snprintf(event->text, size, "signal lost");
		break;
	case NETRA_EVENT_SIGNAL_FOUND:
		snprintf(event->text, size, "signal found");
		break;
	case NETRA_EVENT_FORMAT:
		snprintf(event->text, size, "format is %ux%u, %u/%u frames/s",
			 arg[0], arg[1], arg[2], arg[3]);
		break;
	case NETRA_EVENT_OVERRUN:
		snprintf(event->text, size, "overrun: %u frames lost", arg[0]);
		break;
	case NETRA_EVENT_FAULT:
		snprintf(event->text, size, "fault: %s",
			 arg[0] == NETRA_FAULT_ENCODER ?
				 "encoder failed" :
			 arg[0] == NETRA_FAULT_TRANSFER ?
				 "an outbound transfer was refused" :
			 arg[0] == NETRA_FAULT_LOCK ?
				 "the host's lock was broken" :
			 arg[0] == NETRA_FAULT_OVERHEAT ? "overheated" :
							  "unknown");
		break;
	case NETRA_EVENT_ENDED:
		snprintf(event->text, size, "the source has ended");
		break;
	}
}

static void notify_event(struct netra_board *board,
			const struct netra_event_info *info, uint64_t host_ns)
{
	struct netra_event *event = new_event(board);
	uint64_t at = netra_clock_to_host(&board->clock, info->board_time_ns);

	memset(event, 0, sizeof(*event));
	event->notice = NETRA_NOTICE_BOARD;
	event->type = info->type;
	event->channel = info->channel;
	event->host_time_ns = at ? at : host_ns;
	memcpy(event->arg, info->arg, sizeof(event->arg));
	describe(event);
	board->events_lost += info->lost;
	if (info->type == NETRA_EVENT_FAULT &&
	    info->arg[0] == NETRA_FAULT_TRANSFER)
		board->dma_faults++;
}

bool netra_scan_events(struct netra_board *board, uint64_t now_ns)
{
	struct netra_host_area *area = board->arena.area;
	uint32_t head = netra_read32_acquire(&area->heads.event_head);
	struct netra_event_info info;
	uint32_t before = board->events.position;
	bool found = false;

	if (head == before)
		return false;
	while (netra_events_next(&board->events, area->event, head,
				 board->channels, &info)) {
		notify_event(board, &info, now_ns);
		found = true;
	}
	if (board->events.position != before)
		netra_post_word(board,
				offsetof(struct netra_host_posts, event_tail),
				board->events.position);
	return found;
}

enum netra_error netra_next_event(struct netra_board *board,
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
