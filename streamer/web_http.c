/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP requests: where paths lead, bodies, connections. */
#include <stdlib.h>
#include <string.h>

#include "web_internal.h"

int64_t netra_web_argument(struct lws *wsi, const char *name, int64_t otherwise)
{
	char text[32], with[16];
	const char *found;
	uint64_t value;

	snprintf(with, sizeof(with), "%s=", name);
	found = lws_get_urlarg_by_name(wsi, with, text, sizeof(text));
	if (!found || !netra_web_number(found, INT64_MAX / 1000000, &value))
		return otherwise;
	return (int64_t)value;
}

static int answer_page(struct netra_web_exchange *exchange)
{
	char seen[64], extra[128];

	for (size_t i = 0; i < netra_web_page_count; i++) {
		const struct netra_web_page *page = &netra_web_pages[i];

		if (strcmp(page->name, exchange->route.name) != 0)
			continue;
		snprintf(extra, sizeof(extra),
			 "etag: \"%s\"\ncache-control: no-cache\n", page->tag);
		if (lws_hdr_copy(exchange->wsi, seen, sizeof(seen),
				 WSI_TOKEN_HTTP_IF_NONE_MATCH) > 0 &&
		    strstr(seen, page->tag))
			return netra_web_answer(exchange, 304, page->type, "",
						0, NULL, extra);
		return netra_web_answer(exchange, 200, page->type, page->data,
					page->length, NULL, extra);
	}
	return netra_web_fail(exchange, 404, "there is nothing here");
}

static int answer_get(struct netra_web_exchange *exchange, bool known)
{
	struct netra_web *web = exchange->web;
	const struct netra_web_route *route = &exchange->route;
	char *text;

	if (route->place == NETRA_WEB_PAGE)
		return answer_page(exchange);
	if (route->place == NETRA_WEB_SESSION)
		return netra_web_answer_json(
			exchange, 200,
			netra_web_session_json(web, exchange->user, known), NULL);
	if (!known)
		return netra_web_fail(exchange, 401, "log in first");
	switch (route->place) {
	case NETRA_WEB_STATUS:
		return netra_web_answer_json(
			exchange, 200, netra_web_status(web, exchange->user), NULL);
	case NETRA_WEB_EVENTS:
		return netra_web_answer_json(
			exchange, 200, netra_web_events(web, exchange->user), NULL);
	case NETRA_WEB_METRICS:
		text = netra_web_metrics(web);
		if (!text)
			return -1;
		return netra_web_answer(exchange, 200,
					"text/plain; version=0.0.4; charset=utf-8",
					text, strlen(text), text,
					"cache-control: no-store\n");
	case NETRA_WEB_TIMELINE:
	case NETRA_WEB_RECORDINGS:
	case NETRA_WEB_MEDIA:
	case NETRA_WEB_EXPORT:
		if (route->place != NETRA_WEB_TIMELINE &&
		    !netra_web_may(web, exchange->user, route->board,
				   route->channel))
			return netra_web_fail(exchange, 403, "this user may not "
					      "see this channel");
		if (route->place != NETRA_WEB_TIMELINE ?
		    !web->options.store[route->board] :
		    !netra_web_records(web))
			return netra_web_fail(exchange, 404, "nothing is recorded "
					      "here: serve with --store");
		return netra_web_job(exchange);
	case NETRA_WEB_LOGIN:
	case NETRA_WEB_LOGOUT:
		return netra_web_fail(exchange, 405, "this wants POST");
	default:
		return netra_web_fail(exchange, 404, "there is nothing here");
	}
}

/* A body is read first; netra_web_post_complete() goes on. */
static int begin_post(struct netra_web_exchange *exchange)
{
	char text[64];
	uint64_t length;

	if (exchange->route.place != NETRA_WEB_LOGIN &&
	    exchange->route.place != NETRA_WEB_LOGOUT)
		return netra_web_fail(exchange, 405, "this wants GET");
	if (!netra_web_from_here(exchange->web, exchange->wsi))
		return netra_web_fail(exchange, 403, "asked by a page of "
				      "another site");
	if (lws_hdr_copy(exchange->wsi, text, sizeof(text),
			 WSI_TOKEN_HTTP_CONTENT_TYPE) <= 0 ||
	    strncmp(text, "application/json", 16) != 0)
		return netra_web_fail(exchange, 415,
				      "the body must be application/json");
	if (lws_hdr_copy(exchange->wsi, text, sizeof(text),
			 WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0 ||
	    !netra_web_number(text, UINT64_MAX, &length))
		return netra_web_fail(exchange, 411, "the body's length is "
				      "missing");
	if (!length || length > NETRA_WEB_BODY_MAX)
		return netra_web_fail(exchange, 413, "the body is empty or too "
				      "long");
	return 0;
}

static void begin_answer(struct netra_web_exchange *exchange)
{
	netra_web_connection_busy(exchange->wsi);
	netra_web_hangup_watch(exchange);
}

static int begin(struct netra_web_exchange *exchange, struct lws *wsi,
		 const char *path)
{
	struct netra_web *web = lws_context_user(lws_get_context(wsi));
	bool known;

	netra_web_answer_forget(exchange);
	memset(exchange, 0, sizeof(*exchange));
	exchange->wsi = wsi;
	exchange->web = web;
	exchange->head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	exchange->post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;
	web->requests++;
	if (web->closing)
		return -1;
	if (!exchange->post)
		begin_answer(exchange);
	if (!exchange->head && !exchange->post &&
	    !lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI))
		return netra_web_fail(exchange, 405, "GET, HEAD and POST are "
				      "all that is done here");
	if (lws_hdr_copy(wsi, exchange->range, sizeof(exchange->range),
			 WSI_TOKEN_HTTP_RANGE) < 0)
		exchange->range[0] = '\0';
	if (!netra_web_host_fine(web, wsi))
		return netra_web_fail(exchange, 421, "without users this is "
				      "served by address only, not by name");
	if (!netra_web_route(path, &exchange->route))
		return netra_web_fail(exchange, 404, "there is nothing here");
	if (exchange->post)
		return begin_post(exchange);
	known = netra_web_who(web, wsi, &exchange->user);
	return answer_get(exchange, known);
}

static int take_body(struct netra_web_exchange *exchange, const void *in,
		     size_t length)
{
	if (exchange->answered)
		return 0;
	if (length > NETRA_WEB_BODY_MAX - exchange->body_length)
		return -1;
	memcpy(exchange->body + exchange->body_length, in, length);
	exchange->body_length += length;
	return 0;
}

static int body_complete(struct netra_web_exchange *exchange)
{
	if (exchange->answered)
		return 0;
	begin_answer(exchange);
	return exchange->route.place == NETRA_WEB_LOGIN ?
	       netra_web_login(exchange) : netra_web_logout(exchange);
}

static int http(struct lws *wsi, enum lws_callback_reasons reason, void *user,
		void *in, size_t length)
{
	struct netra_web_exchange *exchange = user;
	struct netra_web *web;

	switch (reason) {
	case LWS_CALLBACK_WSI_CREATE:
	case LWS_CALLBACK_WSI_DESTROY:
		web = lws_context_user(lws_get_context(wsi));
		if (reason == LWS_CALLBACK_WSI_CREATE)
			web->connections++;
		else if (web->connections)
			web->connections--;
		if (reason == LWS_CALLBACK_WSI_DESTROY)
			netra_web_connection_gone(web, wsi);
		return 0;
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		web = lws_context_user(lws_get_context(wsi));
		return netra_web_connection_made(web, wsi);
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		/* Not for clients' certificates, but it is where the context is told. */
		web = lws_context_user(lws_get_context(wsi));
		netra_tls_follow(user, &web->options.tls);
		return 0;
	case LWS_CALLBACK_HTTP:
		return begin(exchange, wsi, in);
	case LWS_CALLBACK_HTTP_BODY:
		return take_body(exchange, in, length);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return body_complete(exchange);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return exchange && exchange->wsi ? netra_web_answer_go_on(exchange) : 0;
	case LWS_CALLBACK_CLOSED_HTTP:
		if (exchange)
			netra_web_answer_forget(exchange);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1;	/* a WebSocket without our protocol's name */
	default:
		return 0;
	}
}

const struct lws_protocols netra_web_protocols[] = {
	{ .name = "http", .callback = http,
	  .per_session_data_size = sizeof(struct netra_web_exchange),
	  .rx_buffer_size = NETRA_WEB_BODY_MAX },
	{ .name = NETRA_WEB_PROTOCOL, .callback = netra_web_socket,
	  .per_session_data_size = sizeof(struct netra_web_client),
	  .rx_buffer_size = 256 },
	{ .name = NULL },
};
