/* SPDX-License-Identifier: BSD-2-Clause */
#include "web_live.h"

#include <stdlib.h>
#include <string.h>

#define FRAGMENT_90K	18000	/* 200 ms */
#define KEPT_90K	INT64_C(900000)	/* 10 s */
#define LATE_90K	INT64_C(270000)	/* 3 s */
#define JUMP_90K	INT64_C(5400000)	/* 60 s */

enum netra_error netra_live_init(struct netra_live *live, uint32_t channel,
				 size_t room)
{
	memset(live, 0, sizeof(*live));
	live->room = room;
	live->wait_key = true;
	live->oldest = live->next = 1;
	live->note.channel = channel;
	return netra_mp4_fragment_init(&live->mp4, NETRA_LIVE_FRAMES);
}

static struct netra_live_fragment **slot(struct netra_live *live,
					 uint64_t number)
{
	return &live->ring[number % NETRA_LIVE_FRAGMENTS];
}

static void drop_oldest(struct netra_live *live)
{
	struct netra_live_fragment **fragment = slot(live, live->oldest);

	if (live->oldest == live->newest_key)
		live->have_key = false;
	live->bytes -= (*fragment)->length;
	free(*fragment);
	*fragment = NULL;
	live->oldest++;
}

static void drop_all(struct netra_live *live)
{
	while (live->oldest != live->next)
		drop_oldest(live);
}

void netra_live_free(struct netra_live *live)
{
	drop_all(live);
	netra_mp4_fragment_free(&live->mp4);
}

/* What is older than clients may be behind goes, but not the last GOP. */
static void make_room(struct netra_live *live, size_t bytes, int64_t now_90k)
{
	while (live->oldest != live->next) {
		const struct netra_live_fragment *f = *slot(live, live->oldest);
		bool full = live->bytes + bytes > NETRA_LIVE_BYTES ||
			    live->next - live->oldest == NETRA_LIVE_FRAGMENTS;

		if (!full && (now_90k - f->start_90k < KEPT_90K ||
			      (live->have_key &&
			       live->oldest >= live->newest_key)))
			return;
		drop_oldest(live);
	}
}

/* Makes a fragment of the frames collected. */
static bool cut(struct netra_live *live, uint32_t last_duration_90k)
{
	struct netra_mp4_fragment *mp4 = &live->mp4;
	struct netra_live_fragment *fragment;
	uint64_t length;

	live->note.sequence = (uint32_t)live->next;
	netra_mp4_fragment_end(mp4, last_duration_90k);
	length = netra_mp4_fragment_finish(mp4, &live->note);
	fragment = malloc(sizeof(*fragment) + live->room + length);
	if (!fragment) {
		live->unfit += mp4->samples;
		live->wait_key = true;
		netra_mp4_fragment_reset(mp4);
		return false;
	}
	make_room(live, length, mp4->first_dts_90k);
	fragment->first_frame = live->frames_total + 1;
	fragment->frames = mp4->samples;
	fragment->key = live->key;
	fragment->start_90k = mp4->first_dts_90k;
	fragment->room = live->room;
	fragment->length = length;
	netra_mp4_fragment_flatten(mp4, fragment->data + live->room);
	live->frames_total += mp4->samples;
	live->bytes += length;
	if (live->key) {
		live->newest_key = live->next;
		live->have_key = true;
	}
	*slot(live, live->next++) = fragment;
	netra_mp4_fragment_reset(mp4);
	return true;
}

/* Parameter sets of a key frame: do they make another init segment? */
static void look_at_sets(struct netra_live *live, const struct netra_frame *frame,
			 bool anew)
{
	struct netra_mp4_sets sets;
	struct netra_mp4_init init;
	struct netra_nal nal;
	size_t position = 0;

	netra_mp4_sets_init(&sets);
	while (netra_nal_next(frame->data, frame->length, &position, &nal))
		netra_mp4_sets_add(&sets, &nal);
	if (netra_mp4_sets_usable(&sets)) {
		if (netra_mp4_init_build(&init, &sets, 0, 0))
			return;
		if (!anew && init.length == live->init_length &&
		    memcmp(init.data, live->init, init.length) == 0)
			return;
		memcpy(live->init, init.data, init.length);
		live->init_length = init.length;
		live->width = sets.first.width;
		live->height = sets.first.height;
		netra_codec_string(&sets.first, live->codec);
	} else if (!anew || !live->init_length) {
		return;
	}
	live->epoch++;
	live->base_90k = frame->dts_90k;
	drop_all(live);
}

void netra_live_break(struct netra_live *live)
{
	drop_all(live);
	live->unfit += live->mp4.samples;
	netra_mp4_fragment_reset(&live->mp4);
	live->wait_key = true;
	live->broken = true;
}

static bool collect(struct netra_live *live, const struct netra_frame *frame)
{
	struct netra_mp4_fragment *mp4 = &live->mp4;

	return !netra_mp4_fragment_reserve(
		       mp4, mp4->payload_bytes +
				    netra_mp4_fragment_room(frame->length)) &&
	       !netra_mp4_fragment_add(mp4, frame->data, frame->length,
				       frame->dts_90k - live->base_90k,
				       frame->pts_90k - live->base_90k);
}

bool netra_live_add(struct netra_live *live, const struct netra_frame *frame,
		    int64_t wall_ns)
{
	struct netra_mp4_fragment *mp4 = &live->mp4;
	bool key = frame->flags & NETRA_FRAME_KEY, made = false;
	int64_t step = frame->dts_90k - live->last_dts_90k, now_90k;
	bool large = frame->length > NETRA_LIVE_BYTES / 2;
	bool anew = live->epoch && (live->broken || step <= 0 ||
				    step > JUMP_90K);

	now_90k = frame->dts_90k - live->base_90k;
	if (mp4->samples &&
	    (key || anew || mp4->samples == NETRA_LIVE_FRAMES ||
	     now_90k - mp4->first_dts_90k >= FRAGMENT_90K ||
	     mp4->payload_bytes + frame->length > NETRA_LIVE_BYTES / 2))
		made = cut(live, anew ? 3000 : (uint32_t)step);
	if (key)
		look_at_sets(live, frame, anew || !live->epoch);
	if (large || !live->epoch || (anew && !key))
		live->wait_key = true;
	else if (key)
		live->wait_key = live->broken = false;
	if (live->wait_key || !collect(live, frame)) {
		live->wait_key = true;
		live->unfit++;
		return made;
	}
	live->last_dts_90k = frame->dts_90k;
	if (mp4->samples == 1) {
		live->note.wall_ns = wall_ns;
		live->key = key;
	}
	/* Knowing how long the last one lasts spares waiting for the next. */
	now_90k = mp4->last_dts_90k + frame->duration_90k - mp4->first_dts_90k;
	if (frame->duration_90k && now_90k >= FRAGMENT_90K)
		made |= cut(live, frame->duration_90k);
	return made;
}

static const struct netra_live_fragment *at(const struct netra_live *live,
					    uint64_t number)
{
	return live->ring[number % NETRA_LIVE_FRAGMENTS];
}

const struct netra_live_fragment *
netra_live_next(const struct netra_live *live, struct netra_live_cursor *cursor,
		uint64_t *skipped)
{
	const struct netra_live_fragment *fragment;
	bool begin = !cursor->next, late;

	*skipped = 0;
	if (!begin && cursor->next == live->next)
		return NULL;
	late = cursor->next < live->oldest;
	if (!late && !begin)
		late = live->newest_key > cursor->next &&
		       at(live, live->next - 1)->start_90k -
			       at(live, cursor->next)->start_90k > LATE_90K;
	if (begin || late) {
		if (!live->have_key || live->newest_key < cursor->next)
			return NULL;
		cursor->next = live->newest_key;
	}
	fragment = at(live, cursor->next++);
	if (!begin)
		*skipped = fragment->first_frame - cursor->next_frame;
	cursor->skipped += *skipped;
	cursor->next_frame = fragment->first_frame + fragment->frames;
	return fragment;
}
