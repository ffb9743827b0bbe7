/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Booting the board over PCIe, as a state machine: inbound windows, stage 1
 * into on-chip RAM, boot flag, images into DDR, boot flag, agent. Each wait
 * has a bound and each failure a class. Source: ti81xx_pcie_bootdrv.c.
 */
#ifndef NETRA_BOOT_H
#define NETRA_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "action.h"
#include "registers.h"

/* Where a boot ended, for people and for the watchdog. */
enum netra_boot_failure {
	NETRA_BOOT_OK = 0,
	NETRA_BOOT_GONE,		/* all-ones: not on the bus, or reset itself */
	NETRA_BOOT_BAR_TOO_SMALL,
	NETRA_BOOT_IMAGE_TOO_BIG,
	NETRA_BOOT_IMAGE_MISSING,
	NETRA_BOOT_INBOUND_STUCK,	/* an inbound window register does not hold its value */
	NETRA_BOOT_UPLOAD_MISMATCH,	/* read-back of an upload differs */
	NETRA_BOOT_ROM_SILENT,		/* boot ROM never consumed the boot flag */
	NETRA_BOOT_UBOOT_SILENT,	/* U-Boot started, never took the images */
	NETRA_BOOT_SCRIPT_REFUSED,
	NETRA_BOOT_KERNEL_REFUSED,
	NETRA_BOOT_RAMDISK_REFUSED,
	NETRA_BOOT_SCRIPT_SILENT,	/* the boot script never reported */
	NETRA_BOOT_KERNEL_SILENT,	/* kernel started, agent never came up */
	NETRA_BOOT_NOT_RUNNING,		/* attach_only, and no firmware runs */
	NETRA_BOOT_AGENT_BAD,		/* the agent's block has wrong magic, size or version */
	NETRA_BOOT_FAILURE_COUNT
};

struct netra_boot_config {
	const struct netra_soc *soc;
	uint64_t bar_bytes[6];		/* 0 = BAR absent */
	uint64_t bar_address[6];	/* bus address in the BAR register */
	uint32_t image_bytes[NETRA_IMAGE_COUNT];	/* 0 = not given */
	uint32_t chunk_bytes;		/* largest upload at once; 0 = 64 KB */
	/* Bounds in ms; 0 = default (5000, 10000, 5000, 30000). */
	uint32_t rom_timeout_ms;
	uint32_t uboot_timeout_ms;
	uint32_t script_timeout_ms;
	uint32_t agent_timeout_ms;
};

struct netra_boot_progress {
	enum netra_image image;		/* being uploaded, or last uploaded */
	uint32_t done_bytes;
	uint32_t total_bytes;
	const char *waiting_for;	/* static text, or NULL while uploading */
};

struct netra_boot {
	struct netra_boot_config config;
	unsigned int state;		/* private from here on */
	unsigned int after;		/* where a wait leads back to */
	unsigned int then;		/* where a window's move leads to */
	enum netra_boot_failure failure;
	enum netra_image image;
	uint32_t image_done;
	uint32_t stage;
	uint32_t window_bar;
	uint32_t window_base;
	uint32_t block_address;
	unsigned int step;
	uint64_t deadline_ns;
	bool attach_only;
	bool uboot_runs;		/* it was found waiting: no stage 1 */
	bool running;			/* board was found running; nothing uploaded */
};

/**
 * netra_boot_init() - Prepare a boot.
 * @attach_only: Do not upload; succeed only if the firmware already runs.
 *
 * Without @attach_only a board whose firmware already runs is left running:
 * use a reset first to force a fresh boot.
 */
void netra_boot_init(struct netra_boot *boot,
		     const struct netra_boot_config *config, bool attach_only);

/**
 * netra_boot_next() - What to do next.
 * @result: Value of the action before (0 at first, and for writes and waits).
 *
 * Call until the action is NETRA_ACT_DONE or NETRA_ACT_FAILED; after that it
 * repeats the same answer. Not reentrant for one @boot; never blocks.
 */
void netra_boot_next(struct netra_boot *boot, uint64_t now_ns, uint32_t result,
		     struct netra_action *action);

/** netra_boot_failure() - Class of a failed boot; NETRA_BOOT_OK otherwise. */
enum netra_boot_failure netra_boot_failure(const struct netra_boot *boot);

/** netra_boot_failure_text() - "what: why: what to do" parts; never NULL. */
const char *netra_boot_failure_text(enum netra_boot_failure failure);

/** netra_boot_block() - BAR and offset of the board block after success. */
void netra_boot_block(const struct netra_boot *boot, uint32_t *bar,
		      uint32_t *offset);

/** netra_boot_was_running() - True if the firmware was found running. */
bool netra_boot_was_running(const struct netra_boot *boot);

/** netra_boot_progress() - For a progress bar; valid between calls of next. */
void netra_boot_progress(const struct netra_boot *boot,
			 struct netra_boot_progress *progress);

/** netra_image_name() - "U-Boot", "boot script", "kernel", "file system". */
const char *netra_image_name(enum netra_image image);

#endif
