/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a board: what is the same on every system. */
#include <stdio.h>

#include "common.h"

static _Thread_local char open_error[NETRA_ERROR_TEXT];

static enum netra_error check_options(const struct netra_options *options)
{
	uint32_t window = options->window_bytes;

	if (options->size != sizeof(*options))
		snprintf(open_error, sizeof(open_error),
			 "options of another version of the library: build the program again");
	else if (options->channels > NETRA_CHANNELS_MAX)
		snprintf(open_error, sizeof(open_error),
			 "%u channels: at most %u are possible",
			 options->channels, NETRA_CHANNELS_MAX);
	else if (window && window != 1u << 20 && window != 2u << 20 &&
		 window != 4u << 20 && window != 8u << 20)
		snprintf(open_error, sizeof(open_error),
			 "windows of %u bytes: the board has 1, 2, 4 and 8 MB",
			 window);
	else if (options->sync_mode != NETRA_SYNC_RING &&
		 options->sync_mode != NETRA_SYNC_PETERSON)
		snprintf(open_error, sizeof(open_error),
			 "no such synchronisation mode");
	else if (options->heartbeat_timeout_ms &&
		 options->heartbeat_timeout_ms < 2 * NETRA_HEARTBEAT_MS)
		snprintf(open_error, sizeof(open_error),
			 "a heartbeat time-out of %u ms: the board's heart beats every %u ms",
			 options->heartbeat_timeout_ms, NETRA_HEARTBEAT_MS);
	else
		return NETRA_OK;
	return NETRA_ERR_INVALID;
}

enum netra_error netra_open(const char *name,
			    const struct netra_options *options,
			    struct netra_board **board)
{
	enum netra_error error;

	open_error[0] = 0;
	if (!name || !board) {
		snprintf(open_error, sizeof(open_error), "no name given");
		return NETRA_ERR_INVALID;
	}
	error = options ? check_options(options) : NETRA_OK;
	if (error)
		return error;
	return netra_open_name(name, options, board, open_error,
			       sizeof(open_error));
}

const char *netra_open_error(void)
{
	return open_error;
}
