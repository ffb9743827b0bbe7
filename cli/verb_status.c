/* SPDX-License-Identifier: BSD-2-Clause */
/* netra status: what the board is, which memory it has, how it does. */
#include <string.h>

#include "board_open.h"
#include "channels.h"
#include "loop.h"
#include "output.h"

static const char *sync_name(enum netra_sync_mode mode)
{
	return cli_sync_modes[mode == NETRA_SYNC_PETERSON];
}

static void print_identity(const struct netra_board_details *d)
{
	char bars[100] = "";

	for (unsigned int i = 0; i < 6; i++) {
		size_t used = strlen(bars);
		char one[24];

		if (!d->bar[i].bytes)
			continue;
		cli_format_memory(one, sizeof(one), d->bar[i].bytes);
		snprintf(bars + used, sizeof(bars) - used, "%s%u: %s",
			 used ? ", " : "", i, one);
	}
	cli_field("board", "%s", d->name);
	cli_field("state", "%s", d->state);
	cli_field("firmware", "%s", *d->firmware ? d->firmware : "-");
	cli_field("device", "%04x:%04x %s, class %06x, driver %s",
		  d->vendor_id, d->device_id, d->soc, d->class_code, d->driver);
	cli_field("BARs", "%s", bars);
	if (d->link_width)
		cli_field("link", "x%u at %.1f GT/s", d->link_width,
			  (double)d->link_mtps / 1000.0);
}

static void print_running(const struct netra_board_stats *s)
{
	char window[24], arena[24];

	cli_format_memory(window, sizeof(window), s->window_bytes);
	cli_format_memory(arena, sizeof(arena), s->arena_bytes);
	if (s->window_bus[0])
		cli_field("windows", "%u of %s, from bus address 0x%llx",
			  s->window_count, window,
			  (unsigned long long)s->window_bus[0]);
	else
		cli_field("windows", "%u of %s", s->window_count, window);
	cli_field("memory", "%s: %s", arena, s->memory);
	cli_field("caching", "%s", s->cache_mode);
	cli_field("sync", "%s, generation %u", sync_name(s->sync_mode),
		  s->generation);
	if (s->clock_valid)
		cli_field("clock", "host - board = %.6f s, drift %+.3f ppm",
			  (double)s->clock_offset_ns / 1e9,
			  (double)s->clock_drift_ppb / 1e3);
	else
		cli_field("clock", "not correlated yet");
	cli_field("interrupts", "%llu taken, %llu sent; %llu wake-ups; "
		  "%llu heartbeats", (unsigned long long)s->interrupts,
		  (unsigned long long)s->board_interrupts,
		  (unsigned long long)s->wakeups,
		  (unsigned long long)s->heartbeats);
	cli_field("recovery", "%u resyncs, %u firmware restarts, %u resets",
		  s->resyncs, s->firmware_restarts, s->resets);
	cli_field("trouble", "%llu bad replies, %llu late answers, %llu events "
		  "lost, %llu DMA faults", (unsigned long long)s->bad_replies,
		  (unsigned long long)s->command_timeouts,
		  (unsigned long long)s->events_lost,
		  (unsigned long long)s->dma_faults);
}

static json_t *identity_json(const struct netra_board_details *d)
{
	json_t *bars = json_array();

	for (unsigned int i = 0; i < 6; i++)
		json_array_append_new(bars, json_pack("{s:I, s:b}",
			"bytes", (json_int_t)d->bar[i].bytes,
			"mappable", (int)d->bar[i].mappable));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, "
			 "s:I, s:o}", "board", d->name, "state", d->state,
			 "firmware", d->firmware, "driver", d->driver,
			 "soc", d->soc, "vendor_id", (int)d->vendor_id,
			 "device_id", (int)d->device_id,
			 "class_code", (json_int_t)d->class_code,
			 "link_width", (json_int_t)d->link_width,
			 "link_mtps", (json_int_t)d->link_mtps,
			 "channels", (json_int_t)d->channels, "bars", bars);
}

static json_t *running_json(const struct netra_board_stats *s)
{
	json_t *bus = json_array();

	for (uint32_t i = 0; i < s->window_count && i < 31; i++)
		json_array_append_new(bus,
				      json_integer((json_int_t)s->window_bus[i]));
	return json_pack(
		"{s:I, s:s, s:I, s:I, s:o, s:I, s:s, s:s, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I}",
		"generation", (json_int_t)s->generation,
		"sync", sync_name(s->sync_mode),
		"window_bytes", (json_int_t)s->window_bytes,
		"window_count", (json_int_t)s->window_count, "window_bus", bus,
		"arena_bytes", (json_int_t)s->arena_bytes, "memory", s->memory,
		"cache_mode", s->cache_mode,
		"interrupts", (json_int_t)s->interrupts,
		"wakeups", (json_int_t)s->wakeups,
		"board_interrupts", (json_int_t)s->board_interrupts,
		"heartbeats", (json_int_t)s->heartbeats,
		"events_lost", (json_int_t)s->events_lost,
		"bad_replies", (json_int_t)s->bad_replies,
		"command_timeouts", (json_int_t)s->command_timeouts,
		"resyncs", (json_int_t)s->resyncs,
		"firmware_restarts", (json_int_t)s->firmware_restarts,
		"resets", (json_int_t)s->resets,
		"clock_valid", (int)s->clock_valid,
		"clock_offset_ns", (json_int_t)s->clock_offset_ns,
		"clock_drift_ppb", (json_int_t)s->clock_drift_ppb,
		"dma_faults", (json_int_t)s->dma_faults);
}

/* Serve the board for a while, so that counters move and the clock settles. */
static int serve(struct netra_board *board, const char *name, uint64_t ms)
{
	uint64_t end_ns = cli_now_ns() + ms * 1000000u;
	int stop_fd = cli_stop_begin(), status = CLI_OK;

	if (stop_fd < 0)
		return CLI_FAILED;
	while (cli_now_ns() < end_ns) {
		unsigned int wake = cli_wait(board, stop_fd, NULL, end_ns);

		if (wake & CLI_WAKE_LOST) {
			cli_board_failed(board, name);
			status = CLI_FAILED;
		}
		if (wake & (CLI_WAKE_LOST | CLI_WAKE_STOP))
			break;
	}
	cli_stop_end(stop_fd);
	return status;
}

static void print_sheet(const struct netra_board_details *details,
			const struct netra_board_stats *stats,
			const struct cli_sample *before,
			const struct cli_sample *now)
{
	struct cli_table table = { 0 };

	print_identity(details);
	if (!stats->generation) {
		cli_field("", "It has no windows: 'netra boot %s' boots it.",
			  details->name);
		return;
	}
	print_running(stats);
	putchar('\n');
	cli_channel_table(&table, before, now, NULL);
	cli_table_print(&table, stdout, cli_colour_on(stdout));
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_board_options wanted = { 0 };
	struct cli_sample before, now;
	struct netra_board_details details;
	struct netra_board_stats stats;
	struct netra_board *board;
	bool json = false, start = false;
	uint64_t interval_ms = 1000;
	const char *name;
	const struct cli_option options[] = {
		{ "start", 0, CLI_FLAG, &start, NULL,
		  "start the channels that stand still", 0, 0, NULL },
		{ "interval", 'i', CLI_DURATION, &interval_ms, "TIME",
		  "how long to measure rates (default: 1s)", 0,
		  UINT64_C(86400000), NULL },
		CLI_BOARD_OPTIONS(&wanted),
		{ "json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &name);

	if (status >= 0)
		return status;
	board = cli_board_look(name, &wanted);
	if (!board)
		return CLI_FAILED;
	status = CLI_OK;
	netra_board_get_stats(board, &stats);
	netra_board_get_details(board, &details);
	if (stats.generation) {
		for (uint32_t i = 0; start && i < details.channels; i++)
			status |= cli_channel_start(board, i);
		cli_sample(board, &before);
		status |= serve(board, name, interval_ms);
	}
	cli_sample(board, &now);
	netra_board_get_details(board, &details);
	netra_board_get_stats(board, &stats);
	if (json) {
		json_t *all = identity_json(&details);

		if (stats.generation) {
			json_object_set_new(all, "running",
					    running_json(&stats));
			json_object_set_new(all, "channels",
					    cli_channels_json(&before, &now));
		}
		status |= cli_json_print(all);
	} else {
		print_sheet(&details, &stats, &before, &now);
	}
	netra_close(board);
	return status;
}

const struct cli_verb cli_verb_status = {
	.name = "status",
	.operand = "BOARD",
	.synopsis = "[--start] [--json]",
	.summary = "Show a board's state, windows, rings and rates",
	.description =
"Shows the board as it stands. A board that is not running is not booted, only\n"
"one made by 'emulated'. A board whose firmware runs is given windows for as\n"
"long as the command lasts; rates are measured over --interval.\n",
	.run = run,
};
