/* SPDX-License-Identifier: BSD-2-Clause */
/* A recorder's beginning: its store repaired, its threads, a recording for each channel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder_internal.h"
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
	recorder->watch.begin_ns = netra_recorder_clock_ns(CLOCK_MONOTONIC);
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
	recorder->tick_ns = netra_recorder_clock_ns(CLOCK_MONOTONIC) +
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

void netra_recorder_free(struct netra_recorder *recorder)
{
	free_writing(recorder);
	free_recordings(recorder);
	free(recorder);
}
