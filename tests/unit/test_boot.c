/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot machine against a board made of its registers, on-chip RAM and
 * DDR, which boots as documented or dies at the stage it is told to. Bytes
 * are checked where they landed; every failure class is reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/boot.h"
#include "core/protocol.h"

#define MS UINT64_C(1000000)
#define DDR_BYTES (64u << 20)
#define BLOCK_ADDRESS 0x83765000u
#define BAR1_ADDRESS 0xe0000000u
#define BAR2_ADDRESS 0xe1000000u

/* Where it dies. */
enum death {
	NONE,
	GONE_AT_ONCE,		/* PID reads all-ones */
	STUCK_WINDOW,
	BAD_READ_BACK,
	ROM,			/* never clears the flag */
	GONE_IN_ROM,
	UBOOT,			/* clears it once, not twice */
	GONE_IN_UBOOT,
	SCRIPT,			/* no stage reported */
	REFUSE_SCRIPT,
	REFUSE_KERNEL,
	REFUSE_RAMDISK,
	KERNEL,			/* script runs, no kernel */
	AGENT,			/* kernel runs, no agent */
	GONE_IN_KERNEL,
	BLOCK_ASKEW,
	BLOCK_OUTSIDE,
	BLOCK_MAGIC,
	BLOCK_SIZE,
	BLOCK_VERSION,
};

struct board {
	const struct netra_soc *soc;
	enum death death;
	bool silent_uboot;	/* TI's: reports no stage */
	bool gone;
	uint32_t gpr[4];
	uint32_t command;
	uint32_t ib[4][4];	/* BAR, start low, start high, offset */
	uint8_t ocmc[256 << 10];
	uint8_t *ddr;
	uint64_t bar2_bytes;
	int flags_set;
	uint64_t act_ns;	/* when the next stage happens */
	int stage;
	uint32_t uploads;
	uint64_t now_ns;
	uint32_t actions;
};

static uint32_t images[NETRA_IMAGE_COUNT] = {
	200 * 1024 + 4, 4096, 5 << 20, 7 << 20
};

static uint8_t image_byte(enum netra_image image, uint32_t at)
{
	return (uint8_t)(at * 7 + at / 251 + (uint32_t)image * 31 + 1);
}

static struct board *new_board(enum death death)
{
	struct board *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->soc = netra_soc_by_name("dm8168");
	b->death = death;
	b->ddr = calloc(1, DDR_BYTES);
	assert_non_null(b->ddr);
	/* the ROM left rubbish where the flag is */
	memset(b->ocmc, 0x5a, sizeof(b->ocmc));
	return b;
}

static void free_board(struct board *b)
{
	free(b->ddr);
	free(b);
}

static uint32_t flag_at(const struct board *b)
{
	return b->soc->boot_flag - b->soc->ocmc_base;
}

/* Memory behind a BAR, by the inbound region that matches it. */
static uint8_t *behind(struct board *b, uint32_t bar, uint32_t offset,
		       uint32_t length)
{
	static const uint32_t address[3] = { 0, BAR1_ADDRESS, BAR2_ADDRESS };

	assert_true(bar == 1 || bar == 2);
	assert_true((uint64_t)offset + length <=
		    (bar == 2 ? b->bar2_bytes : 8u << 20));
	assert_true(b->command & NETRA_CMD_IB_XLT_EN);
	for (int n = 0; n < 4; n++) {
		uint32_t soc_address;

		if (b->ib[n][0] != bar || b->ib[n][1] != address[bar])
			continue;
		assert_int_equal(b->ib[n][2], 0);
		soc_address = b->ib[n][3] + offset;
		if (soc_address >= b->soc->ocmc_base &&
		    soc_address + length <= b->soc->ocmc_base +
					    b->soc->ocmc_bytes)
			return b->ocmc + (soc_address - b->soc->ocmc_base);
		assert_true(soc_address >= NETRA_SOC_DDR);
		assert_true(soc_address - NETRA_SOC_DDR + length <= DDR_BYTES);
		return b->ddr + (soc_address - NETRA_SOC_DDR);
	}
	fail_msg("BAR%u is not translated", bar);
	return NULL;
}

static void check_image(const uint8_t *at, enum netra_image image)
{
	for (uint32_t i = 0; i < images[image]; i++)
		if (at[i] != image_byte(image, i))
			fail_msg("%s differs at %u", netra_image_name(image),
				 i);
}

static void report(struct board *b, enum netra_stage stage)
{
	b->gpr[1] = NETRA_STAGE_BASE | (uint32_t)stage;
}

static void agent_comes_up(struct board *b)
{
	uint32_t *block = (uint32_t *)(b->ddr + (BLOCK_ADDRESS -
						 NETRA_SOC_DDR));

	block[0] = NETRA_MAGIC ^ (b->death == BLOCK_MAGIC);
	block[1] = 0x1000u + (b->death == BLOCK_SIZE);
	block[2] = 1u + (b->death == BLOCK_VERSION);
	b->gpr[2] = BLOCK_ADDRESS;
	if (b->death == BLOCK_ASKEW) {
		memcpy(block + 0x200, block, 12);	/* a good one, but askew */
		b->gpr[2] += 0x800;
	}
	if (b->death == BLOCK_OUTSIDE)
		b->gpr[2] = 0x7ffff000;
	report(b, NETRA_STAGE_AGENT);
}

/* The board's own life, 20 ms a stage. */
static void live(struct board *b)
{
	uint32_t zero = 0;

	while (b->act_ns && b->now_ns >= b->act_ns) {
		b->act_ns += 20 * MS;
		switch (b->stage++) {
		case 0:		/* ROM, then U-Boot, with the first flag */
			b->act_ns = 0;
			if (b->death == ROM)
				break;
			if (b->death == GONE_IN_ROM) {
				b->gone = true;
				break;
			}
			check_image(b->ocmc, NETRA_IMAGE_UBOOT);
			memcpy(b->ocmc + flag_at(b), &zero, 4);
			if (!b->silent_uboot)
				report(b, NETRA_STAGE_UBOOT);
			break;
		case 1:		/* U-Boot, with the second flag */
			if (b->death == UBOOT)
				b->act_ns = 0;
			else if (b->death == GONE_IN_UBOOT)
				b->gone = true;
			else
				memcpy(b->ocmc + flag_at(b), &zero, 4);
			check_image(b->ddr + 0x400000, NETRA_IMAGE_SCRIPT);
			check_image(b->ddr + 0x900000, NETRA_IMAGE_KERNEL);
			check_image(b->ddr + 0x1000000, NETRA_IMAGE_RAMDISK);
			break;
		case 2:
			if (b->death == SCRIPT)
				b->act_ns = 0;
			else if (b->death == REFUSE_SCRIPT)
				report(b, NETRA_STAGE_BAD_SCRIPT);
			else
				report(b, NETRA_STAGE_SCRIPT);
			break;
		case 3:
			if (b->death == KERNEL || b->death == REFUSE_SCRIPT)
				b->act_ns = 0;
			else if (b->death == REFUSE_KERNEL)
				report(b, NETRA_STAGE_BAD_KERNEL);
			else if (b->death == REFUSE_RAMDISK)
				report(b, NETRA_STAGE_BAD_RAMDISK);
			else
				report(b, NETRA_STAGE_KERNEL);
			break;
		case 4:
			b->act_ns = 0;
			if (b->death == GONE_IN_KERNEL)
				b->gone = true;
			else if (b->death == NONE || b->death >= BLOCK_ASKEW)
				agent_comes_up(b);
			break;
		}
	}
}

static uint32_t read_register(struct board *b, uint32_t offset)
{
	if (b->gone || b->death == GONE_AT_ONCE)
		return 0xffffffff;
	if (offset == NETRA_REG_PID)
		return 0x4e301100;
	if (offset == NETRA_REG_CMD_STATUS)
		return b->command;
	if (offset >= NETRA_REG_GPR(0) && offset <= NETRA_REG_GPR(3))
		return b->gpr[(offset - NETRA_REG_GPR(0)) / 4];
	if (offset >= NETRA_REG_IB_BAR(0) && offset < NETRA_REG_IB_BAR(4))
		return b->ib[(offset - 0x300) / 16][offset % 16 / 4] +
		       (b->death == STUCK_WINDOW ? 0x100 : 0);
	fail_msg("register 0x%x read", offset);
	return 0;
}

static void write_register(struct board *b, uint32_t offset, uint32_t value)
{
	if (offset == NETRA_REG_CMD_STATUS) {
		b->command = value;
	} else if (offset >= NETRA_REG_GPR(0) && offset <= NETRA_REG_GPR(3)) {
		b->gpr[(offset - NETRA_REG_GPR(0)) / 4] = value;
	} else if (offset >= NETRA_REG_IB_BAR(0) &&
		   offset < NETRA_REG_IB_BAR(4)) {
		uint32_t n = (offset - 0x300) / 16;

		/* a window moves only while it matches nothing */
		if (offset % 16)
			assert_int_equal(b->ib[n][0], 0);
		b->ib[n][offset % 16 / 4] = value;
	} else {
		fail_msg("register 0x%x written", offset);
	}
}

static uint32_t upload(struct board *b, const struct netra_action *a)
{
	uint8_t *to = behind(b, a->bar, a->offset, a->length);

	assert_true(a->length > 0);
	assert_true(a->image_offset + a->length <= images[a->image]);
	for (uint32_t i = 0; i < a->length; i++)
		to[i] = image_byte(a->image, a->image_offset + i);
	b->uploads++;
	return b->death != BAD_READ_BACK;
}

static uint32_t execute(struct board *b, const struct netra_action *a)
{
	uint32_t word;

	live(b);
	switch (a->kind) {
	case NETRA_ACT_REG_READ:
		return read_register(b, a->offset);
	case NETRA_ACT_REG_WRITE:
		write_register(b, a->offset, a->value);
		return 0;
	case NETRA_ACT_BAR_READ:
		if (b->gone)
			return 0xffffffff;
		memcpy(&word, behind(b, a->bar, a->offset, 4), 4);
		return word;
	case NETRA_ACT_BAR_WRITE:
		memcpy(behind(b, a->bar, a->offset, 4), &a->value, 4);
		assert_int_equal(a->bar, 1);
		assert_int_equal(a->offset, flag_at(b));
		assert_int_equal(a->value, 1);
		b->flags_set++;
		b->act_ns = b->now_ns + 20 * MS;
		return 0;
	case NETRA_ACT_UPLOAD:
		return upload(b, a);
	case NETRA_ACT_WAIT:
		assert_true(a->wait_until_ns > b->now_ns);
		b->now_ns = a->wait_until_ns;
		return 0;
	default:
		fail_msg("no action to execute");
		return 0;
	}
}

static struct netra_boot_config config_of(const struct board *b)
{
	struct netra_boot_config config = {
		.soc = b->soc,
		.bar_bytes = { 0x1000, 8 << 20, 8 << 20 },
		.bar_address = { 0xdf000000, BAR1_ADDRESS, BAR2_ADDRESS },
		.rom_timeout_ms = 500,
		.uboot_timeout_ms = 600,
		.script_timeout_ms = 700,
		.agent_timeout_ms = 800,
	};

	memcpy(config.image_bytes, images, sizeof(images));
	return config;
}

/* Run to the end; its bound is the sum of all timeouts. */
static bool run_config(struct board *b, struct netra_boot *boot,
		       const struct netra_boot_config *config, bool attach_only)
{
	struct netra_boot_progress progress;
	struct netra_action action;
	uint32_t result = 0;
	uint64_t begin_ns;

	b->bar2_bytes = config->bar_bytes[2];
	b->now_ns += 1000 * MS;
	begin_ns = b->now_ns;
	netra_boot_init(boot, config, attach_only);
	for (b->actions = 0; b->actions < 100000; b->actions++) {
		netra_boot_next(boot, b->now_ns, result, &action);
		netra_boot_progress(boot, &progress);
		assert_true(progress.done_bytes <= progress.total_bytes);
		if (action.kind == NETRA_ACT_WAIT)
			assert_non_null(progress.waiting_for);
		if (action.kind == NETRA_ACT_UPLOAD)
			assert_null(progress.waiting_for);
		if (action.kind == NETRA_ACT_DONE ||
		    action.kind == NETRA_ACT_FAILED) {
			enum netra_action_kind kind = action.kind;

			assert_true(b->now_ns - begin_ns <= 3500 * MS);
			netra_boot_next(boot, b->now_ns, 0, &action);
			assert_int_equal(action.kind, kind);
			assert_int_equal(kind == NETRA_ACT_DONE,
				netra_boot_failure(boot) == NETRA_BOOT_OK);
			return kind == NETRA_ACT_DONE;
		}
		result = execute(b, &action);
	}
	fail_msg("no end in sight");
	return false;
}

static bool run(struct board *b, struct netra_boot *boot)
{
	struct netra_boot_config config = config_of(b);

	return run_config(b, boot, &config, false);
}

static void check_block(struct board *b, const struct netra_boot *boot)
{
	uint32_t bar, offset;

	netra_boot_block(boot, &bar, &offset);
	assert_int_equal(bar, 2);
	assert_ptr_equal(behind(b, bar, offset, 0x1000),
			 b->ddr + (BLOCK_ADDRESS - NETRA_SOC_DDR));
}

static void from_rom(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot boot;

	(void)state;
	b->command = NETRA_CMD_LTSSM_EN | NETRA_CMD_POSTED_WR_EN;
	assert_true(run(b, &boot));
	assert_false(netra_boot_was_running(&boot));
	assert_int_equal(b->flags_set, 2);
	/* the other bits of the command register are as they were */
	assert_int_equal(b->command, NETRA_CMD_LTSSM_EN |
			 NETRA_CMD_POSTED_WR_EN | NETRA_CMD_IB_XLT_EN);
	check_block(b, &boot);
	free_board(b);
}

static void ti_uboot_reports_nothing(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot boot;

	(void)state;
	b->silent_uboot = true;
	assert_true(run(b, &boot));
	free_board(b);
}

static void other_socs_and_sizes(void **state)
{
	static const uint32_t chunks[] = { 0, 1, 4096, 10001, 0xffffffff };
	static const uint64_t bar2[] = { 1 << 20, 2 << 20, 8 << 20 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 3; j++) {
			struct board *b = new_board(NONE);
			struct netra_boot_config config = config_of(b);
			struct netra_boot boot;
			uint32_t uboot = images[0], kernel = images[2];
			uint32_t ramdisk = images[3];

			if (chunks[i] == 1) {	/* rounded up to a word */
				images[0] = 10;
				images[2] = 22;
				images[3] = 4;
				memcpy(config.image_bytes, images,
				       sizeof(images));
			}
			config.chunk_bytes = chunks[i];
			config.bar_bytes[2] = bar2[j];
			assert_true(run_config(b, &boot, &config, false));
			check_block(b, &boot);
			images[0] = uboot;
			images[2] = kernel;
			images[3] = ramdisk;
			free_board(b);
		}
	{
		struct board *b = new_board(NONE);
		struct netra_boot boot;
		uint32_t uboot = images[0];

		b->soc = netra_soc_by_name("dm8148");
		images[0] = b->soc->stage1_max_bytes;
		assert_true(run(b, &boot));
		images[0] = uboot;
		free_board(b);
	}
}

static void from_spi(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot_config config = config_of(b);
	struct netra_boot boot;

	(void)state;
	b->gpr[0] = NETRA_GPR_BOOT_MAGIC;
	b->stage = 1;
	config.image_bytes[NETRA_IMAGE_UBOOT] = 0;	/* not needed */
	assert_true(run_config(b, &boot, &config, false));
	assert_int_equal(b->flags_set, 1);
	assert_int_equal(b->ocmc[0], 0x5a);
	check_block(b, &boot);
	free_board(b);
}

/* An earlier boot was refused; U-Boot still waits, the old report does not
 * pass for a new one. */
static void after_a_refusal(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot boot;

	(void)state;
	report(b, NETRA_STAGE_BAD_KERNEL);
	b->stage = 1;
	assert_true(run(b, &boot));
	assert_int_equal(b->flags_set, 1);
	free_board(b);
}

/* Another host began to boot it: nothing is written, its end is awaited. */
static void boot_under_way(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot boot;

	(void)state;
	report(b, NETRA_STAGE_SCRIPT);
	b->stage = 3;
	b->act_ns = 1100 * MS;
	assert_true(run(b, &boot));
	assert_int_equal(b->uploads, 0);
	assert_int_equal(b->flags_set, 0);
	check_block(b, &boot);
	free_board(b);
}

static void already_running(void **state)
{
	(void)state;
	for (int attach_only = 0; attach_only < 2; attach_only++) {
		struct board *b = new_board(NONE);
		struct netra_boot_config config = config_of(b);
		struct netra_boot boot;

		memset(config.image_bytes, 0, sizeof(config.image_bytes));
		agent_comes_up(b);
		assert_true(run_config(b, &boot, &config, attach_only));
		assert_true(netra_boot_was_running(&boot));
		assert_int_equal(b->uploads, 0);
		assert_int_equal(b->flags_set, 0);
		check_block(b, &boot);
		free_board(b);
	}
}

static void attach_only_does_not_boot(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot_config config = config_of(b);
	struct netra_boot boot;

	(void)state;
	assert_false(run_config(b, &boot, &config, true));
	assert_int_equal(netra_boot_failure(&boot), NETRA_BOOT_NOT_RUNNING);
	assert_int_equal(b->uploads + (uint32_t)b->flags_set, 0);
	free_board(b);
}

static void each_death_is_classified(void **state)
{
	static const struct {
		enum death death;
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
		struct board *b = new_board(cases[i].death);
		struct netra_boot boot;
		uint64_t took_ms;

		assert_false(run(b, &boot));
		if (netra_boot_failure(&boot) != cases[i].failure)
			fail_msg("death %d: %s", (int)cases[i].death,
				 netra_boot_failure_text(
					netra_boot_failure(&boot)));
		took_ms = b->now_ns / MS - 1000;
		assert_in_range(took_ms, cases[i].least_ms, cases[i].most_ms);
		free_board(b);
	}
}

static void expect_refused(const struct netra_boot_config *config,
			   enum netra_boot_failure failure)
{
	struct board *b = new_board(NONE);
	struct netra_boot boot;

	assert_false(run_config(b, &boot, config, false));
	assert_int_equal(netra_boot_failure(&boot), failure);
	assert_int_equal(b->uploads, 0);
	free_board(b);
}

static void what_cannot_be_booted(void **state)
{
	struct board *b = new_board(NONE);
	struct netra_boot_config good = config_of(b), config;
	static const uint64_t least[3] = { 0x1000, 0x40000, 1 << 20 };
	static const uint32_t most[NETRA_IMAGE_COUNT] = {
		0x3fffc, 2 << 20, 7 << 20, 8 << 20
	};

	(void)state;
	free_board(b);
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
	struct board *b = new_board(NONE);
	struct netra_boot_config config = config_of(b);
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
	free_board(b);
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
