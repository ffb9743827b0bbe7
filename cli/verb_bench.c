/* SPDX-License-Identifier: BSD-2-Clause */
/* netra bench: which boards to measure, and what is asked of them. */
#include <stdio.h>
#include <string.h>

#include "bench.h"

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
	return bench_run(&bench, cli_board_emulated(bench.name) ? bench_emulated :
								   bench_real, json);
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
