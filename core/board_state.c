/* SPDX-License-Identifier: BSD-2-Clause */
/* Which changes of a board's state can happen. Constant data only. */
#include "board_state.h"

#define BIT(state) (1u << NETRA_BOARD_##state)

/* Gone is for ever: a board that comes back is a new board. */
static const unsigned int next[NETRA_BOARD_STATE_COUNT] = {
	[NETRA_BOARD_COLD] = BIT(BOOTING) | BIT(READY) | BIT(FAILED) | BIT(GONE),
	[NETRA_BOARD_BOOTING] = BIT(COLD) | BIT(READY) | BIT(FAILED) | BIT(GONE),
	[NETRA_BOARD_READY] = BIT(COLD) | BIT(BOOTING) | BIT(ATTACHED) |
			      BIT(FAILED) | BIT(GONE),
	[NETRA_BOARD_ATTACHED] = BIT(COLD) | BIT(READY) | BIT(RECOVERING) |
				 BIT(FAILED) | BIT(GONE),
	[NETRA_BOARD_RECOVERING] = BIT(COLD) | BIT(READY) | BIT(ATTACHED) |
				   BIT(FAILED) | BIT(GONE),
	[NETRA_BOARD_FAILED] = BIT(COLD) | BIT(BOOTING) | BIT(GONE),
	[NETRA_BOARD_GONE] = 0,
};

static const char *const names[NETRA_BOARD_STATE_COUNT] = {
	[NETRA_BOARD_COLD] = "cold",
	[NETRA_BOARD_BOOTING] = "booting",
	[NETRA_BOARD_READY] = "ready",
	[NETRA_BOARD_ATTACHED] = "attached",
	[NETRA_BOARD_RECOVERING] = "recovering",
	[NETRA_BOARD_FAILED] = "failed",
	[NETRA_BOARD_GONE] = "gone",
};

bool netra_board_may(enum netra_board_state from, enum netra_board_state to)
{
	if ((unsigned int)from >= NETRA_BOARD_STATE_COUNT ||
	    (unsigned int)to >= NETRA_BOARD_STATE_COUNT)
		return false;
	return next[from] >> to & 1;
}

const char *netra_board_state_name(enum netra_board_state state)
{
	if ((unsigned int)state >= NETRA_BOARD_STATE_COUNT)
		return "unknown";
	return names[state];
}
