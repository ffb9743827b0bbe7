/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board as bus master: SoC addresses 0x20000000 to 0x2fffffff go through
 * the outbound window they fall in to a bus address. On silicon a transfer
 * that leaves its window, or meets a disabled one, does something unspecified
 * to somebody's memory; here it is refused, counted and reported.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "emulator.h"

#define REPORTS_A_SECOND 4u

static void report(const char *what, uint32_t soc_address, uint32_t length,
		   uint64_t bus, uint64_t *counter)
{
	static uint64_t second;
	static unsigned int reports;
	uint64_t now = netra_emu_now_ns() / 1000000000u;

	netra_emu_count(counter, 1);
	if (second != now) {
		second = now;
		reports = 0;
	}
	if (reports++ < REPORTS_A_SECOND)
		fprintf(stderr, "netra: emulated board: outbound transfer of "
			"%" PRIu32 " bytes at 0x%08" PRIx32 " (bus 0x%" PRIx64
			") refused: %s\n", length, soc_address, bus, what);
}

/* Is this write an MSI? Then the host sees an interrupt, not a write. */
static bool deliver_msi(struct netra_emu *emu, uint64_t bus, const void *data,
			uint32_t length)
{
	const uint64_t one = 1;
	struct netra_emu_msi msi;
	uint32_t value, vector;

	netra_emu_msi_locked(emu, &msi);
	if (!msi.enabled || bus != msi.address || length != 4)
		return false;
	__builtin_memcpy(&value, data, 4);
	vector = value - msi.data;
	netra_emu_count(&emu->counters.msis, 1);
	if (vector >= msi.vectors || emu->msi_fd[vector] < 0)
		netra_emu_count(&emu->counters.msis_unwanted, 1);
	else
		(void)!write(emu->msi_fd[vector], &one, sizeof(one));
	return true;
}

static enum netra_error transfer_locked(struct netra_emu *emu,
					uint32_t soc_address, void *data,
					uint32_t length, bool write)
{
	struct netra_emu_counters *counters = &emu->counters;
	uint32_t ob_size = emu->reg[NETRA_REG_OB_SIZE / 4];
	enum netra_error error;
	uint64_t bus = 0;
	int window;

	if (emu->cpu_reset || emu->quit || netra_emu_absent_locked(emu))
		return NETRA_ERR_GONE;
	if (!(emu->reg[NETRA_REG_CMD_STATUS / 4] & NETRA_CMD_OB_XLT_EN)) {
		report("outbound translation is off", soc_address, length, 0,
		       &counters->refused_disabled);
		return NETRA_ERR_STATE;
	}
	window = netra_ob_window_of(soc_address, ob_size);
	if (window < 0) {
		report("no window there", soc_address, length, 0,
		       &counters->refused_disabled);
		return NETRA_ERR_STATE;
	}
	error = netra_ob_translate(
		soc_address, length, ob_size,
		emu->reg[NETRA_REG_OB_INDEX((uint32_t)window) / 4],
		emu->reg[NETRA_REG_OB_HI((uint32_t)window) / 4], &bus);
	if (error == NETRA_ERR_STATE) {
		report("the window is disabled", soc_address, length, 0,
		       &counters->refused_disabled);
		return error;
	}
	if (error) {
		report("it leaves its window", soc_address, length, 0,
		       &counters->refused_crossing);
		return error;
	}
	if (!netra_emu_bus_master_locked(emu)) {
		report("bus mastering is off", soc_address, length, bus,
		       &counters->refused_no_master);
		return NETRA_ERR_STATE;
	}
	if (write && deliver_msi(emu, bus, data, length))
		return NETRA_OK;
	error = netra_emu_dma_copy_locked(emu, bus, data, length, write);
	if (error == NETRA_ERR_PERMISSION)
		report("host memory is read-only there", soc_address, length,
		       bus, &counters->refused_read_only);
	else if (error)
		report("no host memory there", soc_address, length, bus,
		       &counters->refused_unmapped);
	if (error)
		return error;
	netra_emu_count(write ? &counters->host_writes :
			&counters->host_reads, 1);
	netra_emu_count(write ? &counters->host_write_bytes :
			&counters->host_read_bytes, length);
	return NETRA_OK;
}

enum netra_error netra_emu_outbound(struct netra_emu *emu, uint32_t soc_address,
				    void *data, uint32_t length, bool write)
{
	enum netra_error error;

	pthread_mutex_lock(&emu->lock);
	error = transfer_locked(emu, soc_address, data, length, write);
	pthread_mutex_unlock(&emu->lock);
	return error;
}

enum netra_error netra_emu_interrupt(struct netra_emu *emu)
{
	struct netra_emu_msi msi;
	enum netra_error error = NETRA_OK;
	uint32_t bytes, data, soc_address;

	pthread_mutex_lock(&emu->lock);
	netra_emu_msi_locked(emu, &msi);
	bytes = netra_ob_window_bytes(emu->reg[NETRA_REG_OB_SIZE / 4]);
	if (msi.enabled && !netra_emu_bus_master_locked(emu)) {
		error = NETRA_ERR_STATE;
	} else if (msi.enabled && bytes) {
		/* As TI's endpoint driver: window 31, set up for each message. */
		netra_emu_reg_write_locked(
			emu, NETRA_REG_OB_INDEX(NETRA_MSI_WINDOW),
			((uint32_t)msi.address & ~(bytes - 1)) |
			NETRA_OB_ENABLE);
		netra_emu_reg_write_locked(emu,
					   NETRA_REG_OB_HI(NETRA_MSI_WINDOW),
					   (uint32_t)(msi.address >> 32));
		soc_address = NETRA_SOC_OUTBOUND + NETRA_MSI_WINDOW * bytes +
			      ((uint32_t)msi.address & (bytes - 1));
		data = msi.data;
		error = transfer_locked(emu, soc_address, &data, 4, true);
	} else if (!emu->cpu_reset && !emu->quit) {
		netra_emu_reg_write_locked(emu, NETRA_REG_LEGACY_EN_SET, 1);
		netra_emu_reg_write_locked(emu, NETRA_REG_EP_IRQ_SET, 1);
	}
	pthread_mutex_unlock(&emu->lock);
	return error;
}
