/* SPDX-License-Identifier: BSD-2-Clause */
#include "service.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3

void netra_service_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t length;
	int fd;

	if (!path || strlen(path) >= sizeof(to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	memcpy(to.sun_path, path, strlen(path));
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			     strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	       (struct sockaddr *)&to, length);
	close(fd);
}

/* A number in the environment, if it is meant for this process. */
static unsigned long long number_for_us(const char *name, const char *pid_name)
{
	const char *text = getenv(name), *pid = getenv(pid_name);

	if (!text || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(text, NULL, 10);
}

uint64_t netra_service_watchdog_ms(void)
{
	return number_for_us("WATCHDOG_USEC", "WATCHDOG_PID") / 1000u / 2u;
}

int netra_service_socket(unsigned int index, char name[32])
{
	unsigned long long count = number_for_us("LISTEN_FDS", "LISTEN_PID");
	const char *names = getenv("LISTEN_FDNAMES");
	int fd = FIRST_FD + (int)index;

	name[0] = '\0';
	if (index >= count || count > 64 || !getenv("LISTEN_PID"))
		return -1;
	for (unsigned int i = 0; names && i < index; i++) {
		names = strchr(names, ':');
		if (names)
			names++;
	}
	if (names)
		snprintf(name, 32, "%.*s", (int)strcspn(names, ":"), names);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}
