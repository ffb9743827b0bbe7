/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that go, or talk on, while they are answered. libwebsockets 4.1 then
 * reads nothing, but goes on being told that there is something to read, or
 * nobody any more: it would turn the loop for that, and learn that a client has
 * gone only when it writes. So such clients are looked for here.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web_internal.h"

struct netra_web_hangup {
	uv_poll_t poll;
	struct netra_web_exchange *exchange;
	int fd;			/* a second one: libuv watches each but once */
};

/* Of @bytes on a poll says that there is something to read. */
static void set_low_water(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

static void hung_up(uv_poll_t *poll, int status, int events)
{
	struct netra_web_hangup *hangup = poll->data;
	struct netra_web_exchange *exchange = hangup->exchange;
	struct lws *wsi = exchange->wsi;

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	/* Some say by this that they have asked: what needs no wait they may have. */
	if (exchange->data && !lws_send_pipe_choked(wsi)) {
		exchange->hurry = true;
		return;
	}
	/* What is buffered for it is not waited for. The answer is forgotten. */
	shutdown(hangup->fd, SHUT_RDWR);
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_SYNC);
}

void netra_web_hangup_watch(struct netra_web_exchange *exchange)
{
	struct netra_web_hangup *hangup = calloc(1, sizeof(*hangup));

	if (!hangup)
		return;
	hangup->exchange = exchange;
	hangup->poll.data = hangup;
	hangup->fd = fcntl(lws_get_socket_fd(exchange->wsi), F_DUPFD_CLOEXEC, 0);
	if (hangup->fd < 0)
		goto err_free;
	if (uv_poll_init(exchange->web->loop, &hangup->poll, hangup->fd))
		goto err_close;
	set_low_water(hangup->fd, NETRA_WEB_AHEAD_MAX);
	uv_poll_start(&hangup->poll, UV_READABLE | UV_DISCONNECT, hung_up);
	exchange->hangup = hangup;
	return;

err_close:
	close(hangup->fd);
err_free:
	free(hangup);
}

static void free_hangup(uv_handle_t *poll)
{
	free(poll->data);
}

void netra_web_hangup_forget(struct netra_web_exchange *exchange)
{
	struct netra_web_hangup *hangup = exchange->hangup;

	exchange->hangup = NULL;
	if (!hangup)
		return;
	set_low_water(hangup->fd, 1);
	uv_poll_stop(&hangup->poll);
	close(hangup->fd);
	uv_close((uv_handle_t *)&hangup->poll, free_hangup);
}
