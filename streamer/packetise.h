/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an access unit to RTP packets (RFC 6184, packetization-mode 1): single
 * NAL units, STAP-A for small ones that are no slices, FU-A for large ones.
 * Each packet stands behind the four bytes that RTSP puts in front of it on TCP
 * (RFC 2326, 10.12), so that a unit's bytes can be sent as they lie. Pure but
 * for malloc(); one thread.
 */
#ifndef NETRA_STREAMER_PACKETISE_H
#define NETRA_STREAMER_PACKETISE_H

#include "sets.h"

#define NETRA_RTP_FRAME_BYTES 4u	/* '$', channel, length */
#define NETRA_RTP_HEADER_BYTES 12u
#define NETRA_RTP_PACKET_MAX 1400u	/* header and payload; fits tunnels, too */
#define NETRA_RTP_PAYLOAD_TYPE 96u
#define NETRA_RTP_CLOCK_HZ 90000u

/* One access unit as packets. */
struct netra_unit {
	struct netra_unit *next;	/* the log's */
	uint64_t number;		/* the log's: rises by one each */
	uint64_t arrived_ns;		/* the log's: CLOCK_MONOTONIC */
	uint32_t standing;		/* the log's: cursors that stand here */
	uint32_t packets;
	uint32_t bytes;			/* of all packets, framed */
	uint32_t time;			/* RTP time */
	uint16_t sequence;		/* of the first packet */
	bool key;			/* holds an IDR slice: decoding can begin here */
	uint8_t *data;
	uint32_t offset[];		/* of each packet's frame, and of the end */
};

struct netra_packetiser {
	uint32_t ssrc;
	uint32_t time_offset;
	uint16_t sequence;		/* of the next packet */
	struct netra_sets sets;
	uint64_t left_out;		/* NAL units that RFC 6184 cannot carry */
	struct netra_nal *nal;		/* of the unit under way */
	uint32_t nal_room;
};

/** netra_packetiser_init() - @random: where SSRC, sequence and times begin. */
void netra_packetiser_init(struct netra_packetiser *packetiser,
			   const uint32_t random[3]);
void netra_packetiser_free(struct netra_packetiser *packetiser);

/**
 * netra_packetise() - Make a unit of an Annex B access unit.
 * @pts_90k: Presentation time.
 *
 * A unit with an IDR slice but without parameter sets gets those in force.
 * Return: free() it; NULL if it holds nothing to send, or out of memory.
 */
struct netra_unit *netra_packetise(struct netra_packetiser *packetiser,
				   const uint8_t *data, size_t length,
				   int64_t pts_90k);

#endif
