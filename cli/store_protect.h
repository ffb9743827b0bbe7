/* SPDX-License-Identifier: BSD-2-Clause */
/* netra store --protect and --unprotect. */
#ifndef NETRA_CLI_STORE_PROTECT_H
#define NETRA_CLI_STORE_PROTECT_H

#include "options.h"
#include "store/folder.h"

/**
 * cli_store_protect() - Keep a stretch of time.
 * @text: "FROM..TO".
 * @channels: None: all.
 * @remark: NULL for none.
 * Errors are said. Return: enum cli_status.
 */
int cli_store_protect(struct netra_store_folder *folder, const char *text,
		      const struct cli_list *channels, const char *remark);

/** cli_store_unprotect() - Forget the ranges within a stretch of time. */
int cli_store_unprotect(struct netra_store_folder *folder, const char *text);

#endif
