/* SPDX-License-Identifier: BSD-2-Clause */
/* netra record: what verb_record.c does, and record_show.c shows. */
#ifndef NETRA_CLI_RECORD_H
#define NETRA_CLI_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "options.h"
#include "recorder/recorder.h"

#define CLI_RECORD_REDRAW_NS 250000000u

struct cli_record {
	struct netra_board *board;
	struct netra_recorder *recorder;
	const char *name;
	struct netra_recorder_options options;
	struct cli_list channels;
	uint64_t start_ns;
	uint64_t duration_ms;	/* 0 = no end */
	uint64_t drawn_ns;
	uint64_t looked_ns;
	bool quiet;
	bool live;		/* on a terminal */
	/* What has been said of each channel already. */
	char said[NETRA_CHANNELS_MAX][160];
	bool alarm[NETRA_CHANNELS_MAX];
	char index_trouble[160];
	char retention_trouble[160];
	char metrics_trouble[160];
	json_t *events;		/* NULL unless JSON is wanted */
};

/* Last account of a channel, kept beyond the recorder's end. */
struct cli_record_result {
	struct netra_recorder_channel channel[NETRA_CHANNELS_MAX];
	uint32_t count;
	uint32_t whole;
	uint64_t lost;
};

/** cli_record_draw() - Progress, if it is time for it. */
void cli_record_draw(struct cli_record *r);

/** cli_record_print_json() - The final account. Return: an exit status. */
int cli_record_print_json(const struct cli_record *r,
			  const struct cli_record_result *result,
			  double seconds);

/** cli_record_print_table() - The same for people. */
void cli_record_print_table(const struct cli_record *r,
			    const struct cli_record_result *result);

#endif
