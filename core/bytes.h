/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Little-endian fields, the one range check, and single reads of memory that
 * another bus master may be writing.
 */
#ifndef NETRA_BYTES_H
#define NETRA_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define netra_le16(x) ((uint16_t)(x))
#define netra_le32(x) ((uint32_t)(x))
#define netra_le64(x) ((uint64_t)(x))
#else
#define netra_le16(x) __builtin_bswap16((uint16_t)(x))
#define netra_le32(x) __builtin_bswap32((uint32_t)(x))
#define netra_le64(x) __builtin_bswap64((uint64_t)(x))
#endif

/**
 * netra_range_ok() - Does [offset, offset + length) lie inside [0, size)?
 *
 * The only range check in the project: it cannot overflow.
 */
static inline bool netra_range_ok(uint64_t offset, uint64_t length,
				  uint64_t size)
{
	return length <= size && offset <= size - length;
}

/**
 * netra_read32() - Read a little-endian word of shared memory exactly once.
 *
 * The compiler can neither repeat nor tear the load, so a checked value is
 * the value used.
 */
static inline uint32_t netra_read32(const uint32_t *p)
{
	return netra_le32(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/** netra_write32() - Store a little-endian word of shared memory in one go. */
static inline void netra_write32(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, netra_le32(v), __ATOMIC_RELAXED);
}

/**
 * netra_read32_acquire() - As netra_read32(); later reads stay behind it.
 *
 * For an index: what it covers is read after it. Enough towards a device on
 * a machine whose DMA is coherent; an OS half on others adds its own barrier.
 */
static inline uint32_t netra_read32_acquire(const uint32_t *p)
{
	return netra_le32(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

/** netra_write32_release() - As netra_write32(); earlier stores stay before it. */
static inline void netra_write32_release(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, netra_le32(v), __ATOMIC_RELEASE);
}

/** netra_fence() - Full barrier: no store passes a later load (Peterson). */
static inline void netra_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
