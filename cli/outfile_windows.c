/* SPDX-License-Identifier: BSD-2-Clause */
/* A file gets its name when it is whole, not before. */
#include <windows.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "outfile.h"

#define PIECE (1u << 20)

static bool is_regular(int fd)
{
	return GetFileType((HANDLE)_get_osfhandle(fd)) == FILE_TYPE_DISK;
}

/* "NUL", "COM1", a named pipe: written as they are. */
static bool is_device(const char *name)
{
	HANDLE file = CreateFileA(name, 0, FILE_SHARE_READ | FILE_SHARE_WRITE,
				  NULL, OPEN_EXISTING, 0, NULL);
	bool device;

	if (file == INVALID_HANDLE_VALUE)
		return false;
	device = GetFileType(file) != FILE_TYPE_DISK;
	CloseHandle(file);
	return device;
}

int cli_outfile_open(struct cli_outfile *file, const char *name)
{
	const int flags = O_WRONLY | O_BINARY | O_NOINHERIT;

	*file = (struct cli_outfile){ .fd = -1, .name = name };
	if (!name || strcmp(name, "-") == 0) {
		file->name = "standard output";
		file->fd = _fileno(stdout);
		file->regular = is_regular(file->fd);
		_setmode(file->fd, O_BINARY);
		return 0;
	}
	if (is_device(name)) {
		file->fd = _open(name, flags);
	} else {
		if (asprintf(&file->part, "%s.part", name) < 0) {
			file->part = NULL;
			cli_outfile_fail(file, ENOMEM);
			return -1;
		}
		file->fd = _open(file->part, flags | O_CREAT | O_TRUNC,
				 _S_IREAD | _S_IWRITE);
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
	(void)writable;
	*written = 0;
	while (*written < length && !file->closed) {
		size_t piece = length - *written;
		int n = _write(file->fd, (const char *)data + *written,
			       (unsigned int)(piece < PIECE ? piece : PIECE));

		if (n < 0 && !file->regular && (errno == EPIPE || errno == EINVAL)) {
			file->closed = true;
		} else if (n < 0) {
			cli_outfile_fail(file, errno);
			return -1;
		} else {
			*written += (size_t)n;
			file->bytes += (uint64_t)n;
		}
	}
	return 0;
}

bool cli_outfile_ready(const struct cli_outfile *file, unsigned int timeout_ms)
{
	(void)file;
	(void)timeout_ms;
	return true;
}

/* Whole and on the disk before it has its name, and the name as well. */
static bool name_it(const struct cli_outfile *file)
{
	return MoveFileExA(file->part, file->name,
			   MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

int cli_outfile_finish(struct cli_outfile *file)
{
	int number = 0;

	if (file->fd == _fileno(stdout))
		return 0;
	if (file->regular && _commit(file->fd))
		number = errno;
	if (_close(file->fd) && !number)
		number = errno;
	if (file->part && !number && !name_it(file))
		number = EACCES;
	if (number)
		cli_outfile_fail(file, number);
	free(file->part);
	file->part = NULL;
	return number ? -1 : 0;
}

void cli_outfile_abandon(struct cli_outfile *file, bool keep)
{
	if (file->fd == _fileno(stdout))
		return;
	_close(file->fd);
	if (file->part && !(keep && file->bytes))
		_unlink(file->part);
	free(file->part);
	file->part = NULL;
}
