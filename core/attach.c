/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach and detach, one register at a time. The caller serialises calls for
 * one machine and carries the actions out.
 *
 * Both begin alike: the firmware is told that nobody is attached, then all
 * data windows are closed, which is read back because register writes are
 * posted, and the bridge runs empty (ACT_STATUS.OB_NOT_EMPTY). Only then is
 * the memory behind the windows free. Window 31 is the firmware's, for MSIs.
 */
#include "attach.h"
#include "bytes.h"
#include "crc32c.h"
#include "registers.h"

#define NS_PER_MS	UINT64_C(1000000)
#define POLL_MS		1u
#define RELEASE_MS	500u
#define DRAIN_MS	200u
#define TIMEOUT_MS	2000u
#define ALL_ONES	0xffffffffu

#define BLOCK(field)	((uint32_t)offsetof(struct netra_board_block, field))
#define BLOCK_WORDS	(offsetof(struct netra_attach, generation) / 4)

enum state {
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

static void go(struct netra_attach_machine *m, enum state state)
{
	m->state = state;
	m->step = 0;
}

static void fail(struct netra_attach_machine *m,
		 enum netra_attach_failure failure)
{
	m->failure = failure;
	go(m, FAILED);
}

static void suspect(struct netra_attach_machine *m,
		    enum netra_attach_failure failure)
{
	m->failure = failure;
	go(m, SUSPECT);
}

static void sleep_then(struct netra_attach_machine *m, enum state state)
{
	m->after = state;
	go(m, SLEEP);
}

static void set_deadline(struct netra_attach_machine *m,
			 uint64_t now_ns, uint32_t ms)
{
	m->deadline_ns = now_ns + ms * NS_PER_MS;
}

static const uint32_t *block_words(const struct netra_attach_machine *m)
{
	return (const uint32_t *)&m->config.block;
}

static uint32_t ob_size(const struct netra_attach_machine *m)
{
	return (uint32_t)netra_ob_size_encode(m->config.windows.log2);
}

/* ---- ask: the action of a state ---------------------------------------- */

/* A state's action, and what follows it where nothing is to be decided. */
static const struct {
	enum netra_action_kind kind;
	uint32_t offset;	/* in BAR0, or in the board block */
	uint32_t value;
	enum state then;
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

/* Register and value number m->step of the open windows, HI before INDEX. */
static void window_word(const struct netra_attach_machine *m, uint32_t *offset,
			uint32_t *value)
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

static void ask(const struct netra_attach_machine *m, uint64_t now_ns,
		struct netra_action *action)
{
	__builtin_memset(action, 0, sizeof(*action));
	action->kind = acts[m->state].kind;
	action->offset = acts[m->state].offset;
	action->value = acts[m->state].value;
	switch ((enum state)m->state) {
	case CLOSE:
	case CLOSED:
		action->offset = NETRA_REG_OB_INDEX(m->step);
		break;
	case SIZE:
		action->value = ob_size(m);
		break;
	case OPEN:
	case OPENED:
		window_word(m, &action->offset, &action->value);
		break;
	case TRANSLATE:
		action->value |= m->step;
		break;
	case FILL:
		action->offset += 4 * m->step;
		action->value = block_words(m)[m->step];
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

/* ---- take: the result of a state's action, and where it leads ----------- */

static void next(struct netra_attach_machine *m)
{
	go(m, acts[m->state].then);
}

/* The next step of a state that has @count of them, then the next state. */
static void step(struct netra_attach_machine *m, uint32_t count)
{
	if (++m->step >= count)
		next(m);
}

/* What was written must be what is read back. */
static void hold(struct netra_attach_machine *m, uint32_t count, bool same)
{
	if (same)
		step(m, count);
	else
		suspect(m, NETRA_ATTACH_FAIL_WINDOW);
}

static void take_disowned(struct netra_attach_machine *m,
			  uint64_t now_ns, uint32_t result)
{
	/* A firmware that does not answer must not keep the windows. */
	if (!result || result == ALL_ONES || now_ns >= m->deadline_ns)
		next(m);
	else
		sleep_then(m, DISOWNED);
}

static void take_closed(struct netra_attach_machine *m,
			uint64_t now_ns, uint32_t result)
{
	set_deadline(m, now_ns, DRAIN_MS);
	hold(m, NETRA_DATA_WINDOWS_MAX, !result);
}

static void take_drain(struct netra_attach_machine *m,
		       uint64_t now_ns, uint32_t result)
{
	if (!(result & NETRA_ACT_OB_NOT_EMPTY))
		go(m, m->detach ? DONE : SIZE);
	else if (result == ALL_ONES || now_ns >= m->deadline_ns)
		suspect(m, NETRA_ATTACH_FAIL_UNDRAINED);
	else
		sleep_then(m, DRAIN);
}

static void take_opened(struct netra_attach_machine *m, uint32_t result)
{
	uint32_t offset, value;

	window_word(m, &offset, &value);
	hold(m, 2 * m->config.windows.count, result == value);
}

static void take_answer(struct netra_attach_machine *m,
			uint64_t now_ns, uint32_t result)
{
	if (result == m->config.block.generation)
		next(m);
	else if (result == ALL_ONES || now_ns >= m->deadline_ns)
		suspect(m, NETRA_ATTACH_FAIL_SILENT);
	else
		sleep_then(m, ANSWER);
}

static void take_status(struct netra_attach_machine *m, uint32_t result)
{
	m->refusal = result;
	if (result == NETRA_ATTACH_OK)
		next(m);
	else
		suspect(m, NETRA_ATTACH_FAIL_REFUSED);
}

static void take(struct netra_attach_machine *m,
		 uint64_t now_ns, uint32_t result)
{
	switch ((enum state)m->state) {
	case PID:
		if (result == ALL_ONES)
			fail(m, NETRA_ATTACH_FAIL_GONE);
		else
			next(m);
		break;
	case DISOWN_BELL:
		set_deadline(m, now_ns, RELEASE_MS);
		next(m);
		break;
	case DISOWNED:
		take_disowned(m, now_ns, result);
		break;
	case CLOSE:
		step(m, NETRA_DATA_WINDOWS_MAX);
		break;
	case CLOSED:
		take_closed(m, now_ns, result);
		break;
	case DRAIN:
		take_drain(m, now_ns, result);
		break;
	case SIZED:
		hold(m, 1, result == ob_size(m));
		break;
	case OPEN:
		step(m, 2 * m->config.windows.count);
		break;
	case OPENED:
		take_opened(m, result);
		break;
	case COMMAND:
		next(m);
		m->step = result;
		if (result == ALL_ONES)
			fail(m, NETRA_ATTACH_FAIL_GONE);
		break;
	case FILL:
		step(m, BLOCK_WORDS);
		break;
	case FLUSH:
		hold(m, 1, result == m->config.block.generation);
		break;
	case BELL:
		set_deadline(m, now_ns, m->config.timeout_ms);
		next(m);
		break;
	case ANSWER:
		take_answer(m, now_ns, result);
		break;
	case STATUS:
		take_status(m, result);
		break;
	case SLEEP:
		go(m, (enum state)m->after);
		break;
	case SUSPECT:
		fail(m, result == ALL_ONES ? NETRA_ATTACH_FAIL_GONE :
					     m->failure);
		break;
	default:
		next(m);
		break;
	}
}

/* ---- the machine -------------------------------------------------------- */

/* Over the words as they will stand in the board's memory. */
static uint32_t block_crc32c(const struct netra_attach_machine *m)
{
	uint32_t crc = 0;

	for (uint32_t i = 0; i < offsetof(struct netra_attach, crc32c) / 4; i++) {
		uint32_t word = netra_le32(block_words(m)[i]);

		crc = netra_crc32c(crc, &word, sizeof(word));
	}
	return crc;
}

static bool windows_ok(const struct netra_attach_config *config)
{
	const struct netra_window_plan *plan = &config->windows;

	if (netra_ob_size_encode(plan->log2) < 0 || !plan->count ||
	    plan->count > NETRA_DATA_WINDOWS_MAX)
		return false;
	for (uint32_t i = 0; i < plan->count; i++)
		if (netra_window_check(plan, config->bus[i]))
			return false;
	return true;
}

static void init(struct netra_attach_machine *m,
		 const struct netra_attach_config *config)
{
	__builtin_memset(m, 0, sizeof(*m));
	m->config = *config;
	if (!m->config.timeout_ms)
		m->config.timeout_ms = TIMEOUT_MS;
	go(m, START);
}

void netra_attach_init(struct netra_attach_machine *machine,
		       const struct netra_attach_config *config)
{
	struct netra_attach *block = &machine->config.block;

	init(machine, config);
	block->size = sizeof(*block);
	block->version = NETRA_PROTOCOL_VERSION;
	block->crc32c = block_crc32c(machine);
	if (!windows_ok(config))
		fail(machine, NETRA_ATTACH_FAIL_WINDOW);
}

void netra_detach_init(struct netra_attach_machine *machine,
		       const struct netra_attach_config *config)
{
	init(machine, config);
	machine->detach = true;
}

void netra_attach_next(struct netra_attach_machine *machine, uint64_t now_ns,
		       uint32_t result, struct netra_action *action)
{
	take(machine, now_ns, result);
	ask(machine, now_ns, action);
}

uint32_t netra_attach_refusal(const struct netra_attach_machine *machine)
{
	return machine->refusal;
}

const char *netra_attach_failure_text(enum netra_attach_failure failure)
{
	static const char *const text[NETRA_ATTACH_FAIL_COUNT] = {
		[NETRA_ATTACH_FAIL_NONE] = "attached",
		[NETRA_ATTACH_FAIL_GONE] = "the board left the bus",
		[NETRA_ATTACH_FAIL_WINDOW] = "a translation window is misaligned or does not hold its value",
		[NETRA_ATTACH_FAIL_SILENT] = "the firmware did not answer",
		[NETRA_ATTACH_FAIL_REFUSED] = "the firmware refused the windows",
		[NETRA_ATTACH_FAIL_UNDRAINED] = "the board's writes did not come to an end",
	};

	if ((unsigned int)failure >= NETRA_ATTACH_FAIL_COUNT)
		return "unknown failure";
	return text[failure];
}
