/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verbs that read a store share. */
#ifndef NETRA_CLI_STORE_OPEN_H
#define NETRA_CLI_STORE_OPEN_H

#include "options.h"
#include "store/folder.h"

/** cli_store_open() - Open a store to read from it; says why it cannot. */
int cli_store_open(struct netra_store_folder *folder, const char *path,
		   const char *verb);

/**
 * cli_store_channels() - Which channels a verb works on.
 * @wanted: As on the command line; none: all that have a folder.
 * @list: Receives them.
 *
 * One that was asked for and has no folder is said. Return: enum cli_status.
 */
int cli_store_channels(struct netra_store_folder *folder,
		       const struct cli_list *wanted, struct cli_list *list);

#endif
