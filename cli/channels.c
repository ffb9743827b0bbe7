/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of channels that status and top show. */
#include <string.h>

#include "board_open.h"
#include "channels.h"

void cli_sample(struct netra_board *board, struct cli_sample *sample)
{
	struct netra_board_details details;

	netra_board_get_details(board, &details);
	sample->time_ns = cli_now_ns();
	sample->channels = details.channels < NETRA_CHANNELS_MAX ?
			   details.channels : NETRA_CHANNELS_MAX;
	for (uint32_t i = 0; i < sample->channels; i++)
		if (netra_channel_get_stats(board, i, &sample->channel[i]))
			memset(&sample->channel[i], 0,
			       sizeof(sample->channel[i]));
}

static double seconds_between(const struct cli_sample *before,
			      const struct cli_sample *now)
{
	double seconds = (double)(now->time_ns - before->time_ns) / 1e9;

	return seconds > 0.0 ? seconds : 1.0;
}

/* Counters start again when a board was recovered: no rate, not a huge one. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now < before ? 0.0 : (double)(now - before) / seconds;
}

void cli_history_add(struct cli_history *history,
		     const struct cli_sample *before,
		     const struct cli_sample *now)
{
	double seconds = seconds_between(before, now);

	if (history->count < CLI_HISTORY)
		history->count++;
	for (uint32_t i = 0; i < now->channels; i++) {
		float *line = history->mbps[i];

		memmove(line, line + 1, (CLI_HISTORY - 1) * sizeof(*line));
		line[CLI_HISTORY - 1] =
			(float)(rate(before->channel[i].bytes,
				     now->channel[i].bytes, seconds) * 8e-6);
	}
}

static void format_sparkline(char *text, size_t size, const float *line,
			     uint32_t count)
{
	static const char *const blocks[] = {
		"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"
	};
	static const char *const ascii[] = {
		"_", ".", ",", "-", "=", "+", "*", "#"
	};
	float most = 0.001f;
	size_t used = 0;

	for (uint32_t i = CLI_HISTORY - count; i < CLI_HISTORY; i++)
		if (line[i] > most)
			most = line[i];
	text[0] = '\0';
	for (uint32_t i = CLI_HISTORY - count; i < CLI_HISTORY; i++) {
		unsigned int step = (unsigned int)(line[i] / most * 7.0f + 0.5f);
		const char *mark = (cli_utf8() ? blocks : ascii)[step];

		used += (size_t)snprintf(text + used, size - used, "%s", mark);
		if (used >= size)
			return;
	}
}

static void format_size(char *text, size_t size,
			const struct netra_channel_stats *c)
{
	if (c->width)
		snprintf(text, size, "%ux%u", c->width, c->height);
	else
		snprintf(text, size, "-");
}

static enum cli_colour state_colour(enum netra_channel_state state)
{
	switch (state) {
	case NETRA_CHANNEL_RUNNING:
		return CLI_GREEN;
	case NETRA_CHANNEL_NO_SIGNAL:
		return CLI_YELLOW;
	default:
		return CLI_DIM;
	}
}

void cli_channel_table(struct cli_table *table, const struct cli_sample *before,
		       const struct cli_sample *now,
		       const struct cli_history *history)
{
	double seconds = before ? seconds_between(before, now) : 0.0;

	cli_column(table, "CH", false);
	cli_column(table, "STATE", true);
	cli_column(table, "PICTURE", true);
	if (before) {
		cli_column(table, "FRAMES/S", false);
		cli_column(table, "Mb/s", false);
	}
	cli_column(table, "FRAMES", false);
	cli_column(table, "DROPPED", false);
	cli_column(table, "RING", false);
	if (history)
		cli_column(table, "Mb/s OVER TIME", true);
	for (uint32_t i = 0; i < now->channels; i++) {
		const struct netra_channel_stats *c = &now->channel[i];
		char size[24], line[3 * CLI_HISTORY + 1];

		format_size(size, sizeof(size), c);
		cli_cell(table, CLI_PLAIN, "%u", i);
		cli_cell(table, state_colour(c->state), "%s",
			 cli_channel_state_name(c->state));
		cli_cell(table, CLI_PLAIN, "%s", size);
		if (before) {
			const struct netra_channel_stats *b =
				&before->channel[i];

			cli_cell(table, CLI_PLAIN, "%.1f",
				 rate(b->frames, c->frames, seconds));
			cli_cell(table, CLI_PLAIN, "%.2f",
				 rate(b->bytes, c->bytes, seconds) * 8e-6);
		}
		cli_cell(table, CLI_PLAIN, "%llu",
			 (unsigned long long)c->frames);
		cli_cell(table, c->lost ? CLI_RED : CLI_PLAIN, "%llu",
			 (unsigned long long)c->lost);
		cli_cell(table, CLI_PLAIN, "%u%%", c->ring_bytes ?
			 (unsigned int)((uint64_t)c->ring_used_bytes * 100 /
					c->ring_bytes) : 0);
		if (history) {
			format_sparkline(line, sizeof(line), history->mbps[i],
					 history->count);
			cli_cell(table, CLI_PLAIN, "%s", line);
		}
	}
}

json_t *cli_channels_json(const struct cli_sample *before,
			  const struct cli_sample *now)
{
	double seconds = before ? seconds_between(before, now) : 0.0;
	json_t *list = json_array();

	for (uint32_t i = 0; i < now->channels; i++) {
		const struct netra_channel_stats *c = &now->channel[i];
		json_t *one = json_pack(
			"{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			"s:I, s:I, s:I, s:I}", "channel", (json_int_t)i,
			"state", cli_channel_state_name(c->state),
			"width", (json_int_t)c->width,
			"height", (json_int_t)c->height,
			"rate_num", (json_int_t)c->rate_num,
			"rate_den", (json_int_t)c->rate_den,
			"bit_rate", (json_int_t)c->bit_rate,
			"frames", (json_int_t)c->frames,
			"bytes", (json_int_t)c->bytes,
			"dropped", (json_int_t)c->lost,
			"ring_faults", (json_int_t)c->ring_faults,
			"ring_used_bytes", (json_int_t)c->ring_used_bytes,
			"ring_bytes", (json_int_t)c->ring_bytes,
			"readers", (json_int_t)c->readers);

		if (before) {
			const struct netra_channel_stats *b =
				&before->channel[i];

			json_object_set_new(one, "frames_per_second",
				json_real(rate(b->frames, c->frames, seconds)));
			json_object_set_new(one, "bits_per_second",
				json_real(8.0 * rate(b->bytes, c->bytes,
						     seconds)));
		}
		json_array_append_new(list, one);
	}
	return list;
}
