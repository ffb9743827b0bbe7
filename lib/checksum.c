/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32C of frames: an instruction on x86 since SSE 4.2, else core's tables.
 *
 * The instruction can begin each cycle and takes three, so three stretches
 * are summed at a time. A CRC is linear: that of the first, as it would be
 * after the zeros that stand for the second, and that of the second make the
 * CRC of both by an exclusive or.
 */
#include <stdbool.h>
#include <string.h>

#include "checksum.h"
#include "core/crc32c.h"

#ifdef __x86_64__
#define STRETCH ((size_t)1024)
#define USE_SSE42 __attribute__((target("sse4.2")))

/* after[k][n]: what the byte n, the CRC's k-th, is STRETCH zero bytes later. */
static uint32_t after[4][256];
static bool by_instruction;

USE_SSE42 static uint32_t zeros_later(uint32_t crc)
{
	for (size_t i = 0; i < STRETCH / 8; i++)
		crc = (uint32_t)__builtin_ia32_crc32di(crc, 0);
	return crc;
}

__attribute__((constructor)) static void prepare(void)
{
	__builtin_cpu_init();
	by_instruction = __builtin_cpu_supports("sse4.2");
	for (uint32_t k = 0; by_instruction && k < 4; k++) {
		for (uint32_t bit = 1; bit < 256; bit *= 2)
			after[k][bit] = zeros_later(bit << 8 * k);
		for (uint32_t n = 1; n < 256; n++)
			after[k][n] = after[k][n & (n - 1)] ^ after[k][n & -n];
	}
}

static uint32_t stretch_later(uint32_t crc)
{
	return after[0][crc & 0xff] ^ after[1][crc >> 8 & 0xff] ^
	       after[2][crc >> 16 & 0xff] ^ after[3][crc >> 24];
}

static uint64_t load64(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

USE_SSE42 static uint32_t three_stretches(uint32_t crc, const uint8_t *at)
{
	uint64_t a = crc, b = 0, c = 0;

	for (const uint8_t *end = at + STRETCH; at < end; at += 8) {
		a = __builtin_ia32_crc32di(a, load64(at));
		b = __builtin_ia32_crc32di(b, load64(at + STRETCH));
		c = __builtin_ia32_crc32di(c, load64(at + 2 * STRETCH));
	}
	return stretch_later(stretch_later((uint32_t)a) ^ (uint32_t)b) ^
	       (uint32_t)c;
}

USE_SSE42 static uint32_t sum(uint32_t before, const uint8_t *at, size_t length)
{
	uint64_t crc = ~before;

	for (; length >= 3 * STRETCH; at += 3 * STRETCH, length -= 3 * STRETCH)
		crc = three_stretches((uint32_t)crc, at);
	for (; length >= 8; at += 8, length -= 8)
		crc = __builtin_ia32_crc32di(crc, load64(at));
	for (; length; at++, length--)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *at);
	return ~(uint32_t)crc;
}

uint32_t netra_checksum(uint32_t crc, const void *data, size_t length)
{
	if (by_instruction)
		return sum(crc, data, length);
	return netra_crc32c(crc, data, length);
}
#else
uint32_t netra_checksum(uint32_t crc, const void *data, size_t length)
{
	return netra_crc32c(crc, data, length);
}
#endif
