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

/* One board's part of it. */
struct timeline {
	const struct netra_web_job *job;
	uint32_t board;
	const char *store;
	struct netra_web_library library;
	json_t *channels, *events;
};

static void add_event(const struct timeline *t, json_int_t from_ms,
		      json_int_t to_ms, int channel, const char *kind,
		      const char *text)
{
	json_array_append_new(t->events, json_pack(
		"{s:I, s:I, s:i, s:i, s:s, s:s}", "from_ms", from_ms, "to_ms",
		to_ms, "board", (int)t->board, "channel", channel, "kind", kind,
		"text", text));
}

static void add_gap(const struct timeline *t, json_t *gaps, uint32_t channel,
		    const struct netra_store_gap *gap)
{
	const char *kind = netra_store_gap_kind(gap->flags);
	json_int_t from_ms = gap->from_ns / 1000000, to_ms = gap->to_ns / 1000000;

	if (is_gap(kind))
		json_array_append_new(gaps, json_pack("[I, I, I, s]", from_ms, to_ms,
						      (json_int_t)gap->lost, kind));
	else
		add_event(t, from_ms, to_ms, (int)channel, kind, "");
}

/* The index learns of a file's gaps when it is complete: until then they are
 * read from the file. */
static void add_part(const struct timeline *t, uint32_t channel,
		     struct netra_web_span *span, json_t *gaps)
{
	struct netra_store_summary summary;
	char name[NETRA_STORE_NAME_BYTES];
	int fd;

	if (span->end - span->start > PART_MAX_MS)
		return;
	netra_store_name(name, span->start_ms, NETRA_STORE_WHOLE);
	fd = netra_web_open_file(t->store, channel, name);
	if (fd < 0)
		return;
	if (!netra_store_summarize(fd, &summary)) {
		span->start = (double)summary.start_ns / 1e6;
		span->end = (double)summary.end_ns / 1e6;
		for (size_t i = 0; i < summary.gap_count; i++)
			add_gap(t, gaps, channel, &summary.gaps[i]);
	}
	netra_store_summary_free(&summary);
	close(fd);
}

/* [[from, to], …], files that follow each other joined. */
static json_t *spans_json(struct timeline *t, uint32_t channel, json_t *gaps)
{
	struct netra_web_span *spans;
	size_t count = netra_web_spans(&t->library, channel, t->job->from_ms,
				       t->job->to_ms, &spans);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		if (spans[i].part)
			add_part(t, channel, &spans[i], gaps);
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

static json_t *channel_entry(const struct timeline *t, int channel)
{
	json_t *entry;
	size_t i;

	json_array_foreach(t->channels, i, entry) {
		int b, n;

		if (!json_unpack(entry, "{s:i, s:i}", "board", &b, "channel",
				 &n) &&
		    b == (int)t->board && n == channel)
			return entry;
	}
	return NULL;
}

/* Events of the range: to the channel's gaps, or to the list. */
static void add_events(const struct timeline *t)
{
	static const char text[] =
		"SELECT time_ns, coalesce(end_ns, time_ns), coalesce(channel, -1), "
		"kind, lost, text FROM event WHERE time_ns <= ? AND "
		"coalesce(end_ns, time_ns) >= ? ORDER BY time_ns DESC LIMIT ?";
	sqlite3_stmt *row = NULL;

	if (!t->library.index ||
	    sqlite3_prepare_v2(t->library.index, text, -1, &row, NULL))
		return;
	sqlite3_bind_int64(row, 1, t->job->to_ms * 1000000);
	sqlite3_bind_int64(row, 2, t->job->from_ms * 1000000);
	sqlite3_bind_int(row, 3, ROWS_MAX);
	while (sqlite3_step(row) == SQLITE_ROW) {
		json_int_t from_ms = sqlite3_column_int64(row, 0) / 1000000;
		json_int_t to_ms = sqlite3_column_int64(row, 1) / 1000000;
		int channel = sqlite3_column_int(row, 2);
		const char *kind = (const char *)sqlite3_column_text(row, 3);
		const char *what = (const char *)sqlite3_column_text(row, 5);
		json_t *entry = channel_entry(t, channel);

		if (!kind || (channel >= 0 && !entry))
			continue;
		if (entry && is_gap(kind))
			json_array_append_new(
				json_object_get(entry, "gaps"),
				json_pack("[I, I, I, s]", from_ms, to_ms,
					  (json_int_t)sqlite3_column_int64(row, 4),
					  kind));
		else
			add_event(t, from_ms, to_ms, channel, kind,
				  what ? what : "");
	}
	sqlite3_finalize(row);
}

static void add_channels(struct timeline *t)
{
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		json_t *spans, *gaps;

		if (!(t->job->channels[t->board] >> i & 1))
			continue;
		gaps = json_array();
		spans = spans_json(t, i, gaps);
		if (!json_array_size(spans)) {
			json_decref(spans);
			json_decref(gaps);
			continue;
		}
		json_array_append_new(t->channels, json_pack(
			"{s:i, s:i, s:o, s:o}", "board", (int)t->board,
			"channel", (int)i, "spans", spans, "gaps", gaps));
	}
}

void netra_web_run_timeline(struct netra_web_job *job)
{
	struct timeline t = { .job = job, .channels = json_array(),
			      .events = json_array() };
	bool indexed = true;

	for (t.board = 0; t.board < NETRA_STREAM_BOARDS_MAX; t.board++) {
		t.store = job->web->options.store[t.board];
		if (!t.store || !job->channels[t.board])
			continue;
		if (!netra_web_library_open(&t.library, job, t.store)) {
			json_decref(t.channels);
			json_decref(t.events);
			return;
		}
		add_channels(&t);
		add_events(&t);
		indexed &= t.library.index != NULL;
		netra_web_library_close(&t.library);
	}
	job->json = json_pack("{s:o, s:o, s:b}", "channels", t.channels,
			      "events", t.events, "index", indexed);
}
