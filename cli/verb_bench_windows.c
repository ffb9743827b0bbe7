/* SPDX-License-Identifier: BSD-2-Clause */
/* netra bench on Windows, where there are real boards only. */
#include "bench.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct bench bench = { 0 };
	uint64_t duration_ms = 2000;
	bool json = false;
	const struct cli_option options[] = {
		{ "seconds", 's', CLI_DURATION, &duration_ms, "TIME",
		  "length of each measurement (default: 2s)", 100, 3600000,
		  NULL },
		CLI_BOARD_OPTIONS(&bench.wanted),
		{ "json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &bench.name);

	if (status >= 0)
		return status;
	bench.seconds = (double)duration_ms / 1e3;
	return bench_run(&bench, bench_real, json);
}

const struct cli_verb cli_verb_bench = {
	.name = "bench",
	.operand = "BOARD",
	.synopsis = "[--seconds TIME] [--json]",
	.summary = "Measure bandwidth, latency and CPU",
	.description =
"Reads all channels as frames come: frames a second, wake-ups, CPU of this\n"
"process per second of one stream, and latency by the correlated clocks. Then\n"
"compares reading frames by reference (every byte is read) and by copy with a\n"
"memcpy() and a read of ordinary memory, in the same run. That memory holds\n"
"frames of the same lengths in the same order and was just written by another\n"
"thread on another CPU, as the board's was by the board. Waiting and finding\n"
"frames are not timed; calls of the driver are. The ways alternate; medians are\n"
"shown, ratios are medians of ratios within a round. docs/bench.md has the\n"
"details.\n",
	.run = run,
};
