/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space as the boot ROM leaves it: class 0, sizable BARs,
 * capabilities PM 0x40, MSI 0x50 (64-bit, four vectors), PCIe 0x70 with
 * function-level reset. The SoC sees the same space at 0x51001000; there, with
 * DBI_CS2 set, a write to a BAR sets its mask. Under emu->lock.
 */
#include <string.h>

#include "core/bytes.h"
#include "emulator.h"

#define PM_CAP		0x40u
#define MSI_CAP		0x50u
#define MSI_CONTROL	0x52u
#define PCIE_CAP	0x70u
#define DEVICE_CONTROL	0x78u
#define PL_DEBUG0	0x728u
#define LTSSM_L0	0x11u

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value);
	put16(p + 2, value >> 16);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

/* A 16- or 32-bit field with its writable bits. */
static void field16(struct netra_emu *emu, uint32_t offset, uint32_t value,
		    uint32_t mask)
{
	put16(emu->config + offset, value);
	put16(emu->config_mask + offset, mask);
}

static void field32(struct netra_emu *emu, uint32_t offset, uint32_t value,
		    uint32_t mask)
{
	put32(emu->config + offset, value);
	put32(emu->config_mask + offset, mask);
}

/* BAR0 registers: not prefetchable; the others are. All 32 bits wide. */
static uint32_t bar_type(unsigned int bar)
{
	return bar == 0 ? 0x0 : 0x8;
}

static void bar_mask_set(struct netra_emu *emu, unsigned int bar,
			 uint32_t mask)
{
	uint32_t offset = 0x10 + 4 * bar;

	emu->bar_mask[bar] = mask;
	if (mask & 1)
		field32(emu, offset, bar_type(bar), ~mask & ~0xfu);
	else
		field32(emu, offset, 0, 0);
}

void netra_emu_config_power_on_locked(struct netra_emu *emu)
{
	memset(emu->config, 0, sizeof(emu->config));
	memset(emu->config_mask, 0, sizeof(emu->config_mask));
	field16(emu, 0x00, NETRA_VENDOR_TI, 0);
	field16(emu, 0x02, emu->options.soc->device_id, 0);
	field16(emu, 0x04, 0, 0x0547);		/* MEM, BME, parity, SERR, INTx off */
	field16(emu, 0x06, 0x0010, 0);		/* capability list */
	field32(emu, 0x08, 0, 0);		/* class 0, revision 0: as ROM boot */
	emu->config_mask[0x0c] = 0xff;		/* cache line size */
	for (unsigned int i = 0; i < NETRA_EMU_BARS; i++) {
		uint64_t bytes = emu->options.bar_bytes[i];

		bar_mask_set(emu, i, bytes ? (uint32_t)(bytes - 1) | 1 : 0);
	}
	emu->config[0x34] = PM_CAP;
	emu->config_mask[0x3c] = 0xff;		/* interrupt line */
	emu->config[0x3d] = 1;			/* INTA */

	field16(emu, PM_CAP, MSI_CAP << 8 | 0x01, 0);
	field16(emu, PM_CAP + 2, 0x0003, 0);
	field16(emu, PM_CAP + 4, 0x0008, 0x0003);	/* no soft reset; D-state */

	field16(emu, MSI_CAP, PCIE_CAP << 8 | 0x05, 0);
	field16(emu, MSI_CONTROL, 0x0080 | 2 << 1, 0x0071);
	field32(emu, MSI_CAP + 4, 0, 0xfffffffc);
	field32(emu, MSI_CAP + 8, 0, 0xffffffff);
	field16(emu, MSI_CAP + 12, 0, 0xffff);

	field16(emu, PCIE_CAP, 0x10, 0);
	field16(emu, PCIE_CAP + 2, 0x0002, 0);		/* version 2, endpoint */
	field32(emu, PCIE_CAP + 4, 1u << 28 | 1u << 15 | 1, 0);
	field16(emu, DEVICE_CONTROL, 0x2810, 0x7fff);
	field16(emu, PCIE_CAP + 0xa, 0, 0);
	field32(emu, PCIE_CAP + 0xc, 0x22, 0);	/* x2, 5 GT/s */
	field16(emu, PCIE_CAP + 0x10, 0, 0x00c3);
	field16(emu, PCIE_CAP + 0x12, 0x21, 0);	/* x2 trained at 2.5 GT/s */
	field32(emu, PCIE_CAP + 0x24, 0x1f, 0);
	field16(emu, PCIE_CAP + 0x28, 0, 0x001f);
	field32(emu, PCIE_CAP + 0x2c, 0x6, 0);
	field16(emu, PCIE_CAP + 0x30, 0x2, 0x000f);
	field32(emu, PL_DEBUG0, LTSSM_L0, 0);
	emu->msi_by_root = false;
}

void netra_emu_config_read_locked(struct netra_emu *emu, uint32_t offset,
				  uint8_t *data, uint32_t length)
{
	static const uint8_t retry[4] = { 0x01, 0x00, 0xff, 0xff };

	netra_emu_count(&emu->counters.config_reads, 1);
	memset(data, 0xff, length);
	if (netra_emu_absent_locked(emu) ||
	    !netra_range_ok(offset, length, NETRA_EMU_CONFIG_BYTES))
		return;
	/* Configuration request retry, as software that can see it sees it. */
	if (emu->reg[NETRA_REG_CMD_STATUS / 4] & NETRA_CMD_APP_RETRY_EN) {
		for (uint32_t i = 0; i < length && offset + i < 4; i++)
			data[i] = retry[offset + i];
		return;
	}
	memcpy(data, emu->config + offset, length);
}

static bool touches(uint32_t offset, uint32_t length, uint32_t field,
		    uint32_t field_length)
{
	return offset < field + field_length && field < offset + length;
}

void netra_emu_config_write_locked(struct netra_emu *emu, uint32_t offset,
				   const uint8_t *data, uint32_t length)
{
	netra_emu_count(&emu->counters.config_writes, 1);
	if (netra_emu_absent_locked(emu) ||
	    !netra_range_ok(offset, length, NETRA_EMU_CONFIG_BYTES))
		return;
	for (uint32_t i = 0; i < length; i++) {
		uint8_t mask = emu->config_mask[offset + i];
		uint8_t *byte = &emu->config[offset + i];

		*byte = (uint8_t)((*byte & ~mask) | (data[i] & mask));
	}
	if (touches(offset, length, MSI_CONTROL, 2))
		emu->msi_by_root = false;
	if (touches(offset, length, 0x10, 4 * NETRA_EMU_BARS)) {
		for (unsigned int i = 0; i < NETRA_EMU_BARS; i++) {
			uint32_t value = netra_emu_bar_address_locked(emu, i);

			/* A sizing write is no assignment. */
			if (value && value != (~emu->bar_mask[i] & ~0xfu))
				emu->bar_assigned[i] = value;
		}
		netra_emu_windows_update_locked(emu);
	}
	if (touches(offset, length, 0x04, 2))
		netra_emu_intx_update_locked(emu);
	/*
	 * QEMU shows its guest BARs of its own making, which survive this: the
	 * guest sees nothing to restore. As VFIO in the kernel does, whose place
	 * we hold, give the function back as the host had programmed it.
	 */
	if (touches(offset, length, DEVICE_CONTROL + 1, 1) &&
	    (data[DEVICE_CONTROL + 1 - offset] & 0x80))
		netra_emu_host_reset_locked(emu);
}

uint32_t netra_emu_local_read_locked(const struct netra_emu *emu,
				     uint32_t offset)
{
	if (offset % 4 || offset > NETRA_EMU_CONFIG_BYTES - 4)
		return 0;
	return get32(emu->config + offset);
}

void netra_emu_local_write_locked(struct netra_emu *emu, uint32_t offset,
				  uint32_t value)
{
	bool cs2 = emu->reg[NETRA_REG_CMD_STATUS / 4] & NETRA_CMD_DBI_CS2;

	if (offset % 4 || offset > NETRA_EMU_CONFIG_BYTES - 4)
		return;
	if (offset >= 0x10 && offset < 0x10 + 4 * NETRA_EMU_BARS) {
		unsigned int bar = (offset - 0x10) / 4;

		if (cs2)
			bar_mask_set(emu, bar, value);
		else
			put32(emu->config + offset,
			      (value & get32(emu->config_mask + offset)) |
			      bar_type(bar));
		netra_emu_windows_update_locked(emu);
		return;
	}
	/* Ids, class and link registers are writable from this side. */
	put32(emu->config + offset, value);
}

uint32_t netra_emu_bar_address_locked(const struct netra_emu *emu,
				      unsigned int bar)
{
	return get32(emu->config + 0x10 + 4 * (size_t)bar) & ~0xfu;
}

void netra_emu_assign_bars_locked(struct netra_emu *emu)
{
	uint32_t next = 0xf0000000u;

	/* Largest first, downwards: each is then aligned to its own size. */
	for (uint32_t bytes = 1u << 30; bytes >= 16; bytes >>= 1) {
		for (unsigned int i = 0; i < NETRA_EMU_BARS; i++) {
			uint32_t mask = emu->bar_mask[i];

			if (!(mask & 1) || (mask | 1) != ((bytes - 1) | 1))
				continue;
			next -= bytes;
			if (!emu->bar_assigned[i])
				emu->bar_assigned[i] = next;
			if (!netra_emu_bar_address_locked(emu, i))
				put32(emu->config + 0x10 + 4 * (size_t)i,
				      emu->bar_assigned[i] | bar_type(i));
		}
	}
	emu->config[0x04] |= 0x02;
	netra_emu_windows_update_locked(emu);
}

bool netra_emu_bus_master_locked(const struct netra_emu *emu)
{
	return emu->config[0x04] & 0x04;
}

void netra_emu_msi_locked(const struct netra_emu *emu,
			  struct netra_emu_msi *msi)
{
	uint32_t control = get16(emu->config + MSI_CONTROL);
	uint32_t log2 = control >> 4 & 7;

	msi->enabled = control & 1;
	msi->address = get32(emu->config + MSI_CAP + 4) |
		       (uint64_t)get32(emu->config + MSI_CAP + 8) << 32;
	msi->data = (uint16_t)get16(emu->config + MSI_CAP + 12);
	msi->vectors = log2 > 2 ? NETRA_EMU_MSI_VECTORS : 1u << log2;
}

void netra_emu_msi_program_locked(struct netra_emu *emu, uint32_t vectors)
{
	struct netra_emu_msi msi;
	uint32_t log2 = 0;

	netra_emu_msi_locked(emu, &msi);
	if (vectors == 0) {
		if (emu->msi_by_root)
			emu->config[MSI_CONTROL] &= 0xfe;
		emu->msi_by_root = false;
		return;
	}
	if (msi.enabled && msi.address && !emu->msi_by_root)
		return;
	while (1u << log2 < vectors && log2 < 2)
		log2++;
	put32(emu->config + MSI_CAP + 4, 0xfee00000u);
	put32(emu->config + MSI_CAP + 8, 0);
	put16(emu->config + MSI_CAP + 12, 0x4020);
	put16(emu->config + MSI_CONTROL, 0x0080 | 2 << 1 | log2 << 4 | 1);
	emu->msi_by_root = true;
}
