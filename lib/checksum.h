/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_LIB_CHECKSUM_H
#define NETRA_LIB_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/** netra_checksum() - netra_crc32c(), by the processor where it can. */
uint32_t netra_checksum(uint32_t crc, const void *data, size_t length);

#endif
