/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder: a store, its writer, a recording for each channel, and the
 * tick that cuts all their fragments for one commit.
 */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "recorder_channel.h"
#include "recorder_watch.h"
#include "store/repair.h"

#define FRAGMENT_MS	500u
#define FRAGMENT_MS_MAX	60000u
#define ROTATE_MS	600000u
#define BUFFER_BYTES	(64ull << 20)
#define FREE_BYTES	(256u << 10)	/* kept per channel for use again */
#define PAYLOAD_BYTES	(4u << 20)	/* of a fragment, as a rule */
#define GATHERED_BYTES	(7u << 20)	/* of all fragments that are not handed over */
#define BUFFER_LEAST	(8ull << 20)
#define ALARM_MS	10000u
#define NS_PER_MS	1000000ull
/*
 * So long a tick waits for the frame that says how long the last one lasts. Most
 * have come in half of it.
 */
#define PATIENCE_NS	(100 * NS_PER_MS)
#define TURN_FRAMES	32u		/* of a channel before the next is served */

struct netra_recorder {
	struct netra_store_folder folder;
	struct netra_store_pool pool;
	struct netra_store_writer writer;
	struct netra_store_keeper keeper;
	struct netra_recording_shared shared;
	struct netra_recorder_watch watch;
	uint32_t repaired;
	uint64_t tick_ns;	/* the next one */
	uint64_t look_ns;	/* when they may all have been ended by a frame; 0 = past */
	uint64_t cut_ns;	/* when fragments that are due are cut; 0 = none are */
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
	snprintf(open_error, sizeof(open_error), "%.60s: %.190s", what, why);
	return err;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What a crash has left of all channels is cut, and completed later. */
static void repair(struct netra_recorder *recorder)
{
	struct netra_store_repair repair = { 0 };
	struct netra_store_entry *entries;
	size_t count;

	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		netra_store_repair(&recorder->folder, i, &repair);
		if (netra_store_list_parts(&recorder->folder, i, &entries,
					   &count))
			continue;
		for (size_t k = 0; k < count; k++)
			netra_store_keeper_left(&recorder->keeper, i,
						entries[k].start_ms);
		free(entries);
	}
	recorder->repaired = repair.cut + repair.damaged;
}

static enum netra_error
init_keeper(struct netra_recorder *recorder,
	    const struct netra_recorder_options *options)
{
	const struct netra_keeper_options wanted = {
		.limits = {
			.keep_bytes = options->keep_bytes,
			.keep_ms = (int64_t)options->keep_ms,
			.free_bytes = options->free_bytes,
		},
		.metrics = options->metrics,
		.sync = !options->no_sync,
	};
	uint32_t alarm_ms = options->alarm_ms ? options->alarm_ms : ALARM_MS;

	if (netra_store_keeper_init(&recorder->keeper, &recorder->folder,
				    &wanted))
		return refuse(NETRA_ERR_IO, options->store,
			      "cannot be opened twice");
	if (!netra_store_keeper_floor_fits(&recorder->keeper)) {
		netra_store_keeper_finish(&recorder->keeper);
		return refuse(NETRA_ERR_INVALID, options->store,
			      "its file system is no larger than what is to be left free");
	}
	recorder->watch.keeper = &recorder->keeper;
	recorder->watch.alarm_ns = alarm_ms * NS_PER_MS;
	recorder->watch.begin_ns = clock_ns(CLOCK_MONOTONIC);
	recorder->watch.metrics = options->metrics;
	return NETRA_OK;
}

static enum netra_error
open_recordings(struct netra_recorder *recorder, struct netra_board *board,
		const struct netra_recorder_options *options)
{
	struct netra_recording_shared *shared = &recorder->shared;
	char what[24], why[160];
	enum netra_error err;
	uint32_t i, channel;
	uint64_t first_ns;

	for (i = 0; i < recorder->count; i++) {
		channel = options->channels ? options->channels[i] : i;
		/* First files are between a half and a whole one long. */
		first_ns = shared->rotate_ns / 2 +
			   shared->rotate_ns / 2 * (i + 1) / recorder->count;
		err = netra_recording_open(&recorder->recordings[i], shared,
					   channel, first_ns);
		if (err)
			goto err_recordings;
	}
	return NETRA_OK;

err_recordings:
	snprintf(what, sizeof(what), "channel %u", channel);
	netra_error_text(board, why, sizeof(why));
	refuse(err, what, *why ? why : netra_error_name(err));
	while (i--)
		netra_recording_finish(&recorder->recordings[i]);
	return err;
}

static void free_recordings(struct netra_recorder *recorder)
{
	for (uint32_t i = 0; i < recorder->count; i++)
		netra_recording_free(&recorder->recordings[i]);
	free(recorder->recordings);
}

/* How many channels are asked for; 0 = a number is out of range. */
static uint32_t count_channels(struct netra_board *board,
			       const struct netra_recorder_options *options)
{
	struct netra_board_details details;

	netra_board_get_details(board, &details);
	if (!options->channels)
		return details.channels < NETRA_STORE_CHANNELS ?
		       details.channels : NETRA_STORE_CHANNELS;
	for (uint32_t i = 0; i < options->channel_count; i++)
		if (options->channels[i] >= details.channels ||
		    options->channels[i] >= NETRA_STORE_CHANNELS)
			return 0;
	return options->channel_count;
}

static void init_writing(struct netra_recorder *recorder,
			 struct netra_board *board,
			 const struct netra_recorder_options *options)
{
	uint64_t bytes = options->buffer_bytes ? options->buffer_bytes
					       : BUFFER_BYTES;
	uint64_t share;
	uint32_t fragment_ms = options->fragment_ms ? options->fragment_ms
						    : FRAGMENT_MS;
	uint32_t rotate_ms = options->rotate_ms ? options->rotate_ms
						: ROTATE_MS;

	if (bytes < BUFFER_LEAST)
		bytes = BUFFER_LEAST;
	/* All together less than the buffer, or they would wait for each other. */
	share = (bytes / 2 < GATHERED_BYTES ? bytes / 2 : GATHERED_BYTES) /
		recorder->count;
	netra_store_pool_init(&recorder->pool, bytes,
			      (uint64_t)recorder->count * FREE_BYTES);
	netra_store_writer_init(&recorder->writer, &recorder->folder,
				&recorder->pool, !options->no_sync);
	recorder->writer.keeper = &recorder->keeper;
	recorder->shared.board = board;
	recorder->shared.writer = &recorder->writer;
	recorder->shared.fragment_ns = fragment_ms * NS_PER_MS;
	recorder->shared.rotate_ns = rotate_ms * NS_PER_MS;
	recorder->shared.payload_bytes =
		share < PAYLOAD_BYTES ? share : PAYLOAD_BYTES;
	recorder->tick_ns = clock_ns(CLOCK_MONOTONIC) +
			    recorder->shared.fragment_ns;
}

static void free_writing(struct netra_recorder *recorder)
{
	netra_store_writer_finish(&recorder->writer);
	netra_store_writer_free(&recorder->writer);
	netra_store_pool_free(&recorder->pool);
	netra_store_keeper_finish(&recorder->keeper);
	netra_store_close(&recorder->folder);
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
		return refuse(NETRA_ERR_NO_MEMORY, "recorder", "out of memory");
	r->count = count_channels(board, options);
	if (!r->count) {
		err = refuse(NETRA_ERR_NOT_FOUND, "channels",
			     "none, or one that the board does not have");
		goto err_recorder;
	}
	r->recordings = calloc(r->count, sizeof(*r->recordings));
	if (!r->recordings) {
		err = refuse(NETRA_ERR_NO_MEMORY, "recorder", "out of memory");
		goto err_recorder;
	}
	err = netra_store_open(&r->folder, options->store, !options->no_sync,
			       open_error, sizeof(open_error));
	if (err)
		goto err_recordings;
	err = init_keeper(r, options);
	if (err)
		goto err_store;
	repair(r);
	init_writing(r, board, options);
	err = open_recordings(r, board, options);
	if (!err && (netra_store_writer_start(&r->writer) ||
		     netra_store_keeper_start(&r->keeper))) {
		err = refuse(NETRA_ERR_NO_MEMORY, "recorder",
			     "no thread to be had");
		for (uint32_t i = 0; i < r->count; i++)
			netra_recording_finish(&r->recordings[i]);
	}
	if (err)
		goto err_writing;
	*recorder = r;
	return NETRA_OK;

err_writing:
	free_writing(r);
	goto err_recordings;
err_store:
	netra_store_close(&r->folder);
err_recordings:
	free_recordings(r);
err_recorder:
	free(r);
	return err;
}

/* All fragments that are due are cut together, for one commit. */
static void commit_if_due(struct netra_recorder *recorder, uint64_t now_ns)
{
	bool waiting = false;

	if (now_ns >= recorder->look_ns)
		recorder->look_ns = 0;
	if (!recorder->cut_ns)
		return;
	for (uint32_t i = 0; i < recorder->count; i++) {
		if (now_ns >= recorder->cut_ns)
			netra_recording_flush(&recorder->recordings[i]);
		waiting |= recorder->recordings[i].cut;
	}
	if (waiting)
		return;
	recorder->look_ns = recorder->cut_ns = 0;
	netra_store_writer_commit(&recorder->writer);
}

static void tick(struct netra_recorder *recorder, uint64_t now_ns)
{
	uint64_t period_ns = recorder->shared.fragment_ns;
	uint64_t patience_ns = PATIENCE_NS < period_ns / 4 ? PATIENCE_NS
							   : period_ns / 4;

	if (now_ns < recorder->tick_ns)
		return;
	for (uint32_t i = 0; i < recorder->count; i++)
		netra_recording_tick(&recorder->recordings[i]);
	recorder->cut_ns = recorder->tick_ns + patience_ns;
	recorder->look_ns = recorder->tick_ns + patience_ns / 2;
	recorder->tick_ns += (now_ns - recorder->tick_ns) / period_ns *
			     period_ns + period_ns;
}

enum netra_error netra_recorder_pump(struct netra_recorder *recorder)
{
	bool more, open;
	uint64_t now_ns;

	netra_recorder_wall_update(&recorder->shared.wall,
				   clock_ns(CLOCK_MONOTONIC),
				   (int64_t)clock_ns(CLOCK_REALTIME));
	/*
	 * In turns, so that a fast channel does not starve the others; and to
	 * the end, which is what the last netra_dispatch() has found: a frame
	 * left unread might be gone after the next.
	 */
	do {
		now_ns = clock_ns(CLOCK_MONOTONIC);
		tick(recorder, now_ns);
		more = false;
		open = false;
		for (uint32_t i = 0; i < recorder->count; i++) {
			more |= netra_recording_pump(&recorder->recordings[i],
						     TURN_FRAMES, now_ns);
			open |= recorder->recordings[i].reader != NULL;
		}
		commit_if_due(recorder, now_ns);
	} while (more);
	netra_recorder_watch_look(&recorder->watch, recorder, now_ns,
				  (int64_t)clock_ns(CLOCK_REALTIME));
	return open ? NETRA_OK : NETRA_ERR_ENDED;
}

void netra_recorder_detach(struct netra_recorder *recorder)
{
	for (uint32_t i = 0; i < recorder->count; i++)
		netra_recording_detach(&recorder->recordings[i]);
	recorder->shared.board = NULL;
	netra_store_writer_commit(&recorder->writer);
}

enum netra_error netra_recorder_attach(struct netra_recorder *recorder,
				       struct netra_board *board)
{
	enum netra_error err, first = NETRA_OK;

	recorder->shared.board = board;
	for (uint32_t i = 0; i < recorder->count; i++) {
		err = netra_recording_attach(&recorder->recordings[i]);
		if (err && !first)
			first = err;
	}
	return first;
}

uint64_t netra_recorder_due_ns(const struct netra_recorder *recorder)
{
	return recorder->look_ns ? recorder->look_ns :
	       recorder->cut_ns ? recorder->cut_ns : recorder->tick_ns;
}

uint64_t netra_recorder_exposed_ns(struct netra_recorder *recorder)
{
	uint64_t oldest = netra_store_writer_oldest_ns(&recorder->writer);
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	for (uint32_t i = 0; i < recorder->count; i++) {
		const struct netra_store_fragment *fragment =
			recorder->recordings[i].fragment;

		if (fragment && fragment->mp4.samples &&
		    (!oldest || fragment->taken_ns < oldest))
			oldest = fragment->taken_ns;
	}
	return oldest && oldest < now_ns ? now_ns - oldest : 0;
}

uint32_t netra_recorder_channels(const struct netra_recorder *recorder)
{
	return recorder->count;
}

void netra_recorder_channel(struct netra_recorder *recorder, uint32_t index,
			    struct netra_recorder_channel *channel)
{
	const struct netra_recording *from = &recorder->recordings[index];
	struct netra_store_account account;

	memset(channel, 0, sizeof(*channel));
	netra_store_writer_account(&recorder->writer, from->channel, &account);
	channel->channel = from->channel;
	channel->frames = account.frames;
	channel->lost = from->lost + account.lost;
	channel->gaps = from->gaps;
	channel->bytes = account.bytes;
	channel->files = account.files;
	channel->duration_90k = account.duration_90k;
	channel->durable_ns = account.durable_ns;
	channel->alarm = recorder->watch.alarms >> index & 1;
	channel->ended = from->ended;
	channel->failed = from->failure || account.failed;
	memcpy(channel->error, account.failed ? account.error : from->error,
	       sizeof(channel->error));
	if (account.name[0])
		snprintf(channel->path, sizeof(channel->path), "%s/%s",
			 recorder->folder.path, account.name);
}

void netra_recorder_health(struct netra_recorder *recorder,
			   struct netra_recorder_health *health)
{
	struct netra_keeper_status status;

	netra_store_keeper_status(&recorder->keeper, &status);
	memset(health, 0, sizeof(*health));
	health->repaired = recorder->repaired;
	health->deleted = status.deleted;
	memcpy(health->index_trouble, status.index_trouble,
	       sizeof(health->index_trouble));
	memcpy(health->retention_trouble, status.retention_trouble,
	       sizeof(health->retention_trouble));
	memcpy(health->metrics_trouble, status.metrics_trouble,
	       sizeof(health->metrics_trouble));
}

enum netra_error netra_recorder_finish(struct netra_recorder *recorder)
{
	enum netra_error err = NETRA_OK;
	struct netra_store_account account;

	for (uint32_t i = 0; i < recorder->count; i++)
		netra_recording_finish(&recorder->recordings[i]);
	netra_store_writer_finish(&recorder->writer);
	for (uint32_t i = 0; !err && i < recorder->count; i++) {
		netra_store_writer_account(&recorder->writer,
					   recorder->recordings[i].channel,
					   &account);
		err = account.failed ? NETRA_ERR_IO
				     : recorder->recordings[i].failure;
	}
	return err;
}

enum netra_error netra_recorder_close(struct netra_recorder *recorder)
{
	enum netra_error err;

	if (!recorder)
		return NETRA_OK;
	err = netra_recorder_finish(recorder);
	free_writing(recorder);
	free_recordings(recorder);
	free(recorder);
	return err;
}
