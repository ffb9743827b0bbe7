/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking possession of a running board: outbound windows programmed, attach
 * block written, the board's answer awaited; and the reverse, which ends with
 * windows disabled and drained so that their memory may be freed.
 */
#ifndef NETRA_ATTACH_H
#define NETRA_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "action.h"
#include "layout.h"
#include "protocol.h"

enum netra_attach_failure {
	NETRA_ATTACH_FAIL_NONE = 0,
	NETRA_ATTACH_FAIL_GONE,		/* all-ones */
	NETRA_ATTACH_FAIL_WINDOW,	/* a window register does not hold its value */
	NETRA_ATTACH_FAIL_SILENT,	/* no answer within the bound */
	NETRA_ATTACH_FAIL_REFUSED,	/* see netra_attach_refusal() */
	NETRA_ATTACH_FAIL_UNDRAINED,	/* windows off, but writes still under way */
	NETRA_ATTACH_FAIL_COUNT
};

struct netra_attach_config {
	uint32_t block_bar;		/* from netra_boot_block() */
	uint32_t block_offset;
	struct netra_window_plan windows;
	uint64_t bus[NETRA_DATA_WINDOWS_MAX];	/* bus address of each window */
	struct netra_attach block;	/* all but size, version, crc32c, which
					 * the machine fills; generation != 0 */
	uint32_t timeout_ms;		/* 0 = 2000 */
};

struct netra_attach_machine {
	struct netra_attach_config config;
	unsigned int state;		/* private from here on */
	unsigned int after;		/* where a wait leads back to */
	unsigned int step;
	bool detach;
	uint64_t deadline_ns;
	enum netra_attach_failure failure;
	uint32_t refusal;
};

/**
 * netra_attach_init() - Attach with a copy of @config.
 *
 * Whoever is attached, alive or dead, is detached first, and its windows are
 * drained. After a failure some windows may be up: detach before the arena
 * is freed.
 */
void netra_attach_init(struct netra_attach_machine *machine,
		       const struct netra_attach_config *config);

/**
 * netra_detach_init() - Detach what @config attached.
 *
 * Windows are disabled and drained even if the firmware does not answer.
 */
void netra_detach_init(struct netra_attach_machine *machine,
		       const struct netra_attach_config *config);

/** netra_attach_next() - As netra_boot_next(). */
void netra_attach_next(struct netra_attach_machine *machine, uint64_t now_ns,
		       uint32_t result, struct netra_action *action);

/** netra_attach_refusal() - enum netra_attach_status the board answered. */
uint32_t netra_attach_refusal(const struct netra_attach_machine *machine);

/** netra_attach_failure_text() - One clause for people; never NULL. */
const char *netra_attach_failure_text(enum netra_attach_failure failure);

#endif
