/* SPDX-License-Identifier: BSD-2-Clause */
/* All of a file system made durable at once, where that can be relied on. */
#ifndef NETRA_STORE_SYNC_ALL_H
#define NETRA_STORE_SYNC_ALL_H

#include <stdbool.h>

/**
 * netra_sync_all_works() - Does netra_sync_all() make durable what lies there,
 * and say so if it could not?
 * @folder: A descriptor of the store's folder.
 */
bool netra_sync_all_works(int folder);

/**
 * netra_sync_all() - Make durable all that was written to the file system of
 * @folder, names included. Waits for what others write there, too.
 *
 * A failure is told once to each open description, and does not say whose
 * data it was: a sync of each file does. Return: 0 or an errno.
 */
int netra_sync_all(int folder);

#endif
