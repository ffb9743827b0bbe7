/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra bench: which boards to measure, and one after the other. An emulated
 * board is made anew for every number of channels and size of windows, once
 * as fast as it can and once in real time; a real one is taken as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "board_open.h"
#include "core/protocol.h"
#include "output.h"
#include "progress.h"

#define RESULTS_MAX ((size_t)CLI_LIST_MAX * 4)
#define REFERENCE_BYTES (80u << 20)
#define CLIP_FRAMES 150u
#define CLIP_FRAME_BYTES 8192u	/* least: 2 Mb/s at 30 frames a second */

struct bench {
	const char *name;
	struct cli_board_options wanted;
	struct cli_list channels;
	struct cli_list windows;	/* MB */
	double seconds;
	char source[300];		/* "" = what the name says */
	struct bench_memory *memory;
	struct bench_result *results;
	size_t count;
};

static void close_board(struct bench_board *b)
{
	for (uint32_t i = 0; i < b->channels; i++)
		netra_reader_close(b->reader[i]);
	netra_close(b->board);
}

static int open_board(struct bench_board *b, const char *name,
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
			close_board(b);
			return CLI_FAILED;
		}
		b->channels++;
	}
	for (uint32_t i = 0; i < b->channels; i++)
		status |= cli_channel_start(b->board, i);
	if (status != CLI_OK)
		close_board(b);
	return status;
}

static void say(const struct bench *bench, const char *what, uint32_t channels,
		uint32_t window_mb)
{
	char line[120];

	if (!cli_terminal(stderr))
		return;
	snprintf(line, sizeof(line), "%zu measured; now %u channels, %u MB "
		 "windows: %s", bench->count, channels, window_mb, what);
	cli_live(line);
}

static void describe(struct bench_board *b, struct bench_result *result)
{
	struct netra_board_stats stats;

	netra_board_get_stats(b->board, &stats);
	result->channels = b->channels;
	result->window_bytes = stats.window_bytes;
	result->window_count = stats.window_count;
	memcpy(result->memory, stats.memory, sizeof(result->memory));
	memcpy(result->cache_mode, stats.cache_mode, sizeof(result->cache_mode));
}

/* "emulated:OPTIONS,channels=N,pace=PACE,source=FILE" */
static void emulated_name(const struct bench *bench, char *name, size_t size,
			  uint32_t channels, const char *pace)
{
	/* A clock without drift: two seconds are too short to learn of it. */
	snprintf(name, size, "%s%schannels=%u,pace=%s,clock-drift-ppb=0%s%s",
		 bench->name,
		 strchr(bench->name, ':') ? "," : ":", channels, pace,
		 *bench->source ? ",source=" : "", bench->source);
}

static int measure_emulated(struct bench *bench, uint32_t channels,
			    uint32_t window_mb)
{
	struct bench_result *result = &bench->results[bench->count];
	struct cli_board_options wanted = bench->wanted;
	struct bench_board board;
	char name[1000];
	int status;

	for (wanted.window = 1; 1u << (wanted.window - 1) < window_mb;)
		wanted.window++;
	emulated_name(bench, name, sizeof(name), channels, "free");
	status = open_board(&board, name, &wanted);
	if (status)
		return status;
	describe(&board, result);
	say(bench, "bandwidth", channels, window_mb);
	status = bench_rates(&board, bench->memory, bench->seconds,
			     &result->rates);
	say(bench, "as fast as it can", channels, window_mb);
	if (!status)
		status = bench_stream(&board, bench->seconds, &result->full);
	close_board(&board);
	if (status)
		return status;
	result->have_full = true;

	emulated_name(bench, name, sizeof(name), channels, "realtime");
	status = open_board(&board, name, &wanted);
	if (status)
		return status;
	say(bench, "in real time", channels, window_mb);
	status = bench_stream(&board, bench->seconds, &result->live);
	close_board(&board);
	result->have_live = true;
	bench->count++;
	return status;
}

static int measure_real(struct bench *bench)
{
	struct bench_result *result = bench->results;
	struct bench_board board;
	int status = open_board(&board, bench->name, &bench->wanted);

	if (status)
		return status;
	describe(&board, result);
	say(bench, "in real time", board.channels, result->window_bytes >> 20);
	status = bench_stream(&board, bench->seconds, &result->live);
	say(bench, "bandwidth", board.channels, result->window_bytes >> 20);
	if (!status)
		status = bench_rates(&board, bench->memory, bench->seconds,
				     &result->rates);
	close_board(&board);
	result->have_live = true;
	bench->count = 1;
	return status;
}

/* A frame, filled up as an encoder at constant bit rate fills up. */
static int write_padded(int fd, const struct netra_frame *frame)
{
	static const uint8_t begin[] = { 0, 0, 0, 1, 12 };	/* filler data */
	uint8_t filler[CLIP_FRAME_BYTES];
	size_t length = 0;

	if (frame->length + sizeof(begin) + 1 < CLIP_FRAME_BYTES) {
		length = CLIP_FRAME_BYTES - frame->length;
		memset(filler, 0xff, length);
		memcpy(filler, begin, sizeof(begin));
		filler[length - 1] = 0x80;
	}
	if (write(fd, frame->data, frame->length) != (ssize_t)frame->length ||
	    write(fd, filler, length) != (ssize_t)length)
		return -1;
	return 0;
}

/*
 * An emulated camera has to code its pictures, which is slower than anything
 * measured here: take some of them once, and let all boards play those.
 * Return: a descriptor whose /proc name is the source, or -1, said.
 */
static int make_clip(struct bench *bench)
{
	struct cli_board_options plain = { .firmware = bench->wanted.firmware };
	struct bench_board board;
	uint32_t frames = 0;
	bool failed = false;
	char name[600];
	int fd;

	emulated_name(bench, name, sizeof(name), 1, "free");
	if (open_board(&board, name, &plain))
		return -1;
	fd = memfd_create("netra-bench", MFD_CLOEXEC);
	failed = fd < 0;
	while (!failed && frames < CLIP_FRAMES) {
		enum netra_error error = netra_dispatch(board.board, 1000);
		struct netra_frame frame;

		failed = error != NETRA_OK;
		while (!failed && frames < CLIP_FRAMES &&
		       netra_reader_next(board.reader[0], &frame) == NETRA_OK) {
			failed = write_padded(fd, &frame) ||
				 netra_reader_release(board.reader[0], &frame);
			frames++;
		}
	}
	close_board(&board);
	if (failed) {
		cli_error("bench: no clip could be taken from an emulated "
			  "camera: give one with --source");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(bench->source, sizeof(bench->source), "/proc/%d/fd/%d",
		 getpid(), fd);
	return fd;
}

static int measure_all_emulated(struct bench *bench)
{
	int status = CLI_OK, clip = -1;

	if (!*bench->source && !strstr(bench->name, "source=")) {
		clip = make_clip(bench);
		if (clip < 0)
			return CLI_FAILED;
	}
	for (uint32_t c = 0; !status && c < bench->channels.count; c++)
		for (uint32_t w = 0; !status && w < bench->windows.count; w++)
			status = measure_emulated(bench,
						  bench->channels.item[c],
						  bench->windows.item[w]);
	if (clip >= 0)
		close(clip);
	return status;
}

/* Says what does not go together. */
static bool options_fit(struct bench *bench, bool quick, const char *source)
{
	for (uint32_t i = 0; i < bench->windows.count; i++) {
		uint32_t mb = bench->windows.item[i];

		if (mb & (mb - 1)) {
			cli_error("--windows %u: no such window size: give 1, "
				  "2, 4 or 8 (MB)", mb);
			return false;
		}
	}
	if (!cli_board_emulated(bench->name) &&
	    (bench->channels.count || bench->windows.count || source)) {
		cli_error("--%s: only an emulated board can be made anew: leave "
			  "it out", bench->channels.count ? "channels" :
			  bench->windows.count ? "windows" : "source");
		return false;
	}
	if (source && strlen(source) >= sizeof(bench->source)) {
		cli_error("--source: its name is too long: use a shorter one");
		return false;
	}
	if (source)
		snprintf(bench->source, sizeof(bench->source), "%s", source);
	if (!bench->channels.count)
		bench->channels = quick ? (struct cli_list){ 2, { 1, 16 } } :
					  (struct cli_list){ 3, { 1, 16, 64 } };
	if (!bench->windows.count)
		bench->windows = quick ? (struct cli_list){ 1, { 8 } } :
					 (struct cli_list){ 4, { 1, 2, 4, 8 } };
	return true;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct bench bench = { 0 };
	const char *source = NULL;
	uint64_t duration_ms = 0;
	bool quick = false, json = false;
	const struct cli_option options[] = {
		{ "quick", 0, CLI_FLAG, &quick, NULL,
		  "1 and 16 channels, 8 MB windows, half a second each", 0, 0,
		  NULL },
		{ "channels", 'c', CLI_LIST, &bench.channels, "LIST",
		  "numbers of channels to measure (default: 1,16,64)", 1,
		  NETRA_CHANNELS_MAX, NULL },
		{ "windows", 'w', CLI_LIST, &bench.windows, "LIST",
		  "window sizes in MB (default: 1,2,4,8)", 1, 8, NULL },
		{ "seconds", 's', CLI_DURATION, &duration_ms, "TIME",
		  "length of each measurement (default: 2s)", 100, 3600000,
		  NULL },
		{ "source", 0, CLI_STRING, &source, "FILE",
		  "what emulated boards play (default: an emulated camera's "
		  "pictures)", 0, 0, NULL },
		CLI_BOARD_OPTIONS(&bench.wanted),
		{ "json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &bench.name);

	if (status >= 0)
		return status;
	if (!options_fit(&bench, quick, source))
		return CLI_USAGE;
	bench.seconds = duration_ms ? (double)duration_ms / 1e3 :
			quick ? 0.5 : 2.0;
	bench.results = calloc(RESULTS_MAX, sizeof(*bench.results));
	bench_pin(true);
	bench.memory = bench_memory_open(REFERENCE_BYTES);
	status = CLI_FAILED;
	if (bench.results && bench.memory)
		status = cli_board_emulated(bench.name) ?
			 measure_all_emulated(&bench) : measure_real(&bench);
	cli_progress_clear();
	if (status == CLI_OK && json)
		status = bench_report_json(bench.name, bench.results,
					   bench.count);
	else if (status == CLI_OK)
		bench_report(bench.name, bench.results, bench.count);
	bench_memory_close(bench.memory);
	free(bench.results);
	return status;
}

const struct cli_verb cli_verb_bench = {
	.name = "bench",
	.operand = "BOARD",
	.synopsis = "[--quick] [--json]",
	.summary = "Measure bandwidth, latency and CPU",
	.description =
"Compares reading frames by reference (every byte is read) and by copy with a\n"
"memcpy() and a read of ordinary memory, in the same run. That memory holds\n"
"frames of the same lengths in the same order and was just written by another\n"
"process on another CPU, as the board's was, so both are equally far from the\n"
"reader's caches. Batches are read while the board waits for room; waiting and\n"
"finding frames are not timed. The ways alternate; medians are shown, ratios are\n"
"medians of ratios within a round. Then all channels are read as frames come:\n"
"frames a second, wake-ups, CPU of this process per second of one stream, and\n"
"latency by the correlated clocks. An emulated board is made anew for each number\n"
"of channels and size of windows. docs/bench.md has the details.\n",
	.run = run,
};
