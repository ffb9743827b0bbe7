/* SPDX-License-Identifier: BSD-2-Clause */
/* netra store: what a store holds, per channel; and what it must keep. */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "cli.h"
#include "output.h"
#include "store/index.h"
#include "store/timeline.h"
#include "store/timestamp.h"
#include "store_open.h"
#include "store_protect.h"
#include "times.h"

struct look {
	struct netra_store_folder folder;
	struct cli_list channels;
	int64_t from_ns, to_ns;
	bool days, gaps;
};

/* A channel within the times asked for. */
struct total {
	uint64_t files, bytes, frames, lost;
	int64_t start_ns, end_ns, recorded_ns;
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The part of a file that lies between two times. */
static int64_t overlap_ns(const struct netra_store_segment *segment,
			  int64_t from_ns, int64_t to_ns)
{
	return later(0, earlier(segment->end_ns, to_ns) -
			later(segment->start_ns, from_ns));
}

static struct total add_up(const struct look *look,
			   const struct netra_store_timeline *timeline)
{
	struct total total = { .start_ns = INT64_MIN, .end_ns = INT64_MIN };

	for (size_t i = 0; i < timeline->segment_count; i++) {
		const struct netra_store_segment *s = &timeline->segments[i];

		if (s->end_ns < look->from_ns || s->start_ns > look->to_ns)
			continue;
		total.files++;
		total.bytes += s->entry.bytes;
		total.frames += s->frames;
		total.lost += s->lost;
		total.recorded_ns += overlap_ns(s, look->from_ns, look->to_ns);
		if (total.start_ns == INT64_MIN)
			total.start_ns = s->start_ns;
		total.end_ns = later(total.end_ns, s->end_ns);
	}
	return total;
}

/* Local midnight after a time; days have 23 or 25 hours, too. */
static int64_t next_day_ns(int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	tm.tm_mday++;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000000000;
}

/* Calls back for each local day with something in it. */
static void for_each_day(const struct look *look,
			 const struct netra_store_timeline *timeline,
			 void (*day)(void *context, const char *name,
				     double seconds, uint64_t bytes),
			 void *context)
{
	struct total total = add_up(look, timeline);
	int64_t begin, end, last, part;
	char name[NETRA_TIMESTAMP_BYTES];
	double bytes;
	int64_t recorded;

	if (total.start_ns == INT64_MIN)
		return;
	last = earlier(total.end_ns, look->to_ns);
	for (begin = later(total.start_ns, look->from_ns); begin < last;
	     begin = end) {
		end = next_day_ns(begin);
		if (end <= begin)
			break;
		recorded = 0;
		bytes = 0;
		for (size_t i = 0; i < timeline->segment_count; i++) {
			const struct netra_store_segment *s =
				&timeline->segments[i];

			part = overlap_ns(s, begin, earlier(end, last));
			recorded += part;
			if (part)
				bytes += (double)s->entry.bytes * (double)part /
					 (double)(s->end_ns - s->start_ns);
		}
		netra_timestamp_write(name, begin, false);
		name[10] = '\0';
		if (recorded)
			day(context, name, (double)recorded / 1e9,
			    (uint64_t)bytes);
	}
}

static void day_json(void *context, const char *name, double seconds,
		     uint64_t bytes)
{
	json_array_append_new(context, json_pack("{s:s, s:f, s:I}", "day", name,
			      "seconds", seconds, "bytes", (json_int_t)bytes));
}

static json_t *gaps_json(const struct look *look,
			 const struct netra_store_timeline *timeline)
{
	json_t *list = json_array();

	for (size_t i = 0; i < timeline->hole_count; i++) {
		const struct netra_store_hole *h = &timeline->holes[i];

		if (h->to_ns < look->from_ns || h->from_ns > look->to_ns)
			continue;
		json_array_append_new(list, json_pack(
			"{s:o, s:o, s:f, s:s, s:I}",
			"from", cli_json_time(h->from_ns),
			"to", cli_json_time(h->to_ns),
			"seconds", (double)(h->to_ns - h->from_ns) / 1e9,
			"kind", h->kind, "lost", (json_int_t)h->lost));
	}
	return list;
}

static json_t *channel_json(const struct look *look, uint32_t channel,
			    const struct netra_store_timeline *timeline)
{
	struct total t = add_up(look, timeline);
	json_t *days = json_array();

	for_each_day(look, timeline, day_json, days);
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:f, s:I, s:I, s:o, s:o}",
			 "channel", (json_int_t)channel,
			 "files", (json_int_t)t.files,
			 "bytes", (json_int_t)t.bytes,
			 "start", cli_json_time(t.start_ns),
			 "end", cli_json_time(t.end_ns),
			 "seconds", (double)t.recorded_ns / 1e9,
			 "frames", (json_int_t)t.frames,
			 "lost", (json_int_t)t.lost,
			 "days", days, "gaps", gaps_json(look, timeline));
}

static void time_cell(struct cli_table *table, int64_t ns)
{
	char text[NETRA_TIMESTAMP_BYTES] = "";

	if (ns != INT64_MIN)
		netra_timestamp_write(text, ns, false);
	text[strlen(text) > 19 ? 19 : strlen(text)] = '\0';
	cli_cell(table, CLI_PLAIN, "%s", text);
}

/* Context of day_row(). */
struct day_rows {
	struct cli_table *table;
	uint32_t channel;
};

static void day_row(void *context, const char *name, double seconds,
		    uint64_t bytes)
{
	const struct day_rows *rows = context;
	char clock[24];

	cli_format_clock(clock, sizeof(clock), (uint64_t)(seconds * 1000));
	cli_cell(rows->table, CLI_PLAIN, "%u", rows->channel);
	cli_cell(rows->table, CLI_PLAIN, "%s", name);
	cli_cell(rows->table, CLI_PLAIN, "%s", clock);
	cli_cell(rows->table, CLI_PLAIN, "%.1f", (double)bytes / 1e6);
}

static void gap_rows(const struct look *look, struct cli_table *table,
		     uint32_t channel,
		     const struct netra_store_timeline *timeline)
{
	for (size_t i = 0; i < timeline->hole_count; i++) {
		const struct netra_store_hole *h = &timeline->holes[i];

		if (h->to_ns < look->from_ns || h->from_ns > look->to_ns)
			continue;
		cli_cell(table, CLI_PLAIN, "%u", channel);
		time_cell(table, h->from_ns);
		time_cell(table, h->to_ns);
		cli_cell(table, CLI_PLAIN, "%.1f",
			 (double)(h->to_ns - h->from_ns) / 1e9);
		cli_cell(table, CLI_PLAIN, "%llu", (unsigned long long)h->lost);
		cli_cell(table, CLI_YELLOW, "%s", h->kind);
	}
}

static void channel_rows(const struct look *look, struct cli_table *table,
			 uint32_t channel,
			 const struct netra_store_timeline *timeline)
{
	struct total t = add_up(look, timeline);
	struct day_rows rows = { table, channel };
	char clock[24];

	if (look->days) {
		for_each_day(look, timeline, day_row, &rows);
		return;
	}
	if (look->gaps) {
		gap_rows(look, table, channel, timeline);
		return;
	}
	cli_format_clock(clock, sizeof(clock),
			 (uint64_t)(t.recorded_ns / 1000000));
	cli_cell(table, CLI_PLAIN, "%u", channel);
	cli_cell(table, CLI_PLAIN, "%llu", (unsigned long long)t.files);
	cli_cell(table, CLI_PLAIN, "%.1f", (double)t.bytes / 1e6);
	time_cell(table, t.start_ns);
	time_cell(table, t.end_ns);
	cli_cell(table, CLI_PLAIN, "%s", clock);
	cli_cell(table, t.lost ? CLI_YELLOW : CLI_PLAIN, "%llu",
		 (unsigned long long)t.lost);
}

static void add_columns(const struct look *look, struct cli_table *table)
{
	cli_column(table, "CHANNEL", false);
	if (look->days) {
		cli_column(table, "DAY", true);
		cli_column(table, "RECORDED", false);
		cli_column(table, "MB", false);
	} else if (look->gaps) {
		cli_column(table, "FROM", true);
		cli_column(table, "TO", true);
		cli_column(table, "SECONDS", false);
		cli_column(table, "LOST", false);
		cli_column(table, "KIND", true);
	} else {
		cli_column(table, "FILES", false);
		cli_column(table, "MB", false);
		cli_column(table, "FROM", true);
		cli_column(table, "TO", true);
		cli_column(table, "RECORDED", false);
		cli_column(table, "LOST", false);
	}
}

static int show(struct look *look, bool json)
{
	struct netra_store_timeline timeline;
	struct netra_store_index *index;
	struct cli_table table = { 0 };
	json_t *list = json_array();
	uint64_t bytes = 0, available = 0;
	struct statvfs fs;
	char why[200];

	/* Without an index the files are read. */
	netra_store_index_open(&index, &look->folder, false, why, sizeof(why));
	add_columns(look, &table);
	for (uint32_t i = 0; i < look->channels.count; i++) {
		uint32_t channel = look->channels.item[i];

		if (netra_store_timeline(&look->folder, index, channel,
					 &timeline))
			cli_error("ch%02u: cannot be read: check the disk",
				  channel);
		bytes += timeline.bytes;
		if (json)
			json_array_append_new(list, channel_json(look, channel,
								 &timeline));
		else
			channel_rows(look, &table, channel, &timeline);
		netra_store_timeline_free(&timeline);
	}
	netra_store_index_close(index);
	if (!fstatvfs(look->folder.fd, &fs))
		available = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (json)
		return cli_json_print(json_pack(
			"{s:s, s:I, s:I, s:b, s:o}",
			"store", look->folder.path, "bytes", (json_int_t)bytes,
			"free_bytes", (json_int_t)available,
			"recording", netra_store_recording(&look->folder),
			"channels", list));
	json_decref(list);
	printf("Store: %s: %.1f MB, %.1f GB free, %s\n", look->folder.path,
	       (double)bytes / 1e6, (double)available / 1e9,
	       netra_store_recording(&look->folder) ? "being recorded into"
						    : "no recorder at work");
	cli_table_print(&table, stdout, cli_colour_on(stdout));
	return CLI_OK;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct look look = { .from_ns = INT64_MIN, .to_ns = INT64_MAX };
	const char *store = NULL, *from = NULL, *to = NULL, *zone = NULL;
	const char *guard = NULL, *release = NULL, *remark = NULL, *none = NULL;
	struct cli_list wanted = { 0 };
	bool json = false;
	const struct cli_option options[] = {
		{ "store", 's', CLI_STRING, &store, "DIR", "the store", 0, 0,
		  NULL },
		{ "channels", 'c', CLI_LIST, &wanted, "LIST",
		  "which channels, like 0-3,7 (default: all)", 0,
		  NETRA_STORE_CHANNELS - 1, NULL },
		{ "from", 0, CLI_STRING, &from, "TIME",
		  "only what was recorded after this", 0, 0, NULL },
		{ "to", 0, CLI_STRING, &to, "TIME",
		  "only what was recorded before this", 0, 0, NULL },
		{ "timezone", 0, CLI_STRING, &zone, "ZONE",
		  "of times, like Europe/Berlin (default: the system's)", 0, 0,
		  NULL },
		{ "days", 0, CLI_FLAG, &look.days, NULL,
		  "a row for each day", 0, 0, NULL },
		{ "gaps", 0, CLI_FLAG, &look.gaps, NULL,
		  "a row for each gap", 0, 0, NULL },
		{ "protect", 0, CLI_STRING, &guard, "FROM..TO",
		  "never delete what was recorded then, of --channels", 0, 0,
		  NULL },
		{ "remark", 0, CLI_STRING, &remark, "TEXT",
		  "why it is protected", 0, 0, NULL },
		{ "unprotect", 0, CLI_STRING, &release, "FROM..TO",
		  "forget the protected ranges within this time", 0, 0, NULL },
		{ "json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &none);

	if (status >= 0)
		return status;
	status = cli_timezone(zone);
	if (!status)
		status = cli_time("from", from, &look.from_ns);
	if (!status)
		status = cli_time("to", to, &look.to_ns);
	if (!status)
		status = cli_store_open(&look.folder, store, "store");
	if (status)
		return status;
	if (guard)
		status = cli_store_protect(&look.folder, guard, &wanted, remark);
	else if (release)
		status = cli_store_unprotect(&look.folder, release);
	else
		status = cli_store_channels(&look.folder, &wanted,
					    &look.channels);
	if (!status && !guard && !release)
		status = show(&look, json);
	netra_store_close(&look.folder);
	return status;
}

const struct cli_verb cli_verb_store = {
	.name = "store",
	.operand = NULL,
	.synopsis = "--store DIR [--days | --gaps]",
	.summary = "Show what a store holds",
	.description =
"Usage, first and last time, and what was lost of each channel; --days and\n"
"--gaps go into detail. Times are like 2026-11-23T10:15:00, with an offset\n"
"(+01:00, Z) or of --timezone. --protect keeps a stretch of time from being\n"
"deleted by a recorder's limits, until --unprotect.\n",
	.run = run,
};
