/* SPDX-License-Identifier: BSD-2-Clause */
/* What netra bench found, for people and for programs. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "output.h"

static const char uncached_why[] =
	"not available here: only a kernel driver can map it so";

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), ascending);
	if (!count)
		return 0.0;
	return (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

double bench_percentile(const double *sorted, size_t count, double percent)
{
	size_t rank = (size_t)(percent / 100.0 * (double)count);

	if (!count)
		return 0.0;
	return sorted[rank < count ? rank : count - 1];
}

static double cpu_ms_per_stream_second(const struct bench_result *r)
{
	double streams = r->live.seconds * (double)r->channels;

	return streams > 0.0 ? r->live.cpu_seconds * 1e3 / streams : 0.0;
}

static void cell_ratio(struct cli_table *table, double ratio, double aim)
{
	cli_cell(table, ratio >= aim ? CLI_GREEN : CLI_YELLOW, "%.2f", ratio);
}

static void print_rates(const struct bench_result *results, size_t count)
{
	struct cli_table table = { 0 };

	cli_column(&table, "CHANNELS", false);
	cli_column(&table, "WINDOWS", false);
	cli_column(&table, "FRAME KB", false);
	cli_column(&table, "memcpy", false);
	cli_column(&table, "read", false);
	cli_column(&table, "ZERO-COPY", false);
	cli_column(&table, "RATIO", false);
	cli_column(&table, "COPY", false);
	cli_column(&table, "RATIO", false);
	for (size_t i = 0; i < count; i++) {
		const struct bench_result *r = &results[i];

		cli_cell(&table, CLI_PLAIN, "%u", r->channels);
		cli_cell(&table, CLI_PLAIN, "%u x %u MB", r->window_count,
			 r->window_bytes >> 20);
		cli_cell(&table, CLI_PLAIN, "%.1f", r->rates.frame_bytes / 1e3);
		cli_cell(&table, CLI_PLAIN, "%.2f",
			 r->rates.copy_reference / 1e9);
		cli_cell(&table, CLI_PLAIN, "%.2f",
			 r->rates.read_reference / 1e9);
		cli_cell(&table, CLI_PLAIN, "%.2f", r->rates.zero_copy / 1e9);
		cell_ratio(&table, r->rates.zero_copy_ratio, 0.95);
		cli_cell(&table, CLI_PLAIN, "%.2f", r->rates.copy / 1e9);
		cell_ratio(&table, r->rates.copy_ratio, 0.85);
	}
	puts("Bandwidth in GB/s: ordinary memory first (memcpy, read), then "
	     "the board's frames;\nratios are to the memcpy beside each.");
	cli_table_print(&table, stdout, cli_colour_on(stdout));
	printf("uncached mapping: %s\n", uncached_why);
}

static void print_streams(const struct bench_result *results, size_t count)
{
	struct cli_table table = { 0 };

	cli_column(&table, "CHANNELS", false);
	cli_column(&table, "WINDOWS", false);
	cli_column(&table, "FRAMES/S", false);
	cli_column(&table, "LIVE/S", false);
	cli_column(&table, "DROPPED", false);
	cli_column(&table, "WAKE/S", false);
	cli_column(&table, "CPU", false);
	cli_column(&table, "MEDIAN", false);
	cli_column(&table, "99TH", false);
	for (size_t i = 0; i < count; i++) {
		const struct bench_result *r = &results[i];
		double s = r->live.seconds;

		cli_cell(&table, CLI_PLAIN, "%u", r->channels);
		cli_cell(&table, CLI_PLAIN, "%u x %u MB", r->window_count,
			 r->window_bytes >> 20);
		if (r->have_full)
			cli_cell(&table, CLI_PLAIN, "%.0f",
				 (double)r->full.frames / r->full.seconds);
		else
			cli_cell(&table, CLI_PLAIN, "-");
		if (!r->have_live) {
			for (unsigned int c = 0; c < 6; c++)
				cli_cell(&table, CLI_PLAIN, "-");
			continue;
		}
		cli_cell(&table, CLI_PLAIN, "%.0f", (double)r->live.frames / s);
		cli_cell(&table, r->live.lost ? CLI_RED : CLI_PLAIN, "%llu",
			 (unsigned long long)r->live.lost);
		cli_cell(&table, CLI_PLAIN, "%.0f", (double)r->live.wakeups / s);
		cli_cell(&table, CLI_PLAIN, "%.2f", cpu_ms_per_stream_second(r));
		if (!r->live.latency_known) {
			cli_cell(&table, CLI_PLAIN, "-");
			cli_cell(&table, CLI_PLAIN, "-");
			continue;
		}
		cli_cell(&table, CLI_PLAIN, "%.0f", r->live.latency_median_us);
		cli_cell(&table, CLI_PLAIN, "%.0f", r->live.latency_99_us);
	}
	puts("\nStreaming: FRAMES/S as fast as the board can, the rest in real "
	     "time; CPU in ms a\nstream-second; MEDIAN and 99TH of the latency "
	     "in us, from the board's time stamp\nto the reader.");
	cli_table_print(&table, stdout, cli_colour_on(stdout));
}

/* What to do if boards had to do with small pages. */
static void advise(const struct bench_result *results, size_t count)
{
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t arena = (uint64_t)results[i].window_bytes *
				 results[i].window_count;

		if (!strstr(results[i].memory, "huge") && arena > most)
			most = arena;
	}
	if (most)
		bench_advise(most);
}

void bench_report(const char *name, const struct bench_result *results,
		  size_t count)
{
	printf("%s: %s, %s\n", name, results->memory, results->cache_mode);
	advise(results, count);
	putchar('\n');
	print_rates(results, count);
	print_streams(results, count);
}

static json_t *stream_json(const struct bench_stream *s)
{
	json_t *one = json_pack("{s:f, s:I, s:I, s:I, s:I, s:f}",
				"seconds", s->seconds,
				"frames", (json_int_t)s->frames,
				"bytes", (json_int_t)s->bytes,
				"dropped", (json_int_t)s->lost,
				"wakeups", (json_int_t)s->wakeups,
				"cpu_seconds", s->cpu_seconds);

	if (s->latency_known) {
		json_object_set_new(one, "latency_median_us",
				    json_real(s->latency_median_us));
		json_object_set_new(one, "latency_99_us",
				    json_real(s->latency_99_us));
	}
	return one;
}

static json_t *result_json(const struct bench_result *r)
{
	const struct bench_rates *rates = &r->rates;
	json_t *one = json_pack(
		"{s:I, s:I, s:I, s:s, s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f, "
		"s:f, s:f, s:I, s:n, s:s}",
		"channels", (json_int_t)r->channels,
		"window_bytes", (json_int_t)r->window_bytes,
		"window_count", (json_int_t)r->window_count,
		"memory", r->memory, "cache_mode", r->cache_mode,
		"rounds", (json_int_t)rates->rounds,
		"frame_bytes", rates->frame_bytes,
		"batch_bytes", rates->batch_bytes,
		"memcpy_bytes_per_second", rates->copy_reference,
		"read_bytes_per_second", rates->read_reference,
		"zero_copy_bytes_per_second", rates->zero_copy,
		"zero_copy_ratio", rates->zero_copy_ratio,
		"copy_bytes_per_second", rates->copy,
		"copy_ratio", rates->copy_ratio,
		"overwritten", (json_int_t)rates->overwritten,
		"uncached_bytes_per_second", "uncached_why", uncached_why);

	if (r->have_full)
		json_object_set_new(one, "full_speed", stream_json(&r->full));
	if (r->have_live) {
		json_object_set_new(one, "real_time", stream_json(&r->live));
		json_object_set_new(one, "cpu_ms_per_stream_second",
				    json_real(cpu_ms_per_stream_second(r)));
	}
	return one;
}

int bench_report_json(const char *name, const struct bench_result *results,
		      size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, result_json(&results[i]));
	return cli_json_print(json_pack("{s:s, s:o}", "board", name, "results",
					list));
}
