/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bit reader over the payload of a NAL unit (7.2, 9.1). Emulation prevention
 * bytes are taken out while reading, so nothing is copied. Reading past the
 * end gives zeros and sets @overrun; nothing else can go wrong.
 */
#ifndef NETRA_H264_BITS_H
#define NETRA_H264_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bits {
	const uint8_t *next;
	const uint8_t *end;
	uint32_t zeros;		/* zero bytes in a row just before next */
	uint32_t left;		/* bits of byte not read yet */
	uint8_t byte;
	bool overrun;
};

static inline void bits_init(struct bits *b, const uint8_t *data, size_t length)
{
	*b = (struct bits){ .next = data, .end = data + length };
}

static inline uint32_t bits_1(struct bits *b)
{
	if (!b->left) {
		if (b->zeros >= 2 && b->next < b->end && *b->next == 3) {
			b->next++;
			b->zeros = 0;
		}
		if (b->next >= b->end) {
			b->overrun = true;
			return 0;
		}
		b->byte = *b->next++;
		b->zeros = b->byte ? 0 : b->zeros + 1;
		b->left = 8;
	}
	b->left--;
	return (uint32_t)(b->byte >> b->left) & 1;
}

static inline bool bits_flag(struct bits *b)
{
	return bits_1(b) != 0;
}

/* u(n), n <= 32 */
static inline uint32_t bits_u(struct bits *b, uint32_t n)
{
	uint32_t value = 0;

	while (n--)
		value = value << 1 | bits_1(b);
	return value;
}

/* ue(v), at most 2^32 - 2; a longer code counts as an overrun */
static inline uint32_t bits_ue(struct bits *b)
{
	uint32_t zeros = 0;

	while (!bits_1(b)) {
		if (b->overrun || ++zeros > 31) {
			b->overrun = true;
			return 0;
		}
	}
	return (uint32_t)((1ull << zeros) - 1) + bits_u(b, zeros);
}

/* se(v) */
static inline int32_t bits_se(struct bits *b)
{
	uint32_t code = bits_ue(b);
	int32_t half = (int32_t)(code / 2 + code % 2);

	return code % 2 ? half : -half;
}

#endif
