/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for a board and for Ctrl-C. */
#include <windows.h>

#include "cli.h"
#include "loop.h"

#define LONGEST_MS 3600000u	/* times beyond need not be exact */
#define STANDS_FOR_IT 3

static HANDLE stop;

/* On a thread of the system's, which ends the program when it returns FALSE. */
static BOOL WINAPI on_control(DWORD event)
{
	SetEvent(stop);
	/* A console that closes ends the program when this returns. */
	if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
		Sleep(INFINITE);
	return TRUE;
}

int cli_stop_begin(void)
{
	stop = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (stop && SetConsoleCtrlHandler(on_control, TRUE))
		return STANDS_FOR_IT;
	cli_error("Ctrl-C: no event: close other programs and try again");
	return -1;
}

void cli_stop_end(int stop_fd)
{
	(void)stop_fd;
	SetConsoleCtrlHandler(on_control, FALSE);
	/* The event stays: a thread may still be about to set it. */
}

static DWORD wait_ms(uint64_t until_ns)
{
	uint64_t now_ns = cli_now_ns(), left_ms;

	if (until_ns <= now_ns)
		return 0;
	left_ms = (until_ns - now_ns + 999999u) / 1000000u;
	return left_ms < LONGEST_MS ? (DWORD)left_ms : LONGEST_MS;
}

unsigned int cli_wait(struct netra_board *board, int stop_fd,
		      struct pollfd *extra, uint64_t until_ns)
{
	HANDLE handles[] = { netra_fd(board), stop };
	unsigned int wake = 0;
	enum netra_error error;

	(void)stop_fd;
	(void)extra;
	WaitForMultipleObjects(2, handles, FALSE, wait_ms(until_ns));
	error = netra_dispatch(board, 0);
	if (error != NETRA_OK && error != NETRA_ERR_AGAIN)
		wake |= CLI_WAKE_LOST;
	if (WaitForSingleObject(stop, 0) == WAIT_OBJECT_0)
		wake |= CLI_WAKE_STOP;
	return wake;
}

/* Writing waits for the reader, so that there is nothing to wait for here. */
unsigned int cli_wait_output(struct netra_board *board, int stop_fd,
			     const struct cli_outfile *file, uint64_t until_ns)
{
	(void)file;
	return cli_wait(board, stop_fd, NULL, until_ns);
}
