/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place where a verb waits, and how it is told to stop. */
#ifndef NETRA_CLI_LOOP_H
#define NETRA_CLI_LOOP_H

#include <jansson.h>

#include "lib/netra.h"

struct cli_outfile;
struct pollfd;

/**
 * cli_stop_begin() - From now on SIGINT, SIGTERM and SIGHUP are asked for, not
 * suffered (on Windows Ctrl-C, Ctrl-Break, and the console's end). Until then,
 * and so during a boot, they end the program at once.
 * Return: a descriptor that polls readable after one (Windows: just a number
 * for cli_wait()), or -1, said.
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
 * @extra: One more descriptor to wait for; NULL for none, as always on Windows.
 * @until_ns: When to return at the latest, as cli_now_ns().
 * Return: bits of enum cli_wake; 0: look for frames and at the clock.
 */
unsigned int cli_wait(struct netra_board *board, int stop_fd,
		      struct pollfd *extra, uint64_t until_ns);

/**
 * cli_wait_output() - As cli_wait(), and for a file that would not take more.
 * @file: NULL for none; CLI_WAKE_EXTRA: it does now.
 */
unsigned int cli_wait_output(struct netra_board *board, int stop_fd,
			     const struct cli_outfile *file, uint64_t until_ns);

/**
 * cli_report_events() - Say what the board and its watchdog tell.
 *
 * Trouble, recovery and lost signals: a line each on standard error. Overruns
 * show in the counters, formats and ends where they matter.
 * @list: JSON array that receives them, too; NULL for none.
 */
void cli_report_events(struct netra_board *board, json_t *list);

#endif
