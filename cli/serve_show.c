/* SPDX-License-Identifier: BSD-2-Clause */
/* What is seen of netra serve while it runs. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "progress.h"
#include "serve.h"

static void print_line(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(value);
}

static json_t *channels_json(const struct serve *s)
{
	json_t *list = json_array();

	for (uint32_t b = 0; b < s->hub.boards; b++) {
		for (uint32_t n = 0; n < s->hub.board[b].channels; n++) {
			const struct netra_feed *f = s->hub.board[b].feed[n];

			if (!f)
				continue;
			json_array_append_new(list, json_pack(
				"{s:I, s:I, s:I, s:I, s:I, s:I, s:b}",
				"board", (json_int_t)b,
				"channel", (json_int_t)n,
				"frames", (json_int_t)f->frames,
				"bytes", (json_int_t)f->bytes,
				"lost", (json_int_t)f->lost,
				"unfit", (json_int_t)f->unfit,
				"ended", (int)f->ended));
		}
	}
	return list;
}

static json_t *boards_json(const struct serve *s)
{
	json_t *list = json_array();

	for (uint32_t b = 0; b < s->hub.boards; b++) {
		const struct netra_hub_board *board = &s->hub.board[b];

		json_array_append_new(list, json_pack(
			"{s:I, s:s, s:b, s:I, s:I, s:s}",
			"board", (json_int_t)b, "name", s->options.board[b],
			"lost", !board->board,
			"losses", (json_int_t)board->losses,
			"attempts", (json_int_t)board->attempts,
			"error", board->why));
	}
	return list;
}

static json_t *status_json(const struct serve *s, const char *event)
{
	struct netra_web_stats web = { 0 };
	struct netra_rtsp_stats stats;

	netra_rtsp_get_stats(s->rtsp, &stats);
	if (s->web)
		netra_web_get_stats(s->web, &web);
	return json_pack("{s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:o}",
		"event", event,
		"seconds", (double)(cli_now_ns() - s->start_ns) / 1e9,
		"connections", (json_int_t)stats.connections,
		"udp", (json_int_t)stats.playing[0],
		"tcp", (json_int_t)stats.playing[1],
		"multicast", (json_int_t)stats.playing[2],
		"accepted", (json_int_t)stats.accepted,
		"refused", (json_int_t)stats.refused,
		"requests", (json_int_t)stats.requests,
		"bad_requests", (json_int_t)stats.bad_requests,
		"wrong_passwords", (json_int_t)stats.wrong_passwords,
		"timeouts", (json_int_t)stats.timeouts,
		"sent_bytes", (json_int_t)stats.sent_bytes,
		"dropped_frames", (json_int_t)stats.dropped_frames,
		"refused_packets", (json_int_t)stats.refused_packets,
		"web", "connections", (json_int_t)web.connections,
		"watching", (json_int_t)web.watching,
		"sent_bytes", (json_int_t)web.sent_bytes,
		"skipped_frames", (json_int_t)web.skipped_frames,
		"boards", boards_json(s), "channels", channels_json(s));
}

void serve_show_ready(const struct serve *s)
{
	if (s->options.json) {
		json_t *rtsp = json_array(), *boards = json_array();
		json_t *web = json_array();

		for (unsigned int i = 0; i < s->addresses; i++)
			json_array_append_new(rtsp, json_string(s->address[i]));
		for (uint32_t i = 0; i < s->options.boards; i++)
			json_array_append_new(boards, json_string(
						      s->options.board[i]));
		for (unsigned int i = 0; i < s->web_addresses; i++)
			json_array_append_new(web, json_string(
						      s->web_address[i]));
		print_line(json_pack("{s:s, s:o, s:o, s:o}", "event", "ready",
				     "rtsp", rtsp, "web", web, "boards",
				     boards));
		return;
	}
	if (s->options.quiet)
		return;
	for (unsigned int i = 0; i < s->web_addresses; i++)
		printf("%s/   in a browser\n", s->web_address[i]);
	for (unsigned int i = 0; i < s->addresses; i++) {
		for (uint32_t b = 0; b < s->hub.boards; b++) {
			char board[24] = "";

			if (b)
				snprintf(board, sizeof(board), "/board/%u", b);
			printf("%s%s/ch/N   N = 0 to %u: %s\n", s->address[i],
			       board, s->hub.board[b].channels - 1,
			       s->options.board[b]);
		}
	}
	fflush(stdout);
}

static uint32_t players(const struct netra_feed *feed)
{
	uint32_t count = 0;

	for (const struct netra_log_cursor *c = feed->log.cursors; c;
	     c = c->next)
		count++;
	return count;
}

static void add_table(const struct serve *s, FILE *file)
{
	struct cli_table table = { 0 };

	if (s->hub.boards > 1)
		cli_column(&table, "BOARD", false);
	cli_column(&table, "CH", false);
	cli_column(&table, "FRAMES", false);
	cli_column(&table, "LOST", false);
	cli_column(&table, "MB/S", false);
	cli_column(&table, "PLAYERS", false);
	cli_column(&table, "STATE", true);
	for (uint32_t b = 0; b < s->hub.boards; b++) {
		for (uint32_t n = 0; n < s->hub.board[b].channels; n++) {
			const struct netra_feed *f = s->hub.board[b].feed[n];

			if (!f)
				continue;
			if (s->hub.boards > 1)
				cli_cell(&table, CLI_PLAIN, "%u", b);
			cli_cell(&table, CLI_PLAIN, "%u", n);
			cli_cell(&table, CLI_PLAIN, "%llu",
				 (unsigned long long)f->frames);
			cli_cell(&table, f->lost ? CLI_YELLOW : CLI_PLAIN,
				 "%llu", (unsigned long long)f->lost);
			cli_cell(&table, CLI_PLAIN, "%.2f",
				 (double)f->rate / 1e6);
			cli_cell(&table, CLI_PLAIN, "%u", players(f));
			cli_cell(&table, f->ended ? CLI_DIM :
				 !s->hub.board[b].board ? CLI_RED : f->log.key ?
				 CLI_GREEN : CLI_YELLOW, "%s",
				 !s->hub.board[b].board ? "board lost" :
				 f->ended ? "ended" : f->log.key ? "live" :
				 "waiting");
		}
	}
	cli_table_print(&table, file, cli_colour_on(stderr));
}

static void summary(struct serve *s, FILE *file)
{
	struct netra_web_stats web = { 0 };
	struct netra_rtsp_stats stats;
	uint64_t now_ns = cli_now_ns(), sent, dropped;
	double seconds = (double)(now_ns - s->shown_ns) / 1e9;
	char clock[24];

	netra_rtsp_get_stats(s->rtsp, &stats);
	if (s->web)
		netra_web_get_stats(s->web, &web);
	sent = stats.sent_bytes + web.sent_bytes;
	dropped = stats.dropped_frames + web.skipped_frames;
	cli_format_clock(clock, sizeof(clock),
			 (now_ns - s->start_ns) / 1000000u);
	fprintf(file, "%s  %u connections; playing: %u UDP, %u TCP, %u "
		"multicast, %u web; %.1f Mb/s; %llu frames dropped for slow "
		"ones\n", clock, stats.connections + web.connections,
		stats.playing[0], stats.playing[1], stats.playing[2],
		web.watching, (double)(sent - s->shown_bytes) * 8e-6 / seconds,
		(unsigned long long)dropped);
	s->shown_bytes = sent;
	s->shown_ns = now_ns;
}

void serve_show(struct serve *s)
{
	unsigned int columns, rows;
	uint32_t count = 0;
	char *text = NULL;
	size_t size;
	FILE *file;

	if (s->options.json) {
		print_line(status_json(s, "status"));
		return;
	}
	if (s->options.quiet)
		return;
	if (!cli_terminal(stderr)) {
		summary(s, stderr);
		return;
	}
	file = open_memstream(&text, &size);
	if (!file)
		return;
	summary(s, file);
	for (uint32_t b = 0; b < s->hub.boards; b++)
		count += s->hub.board[b].channels;
	cli_terminal_size(stderr, &columns, &rows);
	/* A table that does not fit is left out: its end would be unseen. */
	if (count + 3 <= rows)
		add_table(s, file);
	fclose(file);
	cli_live(text);
	free(text);
}

void serve_show_end(struct serve *s)
{
	cli_progress_clear();
	if (s->options.json)
		print_line(status_json(s, "end"));
}
