/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtcp.h"

#include <string.h>

#include "be.h"

#define SR 200u
#define RR 201u
#define SDES 202u
#define BYE 203u
#define APP 207u	/* the last of those that RFC 3550 and 4585 know */
#define VERSION 0x80u
/* Seconds from 1900 to 1970. */
#define NTP_EPOCH UINT64_C(2208988800)

static const char name[] = "netra";

size_t netra_rtcp_write(uint8_t to[NETRA_RTCP_MAX],
			const struct netra_rtcp_sender *sender)
{
	uint64_t seconds = sender->wall_ns / 1000000000u;
	uint64_t part = (sender->wall_ns % 1000000000u << 32) / 1000000000u;
	uint8_t *at = to;

	at[0] = VERSION;
	at[1] = SR;
	netra_put_be16(at + 2, 6);
	netra_put_be32(at + 4, sender->ssrc);
	netra_put_be32(at + 8, (uint32_t)(seconds + NTP_EPOCH));
	netra_put_be32(at + 12, (uint32_t)part);
	netra_put_be32(at + 16, sender->time);
	netra_put_be32(at + 20, sender->packets);
	netra_put_be32(at + 24, sender->bytes);
	at += 28;
	/* One chunk: SSRC, CNAME, its end, padded to words. */
	memset(at, 0, 20);
	at[0] = VERSION | 1;
	at[1] = SDES;
	netra_put_be16(at + 2, 4);
	netra_put_be32(at + 4, sender->ssrc);
	at[8] = 1;
	at[9] = sizeof(name) - 1;
	memcpy(at + 10, name, sizeof(name) - 1);
	at += 20;
	if (sender->bye) {
		at[0] = VERSION | 1;
		at[1] = BYE;
		netra_put_be16(at + 2, 1);
		netra_put_be32(at + 4, sender->ssrc);
		at += 8;
	}
	return (size_t)(at - to);
}

/* The blocks of a report, from @from on. */
static void read_blocks(const uint8_t *packet, size_t from, size_t size,
			uint32_t ssrc, struct netra_rtcp_report *report)
{
	unsigned int count = packet[0] & 31;

	for (; count && size - from >= 24; count--, from += 24) {
		uint32_t lost;

		if (netra_get_be32(packet + from) != ssrc)
			continue;
		lost = netra_get_be32(packet + from + 4);
		report->has_loss = true;
		report->fraction_lost = (uint8_t)(lost >> 24);
		/* 24 bits, signed. */
		report->lost = (int32_t)(lost << 8) >> 8;
	}
}

bool netra_rtcp_read(const uint8_t *data, size_t size, uint32_t ssrc,
		     struct netra_rtcp_report *report)
{
	size_t at = 0;

	memset(report, 0, sizeof(*report));
	while (at < size) {
		const uint8_t *packet = data + at;
		size_t length;

		if (size - at < 4)
			return false;
		length = ((size_t)netra_get_be16(packet + 2) + 1) * 4;
		if (packet[0] >> 6 != 2 || packet[1] < SR || packet[1] > APP ||
		    length > size - at)
			return false;
		if (packet[1] == RR && length >= 8)
			read_blocks(packet, 8, length, ssrc, report);
		else if (packet[1] == SR && length >= 28)
			read_blocks(packet, 28, length, ssrc, report);
		report->bye |= packet[1] == BYE;
		at += length;
	}
	return at > 0;
}
