/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCIESS application registers (BAR0; SoC 0x51000000) with the quirks that
 * drivers meet: status registers cleared by 0 on DM816x and by 1 on its
 * siblings, SET/CLR pairs, reserved bits that do not hold, DBI_CS2 that takes
 * a read to arrive. Under emu->lock. Sources: TI CSL cslr_pciess_app.h,
 * ti81xx_pcie_epdrv.c, pcie-ti81xx.c.
 */
#include <unistd.h>

#include "emulator.h"

/* C6678's value; DM816x's is not known from any public source. */
#define PID_VALUE 0x4e301100u

/* Bits of plain registers that hold what is written. */
static const struct {
	uint16_t offset;
	uint32_t mask;
} plain[] = {
	{ NETRA_REG_CFG_SETUP, 0x01ff1f07 },
	{ NETRA_REG_IOBASE, 0xfffff000 },
	{ NETRA_REG_TLPCFG, 0x3 },
	{ NETRA_REG_RSTCMD, 0x10000 },
	{ NETRA_REG_PMCMD, 0x3 },
	{ NETRA_REG_PMCFG, 0x1 },
	{ NETRA_REG_OB_SIZE, NETRA_OB_SIZE_MASK },
	{ NETRA_REG_DIAG_CTRL, 0x3 },
	{ NETRA_REG_ENDIAN, 0x3 },
	{ NETRA_REG_PRIORITY, 0x10f07 },
	{ NETRA_REG_IRQ_EOI, 0xf },
	{ NETRA_REG_GPR(0), 0xffffffff },
	{ NETRA_REG_GPR(1), 0xffffffff },
	{ NETRA_REG_GPR(2), 0xffffffff },
	{ NETRA_REG_GPR(3), 0xffffffff },
};

/* Interrupt banks: RAW, STATUS, ENABLE_SET, ENABLE_CLR, 4 bytes apart. */
static const struct {
	uint16_t raw;
	uint32_t mask;
} banks[] = {
	{ NETRA_REG_MSI_RAW, 0xffffffff },
	{ NETRA_REG_LEGACY_RAW, NETRA_LEGACY_MASK },
	{ NETRA_REG_ERR_RAW, NETRA_ERR_MASK },
	{ NETRA_REG_PMRST_RAW, NETRA_PMRST_MASK },
};

static uint32_t *reg(struct netra_emu *emu, uint32_t offset)
{
	return &emu->reg[offset / 4];
}

static int bank_of(uint32_t offset)
{
	for (unsigned int i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		if (offset >= banks[i].raw && offset < banks[i].raw + 0x10u)
			return (int)i;
	return -1;
}

uint32_t netra_emu_reg_read_locked(struct netra_emu *emu, uint32_t offset)
{
	uint32_t value;
	int bank;

	if (netra_emu_absent_locked(emu))
		return UINT32_MAX;
	if (offset >= NETRA_BAR0_MIN_BYTES || offset % 4)
		return 0;
	bank = bank_of(offset);
	if (bank >= 0) {
		uint32_t raw = banks[bank].raw;

		switch (offset - raw) {
		case 0x0:
			return *reg(emu, raw);
		case 0x4:
			return *reg(emu, raw) & *reg(emu, raw + 8);
		default:	/* SET and CLR both read as the enabled bits */
			return *reg(emu, raw + 8);
		}
	}
	switch (offset) {
	case NETRA_REG_PID:
		return PID_VALUE;
	case NETRA_REG_CMD_STATUS:
		value = *reg(emu, offset);
		if (emu->cs2_late) {
			emu->cs2_late = false;
			value ^= NETRA_CMD_DBI_CS2;
		}
		return value;
	case NETRA_REG_MSI_IRQ:
	case NETRA_REG_EP_IRQ_SET:
	case NETRA_REG_EP_IRQ_CLR:
		return 0;
	default:
		return *reg(emu, offset);
	}
}

static void bank_write(struct netra_emu *emu, unsigned int bank,
		       uint32_t offset, uint32_t value)
{
	uint32_t raw = banks[bank].raw;

	switch (offset - raw) {
	case 0x0:	/* writing a raw status sets it: software interrupts */
		*reg(emu, raw) |= value & banks[bank].mask;
		break;
	case 0x4:
		if (emu->options.soc->status_write_0_to_clear)
			*reg(emu, raw) &= value;
		else
			*reg(emu, raw) &= ~value;
		break;
	case 0x8:
		*reg(emu, raw + 8) |= value & banks[bank].mask;
		break;
	default:
		*reg(emu, raw + 8) &= ~value;
		break;
	}
	if (raw == NETRA_REG_LEGACY_RAW)
		netra_emu_intx_update_locked(emu);
	if (raw == NETRA_REG_MSI_RAW)
		pthread_cond_signal(&emu->wake);
}

static void command_write(struct netra_emu *emu, uint32_t value)
{
	uint32_t *command = reg(emu, NETRA_REG_CMD_STATUS);
	uint32_t old = *command;

	/* TI's U-Boot sets 0xb01; bits 8, 9 and 11 are documented nowhere. */
	*command = value & 0xb3f;
	emu->cs2_late = (old ^ value) & NETRA_CMD_DBI_CS2;
	if ((old ^ value) & NETRA_CMD_IB_XLT_EN)
		netra_emu_windows_update_locked(emu);
}

void netra_emu_reg_write_locked(struct netra_emu *emu, uint32_t offset,
				uint32_t value)
{
	int bank;

	if (netra_emu_absent_locked(emu))
		return;
	if (offset >= NETRA_BAR0_MIN_BYTES || offset % 4)
		return;
	bank = bank_of(offset);
	if (bank >= 0) {
		bank_write(emu, (unsigned int)bank, offset, value);
		return;
	}
	if (offset >= NETRA_REG_OB_INDEX(0) &&
	    offset < NETRA_REG_OB_INDEX(NETRA_OB_WINDOWS)) {
		if (offset % 8 == 0)
			value &= NETRA_OB_ADDRESS_MASK | NETRA_OB_ENABLE;
		*reg(emu, offset) = value;
		return;
	}
	if (offset >= NETRA_REG_IB_BAR(0) &&
	    offset < NETRA_REG_IB_BAR(NETRA_IB_REGIONS)) {
		if (offset % 0x10 == 0)
			value &= 0x7;
		else if (offset % 0x10 != 0x8)
			value &= NETRA_IB_GRANULE_MASK;
		*reg(emu, offset) = value;
		netra_emu_windows_update_locked(emu);
		return;
	}
	switch (offset) {
	case NETRA_REG_CMD_STATUS:
		command_write(emu, value);
		return;
	case NETRA_REG_MSI_IRQ:
		*reg(emu, NETRA_REG_MSI_RAW) |= 1u << (value & 31);
		netra_emu_count(&emu->counters.doorbells, 1);
		pthread_cond_signal(&emu->wake);
		return;
	case NETRA_REG_EP_IRQ_SET:
		*reg(emu, NETRA_REG_EP_IRQ_STATUS) |= value & 1;
		netra_emu_intx_update_locked(emu);
		return;
	case NETRA_REG_EP_IRQ_CLR:
		*reg(emu, NETRA_REG_EP_IRQ_STATUS) &= ~(value & 1);
		netra_emu_intx_update_locked(emu);
		return;
	default:
		break;
	}
	for (unsigned int i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (plain[i].offset == offset)
			*reg(emu, offset) = value & plain[i].mask;
}

uint32_t netra_emu_doorbells_locked(struct netra_emu *emu)
{
	uint32_t status = *reg(emu, NETRA_REG_MSI_RAW) &
			  *reg(emu, NETRA_REG_MSI_EN_SET);

	/* What the interrupt handler of the firmware does. */
	if (status) {
		netra_emu_reg_write_locked(
			emu, NETRA_REG_MSI_STATUS,
			netra_irq_ack_value(emu->options.soc, status));
		netra_emu_reg_write_locked(emu, NETRA_REG_IRQ_EOI, 1);
	}
	return status;
}

void netra_emu_intx_update_locked(struct netra_emu *emu)
{
	const uint64_t one = 1;
	bool asserted = (*reg(emu, NETRA_REG_EP_IRQ_STATUS) & 1) &&
			(*reg(emu, NETRA_REG_LEGACY_EN_SET) & 1) &&
			!(emu->config[0x05] & 0x04);	/* INTx disable */

	/* Interrupt status bit of the status register: the line's state. */
	emu->config[0x06] = (uint8_t)((emu->config[0x06] & ~0x08) |
		((*reg(emu, NETRA_REG_EP_IRQ_STATUS) & 1) ? 0x08 : 0));
	if (!asserted || emu->intx_masked || emu->intx_fd < 0)
		return;
	/* A level that the client unmasks when it has served it. */
	emu->intx_masked = true;
	netra_emu_count(&emu->counters.intx, 1);
	(void)!write(emu->intx_fd, &one, sizeof(one));
}
