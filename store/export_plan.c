/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two walks over headers: the first finds the key frame to begin with, the
 * second gathers samples from there on and looks at checksums.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export_internal.h"

/* The last key frame shown no later than from_ns. */
static void look_for_start(struct netra_export_walk *plan,
			   const struct netra_mp4_moof *moof)
{
	const struct netra_export *export = plan->export;
	int64_t dts = moof->dts_90k, wall_ns;
	struct netra_mp4_sample sample;

	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		wall_ns = netra_export_later(moof->note.wall_ns, dts - moof->dts_90k);
		plan->done = wall_ns > export->from_ns;
		if (plan->done)
			return;
		dts += sample.duration_90k;
		if (!sample.key ||
		    netra_export_later(wall_ns, sample.delay_90k) > export->from_ns)
			continue;
		plan->found = true;
		plan->start_file = plan->file;
		plan->start_position = plan->scan->at;
		plan->start_sample = i;
	}
}

static enum netra_error walk(struct netra_export_walk *plan, uint64_t position,
			     uint32_t first)
{
	struct netra_mp4_moof moof;
	enum netra_error err;

	if (position)
		plan->scan->position = position;
	while (!plan->done) {
		if (netra_export_is_cancelled(plan->export))
			return NETRA_ERR_ENDED;
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
			err = netra_export_gather(plan, &moof, first);
		else
			look_for_start(plan, &moof);
		first = 0;
		if (err)
			return err;
	}
	return NETRA_OK;
}

static enum netra_error walk_file(struct netra_export_walk *plan, uint64_t position,
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
		err = netra_export_add_entry(plan);
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
static void set_edit(struct netra_export_walk *plan)
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
				netra_export_later(plan->first_wall_ns, start);
	export->shown_to_ns = end == plan->to_media ? export->to_ns :
			      netra_export_later(export->shown_from_ns, end - start);
	export->frames = movie->sample_count;
}

static enum netra_error make(struct netra_export_walk *plan, uint32_t first)
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
				   int64_t to_ns, const bool *cancelled)
{
	struct netra_export_walk plan = { .export = export, .from_media = -1 };
	struct netra_store_entry *all;
	enum netra_error err;
	size_t count;

	memset(export, 0, sizeof(*export));
	export->folder = folder;
	export->channel = channel;
	export->from_ns = from_ns;
	export->to_ns = to_ns;
	export->cancelled = cancelled;
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
