/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the producer share; nobody else includes this. */
#ifndef NETRA_PRODUCER_INTERNAL_H
#define NETRA_PRODUCER_INTERNAL_H

#include "core/bytes.h"
#include "core/crc32c.h"
#include "producer.h"

#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull

/* Arena offset of a field of the host area. */
#define HOST_AREA(field) \
	((uint32_t)__builtin_offsetof(struct netra_host_area, field))

/* Arena offset of an element of one of the host area's arrays. */
#define HOST_AREA_AT(array, index) \
	(HOST_AREA(array) + (uint32_t)(index) * \
	 (uint32_t)sizeof(((struct netra_host_area *)0)->array[0]))

/* producer.c */

/* Write to the arena in pieces that end where windows end; counts faults. */
enum netra_error netra_producer_write(struct netra_producer *producer,
				      uint32_t offset, const void *data,
				      uint32_t length);
enum netra_error netra_producer_write_word(struct netra_producer *producer,
					   uint32_t offset, uint32_t value);

/* A host_read or host_write was refused: count it, tell the host once. */
void netra_producer_transfer_fault(struct netra_producer *producer);

/* Send an MSI, or remember to when the hold-off ends. */
void netra_producer_interrupt(struct netra_producer *producer);

/* Status lines, then the firmware status, its heartbeat word last. */
void netra_producer_heartbeat(struct netra_producer *producer);

/** netra_producer_channel_status() - Tell the host how a channel stands. */
void netra_producer_channel_status(struct netra_producer *producer,
				   uint32_t channel);

/* producer_attach.c */
void netra_producer_check_attach(struct netra_producer *producer);

/* producer_ring.c */
void netra_producer_ring_reset(struct netra_producer_channel *channel);
enum netra_error netra_producer_ring_resync(struct netra_producer *producer,
					    uint32_t channel);

/* producer_command.c */
void netra_producer_commands(struct netra_producer *producer);

/* producer_lock.c */
enum netra_error netra_producer_lock(struct netra_producer *producer,
				     uint32_t channel);
enum netra_error netra_producer_unlock(struct netra_producer *producer,
				       uint32_t channel);

/* Copy words another master may be writing, each read once, byte order kept. */
static inline void netra_producer_copy(uint32_t *to, const uint32_t *from,
				       uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

#endif
