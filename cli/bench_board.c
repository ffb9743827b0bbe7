/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run of netra bench: boards with a reader on every channel, a real board
 * taken as it is, and what goes on around whatever is measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "output.h"
#include "progress.h"

#define RESULTS_MAX ((size_t)CLI_LIST_MAX * 4)
#define REFERENCE_BYTES (80u << 20)

void bench_board_close(struct bench_board *b)
{
	for (uint32_t i = 0; i < b->channels; i++)
		netra_reader_close(b->reader[i]);
	netra_close(b->board);
}

int bench_board_open(struct bench_board *b, const char *name,
		     const struct cli_board_options *wanted)
{
	struct netra_board_details details;
	int status = CLI_OK;

	*b = (struct bench_board){ 0 };
	/* What the library starts for an emulated board stays on that side. */
	bench_pin(false);
	b->board = cli_board_open(name, wanted);
	bench_pin(true);
	if (!b->board)
		return CLI_FAILED;
	netra_board_get_details(b->board, &details);
	while (b->channels < details.channels) {
		if (netra_reader_open(b->board, b->channels, NETRA_READER_ALL,
				      &b->reader[b->channels]) != NETRA_OK) {
			cli_board_failed(b->board, name);
			bench_board_close(b);
			return CLI_FAILED;
		}
		b->channels++;
	}
	for (uint32_t i = 0; i < b->channels; i++)
		status |= cli_channel_start(b->board, i);
	if (status != CLI_OK)
		bench_board_close(b);
	return status;
}

void bench_say(const struct bench *bench, const char *what, uint32_t channels,
	       uint32_t window_mb)
{
	char line[120];

	if (!cli_terminal(stderr))
		return;
	snprintf(line, sizeof(line), "%zu measured; now %u channels, %u MB "
		 "windows: %s", bench->count, channels, window_mb, what);
	cli_live(line);
}

void bench_describe(struct bench_board *b, struct bench_result *result)
{
	struct netra_board_stats stats;

	netra_board_get_stats(b->board, &stats);
	result->channels = b->channels;
	result->window_bytes = stats.window_bytes;
	result->window_count = stats.window_count;
	memcpy(result->memory, stats.memory, sizeof(result->memory));
	memcpy(result->cache_mode, stats.cache_mode, sizeof(result->cache_mode));
}

int bench_real(struct bench *bench)
{
	struct bench_result *result = bench->results;
	struct bench_board board;
	int status = bench_board_open(&board, bench->name, &bench->wanted);

	if (status)
		return status;
	bench_describe(&board, result);
	bench_say(bench, "in real time", board.channels, result->window_bytes >> 20);
	status = bench_stream(&board, bench->seconds, &result->live);
	bench_say(bench, "bandwidth", board.channels, result->window_bytes >> 20);
	if (!status)
		status = bench_rates(&board, bench->memory, bench->seconds,
				     &result->rates);
	bench_board_close(&board);
	result->have_live = true;
	bench->count = 1;
	return status;
}

int bench_run(struct bench *bench, int (*measure)(struct bench *bench), bool json)
{
	int status = CLI_FAILED;

	bench->results = calloc(RESULTS_MAX, sizeof(*bench->results));
	bench_pin(true);
	bench->memory = bench_memory_open(REFERENCE_BYTES);
	if (bench->results && bench->memory)
		status = measure(bench);
	cli_progress_clear();
	if (status == CLI_OK && json)
		status = bench_report_json(bench->name, bench->results, bench->count);
	else if (status == CLI_OK)
		bench_report(bench->name, bench->results, bench->count);
	bench_memory_close(bench->memory);
	free(bench->results);
	return status;
}
