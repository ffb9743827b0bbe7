/* SPDX-License-Identifier: BSD-2-Clause */
/* The RTSP server. One thread, the loop's. */
#ifndef NETRA_STREAMER_RTSP_SERVER_H
#define NETRA_STREAMER_RTSP_SERVER_H

#include <netinet/in.h>

#include "hub.h"
#include "throttle.h"
#include "tls.h"
#include "users.h"

struct netra_rtsp_server;

struct netra_rtsp_options {
	uv_loop_t *loop;
	struct netra_hub *hub;
	const char *store[NETRA_STREAM_BOARDS_MAX];	/* of each board's recordings; NULL = none */
	uint32_t clients_max;		/* 0 = 256 */
	uint32_t session_s;		/* a silent session's life; 0 = 60 */
	uint16_t udp_port;		/* even; 0 = any */
	bool multicast;
	struct in_addr group;		/* channel N of board B gets group + 64 * B + N */
	uint16_t group_port;		/* even */
	bool has_interface;
	struct in_addr interface;	/* ours, from which multicast leaves */
	uint8_t ttl;
};

/**
 * netra_rtsp_open() - Return: NULL on failure; @why: "what: why".
 */
struct netra_rtsp_server *netra_rtsp_open(const struct netra_rtsp_options *options,
					  char *why, size_t size);

/**
 * netra_rtsp_users() - Who may see what; NULL: anybody everything.
 *
 * Taken by reference until the next call. Those who play and may no longer
 * are sent away.
 */
void netra_rtsp_users(struct netra_rtsp_server *server,
		      const struct netra_users *users);

/** netra_rtsp_tls() - For connections to come on TLS sockets. By reference. */
void netra_rtsp_tls(struct netra_rtsp_server *server, SSL_CTX *tls);

/**
 * netra_rtsp_listen() - Serve those who come to a listening socket.
 * @fd: Non-blocking; the server's from now on.
 */
int netra_rtsp_listen(struct netra_rtsp_server *server, int fd, bool tls);

/** netra_rtsp_news() - A feed has new frames, or has ended. */
void netra_rtsp_news(struct netra_rtsp_server *server, struct netra_feed *feed);

/**
 * netra_rtsp_end() - No more clients; a goodbye to those there are. They are
 * gone after a second at the latest; then @done is called.
 */
void netra_rtsp_end(struct netra_rtsp_server *server, void (*done)(void *),
		    void *context);

/** netra_rtsp_close() - Drops everybody. The loop must run once more; then … */
void netra_rtsp_close(struct netra_rtsp_server *server);

/** netra_rtsp_free() - … it can be freed. */
void netra_rtsp_free(struct netra_rtsp_server *server);

/** netra_rtsp_throttle() - Of wrong passwords; for other servers to share. */
struct netra_throttle *netra_rtsp_throttle(struct netra_rtsp_server *server);

struct netra_rtsp_stats {
	uint32_t connections;
	uint32_t playing[3];		/* UDP, TCP, multicast sessions */
	uint64_t accepted;
	uint64_t refused;		/* too many */
	uint64_t requests;
	uint64_t bad_requests;
	uint64_t wrong_passwords;
	uint64_t timeouts;
	uint64_t sent_bytes;		/* RTP */
	uint64_t dropped_frames;	/* skipped by clients that were slow */
	uint64_t refused_packets;	/* UDP, by the system */
};

void netra_rtsp_get_stats(const struct netra_rtsp_server *server,
			  struct netra_rtsp_stats *stats);

#endif
