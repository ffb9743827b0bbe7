/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve_attempt.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct serve_attempt {
	/* The thread's until it is done. */
	struct netra_board *board;	/* to be closed; then the new one */
	char *name, *firmware;
	struct cli_board_options options;
	struct cli_list channels;
	char why[400];
	pthread_t thread;

	pthread_mutex_t mutex;		/* of what follows */
	bool done, abandoned;
	uv_async_t *ready;
};

static void release(struct serve_attempt *a)
{
	pthread_mutex_destroy(&a->mutex);
	free(a->firmware);
	free(a->name);
	free(a);
}

/* One that starts is enough: others may have been taken away meanwhile. */
static bool start_channels(struct serve_attempt *a)
{
	struct netra_board_details details;
	enum netra_error error = NETRA_ERR_NOT_FOUND;
	bool any = false;
	uint32_t count;

	netra_board_get_details(a->board, &details);
	count = a->channels.count ? a->channels.count : details.channels;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t channel = a->channels.count ? a->channels.item[i] : i;

		if (channel >= details.channels)
			continue;
		error = cli_channel_try(a->board, channel);
		any |= !error;
		/* It has gone again: each of them would take its time. */
		if (error == NETRA_ERR_GONE || error == NETRA_ERR_BOOT)
			break;
	}
	if (!any)
		netra_error_text(a->board, a->why, sizeof(a->why));
	if (!any && !a->why[0])
		snprintf(a->why, sizeof(a->why), "no channel could be started: %s",
			 netra_error_name(error));
	return any;
}

static void *run(void *context)
{
	struct serve_attempt *a = context;
	bool abandoned;

	netra_close(a->board);
	a->board = cli_board_try(a->name, &a->options, a->why, sizeof(a->why));
	if (a->board && !start_channels(a)) {
		netra_close(a->board);
		a->board = NULL;
	}
	pthread_mutex_lock(&a->mutex);
	a->done = true;
	abandoned = a->abandoned;
	if (!abandoned)
		uv_async_send(a->ready);
	pthread_mutex_unlock(&a->mutex);
	if (abandoned) {
		netra_close(a->board);
		release(a);
	}
	return NULL;
}

struct serve_attempt *serve_attempt_begin(struct netra_board *old,
					  const char *name,
					  const struct cli_board_options *options,
					  const struct cli_list *channels,
					  uv_async_t *ready)
{
	struct serve_attempt *a = calloc(1, sizeof(*a));
	sigset_t all, before;
	int code;

	if (!a)
		return NULL;
	pthread_mutex_init(&a->mutex, NULL);
	a->board = old;
	a->name = strdup(name);
	a->options = *options;
	a->channels = *channels;
	a->ready = ready;
	if (options->firmware)
		a->options.firmware = a->firmware = strdup(options->firmware);
	if (!a->name || (options->firmware && !a->firmware))
		goto err_attempt;
	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!code)
		return a;

err_attempt:
	release(a);
	return NULL;
}

bool serve_attempt_done(struct serve_attempt *a)
{
	bool done;

	pthread_mutex_lock(&a->mutex);
	done = a->done;
	pthread_mutex_unlock(&a->mutex);
	return done;
}

struct netra_board *serve_attempt_end(struct serve_attempt *a, char *why,
				      size_t size)
{
	struct netra_board *board;

	pthread_join(a->thread, NULL);
	board = a->board;
	snprintf(why, size, "%s", board ? "" : a->why);
	release(a);
	return board;
}

void serve_attempt_abandon(struct serve_attempt *a)
{
	bool done;

	pthread_mutex_lock(&a->mutex);
	done = a->done;
	a->abandoned = true;
	/* Before it can see that: it frees all this when it does. */
	if (!done)
		pthread_detach(a->thread);
	pthread_mutex_unlock(&a->mutex);
	if (!done)
		return;
	pthread_join(a->thread, NULL);
	netra_close(a->board);
	release(a);
}
