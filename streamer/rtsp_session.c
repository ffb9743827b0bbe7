/* SPDX-License-Identifier: BSD-2-Clause */
/* A session: how a client wants a channel, from SETUP to TEARDOWN. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rtsp_header.h"
#include "rtsp_internal.h"

static void set_port(struct netra_address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}

/* TCP: on the connection itself. */
static void set_up_tcp(struct rtsp_connection *c,
		       const struct netra_rtsp_transport *t, char *header,
		       size_t size)
{
	c->sink.connection = c;
	c->sink.interleaved[0] = t->has_interleaved ? t->interleaved[0] : 0;
	c->sink.interleaved[1] = t->has_interleaved ? t->interleaved[1] : 1;
	snprintf(header, size, "RTP/AVP/TCP;unicast;interleaved=%u-%u;"
		 "ssrc=%08X", c->sink.interleaved[0], c->sink.interleaved[1],
		 c->feed->packetiser.ssrc);
}

/* UDP: to where the client talks from, whatever it says. */
static bool set_up_udp(struct rtsp_connection *c,
		       const struct netra_rtsp_transport *t, char *header,
		       size_t size)
{
	uint16_t port = netra_udp_port(&c->server->udp, c->peer.any.sa_family);

	if (!port)
		return false;
	for (unsigned int i = 0; i < 2; i++) {
		c->sink.to[i] = c->peer;
		set_port(&c->sink.to[i], t->port[i]);
	}
	c->sink.from = c->own;
	snprintf(header, size, "RTP/AVP;unicast;client_port=%u-%u;"
		 "server_port=%u-%u;ssrc=%08X", t->port[0], t->port[1], port,
		 port + 1u, c->feed->packetiser.ssrc);
	return true;
}

static struct rtsp_group *group_of(struct netra_rtsp_server *server,
				   const struct netra_feed *feed)
{
	struct rtsp_group **place =
		&server->group[feed->board_index][feed->channel];
	struct rtsp_group *group = *place;
	uint32_t address = ntohl(server->options.group.s_addr);

	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	address += feed->board_index * NETRA_CHANNELS_MAX + feed->channel;
	for (uint16_t i = 0; i < 2; i++) {
		group->sink.to[i].v4.sin_family = AF_INET;
		group->sink.to[i].v4.sin_addr.s_addr = htonl(address);
		set_port(&group->sink.to[i],
			 (uint16_t)(server->options.group_port + i));
	}
	*place = group;
	return group;
}

static bool set_up_multicast(struct rtsp_connection *c, char *header,
			     size_t size)
{
	const struct netra_rtsp_options *options = &c->server->options;
	char address[INET_ADDRSTRLEN];

	if (!options->multicast || c->peer.any.sa_family != AF_INET ||
	    c->feed->recorded)
		return false;
	c->group = group_of(c->server, c->feed);
	if (!c->group)
		return false;
	inet_ntop(AF_INET, &c->group->sink.to[0].v4.sin_addr, address,
		  sizeof(address));
	snprintf(header, size, "RTP/AVP;multicast;destination=%s;port=%u-%u;"
		 "ttl=%u;ssrc=%08X", address, options->group_port,
		 options->group_port + 1u, options->ttl,
		 c->feed->packetiser.ssrc);
	return true;
}

static bool name_session(struct rtsp_connection *c)
{
	uint64_t number;

	if (c->session[0])
		return true;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return false;
	snprintf(c->session, sizeof(c->session), "%016llx",
		 (unsigned long long)number);
	return true;
}

bool rtsp_setup(struct rtsp_connection *c, struct netra_feed *feed,
		struct netra_text transport, char *header, size_t size)
{
	struct netra_rtsp_transport t;

	c->feed = feed;
	c->group = NULL;
	c->sink.connection = NULL;
	while (netra_rtsp_next_transport(&transport, &t)) {
		/* What came by TLS shall not leave in the clear. */
		if (!t.known || (!t.tcp && c->tls))
			continue;
		if (t.tcp)
			set_up_tcp(c, &t, header, size);
		else if (t.multicast ? !set_up_multicast(c, header, size) :
				       !set_up_udp(c, &t, header, size))
			continue;
		if (!name_session(c))
			continue;
		c->state = RTSP_READY;
		return true;
	}
	return false;
}

void rtsp_play(struct rtsp_connection *c)
{
	if (c->state == RTSP_PLAYING)
		return;
	c->state = RTSP_PLAYING;
	if (!c->group) {
		if (c->sink.feed)
			return;
		netra_sink_play(&c->sink, c->feed);
		if (c->sink.connection)
			rtsp_put_report(c, false);
	} else if (c->group->users++ == 0) {
		netra_sink_play(&c->group->sink, c->feed);
	} else {
		/* The group is under way: a newcomer needs a key frame soon. */
		netra_feed_need_key(c->feed, uv_hrtime());
	}
}

void rtsp_pause(struct rtsp_connection *c)
{
	if (c->state != RTSP_PLAYING)
		return;
	c->state = RTSP_READY;
	/* What is under way of a recording still arrives: it goes on behind. */
	if (c->playback && c->feed == &c->playback->feed) {
		netra_playback_pause(c->playback);
		return;
	}
	if (!c->group)
		netra_sink_stop(&c->sink);
	else if (--c->group->users == 0)
		netra_sink_stop(&c->group->sink);
}

void rtsp_end_session(struct rtsp_connection *c)
{
	rtsp_pause(c);
	netra_sink_stop(&c->sink);
	rtsp_drop_playback(c);
	c->state = RTSP_NO_SESSION;
	c->session[0] = '\0';
	c->group = NULL;
	c->sink.connection = NULL;
	c->feed = NULL;
}
