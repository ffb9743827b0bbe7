/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a board on the bus to one that streams, in calls that block: the
 * machines of core/ stepped to their end. The lock is let go while the board
 * is waited for; the state BOOTING keeps others out.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "internal.h"

/* Sleep; a board that leaves meanwhile ends it. */
static void sleep_until(struct netra_board *board, uint64_t until_ns)
{
	for (;;) {
		struct pollfd p = {
			.fd = board->transport->gone_fd,
			.events = (short)board->transport->gone_events,
		};
		uint64_t now = netra_now_ns();
		struct timespec left;
		int n;

		if (now >= until_ns)
			return;
		left.tv_sec = (time_t)((until_ns - now) / NS_PER_S);
		left.tv_nsec = (long)((until_ns - now) % NS_PER_S);
		n = ppoll(&p, 1, &left, NULL);
		if (n > 0 || (n < 0 && errno != EINTR))
			return;
	}
}

/* Step the runner's machine to its end. Called without the lock. */
static enum netra_error finish(struct netra_board *board,
			       netra_boot_callback *callback, void *context)
{
	struct netra_runner *runner = &board->host.runner;
	struct netra_boot_progress last = { 0 }, now;

	for (;;) {
		enum netra_error error;
		enum netra_run state;

		pthread_mutex_lock(&board->lock);
		state = netra_host_run(&board->host, netra_now_ns(), &error);
		if (state == NETRA_RUN_WAIT &&
		    !board->transport->ops->alive(board->transport)) {
			netra_host_gone(&board->host, board->transport->why);
			error = NETRA_ERR_GONE;
			state = NETRA_RUN_FAILED;
		}
		pthread_mutex_unlock(&board->lock);
		if (callback && !runner->attaching) {
			netra_boot_progress(&runner->m.boot, &now);
			netra_boot_report(&now, &last, callback, context);
		}
		if (state == NETRA_RUN_DONE || state == NETRA_RUN_FAILED)
			return error;
		if (state == NETRA_RUN_WAIT)
			sleep_until(board, runner->wait_until_ns);
	}
}

/* Find the firmware running, or boot it. Called without the lock. */
static enum netra_error boot(struct netra_board *board, const char *dir,
			     bool force, bool attach_only,
			     netra_boot_callback *callback, void *context)
{
	struct netra_host *host = &board->host;
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = force ? host->ops->reset(host) : host->ops->prepare(host);
	if (!error)
		netra_host_run_boot(host, true);
	pthread_mutex_unlock(&board->lock);
	if (error)
		return error;
	error = finish(board, NULL, NULL);
	if (!error || error == NETRA_ERR_GONE)
		return error;
	if (attach_only)
		return netra_fail(board, NETRA_ERR_STATE,
				  "the board is cold: boot it first (netra boot)");
	host->error_text[0] = 0;
	error = netra_images_load(board, dir);
	if (error)
		return error;
	netra_host_run_boot(host, false);
	error = finish(board, callback, context);
	netra_images_free(board);
	return error;
}

static enum netra_error boot_locked(struct netra_board *board, const char *dir,
				    bool force, bool attach_only,
				    netra_boot_callback *callback, void *context)
{
	struct netra_host *host = &board->host;
	enum netra_error error = netra_host_may_boot(host);

	if (error)
		return error;
	netra_host_set_state(host, NETRA_BOARD_BOOTING);
	pthread_mutex_unlock(&board->lock);
	error = boot(board, dir, force, attach_only, callback, context);
	pthread_mutex_lock(&board->lock);
	if (!error)
		error = netra_host_booted(host);
	if (!error)
		netra_host_set_state(host, NETRA_BOARD_READY);
	else if (error == NETRA_ERR_STATE)
		netra_host_set_state(host, NETRA_BOARD_COLD);
	else
		netra_host_set_state(host, NETRA_BOARD_FAILED);
	return error;
}

enum netra_error netra_own_boot(struct netra_board *board,
				const char *firmware_dir, bool force,
				netra_boot_callback *callback, void *context)
{
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = boot_locked(board, firmware_dir, force, false, callback,
			    context);
	pthread_mutex_unlock(&board->lock);
	return error;
}

void netra_detach(struct netra_board *board)
{
	netra_host_run_detach(&board->host);
	finish(board, NULL, NULL);
}

/* Called without the lock. */
static enum netra_error attach(struct netra_board *board)
{
	struct netra_host *host = &board->host;
	enum netra_error error;
	char text[NETRA_ERROR_TEXT];

	pthread_mutex_lock(&board->lock);
	error = netra_host_begin_generation(host);
	if (!error)
		netra_host_run_attach(host);
	pthread_mutex_unlock(&board->lock);
	if (error)
		return error;
	error = finish(board, NULL, NULL);
	if (!error || error == NETRA_ERR_GONE)
		return error;
	/* No window may stay open onto memory that we do not watch. */
	memcpy(text, host->error_text, sizeof(text));
	netra_detach(board);
	return netra_fail(board, error, "%s", text);
}

enum netra_error netra_own_start(struct netra_board *board)
{
	struct netra_host *host = &board->host;
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = boot_locked(board, NULL, false, board->options.no_boot, NULL,
			    NULL);
	if (!error) {
		netra_host_set_state(host, NETRA_BOARD_BOOTING);
		pthread_mutex_unlock(&board->lock);
		error = attach(board);
		pthread_mutex_lock(&board->lock);
		netra_host_set_state(host, NETRA_BOARD_READY);
	}
	if (!error)
		netra_host_attached(host, netra_now_ns());
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum netra_error netra_own_reset(struct netra_board *board)
{
	struct netra_host *host = &board->host;
	enum netra_error error = NETRA_OK;

	pthread_mutex_lock(&board->lock);
	if (host->state == NETRA_BOARD_GONE ||
	    host->state == NETRA_BOARD_BOOTING)
		error = netra_host_may_boot(host);
	if (!error)
		error = host->ops->reset(host);
	if (!error)
		netra_host_was_reset(host);
	pthread_mutex_unlock(&board->lock);
	return error;
}
