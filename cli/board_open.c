/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, booting and starting a board the way every verb does. */
#include <stdio.h>
#include <string.h>

#include "board_open.h"
#include "progress.h"

/* Longest wait for a channel to start, a reboot of the board included. */
#define START_MS 20000u

const char *const cli_sync_modes[] = { "ring", "peterson", NULL };
const char *const cli_windows[] = { "auto", "1M", "2M", "4M", "8M", NULL };

bool cli_board_emulated(const char *name)
{
	return strcmp(name, "emulated") == 0 ||
	       strncmp(name, "emulated:", 9) == 0;
}

void cli_board_failed(const struct netra_board *board, const char *what)
{
	char text[400];

	cli_error("%s: %s", what, netra_error_text(board, text, sizeof(text)));
}

static enum netra_error open_quietly(const char *name,
				     const struct cli_board_options *options,
				     bool no_boot, struct netra_board **board)
{
	struct netra_options wanted = {
		.size = sizeof(wanted),
		.firmware_dir = options->firmware,
		.no_boot = no_boot,
		.arena_bytes = options->arena_bytes,
		.irq_holdoff_us = options->irq_holdoff_us,
		.sync_mode = options->sync == 1 ? NETRA_SYNC_PETERSON :
						  NETRA_SYNC_RING,
	};

	if (options->window)
		wanted.window_bytes = 1u << (19 + options->window);
	return netra_open(name, &wanted, board);
}

static struct netra_board *open_only(const char *name,
				     const struct cli_board_options *options,
				     bool no_boot)
{
	struct netra_board *board;

	if (!open_quietly(name, options, no_boot, &board))
		return board;
	cli_error("%s: %s", name, netra_open_error());
	return NULL;
}

struct netra_board *cli_board_try(const char *name,
				  const struct cli_board_options *options,
				  char *why, size_t size)
{
	struct netra_board *board;

	if (open_quietly(name, options, options->no_boot, &board)) {
		snprintf(why, size, "%s", netra_open_error());
		return NULL;
	}
	if ((options->no_boot ||
	     !netra_boot(board, options->firmware, false, NULL, NULL)) &&
	    !netra_start(board))
		return board;
	netra_error_text(board, why, size);
	netra_close(board);
	return NULL;
}

int cli_board_boot(struct netra_board *board, const char *name,
		   const char *firmware, bool force)
{
	enum netra_error error;

	error = netra_boot(board, firmware, force, cli_progress_boot, NULL);
	cli_progress_boot_end(error == NETRA_OK);
	if (error == NETRA_OK)
		return CLI_OK;
	cli_board_failed(board, name);
	return CLI_FAILED;
}

struct netra_board *cli_board_open(const char *name,
				   const struct cli_board_options *options)
{
	struct netra_board *board = open_only(name, options, options->no_boot);

	if (!board)
		return NULL;
	if (!options->no_boot &&
	    cli_board_boot(board, name, options->firmware, false))
		goto err_close;
	if (netra_start(board) != NETRA_OK) {
		cli_board_failed(board, name);
		goto err_close;
	}
	return board;

err_close:
	netra_close(board);
	return NULL;
}

struct netra_board *cli_board_look(const char *name,
				   const struct cli_board_options *options)
{
	struct netra_board *board;
	enum netra_error error;

	if (cli_board_emulated(name) && !options->no_boot)
		return cli_board_open(name, options);
	board = open_only(name, options, true);
	if (!board)
		return NULL;
	error = netra_start(board);
	/* A cold board is an answer, not a failure. */
	if (error == NETRA_OK || error == NETRA_ERR_STATE ||
	    error == NETRA_ERR_BOOT)
		return board;
	cli_board_failed(board, name);
	netra_close(board);
	return NULL;
}

bool cli_channel_known(struct netra_board *board, const char *option,
		       uint32_t channel)
{
	struct netra_board_details details;

	netra_board_get_details(board, &details);
	if (channel < details.channels)
		return true;
	cli_error("--%s %u: the board has %u channel%s: give %s%u", option,
		  channel, details.channels, details.channels == 1 ? "" : "s",
		  details.channels > 1 ? "0 to " : "",
		  details.channels ? details.channels - 1 : 0);
	return false;
}

bool cli_channel_running(struct netra_board *board, uint32_t channel)
{
	struct netra_channel_stats stats;

	if (netra_channel_get_stats(board, channel, &stats) != NETRA_OK)
		return false;
	return stats.state == NETRA_CHANNEL_RUNNING ||
	       stats.state == NETRA_CHANNEL_NO_SIGNAL;
}

enum netra_error cli_channel_try(struct netra_board *board, uint32_t channel)
{
	uint64_t until_ns = cli_now_ns() + START_MS * UINT64_C(1000000);
	enum netra_error error = NETRA_OK;

	/* A board that does not answer is being recovered: ask again after. */
	while (!cli_channel_running(board, channel)) {
		error = netra_channel_start(board, channel);
		if ((error != NETRA_ERR_TIMEOUT && error != NETRA_ERR_STATE) ||
		    cli_now_ns() >= until_ns)
			break;
		netra_dispatch(board, 100);
	}
	return error;
}

int cli_channel_start(struct netra_board *board, uint32_t channel)
{
	char what[24];

	if (!cli_channel_try(board, channel))
		return CLI_OK;
	snprintf(what, sizeof(what), "channel %u", channel);
	cli_board_failed(board, what);
	return CLI_FAILED;
}

const char *cli_channel_state_name(enum netra_channel_state state)
{
	switch (state) {
	case NETRA_CHANNEL_STOPPED:
		return "stopped";
	case NETRA_CHANNEL_RUNNING:
		return "running";
	case NETRA_CHANNEL_NO_SIGNAL:
		return "no signal";
	case NETRA_CHANNEL_ENDED:
		return "ended";
	}
	return "unknown";
}
