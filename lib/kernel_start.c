/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Booting and starting a board by its kernel driver, in calls that block. The
 * driver boots and attaches by itself; here it is asked, and followed.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "kernel.h"

#define LOOK_MS 20

static enum netra_error get_status(struct netra_board *board,
				   struct netra_ioc_status *status)
{
	return netra_kernel_call(board, NETRA_IOC_STATUS, status, NULL);
}

static enum netra_error fail(struct netra_board *board, enum netra_error error,
			     const char *text)
{
	pthread_mutex_lock(&board->lock);
	netra_fail(board, error, "%s", text);
	pthread_mutex_unlock(&board->lock);
	return error;
}

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

	if (!callback || !now.total_bytes || now.image >= NETRA_IMAGE_COUNT)
		return;
	if (status->boot_waiting_for[0]) {
		memcpy(board->boot_waiting_for, status->boot_waiting_for,
		       sizeof(board->boot_waiting_for));
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
	const struct timespec moment = { .tv_nsec = LOOK_MS * NETRA_NS_PER_MS };
	struct netra_boot_progress last = { 0 };
	struct netra_ioc_status status;
	enum netra_error error;

	for (;;) {
		error = get_status(board, &status);
		if (error)
			return error;
		if (!under_way(status.state))
			break;
		report(board, &status, &last, callback, context);
		nanosleep(&moment, NULL);
	}
	if (status.state == NETRA_BOARD_ATTACHED)
		return NETRA_OK;
	/* Without images it is as cold as before: no failure of the board. */
	error = status.error && status.error < NETRA_ERR_COUNT ?
			(enum netra_error)status.error :
			NETRA_ERR_IMAGE;
	return fail(board, error, status.error_text);
}

enum netra_error netra_kernel_boot(struct netra_board *board,
				   const char *firmware_dir, bool force,
				   netra_boot_callback *callback, void *context)
{
	struct netra_ioc_boot boot = { .flags = force ? NETRA_BOOT_FORCE : 0 };
	struct netra_ioc_status status;
	enum netra_error error = get_status(board, &status);

	if (error)
		return error;
	if (status.state == NETRA_BOARD_GONE)
		return fail(board, NETRA_ERR_GONE, status.error_text);
	if (!force && status.state == NETRA_BOARD_ATTACHED)
		return NETRA_OK;
	if (force || !under_way(status.state)) {
		if (firmware_dir || board->firmware_dir)
			return fail(board, NETRA_ERR_UNSUPPORTED,
				    "the kernel's driver takes firmware from /lib/firmware/netra: put it there, and name no folder");
		error = netra_kernel_call(board, NETRA_IOC_BOOT, &boot, NULL);
		if (error)
			return error;
	}
	error = follow(board, callback, context);
	if (!error) {
		pthread_mutex_lock(&board->lock);
		board->host.lost = NETRA_OK;
		pthread_mutex_unlock(&board->lock);
	}
	return error;
}

/* What only the driver decides must be as it was asked for. */
static enum netra_error check_wishes(struct netra_board *board,
				     const struct netra_ioc_status *status)
{
	const struct netra_options *wanted = &board->options;

	if (wanted->sync_mode == NETRA_SYNC_PETERSON &&
	    status->sync_mode != NETRA_SYNC_PETERSON)
		return fail(board, NETRA_ERR_UNSUPPORTED,
			    "the driver shares rings without the lock: load it with peterson=1");
	if (wanted->window_bytes &&
	    wanted->window_bytes != status->window_bytes)
		return fail(board, NETRA_ERR_UNSUPPORTED,
			    "the driver chose other windows ('netra status'): load it with window_mb=");
	if (wanted->arena_bytes > status->arena_bytes)
		return fail(board, NETRA_ERR_UNSUPPORTED,
			    "the driver gave the board less memory ('netra status'): ask for none");
	if (wanted->channels && wanted->channels != status->channels)
		return fail(board, NETRA_ERR_UNSUPPORTED,
			    "the driver serves all channels that the board has: ask for no number");
	return NETRA_OK;
}

static enum netra_error map_arena(struct netra_board *board,
				  const struct netra_ioc_status *status)
{
	struct netra_host *host = &board->host;
	enum netra_error error = NETRA_OK;
	void *view;

	pthread_mutex_lock(&board->lock);
	if (!host->view) {
		view = mmap(NULL, status->arena_bytes, PROT_READ, MAP_SHARED,
			    board->kernel_fd, 0);
		if (view == MAP_FAILED) {
			error = netra_fail(board, netra_kernel_error(errno),
					   "the board's memory cannot be mapped: %s",
					   strerror(errno));
		} else {
			host->view = view;
			host->arena_bytes = status->arena_bytes;
		}
	}
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum netra_error netra_kernel_start(struct netra_board *board)
{
	struct netra_ioc_status status;
	enum netra_error error = get_status(board, &status);

	if (!error && status.state == NETRA_BOARD_COLD && board->options.no_boot)
		return fail(board, NETRA_ERR_STATE,
			    "the board is cold: boot it first (netra boot)");
	if (!error && status.state == NETRA_BOARD_FAILED && board->options.no_boot)
		return fail(board, NETRA_ERR_BOOT, status.error_text);
	if (!error)
		error = netra_kernel_boot(board, NULL, false, NULL, NULL);
	if (!error)
		error = get_status(board, &status);
	if (!error)
		error = check_wishes(board, &status);
	return error ? error : map_arena(board, &status);
}

/* It comes up again by itself. */
enum netra_error netra_kernel_reset(struct netra_board *board)
{
	return netra_kernel_boot(board, NULL, true, NULL, NULL);
}
