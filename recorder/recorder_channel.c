/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From frames to fragments. Frames are held by reference, in the memory the
 * board wrote them to, until their fragment is in the file. Only their release
 * tells whether the board has needed that memory meanwhile; so a fragment
 * counts, and is made durable, after it, and is cut off again if it is torn.
 * A failed write or sync ends the channel: what a sync has lost, a second one
 * would not say again.
 */
#include "recorder_channel.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mp4_box.h"
#include "mp4_init.h"

#define TICKS_PER_MS	90
#define NS_PER_MS	1000000ull

enum netra_error netra_recording_open(struct netra_recording *recording,
				      struct netra_board *board,
				      uint32_t channel, int directory,
				      uint32_t fragment_ms, bool sync)
{
	struct netra_channel_stats stats;
	enum netra_error err;
	uint32_t held_max;

	memset(recording, 0, sizeof(*recording));
	recording->channel = channel;
	recording->fragment_ms = fragment_ms;
	netra_recorder_file_init(&recording->file, directory, sync);
	netra_mp4_index_init(&recording->index);
	err = netra_channel_get_stats(board, channel, &stats);
	if (err)
		return err;
	/*
	 * An eighth of the ring's bytes, and of its records, of which there is
	 * about one per 2 KB: the board never waits for the recorder.
	 */
	recording->held_max_bytes = stats.ring_bytes / 8;
	held_max = stats.ring_bytes / 2048 / 8;
	if (held_max < 8)
		held_max = 8;
	if (held_max > NETRA_RECORDING_HELD_MAX)
		held_max = NETRA_RECORDING_HELD_MAX;

	err = netra_mp4_fragment_init(&recording->fragment, held_max);
	if (err)
		return err;
	err = netra_reader_open(board, channel,
				NETRA_READER_CHECK | NETRA_READER_ALL,
				&recording->reader);
	if (err)
		netra_mp4_fragment_free(&recording->fragment);
	return err;
}

/* Gives all held frames back; false if one of them was torn. */
static bool release_held(struct netra_recording *recording)
{
	bool whole = true;

	for (uint32_t i = 0; i < recording->held_count; i++)
		whole &= netra_reader_release(recording->reader,
					      &recording->held[i]) !=
			 NETRA_ERR_OVERWRITTEN;
	recording->held_count = 0;
	recording->held_bytes = 0;
	return whole;
}

/* @frames that were taken will not be in the file. */
static void lose(struct netra_recording *recording, uint32_t frames)
{
	recording->lost += frames;
	recording->gap = true;
	/* The file begins with its first frame, not with a gap. */
	if (!recording->frames && !recording->held_count)
		recording->clock.running = false;
}

/* The file can no longer be written; what is whole of it stays. */
static void fail(struct netra_recording *recording, enum netra_error err)
{
	const char *why = recording->file.why;

	recording->failure = err;
	snprintf(recording->error, sizeof(recording->error), "%s",
		 *why ? why : netra_error_name(err));
	recording->lost += recording->held_count;
	release_held(recording);
	if (recording->frames)
		netra_recorder_file_leave(&recording->file);
	else
		netra_recorder_file_remove(&recording->file);
}

/* Parameter sets of the held frames. */
static void collect_sets(const struct netra_recording *recording,
			 struct netra_mp4_sets *sets)
{
	const struct netra_mp4_fragment *fragment = &recording->fragment;
	struct netra_nal nal;

	netra_mp4_sets_init(sets);
	for (uint32_t i = 0; i < fragment->piece_count; i++) {
		nal.data = fragment->pieces[i].data;
		nal.length = fragment->pieces[i].length;
		nal.type = nal.data[0] & 31;
		nal.ref_idc = nal.data[0] >> 5 & 3;
		netra_mp4_sets_add(sets, &nal);
	}
}

/*
 * Begins the file, or begins it again if all it had was torn.
 * NETRA_ERR_AGAIN: the held frames have no parameter sets.
 */
static enum netra_error begin_file(struct netra_recording *recording)
{
	struct netra_recorder_file *file = &recording->file;
	struct netra_mp4_sets sets;
	struct netra_mp4_init init;
	struct timespec now;
	enum netra_error err;

	collect_sets(recording, &sets);
	if (!netra_mp4_sets_usable(&sets))
		return NETRA_ERR_AGAIN;
	clock_gettime(CLOCK_REALTIME, &now);
	err = netra_mp4_init_build(&init, &sets, recording->first_pts,
				   now.tv_sec);
	if (err)
		return err;
	if (file->fd < 0)
		err = netra_recorder_file_create(file, recording->channel,
						 now.tv_sec);
	else
		err = netra_recorder_file_cut(file, 0);
	if (err)
		return err;
	recording->duration_offset = init.duration_offset;
	return netra_recorder_file_append(file, init.data, init.length);
}

/* The held frames are in the file; are they whole? */
static enum netra_error settle(struct netra_recording *recording,
			       uint64_t start)
{
	const struct netra_mp4_fragment *fragment = &recording->fragment;
	uint32_t frames = recording->held_count;

	if (!release_held(recording)) {
		lose(recording, frames);
		return netra_recorder_file_cut(&recording->file, start);
	}
	if (fragment->key_sample)
		netra_mp4_index_add(&recording->index,
				    (uint64_t)fragment->key_pts_90k, start,
				    fragment->key_sample);
	recording->fragments++;
	recording->frames += frames;
	recording->end_pts = recording->held_end_pts;
	recording->unsynced = true;
	return NETRA_OK;
}

/*
 * Writes the held frames as one fragment; none are held afterwards.
 * @last_duration: Of the last one. Return: false if the channel has failed.
 */
static bool flush(struct netra_recording *recording, uint32_t last_duration)
{
	struct netra_mp4_fragment *fragment = &recording->fragment;
	uint32_t frames = recording->held_count;
	enum netra_error err = NETRA_OK;
	uint64_t start;

	if (!frames)
		return true;
	netra_mp4_fragment_finish(fragment, recording->fragments + 1,
				  last_duration);
	if (!recording->frames)
		err = begin_file(recording);
	start = recording->file.bytes;
	if (err == NETRA_ERR_AGAIN) {
		release_held(recording);
		lose(recording, frames);
		err = NETRA_OK;
	} else if (!err) {
		err = netra_recorder_file_append_fragment(&recording->file,
							  fragment);
		if (!err)
			err = settle(recording, start);
	}
	if (err)
		fail(recording, err);
	netra_mp4_fragment_reset(fragment);
	return !err;
}

/* Likewise when no frame follows the last one yet, or not without a gap. */
static bool flush_unfollowed(struct netra_recording *recording)
{
	const struct netra_frame *last;

	if (!recording->held_count)
		return true;
	last = &recording->held[recording->held_count - 1];
	return flush(recording,
		     netra_recorder_clock_duration(&recording->clock, last));
}

/*
 * The frame the clock stands at does not fit with those held any more? Their
 * number is bounded by the fragment itself, which is made for as many samples.
 */
static bool due(const struct netra_recording *recording, size_t length)
{
	return recording->clock.dts - recording->fragment.first_dts_90k >=
			(int64_t)recording->fragment_ms * TICKS_PER_MS ||
	       recording->held_bytes + length > recording->held_max_bytes;
}

static void hold(struct netra_recording *recording,
		 const struct netra_frame *frame, int64_t pts, uint64_t now_ns)
{
	int64_t end = pts + netra_recorder_clock_duration(&recording->clock,
							  frame);

	if (!recording->held_count) {
		recording->held_since_ns = now_ns;
		recording->held_end_pts = recording->end_pts;
		if (!recording->frames)
			recording->first_pts = pts;
	}
	if (!recording->frames && pts < recording->first_pts)
		recording->first_pts = pts;
	if (end > recording->held_end_pts)
		recording->held_end_pts = end;
	recording->held[recording->held_count++] = *frame;
	recording->held_bytes += frame->length;
}

/* Makes room for @frame at the clock's time; false if the channel failed. */
static bool make_room(struct netra_recording *recording,
		      const struct netra_frame *frame, bool full)
{
	bool alive = true;

	if (!recording->held_count)
		return true;
	if (recording->gap)
		alive = flush_unfollowed(recording);
	else if (full || due(recording, frame->length))
		alive = flush(recording,
			      (uint32_t)(recording->clock.dts -
					 recording->fragment.last_dts_90k));
	/* Nothing came of what was held: the file begins with this frame. */
	if (!recording->clock.running)
		netra_recorder_clock_advance(&recording->clock, frame, true);
	return alive;
}

/* Puts a frame at the end of those held; releases it if that cannot be. */
static void take(struct netra_recording *recording,
		 const struct netra_frame *frame, uint64_t now_ns)
{
	struct netra_mp4_fragment *fragment = &recording->fragment;
	enum netra_error err;
	int64_t pts;

	recording->lost += frame->lost;
	recording->lost_before += frame->lost;
	recording->gap |= frame->lost || frame->flags & NETRA_FRAME_DISCONTINUITY;
	if (!frame->length) {	/* an end mark */
		netra_reader_release(recording->reader, frame);
		return;
	}
	recording->gap |= !netra_recorder_clock_advance(&recording->clock,
							frame, recording->gap);
	for (bool full = false;; full = true) {
		err = make_room(recording, frame, full) ? NETRA_OK
							: recording->failure;
		if (err)
			break;
		pts = netra_recorder_clock_pts(&recording->clock, frame);
		err = netra_mp4_fragment_add(fragment, frame->data,
					     frame->length,
					     recording->clock.dts, pts);
		if (err != NETRA_ERR_AGAIN || full)
			break;
	}
	if (err) {
		netra_reader_release(recording->reader, frame);
		lose(recording, 1);
		return;
	}
	if (recording->gap && recording->frames)
		recording->gaps++;
	recording->gap = false;
	hold(recording, frame, pts, now_ns);
}

/* The index, the duration, the final name. */
static enum netra_error complete(struct netra_recording *recording)
{
	int64_t duration = recording->end_pts - recording->first_pts;
	uint8_t mfra[NETRA_MP4_INDEX_MAX_BYTES], field[8];
	struct netra_recorder_file *file = &recording->file;
	enum netra_error err = NETRA_OK;
	size_t length;

	length = netra_mp4_index_write(&recording->index, mfra, sizeof(mfra));
	if (length)
		err = netra_recorder_file_append(file, mfra, length);
	if (err)
		return err;
	netra_put_be32(field, (uint32_t)(duration >> 32));
	netra_put_be32(field + 4, (uint32_t)duration);
	err = netra_recorder_file_patch(file, recording->duration_offset,
					field, sizeof(field));
	if (err)
		return err;
	return netra_recorder_file_publish(file);
}

/*
 * Fragments that come faster than in real time share a sync; half a fragment's
 * time leaves room for those that come a little early.
 */
static void sync_if_due(struct netra_recording *recording, uint64_t now_ns)
{
	uint64_t least_ns = recording->fragment_ms * NS_PER_MS / 2;

	if (!recording->unsynced || now_ns - recording->synced_ns < least_ns)
		return;
	recording->unsynced = false;
	recording->synced_ns = now_ns;
	if (netra_recorder_file_sync(&recording->file))
		fail(recording, NETRA_ERR_IO);
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

void netra_recording_finish(struct netra_recording *recording)
{
	enum netra_error err;

	if (!recording->reader)
		return;
	if (!recording->failure && flush_unfollowed(recording)) {
		if (recording->frames) {
			err = complete(recording);
			if (err)
				fail(recording, err);
		} else {
			netra_recorder_file_remove(&recording->file);
		}
	}
	close_reader(recording);
}

/* The reader has said why no frame will follow: what is there is whole. */
static void end(struct netra_recording *recording, enum netra_error why)
{
	netra_recording_finish(recording);
	recording->ended = why == NETRA_ERR_ENDED;
	if (recording->ended || recording->failure)
		return;
	recording->failure = why;
	snprintf(recording->error, sizeof(recording->error), "%s",
		 netra_error_name(why));
}

bool netra_recording_pump(struct netra_recording *recording,
			  uint32_t frames_max, uint64_t now_ns)
{
	uint64_t patience_ns = recording->fragment_ms * NS_PER_MS / 4 * 5;
	enum netra_error err = NETRA_OK;
	struct netra_frame frame;

	if (!recording->reader)
		return false;
	while (!recording->failure && frames_max--) {
		err = netra_reader_next(recording->reader, &frame);
		if (err)
			break;
		take(recording, &frame, now_ns);
	}
	if (err && err != NETRA_ERR_AGAIN)
		end(recording, err);
	/* A channel that has stalled is written in time all the same. */
	else if (!recording->failure && recording->held_count &&
		 now_ns - recording->held_since_ns > patience_ns)
		flush_unfollowed(recording);
	if (recording->reader && !recording->failure)
		sync_if_due(recording, now_ns);
	if (recording->failure && recording->reader)
		close_reader(recording);
	return !err && recording->reader;
}

void netra_recording_free(struct netra_recording *recording)
{
	netra_mp4_fragment_free(&recording->fragment);
}
