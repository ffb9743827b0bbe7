/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's ARM from reset on: boot ROM, then U-Boot, then the agent.
 *
 * ROM in PCIe boot mode polls a flag word at the end of on-chip RAM. When the
 * host has set it, the first stage begins at the RAM's start; what is not a
 * program hangs the ARM with the flag still set. (ti81xx_pcie_bootdrv.c)
 */
#include <time.h>

#include "core/bytes.h"
#include "emulator.h"

#define POLL_MS 1u

static bool stopped_locked(const struct netra_emu *emu)
{
	return emu->quit || emu->cpu_reset;
}

bool netra_emu_cpu_stopped(struct netra_emu *emu)
{
	bool stopped;

	pthread_mutex_lock(&emu->lock);
	stopped = stopped_locked(emu);
	pthread_mutex_unlock(&emu->lock);
	return stopped;
}

bool netra_emu_cpu_sleep(struct netra_emu *emu, uint32_t ms)
{
	uint64_t end = netra_emu_now_ns() + ms * 1000000ull;
	struct timespec until = {
		.tv_sec = (time_t)(end / 1000000000u),
		.tv_nsec = (long)(end % 1000000000u),
	};
	bool run;

	pthread_mutex_lock(&emu->lock);
	while (!stopped_locked(emu) && netra_emu_now_ns() < end)
		pthread_cond_timedwait(&emu->wake, &emu->lock, &until);
	run = !stopped_locked(emu);
	pthread_mutex_unlock(&emu->lock);
	return run;
}

bool netra_emu_cpu_hang(struct netra_emu *emu)
{
	pthread_mutex_lock(&emu->lock);
	while (!stopped_locked(emu))
		pthread_cond_wait(&emu->wake, &emu->lock);
	pthread_mutex_unlock(&emu->lock);
	return false;
}

void netra_emu_stage(struct netra_emu *emu, uint32_t stage)
{
	netra_emu_soc_write32(emu, NETRA_SOC_PCIESS + NETRA_REG_GPR(1),
			      NETRA_STAGE_BASE | stage);
}

static uint32_t *boot_flag(const struct netra_emu *emu)
{
	return netra_emu_soc_memory(emu, emu->options.soc->boot_flag, 4);
}

bool netra_emu_flag_wait(struct netra_emu *emu)
{
	uint32_t *flag = boot_flag(emu);

	while (netra_read32_acquire(flag) == 0)
		if (!netra_emu_cpu_sleep(emu, POLL_MS))
			return false;
	netra_write32(flag, 0);
	return true;
}

/* An ARM reset vector: a branch, or a load of the program counter. */
static bool stage1_ok(const struct netra_emu *emu)
{
	const uint32_t *vector =
		netra_emu_soc_memory(emu, emu->options.soc->ocmc_base, 4);
	uint32_t word = netra_read32(vector);

	return word >> 24 == 0xea || word >> 12 == 0xe59ff;
}

/* Also the run-up of U-Boot: until it has cleared the flag. */
static bool rom(struct netra_emu *emu)
{
	uint32_t delay_ms = emu->options.boot_delay_ms;
	uint32_t *flag = boot_flag(emu);

	while (netra_read32_acquire(flag) == 0)
		if (!netra_emu_cpu_sleep(emu, POLL_MS))
			return false;
	if (netra_emu_fault_boot(&emu->faults, NETRA_EMU_BOOT_HANG,
				 NETRA_EMU_STAGE_ROM))
		return netra_emu_cpu_hang(emu);
	if (!stage1_ok(emu) ||
	    netra_emu_fault_boot(&emu->faults, NETRA_EMU_BOOT_FAIL,
				 NETRA_EMU_STAGE_UBOOT)) {
		netra_emu_count(&emu->counters.images_refused, 1);
		return netra_emu_cpu_hang(emu);
	}
	if (!netra_emu_cpu_sleep(emu, delay_ms))
		return false;
	netra_write32(flag, 0);
	return true;
}

/* Off the bus after a reset of its own: wait for the link to come back. */
static bool wait_for_link(struct netra_emu *emu)
{
	uint64_t until, now = netra_emu_now_ns();

	pthread_mutex_lock(&emu->lock);
	until = emu->away_until_ns;
	pthread_mutex_unlock(&emu->lock);
	if (until > now &&
	    !netra_emu_cpu_sleep(emu, (uint32_t)((until - now) / 1000000u) + 1))
		return false;
	pthread_mutex_lock(&emu->lock);
	emu->away_until_ns = 0;
	pthread_mutex_unlock(&emu->lock);
	return true;
}

void *netra_emu_cpu_main(void *context)
{
	struct netra_emu *emu = context;
	bool warm = emu->options.start_running;

	for (;;) {
		pthread_mutex_lock(&emu->lock);
		emu->cpu_reset = false;
		pthread_mutex_unlock(&emu->lock);
		netra_emu_fault_mend(&emu->faults, NETRA_EMU_MEND_RESET, 0);

		if (warm || (wait_for_link(emu) && rom(emu) &&
			     netra_emu_uboot(emu)))
			netra_emu_agent(emu);
		warm = false;
		pthread_mutex_lock(&emu->lock);
		while (!stopped_locked(emu))
			pthread_cond_wait(&emu->wake, &emu->lock);
		if (emu->quit)
			break;
		pthread_mutex_unlock(&emu->lock);
	}
	pthread_mutex_unlock(&emu->lock);
	return NULL;
}
