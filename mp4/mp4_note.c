/* SPDX-License-Identifier: BSD-2-Clause */
/* The note's bytes. Pure; what is read is untrusted. */
#include "mp4_note.h"

#include <string.h>

#include "lib/checksum.h"
#include "mp4_box.h"

#define MARK_BYTES	24u	/* size, type, extended type */
#define CRC_OFFSET	72u
#define MDAT_BYTES	8u

/* What each note begins with: nothing else in a file does. */
static const uint8_t mark[MARK_BYTES] = {
	0, 0, 0, NETRA_MP4_NOTE_BYTES, 'u', 'u', 'i', 'd',
	0xd3, 0xb9, 0xf2, 0xa6, 0x6e, 0x0f, 0x4d, 0x0c,
	0x9c, 0x53, 0x6e, 0x65, 0x74, 0x72, 0x61, 0x01
};

static int64_t possible(int64_t wall_ns)
{
	return wall_ns < 0 ? 0 :
	       wall_ns > NETRA_MP4_WALL_MAX_NS ? NETRA_MP4_WALL_MAX_NS : wall_ns;
}

void netra_mp4_note_write(const struct netra_mp4_note *note, uint8_t *box)
{
	struct netra_boxes b;

	netra_boxes_init(&b, box, NETRA_MP4_NOTE_BYTES);
	netra_box_bytes(&b, mark, sizeof(mark));
	netra_box_u32(&b, NETRA_MP4_NOTE_VERSION);
	netra_box_u32(&b, note->flags);
	netra_box_u32(&b, note->channel);
	netra_box_u32(&b, note->sequence);
	netra_box_u64(&b, note->position);
	netra_box_u64(&b, note->durable);
	netra_box_u64(&b, (uint64_t)possible(note->wall_ns));
	netra_box_u32(&b, note->lost);
	netra_box_u32(&b, note->payload_crc32c);
	netra_box_u32(&b, note->header_crc32c);
}

bool netra_mp4_note_read(struct netra_mp4_note *note, const uint8_t *box)
{
	if (memcmp(box, mark, sizeof(mark)) != 0 ||
	    netra_get_be32(box + 24) != NETRA_MP4_NOTE_VERSION)
		return false;
	note->flags = netra_get_be32(box + 28);
	note->channel = netra_get_be32(box + 32);
	note->sequence = netra_get_be32(box + 36);
	note->position = netra_get_be64(box + 40);
	note->durable = netra_get_be64(box + 48);
	note->wall_ns = (int64_t)netra_get_be64(box + 56);
	note->lost = netra_get_be32(box + 64);
	note->payload_crc32c = netra_get_be32(box + 68);
	note->header_crc32c = netra_get_be32(box + CRC_OFFSET);
	return note->wall_ns == possible(note->wall_ns);
}

uint32_t netra_mp4_note_checksum(const uint8_t *header, uint32_t length)
{
	static const uint8_t zero[4];
	uint32_t at = length - MDAT_BYTES - NETRA_MP4_NOTE_BYTES + CRC_OFFSET;
	uint32_t crc;

	crc = netra_checksum(0, header, at);
	crc = netra_checksum(crc, zero, sizeof(zero));
	return netra_checksum(crc, header + at + 4, length - at - 4);
}

void netra_mp4_note_seal(uint8_t *header, uint32_t length)
{
	netra_put_be32(header + length - MDAT_BYTES - NETRA_MP4_NOTE_BYTES +
		       CRC_OFFSET, netra_mp4_note_checksum(header, length));
}

int64_t netra_mp4_note_find(const uint8_t *data, uint64_t length, uint64_t from)
{
	if (length < NETRA_MP4_NOTE_BYTES)
		return -1;
	if (from > length - NETRA_MP4_NOTE_BYTES + 1)
		from = length - NETRA_MP4_NOTE_BYTES + 1;
	while (from--)
		if (data[from + 4] == 'u' &&
		    !memcmp(data + from, mark, sizeof(mark)))
			return (int64_t)from;
	return -1;
}
