/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the boot machine's parts: boot.c decides where to go, with
 * boot_check.c saying whether it can be begun, boot_action.c what a state asks
 * for and boot_text.c what it is called.
 */
#ifndef NETRA_BOOT_INTERNAL_H
#define NETRA_BOOT_INTERNAL_H

#include "boot.h"

enum netra_boot_state {
	START,
	PID,
	STAGE_NOW,		/* what runs already? */
	BOOT_MODE,
	CLEAR_STAGE,		/* an old refusal must not pass for a new one */
	WINDOW,			/* move a BAR's inbound window, then check it */
	COMMAND,
	TRANSLATE,		/* IB_XLT_EN */
	UPLOAD,
	FLAG,
	FLAG_TAKEN,
	STAGE,			/* wait for script, kernel, agent */
	BLOCK,			/* GPR2: where the board block lies */
	INFO,
	SLEEP,
	SUSPECT,		/* is it this, or is the whole board gone? */
	DONE,
	FAILED,
};

/* Register steps of WINDOW; the last one reads back. */
#define NETRA_BOOT_WINDOW_STEPS	6u

/* Where the boot flag lies behind BAR1. */
uint32_t netra_boot_flag_offset(const struct netra_boot *boot);

/* Bytes behind BAR2 at once: a power of two, and the window's alignment. */
uint32_t netra_boot_window_bytes(const struct netra_boot *boot);

/* SoC address of the next byte to upload. */
uint32_t netra_boot_upload_address(const struct netra_boot *boot);

/* Bytes of the chunk at that address; it stays inside the BAR's window. */
uint32_t netra_boot_upload_length(const struct netra_boot *boot);

/* Are the BARs that are needed there, and large enough? */
bool netra_boot_bars_ok(const struct netra_boot *boot);

/* Are the images that are needed? boot->image is the first, or the one that is not. */
enum netra_boot_failure netra_boot_check_images(struct netra_boot *boot);

/* What the present state wants done. */
void netra_boot_ask(const struct netra_boot *boot, uint64_t now_ns,
		    struct netra_action *action);

#endif
