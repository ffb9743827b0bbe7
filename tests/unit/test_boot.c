/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot machine against a board that boots as documented, or dies at each
 * stage there is. Bytes are checked where they landed; every failure class is
 * reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot_board.h"

static void from_rom(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot boot;

	(void)state;
	b->command = NETRA_CMD_LTSSM_EN | NETRA_CMD_POSTED_WR_EN;
	assert_true(boot_board_run(b, &boot));
	assert_false(netra_boot_was_running(&boot));
	assert_int_equal(b->flags_set, 2);
	/* the other bits of the command register are as they were */
	assert_int_equal(b->command, NETRA_CMD_LTSSM_EN |
			 NETRA_CMD_POSTED_WR_EN | NETRA_CMD_IB_XLT_EN);
	boot_board_check_block(b, &boot);
	boot_board_free(b);
}

static void ti_uboot_reports_nothing(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot boot;

	(void)state;
	b->silent_uboot = true;
	assert_true(boot_board_run(b, &boot));
	boot_board_free(b);
}

static void other_socs_and_sizes(void **state)
{
	static const uint32_t chunks[] = { 0, 1, 4096, 10001, 0xffffffff };
	static const uint64_t bar2[] = { 1 << 20, 2 << 20, 8 << 20 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 3; j++) {
			struct boot_board *b = boot_board_new(NONE);
			struct netra_boot_config config = boot_board_config(b);
			struct netra_boot boot;
			uint32_t uboot = boot_board_images[0], kernel = boot_board_images[2];
			uint32_t ramdisk = boot_board_images[3];

			if (chunks[i] == 1) {	/* rounded up to a word */
				boot_board_images[0] = 10;
				boot_board_images[2] = 22;
				boot_board_images[3] = 4;
				memcpy(config.image_bytes, boot_board_images,
				       sizeof(boot_board_images));
			}
			config.chunk_bytes = chunks[i];
			config.bar_bytes[2] = bar2[j];
			assert_true(boot_board_run_config(b, &boot, &config, false));
			boot_board_check_block(b, &boot);
			boot_board_images[0] = uboot;
			boot_board_images[2] = kernel;
			boot_board_images[3] = ramdisk;
			boot_board_free(b);
		}
	{
		struct boot_board *b = boot_board_new(NONE);
		struct netra_boot boot;
		uint32_t uboot = boot_board_images[0];

		b->soc = netra_soc_by_name("dm8148");
		boot_board_images[0] = b->soc->stage1_max_bytes;
		assert_true(boot_board_run(b, &boot));
		boot_board_images[0] = uboot;
		boot_board_free(b);
	}
}

static void from_spi(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot_config config = boot_board_config(b);
	struct netra_boot boot;

	(void)state;
	b->gpr[0] = NETRA_GPR_BOOT_MAGIC;
	b->stage = 1;
	config.image_bytes[NETRA_IMAGE_UBOOT] = 0;	/* not needed */
	assert_true(boot_board_run_config(b, &boot, &config, false));
	assert_int_equal(b->flags_set, 1);
	assert_int_equal(b->ocmc[0], 0x5a);
	boot_board_check_block(b, &boot);
	boot_board_free(b);
}

/* An earlier boot was refused; U-Boot still waits, the old report does not
 * pass for a new one. */
static void after_a_refusal(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot boot;

	(void)state;
	boot_board_report(b, NETRA_STAGE_BAD_KERNEL);
	b->stage = 1;
	assert_true(boot_board_run(b, &boot));
	assert_int_equal(b->flags_set, 1);
	boot_board_free(b);
}

/* Another host began to boot it: nothing is written, its end is awaited. */
static void boot_under_way(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot boot;

	(void)state;
	boot_board_report(b, NETRA_STAGE_SCRIPT);
	b->stage = 3;
	b->act_ns = 1100 * MS;
	assert_true(boot_board_run(b, &boot));
	assert_int_equal(b->uploads, 0);
	assert_int_equal(b->flags_set, 0);
	boot_board_check_block(b, &boot);
	boot_board_free(b);
}

static void already_running(void **state)
{
	(void)state;
	for (int attach_only = 0; attach_only < 2; attach_only++) {
		struct boot_board *b = boot_board_new(NONE);
		struct netra_boot_config config = boot_board_config(b);
		struct netra_boot boot;

		memset(config.image_bytes, 0, sizeof(config.image_bytes));
		boot_board_agent_up(b);
		assert_true(boot_board_run_config(b, &boot, &config, attach_only));
		assert_true(netra_boot_was_running(&boot));
		assert_int_equal(b->uploads, 0);
		assert_int_equal(b->flags_set, 0);
		boot_board_check_block(b, &boot);
		boot_board_free(b);
	}
}

static void attach_only_does_not_boot(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot_config config = boot_board_config(b);
	struct netra_boot boot;

	(void)state;
	assert_false(boot_board_run_config(b, &boot, &config, true));
	assert_int_equal(netra_boot_failure(&boot), NETRA_BOOT_NOT_RUNNING);
	assert_int_equal(b->uploads + (uint32_t)b->flags_set, 0);
	boot_board_free(b);
}

static void each_death_is_classified(void **state)
{
	static const struct {
		enum boot_death death;
		enum netra_boot_failure failure;
		uint32_t least_ms, most_ms;
	} cases[] = {
		{ GONE_AT_ONCE, NETRA_BOOT_GONE, 0, 0 },
		{ STUCK_WINDOW, NETRA_BOOT_INBOUND_STUCK, 0, 0 },
		{ BAD_READ_BACK, NETRA_BOOT_UPLOAD_MISMATCH, 0, 0 },
		{ ROM, NETRA_BOOT_ROM_SILENT, 500, 510 },
		{ GONE_IN_ROM, NETRA_BOOT_GONE, 0, 30 },
		{ UBOOT, NETRA_BOOT_UBOOT_SILENT, 600, 700 },
		{ GONE_IN_UBOOT, NETRA_BOOT_GONE, 0, 50 },
		{ SCRIPT, NETRA_BOOT_SCRIPT_SILENT, 700, 800 },
		{ REFUSE_SCRIPT, NETRA_BOOT_SCRIPT_REFUSED, 0, 100 },
		{ REFUSE_KERNEL, NETRA_BOOT_KERNEL_REFUSED, 0, 120 },
		{ REFUSE_RAMDISK, NETRA_BOOT_RAMDISK_REFUSED, 0, 120 },
		{ KERNEL, NETRA_BOOT_KERNEL_SILENT, 800, 900 },
		{ AGENT, NETRA_BOOT_KERNEL_SILENT, 800, 940 },
		{ GONE_IN_KERNEL, NETRA_BOOT_GONE, 0, 150 },
		{ BLOCK_ASKEW, NETRA_BOOT_AGENT_BAD, 0, 150 },
		{ BLOCK_OUTSIDE, NETRA_BOOT_AGENT_BAD, 0, 150 },
		{ BLOCK_MAGIC, NETRA_BOOT_AGENT_BAD, 0, 150 },
		{ BLOCK_SIZE, NETRA_BOOT_AGENT_BAD, 0, 150 },
		{ BLOCK_VERSION, NETRA_BOOT_AGENT_BAD, 0, 150 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boot_board *b = boot_board_new(cases[i].death);
		struct netra_boot boot;
		uint64_t took_ms;

		assert_false(boot_board_run(b, &boot));
		if (netra_boot_failure(&boot) != cases[i].failure)
			fail_msg("death %d: %s", (int)cases[i].death,
				 netra_boot_failure_text(
					netra_boot_failure(&boot)));
		took_ms = b->now_ns / MS - 1000;
		assert_in_range(took_ms, cases[i].least_ms, cases[i].most_ms);
		boot_board_free(b);
	}
}

static void expect_refused(const struct netra_boot_config *config,
			   enum netra_boot_failure failure)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot boot;

	assert_false(boot_board_run_config(b, &boot, config, false));
	assert_int_equal(netra_boot_failure(&boot), failure);
	assert_int_equal(b->uploads, 0);
	boot_board_free(b);
}

static void what_cannot_be_booted(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot_config good = boot_board_config(b), config;
	static const uint64_t least[3] = { 0x1000, 0x40000, 1 << 20 };
	static const uint32_t most[NETRA_IMAGE_COUNT] = {
		0x3fffc, 2 << 20, 7 << 20, 8 << 20
	};

	(void)state;
	boot_board_free(b);
	for (int bar = 0; bar < 3; bar++) {
		config = good;
		config.bar_bytes[bar] = least[bar] - 1;
		expect_refused(&config, NETRA_BOOT_BAR_TOO_SMALL);
		config.bar_bytes[bar] = 0;
		expect_refused(&config, NETRA_BOOT_BAR_TOO_SMALL);
	}
	for (int i = 0; i < NETRA_IMAGE_COUNT; i++) {
		config = good;
		config.image_bytes[i] = 0;
		expect_refused(&config, NETRA_BOOT_IMAGE_MISSING);
		config.image_bytes[i] = most[i] + 1;
		expect_refused(&config, NETRA_BOOT_IMAGE_TOO_BIG);
		config.image_bytes[i] = 0xffffffff;
		expect_refused(&config, NETRA_BOOT_IMAGE_TOO_BIG);
	}
}

/* Whatever is read, the machine ends, in bounds, and never leaves a BAR. */
static void any_answers(void **state)
{
	struct boot_board *b = boot_board_new(NONE);
	struct netra_boot_config config = boot_board_config(b);
	uint64_t x = 3;

	(void)state;
	config.chunk_bytes = 1 << 20;
	for (int i = 0; i < 2000; i++) {
		struct netra_action action;
		struct netra_boot boot;
		uint64_t now_ns = 0;
		uint32_t result = 0;
		int n;

		netra_boot_init(&boot, &config, false);
		for (n = 0; n < 20000; n++) {
			netra_boot_next(&boot, now_ns, result, &action);
			if (action.kind == NETRA_ACT_DONE ||
			    action.kind == NETRA_ACT_FAILED)
				break;
			if (action.kind == NETRA_ACT_WAIT)
				now_ns = action.wait_until_ns;
			else if (action.kind < NETRA_ACT_BAR_READ)
				assert_true(action.offset <= 0x1000 - 4);
			else
				assert_true((uint64_t)action.offset +
					    (action.length ? action.length : 4)
					    <= config.bar_bytes[action.bar]);
			x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
			result = (uint32_t)(x >> 32);
			switch (x >> 20 & 7) {
			case 0:
				result = NETRA_STAGE_BASE | (result & 0x70);
				break;
			case 1:
			case 2:
				result = 0;
				break;
			case 3:
				result = boot.window_base;
				break;
			case 4:
				result = NETRA_SOC_DDR | (result & 0xffff000);
				break;
			default:
				if (action.kind == NETRA_ACT_UPLOAD)
					result = 1;
			}
		}
		assert_true(n < 20000);
	}
	boot_board_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_rom),
		cmocka_unit_test(ti_uboot_reports_nothing),
		cmocka_unit_test(other_socs_and_sizes),
		cmocka_unit_test(from_spi),
		cmocka_unit_test(after_a_refusal),
		cmocka_unit_test(boot_under_way),
		cmocka_unit_test(already_running),
		cmocka_unit_test(attach_only_does_not_boot),
		cmocka_unit_test(each_death_is_classified),
		cmocka_unit_test(what_cannot_be_booted),
		cmocka_unit_test(any_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
