/* SPDX-License-Identifier: BSD-2-Clause */
/* RTCP (RFC 3550, 6): what a sender says, and what it hears. Pure. */
#ifndef NETRA_STREAMER_RTCP_H
#define NETRA_STREAMER_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETRA_RTCP_MAX 128u

struct netra_rtcp_sender {
	uint32_t ssrc;
	uint64_t wall_ns;	/* since 1970, UTC */
	uint32_t time;		/* RTP time of that moment */
	uint32_t packets;
	uint32_t bytes;		/* of payload */
	bool bye;
};

/**
 * netra_rtcp_write() - Sender report, name, and goodbye if wanted.
 * Return: bytes written to @to.
 */
size_t netra_rtcp_write(uint8_t to[NETRA_RTCP_MAX],
			const struct netra_rtcp_sender *sender);

struct netra_rtcp_report {
	bool has_loss;		/* a block on @ssrc was in it */
	uint8_t fraction_lost;	/* of 256 */
	int32_t lost;		/* since the start */
	bool bye;
};

/**
 * netra_rtcp_read() - What a receiver reports on @ssrc.
 * Return: false if it is no RTCP.
 */
bool netra_rtcp_read(const uint8_t *data, size_t size, uint32_t ssrc,
		     struct netra_rtcp_report *report);

#endif
