/* SPDX-License-Identifier: BSD-2-Clause */
/* Time-outs, frames and counts; who must go. */
#include "rtsp_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtsp_internal.h"

#define CLIENTS_MAX 256u
#define ENDING_NS NS_PER_S

static void count(struct netra_rtsp_stats *stats, const struct netra_sink *sink)
{
	stats->sent_bytes += sink->sent_bytes;
	stats->dropped_frames += sink->cursor.dropped;
	stats->refused_packets += sink->refused;
}

void rtsp_left(struct rtsp_connection *c)
{
	struct netra_rtsp_server *server = c->server;

	*(c->older ? &c->older->newer : &server->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &server->newest) = c->older;
	server->connections--;
	count(&server->stats, &c->sink);
}

/* ---- each second -------------------------------------------------------- */

static bool overdue(const struct rtsp_connection *c, uint64_t now_ns)
{
	uint64_t session_ns = c->server->options.session_s * NS_PER_S;
	uint64_t silent_ns = now_ns - c->heard_ns;

	if (c->waiting || c->held)
		return false;
	if (c->begun_ns && now_ns - c->begun_ns > session_ns / RTSP_REQUEST_SHARE)
		return true;
	if (c->finishing)
		return silent_ns > session_ns / RTSP_REQUEST_SHARE;
	if (c->state == RTSP_NO_SESSION)
		return silent_ns > session_ns / RTSP_IDLE_SHARE;
	return silent_ns > session_ns;
}

static bool report_due(const struct netra_sink *sink, uint64_t now_ns)
{
	return sink->feed && sink->report_ns && !sink->goodbye &&
	       now_ns - sink->report_ns >= RTSP_REPORT_S * NS_PER_S;
}

/* The end goes by another way than the packets: it shall not overtake them. */
static void report_udp(struct netra_udp *udp, struct netra_sink *sink,
		       uint64_t now_ns)
{
	if (!sink->feed || sink->goodbye)
		return;
	if (netra_sink_finished(sink) && now_ns - sink->budget_ns > NS_PER_S / 2)
		netra_udp_report(udp, sink, true);
	else if (report_due(sink, now_ns))
		netra_udp_report(udp, sink, false);
}

static void look_after(struct rtsp_connection *c, uint64_t now_ns)
{
	if (c->playback)
		netra_feed_tick(&c->playback->feed);
	if (overdue(c, now_ns)) {
		c->server->stats.timeouts++;
		rtsp_close(c);
		return;
	}
	if (!c->sink.feed)
		return;
	if (!c->sink.cursor.unit)
		netra_feed_need_key(c->sink.feed, now_ns);
	if (!c->sink.connection) {
		report_udp(&c->server->udp, &c->sink, now_ns);
	} else if (report_due(&c->sink, now_ns) && c->out_begin == c->out_end) {
		rtsp_put_report(c, false);
		rtsp_pump(c);
	}
}

static void finish_ending(struct netra_rtsp_server *server, uint64_t now_ns)
{
	void (*done)(void *) = server->done;

	if (!server->ending_ns || !done)
		return;
	if (now_ns - server->ending_ns > ENDING_NS)
		while (server->oldest)
			rtsp_close(server->oldest);
	if (server->oldest)
		return;
	server->done = NULL;
	done(server->done_context);
}

static void tick(uv_timer_t *timer)
{
	struct netra_rtsp_server *server = timer->data;
	struct rtsp_connection *c = server->oldest;
	uint64_t now_ns = uv_hrtime();

	while (c) {
		struct rtsp_connection *newer = c->newer;

		look_after(c, now_ns);
		c = newer;
	}
	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++) {
		for (uint32_t n = 0; n < NETRA_CHANNELS_MAX; n++) {
			struct rtsp_group *group = server->group[b][n];
			struct netra_feed *feed;

			if (group)
				report_udp(&server->udp, &group->sink, now_ns);
			feed = netra_hub_feed(server->options.hub, b, n);
			if (feed)
				netra_feed_tick(feed);
		}
	}
	rtsp_listen_again(server);
	finish_ending(server, now_ns);
}

/* ---- frames ------------------------------------------------------------- */

void netra_rtsp_news(struct netra_rtsp_server *server, struct netra_feed *feed)
{
	struct netra_sink *sink = feed->sinks;
	bool udp = false;

	while (sink) {
		/* This one may go away while it is served. */
		struct netra_sink *next = sink->next;

		if (sink->connection)
			rtsp_pump(sink->connection);
		else
			udp = true;
		sink = next;
	}
	if (udp)
		netra_udp_pump(&server->udp, feed);
}

static void udp_ready(void *context)
{
	struct netra_rtsp_server *server = context;
	struct netra_hub *hub = server->options.hub;

	for (uint32_t b = 0; b < hub->boards; b++)
		for (uint32_t n = 0; n < hub->board[b].channels; n++)
			if (hub->board[b].feed[n] &&
			    hub->board[b].feed[n]->sinks)
				netra_udp_pump(&server->udp,
					       hub->board[b].feed[n]);
	for (struct rtsp_connection *c = server->oldest; c; c = c->newer)
		if (c->playback)
			netra_udp_pump(&server->udp, &c->playback->feed);
}

static bool same_address(const struct netra_address *a,
			 const struct netra_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr &&
		       a->v4.sin_port == b->v4.sin_port;
	return a->any.sa_family == AF_INET6 &&
	       a->v6.sin6_port == b->v6.sin6_port &&
	       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16);
}

static void udp_heard(void *context, const struct netra_address *from,
		      const uint8_t *data, size_t size)
{
	struct netra_rtsp_server *server = context;
	struct netra_rtcp_report report;

	for (struct rtsp_connection *c = server->oldest; c; c = c->newer) {
		if (c->state != RTSP_PLAYING || c->group || c->sink.connection ||
		    !same_address(&c->sink.to[1], from))
			continue;
		if (!netra_rtcp_read(data, size, c->feed->packetiser.ssrc,
				     &report))
			return;
		c->heard_ns = uv_hrtime();
		if (report.has_loss)
			c->sink.heard = report;
		return;
	}
}

/* ---- the server --------------------------------------------------------- */

struct netra_rtsp_server *netra_rtsp_open(const struct netra_rtsp_options *options,
					  char *why, size_t size)
{
	struct netra_rtsp_server *server = calloc(1, sizeof(*server));
	int code = -ENOMEM;

	if (!server)
		goto err_why;
	server->options = *options;
	if (!server->options.clients_max)
		server->options.clients_max = CLIENTS_MAX;
	if (!server->options.session_s)
		server->options.session_s = RTSP_SESSION_S;
	server->udp.context = server;
	server->udp.heard = udp_heard;
	server->udp.ready = udp_ready;
	code = -EIO;
	if (!netra_digest_init(&server->digest))
		goto err_free;
	code = netra_udp_open(&server->udp, options->udp_port);
	if (code)
		goto err_free;
	if (options->multicast)
		code = netra_udp_multicast(&server->udp,
					   options->has_interface ?
					   &options->interface : NULL,
					   options->ttl);
	if (code)
		goto err_udp;
	netra_udp_start(&server->udp, options->loop);
	server->tick.data = server;
	uv_timer_init(options->loop, &server->tick);
	uv_timer_start(&server->tick, tick, 1000, 1000);
	return server;

err_udp:
	netra_udp_close(&server->udp);
err_free:
	free(server);
err_why:
	snprintf(why, size, "UDP ports: %s", strerror(-code));
	return NULL;
}

void netra_rtsp_users(struct netra_rtsp_server *server,
		      const struct netra_users *users)
{
	struct rtsp_connection *c = server->oldest;

	server->users = users;
	while (c) {
		struct rtsp_connection *newer = c->newer;
		const struct netra_user *user = NULL;

		if (users && c->proven)
			user = netra_users_find(users, c->user,
						strlen(c->user));
		if (users && c->state != RTSP_NO_SESSION &&
		    (!user ||
		     strcmp(user->secret[NETRA_HASH_SHA256], c->secret) != 0 ||
		     !(user->channels[c->feed->board_index] >>
		       c->feed->channel & 1)))
			rtsp_close(c);
		else if (!user)
			c->proven = false;
		c = newer;
	}
}

void netra_rtsp_tls(struct netra_rtsp_server *server, SSL_CTX *tls)
{
	server->tls = tls;
}

void netra_rtsp_end(struct netra_rtsp_server *server, void (*done)(void *),
		    void *context)
{
	struct rtsp_connection *c = server->oldest;

	rtsp_stop_listening(server);
	server->ending_ns = uv_hrtime();
	server->done = done;
	server->done_context = context;
	while (c) {
		struct rtsp_connection *newer = c->newer;

		if (c->state == RTSP_PLAYING && !c->group) {
			if (c->sink.connection)
				rtsp_put_report(c, true);
			else
				netra_udp_report(&server->udp, &c->sink, true);
		}
		rtsp_end_session(c);
		c->finishing = true;
		rtsp_pump(c);
		c = newer;
	}
	uv_timer_start(&server->tick, tick, 10, 50);
}

void netra_rtsp_close(struct netra_rtsp_server *server)
{
	rtsp_stop_listening(server);
	while (server->oldest)
		rtsp_close(server->oldest);
	netra_udp_close(&server->udp);
	uv_close((uv_handle_t *)&server->tick, NULL);
}

void netra_rtsp_free(struct netra_rtsp_server *server)
{
	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++)
		for (uint32_t n = 0; n < NETRA_CHANNELS_MAX; n++)
			free(server->group[b][n]);
	free(server);
}

void netra_rtsp_get_stats(const struct netra_rtsp_server *server,
			  struct netra_rtsp_stats *stats)
{
	*stats = server->stats;
	stats->connections = server->connections;
	stats->wrong_passwords = server->throttle.wrong;
	for (const struct rtsp_connection *c = server->oldest; c; c = c->newer) {
		count(stats, &c->sink);
		if (c->state == RTSP_PLAYING)
			stats->playing[c->group ? 2 : !!c->sink.connection]++;
	}
	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++)
		for (uint32_t n = 0; n < NETRA_CHANNELS_MAX; n++)
			if (server->group[b][n])
				count(stats, &server->group[b][n]->sink);
}

struct netra_throttle *netra_rtsp_throttle(struct netra_rtsp_server *server)
{
	return &server->throttle;
}
