/* SPDX-License-Identifier: BSD-2-Clause */
/* All channels of a board at one moment, and the rates between two. */
#ifndef NETRA_CLI_CHANNELS_H
#define NETRA_CLI_CHANNELS_H

#include "lib/netra.h"
#include "output.h"

#define CLI_HISTORY 16u

struct cli_sample {
	uint64_t time_ns;
	uint32_t channels;
	struct netra_channel_stats channel[NETRA_CHANNELS_MAX];
};

/* Latest rates, oldest first; for sparklines. */
struct cli_history {
	uint32_t count;
	float mbps[NETRA_CHANNELS_MAX][CLI_HISTORY];
};

/** cli_sample() - Ask the board for all its channels. */
void cli_sample(struct netra_board *board, struct cli_sample *sample);

/** cli_history_add() - Remember the rates between two samples. */
void cli_history_add(struct cli_history *history,
		     const struct cli_sample *before,
		     const struct cli_sample *now);

/**
 * cli_channel_table() - One row per channel.
 * @before: For rates; NULL: they are left out.
 * @history: For a sparkline per channel; NULL for none.
 */
void cli_channel_table(struct cli_table *table, const struct cli_sample *before,
		       const struct cli_sample *now,
		       const struct cli_history *history);

/** cli_channels_json() - The same for programs. */
json_t *cli_channels_json(const struct cli_sample *before,
			  const struct cli_sample *now);

#endif
