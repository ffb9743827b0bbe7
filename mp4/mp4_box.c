/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The box writer: sizes are filled in when a box ends, and nothing is ever
 * written behind the end of the caller's memory.
 */
#include "mp4_box.h"

#include <string.h>

void netra_boxes_init(struct netra_boxes *boxes, void *data, size_t size)
{
	boxes->data = data;
	boxes->size = size;
	boxes->length = 0;
	boxes->overflow = false;
}

/* Room for @count more bytes, or NULL. Once full, for ever full. */
static uint8_t *extend(struct netra_boxes *boxes, size_t count)
{
	uint8_t *p;

	if (boxes->overflow || count > boxes->size - boxes->length) {
		boxes->overflow = true;
		return NULL;
	}
	p = boxes->data + boxes->length;
	boxes->length += count;
	return p;
}

void netra_box_u8(struct netra_boxes *boxes, uint8_t value)
{
	netra_box_bytes(boxes, &value, 1);
}

void netra_box_u16(struct netra_boxes *boxes, uint16_t value)
{
	uint8_t *p = extend(boxes, 2);

	if (!p)
		return;
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

void netra_box_u32(struct netra_boxes *boxes, uint32_t value)
{
	uint8_t *p = extend(boxes, 4);

	if (p)
		netra_put_be32(p, value);
}

void netra_box_u64(struct netra_boxes *boxes, uint64_t value)
{
	netra_box_u32(boxes, (uint32_t)(value >> 32));
	netra_box_u32(boxes, (uint32_t)value);
}

void netra_box_bytes(struct netra_boxes *boxes, const void *data, size_t length)
{
	uint8_t *p = extend(boxes, length);

	if (p && length)
		memcpy(p, data, length);
}

void netra_box_zeros(struct netra_boxes *boxes, size_t count)
{
	uint8_t *p = extend(boxes, count);

	if (p && count)
		memset(p, 0, count);
}

size_t netra_box_begin(struct netra_boxes *boxes, const char type[4])
{
	size_t begin = boxes->length;

	netra_box_u32(boxes, 0);
	netra_box_bytes(boxes, type, 4);
	return begin;
}

size_t netra_box_begin_full(struct netra_boxes *boxes, const char type[4],
			    uint8_t version, uint32_t flags)
{
	size_t begin = netra_box_begin(boxes, type);

	netra_box_u32(boxes, (uint32_t)version << 24 | (flags & 0xffffff));
	return begin;
}

void netra_box_end(struct netra_boxes *boxes, size_t begin)
{
	if (!boxes->overflow)
		netra_put_be32(boxes->data + begin,
			       (uint32_t)(boxes->length - begin));
}
