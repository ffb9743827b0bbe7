/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the parts of attach and detach: attach.c decides where to go, with
 * attach_action.c saying what a state asks for.
 */
#ifndef NETRA_ATTACH_INTERNAL_H
#define NETRA_ATTACH_INTERNAL_H

#include "attach.h"

enum netra_attach_state {
	START,
	PID,
	DISOWN,			/* generation = 0 */
	DISOWN_BELL,
	DISOWNED,		/* wait for the firmware to let go */
	CLOSE,			/* every window's INDEX = 0 */
	CLOSED,			/* and it holds */
	DRAIN,
	SIZE,
	SIZED,
	OPEN,			/* HI and INDEX of every window */
	OPENED,			/* and they hold */
	COMMAND,
	TRANSLATE,		/* OB_XLT_EN */
	FILL,			/* the attach block, word by word */
	GENERATION,
	FLUSH,			/* the block is there before the bell rings */
	BELL,
	ANSWER,
	STATUS,
	SLEEP,
	SUSPECT,		/* is it the board, or all of it gone? */
	DONE,
	FAILED,
	STATE_COUNT
};

/* The attach block as it goes to the board, word by word. */
static inline const uint32_t *
netra_attach_words(const struct netra_attach_machine *machine)
{
	return (const uint32_t *)&machine->config.block;
}

/* The windows' size as OB_SIZE has it. */
uint32_t netra_attach_ob_size(const struct netra_attach_machine *machine);

/* Register and value number machine->step of the open windows, HI before INDEX. */
void netra_attach_window_word(const struct netra_attach_machine *machine,
			      uint32_t *offset, uint32_t *value);

/* The state that follows where nothing is to be decided. */
unsigned int netra_attach_then(const struct netra_attach_machine *machine);

/* What the present state wants done. */
void netra_attach_ask(const struct netra_attach_machine *machine,
		      uint64_t now_ns, struct netra_action *action);

#endif
