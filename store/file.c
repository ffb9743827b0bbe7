/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing is at tracked offsets, so that a cut needs no seek; a short write
 * is carried on, any other failure undone.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mp4/mp4_box.h"

#define PIECES 64u		/* of a fragment, in one call */
#define NAMES_MAX 1000u		/* tries to find a free one */

static enum netra_error fail(struct netra_store_file *file, const char *what,
			     int error)
{
	snprintf(file->why, sizeof(file->why), "%s: %s", what, strerror(error));
	return NETRA_ERR_IO;
}

/* Steps over @done bytes; returns the entries left. */
static uint32_t advance(struct iovec **iov, uint32_t count, size_t done)
{
	while (count && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		(*iov)++;
		count--;
	}
	if (count) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + done;
		(*iov)->iov_len -= done;
	}
	return count;
}

int netra_store_write(int fd, struct iovec *iov, uint32_t count,
		      uint64_t *offset)
{
	ssize_t n;

	count = advance(&iov, count, 0);
	while (count) {
		n = pwritev(fd, iov, (int)count, (off_t)*offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ENOSPC;
		*offset += (uint64_t)n;
		count = advance(&iov, count, (size_t)n);
	}
	return 0;
}

/* If this fails, too, the next start finds the end by its checksum. */
static bool cut_back(const struct netra_store_file *file)
{
	return !ftruncate(file->fd, (off_t)file->bytes);
}

/* Writes at the end, or leaves the file as it was. */
static enum netra_error append(struct netra_store_file *file, struct iovec *iov,
			       uint32_t count)
{
	uint64_t end = file->bytes;
	int error = netra_store_write(file->fd, iov, count, &end);

	if (!error) {
		file->bytes = end;
		return NETRA_OK;
	}
	if (!cut_back(file))
		return fail(file, "cannot cut a torn end off", errno);
	return fail(file, "cannot write", error);
}

static bool taken(int folder, int64_t start_ms)
{
	char name[NETRA_STORE_NAME_BYTES];

	netra_store_name(name, start_ms, NETRA_STORE_WHOLE);
	return !faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int create(struct netra_store_file *file, int64_t start_ms)
{
	char name[NETRA_STORE_NAME_BYTES];

	for (uint32_t i = 0; i < NAMES_MAX; i++, start_ms++) {
		if (taken(file->folder, start_ms))
			continue;
		netra_store_name(name, start_ms, NETRA_STORE_PART);
		file->start_ms = start_ms;
		file->fd = openat(file->folder, name,
				  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (file->fd >= 0)
			return 0;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

enum netra_error netra_store_file_create(struct netra_store_file *file,
					 int folder,
					 const struct netra_store_fragment *fragment)
{
	int64_t start_ms = fragment->note.wall_ns / 1000000;
	struct iovec iov = { fragment->init->data, fragment->init->length };
	int error;

	file->folder = folder;
	file->bytes = 0;
	file->durable = 0;
	file->fragments = 0;
	file->unsynced = 0;
	file->complete = false;
	file->duration_offset = (uint32_t)fragment->init->duration_offset;
	file->first_pts_90k = fragment->first_pts_90k;
	file->end_pts_90k = fragment->first_pts_90k;
	netra_mp4_index_init(file->index);
	error = create(file, start_ms < 0 ? 0 : start_ms);
	if (error)
		return fail(file, "cannot create a file", error);
	if (!append(file, &iov, 1))
		return NETRA_OK;
	netra_store_file_remove(file);
	return NETRA_ERR_IO;
}

/* Whole, or the file is as it was. */
static enum netra_error append_fragment(struct netra_store_file *file,
					const struct netra_mp4_fragment *mp4)
{
	uint64_t before = file->bytes;
	enum netra_error err = NETRA_OK;
	struct iovec iov[PIECES];
	uint32_t first = 0, count;

	while (!err && (count = netra_mp4_fragment_pieces(mp4, first, iov,
							  PIECES))) {
		first += count;
		err = append(file, iov, count);
	}
	if (err && file->bytes != before) {
		file->bytes = before;
		cut_back(file);
	}
	return err;
}

enum netra_error netra_store_file_append(struct netra_store_file *file,
					 struct netra_store_fragment *fragment)
{
	const struct netra_mp4_fragment *mp4 = &fragment->mp4;
	uint64_t position = file->bytes;
	enum netra_error err;

	fragment->note.sequence = file->fragments + 1;
	fragment->note.position = position;
	fragment->note.durable = file->durable;
	netra_mp4_fragment_finish(&fragment->mp4, &fragment->note);
	err = append_fragment(file, mp4);
	if (err)
		return err;
	file->fragments++;
	file->unsynced += mp4->samples;
	if (mp4->key_sample)
		netra_mp4_index_add(file->index, (uint64_t)mp4->key_pts_90k,
				    position, mp4->key_sample);
	if (fragment->end_pts_90k > file->end_pts_90k)
		file->end_pts_90k = fragment->end_pts_90k;
	return NETRA_OK;
}

enum netra_error netra_store_file_complete(struct netra_store_file *file)
{
	int64_t duration = file->end_pts_90k - file->first_pts_90k;
	uint8_t mfra[NETRA_MP4_INDEX_MAX_BYTES], field[8];
	struct iovec iov = { mfra, 0 };
	uint64_t offset = file->duration_offset;
	int error;

	iov.iov_len = netra_mp4_index_write(file->index, mfra, sizeof(mfra));
	if (append(file, &iov, 1))
		return NETRA_ERR_IO;
	netra_put_be32(field, (uint32_t)(duration >> 32));
	netra_put_be32(field + 4, (uint32_t)duration);
	iov = (struct iovec){ field, sizeof(field) };
	error = netra_store_write(file->fd, &iov, 1, &offset);
	if (error)
		return fail(file, "cannot write", error);
	file->complete = true;
	return NETRA_OK;
}

void netra_store_file_push(const struct netra_store_file *file)
{
	if (file->bytes > file->durable)
		sync_file_range(file->fd, (off_t)file->durable,
				(off_t)(file->bytes - file->durable),
				SYNC_FILE_RANGE_WRITE);
}

enum netra_error netra_store_file_sync(struct netra_store_file *file)
{
	if (fdatasync(file->fd))
		return fail(file, "cannot make it durable", errno);
	netra_store_file_synced(file);
	return NETRA_OK;
}

void netra_store_file_synced(struct netra_store_file *file)
{
	file->durable = file->bytes;
	file->unsynced = 0;
}

int netra_store_rename_new(int folder, const char *from, const char *to)
{
	if (!renameat2(folder, from, folder, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* A file system without it; the ".part" name kept others away so far. */
	if (!faccessat(folder, to, F_OK, AT_SYMLINK_NOFOLLOW))
		return EEXIST;
	return renameat(folder, from, folder, to) ? errno : 0;
}

enum netra_error netra_store_file_publish(struct netra_store_file *file)
{
	char from[NETRA_STORE_NAME_BYTES], to[NETRA_STORE_NAME_BYTES];
	int error;

	error = close(file->fd) ? errno : 0;
	file->fd = -1;
	if (error)
		return fail(file, "cannot close", error);
	netra_store_name(from, file->start_ms, NETRA_STORE_PART);
	netra_store_name(to, file->start_ms, NETRA_STORE_WHOLE);
	error = netra_store_rename_new(file->folder, from, to);
	return error ? fail(file, "cannot give it its final name", error)
		     : NETRA_OK;
}

void netra_store_file_leave(struct netra_store_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

void netra_store_file_remove(struct netra_store_file *file)
{
	char name[NETRA_STORE_NAME_BYTES];

	netra_store_file_leave(file);
	netra_store_name(name, file->start_ms, NETRA_STORE_PART);
	unlinkat(file->folder, name, 0);
}
