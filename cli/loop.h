/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place where a verb waits, and how it is told to stop. */
#ifndef NETRA_CLI_LOOP_H
#define NETRA_CLI_LOOP_H

#include <jansson.h>
#include <poll.h>

#include "lib/netra.h"

/**
 * cli_stop_begin() - From now on SIGINT, SIGTERM and SIGHUP are asked for, not
 * suffered. Until then, and so during a boot, they end the program at once.
 * Return: a descriptor that polls readable after one, or -1, said.
 */
int cli_stop_begin(void);

/** cli_stop_end() - A further signal ends the program at once again. */
void cli_stop_end(int stop_fd);

enum cli_wake {
	CLI_WAKE_STOP = 1 << 0,	/* a signal came */
	CLI_WAKE_EXTRA = 1 << 1,/* extra->revents is set */
	CLI_WAKE_LOST = 1 << 2,	/* the board is lost for good; see error text */
};

/**
 * cli_wait() - Wait for the board and serve it, once.
 * @extra: One more descriptor to wait for; NULL for none.
 * @until_ns: When to return at the latest, CLOCK_MONOTONIC.
 * Return: bits of enum cli_wake; 0: look for frames and at the clock.
 */
unsigned int cli_wait(struct netra_board *board, int stop_fd,
		      struct pollfd *extra, uint64_t until_ns);

/**
 * cli_report_events() - Say what the board and its watchdog tell.
 *
 * Trouble, recovery and lost signals: a line each on standard error. Overruns
 * show in the counters, formats and ends where they matter.
 * @list: JSON array that receives them, too; NULL for none.
 */
void cli_report_events(struct netra_board *board, json_t *list);

#endif
