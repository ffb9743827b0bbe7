/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP: two sockets (RTP and RTCP) per address family for all receivers, so that
 * one sendmmsg() serves many of them, and UDP segmentation many packets of
 * each. A full socket delays; the cursors know where to go on.
 */
#ifndef NETRA_STREAMER_SINK_UDP_H
#define NETRA_STREAMER_SINK_UDP_H

#include <uv.h>

#include "sink.h"

struct netra_udp_batch;

struct netra_udp {
	struct netra_udp_socket {
		struct netra_udp *udp;
		int fd;			/* -1: none */
		uv_poll_t poll;
		bool rtcp;
		bool full;		/* waits until it takes more */
	} socket[4];			/* RTP and RTCP, of IPv4 and IPv6 */
	uint16_t port[2];		/* RTP's; RTCP's is the next one */
	bool started;
	uv_timer_t pace;
	bool pacing;
	bool again;			/* a batch was undone in part */
	struct netra_udp_batch *batch;
	uint64_t calls;

	/* Set by the owner. */
	void *context;
	void (*heard)(void *context, const struct netra_address *from,
		      const uint8_t *data, size_t size);	/* RTCP */
	void (*ready)(void *context);	/* pump again whoever waits */
};

/**
 * netra_udp_open() - Open the sockets. @port: even; 0 = any.
 * Return: 0, or a negative error of libuv.
 */
int netra_udp_open(struct netra_udp *udp, uint16_t port);

/** netra_udp_start() - Go to work, when nothing can fail any more. */
void netra_udp_start(struct netra_udp *udp, uv_loop_t *loop);

/** netra_udp_close() - The loop must run once more if it was started. */
void netra_udp_close(struct netra_udp *udp);

/** netra_udp_port() - RTP port for a family; 0: this family is not there. */
uint16_t netra_udp_port(const struct netra_udp *udp, sa_family_t family);

/**
 * netra_udp_multicast() - How multicast packets leave.
 * @interface: our address on the interface; NULL: the system's choice.
 */
int netra_udp_multicast(struct netra_udp *udp, const struct in_addr *interface,
			uint8_t ttl);

/* Between the two files of this. */
struct netra_udp_batch *netra_udp_batch_new(void);
void netra_udp_wait(struct netra_udp_socket *s);

/** netra_udp_pump() - Send what is due to all UDP sinks of a feed. */
void netra_udp_pump(struct netra_udp *udp, struct netra_feed *feed);

/** netra_udp_report() - Send a sender report now. */
void netra_udp_report(struct netra_udp *udp, struct netra_sink *sink, bool bye);

#endif
