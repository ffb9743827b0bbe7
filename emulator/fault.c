/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of --fault, and the bookkeeping of what fires when. What a
 * fault does is written where it does it: agent.c, boot in cpu.c and uboot.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/types.h"
#include "fault.h"

enum {
	USES_STAGE = 1,		/* first parameter is a bare boot stage */
	USES_CHANNEL = 2,
	USES_MS = 4,
	USES_UNTIL = 8,
	USES_AFTER = 16,
	USES_FOR = 32,
	AFTER_MS = 64,		/* after=N means ms without saying so */
};

static const struct {
	const char *name;
	int uses;
	enum netra_emu_mend until;
	uint32_t ms;
} kinds[NETRA_EMU_FAULT_KINDS] = {
	[NETRA_EMU_BOOT_HANG] = { "boot-hang", USES_STAGE, 0, 0 },
	[NETRA_EMU_BOOT_FAIL] = { "boot-fail", USES_STAGE, 0, 0 },
	[NETRA_EMU_CHANNEL_STALL] = { "channel-stall",
		USES_CHANNEL | USES_AFTER | USES_UNTIL,
		NETRA_EMU_MEND_RESYNC, 0 },
	[NETRA_EMU_HEARTBEAT_STOP] = { "heartbeat-stop",
		USES_AFTER | AFTER_MS | USES_UNTIL,
		NETRA_EMU_MEND_RESTART, 0 },
	[NETRA_EMU_RECORD_TORN] = { "record-torn",
		USES_CHANNEL | USES_AFTER, 0, 0 },
	[NETRA_EMU_RECORD_GARBAGE] = { "record-garbage",
		USES_CHANNEL | USES_AFTER, 0, 0 },
	[NETRA_EMU_OFFSET_WILD] = { "offset-wild",
		USES_CHANNEL | USES_AFTER, 0, 0 },
	[NETRA_EMU_LENGTH_WILD] = { "length-wild",
		USES_CHANNEL | USES_AFTER, 0, 0 },
	[NETRA_EMU_HEAD_JUMP] = { "head-jump",
		USES_CHANNEL | USES_AFTER | USES_UNTIL,
		NETRA_EMU_MEND_RESYNC, 0 },
	[NETRA_EMU_HEAD_BACK] = { "head-back",
		USES_CHANNEL | USES_AFTER | USES_UNTIL,
		NETRA_EMU_MEND_RESYNC, 0 },
	[NETRA_EMU_IRQ_LOST] = { "irq-lost", USES_AFTER, 0, 0 },
	[NETRA_EMU_IRQ_LATE] = { "irq-late", USES_AFTER | USES_MS, 0, 50 },
	[NETRA_EMU_IRQ_SPURIOUS] = { "irq-spurious", USES_AFTER, 0, 0 },
	[NETRA_EMU_SELF_RESET] = { "self-reset", USES_AFTER | USES_MS, 0, 100 },
	[NETRA_EMU_GONE] = { "gone", USES_AFTER, 0, 0 },
	[NETRA_EMU_LOCK_DEAD] = { "lock-dead",
		USES_CHANNEL | USES_AFTER | USES_UNTIL,
		NETRA_EMU_MEND_RESYNC, 0 },
	[NETRA_EMU_COMMAND_SILENT] = { "command-silent",
		USES_AFTER | USES_UNTIL, NETRA_EMU_MEND_RESTART, 0 },
	[NETRA_EMU_SIGNAL_LOST] = { "signal-lost",
		USES_CHANNEL | USES_AFTER | USES_FOR, 0, 0 },
	[NETRA_EMU_ENCODER_FAULT] = { "encoder-fault",
		USES_CHANNEL | USES_AFTER | USES_UNTIL,
		NETRA_EMU_MEND_RESYNC, 0 },
};

static const char *const stage_names[NETRA_EMU_STAGES] = {
	[NETRA_EMU_STAGE_ROM] = "rom",
	[NETRA_EMU_STAGE_UBOOT] = "uboot",
	[NETRA_EMU_STAGE_SCRIPT] = "script",
	[NETRA_EMU_STAGE_KERNEL] = "kernel",
	[NETRA_EMU_STAGE_RAMDISK] = "ramdisk",
	[NETRA_EMU_STAGE_AGENT] = "agent",
};

static const char *const mend_names[] = {
	[NETRA_EMU_MEND_RESYNC] = "resync",
	[NETRA_EMU_MEND_RESTART] = "restart",
	[NETRA_EMU_MEND_RESET] = "reset",
	[NETRA_EMU_MEND_NEVER] = "never",
};

static int find(const char *text, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return -1;
}

/* A number with an optional unit "ms". */
static bool number(const char *text, uint64_t max, uint64_t *value, bool *ms)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	*ms = strcmp(end, "ms") == 0;
	return errno == 0 && *value <= max && (*end == 0 || *ms);
}

static bool parse_parameter(struct netra_emu_fault *fault, int uses,
			    char *text)
{
	char *equals = strchr(text, '=');
	uint64_t value;
	bool ms;
	int index;

	if (!equals) {
		index = find(text, stage_names, NETRA_EMU_STAGES);
		if (!(uses & USES_STAGE) || index < 0)
			return false;
		fault->stage = (enum netra_emu_boot_stage)index;
		return fault->kind != NETRA_EMU_BOOT_FAIL ||
		       (index != NETRA_EMU_STAGE_ROM &&
			index != NETRA_EMU_STAGE_AGENT);
	}
	*equals++ = 0;
	if (strcmp(text, "until") == 0) {
		index = find(equals, mend_names,
			     sizeof(mend_names) / sizeof(mend_names[0]));
		fault->until = (enum netra_emu_mend)index;
		return (uses & USES_UNTIL) && index >= 0;
	}
	if (!number(equals, UINT32_MAX, &value, &ms))
		return false;
	if (strcmp(text, "ch") == 0) {
		fault->channel = (uint32_t)value;
		return (uses & USES_CHANNEL) && !ms &&
		       value < NETRA_CHANNELS_MAX;
	}
	if (strcmp(text, "after") == 0) {
		fault->after = value;
		fault->after_is_ms = ms || (uses & AFTER_MS);
		return uses & USES_AFTER;
	}
	if (strcmp(text, "count") == 0) {
		fault->count = (uint32_t)value;
		return !ms;
	}
	if (strcmp(text, "for") == 0) {
		fault->frames = (uint32_t)value;
		return (uses & USES_FOR) && !ms;
	}
	fault->ms = (uint32_t)value;
	return strcmp(text, "ms") == 0 && (uses & USES_MS);
}

bool netra_emu_fault_parse(const char *spec, struct netra_emu_fault *fault,
			   char *why, size_t why_size)
{
	char text[128], *save = NULL, *word, *rest;
	unsigned int kind;

	memset(fault, 0, sizeof(*fault));
	if (snprintf(text, sizeof(text), "%s", spec) >= (int)sizeof(text)) {
		snprintf(why, why_size, "the specification is too long");
		return false;
	}
	rest = strchr(text, ':');
	if (rest)
		*rest++ = 0;
	for (kind = 0; kind < NETRA_EMU_FAULT_KINDS; kind++)
		if (strcmp(text, kinds[kind].name) == 0)
			break;
	if (kind == NETRA_EMU_FAULT_KINDS) {
		snprintf(why, why_size, "there is no fault \"%.40s\"", text);
		return false;
	}
	fault->kind = (enum netra_emu_fault_kind)kind;
	fault->count = 1;
	fault->until = kinds[kind].until;
	fault->ms = kinds[kind].ms;
	fault->frames = 30;
	fault->after_is_ms = kinds[kind].uses & AFTER_MS;
	fault->stage = NETRA_EMU_STAGES;
	for (word = rest ? strtok_r(rest, ",", &save) : NULL; word;
	     word = strtok_r(NULL, ",", &save)) {
		if (!parse_parameter(fault, kinds[kind].uses, word)) {
			snprintf(why, why_size,
				 "%s does not take the parameter \"%.40s\"",
				 kinds[kind].name, word);
			return false;
		}
	}
	if ((kinds[kind].uses & USES_STAGE) &&
	    fault->stage == NETRA_EMU_STAGES) {
		snprintf(why, why_size, "%s needs a boot stage",
			 kinds[kind].name);
		return false;
	}
	return true;
}

void netra_emu_faults_begin(struct netra_emu_faults *faults, uint64_t now_ns)
{
	faults->start_ns = now_ns;
}

static bool due(const struct netra_emu_faults *faults,
		const struct netra_emu_fault *fault, uint64_t now_ns)
{
	if (fault->count && fault->fired >= fault->count)
		return false;
	if (fault->after_is_ms)
		return now_ns - faults->start_ns >= fault->after * 1000000u;
	return fault->seen > fault->after;
}

enum { COUNTED = 0, LASTING = 1, BY_CLOCK = 2 };

static const struct netra_emu_fault *
occurrence(struct netra_emu_faults *faults, enum netra_emu_fault_kind kind,
	   uint32_t channel, uint64_t now_ns, int how)
{
	const struct netra_emu_fault *hit = NULL;

	for (uint32_t i = 0; i < faults->count; i++) {
		struct netra_emu_fault *fault = &faults->fault[i];

		if (fault->kind != kind || fault->channel != channel ||
		    (how == BY_CLOCK && !fault->after_is_ms))
			continue;
		if (!fault->active) {
			fault->seen++;
			if (!due(faults, fault, now_ns))
				continue;
			fault->fired++;
			fault->since_ns = now_ns;
			fault->active = how == LASTING;
			__atomic_fetch_add(faults->fired, 1, __ATOMIC_RELAXED);
		}
		hit = fault;
	}
	return hit;
}

const struct netra_emu_fault *
netra_emu_fault_fires(struct netra_emu_faults *faults,
		      enum netra_emu_fault_kind kind, uint32_t channel,
		      uint64_t now_ns)
{
	return occurrence(faults, kind, channel, now_ns, COUNTED);
}

const struct netra_emu_fault *
netra_emu_fault_lasts(struct netra_emu_faults *faults,
		      enum netra_emu_fault_kind kind, uint32_t channel,
		      uint64_t now_ns)
{
	return occurrence(faults, kind, channel, now_ns, LASTING);
}

const struct netra_emu_fault *
netra_emu_fault_elapsed(struct netra_emu_faults *faults,
			enum netra_emu_fault_kind kind, uint64_t now_ns)
{
	return occurrence(faults, kind, 0, now_ns, BY_CLOCK);
}

bool netra_emu_fault_is(const struct netra_emu_faults *faults,
			enum netra_emu_fault_kind kind, uint32_t channel)
{
	for (uint32_t i = 0; i < faults->count; i++)
		if (faults->fault[i].kind == kind &&
		    faults->fault[i].channel == channel &&
		    faults->fault[i].active)
			return true;
	return false;
}

bool netra_emu_fault_boot(struct netra_emu_faults *faults,
			  enum netra_emu_fault_kind kind,
			  enum netra_emu_boot_stage stage)
{
	for (uint32_t i = 0; i < faults->count; i++) {
		struct netra_emu_fault *fault = &faults->fault[i];

		if (fault->kind != kind || fault->stage != stage ||
		    (fault->count && fault->fired >= fault->count))
			continue;
		fault->fired++;
		__atomic_fetch_add(faults->fired, 1, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

void netra_emu_fault_mend(struct netra_emu_faults *faults,
			  enum netra_emu_mend by, uint32_t channel)
{
	for (uint32_t i = 0; i < faults->count; i++) {
		struct netra_emu_fault *fault = &faults->fault[i];

		if (!fault->active || fault->until > by)
			continue;
		if (by == NETRA_EMU_MEND_RESYNC && fault->channel != channel)
			continue;
		fault->active = false;
		fault->seen = 0;
	}
}
