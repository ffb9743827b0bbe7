/* SPDX-License-Identifier: BSD-2-Clause */
/* What the index is asked. */
#include "index_internal.h"

enum netra_error
netra_store_index_files(struct netra_store_index *index, uint32_t channel,
			void (*row)(void *context,
				    const struct netra_store_row *row),
			void *context)
{
	struct netra_store_row r;
	enum netra_store_kind kind;
	sqlite3_stmt *s;
	enum netra_error err = netra_index_prepare(index, &s,
		"SELECT name, start_ns, end_ns, bytes, frames, lost FROM file "
		"WHERE channel = ? ORDER BY name");
	int result;

	if (err)
		return err;
	sqlite3_bind_int(s, 1, (int)channel);
	while ((result = sqlite3_step(s)) == SQLITE_ROW) {
		if (!netra_store_name_read((const char *)
					   sqlite3_column_text(s, 0),
					   &r.start_ms, &kind))
			continue;
		r.start_ns = sqlite3_column_int64(s, 1);
		r.end_ns = sqlite3_column_int64(s, 2);
		r.bytes = (uint64_t)sqlite3_column_int64(s, 3);
		r.frames = (uint64_t)sqlite3_column_int64(s, 4);
		r.lost = (uint64_t)sqlite3_column_int64(s, 5);
		row(context, &r);
	}
	if (result != SQLITE_DONE)
		err = netra_index_fail(index);
	sqlite3_finalize(s);
	return err;
}

enum netra_error
netra_store_index_gaps(struct netra_store_index *index, uint32_t channel,
		       void (*row)(void *context,
				   const struct netra_store_gap *gap,
				   const char *kind),
		       void *context)
{
	struct netra_store_gap gap = { 0 };
	sqlite3_stmt *s;
	enum netra_error err = netra_index_prepare(index, &s,
		"SELECT time_ns, end_ns, lost, kind FROM event WHERE channel "
		"= ? AND end_ns IS NOT NULL ORDER BY time_ns");
	int result;

	if (err)
		return err;
	sqlite3_bind_int(s, 1, (int)channel);
	while ((result = sqlite3_step(s)) == SQLITE_ROW) {
		gap.from_ns = sqlite3_column_int64(s, 0);
		gap.to_ns = sqlite3_column_int64(s, 1);
		gap.lost = (uint32_t)sqlite3_column_int64(s, 2);
		row(context, &gap, (const char *)sqlite3_column_text(s, 3));
	}
	if (result != SQLITE_DONE)
		err = netra_index_fail(index);
	sqlite3_finalize(s);
	return err;
}
