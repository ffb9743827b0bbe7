/* SPDX-License-Identifier: BSD-2-Clause */
/* PCIESS registers and inbound windows: what drivers trip over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "bench.h"

static void open_soc(struct bench *bench, const char *name)
{
	struct netra_emu_options options;

	bench_options(&options);
	options.soc = netra_soc_by_name(name);
	options.trap_bars = true;
	bench_open(bench, &options);
}

static void status_clear(void **state)
{
	struct bench bench;

	(void)state;
	/* DM816x: bits written as 0 go. */
	open_soc(&bench, "dm8168");
	bench_reg_write(&bench, NETRA_REG_MSI_EN_SET, 0xf);
	for (uint32_t v = 0; v < 4; v++)
		bench_reg_write(&bench, NETRA_REG_MSI_IRQ, v);
	assert_int_equal(bench_reg(&bench, NETRA_REG_MSI_STATUS), 0xf);
	bench_reg_write(&bench, NETRA_REG_MSI_STATUS, ~0x2u);
	assert_int_equal(bench_reg(&bench, NETRA_REG_MSI_STATUS), 0xd);
	bench_reg_write(&bench, NETRA_REG_MSI_STATUS, 0xffffffff);
	assert_int_equal(bench_reg(&bench, NETRA_REG_MSI_STATUS), 0xd);
	bench_close(&bench);

	/* Its siblings: bits written as 1 go. */
	open_soc(&bench, "dm8148");
	bench_reg_write(&bench, NETRA_REG_MSI_EN_SET, 0xf);
	for (uint32_t v = 0; v < 4; v++)
		bench_reg_write(&bench, NETRA_REG_MSI_IRQ, v);
	bench_reg_write(&bench, NETRA_REG_MSI_STATUS, 0x2);
	assert_int_equal(bench_reg(&bench, NETRA_REG_MSI_STATUS), 0xd);
	bench_reg_write(&bench, NETRA_REG_MSI_STATUS, 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_MSI_STATUS), 0xd);
	bench_close(&bench);
}

static void enable_pairs(void **state)
{
	struct bench bench;

	(void)state;
	open_soc(&bench, "dm8168");
	bench_reg_write(&bench, NETRA_REG_ERR_EN_SET, 0xffffffff);
	assert_int_equal(bench_reg(&bench, NETRA_REG_ERR_EN_SET), 0x3f);
	bench_reg_write(&bench, NETRA_REG_ERR_EN_CLR, 0x5);
	assert_int_equal(bench_reg(&bench, NETRA_REG_ERR_EN_CLR), 0x3a);
	/* A raw status shows what is masked; the status does not. */
	bench_reg_write(&bench, NETRA_REG_ERR_RAW, 0xff);
	assert_int_equal(bench_reg(&bench, NETRA_REG_ERR_RAW), 0x3f);
	assert_int_equal(bench_reg(&bench, NETRA_REG_ERR_STATUS), 0x3a);
	bench_close(&bench);
}

static void reserved_bits(void **state)
{
	static const struct {
		uint32_t offset;
		uint32_t reads;
	} want[] = {
		{ NETRA_REG_OB_SIZE, 0x7 },
		{ NETRA_REG_OB_INDEX(0), 0xfff00001 },
		{ NETRA_REG_OB_HI(0), 0xffffffff },
		{ NETRA_REG_OB_INDEX(31), 0xfff00001 },
		{ NETRA_REG_IB_BAR(3), 0x7 },
		{ NETRA_REG_IB_START_LO(3), 0xffffff00 },
		{ NETRA_REG_IB_START_HI(3), 0xffffffff },
		{ NETRA_REG_IB_OFFSET(3), 0xffffff00 },
		{ NETRA_REG_IOBASE, 0xfffff000 },
		{ NETRA_REG_TLPCFG, 0x3 },
		{ NETRA_REG_GPR(2), 0xffffffff },
		{ NETRA_REG_ACT_STATUS, 0 },
		{ NETRA_REG_EP_IRQ_STATUS, 0 },
		{ 0x040, 0 }, { 0xffc, 0 },
	};
	struct bench bench;

	(void)state;
	open_soc(&bench, "dm8168");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(bench_reg(&bench, want[i].offset), 0);
		bench_reg_write(&bench, want[i].offset, 0xffffffff);
		assert_int_equal(bench_reg(&bench, want[i].offset),
				 want[i].reads);
	}
	assert_int_not_equal(bench_reg(&bench, NETRA_REG_PID), 0);
	/* Two registers in one access, and a part of one. */
	bench_reg_write(&bench, NETRA_REG_GPR(0), 0x33221100);
	bench_reg_write(&bench, NETRA_REG_GPR(1), 0x77665544);
	uint8_t bytes[8];
	assert_int_equal(bench_read(&bench, 0, NETRA_REG_GPR(0), bytes, 8), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(bytes[i], 0x11 * i);
	bytes[0] = 0xee;
	assert_int_equal(bench_write(&bench, 0, NETRA_REG_GPR(0) + 2, bytes, 1),
			 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(0)), 0x33ee1100);
	bench_close(&bench);
}

static void legacy_interrupt(void **state)
{
	struct bench bench;

	(void)state;
	open_soc(&bench, "dm8168");
	bench_reg_write(&bench, NETRA_REG_EP_IRQ_SET, 1);
	assert_int_equal(bench_reg(&bench, NETRA_REG_EP_IRQ_STATUS), 1);
	assert_int_equal(bench_reg(&bench, NETRA_REG_EP_IRQ_SET), 0);
	/* Nothing but the CLR write takes it away. */
	bench_reg_write(&bench, NETRA_REG_EP_IRQ_SET, 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_EP_IRQ_STATUS), 1);
	bench_reg_write(&bench, NETRA_REG_EP_IRQ_CLR, 1);
	assert_int_equal(bench_reg(&bench, NETRA_REG_EP_IRQ_STATUS), 0);
	bench_close(&bench);
}

static void shadow_bit_is_late(void **state)
{
	struct bench bench;

	(void)state;
	open_soc(&bench, "dm8168");
	bench_reg_write(&bench, NETRA_REG_CMD_STATUS, NETRA_CMD_DBI_CS2);
	assert_int_equal(bench_reg(&bench, NETRA_REG_CMD_STATUS), 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_CMD_STATUS),
			 NETRA_CMD_DBI_CS2);
	bench_close(&bench);
}

static uint32_t bar_word(struct bench *bench, uint32_t bar, uint64_t offset)
{
	uint32_t value = 0;

	assert_int_equal(bench_read(bench, bar, offset, &value, 4), 0);
	return value;
}

static uint32_t *soc_word(struct bench *bench, uint32_t address)
{
	uint32_t *word = netra_emu_soc_memory(bench->emu, address, 4);

	assert_non_null(word);
	return word;
}

static void windows_translate(void **state)
{
	const uint32_t value = 0xcafe0001;
	struct bench bench;

	(void)state;
	open_soc(&bench, "dm8168");
	*soc_word(&bench, 0x80900010) = 0x11111111;
	/* No window: reads are all-ones, writes vanish. */
	assert_int_equal(bar_word(&bench, 2, 0x10), 0xffffffff);
	bench_write(&bench, 2, 0x10, &value, 4);
	assert_int_equal(bench.emu->counters.bar_limbo, 2);

	bench_window(&bench, 2, 0x80900000);
	assert_int_equal(bar_word(&bench, 2, 0x10), 0x11111111);
	bench_write(&bench, 2, 0x14, &value, 4);
	assert_int_equal(*soc_word(&bench, 0x80900014), value);
	/* The SoC's stores show through the window as well. */
	*soc_word(&bench, 0x80900018) = 0x22222222;
	assert_int_equal(bar_word(&bench, 2, 0x18), 0x22222222);

	/* It moves: what was written stays where it was written. */
	bench_window(&bench, 2, 0x80400000);
	assert_int_equal(bar_word(&bench, 2, 0x14), 0);
	assert_int_equal(bar_word(&bench, 2, 0x500014), value);
	assert_int_equal(*soc_word(&bench, 0x80900014), value);
	bench_close(&bench);
}

static void windows_end_where_memory_ends(void **state)
{
	struct bench bench;

	(void)state;
	open_soc(&bench, "dm8168");
	/* 8 MB of BAR onto 256 KB of on-chip RAM. */
	bench_window(&bench, 1, 0x40400000);
	*soc_word(&bench, 0x4043fffc) = 1;
	assert_int_equal(bar_word(&bench, 1, 0x3fffc), 1);
	assert_int_equal(bar_word(&bench, 1, 0x40000), 0xffffffff);
	assert_null(netra_emu_soc_memory(bench.emu, 0x40440000, 4));
	assert_null(netra_emu_soc_memory(bench.emu, 0x4043fffd, 4));
	bench_close(&bench);
}

static void windows_that_do_not_match(void **state)
{
	struct bench bench;
	uint32_t start;

	(void)state;
	open_soc(&bench, "dm8168");
	bench_window(&bench, 2, 0x80000000);
	start = bench_reg(&bench, NETRA_REG_IB_START_LO(1));
	*soc_word(&bench, 0x80000000) = 7;
	assert_int_equal(bar_word(&bench, 2, 0), 7);
	/* IB_START is not the BAR's address. */
	bench_reg_write(&bench, NETRA_REG_IB_START_LO(1), start + 0x1000000);
	assert_int_equal(bar_word(&bench, 2, 0), 0xffffffff);
	bench_reg_write(&bench, NETRA_REG_IB_START_LO(1), start);
	assert_int_equal(bar_word(&bench, 2, 0), 7);
	/* Translation off. */
	bench_reg_write(&bench, NETRA_REG_CMD_STATUS, NETRA_CMD_LTSSM_EN);
	assert_int_equal(bar_word(&bench, 2, 0), 0xffffffff);
	bench_reg_write(&bench, NETRA_REG_CMD_STATUS, NETRA_CMD_LTSSM_EN |
			NETRA_CMD_IB_XLT_EN);
	assert_int_equal(bar_word(&bench, 2, 0), 7);
	/* The host moves the BAR away from IB_START. */
	bench_config_write(&bench, 0x18, 0x10000000);
	assert_int_equal(bar_word(&bench, 2, 0), 0xffffffff);
	/* Any region can serve any BAR: IB_BAR does the match. */
	bench_reg_write(&bench, NETRA_REG_IB_BAR(1), 0);
	bench_reg_write(&bench, NETRA_REG_IB_START_LO(3), 0x10000000);
	bench_reg_write(&bench, NETRA_REG_IB_OFFSET(3), 0x80000000);
	bench_reg_write(&bench, NETRA_REG_IB_BAR(3), 2);
	assert_int_equal(bar_word(&bench, 2, 0), 7);
	/* Memory behind one window cannot be behind another. */
	bench_window(&bench, 3, 0x80800000);
	assert_int_equal(bench.emu->counters.window_overlaps, 1);
	assert_int_equal(bar_word(&bench, 3, 0), 0xffffffff);
	bench_close(&bench);
}

/* Through a mapping, as a real client reaches the BAR. */
static void windows_are_mapped(void **state)
{
	struct bench bench;
	uint32_t *map;

	(void)state;
	bench_open(&bench, NULL);
	map = mmap(NULL, 16u << 20, PROT_READ | PROT_WRITE, MAP_SHARED,
		   bench.emu->bar[2].fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(map[0], 0xffffffff);
	bench_window(&bench, 2, 0x81000000);
	assert_int_equal(map[0], 0);
	map[3] = 0x1234;
	assert_int_equal(*soc_word(&bench, 0x8100000c), 0x1234);
	*soc_word(&bench, 0x81000010) = 0x5678;
	assert_int_equal(map[4], 0x5678);
	bench_window(&bench, 2, 0x82000000);
	assert_int_equal(map[3], 0);
	assert_int_equal(*soc_word(&bench, 0x8100000c), 0x1234);
	bench_window(&bench, 2, 0x81000000);
	assert_int_equal(map[3], 0x1234);
	assert_int_equal(map[4], 0x5678);
	munmap(map, 16u << 20);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_clear),
		cmocka_unit_test(enable_pairs),
		cmocka_unit_test(reserved_bits),
		cmocka_unit_test(legacy_interrupt),
		cmocka_unit_test(shadow_bit_is_late),
		cmocka_unit_test(windows_translate),
		cmocka_unit_test(windows_end_where_memory_ends),
		cmocka_unit_test(windows_that_do_not_match),
		cmocka_unit_test(windows_are_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
