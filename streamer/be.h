/* SPDX-License-Identifier: BSD-2-Clause */
/* Network byte order. */
#ifndef NETRA_STREAMER_BE_H
#define NETRA_STREAMER_BE_H

#include <stdint.h>

static inline void netra_put_be16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void netra_put_be32(uint8_t *to, uint32_t value)
{
	netra_put_be16(to, value >> 16);
	netra_put_be16(to + 2, value);
}

static inline uint32_t netra_get_be16(const uint8_t *from)
{
	return (uint32_t)from[0] << 8 | from[1];
}

static inline uint32_t netra_get_be32(const uint8_t *from)
{
	return netra_get_be16(from) << 16 | netra_get_be16(from + 2);
}

#endif
