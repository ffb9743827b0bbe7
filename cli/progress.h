/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What moves on standard error while something takes its time: only on a
 * terminal; otherwise now and then a plain line.
 */
#ifndef NETRA_CLI_PROGRESS_H
#define NETRA_CLI_PROGRESS_H

#include <stdbool.h>

#include "lib/netra.h"

/** cli_progress_boot() - A netra_boot_callback: one bar per image. */
void cli_progress_boot(void *context, const struct netra_boot_status *status);

/** cli_progress_boot_end() - After the boot: bars stay if it went well. */
void cli_progress_boot_end(bool booted);

/**
 * cli_live() - Show @text (lines) in place of the last such text.
 *
 * Call on a terminal only. Lines are cut at its width; what does not fit its
 * height is left out from the end.
 */
void cli_live(const char *text);

/** cli_progress_clear() - Take away what moves, before something else is printed. */
void cli_progress_clear(void);

#endif
