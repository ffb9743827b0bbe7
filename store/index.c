/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every write is one transaction per file: small, and whole after a power cut
 * (WAL), though the last ones may be missing; netra_store_index_update() finds
 * those by the folder's listing.
 */
#include "index_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "index.sqlite"
#define BUSY_MS 2000

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS file("
	" id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, name TEXT NOT NULL,"
	" start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, frames INTEGER NOT NULL,"
	" fragments INTEGER NOT NULL, lost INTEGER NOT NULL,"
	" keys BLOB NOT NULL, UNIQUE(channel, name));"
	"CREATE INDEX IF NOT EXISTS file_time ON file(channel, start_ns);"
	"CREATE TABLE IF NOT EXISTS event("
	" id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, end_ns INTEGER,"
	" channel INTEGER, kind TEXT NOT NULL,"
	" lost INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX IF NOT EXISTS event_time ON event(time_ns);"
	"CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value)"
	" WITHOUT ROWID;"
	"INSERT OR IGNORE INTO meta VALUES('format', 1);";

const char *netra_store_index_why(const struct netra_store_index *index)
{
	return index->why;
}

static enum netra_error error_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return NETRA_ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return NETRA_ERR_CORRUPT;
	case SQLITE_NOMEM:
		return NETRA_ERR_NO_MEMORY;
	case SQLITE_CANTOPEN:
		return NETRA_ERR_NOT_FOUND;
	default:
		return NETRA_ERR_IO;
	}
}

enum netra_error netra_index_fail(struct netra_store_index *index)
{
	snprintf(index->why, sizeof(index->why), NAME ": %s",
		 sqlite3_errmsg(index->db));
	return error_of(sqlite3_extended_errcode(index->db));
}

enum netra_error netra_index_run(struct netra_store_index *index,
				 const char *sql)
{
	return sqlite3_exec(index->db, sql, NULL, NULL, NULL) ? netra_index_fail(index)
							      : NETRA_OK;
}

enum netra_error netra_index_prepare(struct netra_store_index *index,
				     sqlite3_stmt **statement,
				     const char *sql)
{
	return sqlite3_prepare_v2(index->db, sql, -1, statement, NULL) ?
	       netra_index_fail(index) : NETRA_OK;
}

enum netra_error netra_index_finish(struct netra_store_index *index,
				    sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);
	enum netra_error err = result == SQLITE_DONE || result == SQLITE_ROW ?
			       NETRA_OK : netra_index_fail(index);

	sqlite3_finalize(statement);
	return err;
}

static enum netra_error check_format(struct netra_store_index *index)
{
	sqlite3_stmt *statement;
	enum netra_error err = netra_index_prepare(index, &statement,
		"SELECT value FROM meta WHERE key = 'format'");

	if (err)
		return err;
	if (sqlite3_step(statement) != SQLITE_ROW) {
		err = netra_index_fail(index);
		err = err ? err : NETRA_ERR_CORRUPT;
	} else if (sqlite3_column_int(statement, 0) != 1) {
		snprintf(index->why, sizeof(index->why),
			 NAME ": of another version of netra");
		err = NETRA_ERR_CORRUPT;
	}
	sqlite3_finalize(statement);
	return err;
}

static enum netra_error open_db(struct netra_store_index *index, bool write)
{
	int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			  : SQLITE_OPEN_READONLY;
	enum netra_error err;
	char path[500];
	struct stat st;

	if (!netra_index_path(index->folder->fd, NAME, path, sizeof(path))) {
		snprintf(index->why, sizeof(index->why),
			 NAME ": its folder has no path");
		return NETRA_ERR_NOT_FOUND;
	}
	if (sqlite3_open_v2(path, &index->db, flags | SQLITE_OPEN_NOMUTEX |
			    SQLITE_OPEN_EXRESCODE, NULL))
		return netra_index_fail(index);
	sqlite3_busy_timeout(index->db, BUSY_MS);
	err = write ? netra_index_run(index, "PRAGMA journal_mode=WAL;"
				 "PRAGMA synchronous=NORMAL;"
				 "PRAGMA cache_size=-256;") : NETRA_OK;
	if (!err && write)
		err = netra_index_run(index, schema);
	if (!err)
		err = check_format(index);
	if (!err && !stat(path, &st)) {
		index->device = st.st_dev;
		index->inode = st.st_ino;
	}
	return err;
}

enum netra_error netra_store_index_open(struct netra_store_index **index,
					struct netra_store_folder *folder,
					bool write, char *why,
					uint32_t why_bytes)
{
	struct netra_store_index *made = calloc(1, sizeof(*made));
	enum netra_error err;

	*index = NULL;
	if (!made) {
		snprintf(why, why_bytes, "index: out of memory");
		return NETRA_ERR_NO_MEMORY;
	}
	made->folder = folder;
	err = open_db(made, write);
	if (err) {
		snprintf(why, why_bytes, "%s", made->why);
		netra_store_index_close(made);
		return err;
	}
	*index = made;
	return NETRA_OK;
}

void netra_store_index_close(struct netra_store_index *index)
{
	if (!index)
		return;
	sqlite3_close(index->db);
	free(index);
}

bool netra_store_index_replaced(const struct netra_store_index *index)
{
	struct stat st;

	return fstatat(index->folder->fd, NAME, &st, AT_SYMLINK_NOFOLLOW) ||
	       st.st_dev != index->device || st.st_ino != index->inode;
}

enum netra_error netra_store_index_remove(struct netra_store_folder *folder)
{
	static const char *const names[] = { NAME, NAME "-wal", NAME "-shm" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlinkat(folder->fd, names[i], 0) && errno != ENOENT)
			return NETRA_ERR_IO;
	return NETRA_OK;
}

enum netra_error netra_store_index_forget(struct netra_store_index *index)
{
	return netra_index_run(index, "DELETE FROM event WHERE time_ns < "
			       "(SELECT min(start_ns) FROM file WHERE start_ns > 0)");
}

enum netra_error netra_store_index_event(struct netra_store_index *index,
					 int64_t time_ns, int64_t end_ns,
					 int channel, const char *kind,
					 uint64_t lost, const char *text)
{
	sqlite3_stmt *s;
	enum netra_error err = netra_index_prepare(index, &s,
		"INSERT INTO event(time_ns, end_ns, channel, kind, lost, text) "
		"VALUES(?, ?, ?, ?, ?, ?)");

	if (err)
		return err;
	sqlite3_bind_int64(s, 1, time_ns);
	if (end_ns)
		sqlite3_bind_int64(s, 2, end_ns);
	if (channel >= 0)
		sqlite3_bind_int(s, 3, channel);
	sqlite3_bind_text(s, 4, kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)lost);
	sqlite3_bind_text(s, 6, text, -1, SQLITE_STATIC);
	return netra_index_finish(index, s);
}

