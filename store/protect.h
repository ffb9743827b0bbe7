/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edits a store's file "protected". Whoever reads it finds the old text or the
 * new one. Two at a time would lose one's change: they take a lock.
 */
#ifndef NETRA_STORE_PROTECT_H
#define NETRA_STORE_PROTECT_H

#include "folder.h"

/**
 * netra_store_protect() - Add a line.
 * @line: Without its newline; netra_protected_read() must understand it.
 * NETRA_ERR_IO; errno says why.
 */
enum netra_error netra_store_protect(struct netra_store_folder *folder,
				     const char *line);

/**
 * netra_store_unprotect() - Take lines out whose range lies within a stretch of
 * time.
 * @removed: How many there were.
 */
enum netra_error netra_store_unprotect(struct netra_store_folder *folder,
				       int64_t from_ms, int64_t to_ms,
				       uint32_t *removed);

#endif
