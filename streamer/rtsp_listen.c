/* SPDX-License-Identifier: BSD-2-Clause */
/* Who comes: listeners, and room for as many as there may be. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtsp_internal.h"

#define ACCEPT_AT_ONCE 16

/* The oldest one without a session goes. Return: false if all have one. */
static bool make_room(struct netra_rtsp_server *server)
{
	struct rtsp_connection *c = server->oldest;

	while (c && c->state != RTSP_NO_SESSION)
		c = c->newer;
	if (!c)
		return false;
	rtsp_close(c);
	return true;
}

static void refuse(struct netra_rtsp_server *server, int fd, bool tls)
{
	static const char text[] =
		"RTSP/1.0 503 Service Unavailable\r\nRetry-After: 10\r\n\r\n";

	server->stats.refused++;
	if (!tls)
		send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static bool out_of_descriptors(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS ||
	       number == ENOMEM;
}

static void listener_event(uv_poll_t *handle, int status, int events)
{
	struct rtsp_listener *l = handle->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd = accept4(l->fd, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && out_of_descriptors(errno)) {
			if (make_room(l->server))
				continue;
			/* Else who waits would be told of again and again. */
			uv_poll_stop(&l->poll);
			l->paused = true;
		}
		if (fd < 0)
			return;
		if (l->server->connections < l->server->options.clients_max ||
		    make_room(l->server))
			rtsp_accept(l->server, fd, l->tls);
		else
			refuse(l->server, fd, l->tls);
	}
}

void rtsp_listen_again(struct netra_rtsp_server *server)
{
	for (struct rtsp_listener *l = server->listeners; l; l = l->next) {
		if (l->paused)
			uv_poll_start(&l->poll, UV_READABLE, listener_event);
		l->paused = false;
	}
}

static void listener_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int netra_rtsp_listen(struct netra_rtsp_server *server, int fd, bool tls)
{
	struct rtsp_listener *l = calloc(1, sizeof(*l));
	int code;

	if (!l)
		return -ENOMEM;
	l->server = server;
	l->fd = fd;
	l->tls = tls;
	l->poll.data = l;
	code = uv_poll_init(server->options.loop, &l->poll, fd);
	if (code) {
		free(l);
		return code;
	}
	uv_poll_start(&l->poll, UV_READABLE, listener_event);
	l->next = server->listeners;
	server->listeners = l;
	return 0;
}

void rtsp_stop_listening(struct netra_rtsp_server *server)
{
	while (server->listeners) {
		struct rtsp_listener *l = server->listeners;

		server->listeners = l->next;
		uv_poll_stop(&l->poll);
		close(l->fd);
		uv_close((uv_handle_t *)&l->poll, listener_closed);
	}
}
