/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the index what the folder holds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "index_internal.h"

#define KEY_BYTES 16u
#define LATELY_S 60

static void put_be(uint8_t *to, uint64_t value, int bytes)
{
	while (bytes--) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static uint8_t *pack_keys(const struct netra_store_summary *summary)
{
	uint8_t *blob = malloc(summary->key_count * KEY_BYTES + 1);

	for (size_t i = 0; blob && i < summary->key_count; i++) {
		put_be(blob + i * KEY_BYTES,
		       (uint64_t)summary->keys[i].wall_ns, 8);
		put_be(blob + i * KEY_BYTES + 8, summary->keys[i].offset, 6);
		put_be(blob + i * KEY_BYTES + 14, summary->keys[i].sample, 2);
	}
	return blob;
}

static enum netra_error insert_file(struct netra_store_index *index,
				    uint32_t channel, const char *name,
				    const struct netra_store_summary *summary)
{
	uint8_t *keys = pack_keys(summary);
	sqlite3_stmt *s;
	enum netra_error err;

	if (!keys)
		return NETRA_ERR_NO_MEMORY;
	err = netra_index_prepare(index, &s, "INSERT OR REPLACE INTO file(channel, name, "
		"start_ns, end_ns, bytes, frames, fragments, lost, keys) "
		"VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
	if (!err) {
		sqlite3_bind_int(s, 1, (int)channel);
		sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, summary->start_ns);
		sqlite3_bind_int64(s, 4, summary->end_ns);
		sqlite3_bind_int64(s, 5, (sqlite3_int64)summary->bytes);
		sqlite3_bind_int64(s, 6, (sqlite3_int64)summary->frames);
		sqlite3_bind_int64(s, 7, summary->fragments);
		sqlite3_bind_int64(s, 8, (sqlite3_int64)summary->lost);
		sqlite3_bind_blob(s, 9, keys,
				  (int)(summary->key_count * KEY_BYTES),
				  SQLITE_STATIC);
		err = netra_index_finish(index, s);
	}
	free(keys);
	return err;
}

/* Those of a file that is read again would be there twice. */
static enum netra_error forget_events(struct netra_store_index *index,
				      uint32_t channel, int64_t from_ns,
				      int64_t to_ns)
{
	sqlite3_stmt *s;
	enum netra_error err = netra_index_prepare(index, &s,
		"DELETE FROM event WHERE channel = ? AND end_ns BETWEEN ? AND ?"
		" AND kind IN ('gap', 'overrun', 'disk', 'no-signal', 'start', "
		"'clock')");

	if (err)
		return err;
	sqlite3_bind_int(s, 1, (int)channel);
	sqlite3_bind_int64(s, 2, from_ns);
	sqlite3_bind_int64(s, 3, to_ns);
	return netra_index_finish(index, s);
}

static enum netra_error insert(struct netra_store_index *index,
			       uint32_t channel, const char *name,
			       const struct netra_store_summary *summary)
{
	const struct netra_store_gap *gap;
	enum netra_error err = netra_index_run(index, "BEGIN IMMEDIATE");

	if (err)
		return err;
	err = insert_file(index, channel, name, summary);
	if (!err)
		err = forget_events(index, channel, summary->start_ns,
				    summary->end_ns);
	for (size_t i = 0; !err && i < summary->gap_count; i++) {
		gap = &summary->gaps[i];
		err = netra_store_index_event(index, gap->from_ns, gap->to_ns,
					      (int)channel,
					      netra_store_gap_kind(gap->flags),
					      gap->lost, "");
	}
	if (!err)
		return netra_index_run(index, "COMMIT");
	sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* Then it is in the page cache by that, and likely to be played. */
static bool written_lately(int fd)
{
	struct timespec now;
	struct stat st;

	clock_gettime(CLOCK_REALTIME, &now);
	return !fstat(fd, &st) && st.st_mtim.tv_sec <= now.tv_sec &&
	       now.tv_sec - st.st_mtim.tv_sec < LATELY_S;
}

static enum netra_error add_file(struct netra_store_index *index,
				 uint32_t channel, const char *name)
{
	struct netra_store_summary summary;
	enum netra_error err;
	int fd;

	fd = openat(index->folder->channel[channel], name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NETRA_OK;	/* deleted meanwhile */
	err = netra_store_summarize(fd, &summary);
	/* Reading an old one has put it into the page cache for nothing. */
	if (!written_lately(fd))
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	/* A damaged file is in the index, with nothing in it. */
	if (!err || err == NETRA_ERR_CORRUPT || err == NETRA_ERR_IO)
		err = insert(index, channel, name, &summary);
	netra_store_summary_free(&summary);
	return err;
}

static enum netra_error forget_file(struct netra_store_index *index,
				    int64_t id)
{
	sqlite3_stmt *s;
	enum netra_error err = netra_index_prepare(index, &s,
		"DELETE FROM file WHERE id = ?");

	if (err)
		return err;
	sqlite3_bind_int64(s, 1, id);
	return netra_index_finish(index, s);
}

/* A row that is there already. */
struct known {
	int64_t id;
	int64_t start_ms;
	uint64_t bytes;
};

static enum netra_error read_known(struct netra_store_index *index,
				   uint32_t channel, struct known **known,
				   size_t *count)
{
	enum netra_store_kind kind;
	struct known *grown;
	sqlite3_stmt *s;
	enum netra_error err = netra_index_prepare(index, &s,
		"SELECT id, name, bytes FROM file WHERE channel = ? "
		"ORDER BY name");
	int result = SQLITE_DONE;

	*known = NULL;
	*count = 0;
	if (err)
		return err;
	sqlite3_bind_int(s, 1, (int)channel);
	while (!err && (result = sqlite3_step(s)) == SQLITE_ROW) {
		if (!(*count & (*count - 1))) {
			grown = realloc(*known, (*count ? 2 * *count : 1) *
						sizeof(*grown));
			if (!grown) {
				err = NETRA_ERR_NO_MEMORY;
				break;
			}
			*known = grown;
		}
		grown = &(*known)[(*count)++];
		grown->id = sqlite3_column_int64(s, 0);
		grown->bytes = (uint64_t)sqlite3_column_int64(s, 2);
		/* What has no name of the store's sorts first, and goes. */
		if (!netra_store_name_read((const char *)
					   sqlite3_column_text(s, 1),
					   &grown->start_ms, &kind))
			grown->start_ms = INT64_MIN;
	}
	if (!err && result != SQLITE_DONE)
		err = netra_index_fail(index);
	sqlite3_finalize(s);
	return err;
}

/* Walks listing and index side by side, both sorted by time. */
static enum netra_error merge(struct netra_store_index *index,
			      uint32_t channel,
			      const struct netra_store_entry *entry,
			      size_t entries, const struct known *known,
			      size_t rows, uint32_t most)
{
	char name[NETRA_STORE_NAME_BYTES];
	enum netra_error err = NETRA_OK;
	size_t i = 0, k = 0;
	bool same;

	while (!err && (i < entries || k < rows)) {
		if (i < entries && entry[i].kind != NETRA_STORE_FILE_WHOLE) {
			i++;
			continue;
		}
		if (i == entries ||
		    (k < rows && known[k].start_ms < entry[i].start_ms)) {
			err = forget_file(index, known[k++].id);
			continue;
		}
		same = k < rows && known[k].start_ms == entry[i].start_ms;
		if (!same || known[k].bytes != entry[i].bytes) {
			if (!most)
				return NETRA_ERR_AGAIN;
			most--;
			netra_store_name(name, entry[i].start_ms,
					 NETRA_STORE_WHOLE);
			err = add_file(index, channel, name);
		}
		k += same;
		i++;
	}
	return err;
}

enum netra_error netra_store_index_update(struct netra_store_index *index,
					  uint32_t channel, uint32_t most)
{
	struct netra_store_entry *entries;
	enum netra_error err;
	struct known *known;
	size_t count, rows;

	err = netra_store_list(index->folder, channel, &entries, &count);
	if (err) {
		snprintf(index->why, sizeof(index->why), "ch%02u: %s", channel,
			 strerror(errno));
		return err;
	}
	err = read_known(index, channel, &known, &rows);
	if (!err)
		err = merge(index, channel, entries, count, known, rows, most);
	free(known);
	free(entries);
	return err;
}
