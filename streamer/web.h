/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The web server: a page with live pictures and recordings, and the HTTP and
 * WebSocket interface that it uses (docs/web-api.yaml). libwebsockets in the
 * caller's libuv loop; everything in that loop's thread, but for the reading
 * of the store, which is done by libuv's workers.
 */
#ifndef NETRA_STREAMER_WEB_H
#define NETRA_STREAMER_WEB_H

#include <uv.h>

#include "hub.h"
#include "throttle.h"
#include "tls.h"
#include "users.h"

struct netra_web;

struct netra_web_options {
	struct netra_hub *hub;		/* its feeds' channels are served */
	const char *const *board_name;	/* of each of its boards */
	const char *store[NETRA_STREAM_BOARDS_MAX];	/* of each board's recordings; NULL: none */
	const struct netra_users *users;/* NULL: everybody may see everything */
	struct netra_throttle *throttle;/* of wrong passwords; shared with RTSP */
	const char *certificate;	/* PEM files; NULL: no TLS */
	const char *key;
	SSL_CTX *tls;			/* of the same; see netra_web_tls() */
	uint32_t clients_max;		/* connections; 0 = 256 */
};

/**
 * netra_web_open() - Make the server; it listens nowhere yet.
 * @loop: The caller's; it must outlive the server.
 * @options: What it points to must, too.
 * @why: Receives "what: why: what to do" on failure.
 *
 * Opens a reader for each channel: call it before netra_channel_start().
 */
enum netra_error netra_web_open(struct netra_web **web, uv_loop_t *loop,
				const struct netra_web_options *options,
				char *why, size_t why_bytes);

/**
 * netra_web_listen() - Take connections from a listening socket.
 * @fd: The server's from now on, also on failure.
 */
enum netra_error netra_web_listen(struct netra_web *web, int fd);

/**
 * netra_web_users() - Who may see what from now on. By reference, until the next
 * call. Who watches and may no longer is sent away.
 */
void netra_web_users(struct netra_web *web, const struct netra_users *users);

/**
 * netra_web_tls() - A renewed certificate for connections to come. By reference,
 * until the next call. A server without TLS stays without.
 */
void netra_web_tls(struct netra_web *web, SSL_CTX *tls);

/** netra_web_pump() - Take a board's new frames; call it after each dispatch. */
void netra_web_pump(struct netra_web *web, uint32_t board, uint64_t now_ns);

/** netra_web_board_lost() - Close its readers; who watches keeps the last picture. */
void netra_web_board_lost(struct netra_web *web, uint32_t board);

/** netra_web_board_back() - The hub has it again: read on. */
void netra_web_board_back(struct netra_web *web, uint32_t board);

/** netra_web_event() - Show an event. @channel: -1: of the whole board. */
void netra_web_event(struct netra_web *web, uint32_t board, int channel,
		     const char *text);

/** netra_web_alarm() - Show what is wrong with a board's recordings; "": nothing. */
void netra_web_alarm(struct netra_web *web, uint32_t board, const char *text);

/**
 * netra_web_end() - No more clients; a goodbye to those there are.
 * Return: how many WebSockets are still there; the loop sends them home.
 */
uint32_t netra_web_end(struct netra_web *web);

/**
 * netra_web_close() - Drops everybody, closes its readers. Runs the loop itself
 * until libwebsockets has left it: not to be called from a callback. What is
 * still read from a disk ends when the loop runs on. NULL is allowed.
 */
void netra_web_close(struct netra_web *web);

struct netra_web_stats {
	uint32_t connections;
	uint32_t watching;		/* channels, by all browsers together */
	uint64_t sent_bytes;		/* live */
	uint64_t skipped_frames;	/* by those that were slow */
};

void netra_web_get_stats(const struct netra_web *web,
			 struct netra_web_stats *stats);

#endif
