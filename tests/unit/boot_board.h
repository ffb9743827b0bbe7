/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board for tests of the boot machine, made of its registers, on-chip RAM and
 * DDR, which boots as documented or dies at the stage it is told to. What the
 * machine writes where it must not fails the test.
 */
#ifndef BOOT_BOARD_H
#define BOOT_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/boot.h"
#include "core/protocol.h"

#define MS UINT64_C(1000000)

/* Where it dies. */
enum boot_death {
	NONE,
	GONE_AT_ONCE,		/* PID reads all-ones */
	STUCK_WINDOW,
	BAD_READ_BACK,
	ROM,			/* never clears the flag */
	GONE_IN_ROM,
	UBOOT,			/* clears it once, not twice */
	GONE_IN_UBOOT,
	SCRIPT,			/* no stage reported */
	REFUSE_SCRIPT,
	REFUSE_KERNEL,
	REFUSE_RAMDISK,
	KERNEL,			/* script runs, no kernel */
	AGENT,			/* kernel runs, no agent */
	GONE_IN_KERNEL,
	BLOCK_ASKEW,
	BLOCK_OUTSIDE,
	BLOCK_MAGIC,
	BLOCK_SIZE,
	BLOCK_VERSION,
};

struct boot_board {
	const struct netra_soc *soc;
	enum boot_death death;
	bool silent_uboot;	/* TI's: reports no stage */
	bool gone;
	uint32_t gpr[4];
	uint32_t command;
	uint32_t ib[4][4];	/* BAR, start low, start high, offset */
	uint8_t ocmc[256 << 10];
	uint8_t *ddr;
	uint64_t bar2_bytes;
	int flags_set;
	uint64_t act_ns;	/* when the next stage happens */
	int stage;
	uint32_t uploads;
	uint64_t now_ns;
	uint32_t actions;
};

/* Sizes of the images that it is booted from. */
extern uint32_t boot_board_images[NETRA_IMAGE_COUNT];

/** boot_board_new() - A cold one, a DM8168. */
struct boot_board *boot_board_new(enum boot_death death);
void boot_board_free(struct boot_board *b);

/** boot_board_config() - A machine's configuration that fits it. */
struct netra_boot_config boot_board_config(const struct boot_board *b);

/**
 * boot_board_run_config() - Boot it to the end, whose bound is the sum of all
 * timeouts.
 *
 * Return: whether it runs.
 */
bool boot_board_run_config(struct boot_board *b, struct netra_boot *boot,
			   const struct netra_boot_config *config,
			   bool attach_only);
bool boot_board_run(struct boot_board *b, struct netra_boot *boot);

/** boot_board_report() - A stage in GPR1. */
void boot_board_report(struct boot_board *b, enum netra_stage stage);

/** boot_board_agent_up() - Its firmware runs, with the board block in DDR. */
void boot_board_agent_up(struct boot_board *b);

/** boot_board_check_block() - The machine knows where that lies. */
void boot_board_check_block(struct boot_board *b, const struct netra_boot *boot);

#endif
