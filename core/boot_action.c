/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The actions of the boot machine's states: registers, flag, chunks. Pure
 * functions of the machine.
 */
#include "boot_internal.h"
#include "protocol.h"

#define NS_PER_MS	UINT64_C(1000000)
#define FLAG_POLL_MS	1u
#define STAGE_POLL_MS	5u
#define WINDOW_MOST_LOG2 28u

/* Regions are numbered as in BOOTDRV: BAR1 and up, from 0. */
#define REGION(bar)	((bar) - 1u)

uint32_t netra_boot_flag_offset(const struct netra_boot *b)
{
	return b->config.soc->boot_flag - b->config.soc->ocmc_base;
}

uint32_t netra_boot_window_bytes(const struct netra_boot *b)
{
	uint32_t log2 = WINDOW_MOST_LOG2;

	while (b->config.bar_bytes[2] < UINT64_C(1) << log2)
		log2--;
	return 1u << log2;
}

static uint32_t image_address(const struct netra_soc *soc,
			      enum netra_image image)
{
	switch (image) {
	case NETRA_IMAGE_SCRIPT:
		return soc->script;
	case NETRA_IMAGE_KERNEL:
		return soc->kernel;
	case NETRA_IMAGE_RAMDISK:
		return soc->ramdisk;
	default:
		return soc->ocmc_base;
	}
}

uint32_t netra_boot_upload_address(const struct netra_boot *b)
{
	return image_address(b->config.soc, b->image) + b->image_done;
}

static void ask_register(struct netra_action *action,
			 enum netra_action_kind kind, uint32_t offset,
			 uint32_t value)
{
	action->kind = kind;
	action->offset = offset;
	action->value = value;
}

static void ask_bar(struct netra_action *action, enum netra_action_kind kind,
		    uint32_t bar, uint32_t offset, uint32_t value)
{
	ask_register(action, kind, offset, value);
	action->bar = bar;
}

/* BOOTDRV's safe order: match nothing, move, match again, read back. */
static void ask_window(const struct netra_boot *b, struct netra_action *action)
{
	uint32_t n = REGION(b->window_bar);
	uint64_t address = b->config.bar_address[b->window_bar];
	const struct {
		enum netra_action_kind kind;
		uint32_t offset;
		uint32_t value;
	} steps[NETRA_BOOT_WINDOW_STEPS] = {
		{ NETRA_ACT_REG_WRITE, NETRA_REG_IB_BAR(n), 0 },
		{ NETRA_ACT_REG_WRITE, NETRA_REG_IB_START_LO(n),
		  (uint32_t)address & NETRA_IB_GRANULE_MASK },
		{ NETRA_ACT_REG_WRITE, NETRA_REG_IB_START_HI(n),
		  (uint32_t)(address >> 32) },
		{ NETRA_ACT_REG_WRITE, NETRA_REG_IB_OFFSET(n), b->window_base },
		{ NETRA_ACT_REG_WRITE, NETRA_REG_IB_BAR(n), b->window_bar },
		{ NETRA_ACT_REG_READ, NETRA_REG_IB_OFFSET(n), 0 },
	};

	ask_register(action, steps[b->step].kind, steps[b->step].offset,
		     steps[b->step].value);
}

uint32_t netra_boot_upload_length(const struct netra_boot *b)
{
	uint32_t left = b->config.image_bytes[b->image] - b->image_done;
	uint32_t length = b->config.chunk_bytes;
	uint32_t room = netra_boot_window_bytes(b) -
			(netra_boot_upload_address(b) - b->window_base);

	if (length > left)
		length = left;
	if (b->window_bar == 2 && length > room)
		length = room;
	return length;
}

static void ask_upload(const struct netra_boot *b, struct netra_action *action)
{
	action->kind = NETRA_ACT_UPLOAD;
	action->bar = b->window_bar;
	action->offset = netra_boot_upload_address(b) - b->window_base;
	action->image = b->image;
	action->image_offset = b->image_done;
	action->length = netra_boot_upload_length(b);
}

void netra_boot_ask(const struct netra_boot *b, uint64_t now_ns,
		    struct netra_action *action)
{
	__builtin_memset(action, 0, sizeof(*action));
	switch ((enum netra_boot_state)b->state) {
	case PID:
	case SUSPECT:
		ask_register(action, NETRA_ACT_REG_READ, NETRA_REG_PID, 0);
		break;
	case BOOT_MODE:
		ask_register(action, NETRA_ACT_REG_READ, NETRA_REG_GPR(0), 0);
		break;
	case STAGE_NOW:
	case STAGE:
		ask_register(action, NETRA_ACT_REG_READ, NETRA_REG_GPR(1), 0);
		break;
	case CLEAR_STAGE:
		ask_register(action, NETRA_ACT_REG_WRITE, NETRA_REG_GPR(1),
			     b->uboot_runs ? NETRA_STAGE_BASE |
					     NETRA_STAGE_UBOOT : 0);
		break;
	case WINDOW:
		ask_window(b, action);
		break;
	case COMMAND:
		ask_register(action, NETRA_ACT_REG_READ, NETRA_REG_CMD_STATUS,
			     0);
		break;
	case TRANSLATE:
		ask_register(action, NETRA_ACT_REG_WRITE, NETRA_REG_CMD_STATUS,
			     b->step | NETRA_CMD_IB_XLT_EN);
		break;
	case UPLOAD:
		ask_upload(b, action);
		break;
	case FLAG:
		ask_bar(action, NETRA_ACT_BAR_WRITE, 1,
			netra_boot_flag_offset(b), 1);
		break;
	case FLAG_TAKEN:
		ask_bar(action, NETRA_ACT_BAR_READ, 1,
			netra_boot_flag_offset(b), 0);
		break;
	case BLOCK:
		ask_register(action, NETRA_ACT_REG_READ, NETRA_REG_GPR(2), 0);
		break;
	case INFO:
		ask_bar(action, NETRA_ACT_BAR_READ, 2,
			b->block_address - b->window_base + 4 * b->step, 0);
		break;
	case SLEEP:
		action->kind = NETRA_ACT_WAIT;
		action->wait_until_ns = now_ns + NS_PER_MS *
			(b->after == STAGE ? STAGE_POLL_MS : FLAG_POLL_MS);
		break;
	case DONE:
		action->kind = NETRA_ACT_DONE;
		break;
	case START:
	case FAILED:
		action->kind = NETRA_ACT_FAILED;
		break;
	}
}

