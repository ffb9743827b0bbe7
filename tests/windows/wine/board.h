/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated board, by way of bridge.py: registers and configuration space by
 * request, BARs and memory as mapped files, interrupts as bytes of a socket.
 * Any thread.
 */
#ifndef NETRA_WINE_BOARD_H
#define NETRA_WINE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_BARS	6u
#define BOARD_CONFIG	7u		/* region of the configuration space */
/* Where memory is for the CPU, and for the board: never the same. */
#define BOARD_MEMORY	0x140000000ull
#define BOARD_BUS_OFFSET 0x2000000000ull
#define BOARD_MEMORY_MAX (512ull << 20)
#define BOARD_CHUNKS_MAX 64u

/** board_open() - Connect, map, and have @interrupt called for each MSI. */
bool board_open(void (*interrupt)(void *context), void *context);
void board_close(void);

uint64_t board_bar_bytes(unsigned int bar);
uint64_t board_bar_address(unsigned int bar);	/* as set up by board_enable() */
/** board_enable() - As firmware and Windows do: BARs, memory, bus mastering, MSI. */
void board_enable(void);

/* False: the board is gone; what is read is all ones. */
bool board_read(unsigned int region, uint64_t offset, void *data, size_t bytes);
bool board_write(unsigned int region, uint64_t offset, const void *data, size_t bytes);

/** board_io() - Where [address, +bytes) of a BAR is mapped; NULL = nowhere. */
void *board_io(uint64_t address, size_t bytes);

/** board_memory_take() - @bytes of memory, a power of two that it is aligned to. */
bool board_memory_take(size_t bytes, uint64_t *address);
void board_memory_give(uint64_t address, size_t bytes);
/** board_dma() - May the board reach it? */
bool board_dma(uint64_t address, size_t bytes, bool on);

/** board_section() - The handle of a section over all of it. */
void *board_section(void);

/* view.c */

/**
 * board_view() - Chunks of memory side by side.
 * @process: Id of the process whose view it is, read-only; 0 = ours.
 * @chunk_bytes: Of each; 64 KB at least.
 *
 * NULL also if the process ends meanwhile.
 */
void *board_view(unsigned long process, const uint64_t *address, size_t chunks,
		 size_t chunk_bytes);
void board_unview(unsigned long process, void *view, size_t chunks, size_t chunk_bytes);

#endif
