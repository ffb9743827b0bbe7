/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding recordings. The folder says which files there are; the index
 * (docs/store.md), opened to be read only, says exactly when they begin and
 * end. Without it, names and times of change have to do.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "web_store.h"

#define LONGEST_MS INT64_C(86400000)	/* a file's greatest length */
#define BUSY_MS 2000

bool netra_web_library_open(struct netra_web_library *library,
			    struct netra_web_job *job, const char *store)
{
	static const char text[] = "SELECT start_ns, end_ns, bytes FROM file "
				   "WHERE channel = ? AND name = ?";
	char why[160], path[1024];

	memset(library, 0, sizeof(*library));
	if (netra_store_look(&library->folder, store, why, sizeof(why))) {
		netra_web_job_fail(job, 404, why);
		return false;
	}
	snprintf(path, sizeof(path), "%s/index.sqlite", store);
	if (sqlite3_open_v2(path, &library->index, SQLITE_OPEN_READONLY |
			    SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		sqlite3_busy_timeout(library->index, BUSY_MS);
	if (sqlite3_prepare_v2(library->index, text, -1, &library->file, NULL)) {
		sqlite3_close(library->index);
		library->index = NULL;
		library->file = NULL;
	}
	return true;
}

void netra_web_library_close(struct netra_web_library *library)
{
	sqlite3_finalize(library->file);
	sqlite3_close(library->index);
	netra_store_close(&library->folder);
}

/* What the index has of it, exactly. */
static void look_up(struct netra_web_library *library, uint32_t channel,
		    struct netra_web_span *span)
{
	char name[NETRA_STORE_NAME_BYTES];

	if (!library->file || span->part)
		return;
	netra_store_name(name, span->start_ms, NETRA_STORE_WHOLE);
	sqlite3_bind_int(library->file, 1, (int)channel);
	sqlite3_bind_text(library->file, 2, name, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(library->file) == SQLITE_ROW) {
		span->start = (double)sqlite3_column_int64(library->file, 0) / 1e6;
		span->end = (double)sqlite3_column_int64(library->file, 1) / 1e6;
		span->bytes = (uint64_t)sqlite3_column_int64(library->file, 2);
		span->indexed = true;
	}
	sqlite3_reset(library->file);
}

size_t netra_web_spans(struct netra_web_library *library, uint32_t channel,
		       int64_t from_ms, int64_t to_ms,
		       struct netra_web_span **spans)
{
	struct netra_store_entry *entries;
	size_t count, found = 0;

	*spans = NULL;
	if (netra_store_list(&library->folder, channel, &entries, &count) ||
	    !count) {
		free(entries);
		return 0;
	}
	*spans = calloc(count, sizeof(**spans));
	for (size_t i = 0; *spans && i < count; i++) {
		const struct netra_store_entry *e = &entries[i];
		struct netra_web_span *span = &(*spans)[found];

		if (e->kind == NETRA_STORE_FILE_DAMAGED || e->start_ms > to_ms ||
		    e->start_ms < from_ms - LONGEST_MS)
			continue;
		memset(span, 0, sizeof(*span));
		span->start_ms = e->start_ms;
		span->start = (double)e->start_ms;
		span->end = (double)e->changed_ms;
		span->bytes = e->bytes;
		span->part = e->kind == NETRA_STORE_FILE_PART;
		look_up(library, channel, span);
		if (span->end >= (double)from_ms && span->end > span->start)
			found++;
	}
	free(entries);
	return found;
}

uint64_t netra_web_store_bytes(const char *store)
{
	struct netra_store_folder folder;
	uint64_t bytes = 0;
	char why[160];

	if (netra_store_look(&folder, store, why, sizeof(why)))
		return 0;
	for (uint32_t channel = 0; channel < NETRA_STORE_CHANNELS; channel++) {
		struct netra_store_entry *entries;
		size_t count;

		if (netra_store_list(&folder, channel, &entries, &count))
			count = 0;
		for (size_t i = 0; i < count; i++)
			bytes += entries[i].bytes;
		free(entries);
	}
	netra_store_close(&folder);
	return bytes;
}
