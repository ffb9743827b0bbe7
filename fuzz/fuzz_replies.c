/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the board answers while it boots, is attached and takes commands. The
 * machines get any value for every read; what they ask for in turn must be
 * inside registers, BARs and images, and they must come to an end. Replies
 * and events are any bytes, some of them with right checksums.
 */
#include <stdlib.h>
#include <string.h>

#include "core/attach.h"
#include "core/boot.h"
#include "core/bytes.h"
#include "core/crc32c.h"
#include "core/mailbox.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)
#define MS 1000000ull
#define STEPS_MAX 2000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static uint32_t take(struct input *in, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- && in->size) {
		value = value << 8 | *in->data++;
		in->size--;
	}
	return value;
}

/* Mostly what a board would say here, else anything. */
static uint32_t answer(struct input *in, const struct netra_action *action,
		       uint32_t written)
{
	static const uint32_t likely[] = {
		0, 1, 0xffffffff, NETRA_STAGE_BASE | NETRA_STAGE_UBOOT,
		NETRA_STAGE_BASE | NETRA_STAGE_SCRIPT,
		NETRA_STAGE_BASE | NETRA_STAGE_KERNEL,
		NETRA_STAGE_BASE | NETRA_STAGE_AGENT,
		NETRA_STAGE_BASE | NETRA_STAGE_BAD_KERNEL,
		NETRA_GPR_BOOT_MAGIC, 0x9ff00000, 0xfffff000, 0x80000000,
		NETRA_MAGIC, sizeof(struct netra_board_block),
		NETRA_PROTOCOL_VERSION,
	};
	uint32_t what = take(in, 1);

	(void)action;
	if (what < 128)
		return written;
	if (what < 240)
		return likely[what % (sizeof(likely) / sizeof(likely[0]))];
	return take(in, 4);
}

static void check_action(const struct netra_action *action,
			 const uint64_t bar_bytes[6],
			 const uint32_t image_bytes[NETRA_IMAGE_COUNT])
{
	switch (action->kind) {
	case NETRA_ACT_REG_READ:
	case NETRA_ACT_REG_WRITE:
		CHECK(netra_range_ok(action->offset, 4, bar_bytes[0]));
		CHECK(!(action->offset & 3));
		break;
	case NETRA_ACT_BAR_READ:
	case NETRA_ACT_BAR_WRITE:
		CHECK(action->bar < 6 && !(action->offset & 3));
		CHECK(netra_range_ok(action->offset, 4,
				     bar_bytes[action->bar]));
		break;
	case NETRA_ACT_UPLOAD:
		CHECK(action->bar < 6 && action->image < NETRA_IMAGE_COUNT);
		CHECK(netra_range_ok(action->offset, action->length,
				     bar_bytes[action->bar]));
		CHECK(netra_range_ok(action->image_offset, action->length,
				     image_bytes[action->image]));
		break;
	default:
		break;
	}
}

static void boot(struct input *in)
{
	static const uint16_t ids[] = { 0xb800, 0xb801, 0xb802 };
	struct netra_boot_config config = {
		.soc = netra_soc_by_id(ids[take(in, 1) % 3]),
		.bar_bytes = { 4096, 8u << 20, 16u << 20, 256u << 20 },
		.bar_address = { 0xd0000000, 0xc0000000, 0xc1000000,
				 0xb0000000 },
		.image_bytes = { 1000, 70000, 200001, 3 },
	};
	struct netra_action action = { 0 };
	struct netra_boot machine;
	uint64_t now_ns = 0;
	uint32_t result = 0, written = 0, bar, offset;

	if (take(in, 1) & 1)
		/* But for BAR 0: a driver looks at that before it begins. */
		config.bar_bytes[1 + take(in, 1) % 5] =
			1u << (take(in, 1) & 31);
	if (take(in, 1) & 1)
		config.image_bytes[take(in, 1) % NETRA_IMAGE_COUNT] =
			take(in, 3);
	netra_boot_init(&machine, &config, take(in, 1) & 1);
	for (uint32_t i = 0; ; i++) {
		struct netra_boot_progress progress;

		CHECK(i < STEPS_MAX);
		netra_boot_next(&machine, now_ns, result, &action);
		netra_boot_progress(&machine, &progress);
		CHECK(progress.done_bytes <= progress.total_bytes);
		if (action.kind == NETRA_ACT_DONE ||
		    action.kind == NETRA_ACT_FAILED)
			break;
		check_action(&action, config.bar_bytes, config.image_bytes);
		now_ns += in->size ? 1000 : 100 * MS;
		if (action.kind == NETRA_ACT_WAIT && now_ns <
		    action.wait_until_ns)
			now_ns = action.wait_until_ns;
		if (action.kind == NETRA_ACT_REG_WRITE ||
		    action.kind == NETRA_ACT_BAR_WRITE)
			written = action.value;
		result = action.kind == NETRA_ACT_UPLOAD ?
			answer(in, &action, 1) : 0;
		if (action.kind == NETRA_ACT_REG_READ ||
		    action.kind == NETRA_ACT_BAR_READ)
			result = answer(in, &action, written);
	}
	CHECK(netra_boot_failure_text(netra_boot_failure(&machine)));
	if (action.kind == NETRA_ACT_FAILED) {
		CHECK(netra_boot_failure(&machine) != NETRA_BOOT_OK);
		return;
	}
	netra_boot_block(&machine, &bar, &offset);
	CHECK(bar < 6 && netra_range_ok(offset,
			sizeof(struct netra_board_block),
			config.bar_bytes[bar]));
}

static void attach(struct input *in)
{
	struct netra_attach_config config = {
		.block_bar = 2, .block_offset = 0x1000,
		.windows = { .log2 = 20 + (take(in, 1) & 3),
			     .count = 1 + take(in, 1) % 31 },
		.block = { .channels = 1, .generation = take(in, 4) | 1 },
	};
	const uint64_t bar_bytes[6] = { 4096, 8u << 20, 16u << 20 };
	const uint32_t image_bytes[NETRA_IMAGE_COUNT] = { 0 };
	struct netra_attach_machine machine;
	struct netra_action action = { 0 };
	uint64_t now_ns = 0;
	uint32_t result = 0, written = 0;

	for (uint32_t i = 0; i < config.windows.count; i++)
		config.bus[i] = (uint64_t)(i + 1) << 23;
	if (take(in, 1) & 1)
		netra_detach_init(&machine, &config);
	else
		netra_attach_init(&machine, &config);
	for (uint32_t i = 0; ; i++) {
		CHECK(i < STEPS_MAX);
		netra_attach_next(&machine, now_ns, result, &action);
		if (action.kind == NETRA_ACT_DONE ||
		    action.kind == NETRA_ACT_FAILED)
			break;
		CHECK(action.kind != NETRA_ACT_UPLOAD);
		check_action(&action, bar_bytes, image_bytes);
		now_ns += in->size ? 1000 : 10 * MS;
		if (action.kind == NETRA_ACT_WAIT && now_ns <
		    action.wait_until_ns)
			now_ns = action.wait_until_ns;
		if (action.kind == NETRA_ACT_REG_WRITE ||
		    action.kind == NETRA_ACT_BAR_WRITE)
			written = action.value;
		result = 0;
		if (action.kind == NETRA_ACT_REG_READ ||
		    action.kind == NETRA_ACT_BAR_READ)
			result = answer(in, &action, written);
	}
	CHECK(netra_attach_failure_text(machine.failure));
}

static void fill(struct input *in, void *to, size_t bytes, size_t crc_at)
{
	uint8_t *at = to;
	uint32_t crc;

	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)take(in, 1);
	if (take(in, 1) & 1)
		return;
	crc = netra_le32(netra_crc32c(0, to, crc_at));
	memcpy(at + crc_at, &crc, sizeof(crc));
}

static void mailbox(struct input *in)
{
	struct netra_reply reply[NETRA_COMMAND_SLOTS] = { 0 };
	const struct netra_command_request request = { .opcode = 1 };
	struct netra_mailbox m;
	uint64_t now_ns = MS;
	uint32_t pending = 0;

	netra_mailbox_init(&m, 7);
	while (in->size) {
		struct netra_command_result result;
		struct netra_command wire;
		uint32_t id, slot = take(in, 1) % NETRA_COMMAND_SLOTS;

		if (!netra_mailbox_post(&m, &request, now_ns + 50 * MS, &wire,
					&id))
			pending++;
		CHECK(pending <= NETRA_COMMAND_SLOTS);
		fill(in, &reply[slot], sizeof(reply[slot]),
		     offsetof(struct netra_reply, crc32c));
		now_ns += take(in, 1) * MS;
		while (netra_mailbox_settle(&m, reply, now_ns, &result)) {
			CHECK(pending-- > 0);
			CHECK(result.error == NETRA_OK ||
			      result.error == NETRA_ERR_REFUSED ||
			      result.error == NETRA_ERR_TIMEOUT);
		}
	}
}

static void events(struct input *in)
{
	struct netra_event_record ring[NETRA_EVENT_SLOTS] = { 0 };
	const uint32_t channels = 3;
	struct netra_events e;

	netra_events_init(&e, 7);
	while (in->size) {
		struct netra_event_info info;
		uint32_t head = take(in, 1) & 1 ? take(in, 4) :
			e.position + take(in, 1) % 80;
		uint32_t slot = take(in, 1) % NETRA_EVENT_SLOTS, count = 0;

		fill(in, &ring[slot], sizeof(ring[slot]),
		     offsetof(struct netra_event_record, crc32c));
		while (netra_events_next(&e, ring, head, channels, &info)) {
			CHECK(++count <= NETRA_EVENT_SLOTS);
			CHECK(info.channel < channels ||
			      info.channel == NETRA_EVENT_BOARD);
			CHECK(info.type >= NETRA_EVENT_SIGNAL_LOST &&
			      info.type <= NETRA_EVENT_ENDED);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .data = data, .size = size };

	switch (take(&in, 1) & 3) {
	case 0:
		boot(&in);
		break;
	case 1:
		attach(&in);
		break;
	case 2:
		mailbox(&in);
		break;
	default:
		events(&in);
		break;
	}
	return 0;
}
