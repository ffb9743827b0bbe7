/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding a vfio-user board by its socket; each way not to, in words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport.h"

static enum netra_error connect_failed(int code, const char *path, char *why,
				       size_t size)
{
	switch (code) {
	case ENOENT:
	case ENOTDIR:
		snprintf(why, size,
			 "%s: no such socket: start the emulated board there first",
			 path);
		return NETRA_ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		snprintf(why, size,
			 "%s: permission denied: run as the user who started the board",
			 path);
		return NETRA_ERR_PERMISSION;
	case EAGAIN:
		snprintf(why, size,
			 "%s: busy: another program has the board, end that first",
			 path);
		return NETRA_ERR_BUSY;
	case ECONNREFUSED:
		snprintf(why, size,
			 "%s: nobody listens there: it is no socket or its board has ended, start it again",
			 path);
		return NETRA_ERR_NOT_FOUND;
	default:
		snprintf(why, size, "%s: %s", path, strerror(code));
		return NETRA_ERR_IO;
	}
}

enum netra_error netra_transport_vfio_user_open(const char *path,
						struct transport **transport,
						char *why, size_t why_size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char sentence[240];
	enum netra_error error;
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(why, why_size,
			 "the socket's path is longer than the system allows (%zu): use a shorter one",
			 sizeof(address.sun_path) - 1);
		return NETRA_ERR_INVALID;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (!stat(path, &st) && !S_ISSOCK(st.st_mode)) {
		snprintf(why, why_size,
			 "%s: not a socket: give the socket of an emulated board",
			 path);
		return NETRA_ERR_INVALID;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		snprintf(why, why_size, "no socket: %s", strerror(errno));
		return NETRA_ERR_IO;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		error = connect_failed(errno, path, why, why_size);
		close(fd);
		return error;
	}
	error = netra_transport_vfio_user_adopt(fd, transport, sentence,
						sizeof(sentence));
	if (error)
		snprintf(why, why_size, "%s: %s", path, sentence);
	return error;
}
