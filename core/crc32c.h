/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC32C (Castagnoli, reflected 0x82f63b78), as iSCSI and ext4 use it. */
#ifndef NETRA_CRC32C_H
#define NETRA_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/**
 * netra_crc32c() - Extend a CRC32C.
 * @crc: 0 to begin, else the value returned for the bytes before.
 *
 * netra_crc32c(0, "123456789", 9) is 0xe3069283. Portable slicing-by-8;
 * callable anywhere.
 */
uint32_t netra_crc32c(uint32_t crc, const void *data, size_t length);

#endif
