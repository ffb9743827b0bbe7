/* SPDX-License-Identifier: BSD-2-Clause */
/* From a board's name to a board that runs. */
#ifndef NETRA_CLI_BOARD_OPEN_H
#define NETRA_CLI_BOARD_OPEN_H

#include "lib/netra.h"
#include "options.h"

/* Options of all verbs that open a board. Zero = defaults. */
struct cli_board_options {
	const char *firmware;
	bool no_boot;
	unsigned int sync;	/* enum netra_sync_mode */
	unsigned int window;	/* index in cli_windows */
	uint64_t arena_bytes;
	uint32_t irq_holdoff_us;	/* set by the verb: how late frames may be */
};

extern const char *const cli_sync_modes[];
extern const char *const cli_windows[];

#define CLI_BOARD_FIRMWARE(o)						\
	{ "firmware", 0, CLI_STRING, &(o)->firmware, "DIR",		\
	  "folder with the firmware images", 0, 0, NULL }

#define CLI_BOARD_OPTIONS(o)						\
	CLI_BOARD_FIRMWARE(o),						\
	{ "no-boot", 0, CLI_FLAG, &(o)->no_boot, NULL,			\
	  "fail if the board's firmware does not run", 0, 0, NULL },	\
	{ "sync", 0, CLI_CHOICE, &(o)->sync, "MODE",			\
	  "how board and host share a ring: ring (default) or peterson", \
	  0, 0, cli_sync_modes },					\
	{ "window", 0, CLI_CHOICE, &(o)->window, "SIZE",		\
	  "outbound windows of 1M, 2M, 4M or 8M instead of auto", 0, 0,	\
	  cli_windows },						\
	{ "arena", 0, CLI_SIZE, &(o)->arena_bytes, "SIZE",		\
	  "least memory given to the board (default: 2M a channel)",	\
	  1u << 20, 248u << 20, NULL }

/**
 * cli_board_open() - Open, boot if cold, start; progress and errors are shown.
 * Return: NULL on failure, said.
 */
struct netra_board *cli_board_open(const char *name,
				   const struct cli_board_options *options);

/**
 * cli_board_try() - As cli_board_open(), but shows nothing: for any thread.
 * @why: Receives "why: what to do" on failure.
 */
struct netra_board *cli_board_try(const char *name,
				  const struct cli_board_options *options,
				  char *why, size_t size);

/**
 * cli_board_look() - Open, and start if its firmware runs: boots nothing but
 * a board that "emulated" has just made.
 */
struct netra_board *cli_board_look(const char *name,
				   const struct cli_board_options *options);

/** cli_board_boot() - Boot an open board with bars. Errors are said. */
int cli_board_boot(struct netra_board *board, const char *name,
		   const char *firmware, bool force);

/** cli_board_failed() - Say why the board's last call failed. */
void cli_board_failed(const struct netra_board *board, const char *what);

/** cli_board_emulated() - Does this name make a board of its own? */
bool cli_board_emulated(const char *name);

/** cli_channel_known() - Has the board this channel? Says if not. */
bool cli_channel_known(struct netra_board *board, const char *option,
		       uint32_t channel);

/**
 * cli_channel_start() - Start a channel unless it runs already.
 * Errors are said. Return: CLI_OK or CLI_FAILED.
 */
int cli_channel_start(struct netra_board *board, uint32_t channel);

/** cli_channel_try() - As cli_channel_start(), but says nothing. */
enum netra_error cli_channel_try(struct netra_board *board, uint32_t channel);

/** cli_channel_running() - Does it run (with or without a signal)? */
bool cli_channel_running(struct netra_board *board, uint32_t channel);

/** cli_channel_state_name() - "running", "no signal", … */
const char *cli_channel_state_name(enum netra_channel_state state);

#endif
