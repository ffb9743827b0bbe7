/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live pictures over WebSocket (docs/web-api.yaml, /live/): a text message
 * that says what comes, the init segment, then a fragment a message.
 */
#include <stdlib.h>
#include <string.h>

#include "web_internal.h"

struct netra_web_channel *netra_web_channel_find(struct netra_web *web,
						 uint32_t board,
						 uint32_t channel)
{
	for (uint32_t i = 0; i < web->channels; i++)
		if (web->channel[i].board == board &&
		    web->channel[i].channel == channel)
			return &web->channel[i];
	return NULL;
}

/* May this become a WebSocket? Headers are there only now. */
static bool let_in(struct netra_web *web, struct lws *wsi,
		   const struct netra_user **user,
		   struct netra_web_channel **channel)
{
	struct netra_web_route route;
	char path[128];

	if (web->closing ||
	    lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) <= 0 ||
	    !netra_web_route(path, &route) || route.place != NETRA_WEB_LIVE ||
	    !netra_web_host_fine(web, wsi) || !netra_web_from_here(web, wsi) ||
	    !netra_web_who(web, wsi, user) ||
	    !netra_web_may(web, *user, route.board, route.channel))
		return false;
	*channel = netra_web_channel_find(web, route.board, route.channel);
	return *channel;
}

static void join(struct netra_web *web, struct netra_web_client *client,
		 struct lws *wsi)
{
	const struct netra_user *user;
	struct netra_web_channel *channel;

	memset(client, 0, sizeof(*client));
	client->wsi = wsi;
	if (!let_in(web, wsi, &user, &channel))
		return;
	client->channel = channel;
	client->number = ++web->clients_ever;
	lws_get_peer_simple(wsi, client->peer, sizeof(client->peer));
	if (user) {
		snprintf(client->user, sizeof(client->user), "%s", user->name);
		memcpy(client->secret, user->secret[NETRA_HASH_SHA256],
		       sizeof(client->secret));
		netra_web_cookie_token(wsi, client->token);
		if (!netra_session_user(&web->sessions, web->options.users,
					client->token, uv_hrtime()))
			client->token[0] = '\0';
	}
	client->next = channel->clients;
	channel->clients = client;
	channel->client_count++;
	lws_callback_on_writable(wsi);
}

static void leave(struct netra_web_client *client)
{
	struct netra_web_client **at;

	if (!client->channel)
		return;
	for (at = &client->channel->clients; *at; at = &(*at)->next) {
		if (*at == client) {
			*at = client->next;
			client->channel->client_count--;
			break;
		}
	}
	client->channel = NULL;
}

void netra_web_socket_wake(struct netra_web_channel *channel)
{
	for (struct netra_web_client *c = channel->clients; c; c = c->next)
		lws_callback_on_writable(c->wsi);
}

void netra_web_socket_end(struct netra_web *web, const char *token)
{
	for (uint32_t i = 0; i < web->channels; i++) {
		for (struct netra_web_client *c = web->channel[i].clients; c;
		     c = c->next) {
			if (token && strcmp(c->token, token) != 0)
				continue;
			c->ended = true;
			lws_callback_on_writable(c->wsi);
		}
	}
}

static bool may_stay(struct netra_web *web,
		     const struct netra_web_client *client)
{
	const struct netra_users *users = web->options.users;
	const struct netra_user *user;

	if (netra_web_open_to_all(web))
		return true;
	if (client->token[0] &&
	    !netra_session_user(&web->sessions, users, client->token,
				uv_hrtime()))
		return false;
	user = netra_users_find(users, client->user, strlen(client->user));
	return user &&
	       strcmp(user->secret[NETRA_HASH_SHA256], client->secret) == 0 &&
	       netra_web_may(web, user, client->channel->board,
			     client->channel->channel);
}

void netra_web_socket_check(struct netra_web *web)
{
	for (uint32_t i = 0; i < web->channels; i++) {
		for (struct netra_web_client *c = web->channel[i].clients; c;
		     c = c->next) {
			if (may_stay(web, c))
				continue;
			c->ended = true;
			lws_callback_on_writable(c->wsi);
		}
	}
}

static int say(struct netra_web_client *client, json_t *json)
{
	char buffer[LWS_PRE + 512];
	size_t n = json_dumpb(json, buffer + LWS_PRE, sizeof(buffer) - LWS_PRE,
			      JSON_COMPACT);

	json_decref(json);
	if (!n || n > sizeof(buffer) - LWS_PRE)
		return -1;
	if (lws_write(client->wsi, (uint8_t *)buffer + LWS_PRE, n,
		      LWS_WRITE_TEXT) < (int)n)
		return -1;
	lws_callback_on_writable(client->wsi);
	return 0;
}

static int send_init(struct netra_web_client *client,
		     const struct netra_live *live)
{
	uint8_t buffer[LWS_PRE + NETRA_MP4_INIT_MAX_BYTES];
	size_t n = live->init_length;

	memcpy(buffer + LWS_PRE, live->init, n);
	if (lws_write(client->wsi, buffer + LWS_PRE, n, LWS_WRITE_BINARY) < (int)n)
		return -1;
	client->cursor.epoch = live->epoch;
	client->cursor.next = 0;
	client->told = false;
	lws_callback_on_writable(client->wsi);
	return 0;
}

static int send_next(struct netra_web_client *client)
{
	struct netra_web_channel *channel = client->channel;
	const struct netra_live *live = &channel->live;
	const struct netra_live_fragment *fragment;
	uint64_t skipped, shared;
	uint8_t *data;

	if (client->ended) {
		lws_close_reason(client->wsi, LWS_CLOSE_STATUS_GOINGAWAY, NULL, 0);
		return -1;
	}
	if (!live->epoch)
		return 0;
	if (client->cursor.epoch != live->epoch && !client->told) {
		client->told = true;
		return say(client, json_pack(
			"{s:s, s:s, s:i, s:i}", "type", "stream", "codec",
			live->codec, "width", (int)live->width, "height",
			(int)live->height));
	}
	if (client->cursor.epoch != live->epoch)
		return send_init(client, live);
	fragment = netra_live_next(live, &client->cursor, &skipped);
	if (!fragment)
		return 0;
	if (skipped) {
		channel->skipped += skipped;
		/* This fragment is sent next time: it is still there, or another is. */
		client->cursor.next--;
		client->cursor.next_frame = fragment->first_frame;
		return say(client, json_pack("{s:s, s:I}", "type", "skip",
					     "frames", (json_int_t)skipped));
	}
	shared = fragment->length;
	/* The room before it is used anew by each write, and by nobody between. */
	data = (uint8_t *)(uintptr_t)fragment->data + fragment->room;
	if (lws_write(client->wsi, data, (size_t)shared, LWS_WRITE_BINARY) <
	    (int)shared)
		return -1;
	client->sent_bytes += shared;
	channel->sent_bytes += shared;
	if (client->cursor.next != live->next)
		lws_callback_on_writable(client->wsi);
	return 0;
}

int netra_web_socket(struct lws *wsi, enum lws_callback_reasons reason,
		     void *user, void *in, size_t length)
{
	struct netra_web *web = lws_context_user(lws_get_context(wsi));
	struct netra_web_client *client = user;
	struct netra_web_channel *channel;
	const struct netra_user *who;

	(void)in;
	(void)length;
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		web->requests++;
		if (let_in(web, wsi, &who, &channel))
			return 0;
		web->refused++;
		lws_return_http_status(wsi, 403, NULL);
		return -1;
	case LWS_CALLBACK_ESTABLISHED:
		netra_web_connection_busy(wsi);
		join(web, client, wsi);
		return client->channel ? 0 : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return client->channel ? send_next(client) : -1;
	case LWS_CALLBACK_CLOSED:
		leave(client);
		return 0;
	default:
		return 0;
	}
}
