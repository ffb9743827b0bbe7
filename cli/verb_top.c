/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra top: the channels' rates, refreshed in place. Starts what stands
 * still, opens no reader: frames are counted and given back.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "board_open.h"
#include "channels.h"
#include "loop.h"
#include "output.h"

struct screen {
	bool on;		/* a terminal: redraw in place, keys work */
	bool keys;
	struct termios saved;
};

static void screen_begin(struct screen *screen)
{
	struct termios raw;

	screen->on = cli_terminal(stdout);
	screen->keys = screen->on && tcgetattr(STDIN_FILENO, &screen->saved) == 0;
	if (screen->keys) {
		raw = screen->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (screen->on)
		fputs("\033[?1049h\033[?25l", stdout);
}

static void screen_end(struct screen *screen)
{
	if (screen->on)
		fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	if (screen->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen->saved);
}

/* What does not fit the screen is left out, so that it never scrolls. */
static void draw(const char *text, bool in_place)
{
	unsigned int columns, rows;

	if (!in_place) {
		fputs(text, stdout);
		putchar('\n');
		fflush(stdout);
		return;
	}
	cli_terminal_size(stdout, &columns, &rows);
	fputs("\033[H", stdout);
	for (unsigned int row = 1; *text && row < rows; row++) {
		size_t length = strcspn(text, "\n");

		printf("\033[?7l%.*s\033[0m\033[K\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
	fputs("\033[?7h\033[J", stdout);
	fflush(stdout);
}

static int show(struct netra_board *board, const struct cli_sample *before,
		const struct cli_sample *now,
		const struct cli_history *history, bool in_place)
{
	struct netra_board_details details;
	struct netra_board_stats stats;
	struct cli_table table = { 0 };
	uint64_t bytes = 0, lost = 0;
	char *text = NULL, *name;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	double seconds;

	if (!file) {
		cli_error("top: out of memory: close other programs");
		return CLI_FAILED;
	}
	netra_board_get_details(board, &details);
	netra_board_get_stats(board, &stats);
	for (uint32_t i = 0; i < now->channels; i++) {
		if (now->channel[i].bytes > before->channel[i].bytes)
			bytes += now->channel[i].bytes -
				 before->channel[i].bytes;
		lost += now->channel[i].lost;
	}
	seconds = (double)(now->time_ns - before->time_ns) / 1e9;
	name = details.name;
	fprintf(file, "%s: %s, %s\n", name, details.state, details.firmware);
	fprintf(file, "%.2f Mb/s, %llu dropped, %llu interrupts, "
		"%u resyncs, %u restarts, %u resets\n\n",
		(double)bytes * 8e-6 / (seconds > 0.0 ? seconds : 1.0),
		(unsigned long long)lost, (unsigned long long)stats.interrupts,
		stats.resyncs, stats.firmware_restarts, stats.resets);
	cli_channel_table(&table, before, now, history);
	cli_table_print(&table, file, cli_colour_on(stdout));
	fclose(file);
	draw(text, in_place);
	free(text);
	return CLI_OK;
}

static bool quit_key(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q';
}

static int watch(struct netra_board *board, const char *name,
		 uint64_t interval_ms, uint64_t count, int stop_fd,
		 struct screen *screen)
{
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	struct cli_history history = { 0 };
	struct cli_sample sample[2];
	unsigned int at = 0;
	uint64_t due_ns, shown = 0;

	cli_sample(board, &sample[at]);
	due_ns = sample[at].time_ns + interval_ms * 1000000u;
	for (;;) {
		unsigned int wake = cli_wait(board, stop_fd,
					     screen->keys ? &key : NULL,
					     due_ns);

		if (wake & CLI_WAKE_LOST) {
			screen_end(screen);
			screen->on = screen->keys = false;
			cli_board_failed(board, name);
			return CLI_FAILED;
		}
		if (wake & CLI_WAKE_STOP || (wake & CLI_WAKE_EXTRA && quit_key()))
			return CLI_OK;
		if (!screen->on)
			cli_report_events(board, NULL);
		if (cli_now_ns() < due_ns)
			continue;
		due_ns += interval_ms * 1000000u;
		cli_sample(board, &sample[!at]);
		cli_history_add(&history, &sample[at], &sample[!at]);
		if (show(board, &sample[at], &sample[!at], &history, screen->on))
			return CLI_FAILED;
		if (ferror(stdout) || ++shown == count)
			return CLI_OK;
		at = !at;
	}
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_board_options wanted = { 0 };
	uint64_t interval_ms = 1000, count = 0;
	const char *name;
	const struct cli_option options[] = {
		{ "interval", 'i', CLI_DURATION, &interval_ms, "TIME",
		  "time between two looks (default: 1s)", 100,
		  UINT64_C(86400000), NULL },
		{ "count", 'n', CLI_NUMBER, &count, "N",
		  "end after N looks", 1, UINT32_MAX, NULL },
		CLI_BOARD_OPTIONS(&wanted),
		{ 0 }
	};
	struct netra_board_details details;
	struct netra_board *board;
	struct screen screen;
	int stop_fd, status = cli_parse(verb, options, argc, argv, &name);

	if (status >= 0)
		return status;
	board = cli_board_open(name, &wanted);
	if (!board)
		return CLI_FAILED;
	netra_board_get_details(board, &details);
	status = CLI_OK;
	for (uint32_t i = 0; i < details.channels; i++)
		status |= cli_channel_start(board, i);
	stop_fd = cli_stop_begin();
	if (stop_fd < 0) {
		status = CLI_FAILED;
		goto out_close;
	}
	screen_begin(&screen);
	status |= watch(board, name, interval_ms, count, stop_fd, &screen);
	screen_end(&screen);
	cli_stop_end(stop_fd);
out_close:
	netra_close(board);
	return status;
}

const struct cli_verb cli_verb_top = {
	.name = "top",
	.operand = "BOARD",
	.synopsis = "[--interval TIME]",
	.summary = "Watch a board's channels, refreshed",
	.description =
"Boots the board if it is not running, starts its channels and shows frame and\n"
"bit rates, drops and how full the rings are. 'q' ends it. Without a terminal\n"
"it prints one table after the other.\n",
	.run = run,
};
