/* SPDX-License-Identifier: BSD-2-Clause */
/* The web server's life: made, looked after, closed. */
#include "web.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web_internal.h"

#define CLIENTS_DEFAULT 256u
#define SESSIONS_SECONDS 10u
#define CLOSE_STEPS 1000u	/* of a millisecond */

void netra_web_users(struct netra_web *web, const struct netra_users *users)
{
	web->options.users = users;
	netra_web_socket_check(web);
}

void netra_web_tls(struct netra_web *web, SSL_CTX *tls)
{
	web->options.tls = tls;
}

/* ---- once a second ----------------------------------------------------------- */

static void each_second(uv_timer_t *timer)
{
	struct netra_web *web = timer->data;

	for (uint32_t i = 0; i < web->channels; i++) {
		struct netra_web_channel *c = &web->channel[i];

		c->frame_rate = (uint32_t)(c->frames - c->frames_before);
		c->bit_rate = (uint32_t)(c->bytes - c->bytes_before) * 8;
		c->frames_before = c->frames;
		c->bytes_before = c->bytes;
	}
	if (++web->seconds % SESSIONS_SECONDS == 0)
		netra_web_socket_check(web);
	if (web->paused && !web->closing)
		netra_web_listen_again(web);
	netra_web_disk_look(web);
}

/* ---- life ---------------------------------------------------------------------- */

static enum netra_error open_channel(struct netra_web *web,
				     const struct netra_feed *feed)
{
	struct netra_web_channel *c = &web->channel[web->channels];
	enum netra_error error;

	c->web = web;
	c->board = feed->board_index;
	c->channel = feed->channel;
	error = netra_live_init(&c->live, feed->channel, LWS_PRE);
	if (error)
		return error;
	web->channels++;
	return netra_web_read(c, feed->board);
}

static enum netra_error open_channels(struct netra_web *web)
{
	struct netra_hub *hub = web->options.hub;
	uint32_t count = 0;
	enum netra_error error;

	for (uint32_t b = 0; b < hub->boards; b++)
		count += hub->board[b].channels;
	web->channel = calloc(count ? count : 1, sizeof(*web->channel));
	if (!web->channel)
		return NETRA_ERR_NO_MEMORY;
	for (uint32_t b = 0; b < hub->boards; b++) {
		for (uint32_t i = 0; i < hub->board[b].channels; i++) {
			if (!hub->board[b].feed[i])
				continue;
			error = open_channel(web, hub->board[b].feed[i]);
			if (error)
				return error;
		}
	}
	return NETRA_OK;
}

static enum netra_error open_context(struct netra_web *web, char *why,
				     size_t why_bytes)
{
	static const lws_retry_bo_t idle = {
		.secs_since_valid_ping = 20, .secs_since_valid_hangup = 40,
	};
	const struct netra_web_options *o = &web->options;
	void *loops[] = { web->loop };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = netra_web_protocols,
		.options = LWS_SERVER_OPTION_LIBUV |
			   LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.foreign_loops = loops,
		.user = web,
		.pcontext = &web->context,
		.gid = -1, .uid = -1,
		.max_http_header_data = NETRA_WEB_HEAD_MAX,
		.max_http_header_pool2 = web->connections_max +
					 NETRA_WEB_LEAVING_MAX,
		.timeout_secs = 10,
		.keepalive_timeout = 30,
		.fd_limit_per_thread = web->connections_max +
				       NETRA_WEB_LEAVING_MAX + 16,
		.retry_and_idle_policy = &idle,
		.server_string = "netra",
		.alpn = "http/1.1",
	};

	lws_set_log_level(LLL_ERR, NULL);
	if (o->certificate)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	web->context = lws_create_context(&info);
	if (!web->context) {
		snprintf(why, why_bytes, "web: libwebsockets does not start: "
			 "install libwebsockets-evlib-uv");
		return NETRA_ERR_UNSUPPORTED;
	}
	info.ssl_cert_filepath = o->certificate;
	info.ssl_private_key_filepath = o->key;
	web->vhost = lws_create_vhost(web->context, &info);
	if (!web->vhost) {
		snprintf(why, why_bytes, "%s: not a certificate with its key: "
			 "name PEM files that belong together",
			 o->certificate ? o->certificate : "web");
		return NETRA_ERR_INVALID;
	}
	return NETRA_OK;
}

void netra_web_free(struct netra_web *web)
{
	if (!web->gone || web->jobs)
		return;

	for (uint32_t i = 0; i < web->channels; i++)
		netra_live_free(&web->channel[i].live);
	free(web->channel);
	free(web->frame);
	free(web);
}

enum netra_error netra_web_open(struct netra_web **result, uv_loop_t *loop,
				const struct netra_web_options *options,
				char *why, size_t why_bytes)
{
	struct netra_web *web = calloc(1, sizeof(*web));
	enum netra_error error = NETRA_ERR_NO_MEMORY;

	snprintf(why, why_bytes, "web: out of memory: close other programs");
	if (!web)
		return error;
	web->loop = loop;
	web->options = *options;
	web->connections_max = options->clients_max ? options->clients_max :
						      CLIENTS_DEFAULT;
	web->started_ms = netra_web_wall_ns() / 1000000;
	web->second = malloc(sizeof(*web->second));
	if (!web->second)
		goto err_free;
	error = open_channels(web);
	if (error) {
		snprintf(why, why_bytes, "web: %s", netra_error_name(error));
		goto err_readers;
	}
	error = open_context(web, why, why_bytes);
	if (error)
		goto err_context;
	uv_timer_init(loop, web->second);
	web->second->data = web;
	uv_timer_start(web->second, each_second, 1000, 1000);
	netra_web_note(web, "start", -1, -1, "serving began");
	*result = web;
	return NETRA_OK;

err_context:
	if (web->context)
		lws_context_destroy(web->context);
	for (unsigned int i = 0; web->context && i < CLOSE_STEPS; i++)
		uv_run(loop, UV_RUN_NOWAIT);
err_readers:
	for (uint32_t i = 0; web->channel && i < web->channels; i++)
		netra_reader_close(web->channel[i].reader);
	free(web->second);
err_free:
	web->gone = true;
	netra_web_free(web);
	return error;
}

uint32_t netra_web_end(struct netra_web *web)
{
	uint32_t left = 0;

	if (!web->closing)
		netra_web_socket_end(web, NULL);
	web->closing = true;
	for (uint32_t i = 0; i < web->channels; i++)
		left += web->channel[i].client_count;
	return left;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

void netra_web_close(struct netra_web *web)
{
	if (!web)
		return;
	web->closing = true;
	for (uint32_t i = 0; i < web->channels; i++) {
		netra_reader_close(web->channel[i].reader);
		web->channel[i].reader = NULL;
	}
	netra_web_stop_listening(web);
	uv_close((uv_handle_t *)web->second, free_handle);
	lws_context_destroy(web->context);
	/* It goes in steps, from the loop, and sets its pointer to NULL then. */
	for (unsigned int i = 0; web->context && i < CLOSE_STEPS; i++) {
		uv_run(web->loop, UV_RUN_NOWAIT);
		if (web->context)
			usleep(1000);
	}
	web->gone = true;
	netra_web_free(web);
}

void netra_web_get_stats(const struct netra_web *web,
			 struct netra_web_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->connections = web->connections;
	for (uint32_t i = 0; i < web->channels; i++) {
		stats->watching += web->channel[i].client_count;
		stats->sent_bytes += web->channel[i].sent_bytes;
		stats->skipped_frames += web->channel[i].skipped;
	}
}
