/* SPDX-License-Identifier: BSD-2-Clause */
/* The board's own life, and the machine's actions carried out on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot_board.h"

#define DDR_BYTES (64u << 20)
#define BLOCK_ADDRESS 0x83765000u
#define BAR1_ADDRESS 0xe0000000u
#define BAR2_ADDRESS 0xe1000000u

uint32_t boot_board_images[NETRA_IMAGE_COUNT] = {
	200 * 1024 + 4, 4096, 5 << 20, 7 << 20
};

static uint8_t image_byte(enum netra_image image, uint32_t at)
{
	return (uint8_t)(at * 7 + at / 251 + (uint32_t)image * 31 + 1);
}

struct boot_board *boot_board_new(enum boot_death death)
{
	struct boot_board *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->soc = netra_soc_by_name("dm8168");
	b->death = death;
	b->ddr = calloc(1, DDR_BYTES);
	assert_non_null(b->ddr);
	/* the ROM left rubbish where the flag is */
	memset(b->ocmc, 0x5a, sizeof(b->ocmc));
	return b;
}

void boot_board_free(struct boot_board *b)
{
	free(b->ddr);
	free(b);
}

static uint32_t flag_at(const struct boot_board *b)
{
	return b->soc->boot_flag - b->soc->ocmc_base;
}

/* Memory behind a BAR, by the inbound region that matches it. */
static uint8_t *behind(struct boot_board *b, uint32_t bar, uint32_t offset,
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
	for (uint32_t i = 0; i < boot_board_images[image]; i++)
		if (at[i] != image_byte(image, i))
			fail_msg("%s differs at %u", netra_image_name(image),
				 i);
}

void boot_board_report(struct boot_board *b, enum netra_stage stage)
{
	b->gpr[1] = NETRA_STAGE_BASE | (uint32_t)stage;
}

void boot_board_agent_up(struct boot_board *b)
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
	boot_board_report(b, NETRA_STAGE_AGENT);
}

/* The board's own life, 20 ms a stage. */
static void live(struct boot_board *b)
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
				boot_board_report(b, NETRA_STAGE_UBOOT);
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
				boot_board_report(b, NETRA_STAGE_BAD_SCRIPT);
			else
				boot_board_report(b, NETRA_STAGE_SCRIPT);
			break;
		case 3:
			if (b->death == KERNEL || b->death == REFUSE_SCRIPT)
				b->act_ns = 0;
			else if (b->death == REFUSE_KERNEL)
				boot_board_report(b, NETRA_STAGE_BAD_KERNEL);
			else if (b->death == REFUSE_RAMDISK)
				boot_board_report(b, NETRA_STAGE_BAD_RAMDISK);
			else
				boot_board_report(b, NETRA_STAGE_KERNEL);
			break;
		case 4:
			b->act_ns = 0;
			if (b->death == GONE_IN_KERNEL)
				b->gone = true;
			else if (b->death == NONE || b->death >= BLOCK_ASKEW)
				boot_board_agent_up(b);
			break;
		}
	}
}

static uint32_t read_register(struct boot_board *b, uint32_t offset)
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

static void write_register(struct boot_board *b, uint32_t offset, uint32_t value)
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

static uint32_t upload(struct boot_board *b, const struct netra_action *a)
{
	uint8_t *to = behind(b, a->bar, a->offset, a->length);

	assert_true(a->length > 0);
	assert_true(a->image_offset + a->length <= boot_board_images[a->image]);
	for (uint32_t i = 0; i < a->length; i++)
		to[i] = image_byte(a->image, a->image_offset + i);
	b->uploads++;
	return b->death != BAD_READ_BACK;
}

static uint32_t execute(struct boot_board *b, const struct netra_action *a)
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

struct netra_boot_config boot_board_config(const struct boot_board *b)
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

	memcpy(config.image_bytes, boot_board_images, sizeof(boot_board_images));
	return config;
}

/* Run to the end; its bound is the sum of all timeouts. */
bool boot_board_run_config(struct boot_board *b, struct netra_boot *boot,
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

bool boot_board_run(struct boot_board *b, struct netra_boot *boot)
{
	struct netra_boot_config config = boot_board_config(b);

	return boot_board_run_config(b, boot, &config, false);
}

void boot_board_check_block(struct boot_board *b, const struct netra_boot *boot)
{
	uint32_t bar, offset;

	netra_boot_block(boot, &bar, &offset);
	assert_int_equal(bar, 2);
	assert_ptr_equal(behind(b, bar, offset, 0x1000),
			 b->ddr + (BLOCK_ADDRESS - NETRA_SOC_DDR));
}
