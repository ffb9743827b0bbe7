/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two walks over headers: the first finds the key frame to begin with, the
 * second gathers samples from there on and looks at checksums.
 *
 * Samples' times in the new file follow the clock from file to file, and the
 * board's time stamps inside one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export.h"
#include "scan.h"

#define HOLE_NS 500000000ll	/* more is a gap */

/* The walk. */
struct plan {
	struct netra_export *export;
	struct netra_store_scan *scan;
	bool gather;		/* the second walk */
	uint32_t file;
	bool done;		/* behind what is asked for */

	/* First walk: the last key frame that is not after @from_ns. */
	bool found;
	uint32_t start_file;
	uint64_t start_position;
	uint32_t start_sample;

	/* Second walk. */
	bool key_wanted;
	uint32_t entry;
	int64_t base;		/* from the file's decode times to the export's */
	bool base_known;
	int64_t first_wall_ns;
	int64_t end_wall_ns;	/* of the last sample */
	int64_t end_dts;
	int64_t from_media;	/* where from_ns is; -1 = not yet */
	int64_t to_media;
	int64_t first_pts, end_pts;
};

/* @ticks after @wall_ns. Files say what they like: held to what can be said. */
static int64_t later(int64_t wall_ns, int64_t ticks)
{
	int64_t ns;

	if (__builtin_mul_overflow(ticks / 9, 100000, &ns) ||
	    __builtin_add_overflow(ns, ticks % 9 * 100000 / 9, &ns) ||
	    __builtin_add_overflow(wall_ns, ns, &ns))
		return ticks < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

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

/* The file's sample entry among those of the export. */
static enum netra_error add_entry(struct plan *plan)
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
static enum netra_error add_bytes(struct plan *plan, uint64_t offset,
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
static int64_t place(struct plan *plan, int64_t dts, int64_t wall_ns)
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

static enum netra_error add_sample(struct plan *plan,
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
	if (later(wall_ns, sample->delay_90k + (int64_t)sample->duration_90k) >
	    export->from_ns)
		export->shown++;
	plan->end_dts = at + sample->duration_90k;
	plan->end_wall_ns = later(wall_ns, sample->duration_90k);
	return NETRA_OK;
}

/* Time or frames missing before this fragment. */
static void look_for_gap(struct plan *plan, const struct netra_mp4_moof *moof)
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
static void forget(struct plan *plan)
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

static enum netra_error gather(struct plan *plan,
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
		wall_ns = later(moof->note.wall_ns, dts - moof->dts_90k);
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

/* The last key frame shown no later than from_ns. */
static void look_for_start(struct plan *plan, const struct netra_mp4_moof *moof)
{
	const struct netra_export *export = plan->export;
	int64_t dts = moof->dts_90k, wall_ns;
	struct netra_mp4_sample sample;

	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		wall_ns = later(moof->note.wall_ns, dts - moof->dts_90k);
		plan->done = wall_ns > export->from_ns;
		if (plan->done)
			return;
		dts += sample.duration_90k;
		if (!sample.key ||
		    later(wall_ns, sample.delay_90k) > export->from_ns)
			continue;
		plan->found = true;
		plan->start_file = plan->file;
		plan->start_position = plan->scan->at;
		plan->start_sample = i;
	}
}

static enum netra_error walk(struct plan *plan, uint64_t position,
			     uint32_t first)
{
	struct netra_mp4_moof moof;
	enum netra_error err;

	if (position)
		plan->scan->position = position;
	while (!plan->done) {
		err = netra_store_scan_next(plan->scan, &moof);
		if (err == NETRA_ERR_CORRUPT) {
			err = netra_store_scan_resync(plan->scan);
			if (!err) {
				plan->export->damaged += plan->gather;
				plan->key_wanted = true;
				continue;
			}
		}
		if (err)
			return err == NETRA_ERR_ENDED ? NETRA_OK : err;
		if (plan->gather)
			err = gather(plan, &moof, first);
		else
			look_for_start(plan, &moof);
		first = 0;
		if (err)
			return err;
	}
	return NETRA_OK;
}

static enum netra_error walk_file(struct plan *plan, uint64_t position,
				  uint32_t first)
{
	const struct netra_export *export = plan->export;
	const struct netra_store_entry *entry = &export->files[plan->file];
	char name[NETRA_STORE_NAME_BYTES];
	enum netra_error err;
	int fd;

	netra_store_name(name, entry->start_ms, netra_store_suffix(entry->kind));
	fd = openat(export->folder->channel[export->channel], name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? NETRA_OK : NETRA_ERR_IO;
	err = netra_store_scan_open(plan->scan, fd);
	if (!err && plan->gather) {
		plan->base_known = false;
		err = add_entry(plan);
	}
	if (!err)
		err = walk(plan, position, first);
	close(fd);
	/* A file that is none is left out. */
	if (err != NETRA_ERR_CORRUPT)
		return err;
	plan->export->damaged += plan->gather;
	plan->key_wanted = true;
	return NETRA_OK;
}

/* Files that may matter: from the last one that began before on. */
static uint32_t choose_files(struct netra_export *export,
			     const struct netra_store_entry *all, size_t count)
{
	uint32_t first = 0;

	for (size_t i = 0; i < count; i++) {
		if (all[i].kind == NETRA_STORE_FILE_DAMAGED ||
		    all[i].start_ms > export->to_ns / 1000000)
			continue;
		if (all[i].start_ms <= export->from_ns / 1000000)
			first = export->file_count;
		export->files[export->file_count++] = all[i];
	}
	return first;
}

/* What the edit list shows. */
static void set_edit(struct plan *plan)
{
	struct netra_export *export = plan->export;
	struct netra_mp4_movie *movie = &export->movie;
	int64_t start = plan->from_media, end = plan->to_media;

	if (start < plan->first_pts)
		start = plan->first_pts;
	if (end > plan->end_pts)
		end = plan->end_pts;
	if (end <= start)
		end = start + 1;
	movie->media_start_90k = start;
	movie->shown_90k = (uint64_t)(end - start);
	export->shown_from_ns = start == plan->from_media ? export->from_ns :
				later(plan->first_wall_ns, start);
	export->shown_to_ns = end == plan->to_media ? export->to_ns :
			      later(export->shown_from_ns, end - start);
	export->frames = movie->sample_count;
}

static enum netra_error make(struct plan *plan, uint32_t first)
{
	struct netra_export *export = plan->export;
	struct netra_mp4_movie *movie = &export->movie;
	enum netra_error err = NETRA_OK;

	if (!export->file_count)
		return NETRA_ERR_NOT_FOUND;
	for (plan->file = first; !err && !plan->done &&
	     plan->file < export->file_count; plan->file++)
		err = walk_file(plan, 0, 0);
	plan->gather = true;
	plan->done = false;
	plan->key_wanted = true;
	for (plan->file = plan->found ? plan->start_file : first;
	     !err && !plan->done && plan->file < export->file_count;
	     plan->file++) {
		err = walk_file(plan, plan->start_position, plan->start_sample);
		plan->start_position = 0;
		plan->start_sample = 0;
	}
	if (!err && (!movie->sample_count ||
		     plan->end_wall_ns <= export->from_ns))
		err = NETRA_ERR_NOT_FOUND;
	if (err)
		return err;
	set_edit(plan);
	movie->samples = export->samples;
	movie->chunks = export->chunks;
	movie->entries = export->entries;
	movie->tkhd = export->tkhd;
	movie->created_unix_s = plan->first_wall_ns / 1000000000;
	return NETRA_OK;
}

enum netra_error netra_export_plan(struct netra_export *export,
				   struct netra_store_folder *folder,
				   uint32_t channel, int64_t from_ns,
				   int64_t to_ns)
{
	struct plan plan = { .export = export, .from_media = -1 };
	struct netra_store_entry *all;
	enum netra_error err;
	size_t count;

	memset(export, 0, sizeof(*export));
	export->folder = folder;
	export->channel = channel;
	export->from_ns = from_ns;
	export->to_ns = to_ns;
	err = netra_store_list(folder, channel, &all, &count);
	if (err)
		return err;
	plan.scan = malloc(sizeof(*plan.scan));
	export->files = calloc(count + 1, sizeof(*export->files));
	err = plan.scan && export->files ?
	      make(&plan, choose_files(export, all, count)) :
	      NETRA_ERR_NO_MEMORY;
	free(plan.scan);
	free(all);
	return err;
}

void netra_export_free(struct netra_export *export)
{
	for (uint32_t i = 0; i < export->movie.entry_count; i++)
		free((void *)(uintptr_t)export->entries[i].data);
	free(export->entries);
	free(export->pieces);
	free(export->chunks);
	free(export->samples);
	free(export->files);
	memset(export, 0, sizeof(*export));
}
