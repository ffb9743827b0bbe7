/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCIESS application registers of DM816x (BAR0) and what is fixed about the
 * SoC family. Sources: TI PSP kernel (pcie-ti81xx.c, ti81xx_pcie_epdrv.c,
 * ti81xx_pcie_bootdrv.c), TI PSP U-Boot 04.04, TI CSL cslr_pciess_app.h.
 */
#ifndef NETRA_REGISTERS_H
#define NETRA_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define NETRA_VENDOR_TI		0x104cu
#define NETRA_DEVICE_UNPROGRAMMED 0x8888u	/* raw IP id, before ROM or U-Boot */

#define NETRA_REG_PID		0x000u
#define NETRA_REG_CMD_STATUS	0x004u
#define NETRA_CMD_LTSSM_EN	(1u << 0)
#define NETRA_CMD_OB_XLT_EN	(1u << 1)
#define NETRA_CMD_IB_XLT_EN	(1u << 2)
#define NETRA_CMD_POSTED_WR_EN	(1u << 3)
#define NETRA_CMD_APP_RETRY_EN	(1u << 4)
#define NETRA_CMD_DBI_CS2	(1u << 5)
#define NETRA_REG_CFG_SETUP	0x008u
#define NETRA_REG_IOBASE	0x00cu
#define NETRA_REG_TLPCFG	0x010u
#define NETRA_REG_RSTCMD	0x014u
#define NETRA_REG_PMCMD		0x020u
#define NETRA_REG_PMCFG		0x024u
#define NETRA_REG_ACT_STATUS	0x028u
#define NETRA_ACT_IB_NOT_EMPTY	(1u << 0)
#define NETRA_ACT_OB_NOT_EMPTY	(1u << 1)
#define NETRA_REG_OB_SIZE	0x030u
#define NETRA_OB_SIZE_MASK	0x7u
#define NETRA_REG_DIAG_CTRL	0x034u
#define NETRA_REG_ENDIAN	0x038u
#define NETRA_REG_PRIORITY	0x03cu
#define NETRA_REG_IRQ_EOI	0x050u
#define NETRA_REG_MSI_IRQ	0x054u	/* host -> board doorbell, not the way to the host */
#define NETRA_REG_EP_IRQ_SET	0x064u
#define NETRA_REG_EP_IRQ_CLR	0x068u
#define NETRA_REG_EP_IRQ_STATUS	0x06cu
#define NETRA_REG_GPR(n)	(0x070u + 4u * (n))
#define NETRA_GPR_BOOT_MAGIC	0x10101010u	/* GPR0: SPI-loaded U-Boot waits for the host */
#define NETRA_REG_MSI_RAW	0x100u
#define NETRA_REG_MSI_STATUS	0x104u
#define NETRA_REG_MSI_EN_SET	0x108u
#define NETRA_REG_MSI_EN_CLR	0x10cu
#define NETRA_REG_LEGACY_RAW	0x180u
#define NETRA_REG_LEGACY_STATUS	0x184u
#define NETRA_REG_LEGACY_EN_SET	0x188u
#define NETRA_REG_LEGACY_EN_CLR	0x18cu
#define NETRA_LEGACY_MASK	0xfu
#define NETRA_REG_ERR_RAW	0x1c0u
#define NETRA_REG_ERR_STATUS	0x1c4u
#define NETRA_REG_ERR_EN_SET	0x1c8u
#define NETRA_REG_ERR_EN_CLR	0x1ccu
#define NETRA_ERR_MASK		0x3fu
#define NETRA_REG_PMRST_RAW	0x1d0u
#define NETRA_REG_PMRST_STATUS	0x1d4u
#define NETRA_REG_PMRST_EN_SET	0x1d8u
#define NETRA_REG_PMRST_EN_CLR	0x1dcu
#define NETRA_PMRST_MASK	0xfu
#define NETRA_REG_OB_INDEX(n)	(0x200u + 8u * (n))
#define NETRA_OB_ENABLE		(1u << 0)
#define NETRA_OB_ADDRESS_MASK	0xfff00000u
#define NETRA_REG_OB_HI(n)	(0x204u + 8u * (n))
#define NETRA_OB_WINDOWS	32u
#define NETRA_REG_IB_BAR(n)	(0x300u + 0x10u * (n))
#define NETRA_REG_IB_START_LO(n) (0x304u + 0x10u * (n))
#define NETRA_REG_IB_START_HI(n) (0x308u + 0x10u * (n))
#define NETRA_REG_IB_OFFSET(n)	(0x30cu + 0x10u * (n))
#define NETRA_IB_GRANULE_MASK	0xffffff00u
#define NETRA_IB_REGIONS	4u
#define NETRA_BAR0_MIN_BYTES	0x1000u

/* The board's own address map. */
#define NETRA_SOC_PCIESS	0x51000000u	/* app registers; = BAR0 */
#define NETRA_SOC_LOCAL_CONFIG	0x51001000u
#define NETRA_SOC_OUTBOUND	0x20000000u	/* 256 MB data region */
#define NETRA_SOC_OUTBOUND_BYTES 0x10000000u
#define NETRA_SOC_DDR		0x80000000u

/* Where things go while booting; from BOOTDRV. */
struct netra_soc {
	uint16_t device_id;
	const char *name;		/* "dm8168" */
	uint32_t ocmc_base;		/* stage 1 goes here, through BAR1 */
	uint32_t ocmc_bytes;
	uint32_t stage1_max_bytes;
	uint32_t boot_flag;		/* SoC address, inside OCMC */
	uint32_t script;		/* SoC addresses in DDR, through BAR2 */
	uint32_t script_max_bytes;
	uint32_t kernel;
	uint32_t kernel_max_bytes;
	uint32_t ramdisk;
	uint32_t ramdisk_max_bytes;
	bool status_write_0_to_clear;	/* b800 only; others clear by 1 */
};

/**
 * netra_soc_by_id() - Facts about a SoC, by PCI device id.
 * Return: static table entry, or NULL for ids that are not of the family.
 */
const struct netra_soc *netra_soc_by_id(uint16_t device_id);

/** netra_soc_by_name() - As netra_soc_by_id(), by name ("dm8168"). */
const struct netra_soc *netra_soc_by_name(const char *name);

/* A register that a bug report should show. */
struct netra_register {
	const char *name;	/* NULL ends the list */
	uint32_t offset;
};

extern const struct netra_register netra_report_registers[];

/**
 * netra_ob_size_encode() - OB_SIZE value for a window size.
 * @window_log2: 20 (1 MB) to 23 (8 MB).
 * Return: 0..3, or -1 if the hardware has no such size.
 */
int netra_ob_size_encode(unsigned int window_log2);

/**
 * netra_ob_window_bytes() - Window size that an OB_SIZE value selects.
 *
 * Values 4 to 7 are reserved by every source; they are treated as 8 MB
 * multiples by none, so this returns 0 for them.
 */
uint32_t netra_ob_window_bytes(uint32_t ob_size);

/**
 * netra_ob_translate() - PCIe address of an outbound access.
 * @soc_address: Address inside the 256 MB outbound region.
 * @length: Bytes of the access.
 * @ob_size: OB_SIZE register.
 * @index, @hi: OB_OFFSET_INDEXn and OB_OFFSETn_HI of the window hit.
 * @bus: Receives the address.
 *
 * Bits of INDEX below the window size are ignored by the hardware, so a
 * window that is not aligned to its own size aliases.
 * Return: NETRA_OK; NETRA_ERR_INVALID if the access leaves its window;
 * NETRA_ERR_STATE if the window is disabled.
 */
enum netra_error netra_ob_translate(uint32_t soc_address, uint32_t length,
				    uint32_t ob_size, uint32_t index,
				    uint32_t hi, uint64_t *bus);

/** netra_ob_window_of() - Window number an outbound SoC address falls in, or -1. */
int netra_ob_window_of(uint32_t soc_address, uint32_t ob_size);

/**
 * netra_irq_ack_value() - Value that clears @bits in a *_STATUS register.
 *
 * DM816x (b800) clears where 0 is written, DM814x/DM813x where 1 is written.
 */
uint32_t netra_irq_ack_value(const struct netra_soc *soc, uint32_t bits);

#endif
