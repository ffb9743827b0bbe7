/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders are held open: what happens to the path above them is no matter. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "netra-store"
#define FORMAT "netra store 1\n"

static enum netra_error refuse(char *why, uint32_t why_bytes, const char *what,
			       int error)
{
	snprintf(why, why_bytes, "%.160s: %s", what, strerror(error));
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
		return NETRA_ERR_PERMISSION;
	case ENOENT:
		return NETRA_ERR_NOT_FOUND;
	default:
		return NETRA_ERR_IO;
	}
}

/* A folder's own entry is durable only once its parent is. */
static int sync_parent(int directory)
{
	int parent = openat(directory, "..",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (parent < 0)
		return errno;
	error = fsync(parent) ? errno : 0;
	close(parent);
	return error;
}

static void init(struct netra_store_folder *folder)
{
	memset(folder, 0, sizeof(*folder));
	folder->fd = -1;
	folder->lock = -1;
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++)
		folder->channel[i] = -1;
}

static enum netra_error keep_path(struct netra_store_folder *folder,
				  const char *path, char *why,
				  uint32_t why_bytes)
{
	size_t length = path ? strlen(path) : 0;

	init(folder);
	if (!length || length >= sizeof(folder->path)) {
		snprintf(why, why_bytes, "%.160s: not a usable name of a store",
			 path ? path : "(none)");
		return NETRA_ERR_INVALID;
	}
	memcpy(folder->path, path, length + 1);
	return NETRA_OK;
}

/* 0, or an errno; EPROTO: made by a later version. */
static int check_format(int fd, bool write_it)
{
	char text[sizeof(FORMAT)] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return errno;
	if (!n && write_it) {
		n = pwrite(fd, FORMAT, sizeof(FORMAT) - 1, 0);
		return n == (ssize_t)sizeof(FORMAT) - 1 ? 0 :
		       n < 0 ? errno : ENOSPC;
	}
	/* Empty: its content was not durable when the power went. */
	return !n || !strcmp(text, FORMAT) ? 0 : EPROTO;
}

static int open_lock(struct netra_store_folder *folder, bool make)
{
	int flags = make ? O_RDWR | O_CREAT : O_RDONLY;

	folder->lock = openat(folder->fd, LOCK_NAME, flags | O_CLOEXEC, 0644);
	return folder->lock < 0 ? errno : 0;
}

static enum netra_error refuse_format(const struct netra_store_folder *folder,
				      char *why, uint32_t why_bytes)
{
	snprintf(why, why_bytes, "%.160s: not a store of this version of netra "
		 "(see its file '" LOCK_NAME "')", folder->path);
	return NETRA_ERR_UNSUPPORTED;
}

enum netra_error netra_store_open(struct netra_store_folder *folder,
				  const char *path, bool sync, char *why,
				  uint32_t why_bytes)
{
	enum netra_error err = keep_path(folder, path, why, why_bytes);
	bool made = false;
	int error;

	if (err)
		return err;
	if (!mkdir(path, 0755))
		made = true;
	else if (errno != EEXIST)
		return refuse(why, why_bytes, path, errno) == NETRA_ERR_PERMISSION ?
		       NETRA_ERR_PERMISSION : NETRA_ERR_IO;
	folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		return refuse(why, why_bytes, path, errno);
	error = open_lock(folder, true);
	if (error)
		goto err_errno;
	err = netra_store_lock(folder);
	if (err == NETRA_ERR_BUSY) {
		snprintf(why, why_bytes, "%.160s: another recorder is at work "
			 "there", path);
		goto err_folder;
	}
	if (err) {
		error = errno;
		goto err_errno;
	}
	error = check_format(folder->lock, true);
	if (error == EPROTO) {
		err = refuse_format(folder, why, why_bytes);
		goto err_folder;
	}
	if (!error && sync)
		error = fsync(folder->lock) || fsync(folder->fd) ? errno : 0;
	if (!error && sync && made)
		error = sync_parent(folder->fd);
	if (!error)
		return NETRA_OK;

err_errno:
	err = refuse(why, why_bytes, path, error);
err_folder:
	netra_store_close(folder);
	return err;
}

enum netra_error netra_store_look(struct netra_store_folder *folder,
				  const char *path, char *why,
				  uint32_t why_bytes)
{
	enum netra_error err = keep_path(folder, path, why, why_bytes);
	int error;

	if (err)
		return err;
	folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		return refuse(why, why_bytes, path, errno);
	error = open_lock(folder, false);
	if (!error)
		error = check_format(folder->lock, false);
	if (error == EPROTO)
		err = refuse_format(folder, why, why_bytes);
	else if (error == ENOENT) {
		snprintf(why, why_bytes, "%.160s: not a store (no file '"
			 LOCK_NAME "' in it)", path);
		err = NETRA_ERR_NOT_FOUND;
	} else if (error) {
		err = refuse(why, why_bytes, path, error);
	}
	if (err)
		netra_store_close(folder);
	return err;
}

enum netra_error netra_store_view(struct netra_store_folder *view,
				  const struct netra_store_folder *folder)
{
	init(view);
	memcpy(view->path, folder->path, sizeof(view->path));
	view->fd = fcntl(folder->fd, F_DUPFD_CLOEXEC, 0);
	return view->fd < 0 ? NETRA_ERR_IO : NETRA_OK;
}

void netra_store_close(struct netra_store_folder *folder)
{
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++)
		if (folder->channel[i] >= 0)
			close(folder->channel[i]);
	if (folder->lock >= 0)
		close(folder->lock);
	if (folder->fd >= 0)
		close(folder->fd);
	init(folder);
}

enum netra_error netra_store_lock(struct netra_store_folder *folder)
{
	/* netra_store_recording() of others holds it for an instant. */
	for (int tries = 0; tries < 5; tries++) {
		if (!flock(folder->lock, LOCK_EX | LOCK_NB))
			return NETRA_OK;
		if (errno != EWOULDBLOCK)
			return NETRA_ERR_IO;
		usleep(20000);
	}
	return NETRA_ERR_BUSY;
}

bool netra_store_recording(const struct netra_store_folder *folder)
{
	if (flock(folder->lock, LOCK_SH | LOCK_NB))
		return errno == EWOULDBLOCK;
	flock(folder->lock, LOCK_UN);
	return false;
}

enum netra_error netra_store_channel(struct netra_store_folder *folder,
				     uint32_t channel, bool make, bool sync)
{
	bool made = false;
	char name[16];

	if (channel >= NETRA_STORE_CHANNELS)
		return NETRA_ERR_INVALID;
	if (folder->channel[channel] >= 0)
		return NETRA_OK;
	snprintf(name, sizeof(name), "ch%02u", channel);
	if (make && !mkdirat(folder->fd, name, 0755))
		made = true;
	folder->channel[channel] = openat(folder->fd, name, O_RDONLY |
					  O_DIRECTORY | O_CLOEXEC);
	if (folder->channel[channel] < 0)
		return errno == ENOENT ? NETRA_ERR_NOT_FOUND : NETRA_ERR_IO;
	if (!made || !sync || !fsync(folder->fd))
		return NETRA_OK;
	/* Not there for sure: made anew the next time. */
	close(folder->channel[channel]);
	folder->channel[channel] = -1;
	unlinkat(folder->fd, name, AT_REMOVEDIR);
	return NETRA_ERR_IO;
}

const char *netra_store_suffix(enum netra_store_kind kind)
{
	return kind == NETRA_STORE_FILE_WHOLE ? NETRA_STORE_WHOLE :
	       kind == NETRA_STORE_FILE_PART ? NETRA_STORE_PART :
					       NETRA_STORE_DAMAGED;
}

static int by_time(const void *a, const void *b)
{
	const struct netra_store_entry *x = a, *y = b;

	return x->start_ms < y->start_ms ? -1 : x->start_ms > y->start_ms;
}

static enum netra_error list(struct netra_store_folder *folder,
			     uint32_t channel, bool parts_only,
			     struct netra_store_entry **entries, size_t *count)
{
	struct netra_store_entry entry = { .stuck = false }, *grown;
	enum netra_error err;
	struct dirent *file;
	struct stat st;
	size_t room = 0;
	DIR *dir;
	int fd;

	*entries = NULL;
	*count = 0;
	err = netra_store_channel(folder, channel, false, false);
	if (err)
		return err == NETRA_ERR_NOT_FOUND ? NETRA_OK : err;
	/* A stream of its own: a descriptor's position is shared. */
	fd = openat(folder->channel[channel], ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NETRA_ERR_IO;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return NETRA_ERR_NO_MEMORY;
	}
	while ((file = readdir(dir))) {
		if (!netra_store_name_read(file->d_name, &entry.start_ms,
					   &entry.kind) ||
		    (parts_only && entry.kind != NETRA_STORE_FILE_PART) ||
		    fstatat(fd, file->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		entry.bytes = (uint64_t)st.st_size;
		entry.changed_ms = (int64_t)st.st_mtim.tv_sec * 1000 +
				   st.st_mtim.tv_nsec / 1000000;
		if (*count == room) {
			room = room ? 2 * room : 64;
			grown = realloc(*entries, room * sizeof(entry));
			if (!grown) {
				err = NETRA_ERR_NO_MEMORY;
				break;
			}
			*entries = grown;
		}
		(*entries)[(*count)++] = entry;
	}
	closedir(dir);
	if (*count)
		qsort(*entries, *count, sizeof(entry), by_time);
	return err;
}

enum netra_error netra_store_list(struct netra_store_folder *folder,
				  uint32_t channel,
				  struct netra_store_entry **entries,
				  size_t *count)
{
	return list(folder, channel, false, entries, count);
}

enum netra_error netra_store_list_parts(struct netra_store_folder *folder,
					uint32_t channel,
					struct netra_store_entry **entries,
					size_t *count)
{
	return list(folder, channel, true, entries, count);
}
