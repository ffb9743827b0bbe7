/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's agent on the emulated board: board/producer.c over emulated
 * outbound windows, with the doorbells as its interrupts. What --fault bends
 * in records, heads, heartbeats and interrupts is bent here. CPU thread.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"
#include "core/bytes.h"
#include "core/crc32c.h"

#define NS_PER_MS	1000000ull

static uint64_t now_ns(void *context)
{
	struct netra_emu_agent *agent = context;

	return netra_emu_board_ns(agent->emu);
}

static enum netra_error host_write(void *context, uint32_t arena_offset,
				   const void *data, uint32_t length)
{
	struct netra_emu_agent *agent = context;
	const size_t replies = offsetof(struct netra_host_area, reply);

	/* A silent board takes commands and never answers. */
	if (arena_offset >= replies && arena_offset < replies +
	    NETRA_COMMAND_SLOTS * sizeof(struct netra_reply) &&
	    netra_emu_fault_lasts(&agent->emu->faults,
				  NETRA_EMU_COMMAND_SILENT, 0, now_ns(agent)))
		return NETRA_OK;
	/* Only read from: the cast is for the one function of both ways. */
	return netra_emu_outbound(agent->emu, NETRA_SOC_OUTBOUND + arena_offset,
				  (void *)(uintptr_t)data, length, true);
}

static enum netra_error host_read(void *context, uint32_t arena_offset,
				  void *data, uint32_t length)
{
	struct netra_emu_agent *agent = context;

	return netra_emu_outbound(agent->emu, NETRA_SOC_OUTBOUND + arena_offset,
				  data, length, false);
}

static void fence(void *context)
{
	(void)context;
	netra_fence();
}

static enum netra_error interrupt(void *context)
{
	struct netra_emu_agent *agent = context;
	struct netra_emu *emu = agent->emu;
	uint64_t now = now_ns(agent);
	const struct netra_emu_fault *late;

	if (netra_emu_fault_fires(&emu->faults, NETRA_EMU_IRQ_LOST, 0, now))
		return NETRA_OK;
	if (netra_emu_fault_fires(&emu->faults, NETRA_EMU_IRQ_SPURIOUS, 0, now))
		netra_emu_interrupt(emu);
	late = netra_emu_fault_fires(&emu->faults, NETRA_EMU_IRQ_LATE, 0, now);
	if (late) {
		if (!agent->late_irq_ns)
			agent->late_irq_ns = now + late->ms * NS_PER_MS;
		return NETRA_OK;
	}
	return netra_emu_interrupt(emu);
}

static uint32_t register_read(void *context, uint32_t offset)
{
	struct netra_emu_agent *agent = context;
	uint32_t value;

	pthread_mutex_lock(&agent->emu->lock);
	value = netra_emu_reg_read_locked(agent->emu, offset);
	pthread_mutex_unlock(&agent->emu->lock);
	return value;
}

static uint32_t command(void *context, const struct netra_command *wire,
			uint32_t *detail)
{
	return netra_emu_streams_command(context, wire, detail);
}

static const struct netra_producer_ops ops = {
	.host_write = host_write,
	.host_read = host_read,
	.fence = fence,
	.interrupt = interrupt,
	.register_read = register_read,
	.now_ns = now_ns,
	.command = command,
};

static void bend_record(void *context, uint32_t channel,
			struct netra_record *record)
{
	struct netra_emu_agent *agent = context;
	struct netra_emu_faults *faults = &agent->emu->faults;
	uint64_t now = now_ns(agent);

	if (netra_emu_fault_fires(faults, NETRA_EMU_OFFSET_WILD, channel, now))
		record->offset = netra_le32(0xffffff00u);
	if (netra_emu_fault_fires(faults, NETRA_EMU_LENGTH_WILD, channel, now))
		record->length = netra_le32(0xfffffff0u);
	/* Wild values with a good checksum: only the range check is left. */
	record->record_crc32c = netra_le32(netra_crc32c(
		0, record, offsetof(struct netra_record, record_crc32c)));
	if (netra_emu_fault_fires(faults, NETRA_EMU_RECORD_GARBAGE, channel,
				  now))
		memset(record, 0xa5, sizeof(*record));
	if (netra_emu_fault_fires(faults, NETRA_EMU_RECORD_TORN, channel, now))
		memset((uint8_t *)record + 32, 0, 32);
}

static uint32_t bend_head(void *context, uint32_t channel, uint32_t head)
{
	struct netra_emu_agent *agent = context;
	struct netra_emu_faults *faults = &agent->emu->faults;
	uint64_t now = now_ns(agent);

	if (netra_emu_fault_lasts(faults, NETRA_EMU_HEAD_JUMP, channel, now))
		return head + 0x100000u;
	if (netra_emu_fault_lasts(faults, NETRA_EMU_HEAD_BACK, channel, now))
		return head - 0x100u;
	return head;
}

static bool beat(void *context)
{
	struct netra_emu_agent *agent = context;

	return !netra_emu_fault_lasts(&agent->emu->faults,
				      NETRA_EMU_HEARTBEAT_STOP, 0,
				      now_ns(agent));
}

static const struct netra_producer_hooks hooks = {
	.record = bend_record,
	.head = bend_head,
	.heartbeat = beat,
};

/* The board leaves the bus, for good or for the time of a reset of its own. */
static void leave_bus(struct netra_emu *emu, bool for_good, uint32_t ms)
{
	pthread_mutex_lock(&emu->lock);
	netra_emu_reset_locked(emu);
	if (for_good)
		emu->gone = true;
	else
		emu->away_until_ns = netra_emu_now_ns() + ms * NS_PER_MS;
	pthread_mutex_unlock(&emu->lock);
}

/* Faults of the board as a whole, @frames more of which have been sent. */
static void board_faults(struct netra_emu_agent *agent, uint64_t frames)
{
	struct netra_emu_faults *faults = &agent->emu->faults;
	const struct netra_emu_fault *reset, *gone;
	uint64_t now = now_ns(agent);

	reset = netra_emu_fault_elapsed(faults, NETRA_EMU_SELF_RESET, now);
	gone = netra_emu_fault_elapsed(faults, NETRA_EMU_GONE, now);
	for (; frames && !reset && !gone; frames--) {
		reset = netra_emu_fault_fires(faults, NETRA_EMU_SELF_RESET, 0,
					      now);
		gone = netra_emu_fault_fires(faults, NETRA_EMU_GONE, 0, now);
	}
	if (gone)
		leave_bus(agent->emu, true, 0);
	else if (reset)
		leave_bus(agent->emu, false, reset->ms);
}

/*
 * Sleep until @until_ns on the board's clock or a doorbell.
 * Return: false when the agent must end.
 */
static bool wait_for_work(struct netra_emu_agent *agent, uint64_t until_ns,
			  uint32_t *doorbells)
{
	struct netra_emu *emu = agent->emu;
	uint64_t now = now_ns(agent), end;
	struct timespec until;
	bool run;

	end = netra_emu_now_ns() + (until_ns > now ? until_ns - now : 0);
	until.tv_sec = (time_t)(end / 1000000000u);
	until.tv_nsec = (long)(end % 1000000000u);
	pthread_mutex_lock(&emu->lock);
	*doorbells = netra_emu_doorbells_locked(emu);
	while (!*doorbells && !emu->quit && !emu->cpu_reset &&
	       until_ns > now) {
		if (pthread_cond_timedwait(&emu->wake, &emu->lock, &until))
			break;
		*doorbells = netra_emu_doorbells_locked(emu);
	}
	run = !emu->quit && !emu->cpu_reset;
	pthread_mutex_unlock(&emu->lock);
	return run && !(*doorbells & 1u << NETRA_DOORBELL_RESTART);
}

static void serve(struct netra_emu_agent *agent)
{
	uint64_t next_poll_ns = 0, frames = agent->frames;
	uint32_t doorbells = 1, generation = 0;

	for (;;) {
		uint64_t now = now_ns(agent), next_ns;
		bool moved;

		if (doorbells || now >= next_poll_ns)
			next_poll_ns = netra_producer_poll(&agent->producer);
		if (generation != agent->producer.attach.generation) {
			generation = agent->producer.attach.generation;
			netra_emu_faults_begin(&agent->emu->faults, now);
		}
		next_ns = netra_emu_streams_pump(agent, &moved);
		if (moved)
			next_poll_ns = netra_producer_poll(&agent->producer);
		board_faults(agent, agent->frames - frames);
		frames = agent->frames;
		if (agent->late_irq_ns && now_ns(agent) >= agent->late_irq_ns) {
			agent->late_irq_ns = 0;
			netra_emu_interrupt(agent->emu);
		}
		if (next_poll_ns < next_ns)
			next_ns = next_poll_ns;
		if (agent->late_irq_ns && agent->late_irq_ns < next_ns)
			next_ns = agent->late_irq_ns;
		if (!wait_for_work(agent, next_ns, &doorbells))
			return;
	}
}

/* One life of the agent; false when a restart is not what ended it. */
static bool live(struct netra_emu_agent *agent)
{
	struct netra_emu *emu = agent->emu;
	void *block = netra_emu_soc_memory(emu, NETRA_EMU_BLOCK,
					   sizeof(struct netra_board_block));

	netra_emu_count(&emu->counters.agent_starts, 1);
	netra_emu_fault_mend(&emu->faults, NETRA_EMU_MEND_RESTART, 0);
	netra_emu_faults_begin(&emu->faults, now_ns(agent));
	agent->late_irq_ns = 0;
	/* Doorbells of before are void; from now on they wake us. */
	netra_emu_soc_write32(emu, NETRA_SOC_PCIESS + NETRA_REG_MSI_STATUS,
			      emu->options.soc->status_write_0_to_clear ?
			      0 : UINT32_MAX);
	netra_emu_soc_write32(emu, NETRA_SOC_PCIESS + NETRA_REG_MSI_EN_SET,
			      UINT32_MAX);
	/* Locked: no window may move while these stores are under way. */
	pthread_mutex_lock(&emu->lock);
	netra_producer_init(&agent->producer, block, &ops, &hooks, agent,
			    emu->options.channels, emu->options.soc->device_id,
			    "netra-emulator " NETRA_VERSION, ++emu->boot_count);
	netra_emu_streams_begin(agent);
	pthread_mutex_unlock(&emu->lock);
	netra_emu_soc_write32(emu, NETRA_SOC_PCIESS + NETRA_REG_GPR(2),
			      NETRA_EMU_BLOCK);
	netra_emu_stage(emu, NETRA_STAGE_AGENT);
	serve(agent);
	netra_emu_streams_stop(agent);
	netra_emu_stage(emu, NETRA_STAGE_NONE);
	return !netra_emu_cpu_stopped(emu);
}

void netra_emu_agent(struct netra_emu *emu)
{
	if (netra_emu_fault_boot(&emu->faults, NETRA_EMU_BOOT_HANG,
				 NETRA_EMU_STAGE_AGENT)) {
		netra_emu_cpu_hang(emu);
		return;
	}
	if (!emu->agent)
		emu->agent = calloc(1, sizeof(*emu->agent));
	if (!emu->agent)
		return;
	emu->agent->emu = emu;
	while (live(emu->agent))
		;
}
