/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets below sink_udp.c: opening, filling up, and what they hear. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sink_udp.h"

#define SEND_BUFFER_BYTES (4 << 20)
#define TRIES 64
#define HEAR_AT_ONCE 64

static int open_socket(sa_family_t family, uint16_t port)
{
	struct netra_address any = { .any.sa_family = family };
	int on = 1, bytes = SEND_BUFFER_BYTES, code;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		any.v6.sin6_port = htons(port);
		code = bind(fd, &any.any, sizeof(any.v6));
	} else {
		any.v4.sin_port = htons(port);
		code = bind(fd, &any.any, sizeof(any.v4));
	}
	if (!code)
		return fd;
	code = -errno;
	close(fd);
	return code;
}

static uint16_t port_of(int fd)
{
	struct netra_address own = { 0 };
	socklen_t length = sizeof(own);

	if (getsockname(fd, &own.any, &length))
		return 0;
	return ntohs(own.any.sa_family == AF_INET6 ? own.v6.sin6_port :
						     own.v4.sin_port);
}

/* An even port and the next one. */
static int open_pair(sa_family_t family, uint16_t port, int fd[2],
		     uint16_t *had)
{
	int code = -EADDRINUSE;

	for (int i = 0; i < (port ? 1 : TRIES); i++) {
		uint16_t own;

		fd[0] = open_socket(family, port);
		if (fd[0] < 0)
			return fd[0];
		own = port_of(fd[0]);
		fd[1] = own & 1 ? -EADDRINUSE :
				  open_socket(family, (uint16_t)(own + 1));
		if (fd[1] >= 0) {
			*had = own;
			return 0;
		}
		code = fd[1];
		close(fd[0]);
	}
	return code;
}

static void hear(struct netra_udp_socket *s)
{
	struct netra_udp *udp = s->udp;

	for (int i = 0; i < HEAR_AT_ONCE; i++) {
		struct netra_address from;
		socklen_t length = sizeof(from);
		uint8_t packet[2048];
		ssize_t n = recvfrom(s->fd, packet, sizeof(packet), 0,
				     &from.any, &length);

		/* To RTP's port clients send only to open their firewalls. */
		if (n < 0 && errno == EAGAIN)
			return;
		if (n > 0 && s->rtcp)
			udp->heard(udp->context, &from, packet, (size_t)n);
	}
}

static void socket_event(uv_poll_t *handle, int status, int events)
{
	struct netra_udp_socket *s = handle->data;

	if (status < 0)
		return;
	if (events & UV_READABLE)
		hear(s);
	if (events & UV_WRITABLE) {
		s->full = false;
		uv_poll_start(&s->poll, UV_READABLE, socket_event);
		s->udp->ready(s->udp->context);
	}
}

void netra_udp_wait(struct netra_udp_socket *s)
{
	s->full = true;
	uv_poll_start(&s->poll, UV_READABLE | UV_WRITABLE, socket_event);
}

int netra_udp_open(struct netra_udp *udp, uint16_t port)
{
	static const sa_family_t family[2] = { AF_INET, AF_INET6 };
	int code = 0;

	for (unsigned int i = 0; i < 4; i++)
		udp->socket[i].fd = -1;
	udp->batch = netra_udp_batch_new();
	if (!udp->batch)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++) {
		int fd[2];

		code = open_pair(family[i], port, fd, &udp->port[i]);
		/* A machine without IPv6 can do without. */
		if (code == -EAFNOSUPPORT || code == -EADDRNOTAVAIL)
			continue;
		if (code)
			break;
		udp->socket[2 * i].fd = fd[0];
		udp->socket[2 * i + 1].fd = fd[1];
	}
	if (code && code != -EAFNOSUPPORT && code != -EADDRNOTAVAIL) {
		netra_udp_close(udp);
		return code;
	}
	return 0;
}

void netra_udp_start(struct netra_udp *udp, uv_loop_t *loop)
{
	udp->started = true;
	udp->pace.data = udp;
	uv_timer_init(loop, &udp->pace);
	for (unsigned int i = 0; i < 4; i++) {
		struct netra_udp_socket *s = &udp->socket[i];

		if (s->fd < 0)
			continue;
		s->udp = udp;
		s->rtcp = i & 1;
		s->poll.data = s;
		uv_poll_init(loop, &s->poll, s->fd);
		uv_poll_start(&s->poll, UV_READABLE, socket_event);
	}
}

void netra_udp_close(struct netra_udp *udp)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct netra_udp_socket *s = &udp->socket[i];

		if (s->fd < 0)
			continue;
		if (udp->started)
			uv_close((uv_handle_t *)&s->poll, NULL);
		close(s->fd);
		s->fd = -1;
	}
	if (udp->started)
		uv_close((uv_handle_t *)&udp->pace, NULL);
	free(udp->batch);
	udp->batch = NULL;
}

uint16_t netra_udp_port(const struct netra_udp *udp, sa_family_t family)
{
	return udp->port[family == AF_INET6];
}

int netra_udp_multicast(struct netra_udp *udp, const struct in_addr *interface,
			uint8_t ttl)
{
	for (unsigned int i = 0; i < 2; i++) {
		int fd = udp->socket[i].fd;

		if (fd < 0)
			return -EAFNOSUPPORT;
		if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl,
			       sizeof(ttl)) ||
		    (interface && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF,
					     interface, sizeof(*interface))))
			return -errno;
	}
	return 0;
}
