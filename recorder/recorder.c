/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder at work: all channels pumped in turn, and the tick that cuts their
 * fragments for one commit.
 */
#include <stdio.h>
#include <string.h>

#include "recorder_internal.h"

#define NS_PER_MS	1000000ull
/*
 * So long a tick waits for the frame that says how long the last one lasts. Most
 * have come in half of it.
 */
#define PATIENCE_NS	(100 * NS_PER_MS)
#define FIRST_FRAME_NS	(1000 * NS_PER_MS)	/* a channel that was started has one by then */
#define TURN_FRAMES	32u		/* of a channel before the next is served */

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
				   netra_recorder_clock_ns(CLOCK_MONOTONIC),
				   (int64_t)netra_recorder_clock_ns(CLOCK_REALTIME));
	/*
	 * In turns, so that a fast channel does not starve the others; and to
	 * the end, which is what the last netra_dispatch() has found: a frame
	 * left unread might be gone after the next.
	 */
	do {
		now_ns = netra_recorder_clock_ns(CLOCK_MONOTONIC);
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
				  (int64_t)netra_recorder_clock_ns(CLOCK_REALTIME));
	return open ? NETRA_OK : NETRA_ERR_ENDED;
}

void netra_recorder_pump_early(struct netra_recorder *recorder)
{
	recorder->shared.ends_ns = netra_recorder_clock_ns(CLOCK_MONOTONIC) +
				   FIRST_FRAME_NS;
	netra_recorder_pump(recorder);
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
	uint64_t now_ns = netra_recorder_clock_ns(CLOCK_MONOTONIC);

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
	netra_recorder_free(recorder);
	return err;
}
