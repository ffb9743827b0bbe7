/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of RFC 6184: from packets back to NAL units, strictly. */
#ifndef NETRA_TESTS_RTP_READ_H
#define NETRA_TESTS_RTP_READ_H

#include <stdbool.h>
#include <string.h>

#include "streamer/be.h"
#include "streamer/packetise.h"

struct rtp_reader {
	uint8_t *out;		/* each NAL unit behind a length of 4 bytes */
	size_t used, size;
	size_t open;		/* where the unit of a FU-A began; 0: none */
};

static inline bool rtp_append(struct rtp_reader *r, const void *data,
			      size_t size)
{
	if (size > r->size - r->used)
		return false;
	memcpy(r->out + r->used, data, size);
	r->used += size;
	return true;
}

static inline bool rtp_nal(struct rtp_reader *r, const uint8_t *data,
			   size_t size)
{
	uint8_t length[4];

	netra_put_be32(length, (uint32_t)size);
	return rtp_append(r, length, 4) && rtp_append(r, data, size);
}

/* One payload; false if it breaks the rules. */
static inline bool rtp_payload(struct rtp_reader *r, const uint8_t *p,
			       size_t size)
{
	uint8_t head[5];

	if (size < 1)
		return false;
	if ((p[0] & 31) == 24) {
		if (r->open)
			return false;
		for (p++, size--; size; ) {
			size_t length;

			if (size < 3)
				return false;
			length = netra_get_be16(p);
			if (!length || length > size - 2 ||
			    !rtp_nal(r, p + 2, length))
				return false;
			p += 2 + length;
			size -= 2 + length;
		}
		return true;
	}
	if ((p[0] & 31) != 28)
		return !r->open && (p[0] & 31) < 24 && rtp_nal(r, p, size);
	if (size < 3 || !(p[1] & 0x80) != !!r->open || (p[1] & 0xc0) == 0xc0)
		return false;
	if (p[1] & 0x80) {
		memset(head, 0, 4);
		head[4] = (uint8_t)((p[0] & 0xe0) | (p[1] & 0x1f));
		if (!rtp_append(r, head, 5))
			return false;
		r->open = r->used - 5 + 1;
	}
	if (!rtp_append(r, p + 2, size - 2))
		return false;
	if (p[1] & 0x40) {
		size_t at = r->open - 1;

		netra_put_be32(r->out + at, (uint32_t)(r->used - at - 4));
		r->open = 0;
	}
	return true;
}

/* All packets of a unit; false if any of them is not what it must be. */
static inline bool rtp_unit(struct rtp_reader *r, const struct netra_unit *unit,
			    uint32_t ssrc)
{
	for (uint32_t i = 0; i < unit->packets; i++) {
		const uint8_t *p = unit->data + unit->offset[i];
		uint32_t size = unit->offset[i + 1] - unit->offset[i];

		if (size < 16 || p[0] != '$' || p[1] != 0 ||
		    netra_get_be16(p + 2) != size - 4 ||
		    size - 4 > NETRA_RTP_PACKET_MAX)
			return false;
		p += 4;
		if (p[0] != 0x80 || (p[1] & 0x7f) != 96 ||
		    p[1] >> 7 != (i + 1 == unit->packets) ||
		    netra_get_be16(p + 2) !=
			    ((unit->sequence + i) & 0xffff) ||
		    netra_get_be32(p + 4) != unit->time ||
		    netra_get_be32(p + 8) != ssrc ||
		    !rtp_payload(r, p + 12, size - 16))
			return false;
	}
	return !r->open && unit->offset[unit->packets] == unit->bytes;
}

#endif
