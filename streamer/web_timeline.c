/* SPDX-License-Identifier: BSD-2-Clause */
/* When there are recordings, where frames are missing, what happened. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/summary.h"
#include "web_store.h"

#define ROWS_MAX 4000		/* of gaps and of events, in one answer */
#define PART_MAX_MS 3600000.0	/* longer ones take too long to look through */
#define JOIN_MS 200.0		/* files so close are one stretch */

static bool is_gap(const char *kind)
{
	static const char *const kinds[] = { "gap", "overrun", "disk",
					     "no-signal" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static void add_gap(json_t *gaps, json_t *events, uint32_t channel,
		    const struct netra_store_gap *gap)
{
	const char *kind = netra_store_gap_kind(gap->flags);
	json_int_t from_ms = gap->from_ns / 1000000, to_ms = gap->to_ns / 1000000;

	if (is_gap(kind))
		json_array_append_new(gaps, json_pack("[I, I, I, s]", from_ms, to_ms,
						      (json_int_t)gap->lost, kind));
	else
		json_array_append_new(events, json_pack(
			"{s:I, s:I, s:i, s:s, s:s}", "from_ms", from_ms, "to_ms",
			to_ms, "channel", (int)channel, "kind", kind, "text", ""));
}

/* The index learns of a file's gaps when it is complete: until then they are
 * read from the file. */
static void add_part(const char *store, uint32_t channel,
		     struct netra_web_span *span, json_t *gaps, json_t *events)
{
	struct netra_store_summary summary;
	char name[NETRA_STORE_NAME_BYTES];
	int fd;

	if (span->end - span->start > PART_MAX_MS)
		return;
	netra_store_name(name, span->start_ms, NETRA_STORE_WHOLE);
	fd = netra_web_open_file(store, channel, name);
	if (fd < 0)
		return;
	if (!netra_store_summarize(fd, &summary)) {
		span->start = (double)summary.start_ns / 1e6;
		span->end = (double)summary.end_ns / 1e6;
		for (size_t i = 0; i < summary.gap_count; i++)
			add_gap(gaps, events, channel, &summary.gaps[i]);
	}
	netra_store_summary_free(&summary);
	close(fd);
}

/* [[from, to], …], files that follow each other joined. */
static json_t *spans_json(struct netra_web_library *library, uint32_t channel,
			  const struct netra_web_job *job, json_t *gaps,
			  json_t *events)
{
	struct netra_web_span *spans;
	size_t count = netra_web_spans(library, channel, job->from_ms,
				       job->to_ms, &spans);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		if (spans[i].part)
			add_part(job->web->options.store, channel, &spans[i],
				 gaps, events);
	for (size_t i = 0; i < count;) {
		double start = spans[i].start, end = spans[i].end;

		for (i++; i < count && spans[i].start - end < JOIN_MS; i++)
			if (spans[i].end > end)
				end = spans[i].end;
		json_array_append_new(list, json_pack("[I, I]",
						      (json_int_t)start,
						      (json_int_t)end));
	}
	free(spans);
	return list;
}

static json_t *channel_entry(json_t *channels, int channel)
{
	json_t *entry;
	size_t i;

	json_array_foreach(channels, i, entry)
		if (json_integer_value(json_object_get(entry, "channel")) == channel)
			return entry;
	return NULL;
}

/* Events of the range: to the channel's gaps, or to the list. */
static void add_events(struct netra_web_library *library,
		       const struct netra_web_job *job, json_t *channels,
		       json_t *events)
{
	static const char text[] =
		"SELECT time_ns, coalesce(end_ns, time_ns), coalesce(channel, -1), "
		"kind, lost, text FROM event WHERE time_ns <= ? AND "
		"coalesce(end_ns, time_ns) >= ? ORDER BY time_ns DESC LIMIT ?";
	sqlite3_stmt *row = NULL;

	if (!library->index ||
	    sqlite3_prepare_v2(library->index, text, -1, &row, NULL))
		return;
	sqlite3_bind_int64(row, 1, job->to_ms * 1000000);
	sqlite3_bind_int64(row, 2, job->from_ms * 1000000);
	sqlite3_bind_int(row, 3, ROWS_MAX);
	while (sqlite3_step(row) == SQLITE_ROW) {
		json_int_t from_ms = sqlite3_column_int64(row, 0) / 1000000;
		json_int_t to_ms = sqlite3_column_int64(row, 1) / 1000000;
		int channel = sqlite3_column_int(row, 2);
		const char *kind = (const char *)sqlite3_column_text(row, 3);
		const char *what = (const char *)sqlite3_column_text(row, 5);
		json_t *entry = channel_entry(channels, channel);

		if (!kind || (channel >= 0 && !entry))
			continue;
		if (entry && is_gap(kind))
			json_array_append_new(
				json_object_get(entry, "gaps"),
				json_pack("[I, I, I, s]", from_ms, to_ms,
					  (json_int_t)sqlite3_column_int64(row, 4),
					  kind));
		else
			json_array_append_new(events, json_pack(
				"{s:I, s:I, s:i, s:s, s:s}", "from_ms", from_ms,
				"to_ms", to_ms, "channel", channel, "kind", kind,
				"text", what ? what : ""));
	}
	sqlite3_finalize(row);
}

void netra_web_run_timeline(struct netra_web_job *job)
{
	json_t *channels = json_array(), *events = json_array();
	struct netra_web_library library;

	if (!netra_web_library_open(&library, job)) {
		json_decref(channels);
		json_decref(events);
		return;
	}
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		json_t *spans, *gaps;

		if (!(job->channels >> i & 1))
			continue;
		gaps = json_array();
		spans = spans_json(&library, i, job, gaps, events);
		if (!json_array_size(spans)) {
			json_decref(spans);
			json_decref(gaps);
			continue;
		}
		json_array_append_new(channels, json_pack(
			"{s:i, s:o, s:o}", "channel", (int)i, "spans", spans,
			"gaps", gaps));
	}
	add_events(&library, job, channels, events);
	job->json = json_pack("{s:o, s:o, s:b}", "channels", channels, "events",
			      events, "index", library.index != NULL);
	netra_web_library_close(&library);
}
