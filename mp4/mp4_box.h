/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boxes of ISO/IEC 14496-12, written big-endian into memory of a fixed size.
 * What does not fit is not written; `overflow` remembers.
 */
#ifndef NETRA_MP4_BOX_H
#define NETRA_MP4_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netra_boxes {
	uint8_t *data;
	size_t size;
	size_t length;		/* written so far */
	bool overflow;
};

/** netra_boxes_init() - Begin to write into @data. */
void netra_boxes_init(struct netra_boxes *boxes, void *data, size_t size);

void netra_box_u8(struct netra_boxes *boxes, uint8_t value);
void netra_box_u16(struct netra_boxes *boxes, uint16_t value);
void netra_box_u32(struct netra_boxes *boxes, uint32_t value);
void netra_box_u64(struct netra_boxes *boxes, uint64_t value);
void netra_box_bytes(struct netra_boxes *boxes, const void *data, size_t length);
void netra_box_zeros(struct netra_boxes *boxes, size_t count);

/**
 * netra_box_begin() - Open a box; boxes nest.
 * @type: Four characters.
 * Return: what netra_box_end() wants to close it.
 */
size_t netra_box_begin(struct netra_boxes *boxes, const char type[4]);

/** netra_box_begin_full() - Open a box with version and flags (24 bits). */
size_t netra_box_begin_full(struct netra_boxes *boxes, const char type[4],
			    uint8_t version, uint32_t flags);

/** netra_box_end() - Close a box: its size is now known. */
void netra_box_end(struct netra_boxes *boxes, size_t begin);

/** netra_put_be32() - Store four bytes, big-endian, anywhere. */
static inline void netra_put_be32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

static inline uint32_t netra_get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t netra_get_be64(const uint8_t *p)
{
	return (uint64_t)netra_get_be32(p) << 32 | netra_get_be32(p + 4);
}

#endif
