/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot sequence, one register or chunk at a time. The caller serialises
 * calls for one machine and carries the actions out.
 *
 * From ROM: U-Boot goes into on-chip RAM through BAR1 and the boot flag there
 * is set; whoever takes over clears it. Then script, kernel and file system
 * go into DDR through BAR2, whose inbound window is moved for each, and the
 * flag is set again for U-Boot. Its script reports in GPR1, the agent last.
 * A U-Boot from SPI flash (GPR0) or left waiting by an earlier host (GPR1)
 * needs no stage 1. TI's own U-Boot never writes GPR1, so a cleared flag, not
 * NETRA_STAGE_UBOOT, is what says that it took over.
 *
 * Only boards that were strapped for 32-bit BARs are known here: with 64-bit
 * ones BAR1 is the upper half of BAR0, and so absent and too small.
 */
#include "boot_internal.h"
#include "protocol.h"

#define NS_PER_MS	UINT64_C(1000000)
#define ALL_ONES	0xffffffffu
#define CHUNK_BYTES	(64u << 10)
#define INFO_WORDS	3u		/* magic, size, version */

static void go(struct netra_boot *b, enum netra_boot_state state)
{
	b->state = state;
	b->step = 0;
}

static void fail(struct netra_boot *b, enum netra_boot_failure failure)
{
	b->failure = failure;
	go(b, FAILED);
}

static void suspect(struct netra_boot *b, enum netra_boot_failure failure)
{
	b->failure = failure;
	go(b, SUSPECT);
}

static void sleep_then(struct netra_boot *b, enum netra_boot_state state)
{
	b->after = state;
	go(b, SLEEP);
}

static void set_deadline(struct netra_boot *b, uint64_t now_ns, uint32_t ms)
{
	b->deadline_ns = now_ns + ms * NS_PER_MS;
}

/* Where BAR2's window must begin to show @address. */
static uint32_t window_base(const struct netra_boot *b, uint32_t address)
{
	return address & ~(netra_boot_window_bytes(b) - 1);
}

/* Move @bar's inbound window so that it begins at @address, then go on. */
static void move_window(struct netra_boot *b, uint32_t bar, uint32_t address,
			enum netra_boot_state then)
{
	b->window_bar = bar;
	b->window_base = address;
	b->then = then;
	go(b, WINDOW);
}

static void begin_image(struct netra_boot *b, enum netra_image image)
{
	b->image = image;
	b->image_done = 0;
}

/* Upload the next chunk; for that, BAR2's window may have to move first. */
static void upload_next(struct netra_boot *b)
{
	uint32_t base = window_base(b, netra_boot_upload_address(b));

	if (b->image != NETRA_IMAGE_UBOOT &&
	    (b->window_bar != 2 || b->window_base != base))
		move_window(b, 2, base, UPLOAD);
	else
		go(b, UPLOAD);
}

static void take_pid(struct netra_boot *b, uint32_t result)
{
	if (result == ALL_ONES)
		fail(b, NETRA_BOOT_GONE);
	else if (!netra_boot_bars_ok(b))
		fail(b, NETRA_BOOT_BAR_TOO_SMALL);
	else
		go(b, STAGE_NOW);
}

/* GPR1 may hold anything before somebody reports. */
static uint32_t stage_of(uint32_t gpr1)
{
	return (gpr1 & NETRA_STAGE_MASK) == NETRA_STAGE_BASE ?
	       gpr1 & ~NETRA_STAGE_MASK : NETRA_STAGE_NONE;
}

static enum netra_boot_failure refusal(uint32_t stage)
{
	switch (stage) {
	case NETRA_STAGE_BAD_SCRIPT:
		return NETRA_BOOT_SCRIPT_REFUSED;
	case NETRA_STAGE_BAD_KERNEL:
		return NETRA_BOOT_KERNEL_REFUSED;
	case NETRA_STAGE_BAD_RAMDISK:
		return NETRA_BOOT_RAMDISK_REFUSED;
	default:
		return NETRA_BOOT_OK;
	}
}

static void take_stage_now(struct netra_boot *b, uint64_t now_ns,
			   uint32_t result)
{
	uint32_t stage = stage_of(result);

	if (stage == NETRA_STAGE_AGENT) {
		b->running = true;
		b->stage = stage;
		go(b, BLOCK);
	} else if (b->attach_only) {
		suspect(b, NETRA_BOOT_NOT_RUNNING);
	} else if (stage == NETRA_STAGE_SCRIPT || stage == NETRA_STAGE_KERNEL) {
		/* Another host's boot is under way: see where it ends. */
		b->stage = stage;
		set_deadline(b, now_ns, b->config.agent_timeout_ms);
		go(b, STAGE);
	} else {
		/* Stage 1 must not be written over a U-Boot that runs. */
		b->uboot_runs = stage == NETRA_STAGE_UBOOT ||
				refusal(stage) != NETRA_BOOT_OK;
		go(b, BOOT_MODE);
	}
}

static void take_boot_mode(struct netra_boot *b, uint32_t result)
{
	enum netra_boot_failure failure;

	if (result == NETRA_GPR_BOOT_MAGIC)
		b->uboot_runs = true;
	failure = netra_boot_check_images(b);
	if (failure)
		fail(b, failure);
	else
		go(b, CLEAR_STAGE);
}

static void take_window(struct netra_boot *b, uint32_t result)
{
	if (b->step + 1 < NETRA_BOOT_WINDOW_STEPS)
		b->step++;
	else if (result != b->window_base)
		suspect(b, NETRA_BOOT_INBOUND_STUCK);
	else
		go(b, (enum netra_boot_state)b->then);
}

static void take_command(struct netra_boot *b, uint32_t result)
{
	if (result == ALL_ONES) {
		fail(b, NETRA_BOOT_GONE);
		return;
	}
	go(b, TRANSLATE);
	b->step = result;
}

/* Translation is on; a running board is asked who it is, others get images. */
static void take_translate(struct netra_boot *b)
{
	if (b->stage == NETRA_STAGE_AGENT) {
		go(b, INFO);
		return;
	}
	begin_image(b, b->uboot_runs ? NETRA_IMAGE_SCRIPT : NETRA_IMAGE_UBOOT);
	upload_next(b);
}

static void take_upload(struct netra_boot *b, uint32_t result)
{
	if (result != 1) {
		suspect(b, NETRA_BOOT_UPLOAD_MISMATCH);
		return;
	}
	b->image_done += netra_boot_upload_length(b);
	if (b->image_done < b->config.image_bytes[b->image]) {
		upload_next(b);
	} else if (b->image == NETRA_IMAGE_UBOOT ||
		   b->image == NETRA_IMAGE_RAMDISK) {
		go(b, FLAG);
	} else {
		begin_image(b, (enum netra_image)(b->image + 1));
		upload_next(b);
	}
}

static void take_flag_taken(struct netra_boot *b, uint64_t now_ns,
			    uint32_t result)
{
	bool rom = b->image == NETRA_IMAGE_UBOOT;

	if (!result && rom) {
		b->uboot_runs = true;
		begin_image(b, NETRA_IMAGE_SCRIPT);
		upload_next(b);
	} else if (!result) {
		set_deadline(b, now_ns, b->config.script_timeout_ms);
		go(b, STAGE);
	} else if (result == ALL_ONES || now_ns >= b->deadline_ns) {
		suspect(b, rom ? NETRA_BOOT_ROM_SILENT :
				 NETRA_BOOT_UBOOT_SILENT);
	} else {
		sleep_then(b, FLAG_TAKEN);
	}
}

static void take_stage(struct netra_boot *b, uint64_t now_ns, uint32_t result)
{
	uint32_t stage = stage_of(result);

	if (refusal(stage)) {
		fail(b, refusal(stage));
	} else if (stage == NETRA_STAGE_AGENT) {
		b->stage = stage;
		go(b, BLOCK);
	} else if (result == ALL_ONES || now_ns >= b->deadline_ns) {
		suspect(b, b->stage < NETRA_STAGE_SCRIPT ?
				NETRA_BOOT_SCRIPT_SILENT :
				NETRA_BOOT_KERNEL_SILENT);
	} else {
		/* Each step forward has a bound of its own; there are two. */
		if (stage > b->stage && (stage == NETRA_STAGE_SCRIPT ||
					 stage == NETRA_STAGE_KERNEL)) {
			b->stage = stage;
			set_deadline(b, now_ns, b->config.agent_timeout_ms);
		}
		sleep_then(b, STAGE);
	}
}

/* The address comes from the board: it must be a place a block can lie. */
static void take_block(struct netra_boot *b, uint32_t result)
{
	b->block_address = result;
	if (result < NETRA_SOC_DDR ||
	    result & (sizeof(struct netra_board_block) - 1))
		suspect(b, NETRA_BOOT_AGENT_BAD);
	else
		move_window(b, 2, window_base(b, result), COMMAND);
}

static void take_info(struct netra_boot *b, uint32_t result)
{
	static const uint32_t expected[INFO_WORDS] = {
		NETRA_MAGIC, sizeof(struct netra_board_block),
		NETRA_PROTOCOL_VERSION
	};

	if (result != expected[b->step])
		suspect(b, NETRA_BOOT_AGENT_BAD);
	else if (++b->step == INFO_WORDS)
		go(b, DONE);
}

static void take(struct netra_boot *b, uint64_t now_ns, uint32_t result)
{
	switch ((enum netra_boot_state)b->state) {
	case START:
		go(b, PID);
		break;
	case PID:
		take_pid(b, result);
		break;
	case STAGE_NOW:
		take_stage_now(b, now_ns, result);
		break;
	case BOOT_MODE:
		take_boot_mode(b, result);
		break;
	case CLEAR_STAGE:
		move_window(b, 1, b->config.soc->ocmc_base, COMMAND);
		break;
	case WINDOW:
		take_window(b, result);
		break;
	case COMMAND:
		take_command(b, result);
		break;
	case TRANSLATE:
		take_translate(b);
		break;
	case UPLOAD:
		take_upload(b, result);
		break;
	case FLAG:
		set_deadline(b, now_ns, b->image == NETRA_IMAGE_UBOOT ?
				b->config.rom_timeout_ms :
				b->config.uboot_timeout_ms);
		go(b, FLAG_TAKEN);
		break;
	case FLAG_TAKEN:
		take_flag_taken(b, now_ns, result);
		break;
	case STAGE:
		take_stage(b, now_ns, result);
		break;
	case BLOCK:
		take_block(b, result);
		break;
	case INFO:
		take_info(b, result);
		break;
	case SLEEP:
		go(b, (enum netra_boot_state)b->after);
		break;
	case SUSPECT:
		fail(b, result == ALL_ONES ? NETRA_BOOT_GONE : b->failure);
		break;
	case DONE:
	case FAILED:
		break;
	}
}

/* ---- the machine -------------------------------------------------------- */

static void set_default(uint32_t *value, uint32_t standard)
{
	if (!*value)
		*value = standard;
}

void netra_boot_init(struct netra_boot *boot,
		     const struct netra_boot_config *config, bool attach_only)
{
	struct netra_boot_config *c = &boot->config;

	__builtin_memset(boot, 0, sizeof(*boot));
	*c = *config;
	set_default(&c->chunk_bytes, CHUNK_BYTES);
	c->chunk_bytes = c->chunk_bytes < 4 ? 4 : c->chunk_bytes & ~3u;
	set_default(&c->rom_timeout_ms, 5000);
	set_default(&c->uboot_timeout_ms, 10000);
	set_default(&c->script_timeout_ms, 5000);
	set_default(&c->agent_timeout_ms, 30000);
	boot->attach_only = attach_only;
	go(boot, START);
}

void netra_boot_next(struct netra_boot *boot, uint64_t now_ns, uint32_t result,
		     struct netra_action *action)
{
	take(boot, now_ns, result);
	netra_boot_ask(boot, now_ns, action);
}

enum netra_boot_failure netra_boot_failure(const struct netra_boot *boot)
{
	return boot->state == FAILED ? boot->failure : NETRA_BOOT_OK;
}

void netra_boot_block(const struct netra_boot *boot, uint32_t *bar,
		      uint32_t *offset)
{
	*bar = 2;
	*offset = boot->block_address - boot->window_base;
}

bool netra_boot_was_running(const struct netra_boot *boot)
{
	return boot->running;
}
