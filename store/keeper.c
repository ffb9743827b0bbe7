/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A round each second. Each part of it is bounded; what fails is tried again
 * later, and said, and stops nothing else.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "repair.h"

#define NS_PER_S	1000000000ull
#define RETRY_NS	(10 * NS_PER_S)
#define RETENTION_NS	(2 * NS_PER_S)
#define FORGET_NS	(3600 * NS_PER_S)
#define FILES_A_ROUND	4u	/* read for the index */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* A clock that is set back must not make a second's wait one of hours. */
static void init_wake(struct netra_store_keeper *keeper)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	/* Not everywhere: where not, waits are not by the clock's time either. */
	keeper->wake_clock =
		pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) ?
			CLOCK_REALTIME : CLOCK_MONOTONIC;
	pthread_cond_init(&keeper->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

enum netra_error
netra_store_keeper_init(struct netra_store_keeper *keeper,
			const struct netra_store_folder *folder,
			const struct netra_keeper_options *options)
{
	memset(keeper, 0, sizeof(*keeper));
	if (netra_store_view(&keeper->folder, folder))
		return NETRA_ERR_IO;
	keeper->options = *options;
	keeper->changed = UINT64_MAX;
	pthread_mutex_init(&keeper->mutex, NULL);
	init_wake(keeper);
	netra_keeper_join(keeper);
	return NETRA_OK;
}

void netra_store_keeper_left(struct netra_store_keeper *keeper,
			     uint32_t channel, int64_t start_ms)
{
	pthread_mutex_lock(&keeper->mutex);
	/* What does not fit waits for the next start. */
	if (keeper->left_count < NETRA_KEEPER_LEFT) {
		keeper->left[keeper->left_count].channel = channel;
		keeper->left[keeper->left_count++].start_ms = start_ms;
	}
	pthread_mutex_unlock(&keeper->mutex);
}

void netra_store_keeper_changed(struct netra_store_keeper *keeper,
				uint32_t channel)
{
	pthread_mutex_lock(&keeper->mutex);
	keeper->changed |= UINT64_C(1) << channel;
	pthread_mutex_unlock(&keeper->mutex);
}

void netra_store_keeper_event(struct netra_store_keeper *keeper,
			      const struct netra_keeper_event *event)
{
	uint32_t at;

	pthread_mutex_lock(&keeper->mutex);
	if (keeper->event_count == NETRA_KEEPER_EVENTS) {
		keeper->events_lost++;
	} else {
		at = (keeper->event_first + keeper->event_count++) %
		     NETRA_KEEPER_EVENTS;
		keeper->event[at] = *event;
	}
	pthread_mutex_unlock(&keeper->mutex);
}

void netra_store_keeper_status(struct netra_store_keeper *keeper,
			       struct netra_keeper_status *status)
{
	pthread_mutex_lock(&keeper->mutex);
	memcpy(status->index_trouble, keeper->index_trouble,
	       sizeof(status->index_trouble));
	memcpy(status->retention_trouble, keeper->retention_trouble,
	       sizeof(status->retention_trouble));
	memcpy(status->metrics_trouble, keeper->metrics_trouble,
	       sizeof(status->metrics_trouble));
	status->deleted = keeper->deleted;
	status->events_lost = keeper->events_lost;
	pthread_mutex_unlock(&keeper->mutex);
}

/* Completes one file that was left; false: another time. */
static bool complete_left(struct netra_store_keeper *keeper, uint32_t channel,
			  int64_t start_ms)
{
	struct netra_store_repair repair = { 0 };
	struct netra_keeper_event event = { .channel = (int)channel };
	char name[NETRA_STORE_NAME_BYTES], why[120] = "";

	if (netra_store_channel(&keeper->folder, channel, false, false))
		return false;
	netra_store_name(name, start_ms, NETRA_STORE_PART);
	if (faccessat(keeper->folder.channel[channel], name, F_OK,
		      AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return true;
	netra_store_repair_file(&keeper->folder, channel, start_ms, &repair);
	if (repair.failed)
		return false;
	if (!repair.damaged &&
	    netra_store_adopt(&keeper->folder, channel, start_ms,
			      keeper->options.sync, why, sizeof(why)))
		return false;
	event.time_ns = start_ms * 1000000;
	snprintf(event.kind, sizeof(event.kind), "repaired");
	snprintf(event.text, sizeof(event.text), "%llu bytes cut off%s",
		 (unsigned long long)repair.cut_bytes,
		 repair.damaged ? "; nothing whole is in it" : "");
	netra_store_keeper_event(keeper, &event);
	netra_store_keeper_changed(keeper, channel);
	return true;
}

/*
 * One file a round; true if there are others that are worth a try. What fails
 * goes behind all others.
 */
static bool complete_next(struct netra_store_keeper *keeper, uint64_t now_ns)
{
	uint32_t channel, count;
	int64_t start_ms;

	pthread_mutex_lock(&keeper->mutex);
	count = keeper->left_count;
	if (count && now_ns >= keeper->left_retry_ns) {
		channel = keeper->left[0].channel;
		start_ms = keeper->left[0].start_ms;
		memmove(&keeper->left[0], &keeper->left[1],
			--keeper->left_count * sizeof(keeper->left[0]));
	} else {
		count = 0;
	}
	pthread_mutex_unlock(&keeper->mutex);
	if (!count)
		return false;
	if (complete_left(keeper, channel, start_ms))
		return count > 1;
	netra_store_keeper_left(keeper, channel, start_ms);
	keeper->left_retry_ns = now_ns + RETRY_NS;
	return false;
}

bool netra_keeper_list(struct netra_store_keeper *keeper, uint32_t channel)
{
	struct netra_keeper_channel *c = &keeper->channel[channel];
	struct netra_store_entry *entries;
	size_t count;

	if (netra_store_list(&keeper->folder, channel, &entries, &count))
		return false;
	free(c->entries);
	c->entries = entries;
	c->count = count;
	c->listed = true;
	return true;
}

static bool list_changed(struct netra_store_keeper *keeper)
{
	uint64_t changed;

	pthread_mutex_lock(&keeper->mutex);
	changed = keeper->changed;
	keeper->changed = 0;
	pthread_mutex_unlock(&keeper->mutex);
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		if (!(changed >> i & 1))
			continue;
		keeper->channel[i].index_due = true;
		if (!netra_keeper_list(keeper, i))
			netra_store_keeper_changed(keeper, i);
	}
	return changed;
}

static void index_failed(struct netra_store_keeper *keeper, const char *why,
			 bool damaged, uint64_t now_ns)
{
	pthread_mutex_lock(&keeper->mutex);
	snprintf(keeper->index_trouble, sizeof(keeper->index_trouble), "%s",
		 why);
	pthread_mutex_unlock(&keeper->mutex);
	netra_store_index_close(keeper->index);
	keeper->index = NULL;
	keeper->index_retry_ns = now_ns + RETRY_NS;
	/* All that it holds is in the files. */
	if (damaged)
		netra_store_index_remove(&keeper->folder);
}

static bool open_index(struct netra_store_keeper *keeper, uint64_t now_ns)
{
	enum netra_error err;
	char why[160];

	if (keeper->index && netra_store_index_replaced(keeper->index)) {
		netra_store_index_close(keeper->index);
		keeper->index = NULL;
		keeper->index_retry_ns = 0;
	}
	if (keeper->index)
		return true;
	if (now_ns < keeper->index_retry_ns)
		return false;
	err = netra_store_index_open(&keeper->index, &keeper->folder, true, why,
				     sizeof(why));
	if (err) {
		index_failed(keeper, why, err == NETRA_ERR_CORRUPT, now_ns);
		return false;
	}
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++)
		keeper->channel[i].index_due = true;
	return true;
}

static enum netra_error write_events(struct netra_store_keeper *keeper)
{
	struct netra_keeper_event event;
	enum netra_error err = NETRA_OK;
	bool more;

	for (;;) {
		pthread_mutex_lock(&keeper->mutex);
		more = keeper->event_count;
		if (more)
			event = keeper->event[keeper->event_first];
		pthread_mutex_unlock(&keeper->mutex);
		if (!more)
			return NETRA_OK;
		err = netra_store_index_event(keeper->index, event.time_ns,
					      event.end_ns, event.channel,
					      event.kind, event.lost,
					      event.text);
		if (err)
			return err;
		pthread_mutex_lock(&keeper->mutex);
		keeper->event_first = (keeper->event_first + 1) %
				      NETRA_KEEPER_EVENTS;
		keeper->event_count--;
		pthread_mutex_unlock(&keeper->mutex);
	}
}

/* Some files; true if there are more. */
static bool keep_index(struct netra_store_keeper *keeper, uint64_t now_ns)
{
	enum netra_error err;
	bool more = false;

	if (!open_index(keeper, now_ns))
		return false;
	err = write_events(keeper);
	for (uint32_t i = 0; !err && i < NETRA_STORE_CHANNELS; i++) {
		if (!keeper->channel[i].index_due)
			continue;
		err = netra_store_index_update(keeper->index, i, FILES_A_ROUND);
		keeper->channel[i].index_due = err != NETRA_OK;
		more |= err == NETRA_ERR_AGAIN;
		if (err == NETRA_ERR_AGAIN)
			err = NETRA_OK;
	}
	if (!err && now_ns >= keeper->forget_ns) {
		err = netra_store_index_forget(keeper->index);
		keeper->forget_ns = now_ns + FORGET_NS;
	}
	if (err) {
		index_failed(keeper, netra_store_index_why(keeper->index),
			     err == NETRA_ERR_CORRUPT, now_ns);
		return false;
	}
	pthread_mutex_lock(&keeper->mutex);
	keeper->index_trouble[0] = '\0';
	pthread_mutex_unlock(&keeper->mutex);
	return more;
}

bool netra_store_keeper_step(struct netra_store_keeper *keeper, uint64_t now_ns)
{
	bool more = complete_next(keeper, now_ns);

	netra_keeper_write_metrics(keeper);
	if (list_changed(keeper) || now_ns >= keeper->retention_ns) {
		netra_keeper_retain(keeper);
		keeper->retention_ns = now_ns + RETENTION_NS;
	}
	return keep_index(keeper, now_ns) || more;
}

static void *run(void *context)
{
	struct netra_store_keeper *keeper = context;
	struct timespec until;
	bool stop = false, more;

	while (!stop) {
		more = netra_store_keeper_step(keeper,
					       clock_ns(CLOCK_MONOTONIC));
		clock_gettime(keeper->wake_clock, &until);
		until.tv_sec++;
		pthread_mutex_lock(&keeper->mutex);
		if (!keeper->stop && !more)
			pthread_cond_timedwait(&keeper->wake, &keeper->mutex,
					       &until);
		stop = keeper->stop;
		pthread_mutex_unlock(&keeper->mutex);
	}
	return NULL;
}

enum netra_error netra_store_keeper_start(struct netra_store_keeper *keeper)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&keeper->thread, NULL, run, keeper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	keeper->threaded = !error;
	return error ? NETRA_ERR_NO_MEMORY : NETRA_OK;
}

void netra_store_keeper_finish(struct netra_store_keeper *keeper)
{
	if (keeper->threaded) {
		pthread_mutex_lock(&keeper->mutex);
		keeper->stop = true;
		pthread_cond_signal(&keeper->wake);
		pthread_mutex_unlock(&keeper->mutex);
		pthread_join(keeper->thread, NULL);
		keeper->threaded = false;
		/* What the end of the recording has brought. */
		netra_store_keeper_step(keeper, clock_ns(CLOCK_MONOTONIC));
	}
	netra_keeper_leave(keeper);
	netra_store_index_close(keeper->index);
	keeper->index = NULL;
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		free(keeper->channel[i].entries);
		keeper->channel[i].entries = NULL;
	}
	free(keeper->ranges);
	keeper->ranges = NULL;
	free(keeper->metrics);
	keeper->metrics = NULL;
	netra_store_close(&keeper->folder);
	pthread_cond_destroy(&keeper->wake);
	pthread_mutex_destroy(&keeper->mutex);
}
