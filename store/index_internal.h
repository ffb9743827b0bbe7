/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files that make up the index. */
#ifndef NETRA_STORE_INDEX_INTERNAL_H
#define NETRA_STORE_INDEX_INTERNAL_H

#include <sqlite3.h>
#include <sys/types.h>

#include "index.h"

struct netra_store_index {
	sqlite3 *db;
	struct netra_store_folder *folder;
	dev_t device;
	ino_t inode;
	char why[160];
};

/** netra_index_path() - Of a file in a folder that is held open; false if it has none. */
bool netra_index_path(int folder, const char *name, char *path, size_t size);

/** netra_index_fail() - The last call's result as an error of ours, and in words. */
enum netra_error netra_index_fail(struct netra_store_index *index);

/** netra_index_run() - A statement without values and rows. */
enum netra_error netra_index_run(struct netra_store_index *index,
				 const char *sql);

/** netra_index_prepare() - Finalize or finish what it gives. */
enum netra_error netra_index_prepare(struct netra_store_index *index,
				     sqlite3_stmt **statement,
				     const char *sql);

/** netra_index_finish() - Run a statement that gives no rows, and free it. */
enum netra_error netra_index_finish(struct netra_store_index *index,
				    sqlite3_stmt *statement);

#endif
