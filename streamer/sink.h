/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One receiver of a channel: a cursor, and where to send. TCP receivers belong to
 * their connection, which sends for them (rtsp_output.c); UDP receivers are
 * served together (sink_udp.c).
 */
#ifndef NETRA_STREAMER_SINK_H
#define NETRA_STREAMER_SINK_H

#include <netinet/in.h>
#include <sys/uio.h>

#include "feed.h"
#include "rtcp.h"

struct rtsp_connection;

struct netra_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

struct netra_sink {
	struct netra_sink *next;	/* of the feed */
	struct netra_feed *feed;	/* NULL: not playing */
	struct netra_log_cursor cursor;
	struct rtsp_connection *connection;	/* NULL: UDP */
	uint8_t interleaved[2];		/* TCP: RTP's and RTCP's */
	struct netra_address to[2];	/* UDP: likewise */
	struct netra_address from;	/* UDP: our address, port unused; family 0: any */
	int64_t budget_bytes;		/* UDP: may be sent at once */
	uint64_t budget_ns;		/* UDP: when that was so */
	bool one_by_one;		/* UDP: no segmentation on the way there */
	uint64_t report_ns;		/* last sender report; 0: none yet */
	bool goodbye;			/* said */
	uint32_t packets;
	uint32_t bytes;			/* of payload, as RTCP counts */
	uint64_t sent_bytes;
	uint64_t refused;		/* UDP packets that the system did not take */
	struct netra_rtcp_report heard;
};

/** netra_sink_play() - From the last key frame of @feed on. */
void netra_sink_play(struct netra_sink *sink, struct netra_feed *feed);

/** netra_sink_stop() - Not an error if it does not play. */
void netra_sink_stop(struct netra_sink *sink);

/** netra_sink_report() - Write a sender report. Return: its length. */
size_t netra_sink_report(struct netra_sink *sink, uint64_t now_ns, bool bye,
			 uint8_t to[NETRA_RTCP_MAX]);

/** netra_sink_passed() - @count packets from @first on of a unit were sent. */
void netra_sink_passed(struct netra_sink *sink, const struct netra_unit *unit,
		       uint32_t first, uint32_t count);

/** netra_sink_finished() - Has it sent all of a feed that has ended? */
bool netra_sink_finished(const struct netra_sink *sink);

#endif
