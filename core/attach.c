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
#include "attach_internal.h"
#include "bytes.h"
#include "crc32c.h"
#include "registers.h"

#define NS_PER_MS	UINT64_C(1000000)
#define RELEASE_MS	500u
#define DRAIN_MS	200u
#define TIMEOUT_MS	2000u
#define ALL_ONES	0xffffffffu

#define BLOCK_WORDS	(offsetof(struct netra_attach, generation) / 4)

static void go(struct netra_attach_machine *m, enum netra_attach_state state)
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

static void sleep_then(struct netra_attach_machine *m, enum netra_attach_state state)
{
	m->after = state;
	go(m, SLEEP);
}

static void set_deadline(struct netra_attach_machine *m,
			 uint64_t now_ns, uint32_t ms)
{
	m->deadline_ns = now_ns + ms * NS_PER_MS;
}

/* ---- the result of a state's action, and where it leads ------------------ */

static void next(struct netra_attach_machine *m)
{
	go(m, (enum netra_attach_state)netra_attach_then(m));
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

	netra_attach_window_word(m, &offset, &value);
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
	switch ((enum netra_attach_state)m->state) {
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
		hold(m, 1, result == netra_attach_ob_size(m));
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
		go(m, (enum netra_attach_state)m->after);
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
		uint32_t word = netra_le32(netra_attach_words(m)[i]);

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
	netra_attach_ask(machine, now_ns, action);
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
