/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bars and live text on standard error. The state is the terminal's, of
 * which there is one: how many lines below the cursor's home are ours.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "output.h"
#include "progress.h"

#define BAR_CELLS 24u
#define BAR_REDRAW_NS 50000000u		/* 20 times a second */
#define PLAIN_AFTER_NS 5000000000u	/* patience without a terminal */

static unsigned int live_lines;		/* above the cursor */
static bool bar_open;			/* the cursor's line is a bar */
static struct netra_boot_status shown;	/* in that bar */
static uint64_t drawn_ns;		/* when; 0 = not in this boot */

void cli_progress_clear(void)
{
	if (bar_open)
		fputs("\r\033[K", stderr);
	if (live_lines)
		fprintf(stderr, "\033[%uA\r\033[J", live_lines);
	bar_open = false;
	live_lines = 0;
}

/* Bytes of @line that fill at most @columns, colour sequences for free. */
static size_t fitting(const char *line, size_t length, unsigned int columns)
{
	unsigned int used = 0;
	size_t i = 0;

	while (i < length) {
		if (line[i] == '\033') {
			while (i < length && line[i] != 'm')
				i++;
			i++;
			continue;
		}
		if (((unsigned char)line[i] & 0xc0) != 0x80 &&
		    used++ == columns)
			break;
		i++;
	}
	return i < length ? i : length;
}

void cli_live(const char *text)
{
	unsigned int columns, rows, lines = 0;

	cli_terminal_size(stderr, &columns, &rows);
	if (live_lines)
		fprintf(stderr, "\033[%uA\r", live_lines);
	while (*text && lines + 1 < rows) {
		size_t length = strcspn(text, "\n");

		fprintf(stderr, "%.*s\033[0m\033[K\n",
			(int)fitting(text, length, columns), text);
		text += length + (text[length] == '\n');
		lines++;
	}
	fputs("\033[J", stderr);
	fflush(stderr);
	live_lines = lines;
}

static void draw_bar(const struct netra_boot_status *status)
{
	bool blocks = cli_utf8();
	char size[24];
	uint64_t total = status->total_bytes ? status->total_bytes : 1;
	unsigned int full = (unsigned int)(status->done_bytes * BAR_CELLS / total);

	fprintf(stderr, "\r\033[K%-12s ", status->image);
	for (unsigned int i = 0; i < BAR_CELLS; i++)
		fputs(i < full ? (blocks ? "█" : "#") : (blocks ? "░" : "."),
		      stderr);
	cli_format_memory(size, sizeof(size), status->total_bytes);
	fprintf(stderr, " %3u%%  %s",
		(unsigned int)(status->done_bytes * 100 / total), size);
	if (status->waiting_for)
		fprintf(stderr, ", %.24s", status->waiting_for);
	fflush(stderr);
	bar_open = true;
}

/* A bar that has done its work stays, without what it waited for. */
static void close_bar(void)
{
	if (!bar_open)
		return;
	shown.done_bytes = shown.total_bytes;
	shown.waiting_for = NULL;
	draw_bar(&shown);
	fputc('\n', stderr);
	bar_open = false;
}

void cli_progress_boot(void *context, const struct netra_boot_status *status)
{
	uint64_t now_ns = cli_now_ns();
	bool terminal = cli_terminal(stderr);

	(void)context;
	/* Before the first upload: the board may turn out to run already. */
	if (!status->done_bytes && !bar_open)
		return;
	if (!drawn_ns && !terminal)
		drawn_ns = now_ns;
	if (!terminal && now_ns - drawn_ns < PLAIN_AFTER_NS)
		return;
	if (bar_open && status->image_number != shown.image_number)
		close_bar();
	if (bar_open && now_ns - drawn_ns < BAR_REDRAW_NS &&
	    status->done_bytes < status->total_bytes)
		return;
	shown = *status;
	drawn_ns = now_ns;
	if (terminal)
		draw_bar(status);
	else
		fprintf(stderr, "booting: %s %s\n", status->image,
			status->waiting_for ? "sent; waiting for the board" :
					      "under way");
}

void cli_progress_boot_end(bool booted)
{
	drawn_ns = 0;
	if (booted)
		close_bar();
	else
		cli_progress_clear();
}
