/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder: a store's folder and a recording for each channel. All calls
 * come from one thread; no channel waits for another but for the disk.
 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "recorder_channel.h"

#define FRAGMENT_MS	1000u
#define FRAGMENT_MS_MAX	60000u
#define TURN_FRAMES	32u		/* of a channel before the next is served */

struct netra_recorder {
	int directory;
	char store[448];
	uint32_t count;
	struct netra_recording *recordings;
};

static _Thread_local char open_error[256];

const char *netra_recorder_open_error(void)
{
	return open_error;
}

static enum netra_error refuse(enum netra_error err, const char *what,
			       const char *why)
{
	snprintf(open_error, sizeof(open_error), "%.160s: %s", what, why);
	return err;
}

static enum netra_error refuse_errno(const char *what, int error)
{
	return refuse(error == EACCES || error == EPERM || error == EROFS ?
		      NETRA_ERR_PERMISSION : NETRA_ERR_IO,
		      what, strerror(error));
}

/* A folder's own entry is durable only once its parent is. */
static int sync_parent(int directory)
{
	int parent = openat(directory, "..",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (parent < 0)
		return errno;
	error = fsync(parent) ? errno : 0;
	close(parent);
	return error;
}

static enum netra_error open_store(struct netra_recorder *recorder,
				   const char *store, bool sync)
{
	size_t length = store ? strlen(store) : 0;
	bool made = false;
	int error = 0;

	if (!length || length >= sizeof(recorder->store))
		return refuse(NETRA_ERR_INVALID, store ? store : "(none)",
			      "not a usable name of a store");
	memcpy(recorder->store, store, length + 1);
	if (!mkdir(store, 0755))
		made = true;
	else if (errno != EEXIST)
		return refuse_errno(store, errno);
	recorder->directory = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recorder->directory < 0)
		return refuse_errno(store, errno);
	if (faccessat(recorder->directory, ".", W_OK | X_OK, AT_EACCESS))
		error = errno;
	else if (made && sync)
		error = sync_parent(recorder->directory);
	if (!error)
		return NETRA_OK;
	close(recorder->directory);
	return refuse_errno(store, error);
}

static enum netra_error
open_recordings(struct netra_recorder *recorder, struct netra_board *board,
		const struct netra_recorder_options *options)
{
	uint32_t fragment_ms = options->fragment_ms ? options->fragment_ms
						    : FRAGMENT_MS;
	char what[24], why[160];
	enum netra_error err;
	uint32_t i, channel;

	for (i = 0; i < recorder->count; i++) {
		channel = options->channels ? options->channels[i] : i;
		err = netra_recording_open(&recorder->recordings[i], board,
					   channel, recorder->directory,
					   fragment_ms, !options->no_sync);
		if (err)
			goto err_recordings;
	}
	return NETRA_OK;

err_recordings:
	snprintf(what, sizeof(what), "channel %u", channel);
	netra_error_text(board, why, sizeof(why));
	refuse(err, what, *why ? why : netra_error_name(err));
	while (i--) {
		netra_recording_finish(&recorder->recordings[i]);
		netra_recording_free(&recorder->recordings[i]);
	}
	return err;
}

/* How many channels are asked for; 0 = a number is out of range. */
static uint32_t count_channels(struct netra_board *board,
			       const struct netra_recorder_options *options)
{
	struct netra_board_details details;

	netra_board_get_details(board, &details);
	if (!options->channels)
		return details.channels;
	for (uint32_t i = 0; i < options->channel_count; i++)
		if (options->channels[i] >= details.channels)
			return 0;
	return options->channel_count;
}

enum netra_error netra_recorder_open(struct netra_board *board,
				     const struct netra_recorder_options *options,
				     struct netra_recorder **recorder)
{
	struct netra_recorder *r;
	enum netra_error err;

	if (options->fragment_ms > FRAGMENT_MS_MAX)
		return refuse(NETRA_ERR_INVALID, "fragment length",
			      "longer than a minute");
	r = calloc(1, sizeof(*r));
	if (!r)
		return refuse(NETRA_ERR_NO_MEMORY, "recorder", strerror(ENOMEM));
	r->count = count_channels(board, options);
	if (!r->count) {
		err = refuse(NETRA_ERR_NOT_FOUND, "channels",
			     "none, or one that the board does not have");
		goto err_recorder;
	}
	r->recordings = calloc(r->count, sizeof(*r->recordings));
	if (!r->recordings) {
		err = refuse(NETRA_ERR_NO_MEMORY, "recorder", strerror(ENOMEM));
		goto err_recorder;
	}
	err = open_store(r, options->store, !options->no_sync);
	if (err)
		goto err_recordings;
	err = open_recordings(r, board, options);
	if (err)
		goto err_store;
	*recorder = r;
	return NETRA_OK;

err_store:
	close(r->directory);
err_recordings:
	free(r->recordings);
err_recorder:
	free(r);
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

enum netra_error netra_recorder_pump(struct netra_recorder *recorder)
{
	bool more, open;
	uint64_t now;

	/*
	 * In turns, so that a fast channel does not starve the others; and to
	 * the end, which is what the last netra_dispatch() has found: a frame
	 * left unread might be gone after the next.
	 */
	do {
		now = now_ns();
		more = false;
		open = false;
		for (uint32_t i = 0; i < recorder->count; i++) {
			more |= netra_recording_pump(&recorder->recordings[i],
						     TURN_FRAMES, now);
			open |= recorder->recordings[i].reader != NULL;
		}
	} while (more);
	return open ? NETRA_OK : NETRA_ERR_ENDED;
}

uint32_t netra_recorder_channels(const struct netra_recorder *recorder)
{
	return recorder->count;
}

void netra_recorder_channel(const struct netra_recorder *recorder,
			    uint32_t index,
			    struct netra_recorder_channel *channel)
{
	const struct netra_recording *from = &recorder->recordings[index];

	memset(channel, 0, sizeof(*channel));
	channel->channel = from->channel;
	channel->frames = from->frames;
	channel->lost = from->lost;
	channel->gaps = from->gaps;
	channel->bytes = from->file.bytes;
	if (from->frames)
		channel->duration_90k = from->end_pts - from->first_pts;
	channel->ended = from->ended;
	channel->failed = from->failure != NETRA_OK;
	memcpy(channel->error, from->error, sizeof(channel->error));
	if (from->file.name[0])
		snprintf(channel->path, sizeof(channel->path), "%s/%s",
			 recorder->store, from->file.name);
}

enum netra_error netra_recorder_finish(struct netra_recorder *recorder)
{
	enum netra_error err = NETRA_OK;

	for (uint32_t i = 0; i < recorder->count; i++) {
		netra_recording_finish(&recorder->recordings[i]);
		if (!err)
			err = recorder->recordings[i].failure;
	}
	return err;
}

enum netra_error netra_recorder_close(struct netra_recorder *recorder)
{
	enum netra_error err;

	if (!recorder)
		return NETRA_OK;
	err = netra_recorder_finish(recorder);
	for (uint32_t i = 0; i < recorder->count; i++)
		netra_recording_free(&recorder->recordings[i]);
	close(recorder->directory);
	free(recorder->recordings);
	free(recorder);
	return err;
}
