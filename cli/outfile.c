/* SPDX-License-Identifier: BSD-2-Clause */
/* A file gets its name when it is whole, not before. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "outfile.h"

#define PIPE_PIECE 4096u	/* PIPE_BUF: fits when poll says writable */

static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int cli_outfile_open(struct cli_outfile *file, const char *name)
{
	struct stat st;

	*file = (struct cli_outfile){ .fd = -1, .name = name };
	if (!name || strcmp(name, "-") == 0) {
		file->name = "standard output";
		file->fd = STDOUT_FILENO;
		file->regular = is_regular(STDOUT_FILENO);
		return 0;
	}
	if (stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
		file->fd = open(name, O_WRONLY | O_CLOEXEC);
	} else {
		if (asprintf(&file->part, "%s.part", name) < 0) {
			file->part = NULL;
			cli_outfile_fail(file, ENOMEM);
			return -1;
		}
		file->fd = open(file->part,
				O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (file->fd < 0) {
		cli_outfile_fail(file, errno);
		free(file->part);
		return -1;
	}
	file->regular = is_regular(file->fd);
	return 0;
}

int cli_outfile_write(struct cli_outfile *file, const void *data, size_t length,
		      bool writable, size_t *written)
{
	*written = 0;
	while (*written < length && !file->closed) {
		size_t piece = length - *written;
		ssize_t n;

		if (!file->regular) {
			if (!writable)
				return 0;
			if (piece > PIPE_PIECE)
				piece = PIPE_PIECE;
		}
		n = write(file->fd, (const char *)data + *written, piece);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return 0;
			if (errno == EPIPE) {
				file->closed = true;
				return 0;
			}
			cli_outfile_fail(file, errno);
			return -1;
		}
		*written += (size_t)n;
		file->bytes += (uint64_t)n;
		if (!file->regular)
			return 0;
	}
	return 0;
}

bool cli_outfile_ready(const struct cli_outfile *file, unsigned int timeout_ms)
{
	struct pollfd out = { .fd = file->fd, .events = POLLOUT };

	return poll(&out, 1, (int)timeout_ms) > 0;
}

int cli_outfile_finish(struct cli_outfile *file)
{
	int number = 0;

	if (file->fd == STDOUT_FILENO)
		return 0;
	if (file->regular && fsync(file->fd))
		number = errno;
	if (close(file->fd) && !number)
		number = errno;
	if (file->part && !number && rename(file->part, file->name))
		number = errno;
	if (number)
		cli_outfile_fail(file, number);
	free(file->part);
	file->part = NULL;
	return number ? -1 : 0;
}

void cli_outfile_abandon(struct cli_outfile *file, bool keep)
{
	if (file->fd == STDOUT_FILENO)
		return;
	close(file->fd);
	if (file->part && !(keep && file->bytes))
		unlink(file->part);
	free(file->part);
	file->part = NULL;
}
