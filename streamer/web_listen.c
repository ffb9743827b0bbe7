/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who comes by HTTP, and room for as many as there may be: who has asked for
 * nothing longest makes room for who comes.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web_internal.h"

#define ACCEPT_AT_ONCE 16

/* From its first byte on, until libwebsockets has let go of it. */
struct netra_web_connection {
	struct lws_dll2 idle;		/* in web->idle, while it asks for nothing */
	struct lws *wsi;
	bool leaving;			/* closed; the loop has still to say so */
};

/* ---- connections ------------------------------------------------------------- */

int netra_web_connection_made(struct netra_web *web, struct lws *wsi)
{
	struct netra_web_connection *c = calloc(1, sizeof(*c));

	if (!c)
		return -1;
	c->wsi = wsi;
	lws_set_opaque_user_data(wsi, c);
	lws_dll2_add_tail(&c->idle, &web->idle);
	return 0;
}

void netra_web_connection_gone(struct netra_web *web, struct lws *wsi)
{
	struct netra_web_connection *c = lws_get_opaque_user_data(wsi);

	if (!c)
		return;
	lws_set_opaque_user_data(wsi, NULL);
	web->leaving -= c->leaving;
	lws_dll2_remove(&c->idle);
	free(c);
}

void netra_web_connection_busy(struct lws *wsi)
{
	struct netra_web_connection *c = lws_get_opaque_user_data(wsi);

	if (c)
		lws_dll2_remove(&c->idle);
}

void netra_web_connection_idle(struct netra_web *web, struct lws *wsi)
{
	struct netra_web_connection *c = lws_get_opaque_user_data(wsi);

	if (c && !c->leaving && lws_dll2_is_detached(&c->idle))
		lws_dll2_add_tail(&c->idle, &web->idle);
}

/* Return: false if all of them are at something. */
static bool make_room(struct netra_web *web)
{
	struct lws_dll2 *oldest = lws_dll2_get_head(&web->idle);
	struct netra_web_connection *c;

	if (!oldest)
		return false;
	c = lws_container_of(oldest, struct netra_web_connection, idle);
	lws_dll2_remove(&c->idle);
	c->leaving = true;
	web->leaving++;
	web->displaced++;
	/* Listeners are not libwebsockets', so none of its callbacks is on the way. */
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_KEEPALIVE_IDLE,
			LWS_TO_KILL_SYNC);
	return true;
}

/* ---- listeners --------------------------------------------------------------- */

static void accept_ready(uv_poll_t *poll, int status, int events)
{
	struct netra_web *web = poll->data;
	int listener, fd, on = 1;

	(void)events;
	if (status < 0 || uv_fileno((uv_handle_t *)poll, &listener))
		return;
	/* Who leaves has its descriptor until the loop comes round. */
	for (int i = 0; i < ACCEPT_AT_ONCE && web->leaving < NETRA_WEB_LEAVING_MAX;
	     i++) {
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		/* Who cannot be let in would be told of again and again. */
		if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED &&
		    errno != EINTR) {
			uv_poll_stop(poll);
			web->paused = true;
		}
		if (fd < 0)
			return;
		if (web->closing ||
		    (web->connections - web->leaving >= web->connections_max &&
		     !make_room(web))) {
			web->refused++;
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		/* On failure it has closed the descriptor. */
		lws_adopt_socket_vhost(web->vhost, fd);
	}
}

void netra_web_listen_again(struct netra_web *web)
{
	web->paused = false;
	for (uint32_t i = 0; i < web->listeners; i++)
		uv_poll_start(web->listener[i], UV_READABLE, accept_ready);
}

enum netra_error netra_web_listen(struct netra_web *web, int fd)
{
	uv_poll_t *poll = malloc(sizeof(*poll));

	if (!poll || web->listeners == NETRA_WEB_LISTENERS) {
		free(poll);
		close(fd);
		return NETRA_ERR_NO_MEMORY;
	}
	if (uv_poll_init(web->loop, poll, fd)) {
		free(poll);
		close(fd);
		return NETRA_ERR_IO;
	}
	poll->data = web;
	web->listener[web->listeners++] = poll;
	netra_web_listen_again(web);
	return NETRA_OK;
}

static void free_listener(uv_handle_t *handle)
{
	close((int)(intptr_t)handle->data);
	free(handle);
}

void netra_web_stop_listening(struct netra_web *web)
{
	for (uint32_t i = 0; i < web->listeners; i++) {
		int fd = -1;

		uv_fileno((uv_handle_t *)web->listener[i], &fd);
		uv_poll_stop(web->listener[i]);
		web->listener[i]->data = (void *)(intptr_t)fd;
		uv_close((uv_handle_t *)web->listener[i], free_listener);
	}
	web->listeners = 0;
}
