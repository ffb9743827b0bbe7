/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "core/crc32c.h"
#include "ring_board.h"

void ring_board_start_at(struct ring_board *b, uint32_t position)
{
	static const struct netra_channel_layout layout = {
		.records_offset = 0x4000,
		.records_log2 = LOG2,
		.data_offset = DATA_OFFSET,
		.data_size = DATA_SIZE,
	};

	memset(b, 0, sizeof(*b));
	netra_ring_init(&b->ring, &layout, b->records, b->frames);
	b->ring.head = position;
	b->ring.tail = position;
	b->head = position;
}

void ring_board_start(struct ring_board *b)
{
	ring_board_start_at(b, 0);
}

static struct netra_record *record_at(struct ring_board *b, uint32_t position)
{
	return &b->records[position % ENTRIES];
}

void ring_board_seal(struct netra_record *r)
{
	r->record_crc32c = netra_crc32c(0, r, offsetof(struct netra_record,
						       record_crc32c));
}

struct netra_record *ring_board_put(struct ring_board *b, uint32_t length,
				uint32_t flags, uint32_t lost)
{
	struct netra_record *r = record_at(b, b->head);
	uint32_t span = (length + 63) & ~63u;

	if (b->at + span > DATA_SIZE)
		b->at = 0;
	b->sequence += lost;
	b->dts += 3000;
	memset(r, 0, sizeof(*r));
	r->sequence = b->sequence++;
	r->board_time_ns = 1000 + r->sequence;
	r->dts_90k = b->dts;
	r->pts_90k = b->dts + 6000;
	r->offset = DATA_OFFSET + b->at;
	r->length = length;
	r->flags = flags;
	r->lost = lost;
	r->duration_90k = 3000;
	r->data_crc32c = 0xabcd;
	r->position = b->head++;
	ring_board_seal(r);
	b->at = (b->at + span) % DATA_SIZE;
	return r;
}

uint32_t ring_board_look(struct ring_board *b)
{
	return netra_ring_advance(&b->ring, b->head);
}
