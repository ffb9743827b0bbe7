/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is fixed about the SoC family, and the arithmetic of the outbound
 * windows. Pure functions over constant data; any context may call.
 *
 * Boot addresses are those of ti81xx_pcie_bootdrv.h. It allows a kernel of
 * 8 MB at 0x80900000, which would reach into the ramdisk at 0x81000000; the
 * limit here is what lies between. Stage 1 ends where the boot flag begins.
 */
#include <stddef.h>

#include "bytes.h"
#include "registers.h"

#define KERNEL_BYTES	(0x81000000u - 0x80900000u)

static const struct netra_soc socs[] = {
	{
		.device_id = 0xb800,
		.name = "dm8168",
		.ocmc_base = 0x40400000,
		.ocmc_bytes = 256u << 10,
		.stage1_max_bytes = 0x3fffc,
		.boot_flag = 0x4043fffc,
		.script = 0x80400000,
		.script_max_bytes = 2u << 20,
		.kernel = 0x80900000,
		.kernel_max_bytes = KERNEL_BYTES,
		.ramdisk = 0x81000000,
		.ramdisk_max_bytes = 8u << 20,
		.status_write_0_to_clear = true,
	}, {
		.device_id = 0xb801,
		.name = "dm8148",
		.ocmc_base = 0x40300000,
		.ocmc_bytes = 128u << 10,
		.stage1_max_bytes = 0x1b7fc,
		.boot_flag = 0x4031b7fc,
		.script = 0x80400000,
		.script_max_bytes = 2u << 20,
		.kernel = 0x80900000,
		.kernel_max_bytes = KERNEL_BYTES,
		.ramdisk = 0x81000000,
		.ramdisk_max_bytes = 16u << 20,
	}, {
		.device_id = 0xb802,
		.name = "dm8138",
		.ocmc_base = 0x40300000,
		.ocmc_bytes = 128u << 10,
		.stage1_max_bytes = 0x1b7fc,
		.boot_flag = 0x4031b7fc,
		.script = 0x80400000,
		.script_max_bytes = 2u << 20,
		.kernel = 0x80900000,
		.kernel_max_bytes = KERNEL_BYTES,
		.ramdisk = 0x81000000,
		.ramdisk_max_bytes = 16u << 20,
	},
};

#define SOC_COUNT	(sizeof(socs) / sizeof(socs[0]))

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const struct netra_soc *netra_soc_by_id(uint16_t device_id)
{
	for (size_t i = 0; i < SOC_COUNT; i++)
		if (socs[i].device_id == device_id)
			return &socs[i];
	return NULL;
}

const struct netra_soc *netra_soc_by_name(const char *name)
{
	for (size_t i = 0; i < SOC_COUNT; i++)
		if (same(socs[i].name, name))
			return &socs[i];
	return NULL;
}

int netra_ob_size_encode(unsigned int window_log2)
{
	if (window_log2 < 20 || window_log2 > 23)
		return -1;
	return (int)window_log2 - 20;
}

uint32_t netra_ob_window_bytes(uint32_t ob_size)
{
	ob_size &= NETRA_OB_SIZE_MASK;
	return ob_size <= 3 ? 1u << (20 + ob_size) : 0;
}

int netra_ob_window_of(uint32_t soc_address, uint32_t ob_size)
{
	uint32_t bytes = netra_ob_window_bytes(ob_size);
	uint32_t n;

	if (!bytes || soc_address < NETRA_SOC_OUTBOUND ||
	    soc_address - NETRA_SOC_OUTBOUND >= NETRA_SOC_OUTBOUND_BYTES)
		return -1;
	n = (soc_address - NETRA_SOC_OUTBOUND) / bytes;
	return n < NETRA_OB_WINDOWS ? (int)n : -1;
}

enum netra_error netra_ob_translate(uint32_t soc_address, uint32_t length,
				    uint32_t ob_size, uint32_t index,
				    uint32_t hi, uint64_t *bus)
{
	uint32_t bytes = netra_ob_window_bytes(ob_size);
	uint32_t offset, base;

	if (netra_ob_window_of(soc_address, ob_size) < 0)
		return NETRA_ERR_INVALID;
	if (!(index & NETRA_OB_ENABLE))
		return NETRA_ERR_STATE;
	offset = soc_address & (bytes - 1);
	if (!netra_range_ok(offset, length, bytes))
		return NETRA_ERR_INVALID;
	base = index & NETRA_OB_ADDRESS_MASK & ~(bytes - 1);
	*bus = (uint64_t)hi << 32 | base | offset;
	return NETRA_OK;
}

uint32_t netra_irq_ack_value(const struct netra_soc *soc, uint32_t bits)
{
	return soc->status_write_0_to_clear ? ~bits : bits;
}

const struct netra_register netra_report_registers[] = {
	{ "PID", NETRA_REG_PID },
	{ "CMD_STATUS", NETRA_REG_CMD_STATUS },
	{ "ACT_STATUS", NETRA_REG_ACT_STATUS },
	{ "OB_SIZE", NETRA_REG_OB_SIZE },
	{ "EP_IRQ_STATUS", NETRA_REG_EP_IRQ_STATUS },
	{ "GPR0", NETRA_REG_GPR(0) },
	{ "GPR1", NETRA_REG_GPR(1) },
	{ "GPR2", NETRA_REG_GPR(2) },
	{ "GPR3", NETRA_REG_GPR(3) },
	{ "MSI_RAW", NETRA_REG_MSI_RAW },
	{ "ERR_RAW", NETRA_REG_ERR_RAW },
	{ "PMRST_RAW", NETRA_REG_PMRST_RAW },
	{ NULL, 0 }
};
