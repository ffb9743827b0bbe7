/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From frames to fragments. A frame is copied once, just after its checksum
 * was read, and given back to the board; if it was overwritten meanwhile, it
 * alone is taken out again. Where there is no memory for it, it stays in the
 * ring, and the board drops what does not fit and says so.
 */
#include <stdlib.h>
#include <string.h>

#include "recorder_channel.h"

#define TICKS_PER_S	90000
#define NS_PER_S	1000000000ull
#define SLICES_BYTES	64	/* that lengths take more than start codes */
#define MEDIA_TICKS	2	/* in lengths between ticks: more does not wait for one */

/* No larger than need be: all channels have one when a board starts. */
static enum netra_error build_init(struct netra_recording *recording,
				   int64_t wall_ns)
{
	struct netra_store_fragment *fragment = recording->fragment;
	struct netra_mp4_init built, *init;
	struct netra_mp4_sets sets;
	size_t bytes;

	netra_recorder_sets_get(&recording->sets, &sets);
	if (netra_mp4_init_build(&built, &sets, recording->media_start,
				 wall_ns / (int64_t)NS_PER_S))
		return NETRA_ERR_INVALID;
	bytes = offsetof(struct netra_mp4_init, data) + built.length;
	init = malloc(bytes);
	if (!init)
		return NETRA_ERR_NO_MEMORY;
	memcpy(init, &built, bytes);
	free(fragment->init);
	fragment->init = init;
	return NETRA_OK;
}

/* The least presentation time was not that of the file's first frame. */
static void begin_earlier(struct netra_recording *recording)
{
	struct netra_store_fragment *fragment = recording->fragment;

	if (!fragment->init || fragment->first_pts_90k >= recording->media_start)
		return;
	recording->media_start = fragment->first_pts_90k;
	build_init(recording, fragment->note.wall_ns);
}

/* Hands the fragment over; its last frame lasts @duration. */
static void cut(struct netra_recording *recording, uint32_t duration)
{
	struct netra_store_fragment *fragment = recording->fragment;

	recording->cut = false;
	if (!fragment->mp4.samples)
		return;
	begin_earlier(recording);
	recording->fragment = NULL;
	netra_mp4_fragment_end(&fragment->mp4, duration);
	netra_store_pool_trim(recording->shared->writer->pool, fragment);
	netra_store_writer_queue(recording->shared->writer, fragment);
}

void netra_recording_cut(struct netra_recording *recording)
{
	if (recording->fragment)
		cut(recording, recording->fragment->last_duration_90k);
}

void netra_recording_tick(struct netra_recording *recording)
{
	recording->cut = recording->fragment &&
			 recording->fragment->mp4.samples;
}

void netra_recording_flush(struct netra_recording *recording)
{
	if (recording->cut)
		netra_recording_cut(recording);
}

/* The frame the clock stands at does not fit with those gathered? */
static bool due(const struct netra_recording *recording)
{
	const struct netra_recording_shared *shared = recording->shared;
	const struct netra_store_fragment *fragment = recording->fragment;
	int64_t length = recording->clock.dts - recording->file_dts -
			 fragment->mp4.first_dts_90k;

	return recording->cut ||
	       fragment->mp4.samples == fragment->mp4.samples_max ||
	       (uint64_t)length * (NS_PER_S / TICKS_PER_S) >=
			MEDIA_TICKS * shared->fragment_ns ||
	       fragment->mp4.payload_bytes + recording->frame.length >
			shared->payload_bytes;
}

/* Ends what cannot hold the frame: the fragment, the file. */
static void make_room(struct netra_recording *recording, uint64_t now_ns)
{
	const struct netra_recording_shared *shared = recording->shared;
	const struct netra_store_fragment *fragment = recording->fragment;
	bool rotate = recording->in_file && recording->key &&
		      (now_ns >= recording->file_due_ns ||
		       shared->wall.steps != recording->file_steps);

	if (fragment && fragment->mp4.samples) {
		if (recording->gap)
			netra_recording_cut(recording);
		else if (rotate || !recording->in_file || due(recording))
			cut(recording, (uint32_t)(recording->clock.dts -
						  recording->file_dts -
						  fragment->mp4.last_dts_90k));
	}
	if (rotate)
		recording->in_file = false;
}

/* A file begins with this frame; false if it cannot. */
static bool begin_file(struct netra_recording *recording, uint64_t now_ns)
{
	const struct netra_recording_shared *shared = recording->shared;

	/* Streams without IDR pictures begin anywhere. */
	if (!recording->key && recording->key_seen)
		return false;
	if (!recording->sets.usable)
		return false;
	recording->in_file = true;
	recording->begins = true;
	recording->file_number++;
	recording->file_dts = recording->clock.dts;
	recording->file_due_ns = now_ns + (recording->file_first_ns ?
					   recording->file_first_ns :
					   shared->rotate_ns);
	recording->file_first_ns = 0;
	recording->file_steps = shared->wall.steps;
	return true;
}

/* The fragment's first frame: what its note says, and the file's beginning. */
static enum netra_error begin_fragment(struct netra_recording *recording,
				       int64_t pts, uint64_t now_ns)
{
	struct netra_recording_shared *shared = recording->shared;
	struct netra_store_fragment *fragment = recording->fragment;
	struct netra_mp4_note *note = &fragment->note;
	enum netra_error err;
	/* What the writer has lost it adds itself. */
	uint64_t lost = recording->lost - recording->lost_noted;

	note->channel = recording->channel;
	note->wall_ns = netra_recorder_stamp(&recording->stamp, &shared->wall,
					     recording->clock.dts,
					     recording->frame.host_time_ns,
					     now_ns);
	note->lost = lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
	note->flags = recording->flags;
	if (recording->gap || lost)
		note->flags |= NETRA_NOTE_GAP;
	if (shared->wall.steps != recording->steps)
		note->flags |= NETRA_NOTE_CLOCK;
	fragment->file_number = recording->file_number;
	fragment->taken_ns = now_ns;
	fragment->first_pts_90k = fragment->end_pts_90k = pts;
	if (recording->begins) {
		recording->media_start = pts;
		err = build_init(recording, note->wall_ns);
		if (err)
			return err;
	}
	recording->begins = false;
	recording->lost_noted += lost;
	recording->flags = 0;
	recording->steps = shared->wall.steps;
	return NETRA_OK;
}

/*
 * What a picture of many tiny slices would take is memory for nothing with all
 * others. NETRA_ERR_AGAIN: no memory now.
 */
static enum netra_error copy(struct netra_recording *recording, int64_t pts)
{
	struct netra_store_pool *pool = recording->shared->writer->pool;
	struct netra_store_fragment *fragment = recording->fragment;
	const struct netra_frame *frame = &recording->frame;
	int64_t dts = recording->clock.dts - recording->file_dts;
	enum netra_error err;

	/* However long it waits, there is no room for it, or for nobody else. */
	if (frame->length > pool->bytes_max / 2)
		return NETRA_ERR_CORRUPT;
	if (netra_store_pool_reserve(pool, fragment,
				     frame->length + SLICES_BYTES))
		return NETRA_ERR_AGAIN;
	err = netra_mp4_fragment_add(&fragment->mp4, frame->data, frame->length,
				     dts, pts);
	if (err != NETRA_ERR_AGAIN)
		return err;
	if (netra_store_pool_reserve(pool, fragment,
				     netra_mp4_fragment_room(frame->length)))
		return NETRA_ERR_AGAIN;
	err = netra_mp4_fragment_add(&fragment->mp4, frame->data, frame->length,
				     dts, pts);
	return err == NETRA_ERR_AGAIN ? NETRA_ERR_CORRUPT : err;
}

/* Copies the frame into the fragment and gives it back to the board. */
static enum netra_error add(struct netra_recording *recording, uint64_t now_ns)
{
	struct netra_recording_shared *shared = recording->shared;
	const struct netra_frame *frame = &recording->frame;
	struct netra_store_fragment *fragment;
	struct netra_mp4_fragment before;
	enum netra_error err;
	int64_t pts;

	if (!recording->fragment)
		recording->fragment =
			netra_store_pool_take(shared->writer->pool);
	fragment = recording->fragment;
	if (!fragment)
		return NETRA_ERR_AGAIN;
	pts = netra_recorder_clock_pts(&recording->clock, frame) -
	      recording->file_dts;
	before = fragment->mp4;
	err = copy(recording, pts);
	if (err)
		return err;
	recording->pending = false;
	if (netra_reader_release(recording->reader, frame) ==
	    NETRA_ERR_OVERWRITTEN)
		err = NETRA_ERR_OVERWRITTEN;
	else if (!before.samples)
		err = begin_fragment(recording, pts, now_ns);
	if (err) {
		netra_mp4_fragment_restore(&fragment->mp4, &before);
		return err;
	}
	fragment->last_duration_90k =
		netra_recorder_clock_duration(&recording->clock, frame);
	if (pts < fragment->first_pts_90k)
		fragment->first_pts_90k = pts;
	if (pts + fragment->last_duration_90k > fragment->end_pts_90k)
		fragment->end_pts_90k = pts + fragment->last_duration_90k;
	if (frame->flags & NETRA_FRAME_NO_SIGNAL)
		fragment->note.flags |= NETRA_NOTE_NO_SIGNAL;
	return NETRA_OK;
}

void netra_recording_skip(struct netra_recording *recording)
{
	if (recording->pending)
		netra_reader_release(recording->reader, &recording->frame);
	recording->pending = false;
	recording->lost++;
	recording->gap = true;
}

bool netra_recording_place(struct netra_recording *recording, uint64_t now_ns)
{
	enum netra_error err;
	bool gap;

	/* A reader that was too slow goes on anywhere; no player could. */
	if (recording->gap && recording->flags & NETRA_NOTE_OVERRUN &&
	    recording->key_seen && !recording->key) {
		netra_recording_skip(recording);
		return true;
	}
	make_room(recording, now_ns);
	if (!recording->in_file && !begin_file(recording, now_ns)) {
		netra_recording_skip(recording);
		return true;
	}
	gap = recording->gap;
	err = add(recording, now_ns);
	if (err == NETRA_ERR_AGAIN) {
		recording->overrun = true;
		recording->drained = false;
		return false;
	}
	if (err) {
		netra_recording_skip(recording);
		/* A file that has not begun begins with another frame. */
		if (recording->begins) {
			recording->in_file = false;
			recording->file_number--;
		}
		return true;
	}
	if (gap && recording->gap_counts)
		recording->gaps++;
	recording->gap_counts = true;
	recording->gap = false;
	return true;
}
