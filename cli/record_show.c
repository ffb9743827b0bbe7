/* SPDX-License-Identifier: BSD-2-Clause */
/* What netra record shows: progress, and the account at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "output.h"
#include "progress.h"
#include "record.h"

#define PLAIN_NS 10000000000u

static void add_row(struct cli_table *table,
		    const struct netra_recorder_channel *c, const char *state,
		    enum cli_colour colour)
{
	cli_cell(table, CLI_PLAIN, "%u", c->channel);
	cli_cell(table, CLI_PLAIN, "%llu", (unsigned long long)c->frames);
	cli_cell(table, c->lost ? CLI_YELLOW : CLI_PLAIN, "%llu",
		 (unsigned long long)c->lost);
	cli_cell(table, CLI_PLAIN, "%.2f", (double)c->bytes / 1e6);
	cli_cell(table, CLI_PLAIN, "%.1f", (double)c->duration_90k / 90000.0);
	cli_cell(table, colour, "%s", state);
}

static void add_columns(struct cli_table *table, const char *last)
{
	cli_column(table, "CHANNEL", false);
	cli_column(table, "FRAMES", false);
	cli_column(table, "DROPPED", false);
	cli_column(table, "MB", false);
	cli_column(table, "SECONDS", false);
	cli_column(table, last, true);
}

static void format_time(const struct cli_record *r, char *text, size_t size)
{
	char now[24], end[24];

	cli_format_clock(now, sizeof(now),
			 (cli_now_ns() - r->start_ns) / 1000000u);
	cli_format_clock(end, sizeof(end), r->duration_ms);
	snprintf(text, size, "%s%s%s", now, r->duration_ms ? " of " : "",
		 r->duration_ms ? end : "");
}

static void draw_live(const struct cli_record *r, uint32_t count)
{
	unsigned int columns, rows;
	struct cli_table table = { 0 };
	uint64_t frames = 0, lost = 0, bytes = 0;
	char *text = NULL, clock[64];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	add_columns(&table, "STATE");
	for (uint32_t i = 0; i < count; i++) {
		struct netra_recorder_channel c;

		netra_recorder_channel(r->recorder, i, &c);
		add_row(&table, &c, c.failed ? c.error : c.ended ? "ended" :
			c.frames ? "recording" : "waiting", c.failed ? CLI_RED :
			c.ended ? CLI_DIM : c.frames ? CLI_GREEN : CLI_YELLOW);
		frames += c.frames;
		lost += c.lost;
		bytes += c.bytes;
	}
	format_time(r, clock, sizeof(clock));
	fprintf(file, "%s  %u channel%s to %s: %llu frames, %llu dropped, "
		"%.1f MB\n", clock, count, count == 1 ? "" : "s",
		r->options.store, (unsigned long long)frames,
		(unsigned long long)lost, (double)bytes / 1e6);
	cli_terminal_size(stderr, &columns, &rows);
	cli_table_print(&table, file, cli_colour_on(stderr));
	fclose(file);
	/* A table that does not fit is left out: its end would be unseen. */
	if (count + 3 > rows)
		text[strcspn(text, "\n") + 1] = '\0';
	cli_live(text);
	free(text);
}

static void draw_plain(const struct cli_record *r, uint32_t count)
{
	uint64_t frames = 0, lost = 0, bytes = 0;
	char clock[64];

	for (uint32_t i = 0; i < count; i++) {
		struct netra_recorder_channel c;

		netra_recorder_channel(r->recorder, i, &c);
		frames += c.frames;
		lost += c.lost;
		bytes += c.bytes;
	}
	format_time(r, clock, sizeof(clock));
	fprintf(stderr, "%s: %llu frames, %llu dropped, %.1f MB\n", clock,
		(unsigned long long)frames, (unsigned long long)lost,
		(double)bytes / 1e6);
}

void cli_record_draw(struct cli_record *r)
{
	uint64_t now_ns = cli_now_ns();
	uint32_t count = netra_recorder_channels(r->recorder);

	if (r->quiet || now_ns - r->drawn_ns < (r->live ? CLI_RECORD_REDRAW_NS : PLAIN_NS))
		return;
	r->drawn_ns = now_ns;
	if (r->live)
		draw_live(r, count);
	else
		draw_plain(r, count);
}

int cli_record_print_json(const struct cli_record *r,
			  const struct cli_record_result *result,
			  double seconds)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < result->count; i++) {
		const struct netra_recorder_channel *c = &result->channel[i];
		char folder[512];

		snprintf(folder, sizeof(folder), "%s/ch%02u", r->options.store,
			 c->channel);
		json_array_append_new(list, json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:f, s:b, s:b, s:s, s:s, "
			"s:s, s:I}",
			"channel", (json_int_t)c->channel,
			"frames", (json_int_t)c->frames,
			"dropped", (json_int_t)c->lost,
			"gaps", (json_int_t)c->gaps,
			"bytes", (json_int_t)c->bytes,
			"seconds", (double)c->duration_90k / 90000.0,
			"ended", (int)c->ended, "whole", (int)!c->failed,
			"error", c->failed ? c->error : "",
			"folder", folder, "file", c->path,
			"files", (json_int_t)c->files));
	}
	return cli_json_print(json_pack("{s:s, s:s, s:f, s:I, s:I, s:o, s:O}",
					"board", r->name,
					"store", r->options.store,
					"seconds", seconds,
					"whole", (json_int_t)result->whole,
					"dropped", (json_int_t)result->lost,
					"channels", list,
					"events", r->events));
}

/* Paths are below the store's, which may be long. */
void cli_record_print_table(const struct cli_record *r,
			    const struct cli_record_result *result)
{
	size_t skip = strlen(r->options.store) + 1;
	struct cli_table table = { 0 };
	char last[64];

	add_columns(&table, "FILE");
	for (uint32_t i = 0; i < result->count; i++) {
		const struct netra_recorder_channel *c = &result->channel[i];

		snprintf(last, sizeof(last), "%.48s",
			 *c->path ? c->path + skip : "");
		add_row(&table, c, c->failed ? c->error : last,
			c->failed ? CLI_RED : CLI_PLAIN);
	}
	printf("Store: %s\n", r->options.store);
	cli_table_print(&table, stdout, cli_colour_on(stdout));
}
