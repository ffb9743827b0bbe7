/* SPDX-License-Identifier: BSD-2-Clause */
/* A channel's life: its reader, what its frames say, its end. */
#include "recorder_channel.h"

#include <stdio.h>
#include <string.h>

enum netra_error netra_recording_open(struct netra_recording *recording,
				      struct netra_recording_shared *shared,
				      uint32_t channel, uint64_t first_ns)
{
	recording->shared = shared;
	recording->channel = channel;
	recording->file_first_ns = first_ns;
	recording->flags = NETRA_NOTE_START;
	return netra_reader_open(shared->board, channel,
				 NETRA_READER_CHECK | NETRA_READER_ALL,
				 &recording->reader);
}

/* Parameter sets that came before the reader did. */
static void look_up_sets(struct netra_recording *recording)
{
	uint8_t kept[NETRA_SETS_BYTES];
	size_t bytes = netra_channel_sets(recording->shared->board,
					  recording->channel, kept);

	netra_recorder_sets_look(&recording->sets, kept, bytes);
}

/* A new frame: what it says, once. Return: false if it is none. */
static bool admit(struct netra_recording *recording)
{
	const struct netra_frame *frame = &recording->frame;

	recording->lost += frame->lost;
	recording->lost_before += frame->lost;
	if (frame->lost && recording->overrun)
		recording->flags |= NETRA_NOTE_OVERRUN;
	/* What did not fit shows on the first frame after it. */
	if (recording->drained && (frame->lost || frame->flags & NETRA_FRAME_KEY))
		recording->overrun = false;
	recording->gap |= frame->lost ||
			  frame->flags & NETRA_FRAME_DISCONTINUITY;
	if (!frame->length) {	/* an end mark */
		netra_reader_release(recording->reader, frame);
		return false;
	}
	recording->gap |= !netra_recorder_clock_advance(&recording->clock,
							frame, recording->gap);
	recording->key = netra_recorder_sets_look(&recording->sets, frame->data,
						  frame->length);
	recording->key_seen |= recording->key;
	if (recording->key && !recording->sets.usable)
		look_up_sets(recording);
	recording->pending = true;
	return true;
}

/* The writer could not go on with the file: the next key frame begins another. */
static void look_for_failure(struct netra_recording *recording)
{
	uint32_t failed = netra_store_writer_failed_file(
		recording->shared->writer, recording->channel);

	if (!recording->in_file || failed != recording->file_number)
		return;
	recording->in_file = false;
	recording->begins = false;
	recording->gap = true;
	recording->flags |= NETRA_NOTE_DISK;
}

static void close_reader(struct netra_recording *recording)
{
	struct netra_reader_stats stats;

	/* What was lost after the last frame, no frame has told. */
	netra_reader_stats(recording->reader, &stats);
	if (stats.lost > recording->lost_before)
		recording->lost += stats.lost - recording->lost_before;
	netra_reader_close(recording->reader);
	recording->reader = NULL;
}

/* There was no memory for them: all that the ring holds. */
static void skip_rest(struct netra_recording *recording)
{
	while (recording->pending) {
		netra_recording_skip(recording);
		while (!recording->pending &&
		       !netra_reader_next(recording->reader, &recording->frame))
			admit(recording);
	}
}

void netra_recording_finish(struct netra_recording *recording)
{
	struct netra_store_fragment *end;
	struct netra_store_pool *pool = recording->shared->writer->pool;

	if (!recording->reader)
		return;
	skip_rest(recording);
	netra_recording_cut(recording);
	netra_store_pool_give(pool, recording->fragment);
	recording->fragment = NULL;
	end = netra_store_pool_take(pool);
	/* Without it the file is completed at the writer's end. */
	if (end) {
		end->note.channel = recording->channel;
		end->ends = true;
		netra_store_writer_queue(recording->shared->writer, end);
	}
	recording->in_file = false;
	close_reader(recording);
}

void netra_recording_detach(struct netra_recording *recording)
{
	netra_recording_finish(recording);
	/* That it is lost, its owner knows. */
	recording->failure = NETRA_OK;
	recording->error[0] = '\0';
}

static void fail(struct netra_recording *recording, enum netra_error why)
{
	recording->failure = why;
	snprintf(recording->error, sizeof(recording->error), "%s",
		 netra_error_name(why));
}

enum netra_error netra_recording_attach(struct netra_recording *recording)
{
	enum netra_error err;

	err = netra_reader_open(recording->shared->board, recording->channel,
				NETRA_READER_CHECK | NETRA_READER_FROM_KEY,
				&recording->reader);
	if (err) {
		recording->reader = NULL;
		fail(recording, err);
		return err;
	}
	/* Its clock and its counters begin anew. */
	memset(&recording->clock, 0, sizeof(recording->clock));
	memset(&recording->stamp, 0, sizeof(recording->stamp));
	recording->lost_before = 0;
	recording->overrun = false;
	recording->ended = false;
	recording->begins = false;
	recording->gap = true;
	return NETRA_OK;
}

/* The reader has said why no frame will follow: what is there is whole. */
static void end(struct netra_recording *recording, enum netra_error why)
{
	netra_recording_finish(recording);
	recording->ended = why == NETRA_ERR_ENDED;
	if (!recording->ended)
		fail(recording, why);
}

bool netra_recording_pump(struct netra_recording *recording,
			  uint32_t frames_max, uint64_t now_ns)
{
	enum netra_error err;

	if (!recording->reader)
		return false;
	look_for_failure(recording);
	while (frames_max--) {
		if (!recording->pending) {
			err = netra_reader_next(recording->reader,
						&recording->frame);
			if (err == NETRA_ERR_AGAIN ||
			    (err == NETRA_ERR_ENDED &&
			     now_ns < recording->shared->ends_ns)) {
				recording->drained = true;
				return false;
			}
			if (err) {
				end(recording, err);
				return false;
			}
			if (!admit(recording))
				continue;
		}
		if (!netra_recording_place(recording, now_ns))
			return false;
	}
	return true;
}

void netra_recording_free(struct netra_recording *recording)
{
	netra_recorder_sets_free(&recording->sets);
}
