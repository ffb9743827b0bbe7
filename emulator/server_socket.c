/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The named socket of a board. The name appears when there is somebody to
 * answer, not before: a client may be waiting for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

/* Does somebody serve there? What nobody serves is left over. */
static bool served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)address,
				      sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

int netra_emu_listen(const char *path, char *why, size_t why_size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sockaddr_un fresh = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	struct stat st;
	int fd;

	/* With room for the other name. */
	if (length + 1 >= sizeof(address.sun_path)) {
		snprintf(why, why_size, "%s: a socket's name may have %zu "
			 "bytes at most", path, sizeof(address.sun_path) - 2);
		return -1;
	}
	memcpy(address.sun_path, path, length + 1);
	memcpy(fresh.sun_path, path, length);
	memcpy(fresh.sun_path + length, "~", 2);
	if (stat(path, &st) == 0 && (!S_ISSOCK(st.st_mode) ||
				     served(&address))) {
		snprintf(why, why_size, "%s: %s: choose another name", path,
			 S_ISSOCK(st.st_mode) ? "another board is served there" :
			 "a file of that name is there");
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto err_errno;
	unlink(fresh.sun_path);
	if (bind(fd, (struct sockaddr *)&fresh, sizeof(fresh)) < 0 ||
	    listen(fd, 8) < 0 || rename(fresh.sun_path, path) < 0)
		goto err_socket;
	return fd;

err_socket:
	close(fd);
err_errno:
	snprintf(why, why_size, "%s: %s", path, strerror(errno));
	return -1;
}
