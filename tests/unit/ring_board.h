/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of the ring consumer: a ring in memory, and a board that fills it. */
#ifndef RING_BOARD_H
#define RING_BOARD_H

#include <stdint.h>

#include "core/ring.h"

#define LOG2 4u
#define ENTRIES (1u << LOG2)
#define DATA_OFFSET 0x8000u
#define DATA_SIZE 0x4000u

struct ring_board {
	struct netra_record records[ENTRIES];
	struct netra_ring_frame frames[ENTRIES];
	struct netra_ring ring;
	uint32_t head;
	uint32_t at;		/* next free byte of the data region */
	uint64_t sequence;
	int64_t dts;
};

/** ring_board_start() - An empty ring, at position 0 or another one. */
void ring_board_start(struct ring_board *b);
void ring_board_start_at(struct ring_board *b, uint32_t position);

/**
 * ring_board_put() - Write the next record as the protocol has it.
 *
 * The head is not told yet.
 */
struct netra_record *ring_board_put(struct ring_board *b, uint32_t length,
				    uint32_t flags, uint32_t lost);

/** ring_board_seal() - A good checksum for a record that was changed. */
void ring_board_seal(struct netra_record *r);

/** ring_board_look() - Tell the head; returns how many frames were found. */
uint32_t ring_board_look(struct ring_board *b);

#endif
