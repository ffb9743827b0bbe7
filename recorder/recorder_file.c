/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the recorder. Writing is at tracked offsets, so that a cut needs
 * no seek; a short write is carried on, any other failure undone.
 */
#include "recorder_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PART ".part"
#define NAMES_MAX 100u		/* tries to find a free one */
#define GATHER 128u		/* pieces a system call */

void netra_recorder_file_init(struct netra_recorder_file *file, int directory,
			      bool sync)
{
	memset(file, 0, sizeof(*file));
	file->fd = -1;
	file->directory = directory;
	file->sync = sync;
}

static enum netra_error fail(struct netra_recorder_file *file,
			     const char *what, int error)
{
	snprintf(file->why, sizeof(file->why), "%s: %s", what, strerror(error));
	return NETRA_ERR_IO;
}

static bool taken(const struct netra_recorder_file *file, const char *name)
{
	return !faccessat(file->directory, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* The @attempt-th name to try: plain, with a time, with time and number. */
static void choose_name(char *name, size_t size, uint32_t channel,
			int64_t now_unix_s, uint32_t attempt)
{
	char stamp[32] = "", number[16] = "";
	time_t now = (time_t)now_unix_s;
	struct tm tm;

	if (attempt && gmtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "-%Y%m%dT%H%M%SZ", &tm);
	if (attempt > 1)
		snprintf(number, sizeof(number), "-%u", attempt);
	snprintf(name, size, "ch%02u%s%s.mp4", channel, stamp, number);
}

enum netra_error netra_recorder_file_create(struct netra_recorder_file *file,
					    uint32_t channel,
					    int64_t now_unix_s)
{
	char final[sizeof(file->name) - sizeof(PART)];

	for (uint32_t attempt = 0; attempt < NAMES_MAX; attempt++) {
		choose_name(final, sizeof(final), channel, now_unix_s, attempt);
		if (taken(file, final))
			continue;
		snprintf(file->name, sizeof(file->name), "%s" PART, final);
		file->fd = openat(file->directory, file->name,
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				  0644);
		if (file->fd >= 0)
			break;
		if (errno != EEXIST) {
			file->name[0] = '\0';
			return fail(file, "cannot create the file", errno);
		}
	}
	if (file->fd < 0) {
		file->name[0] = '\0';
		return fail(file, "no free file name", EEXIST);
	}
	file->bytes = 0;
	if (file->sync && fsync(file->directory))
		return fail(file, "cannot sync the folder", errno);
	return NETRA_OK;
}

/* Steps over @done bytes of @iov; returns the entries left. */
static size_t advance(struct iovec **iov, size_t count, size_t done)
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

/* Returns 0 or an errno; *offset moves by what was written. */
static int write_all(int fd, struct iovec *iov, size_t count, uint64_t *offset)
{
	ssize_t n;

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

/* After a failed write: what came through goes again. */
static enum netra_error undo(struct netra_recorder_file *file, int error)
{
	netra_recorder_file_cut(file, file->bytes);
	return fail(file, "cannot write", error);
}

enum netra_error netra_recorder_file_append(struct netra_recorder_file *file,
					    const void *data, size_t length)
{
	struct iovec iov = { (void *)(uintptr_t)data, length };
	uint64_t end = file->bytes;
	int error = write_all(file->fd, &iov, 1, &end);

	if (error)
		return undo(file, error);
	file->bytes = end;
	return NETRA_OK;
}

enum netra_error
netra_recorder_file_append_fragment(struct netra_recorder_file *file,
				    const struct netra_mp4_fragment *fragment)
{
	struct iovec iov[GATHER];
	uint64_t end = file->bytes;
	size_t position = 0, count;
	int error;

	while ((count = netra_mp4_fragment_gather(fragment, &position, iov,
						  GATHER))) {
		error = write_all(file->fd, iov, count, &end);
		if (error)
			return undo(file, error);
	}
	file->bytes = end;
	return NETRA_OK;
}

enum netra_error netra_recorder_file_cut(struct netra_recorder_file *file,
					 uint64_t bytes)
{
	if (ftruncate(file->fd, (off_t)bytes))
		return fail(file, "cannot cut a torn end off", errno);
	file->bytes = bytes;
	return NETRA_OK;
}

enum netra_error netra_recorder_file_patch(struct netra_recorder_file *file,
					   uint64_t offset, const void *data,
					   size_t length)
{
	struct iovec iov = { (void *)(uintptr_t)data, length };
	int error = write_all(file->fd, &iov, 1, &offset);

	return error ? fail(file, "cannot write", error) : NETRA_OK;
}

enum netra_error netra_recorder_file_sync(struct netra_recorder_file *file)
{
	if (file->sync && fdatasync(file->fd))
		return fail(file, "cannot sync", errno);
	return NETRA_OK;
}

static int rename_new(int directory, const char *from, const char *to)
{
	if (!renameat2(directory, from, directory, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* A file system without it; the ".part" name kept others away so far. */
	if (!faccessat(directory, to, F_OK, AT_SYMLINK_NOFOLLOW))
		return EEXIST;
	return renameat(directory, from, directory, to) ? errno : 0;
}

enum netra_error netra_recorder_file_publish(struct netra_recorder_file *file)
{
	char final[sizeof(file->name)];
	enum netra_error err;
	int error;

	err = netra_recorder_file_sync(file);
	if (!err && close(file->fd))
		err = fail(file, "cannot close", errno);
	file->fd = -1;
	if (err)
		return err;
	snprintf(final, sizeof(final), "%.*s",
		 (int)(strlen(file->name) - strlen(PART)), file->name);
	error = rename_new(file->directory, file->name, final);
	if (error)
		return fail(file, "cannot give it its final name", error);
	memcpy(file->name, final, sizeof(file->name));
	if (file->sync && fsync(file->directory))
		return fail(file, "cannot sync the folder", errno);
	return NETRA_OK;
}

void netra_recorder_file_leave(struct netra_recorder_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

void netra_recorder_file_remove(struct netra_recorder_file *file)
{
	netra_recorder_file_leave(file);
	if (file->name[0])
		unlinkat(file->directory, file->name, 0);
	file->name[0] = '\0';
	file->bytes = 0;
}
