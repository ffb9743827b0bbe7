/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "scan.h"

static enum netra_error say(char *why, uint32_t why_bytes, const char *what)
{
	snprintf(why, why_bytes, "%s: %s", what, strerror(errno));
	return NETRA_ERR_IO;
}

/*
 * Where the last fragment ends whose payload holds, and so do all before it
 * that were not durable. NETRA_ERR_ENDED: there is no whole one.
 */
static enum netra_error find_end(struct netra_store_scan *scan, uint64_t *end)
{
	enum netra_error err = netra_store_scan_last(scan);
	struct netra_mp4_moof moof;

	if (err)
		return err;
	*end = scan->position;
	while (!(err = netra_store_scan_next(scan, &moof))) {
		err = netra_store_scan_payload(scan, &moof);
		if (err)
			break;
		*end = scan->position;
	}
	if (err == NETRA_ERR_IO)
		return err;
	return *end > scan->head.bytes ? NETRA_OK : NETRA_ERR_ENDED;
}

/* A file that had only just begun goes; what holds more is kept for people. */
static int set_aside(int folder, int64_t start_ms,
		     const struct netra_store_scan *scan)
{
	char from[NETRA_STORE_NAME_BYTES], to[NETRA_STORE_NAME_BYTES];

	netra_store_name(from, start_ms, NETRA_STORE_PART);
	if (!scan->size || scan->size == scan->head.bytes)
		return unlinkat(folder, from, 0) ? errno : 0;
	netra_store_name(to, start_ms, NETRA_STORE_DAMAGED);
	return netra_store_rename_new(folder, from, to);
}

static int repair_file(int folder, int64_t start_ms, const char *name,
		       struct netra_store_repair *repair)
{
	struct netra_store_scan *scan = malloc(sizeof(*scan));
	enum netra_error err;
	uint64_t end = 0;
	int fd, error = 0;

	if (!scan)
		return ENOMEM;
	fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		error = errno;
		goto out;
	}
	/* After a failed sync memory may hold what the disk does not. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	err = netra_store_scan_open(scan, fd);
	if (!err)
		err = find_end(scan, &end);
	if (err == NETRA_ERR_IO) {
		error = errno ? errno : EIO;
	} else if (err) {
		repair->damaged++;
		error = set_aside(folder, start_ms, scan);
	} else if (end < scan->size) {
		repair->cut++;
		repair->cut_bytes += scan->size - end;
		if (ftruncate(fd, (off_t)end) || fdatasync(fd))
			error = errno;
	}
	close(fd);
out:
	free(scan);
	return error;
}

void netra_store_repair_file(struct netra_store_folder *folder,
			     uint32_t channel, int64_t start_ms,
			     struct netra_store_repair *repair)
{
	char name[NETRA_STORE_NAME_BYTES];
	int error;

	netra_store_name(name, start_ms, NETRA_STORE_PART);
	repair->files++;
	error = repair_file(folder->channel[channel], start_ms, name, repair);
	if (!error)
		return;
	repair->failed++;
	snprintf(repair->why, sizeof(repair->why), "ch%02u/%s: %s", channel,
		 name, strerror(error));
}

void netra_store_repair(struct netra_store_folder *folder, uint32_t channel,
			struct netra_store_repair *repair)
{
	struct netra_store_entry *entries;
	size_t count;

	if (netra_store_list_parts(folder, channel, &entries, &count)) {
		repair->failed++;
		snprintf(repair->why, sizeof(repair->why), "ch%02u: %s",
			 channel, strerror(errno));
	}
	for (size_t i = 0; i < count; i++)
		netra_store_repair_file(folder, channel, entries[i].start_ms,
					repair);
	free(entries);
}

/* When the last picture of a fragment ends. */
static int64_t shown_until(const struct netra_mp4_moof *moof)
{
	int64_t dts = moof->dts_90k, end = 0;
	struct netra_mp4_sample sample;

	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		if (dts + sample.delay_90k + sample.duration_90k > end)
			end = dts + sample.delay_90k + sample.duration_90k;
		dts += sample.duration_90k;
	}
	return end;
}

/* Makes of a fragment what the file knew of it when it was written. */
static void recall(struct netra_store_file *file,
		   const struct netra_store_scan *scan,
		   const struct netra_mp4_moof *moof)
{
	int64_t dts = moof->dts_90k, end = shown_until(moof);
	struct netra_mp4_sample sample;

	file->fragments++;
	file->bytes = scan->position;
	if (end > file->end_pts_90k)
		file->end_pts_90k = end;
	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		if (sample.key) {
			netra_mp4_index_add(file->index,
					    (uint64_t)(dts + sample.delay_90k),
					    scan->at, i + 1);
			break;
		}
		dts += sample.duration_90k;
	}
}

static enum netra_error adopt(struct netra_store_scan *scan,
			      struct netra_store_file *file, bool sync,
			      char *why, uint32_t why_bytes)
{
	struct netra_mp4_moof moof;
	enum netra_error err;

	err = netra_store_scan_open(scan, file->fd);
	if (err)
		return say(why, why_bytes, "cannot read it");
	file->duration_offset = scan->head.duration_offset;
	file->first_pts_90k = file->end_pts_90k = scan->head.media_start_90k;
	file->bytes = scan->position;
	netra_mp4_index_init(file->index);
	/* Damage in the middle is no reason to lose what follows. */
	while (!(err = netra_store_scan_next_whole(scan, &moof)))
		recall(file, scan, &moof);
	if (err == NETRA_ERR_IO)
		return say(why, why_bytes, "cannot read it");
	if (!file->fragments) {
		snprintf(why, why_bytes, "no whole fragment is in it");
		return NETRA_ERR_CORRUPT;
	}
	/* An index that is there already is written anew. */
	if (ftruncate(file->fd, (off_t)file->bytes))
		return say(why, why_bytes, "cannot cut it");
	err = netra_store_file_complete(file);
	if (!err && sync)
		err = netra_store_file_sync(file);
	if (!err)
		err = netra_store_file_publish(file);
	if (!err && sync && fsync(file->folder))
		return say(why, why_bytes, "cannot make the folder durable");
	if (err)
		snprintf(why, why_bytes, "%s", file->why);
	return err;
}

enum netra_error netra_store_adopt(struct netra_store_folder *folder,
				   uint32_t channel, int64_t start_ms,
				   bool sync, char *why, uint32_t why_bytes)
{
	struct netra_store_scan *scan = malloc(sizeof(*scan));
	struct netra_mp4_index *index = malloc(sizeof(*index));
	struct netra_store_file file = { .index = index };
	char name[NETRA_STORE_NAME_BYTES];
	enum netra_error err = NETRA_ERR_NO_MEMORY;

	if (!scan || !index) {
		snprintf(why, why_bytes, "out of memory");
		goto out;
	}
	netra_store_name(name, start_ms, NETRA_STORE_PART);
	file.folder = folder->channel[channel];
	file.start_ms = start_ms;
	file.fd = openat(file.folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file.fd < 0) {
		err = say(why, why_bytes, "cannot open it");
		goto out;
	}
	err = adopt(scan, &file, sync, why, why_bytes);
	netra_store_file_leave(&file);
out:
	free(index);
	free(scan);
	return err;
}
