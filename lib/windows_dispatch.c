/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting. One NETRA_IOC_WAIT is kept with the driver, and its event is what
 * programs wait for. It ends while there is anything unread, so it is sent again
 * when a reader has found nothing more, and not before: else a program that is
 * slow to read would be woken for what it knows.
 */
#include <stdio.h>
#include <string.h>

#include "windows_board.h"

static struct netra_event *new_event(struct netra_board *board)
{
	if (board->event_head - board->event_tail == WINDOWS_EVENTS_KEPT) {
		board->event_tail++;
		board->events_lost++;
	}
	return &board->event[board->event_head++ % WINDOWS_EVENTS_KEPT];
}

static void keep(struct netra_board *board, const struct netra_ioc_event *from)
{
	struct netra_event *event = new_event(board);

	*event = (struct netra_event){
		.notice = (enum netra_notice)from->notice,
		.type = (enum netra_event_type)from->type,
		.channel = from->channel,
		.host_time_ns = from->host_time_ns,
	};
	memcpy(event->arg, from->arg, sizeof(event->arg));
	memcpy(event->text, from->text, sizeof(event->text));
	event->text[sizeof(event->text) - 1] = 0;
	if (event->notice == NETRA_NOTICE_BOARD)
		netra_describe_event(event);
	board->events_lost += from->lost;
}

/* All that the driver has for this handle. Without the lock. */
static void take_events(struct netra_board *board)
{
	struct netra_ioc_event from;

	for (uint32_t i = 0; i < WINDOWS_EVENTS_KEPT; i++) {
		if (netra_windows_ioctl(board, NETRA_IOC_EVENT, NULL, 0, &from,
					sizeof(from), NULL))
			return;
		EnterCriticalSection(&board->lock);
		keep(board, &from);
		LeaveCriticalSection(&board->lock);
	}
}

enum netra_error netra_windows_next_event(struct netra_board *board,
					  struct netra_event *event)
{
	enum netra_error error = NETRA_ERR_AGAIN;

	EnterCriticalSection(&board->lock);
	if (board->event_tail != board->event_head) {
		*event = board->event[board->event_tail++ % WINDOWS_EVENTS_KEPT];
		error = NETRA_OK;
	}
	LeaveCriticalSection(&board->lock);
	return error;
}

void netra_windows_arm(struct netra_board *board)
{
	if (board->waiting || board->lost)
		return;
	ResetEvent(board->ready);
	memset(&board->wait, 0, sizeof(board->wait));
	board->wait.hEvent = board->ready;
	board->waiting = true;
	board->wait_error = 0;
	if (!DeviceIoControl(board->file, NETRA_IOC_WAIT, NULL, 0, &board->found,
			     sizeof(board->found), NULL, &board->wait) &&
	    GetLastError() != ERROR_IO_PENDING) {
		/* An end like any other, for the next dispatch to see. */
		board->wait_error = GetLastError();
		board->wait.Internal = 0;
		SetEvent(board->ready);
	}
}

/* The driver ended the wait for good: find out why. Without the lock. */
static enum netra_error lose(struct netra_board *board, DWORD code)
{
	struct netra_ioc_status status;
	enum netra_error error = netra_windows_error(code);
	char text[NETRA_ERROR_TEXT];

	netra_windows_text(code, text, sizeof(text));
	if (netra_windows_look(board->file, &status)) {
		error = NETRA_ERR_GONE;
	} else if (status.error && status.error < NETRA_ERR_COUNT) {
		error = (enum netra_error)status.error;
		snprintf(text, sizeof(text), "%.*s",
			 (int)sizeof(status.error_text) - 1, status.error_text);
	}
	EnterCriticalSection(&board->lock);
	board->lost = error;
	SetEvent(board->ready);		/* and stays so */
	LeaveCriticalSection(&board->lock);
	return netra_windows_fail(board, error, text);
}

/* The wait has ended, and this thread is the one to see to it. */
static enum netra_error serve(struct netra_board *board)
{
	uint32_t ready = board->found.ready;
	DWORD done, code = board->wait_error;

	if (!code && !GetOverlappedResult(board->file, &board->wait, &done, FALSE))
		code = GetLastError();
	ResetEvent(board->ready);
	board->waiting = false;
	LeaveCriticalSection(&board->lock);
	if (code)
		lose(board, code);
	else if (ready & NETRA_READY_EVENT)
		take_events(board);
	EnterCriticalSection(&board->lock);
	if (!(ready & NETRA_READY_FRAMES))
		netra_windows_arm(board);
	return board->lost;
}

enum netra_error netra_dispatch(struct netra_board *board, int timeout_ms)
{
	enum netra_error error;

	EnterCriticalSection(&board->lock);
	netra_windows_arm(board);
	error = board->lost;
	LeaveCriticalSection(&board->lock);
	if (error)
		return error;
	if (WaitForSingleObject(board->ready, timeout_ms < 0 ? INFINITE :
							       (DWORD)timeout_ms))
		return NETRA_ERR_AGAIN;
	EnterCriticalSection(&board->lock);
	/* Else another thread was faster, and what it found is there. */
	if (board->waiting && HasOverlappedIoCompleted(&board->wait))
		error = serve(board);
	else
		error = board->lost;
	LeaveCriticalSection(&board->lock);
	return error;
}

netra_os_fd netra_fd(const struct netra_board *board)
{
	return board->ready;
}
