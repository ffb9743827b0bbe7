/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the states of attach and detach ask for, and where each leads that has
 * nothing to decide. Pure functions of the machine.
 */
#include "attach_internal.h"
#include "bytes.h"
#include "registers.h"

#define NS_PER_MS	UINT64_C(1000000)
#define POLL_MS		1u

#define BLOCK(field)	((uint32_t)offsetof(struct netra_board_block, field))

uint32_t netra_attach_ob_size(const struct netra_attach_machine *m)
{
	return (uint32_t)netra_ob_size_encode(m->config.windows.log2);
}

/* A state's action, and what follows it where nothing is to be decided. */
static const struct {
	enum netra_action_kind kind;
	uint32_t offset;	/* in BAR0, or in the board block */
	uint32_t value;
	unsigned int then;
} acts[STATE_COUNT] = {
	[START] = { .then = PID },
	[PID] = { NETRA_ACT_REG_READ, NETRA_REG_PID, 0, DISOWN },
	[DISOWN] = { NETRA_ACT_BAR_WRITE, BLOCK(attach.generation), 0,
		     DISOWN_BELL },
	[DISOWN_BELL] = { NETRA_ACT_REG_WRITE, NETRA_REG_MSI_IRQ,
			  NETRA_DOORBELL_ATTACH, DISOWNED },
	[DISOWNED] = { NETRA_ACT_BAR_READ, BLOCK(info.attach_generation), 0,
		       CLOSE },
	[CLOSE] = { NETRA_ACT_REG_WRITE, NETRA_REG_OB_INDEX(0), 0, CLOSED },
	[CLOSED] = { NETRA_ACT_REG_READ, NETRA_REG_OB_INDEX(0), 0, DRAIN },
	[DRAIN] = { NETRA_ACT_REG_READ, NETRA_REG_ACT_STATUS, 0, SIZE },
	[SIZE] = { NETRA_ACT_REG_WRITE, NETRA_REG_OB_SIZE, 0, SIZED },
	[SIZED] = { NETRA_ACT_REG_READ, NETRA_REG_OB_SIZE, 0, OPEN },
	[OPEN] = { NETRA_ACT_REG_WRITE, 0, 0, OPENED },
	[OPENED] = { NETRA_ACT_REG_READ, 0, 0, COMMAND },
	[COMMAND] = { NETRA_ACT_REG_READ, NETRA_REG_CMD_STATUS, 0, TRANSLATE },
	[TRANSLATE] = { NETRA_ACT_REG_WRITE, NETRA_REG_CMD_STATUS,
			NETRA_CMD_OB_XLT_EN, FILL },
	[FILL] = { NETRA_ACT_BAR_WRITE, BLOCK(attach), 0, GENERATION },
	[GENERATION] = { NETRA_ACT_BAR_WRITE, BLOCK(attach.generation), 0,
			 FLUSH },
	[FLUSH] = { NETRA_ACT_BAR_READ, BLOCK(attach.generation), 0, BELL },
	[BELL] = { NETRA_ACT_REG_WRITE, NETRA_REG_MSI_IRQ,
		   NETRA_DOORBELL_ATTACH, ANSWER },
	[ANSWER] = { NETRA_ACT_BAR_READ, BLOCK(info.attach_generation), 0,
		     STATUS },
	[STATUS] = { NETRA_ACT_BAR_READ, BLOCK(info.attach_status), 0, DONE },
	[SLEEP] = { .kind = NETRA_ACT_WAIT },
	[SUSPECT] = { NETRA_ACT_REG_READ, NETRA_REG_PID, 0, FAILED },
	[DONE] = { NETRA_ACT_DONE, 0, 0, DONE },
	[FAILED] = { NETRA_ACT_FAILED, 0, 0, FAILED },
};

unsigned int netra_attach_then(const struct netra_attach_machine *m)
{
	return acts[m->state].then;
}

/* Register and value number m->step of the open windows, HI before INDEX. */
void netra_attach_window_word(const struct netra_attach_machine *m,
			      uint32_t *offset, uint32_t *value)
{
	uint32_t n = m->step / 2;
	uint64_t bus = m->config.bus[n];

	if (m->step & 1) {
		*offset = NETRA_REG_OB_INDEX(n);
		*value = (uint32_t)bus | NETRA_OB_ENABLE;
	} else {
		*offset = NETRA_REG_OB_HI(n);
		*value = (uint32_t)(bus >> 32);
	}
}

void netra_attach_ask(const struct netra_attach_machine *m, uint64_t now_ns,
		      struct netra_action *action)
{
	__builtin_memset(action, 0, sizeof(*action));
	action->kind = acts[m->state].kind;
	action->offset = acts[m->state].offset;
	action->value = acts[m->state].value;
	switch ((enum netra_attach_state)m->state) {
	case CLOSE:
	case CLOSED:
		action->offset = NETRA_REG_OB_INDEX(m->step);
		break;
	case SIZE:
		action->value = netra_attach_ob_size(m);
		break;
	case OPEN:
	case OPENED:
		netra_attach_window_word(m, &action->offset, &action->value);
		break;
	case TRANSLATE:
		action->value |= m->step;
		break;
	case FILL:
		action->offset += 4 * m->step;
		action->value = netra_attach_words(m)[m->step];
		break;
	case GENERATION:
		action->value = m->config.block.generation;
		break;
	case SLEEP:
		action->wait_until_ns = now_ns + POLL_MS * NS_PER_MS;
		break;
	default:
		break;
	}
	if (action->kind == NETRA_ACT_BAR_READ ||
	    action->kind == NETRA_ACT_BAR_WRITE) {
		action->bar = m->config.block_bar;
		action->offset += m->config.block_offset;
	}
}
