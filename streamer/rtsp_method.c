/* SPDX-License-Identifier: BSD-2-Clause */
/* What each method does, and who may. */
#include <stdio.h>
#include <string.h>

#include "rtsp_header.h"
#include "rtsp_internal.h"

#define METHODS "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, " \
		"GET_PARAMETER, SET_PARAMETER"

/* ---- who ---------------------------------------------------------------- */

static void ask_who(struct rtsp_connection *c,
		    const struct netra_rtsp_request *request, bool stale)
{
	const char *again = stale ? ", stale=true" : "";
	char nonce[NETRA_NONCE_MAX];

	netra_digest_nonce(&c->server->digest, c->peer_text, uv_hrtime(),
			   nonce);
	/*
	 * Players take the first one they know, or the last one they see: MD5
	 * is all that most of them know.
	 */
	rtsp_answer(c, request, 401,
	       "WWW-Authenticate: Digest realm=\"" NETRA_REALM "\", "
	       "nonce=\"%s\", algorithm=SHA-256, qop=\"auth\"%s\r\n"
	       "WWW-Authenticate: Digest realm=\"" NETRA_REALM "\", "
	       "nonce=\"%s\", algorithm=MD5%s\r\n",
	       nonce, again, nonce, again);
}

/*
 * Return: 1 if it is known who asks (or nobody wants to know), 0 if that was
 * answered, -1 if the question has to wait.
 */
static int known(struct rtsp_connection *c,
		 const struct netra_rtsp_request *request,
		 const struct netra_user **user)
{
	struct netra_rtsp_server *server = c->server;
	uint64_t now_ns = uv_hrtime(), until_ns;
	enum netra_digest_result result;

	*user = NULL;
	if (!server->users)
		return 1;
	until_ns = netra_throttle_until(&server->throttle, c->peer_bytes);
	/* Who has proven itself does not pay for its neighbours. */
	if (request->authorization.length && !c->proven && until_ns > now_ns) {
		rtsp_hold(c, until_ns - now_ns);
		return -1;
	}
	result = netra_digest_check(&server->digest, server->users, request,
				    c->peer_text, now_ns, user);
	if (result == NETRA_DIGEST_RIGHT) {
		if (!c->proven)
			netra_throttle_right(&server->throttle, c->peer_bytes);
		c->proven = true;
		snprintf(c->user, sizeof(c->user), "%s", (*user)->name);
		snprintf(c->secret, sizeof(c->secret), "%s",
			 (*user)->secret[NETRA_HASH_SHA256]);
		return 1;
	}
	if (result == NETRA_DIGEST_WRONG) {
		c->proven = false;
		netra_throttle_wrong(&server->throttle, c->peer_bytes, now_ns);
	}
	ask_who(c, request, result == NETRA_DIGEST_STALE);
	return 0;
}

/* ---- methods ------------------------------------------------------------ */

static void do_describe(struct rtsp_connection *c,
			const struct netra_rtsp_request *request,
			const struct netra_feed *feed)
{
	/* All parameter sets in base 64, and the rest. */
	char sdp[NETRA_SETS_BYTES * 4 / 3 + NETRA_SETS_MAX * 5 + 1024];
	size_t size = rtsp_describe(c, feed, sdp, sizeof(sdp));
	size_t uri = request->uri.length;

	if (!size) {
		rtsp_answer(c, request, 500, "%s", "");
		return;
	}
	while (uri && request->uri.data[uri - 1] == '/')
		uri--;
	rtsp_answer(c, request, 200, "Content-Base: %.*s/\r\n"
	       "Content-Type: application/sdp\r\nContent-Length: %zu\r\n",
	       (int)uri, request->uri.data, size);
	rtsp_put(c, sdp, size);
}

static void do_setup(struct rtsp_connection *c,
		     const struct netra_rtsp_request *request,
		     struct netra_feed *feed)
{
	char transport[256];

	if (c->state == RTSP_PLAYING) {
		rtsp_answer(c, request, 455, "Allow: PLAY, PAUSE, TEARDOWN\r\n");
	} else if (c->state == RTSP_READY && c->feed != feed) {
		rtsp_answer(c, request, 459, "%s", "");
	} else if (rtsp_setup(c, feed, request->transport, transport,
			      sizeof(transport))) {
		rtsp_answer(c, request, 200, "Transport: %s\r\n", transport);
	} else {
		rtsp_end_session(c);
		rtsp_answer(c, request, 461, "%s", "");
	}
}

/* What PLAY's answer tells of time, and of the first packet. */
static void tell_time(const struct rtsp_connection *c,
		      const struct netra_rtsp_request *request,
		      const struct netra_rtsp_range *range, char *text,
		      size_t size)
{
	const struct netra_playback *p = c->feed->recorded ? c->playback : NULL;
	const struct netra_unit *key = c->feed->log.key;
	size_t uri = request->uri.length, used = 0;
	char clock[32];

	text[0] = '\0';
	if (uri >= 7 && memcmp(request->uri.data + uri - 7, "/track0", 7) == 0)
		uri -= 7;
	while (uri && request->uri.data[uri - 1] == '/')
		uri--;
	if (!p) {
		used = (size_t)snprintf(text, size, "Range: npt=now-\r\n");
	} else if (p->fresh && range->kind == NETRA_RTSP_RANGE_CLOCK) {
		rtsp_clock_text(p->start_ns, clock);
		used = (size_t)snprintf(text, size, "Range: clock=%s-\r\n",
					clock);
	} else if (p->fresh) {
		/* It may begin a little before what the URL calls 0. */
		double from = (double)(p->start_ns - c->begin_ns) / 1e9;

		used = (size_t)snprintf(text, size, "Range: npt=%.3f-\r\n",
					from > 0.0 ? from : 0.0);
	}
	if (c->state != RTSP_READY || c->group || (p ? !p->fresh : !key))
		return;
	snprintf(text + used, size - used,
		 "RTP-Info: url=%.*s/track0;seq=%u;rtptime=%u\r\n", (int)uri,
		 request->uri.data, (unsigned int)(p ?
		 c->feed->packetiser.sequence : key->sequence), p ? netra_playback_first_time(p) : key->time);
}

/* Return: false if it has to wait. */
static bool do_play(struct rtsp_connection *c,
		    const struct netra_rtsp_request *request, bool recorded)
{
	struct netra_rtsp_range range;
	char time[RTSP_URI_MAX + 256], scaled[32] = "";
	double scale;
	int found;

	if (!netra_rtsp_parse_range(request->range, &range)) {
		rtsp_answer(c, request, 457, "%s", "");
		return true;
	}
	found = rtsp_choose_time(c, &range, recorded);
	if (found < 0)
		return false;
	if (!found) {
		rtsp_answer(c, request, 457, "%s", "");
		return true;
	}
	/* What cannot be is played as it was, and the answer says so. */
	if (!netra_rtsp_parse_scale(request->scale, &scale) || !c->feed->recorded)
		scale = 1.0;
	tell_time(c, request, &range, time, sizeof(time));
	if (request->scale.length)
		snprintf(scaled, sizeof(scaled), "Scale: %.3f\r\n", scale);
	rtsp_answer(c, request, 200, "%s%s", scaled, time);
	rtsp_play(c);
	/* The answer first, if the socket lets it. */
	if (!c->gone && !c->sink.connection)
		rtsp_pump(c);
	if (c->gone)
		return true;
	if (c->feed->recorded)
		netra_playback_play(c->playback, c->playback->end_ns, scale);
	else if (!c->sink.connection)
		netra_udp_pump(&c->server->udp, c->feed);
	return true;
}

static void do_teardown(struct rtsp_connection *c,
			const struct netra_rtsp_request *request)
{
	rtsp_answer(c, request, 200, "%s", "");
	rtsp_end_session(c);
}

/* Methods of a session. Return: false if it has to wait. */
static bool in_session(struct rtsp_connection *c,
		       const struct netra_rtsp_request *request, bool recorded)
{
	if (!c->session[0] || !netra_text_same(request->session, c->session)) {
		rtsp_answer(c, request, 454, "%s", "");
		return true;
	}
	switch (request->method) {
	case NETRA_RTSP_PLAY:
		return do_play(c, request, recorded);
	case NETRA_RTSP_PAUSE:
		rtsp_pause(c);
		rtsp_answer(c, request, 200, "%s", "");
		break;
	default:
		do_teardown(c, request);
		break;
	}
	return true;
}

/* Methods on a channel, by those who may see it. Return: false: wait. */
static bool on_channel(struct rtsp_connection *c,
		       const struct netra_rtsp_request *request,
		       const struct netra_user *user)
{
	struct netra_rtsp_path path;
	struct netra_feed *feed = NULL;
	int found = 1;

	if (netra_rtsp_parse_path(request->uri, &path))
		feed = netra_hub_feed(c->server->options.hub, path.board,
				      path.channel);
	/* The same for what is not there: who may not see learns nothing. */
	if (user && (!feed ||
		     !(user->channels[path.board] >> path.channel & 1))) {
		rtsp_answer(c, request, 403, "%s", "");
		return true;
	}
	/* A session stays on its channel. */
	if (feed && path.recorded && c->state != RTSP_NO_SESSION &&
	    (c->feed->channel != path.channel ||
	     c->feed->board_index != path.board)) {
		rtsp_answer(c, request, 459, "%s", "");
		return true;
	}
	if (feed && path.recorded)
		found = rtsp_find_recording(c, &path);
	if (found < 0)
		return false;
	if (!feed || !found) {
		rtsp_answer(c, request, 404, "%s", "");
		return true;
	}
	if (path.recorded)
		feed = &c->playback->feed;
	if (path.recorded && c->state == RTSP_READY && !c->group)
		c->feed = feed;
	if (request->method == NETRA_RTSP_DESCRIBE)
		do_describe(c, request, feed);
	else if (request->method == NETRA_RTSP_SETUP)
		do_setup(c, request, feed);
	else
		return in_session(c, request, path.recorded);
	return true;
}

static void parameter(struct rtsp_connection *c,
		      const struct netra_rtsp_request *request)
{
	if (request->session.length &&
	    !netra_text_same(request->session, c->session))
		rtsp_answer(c, request, 454, "%s", "");
	else
		rtsp_answer(c, request, request->body_bytes ? 451 : 200, "%s", "");
}

bool rtsp_handle(struct rtsp_connection *c,
		 const struct netra_rtsp_request *request)
{
	const struct netra_user *user;
	int who;

	if (request->uri.length > RTSP_URI_MAX) {
		rtsp_answer(c, request, 414, "%s", "");
		return true;
	}
	if (request->require.length && request->require.length <= 256) {
		rtsp_answer(c, request, 551, "Unsupported: %.*s\r\n",
		       (int)request->require.length, request->require.data);
		return true;
	}
	switch (request->method) {
	case NETRA_RTSP_OPTIONS:
		rtsp_answer(c, request, 200, "Public: " METHODS "\r\n");
		return true;
	case NETRA_RTSP_UNKNOWN:
		rtsp_answer(c, request, 501, "Allow: " METHODS "\r\n");
		return true;
	case NETRA_RTSP_NOT_HERE:
		rtsp_answer(c, request, 405, "Allow: " METHODS "\r\n");
		return true;
	default:
		break;
	}
	who = known(c, request, &user);
	if (who < 1)
		return who == 0;
	if (request->method == NETRA_RTSP_GET_PARAMETER ||
	    request->method == NETRA_RTSP_SET_PARAMETER)
		parameter(c, request);
	else
		return on_channel(c, request, user);
	return true;
}
