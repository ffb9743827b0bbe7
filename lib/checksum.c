/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC32C of frames: an instruction on x86 since SSE 4.2, else core's tables. */
#include <stdbool.h>
#include <string.h>

#include "checksum.h"
#include "core/crc32c.h"

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t before, const uint8_t *at, size_t length)
{
	uint64_t crc = ~before;

	for (; length >= 8; at += 8, length -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		crc = __builtin_ia32_crc32di(crc, word);
	}
	for (; length; at++, length--)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *at);
	return ~(uint32_t)crc;
}

uint32_t netra_checksum(uint32_t crc, const void *data, size_t length)
{
	if (__builtin_cpu_supports("sse4.2"))
		return by_instruction(crc, data, length);
	return netra_crc32c(crc, data, length);
}
#else
uint32_t netra_checksum(uint32_t crc, const void *data, size_t length)
{
	return netra_crc32c(crc, data, length);
}
#endif
