/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attempt to open a lost board again. It may take a minute, so a thread of
 * its own makes it; everything here is called from the loop's thread.
 */
#ifndef NETRA_CLI_SERVE_ATTEMPT_H
#define NETRA_CLI_SERVE_ATTEMPT_H

#include <uv.h>

#include "board_open.h"

struct serve_attempt;

/**
 * serve_attempt_begin() - Close a board, if there is one, and open it again with
 * all its channels started.
 * @name, @options, @channels: Copied. No channels: all that it has.
 * @ready: Sent when serve_attempt_end() will not wait.
 * Return: NULL: no memory or no thread; @old has not been closed then.
 */
struct serve_attempt *serve_attempt_begin(struct netra_board *old,
					  const char *name,
					  const struct cli_board_options *options,
					  const struct cli_list *channels,
					  uv_async_t *ready);

/**
 * serve_attempt_end() - What came of it; frees it.
 * @why: Receives "why: what to do" on failure.
 * Return: the board; NULL: it failed.
 */
struct netra_board *serve_attempt_end(struct serve_attempt *attempt, char *why,
				      size_t size);

/** serve_attempt_done() - Would serve_attempt_end() return at once? */
bool serve_attempt_done(struct serve_attempt *attempt);

/**
 * serve_attempt_abandon() - Nobody waits for it any more, and @ready will not be
 * used: it closes its board and frees itself when it comes to its end.
 */
void serve_attempt_abandon(struct serve_attempt *attempt);

#endif
