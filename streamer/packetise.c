/* SPDX-License-Identifier: BSD-2-Clause */
#include "packetise.h"

#include <stdlib.h>
#include <string.h>

#include "be.h"

#define PAYLOAD_MAX (NETRA_RTP_PACKET_MAX - NETRA_RTP_HEADER_BYTES)
#define STAP_A 24u
#define FU_A 28u
#define FU_START 0x80u
#define FU_END 0x40u
#define MARKER 0x80u
/* An access unit has a few; 65536 of one byte each would still be bounded. */
#define NALS_MAX 65536u

/* Counts while unit is NULL, writes afterwards. */
struct writer {
	const struct netra_packetiser *packetiser;
	struct netra_unit *unit;
	uint32_t packets;
	uint32_t bytes;
};

void netra_packetiser_init(struct netra_packetiser *packetiser,
			   const uint32_t random[3])
{
	memset(packetiser, 0, sizeof(*packetiser));
	packetiser->ssrc = random[0];
	packetiser->sequence = (uint16_t)random[1];
	packetiser->time_offset = random[2];
}

void netra_packetiser_free(struct netra_packetiser *packetiser)
{
	free(packetiser->nal);
	packetiser->nal = NULL;
}

/* Begin a packet; returns where its payload goes, or NULL when counting. */
static uint8_t *begin_packet(struct writer *w, size_t payload)
{
	uint32_t at = w->bytes, number = w->packets++;
	uint32_t length = (uint32_t)payload + NETRA_RTP_HEADER_BYTES;
	uint8_t *to;

	w->bytes += NETRA_RTP_FRAME_BYTES + length;
	if (!w->unit)
		return NULL;
	w->unit->offset[number] = at;
	to = w->unit->data + at;
	to[0] = '$';
	to[1] = 0;
	netra_put_be16(to + 2, length);
	to += NETRA_RTP_FRAME_BYTES;
	to[0] = 2 << 6;
	to[1] = NETRA_RTP_PAYLOAD_TYPE;
	netra_put_be16(to + 2, w->unit->sequence + number);
	netra_put_be32(to + 4, w->unit->time);
	netra_put_be32(to + 8, w->packetiser->ssrc);
	return to + NETRA_RTP_HEADER_BYTES;
}

static void write_fragments(struct writer *w, const struct netra_nal *nal)
{
	const uint8_t *from = nal->data + 1;
	size_t left = nal->length - 1;

	for (uint8_t mark = FU_START; left; mark = 0) {
		size_t part = left < PAYLOAD_MAX - 2 ? left : PAYLOAD_MAX - 2;
		uint8_t *to = begin_packet(w, part + 2);

		if (to) {
			to[0] = (uint8_t)((nal->data[0] & 0xe0) | FU_A);
			to[1] = (uint8_t)(mark | (part == left ? FU_END : 0) |
					  nal->type);
			memcpy(to + 2, from, part);
		}
		from += part;
		left -= part;
	}
}

static void write_single(struct writer *w, const struct netra_nal *nal)
{
	uint8_t *to;

	if (nal->length > PAYLOAD_MAX) {
		write_fragments(w, nal);
		return;
	}
	to = begin_packet(w, nal->length);
	if (to)
		memcpy(to, nal->data, nal->length);
}

static void write_group(struct writer *w, const struct netra_nal *nal,
			uint32_t count, size_t payload)
{
	uint8_t *to, ref_idc = 0, forbidden = 0;

	if (count == 1) {
		write_single(w, nal);
		return;
	}
	to = begin_packet(w, payload);
	if (!to)
		return;
	for (uint32_t i = 0; i < count; i++) {
		forbidden |= nal[i].data[0] & 0x80;
		if (nal[i].ref_idc > ref_idc)
			ref_idc = nal[i].ref_idc;
	}
	*to++ = (uint8_t)(forbidden | (uint32_t)ref_idc << 5 | STAP_A);
	for (uint32_t i = 0; i < count; i++) {
		netra_put_be16(to, (uint32_t)nal[i].length);
		memcpy(to + 2, nal[i].data, nal[i].length);
		to += 2 + nal[i].length;
	}
}

static bool is_slice(const struct netra_nal *nal)
{
	return nal->type >= NETRA_NAL_SLICE && nal->type <= NETRA_NAL_IDR;
}

static void write_all(struct writer *w, const struct netra_nal *nal,
		      uint32_t count)
{
	uint32_t i = 0;

	while (i < count) {
		uint32_t first = i;
		size_t payload = 1;

		while (i < count && !is_slice(&nal[i]) &&
		       nal[i].length + 2 <= PAYLOAD_MAX - payload)
			payload += 2 + nal[i++].length;
		if (i > first)
			write_group(w, nal + first, i - first, payload);
		else
			write_single(w, &nal[i++]);
	}
}

static bool room_for_nals(struct netra_packetiser *p, uint32_t count)
{
	uint32_t room = p->nal_room ? p->nal_room : 64;
	struct netra_nal *more;

	if (count <= p->nal_room)
		return true;
	while (room < count)
		room *= 2;
	more = realloc(p->nal, room * sizeof(*more));
	if (!more)
		return false;
	p->nal = more;
	p->nal_room = room;
	return true;
}

/* What of the unit is sent, in p->nal; 0: nothing. */
static uint32_t find_nals(struct netra_packetiser *p, const uint8_t *data,
			  size_t length, bool *key)
{
	bool sps = false, pps = false;
	uint32_t count = 0, at, missing;
	size_t position = 0;
	struct netra_nal nal;

	*key = false;
	while (netra_nal_next(data, length, &position, &nal)) {
		/* The numbers that RFC 6184 gives a meaning of its own. */
		if (nal.type == 0 || nal.type >= STAP_A || count == NALS_MAX) {
			p->left_out++;
			continue;
		}
		sps |= nal.type == NETRA_NAL_SPS;
		pps |= nal.type == NETRA_NAL_PPS;
		*key |= nal.type == NETRA_NAL_IDR;
		if (nal.type == NETRA_NAL_SPS || nal.type == NETRA_NAL_PPS)
			netra_sets_add(&p->sets, &nal);
		if (!room_for_nals(p, count + 1))
			return 0;
		p->nal[count++] = nal;
	}
	if (!*key || (sps && pps))
		return count;
	missing = p->sets.count;
	if (!room_for_nals(p, count + missing))
		return 0;
	/* A delimiter stays the first. */
	at = p->nal[0].type == NETRA_NAL_DELIMITER;
	memmove(p->nal + at + missing, p->nal + at,
		(count - at) * sizeof(*p->nal));
	for (uint32_t i = 0; i < missing; i++)
		p->nal[at + i] = netra_sets_nal(&p->sets, i);
	return count + missing;
}

struct netra_unit *netra_packetise(struct netra_packetiser *packetiser,
				   const uint8_t *data, size_t length,
				   int64_t pts_90k)
{
	struct writer w = { .packetiser = packetiser };
	struct netra_unit *unit;
	size_t head;
	uint32_t count;
	bool key;

	count = find_nals(packetiser, data, length, &key);
	if (!count)
		return NULL;
	write_all(&w, packetiser->nal, count);
	head = sizeof(*unit) + (w.packets + 1) * sizeof(unit->offset[0]);
	unit = malloc(head + w.bytes);
	if (!unit)
		return NULL;
	memset(unit, 0, sizeof(*unit));
	unit->data = (uint8_t *)unit + head;
	unit->packets = w.packets;
	unit->bytes = w.bytes;
	unit->key = key;
	unit->sequence = packetiser->sequence;
	unit->time = (uint32_t)pts_90k + packetiser->time_offset;
	unit->offset[w.packets] = w.bytes;
	w = (struct writer){ .packetiser = packetiser, .unit = unit };
	write_all(&w, packetiser->nal, count);
	unit->data[unit->offset[unit->packets - 1] +
		   NETRA_RTP_FRAME_BYTES + 1] |= MARKER;
	packetiser->sequence = (uint16_t)(packetiser->sequence + w.packets);
	return unit;
}
