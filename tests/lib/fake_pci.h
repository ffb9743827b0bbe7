/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board behind a transport of its own, in this process and on this thread:
 * registers, a BAR with the board block, windows, and the real producer. It
 * does nothing by itself: doorbells run the producer, tests do the rest. What
 * it is told to be (gone, reset, silent, hostile) it is at once.
 */
#ifndef FAKE_PCI_H
#define FAKE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "board/producer.h"
#include "core/registers.h"
#include "lib/transport.h"

#define FAKE_BAR2_BYTES (1u << 20)
#define FAKE_BLOCK_AT 0x3000u

struct fake_pci {
	struct transport transport;	/* first */
	uint8_t config[256];
	uint32_t reg[NETRA_BAR0_MIN_BYTES / 4];
	uint8_t *bar2;
	uint8_t *host;			/* the arena as the board reaches it */
	uint64_t iova, bytes;
	int irq_fd;
	struct netra_producer producer;
	uint32_t boot_count;
	uint32_t channels;
	bool mute;			/* doorbells ring in the void */
	bool gone;			/* all-ones */
	uint32_t command_status;	/* what sources answer */
	struct netra_command last_command;
	uint32_t bar_reads;		/* registers and board block */
	uint32_t bar_writes;
	uint32_t resets;
	uint32_t unmaps;
	bool window_hit;		/* a write left the arena */
	bool closed;
};

/** fake_pci_new() - A board whose firmware runs. The transport's close keeps it. */
struct fake_pci *fake_pci_new(uint32_t channels);
void fake_pci_free(struct fake_pci *pci);

/** fake_pci_put() - Send a frame of @length bytes that say @seed. */
enum netra_error fake_pci_put(struct fake_pci *pci, uint32_t channel,
			      uint32_t length, uint32_t flags, int64_t dts_90k,
			      uint8_t seed);

/** fake_pci_area() - The host area. */
struct netra_host_area *fake_pci_area(struct fake_pci *pci);

/** fake_pci_restart() - The agent starts anew. */
void fake_pci_restart(struct fake_pci *pci);

#endif
