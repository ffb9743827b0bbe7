/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Booting and starting a board by its driver, in calls that block. The driver
 * boots and attaches by itself; here it is asked, and followed.
 */
#include <stdio.h>
#include <string.h>

#include "windows_board.h"

#define LOOK_MS 20

static void report(struct netra_board *board,
		   const struct netra_ioc_status *status,
		   struct netra_boot_progress *last,
		   netra_boot_callback *callback, void *context)
{
	struct netra_boot_progress now = {
		.image = (enum netra_image)status->boot_image,
		.done_bytes = status->boot_done_bytes,
		.total_bytes = status->boot_total_bytes,
	};

	if (!callback || !now.total_bytes || status->boot_image >= NETRA_IMAGE_COUNT)
		return;
	if (status->boot_waiting_for[0]) {
		snprintf(board->boot_waiting_for, sizeof(board->boot_waiting_for),
			 "%.63s", status->boot_waiting_for);
		now.waiting_for = board->boot_waiting_for;
	}
	netra_boot_report(&now, last, callback, context);
}

static bool under_way(uint32_t state)
{
	return state == NETRA_BOARD_BOOTING || state == NETRA_BOARD_READY ||
	       state == NETRA_BOARD_RECOVERING;
}

/* To the end of what is under way; each stage is bounded by the driver. */
static enum netra_error follow(struct netra_board *board,
			       netra_boot_callback *callback, void *context)
{
	struct netra_boot_progress last = { 0 };
	struct netra_ioc_status status;
	enum netra_error error;

	for (;;) {
		error = netra_windows_status(board, &status);
		if (error)
			return error;
		if (!under_way(status.state))
			break;
		report(board, &status, &last, callback, context);
		Sleep(LOOK_MS);
	}
	if (status.state == NETRA_BOARD_ATTACHED)
		return NETRA_OK;
	/* Without images it is as cold as before: no failure of the board. */
	error = status.error && status.error < NETRA_ERR_COUNT ?
			(enum netra_error)status.error :
			NETRA_ERR_IMAGE;
	return netra_windows_fail(board, error, status.error_text);
}

enum netra_error netra_windows_boot(struct netra_board *board,
				    const char *firmware_dir, bool force,
				    netra_boot_callback *callback, void *context)
{
	struct netra_ioc_boot boot = { .flags = force ? NETRA_BOOT_FORCE : 0 };
	struct netra_ioc_status status;
	enum netra_error error = netra_windows_status(board, &status);

	if (error)
		return error;
	if (status.state == NETRA_BOARD_GONE)
		return netra_windows_fail(board, NETRA_ERR_GONE,
					  status.error_text);
	if (!force && status.state == NETRA_BOARD_ATTACHED)
		return NETRA_OK;
	if (force || !under_way(status.state)) {
		if (firmware_dir || board->firmware_named)
			return netra_windows_fail(board, NETRA_ERR_UNSUPPORTED,
						  "the driver takes firmware from the files that its registry key names: name no folder");
		error = netra_windows_call(board, NETRA_IOC_BOOT, &boot,
					   sizeof(boot), 0);
		if (error)
			return error;
	}
	error = follow(board, callback, context);
	if (!error) {
		EnterCriticalSection(&board->lock);
		board->lost = NETRA_OK;
		netra_windows_arm(board);
		LeaveCriticalSection(&board->lock);
	}
	return error;
}

/* What only the driver decides must be as it was asked for. */
static enum netra_error check_wishes(struct netra_board *board,
				     const struct netra_ioc_status *status)
{
	const struct netra_options *wanted = &board->options;
	const char *why = NULL;

	if (wanted->sync_mode == NETRA_SYNC_PETERSON &&
	    status->sync_mode != NETRA_SYNC_PETERSON)
		why = "the driver shares rings without the lock: set its parameter Peterson to 1";
	else if (wanted->window_bytes &&
		 wanted->window_bytes != status->window_bytes)
		why = "the driver chose other windows ('netra status'): set its parameter WindowMB";
	else if (wanted->arena_bytes > status->arena_bytes)
		why = "the driver gave the board less memory ('netra status'): ask for none";
	else if (wanted->channels && wanted->channels != status->channels)
		why = "the driver serves all channels that the board has: ask for no number";
	return why ? netra_windows_fail(board, NETRA_ERR_UNSUPPORTED, why) :
		     NETRA_OK;
}

/* Memory that cannot be had mapped is no failure: readers copy then. */
static void map_arena(struct netra_board *board)
{
	struct netra_ioc_map map;

	if (board->view || board->options.copy_frames ||
	    netra_windows_ioctl(board, NETRA_IOC_MAP, NULL, 0, &map, sizeof(map),
				NULL))
		return;
	board->view = (const uint8_t *)(uintptr_t)map.address;
}

enum netra_error netra_windows_start(struct netra_board *board)
{
	struct netra_ioc_status status;
	enum netra_error error = netra_windows_status(board, &status);

	if (!error && status.state == NETRA_BOARD_COLD && board->options.no_boot)
		return netra_windows_fail(board, NETRA_ERR_STATE,
					  "the board is cold: boot it first (netra boot)");
	if (!error && status.state == NETRA_BOARD_FAILED && board->options.no_boot)
		return netra_windows_fail(board, NETRA_ERR_BOOT,
					  status.error_text);
	if (!error)
		error = netra_windows_boot(board, NULL, false, NULL, NULL);
	if (!error)
		error = netra_windows_status(board, &status);
	if (!error)
		error = check_wishes(board, &status);
	if (!error)
		map_arena(board);
	return error;
}

/* It comes up again by itself. */
enum netra_error netra_windows_reset(struct netra_board *board)
{
	return netra_windows_boot(board, NULL, true, NULL, NULL);
}
