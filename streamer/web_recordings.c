/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of a channel in a range of time, with the places where decoding
 * can begin: all that a browser needs to fetch pictures by itself.
 */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/scan.h"
#include "web_store.h"

#define FILES_MAX 24u
#define KEY_BYTES 16

static json_t *key(double wall_ms, uint64_t offset)
{
	/* Not before its frame: who asks for this moment must find it there. */
	return json_pack("[I, I]", (json_int_t)ceil(wall_ms), (json_int_t)offset);
}

static uint64_t big_endian(const uint8_t *p, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

/* From the index's blob. NULL: it has none. */
static json_t *indexed_keys(struct netra_web_library *library, uint32_t channel,
			    const char *name)
{
	static const char text[] = "SELECT keys FROM file WHERE channel = ? AND "
				   "name = ?";
	sqlite3_stmt *row = NULL;
	json_t *keys = NULL;

	if (sqlite3_prepare_v2(library->index, text, -1, &row, NULL))
		return NULL;
	sqlite3_bind_int(row, 1, (int)channel);
	sqlite3_bind_text(row, 2, name, -1, SQLITE_STATIC);
	if (sqlite3_step(row) == SQLITE_ROW) {
		const uint8_t *blob = sqlite3_column_blob(row, 0);
		int length = sqlite3_column_bytes(row, 0);

		keys = json_array();
		for (int i = 0; blob && i + KEY_BYTES <= length; i += KEY_BYTES)
			json_array_append_new(keys, key(
				(double)(int64_t)big_endian(blob + i, 8) / 1e6,
				big_endian(blob + i + 8, 6)));
	}
	sqlite3_finalize(row);
	return keys;
}

/* The keys of a fragment; its end, if it is later. */
static void add_fragment(const struct netra_store_scan *scan,
			 const struct netra_mp4_moof *moof, json_t *keys,
			 struct netra_web_span *span)
{
	double wall_ms = (double)moof->note.wall_ns / 1e6, at_ms = wall_ms;

	for (uint32_t i = 0; i < moof->samples; i++) {
		struct netra_mp4_sample sample;

		netra_mp4_moof_sample(moof, i, &sample);
		if (sample.key)
			json_array_append_new(keys, key(at_ms, scan->at));
		at_ms += sample.duration_90k / 90.0;
	}
	if (scan->at == scan->head.bytes)
		span->start = wall_ms;
	span->end = at_ms;
	span->bytes = scan->position;
}

/* From the file's headers: those it has while it is being written. */
static json_t *scanned_keys(const char *store, uint32_t channel,
			    const char *name, struct netra_web_span *span)
{
	struct netra_store_scan *scan = malloc(sizeof(*scan));
	int fd = netra_web_open_file(store, channel, name);
	json_t *keys = json_array();
	struct netra_mp4_moof moof;

	if (scan && fd >= 0 && !netra_store_scan_open(scan, fd))
		while (!netra_store_scan_next(scan, &moof))
			add_fragment(scan, &moof, keys, span);
	if (fd >= 0)
		close(fd);
	free(scan);
	return keys;
}

static json_t *file_json(struct netra_web_library *library,
			 const struct netra_web_job *job,
			 struct netra_web_span *span)
{
	char name[NETRA_STORE_NAME_BYTES];
	json_t *keys = NULL;

	netra_store_name(name, span->start_ms, NETRA_STORE_WHOLE);
	if (span->indexed)
		keys = indexed_keys(library, job->channel, name);
	if (!keys)
		keys = scanned_keys(job->store, job->channel, name, span);
	return json_pack("{s:s, s:f, s:f, s:I, s:b, s:o}", "name", name,
			 "start_ms", span->start, "end_ms", span->end, "bytes",
			 (json_int_t)span->bytes, "complete", !span->part,
			 "keys", keys);
}

void netra_web_run_recordings(struct netra_web_job *job)
{
	struct netra_web_library library;
	struct netra_web_span *spans;
	json_t *files = json_array();
	size_t count;

	if (!netra_web_library_open(&library, job, job->store)) {
		json_decref(files);
		return;
	}
	count = netra_web_spans(&library, job->channel, job->from_ms, job->to_ms,
				&spans);
	for (size_t i = 0; i < count && i < FILES_MAX; i++) {
		json_t *file = file_json(&library, job, &spans[i]);

		if (json_array_size(json_object_get(file, "keys")))
			json_array_append_new(files, file);
		else
			json_decref(file);
	}
	free(spans);
	netra_web_library_close(&library);
	job->json = json_pack("{s:o}", "files", files);
}
