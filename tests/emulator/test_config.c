/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space as an operating system walks it. */
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench.h"

#define DEVICE_CONTROL	0x78u
#define FLR		(1u << 15)

static void identity(void **state)
{
	static const struct {
		const char *name;
		uint32_t id;
	} socs[] = {
		{ "dm8168", 0xb800104c }, { "dm8148", 0xb801104c },
		{ "dm8138", 0xb802104c },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct netra_emu_options options;
		struct bench bench;

		bench_options(&options);
		options.soc = netra_soc_by_name(socs[i].name);
		bench_open(&bench, &options);
		assert_int_equal(bench_config(&bench, 0x00), socs[i].id);
		/* ROM's PCIe boot leaves the class code 0. */
		assert_int_equal(bench_config(&bench, 0x08), 0);
		/* Ids are not the host's to write. */
		bench_config_write(&bench, 0x00, 0);
		assert_int_equal(bench_config(&bench, 0x00), socs[i].id);
		bench_close(&bench);
	}
}

static void bars_are_sized(void **state)
{
	static const uint32_t want[6] = {
		~4095u, ~((8u << 20) - 1) | 8, ~((32u << 20) - 1) | 8,
		0, ~((64u << 20) - 1) | 8, 0,
	};
	struct netra_emu_options options;
	struct bench bench;

	(void)state;
	bench_options(&options);
	options.bar_bytes[2] = 32u << 20;
	options.bar_bytes[3] = 0;
	options.bar_bytes[4] = 64u << 20;
	bench_open(&bench, &options);
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t offset = 0x10 + 4 * i;
		uint32_t before = bench_config(&bench, offset);

		/* Assigned already, each aligned to its own size. */
		assert_int_equal((before & ~0xfu) & ~want[i], 0);
		assert_int_equal(before != 0, want[i] != 0);
		bench_config_write(&bench, offset, 0xffffffff);
		assert_int_equal(bench_config(&bench, offset), want[i]);
		bench_config_write(&bench, offset, before);
		assert_int_equal(bench_config(&bench, offset), before);
	}
	bench_close(&bench);
}

static void capabilities(void **state)
{
	static const struct {
		uint32_t at;
		uint32_t id;
	} want[] = { { 0x40, 0x01 }, { 0x50, 0x05 }, { 0x70, 0x10 } };
	struct bench bench;
	uint32_t at, n = 0;

	(void)state;
	bench_open(&bench, NULL);
	assert_true(bench_config(&bench, 0x04) >> 16 & 0x10);
	at = bench_config(&bench, 0x34) & 0xff;
	while (at) {
		uint32_t head = bench_config(&bench, at);

		assert_true(n < 3);
		assert_int_equal(at, want[n].at);
		assert_int_equal(head & 0xff, want[n].id);
		at = head >> 8 & 0xff;
		n++;
	}
	assert_int_equal(n, 3);
	/* MSI: 64 bits, four vectors, no masking. */
	assert_int_equal(bench_config(&bench, 0x50) >> 16, 0x0084);
	/* Reset of the function is on offer, the link is x2 at 2.5 GT/s. */
	assert_true(bench_config(&bench, 0x74) & 1u << 28);
	assert_int_equal(bench_config(&bench, 0x80) >> 16, 0x21);
	bench_close(&bench);
}

static void function_reset(void **state)
{
	struct bench bench;
	uint32_t bar0;

	(void)state;
	bench_open(&bench, NULL);
	bench_config_write(&bench, 0x04, 0x6);
	bench_config_write(&bench, 0x10, 0xc0001000);
	bar0 = bench_config(&bench, 0x10);
	assert_int_equal(bar0, 0xc0001000);
	bench_reg_write(&bench, NETRA_REG_GPR(3), 0x12345678);
	bench_reg_write(&bench, NETRA_REG_OB_INDEX(0), 0x10000001);
	bench_config_write(&bench, DEVICE_CONTROL,
			   bench_config(&bench, DEVICE_CONTROL) | FLR);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(3)), 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_OB_INDEX(0)), 0);
	assert_int_equal(bench_config(&bench, DEVICE_CONTROL) & FLR, 0);
	/* As a guest of QEMU sees it: what its host had written is there. */
	assert_int_equal(bench_config(&bench, 0x10), bar0);
	assert_int_equal(bench_config(&bench, 0x04) & 0x6, 0x6);
	assert_int_equal(bench.emu->counters.resets, 1);
	bench_close(&bench);
}

/* The reset of a vfio device saves and restores what the host wrote. */
static void host_reset(void **state)
{
	struct bench bench;
	uint32_t bar1;

	(void)state;
	bench_open(&bench, NULL);
	bench_config_write(&bench, 0x04, 0x6);
	bench_config_write(&bench, 0x14, 0xc0800000);
	bar1 = bench_config(&bench, 0x14);
	bench_reg_write(&bench, NETRA_REG_GPR(3), 0x12345678);
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_RESET, NULL, 0,
				    NULL, 0), 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(3)), 0);
	assert_int_equal(bench_config(&bench, 0x14), bar1);
	assert_int_equal(bar1, 0xc0800008);
	assert_int_equal(bench_config(&bench, 0x04) & 0x6, 0x6);
	bench_close(&bench);
}

static void retry_while_not_ready(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_PCIESS +
			      NETRA_REG_CMD_STATUS,
			      NETRA_CMD_LTSSM_EN | NETRA_CMD_APP_RETRY_EN);
	assert_int_equal(bench_config(&bench, 0x00), 0xffff0001);
	assert_int_equal(bench_config(&bench, 0x08), 0xffffffff);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_PCIESS +
			      NETRA_REG_CMD_STATUS, NETRA_CMD_LTSSM_EN);
	assert_int_equal(bench_config(&bench, 0x00), 0xb800104c);
	bench_close(&bench);
}

/* What U-Boot does over the local bus before the link comes up. */
static void shadow_masks(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_PCIESS +
			      NETRA_REG_CMD_STATUS,
			      NETRA_CMD_LTSSM_EN | NETRA_CMD_DBI_CS2);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_LOCAL_CONFIG + 0x14,
			      (1u << 20) - 1);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_LOCAL_CONFIG + 0x18, 0);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_PCIESS +
			      NETRA_REG_CMD_STATUS, NETRA_CMD_LTSSM_EN);
	netra_emu_soc_write32(bench.emu, NETRA_SOC_LOCAL_CONFIG + 0x08,
			      0x04000001);
	bench_config_write(&bench, 0x14, 0xffffffff);
	assert_int_equal(bench_config(&bench, 0x14), 0xfff00008);
	bench_config_write(&bench, 0x18, 0xffffffff);
	assert_int_equal(bench_config(&bench, 0x18), 0);
	assert_int_equal(bench_config(&bench, 0x08), 0x04000001);
	bench_close(&bench);
}

static void gone_from_the_bus(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	bench.emu->gone = true;
	assert_int_equal(bench_config(&bench, 0x00), 0xffffffff);
	assert_int_equal(bench_reg(&bench, NETRA_REG_PID), 0xffffffff);
	bench_reg_write(&bench, NETRA_REG_GPR(0), 1);
	bench_config_write(&bench, 0x04, 0x6);
	bench.emu->gone = false;
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(0)), 0);
	assert_int_equal(bench_config(&bench, 0x04) & 0x6, 0x2);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(bars_are_sized),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(function_reset),
		cmocka_unit_test(host_reset),
		cmocka_unit_test(retry_while_not_ready),
		cmocka_unit_test(shadow_masks),
		cmocka_unit_test(gone_from_the_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
