/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "export.h"

#define CHUNK_BYTES (256u << 10)

static int write_all(int fd, const uint8_t *data, size_t length)
{
	ssize_t n;

	while (length) {
		n = write(fd, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ENOSPC;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

/* A recorder may have completed it meanwhile. */
static int open_source(const struct netra_export *export, uint32_t file)
{
	const struct netra_store_entry *entry = &export->files[file];
	int folder = export->folder->channel[export->channel], fd;
	char name[NETRA_STORE_NAME_BYTES];

	netra_store_name(name, entry->start_ms, netra_store_suffix(entry->kind));
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	netra_store_name(name, entry->start_ms, NETRA_STORE_WHOLE);
	return openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static int copy_piece(const struct netra_export *export, int from, int to,
		      const struct netra_export_piece *piece, uint8_t *buffer)
{
	uint64_t offset = piece->offset;
	uint32_t left = piece->bytes;
	size_t part;
	ssize_t n;
	int error;

	while (left) {
		if (netra_export_is_cancelled(export))
			return ECANCELED;
		part = left < CHUNK_BYTES ? left : CHUNK_BYTES;
		n = pread(from, buffer, part, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		error = write_all(to, buffer, (size_t)n);
		if (error)
			return error;
		offset += (uint64_t)n;
		left -= (uint32_t)n;
	}
	return 0;
}

int netra_export_write(struct netra_export *export, int fd,
		       void (*progress)(void *context, uint64_t bytes),
		       void *context)
{
	uint32_t open_file = UINT32_MAX;
	uint8_t *head = NULL, *buffer;
	int source = -1, error;
	size_t length;

	buffer = malloc(CHUNK_BYTES);
	if (!buffer || netra_mp4_movie_build(&export->movie, &head, &length)) {
		error = ENOMEM;
		goto out;
	}
	error = write_all(fd, head, length);
	for (uint32_t i = 0; !error && i < export->movie.chunk_count; i++) {
		const struct netra_export_piece *piece = &export->pieces[i];

		if (piece->file != open_file) {
			if (source >= 0)
				close(source);
			open_file = piece->file;
			source = open_source(export, open_file);
			error = source < 0 ? errno : 0;
		}
		if (!error)
			error = copy_piece(export, source, fd, piece, buffer);
		if (progress)
			progress(context, piece->bytes);
	}
	if (source >= 0)
		close(source);
out:
	free(head);
	free(buffer);
	return error;
}
