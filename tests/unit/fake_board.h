/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A producer on plain memory: registers, windows that lie scattered in "host
 * memory", a clock that stands still unless moved, and a record of everything
 * the producer does on the bus. Writes that hardware would misplace fail the
 * test: across a window's end, through a disabled window, outside memory.
 */
#ifndef FAKE_BOARD_H
#define FAKE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "board/producer.h"
#include "core/registers.h"

#define FAKE_WINDOW_LOG2 20u
#define FAKE_WINDOW_BYTES (1u << FAKE_WINDOW_LOG2)
#define FAKE_WINDOWS_MAX 4u
#define FAKE_CHANNELS 4u

struct fake_board {
	struct netra_producer producer;
	struct netra_board_block block;
	struct netra_producer_hooks hooks;
	uint32_t ob_size;
	uint32_t ob_index[NETRA_OB_WINDOWS];
	/* Windows in the order of their addresses, not of their numbers. */
	uint8_t *memory;
	uint64_t now_ns;
	uint64_t writes, reads, fences, interrupts;
	uint64_t fences_at_write;	/* fences when the last write was made */
	bool refuse_writes;		/* as an IOMMU would */
	struct netra_command last_command;
	uint32_t commands;
	uint32_t stops;			/* STOP by the producer itself */
	uint32_t command_status;	/* what the sources answer */
	/* Called before every bus access; for interleaving a host. */
	void (*on_access)(struct fake_board *board, bool write,
			  uint32_t arena_offset, uint32_t length);
	void *test;
};

/** fake_board_new() - A board that is up, with no host. */
struct fake_board *fake_board_new(void);
void fake_board_free(struct fake_board *board);

/** fake_plan() - Program windows and fill in an attach block, valid as it is. */
void fake_plan(struct fake_board *board, uint32_t windows,
	       enum netra_sync_mode mode, struct netra_attach *attach);

/** fake_attach() - Write the block, poll; returns the board's answer. */
uint32_t fake_attach(struct fake_board *board, struct netra_attach *attach,
		     uint32_t generation);

/** fake_arena() - Host memory behind an arena offset. */
void *fake_arena(struct fake_board *board, uint32_t offset);

/** fake_area() - The host area. */
struct netra_host_area *fake_area(struct fake_board *board);

/** fake_command() - Post a command and poll; returns its reply. */
struct netra_reply fake_command(struct fake_board *board, uint32_t opcode,
				uint32_t channel, uint32_t arg0);

/** fake_unit() - An access unit of @length bytes out of a pattern. */
struct netra_access_unit fake_unit(uint32_t seed, uint32_t length, bool key,
				   int64_t dts);

#endif
