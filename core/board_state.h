/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a board as its driver sees it. */
#ifndef NETRA_BOARD_STATE_H
#define NETRA_BOARD_STATE_H

#include <stdbool.h>

enum netra_board_state {
	NETRA_BOARD_COLD,	/* on the bus, firmware not running */
	NETRA_BOARD_BOOTING,
	NETRA_BOARD_READY,	/* firmware runs, no windows given */
	NETRA_BOARD_ATTACHED,	/* windows given; channels may stream */
	NETRA_BOARD_RECOVERING,	/* on the watchdog's ladder */
	NETRA_BOARD_FAILED,	/* gave up; only boot or close help */
	NETRA_BOARD_GONE,	/* off the bus; only close helps */
	NETRA_BOARD_STATE_COUNT
};

/** netra_board_may() - Is a change of state one that can happen? */
bool netra_board_may(enum netra_board_state from, enum netra_board_state to);

/** netra_board_state_name() - "cold", "booting", … ; never NULL. */
const char *netra_board_state_name(enum netra_board_state state);

#endif
