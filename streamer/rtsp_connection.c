/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection's life, and what comes in on it. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "be.h"
#include "rtsp_internal.h"

/* Bounds what waits unseen in the kernel: seconds of video, not minutes. */
#define SEND_BUFFER_BYTES (512 << 10)
#define REPORT_MAX 2048u	/* an interleaved packet beyond is left out */
#define DEAD_PEER_MS 30000u
#define READS_AT_ONCE 64u	/* then others have their turn */

static void handle_closed(uv_handle_t *handle)
{
	struct rtsp_connection *c = handle->data;

	if (--c->handles)
		return;
	free(c->in);
	free(c->out);
	free(c);
}

void rtsp_close(struct rtsp_connection *c)
{
	if (c->gone)
		return;
	c->gone = true;
	rtsp_end_session(c);
	rtsp_left(c);
	uv_close((uv_handle_t *)&c->poll, handle_closed);
	uv_close((uv_handle_t *)&c->hold, handle_closed);
	netra_tls_end(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
}

/* An interleaved packet. Return: bytes taken, 0 if not all of it is there. */
static size_t take_interleaved(struct rtsp_connection *c)
{
	struct netra_rtcp_report report;
	size_t size;

	if (c->in_used < NETRA_RTP_FRAME_BYTES)
		return 0;
	size = netra_get_be16((uint8_t *)c->in + 2);
	if (size > REPORT_MAX) {
		c->skip_bytes = size;
		return NETRA_RTP_FRAME_BYTES;
	}
	if (c->in_used < NETRA_RTP_FRAME_BYTES + size)
		return 0;
	if (c->state == RTSP_PLAYING && !c->group && c->sink.connection &&
	    (uint8_t)c->in[1] == c->sink.interleaved[1] &&
	    netra_rtcp_read((uint8_t *)c->in + NETRA_RTP_FRAME_BYTES, size,
			    c->feed->packetiser.ssrc, &report)) {
		c->heard_ns = uv_hrtime();
		if (report.has_loss)
			c->sink.heard = report;
	}
	return NETRA_RTP_FRAME_BYTES + size;
}

/* A request. Return: bytes taken, 0 if it has to wait. */
static size_t take_request(struct rtsp_connection *c)
{
	struct netra_rtsp_request request;

	switch (netra_rtsp_parse(c->in, c->in_used, &request)) {
	case NETRA_RTSP_MORE:
		return 0;
	case NETRA_RTSP_BAD:
		c->server->stats.bad_requests++;
		rtsp_answer_bad(c, &request);
		c->finishing = true;
		return c->in_used;
	case NETRA_RTSP_WHOLE:
		break;
	}
	if (!rtsp_handle(c, &request))
		return 0;
	c->server->stats.requests++;
	c->heard_ns = uv_hrtime();
	return request.bytes;
}

static bool may_take(const struct rtsp_connection *c)
{
	return !c->gone && !c->finishing && !c->waiting &&
	       !uv_is_active((const uv_handle_t *)&c->hold) &&
	       c->out_end - c->out_begin <= RTSP_OUT_PAUSE;
}

static void drop_input(struct rtsp_connection *c, size_t n)
{
	c->in_used -= n;
	memmove(c->in, c->in + n, c->in_used);
	if (!c->in_used) {
		free(c->in);
		c->in = NULL;
		c->in_room = 0;
	}
}

static void take_input(struct rtsp_connection *c)
{
	while (may_take(c) && c->in_used) {
		size_t n;

		if (c->skip_bytes) {
			n = c->skip_bytes < c->in_used ? c->skip_bytes :
							 c->in_used;
			c->skip_bytes -= n;
		} else if (c->in[0] == '$') {
			n = take_interleaved(c);
		} else {
			n = take_request(c);
		}
		if (!n)
			break;
		c->begun_ns = 0;
		drop_input(c, n);
	}
	if (!c->in_used || c->waiting || c->held)
		c->begun_ns = 0;
	else if (!c->begun_ns)
		c->begun_ns = uv_hrtime();
}

/* Return: false if nothing more is there, or may be read, now. */
static bool read_some(struct rtsp_connection *c)
{
	char *more;
	ssize_t n;

	if (c->in_used == c->in_room) {
		size_t room = c->in_room ? 2 * c->in_room : 1024;

		if (room > RTSP_IN_MAX)
			room = RTSP_IN_MAX;
		if (room == c->in_used)
			return false;
		more = realloc(c->in, room);
		if (!more) {
			rtsp_close(c);
			return false;
		}
		c->in = more;
		c->in_room = room;
	}
	if (c->tls) {
		n = netra_tls_read(c->tls, c->in + c->in_used,
				   c->in_room - c->in_used,
				   &c->tls_wants_write);
	} else {
		n = recv(c->fd, c->in + c->in_used, c->in_room - c->in_used,
			 MSG_DONTWAIT);
		if (n < 0)
			n = -errno;
	}
	if (n == -EAGAIN || n == -EINTR)
		return false;
	if (n < 0) {
		rtsp_close(c);
		return false;
	}
	if (n == 0) {
		/* It has said all it had to; what it asked for is still sent. */
		rtsp_end_session(c);
		c->finishing = true;
		return false;
	}
	c->in_used += (size_t)n;
	return true;
}

/* What can be done now, in both directions. */
static void serve(struct rtsp_connection *c, bool readable)
{
	bool more = readable;

	take_input(c);
	for (unsigned int i = 0; more && i < READS_AT_ONCE && may_take(c); i++) {
		more = read_some(c);
		take_input(c);
	}
	c->more = more || !may_take(c);
	if (!c->gone)
		rtsp_pump(c);
}

static void connection_event(uv_poll_t *handle, int status, int events)
{
	struct rtsp_connection *c = handle->data;

	/* While nothing is read this would be told again and again. */
	c->hung_up |= events & UV_DISCONNECT && !(events & UV_READABLE);
	if (status < 0)
		rtsp_close(c);
	else
		serve(c, events & UV_READABLE || c->tls);
}

static void hold_over(uv_timer_t *timer)
{
	struct rtsp_connection *c = timer->data;

	c->held = false;
	serve(c, true);
}

void rtsp_watch(struct rtsp_connection *c)
{
	const struct netra_log_cursor *cursor = &c->sink.cursor;
	int events = c->hung_up ? 0 : UV_DISCONNECT;

	/* No event tells of what is in memory already. */
	if (c->more && may_take(c)) {
		c->more = false;
		uv_timer_start(&c->hold, hold_over, 1, 0);
	}
	if (may_take(c))
		events |= UV_READABLE;
	if (c->out_end > c->out_begin || c->tls_wants_write ||
	    (c->sink.feed && c->sink.connection && cursor->unit &&
	     (cursor->packet < cursor->unit->packets || cursor->unit->next)))
		events |= UV_WRITABLE;
	if (events == c->events)
		return;
	c->events = events;
	uv_poll_start(&c->poll, events, connection_event);
}

void rtsp_resume(struct rtsp_connection *c)
{
	c->waiting = false;
	if (!c->gone)
		serve(c, true);
}

void rtsp_hold(struct rtsp_connection *c, uint64_t ns)
{
	c->held = true;
	uv_timer_start(&c->hold, hold_over, ns / 1000000u + 1, 0);
}

/* "::ffff:192.0.2.1" is 192.0.2.1, wherever it is used. */
static void unmap(struct netra_address *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (address->any.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
		return;
	memcpy(&v4.sin_addr, address->v6.sin6_addr.s6_addr + 12, 4);
	v4.sin_port = address->v6.sin6_port;
	address->v4 = v4;
}

static bool learn_addresses(struct rtsp_connection *c)
{
	socklen_t length = sizeof(c->peer), own_length = sizeof(c->own);

	if (getpeername(c->fd, &c->peer.any, &length) ||
	    getsockname(c->fd, &c->own.any, &own_length))
		return false;
	unmap(&c->peer);
	unmap(&c->own);
	if (c->peer.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &c->peer.v4.sin_addr, c->peer_text,
			  sizeof(c->peer_text));
	} else if (c->peer.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &c->peer.v6.sin6_addr, c->peer_text,
			  sizeof(c->peer_text));
	} else {
		return false;
	}
	netra_throttle_address(&c->peer.any, c->peer_bytes);
	return true;
}

static void tune(int fd)
{
	int on = 1, bytes = SEND_BUFFER_BYTES;
	unsigned int dead_ms = DEAD_PEER_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

void rtsp_accept(struct netra_rtsp_server *server, int fd, bool tls)
{
	struct rtsp_connection *c = calloc(1, sizeof(*c));

	if (!c)
		goto err_close;
	c->server = server;
	c->fd = fd;
	c->heard_ns = uv_hrtime();
	if (!learn_addresses(c))
		goto err_free;
	tune(fd);
	if (tls) {
		c->tls = server->tls ? netra_tls_accept(server->tls, fd) : NULL;
		if (!c->tls)
			goto err_free;
	}
	c->poll.data = c;
	c->hold.data = c;
	if (uv_poll_init(server->options.loop, &c->poll, fd))
		goto err_tls;
	uv_timer_init(server->options.loop, &c->hold);
	c->handles = 2;
	c->older = server->newest;
	if (server->newest)
		server->newest->newer = c;
	else
		server->oldest = c;
	server->newest = c;
	server->connections++;
	server->stats.accepted++;
	rtsp_watch(c);
	return;

err_tls:
	netra_tls_end(c->tls);
err_free:
	free(c);
err_close:
	close(fd);
}
