/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32C, slicing-by-8: eight bytes a step through eight tables. Constant
 * data only; any context may call.
 *
 * A CRC is linear: the table entry of a byte is the exclusive or of the
 * entries of its bits. So the preprocessor builds all 2048 entries from the
 * 64 that stand for one bit each. Bit i of the byte that is followed by k
 * more has x^(32 + 8k + 7 - i) modulo the polynomial, bits reflected; each
 * number below is its right neighbour shifted by one bit, reduced.
 */
#include "bytes.h"
#include "crc32c.h"

#define BITS0 \
	0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, \
	0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u
#define BITS1 \
	0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, \
	0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u
#define BITS2 \
	0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, \
	0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u
#define BITS3 \
	0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, \
	0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu
#define BITS4 \
	0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, \
	0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu
#define BITS5 \
	0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, \
	0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u
#define BITS6 \
	0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, \
	0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u
#define BITS7 \
	0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, \
	0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u

#define BIT(n, i, b) (((n) >> (i) & 1u) ? (b) : 0u)
#define ENTRY(n, b0, b1, b2, b3, b4, b5, b6, b7) \
	(BIT(n, 0, b0) ^ BIT(n, 1, b1) ^ BIT(n, 2, b2) ^ BIT(n, 3, b3) ^ \
	 BIT(n, 4, b4) ^ BIT(n, 5, b5) ^ BIT(n, 6, b6) ^ BIT(n, 7, b7))
/* The bits' list must become eight arguments before ENTRY takes it. */
#define EXPAND(macro, ...) macro(__VA_ARGS__)
#define ROW1(n, ...) EXPAND(ENTRY, n, __VA_ARGS__)
#define ROW4(n, ...) \
	ROW1((n), __VA_ARGS__), ROW1((n) + 1u, __VA_ARGS__), \
	ROW1((n) + 2u, __VA_ARGS__), ROW1((n) + 3u, __VA_ARGS__)
#define ROW16(n, ...) \
	ROW4((n), __VA_ARGS__), ROW4((n) + 4u, __VA_ARGS__), \
	ROW4((n) + 8u, __VA_ARGS__), ROW4((n) + 12u, __VA_ARGS__)
#define ROW64(n, ...) \
	ROW16((n), __VA_ARGS__), ROW16((n) + 16u, __VA_ARGS__), \
	ROW16((n) + 32u, __VA_ARGS__), ROW16((n) + 48u, __VA_ARGS__)
#define TABLE(...) { \
	ROW64(0u, __VA_ARGS__), ROW64(64u, __VA_ARGS__), \
	ROW64(128u, __VA_ARGS__), ROW64(192u, __VA_ARGS__) }

/* table[k]: CRC of a byte followed by k zero bytes, begun at zero. */
static const uint32_t table[8][256] = {
	TABLE(BITS0), TABLE(BITS1), TABLE(BITS2), TABLE(BITS3),
	TABLE(BITS4), TABLE(BITS5), TABLE(BITS6), TABLE(BITS7),
};

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return netra_le32(v);
}

uint32_t netra_crc32c(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; length >= 8; length -= 8, p += 8) {
		uint32_t lo = load32(p) ^ crc;
		uint32_t hi = load32(p + 4);

		crc = table[7][lo & 0xff] ^ table[6][lo >> 8 & 0xff] ^
		      table[5][lo >> 16 & 0xff] ^ table[4][lo >> 24] ^
		      table[3][hi & 0xff] ^ table[2][hi >> 8 & 0xff] ^
		      table[1][hi >> 16 & 0xff] ^ table[0][hi >> 24];
	}
	for (; length; length--, p++)
		crc = table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
	return ~crc;
}
