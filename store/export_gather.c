/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The samples of an export. Their times in the new file follow the clock from
 * file to file, and the board's time stamps inside one.
 */
#include <stdlib.h>
#include <string.h>

#include "export_internal.h"

#define HOLE_NS 500000000ll	/* more is a gap */

static int64_t ticks_of(int64_t ns)
{
	return ns / 100000 * 9 + ns % 100000 * 9 / 100000;
}

static void *extend(void *list, size_t count, size_t size)
{
	if (count && (count & (count - 1)))
		return list;
	return reallocarray(list, count ? 2 * count : 1, size);
}

enum netra_error netra_export_add_entry(struct netra_export_walk *plan)
{
	struct netra_export *export = plan->export;
	struct netra_mp4_movie *movie = &export->movie;
	const struct netra_mp4_head *head = &plan->scan->head;
	const uint8_t *data = plan->scan->init + head->entry_offset;
	struct netra_mp4_entry *entries;
	uint8_t *copy;

	for (uint32_t i = 0; i < movie->entry_count; i++) {
		plan->entry = i;
		if (export->entries[i].bytes == head->entry_bytes &&
		    !memcmp(export->entries[i].data, data, head->entry_bytes))
			return NETRA_OK;
	}
	entries = extend(export->entries, movie->entry_count,
			 sizeof(*entries));
	if (!entries)
		return NETRA_ERR_NO_MEMORY;
	export->entries = entries;
	copy = malloc(head->entry_bytes);
	if (!copy)
		return NETRA_ERR_NO_MEMORY;
	memcpy(copy, data, head->entry_bytes);
	if (!movie->entry_count)
		memcpy(export->tkhd, plan->scan->init + head->tkhd_offset,
		       sizeof(export->tkhd));
	plan->entry = movie->entry_count++;
	entries[plan->entry] = (struct netra_mp4_entry){ copy,
							 head->entry_bytes };
	return NETRA_OK;
}

/* Samples go on in the same chunk as long as their bytes do. */
static enum netra_error add_bytes(struct netra_export_walk *plan, uint64_t offset,
				  uint32_t bytes)
{
	struct netra_export *export = plan->export;
	struct netra_mp4_movie *movie = &export->movie;
	struct netra_export_piece *pieces;
	struct netra_mp4_chunk *chunks;
	uint32_t last = movie->chunk_count;

	if (last) {
		pieces = &export->pieces[last - 1];
		if (pieces->file == plan->file &&
		    pieces->offset + pieces->bytes == offset) {
			pieces->bytes += bytes;
			export->chunks[last - 1].samples++;
			movie->mdat_bytes += bytes;
			return NETRA_OK;
		}
	}
	chunks = extend(export->chunks, last, sizeof(*chunks));
	if (!chunks)
		return NETRA_ERR_NO_MEMORY;
	export->chunks = chunks;
	pieces = extend(export->pieces, last, sizeof(*pieces));
	if (!pieces)
		return NETRA_ERR_NO_MEMORY;
	export->pieces = pieces;
	chunks[last] = (struct netra_mp4_chunk){ movie->mdat_bytes, 1,
						 plan->entry };
	pieces[last] = (struct netra_export_piece){ plan->file, offset, bytes };
	movie->chunk_count++;
	movie->mdat_bytes += bytes;
	return NETRA_OK;
}

/* When the sample is decoded, in the export's time. */
static int64_t place(struct netra_export_walk *plan, int64_t dts, int64_t wall_ns)
{
	int64_t at;

	if (!plan->export->movie.sample_count) {
		plan->first_wall_ns = wall_ns;
		plan->base = -dts;
	} else if (!plan->base_known) {
		at = ticks_of(wall_ns - plan->first_wall_ns);
		/* The clock was set back: what follows comes behind. */
		if (at < plan->end_dts)
			at = plan->end_dts;
		plan->base = at - dts;
	}
	plan->base_known = true;
	return dts + plan->base;
}

static enum netra_error add_sample(struct netra_export_walk *plan,
				   const struct netra_mp4_sample *sample,
				   int64_t dts, int64_t wall_ns,
				   uint64_t offset)
{
	struct netra_export *export = plan->export;
	struct netra_mp4_movie *movie = &export->movie;
	struct netra_mp4_sample *samples;
	int64_t at = place(plan, dts, wall_ns), pts, step;
	enum netra_error err;

	samples = extend(export->samples, movie->sample_count,
			 sizeof(*samples));
	if (!samples)
		return NETRA_ERR_NO_MEMORY;
	export->samples = samples;
	err = add_bytes(plan, offset, sample->bytes);
	if (err)
		return err;
	samples += movie->sample_count;
	if (movie->sample_count) {
		step = at - plan->end_dts + samples[-1].duration_90k;
		samples[-1].duration_90k = step < 1 ? 1 :
					   step > INT32_MAX ? INT32_MAX :
					   (uint32_t)step;
	}
	*samples = *sample;
	movie->sample_count++;

	pts = at + sample->delay_90k;
	if (movie->sample_count == 1 || pts < plan->first_pts)
		plan->first_pts = pts;
	if (pts + sample->duration_90k > plan->end_pts)
		plan->end_pts = pts + sample->duration_90k;
	if (wall_ns <= export->from_ns)
		plan->from_media = at + ticks_of(export->from_ns - wall_ns);
	plan->to_media = at + ticks_of(export->to_ns - wall_ns);
	if (netra_export_later(wall_ns, sample->delay_90k + (int64_t)sample->duration_90k) >
	    export->from_ns)
		export->shown++;
	plan->end_dts = at + sample->duration_90k;
	plan->end_wall_ns = netra_export_later(wall_ns, sample->duration_90k);
	return NETRA_OK;
}

/* Time or frames missing before this fragment. */
static void look_for_gap(struct netra_export_walk *plan, const struct netra_mp4_moof *moof)
{
	struct netra_export *export = plan->export;

	if (!export->movie.sample_count)
		return;
	if (moof->note.lost ||
	    moof->note.wall_ns - plan->end_wall_ns > HOLE_NS) {
		export->gaps++;
		export->lost += moof->note.lost;
	}
}

/* Nothing was recorded at the time asked for: begin with what comes after. */
static void forget(struct netra_export_walk *plan)
{
	struct netra_export *export = plan->export;

	export->movie.sample_count = export->movie.chunk_count = 0;
	export->movie.mdat_bytes = 0;
	export->shown = 0;
	export->lost = 0;
	export->gaps = 0;
	plan->from_media = -1;
	plan->end_pts = 0;
	plan->key_wanted = true;
}

enum netra_error netra_export_gather(struct netra_export_walk *plan,
				     const struct netra_mp4_moof *moof,
				     uint32_t first)
{
	struct netra_export *export = plan->export;
	uint64_t offset = plan->scan->at + moof->header_bytes;
	int64_t dts = moof->dts_90k, wall_ns;
	struct netra_mp4_sample sample;
	enum netra_error err;

	err = netra_store_scan_payload(plan->scan, moof);
	if (err == NETRA_ERR_CORRUPT) {
		export->damaged++;
		plan->key_wanted = true;
		return NETRA_OK;
	}
	if (err)
		return err;
	look_for_gap(plan, moof);
	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		wall_ns = netra_export_later(moof->note.wall_ns, dts - moof->dts_90k);
		plan->done = wall_ns >= export->to_ns;
		if (plan->done)
			break;
		if (export->movie.sample_count && wall_ns > export->from_ns &&
		    plan->end_wall_ns < export->from_ns - HOLE_NS)
			forget(plan);
		plan->key_wanted &= !sample.key;
		if (!plan->key_wanted && i >= first)
			err = add_sample(plan, &sample, dts, wall_ns, offset);
		if (err)
			return err;
		dts += sample.duration_90k;
		offset += sample.bytes;
	}
	return NETRA_OK;
}
