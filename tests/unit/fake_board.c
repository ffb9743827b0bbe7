/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/crc32c.h"
#include "core/layout.h"
#include "fake_board.h"

#define HOST_BASE 0x70000000u
#define PATTERN_BYTES (4u << 20)

static uint8_t pattern[PATTERN_BYTES];

/* Memory behind an access, by the registers, as the bus would find it. */
static uint8_t *translate(struct fake_board *board, uint32_t offset,
			  uint32_t length)
{
	uint32_t n = offset >> FAKE_WINDOW_LOG2;
	uint32_t within = offset & (FAKE_WINDOW_BYTES - 1);
	uint32_t bus;

	assert_true(length > 0);
	assert_true(n < FAKE_WINDOWS_MAX);
	assert_true(within + length <= FAKE_WINDOW_BYTES);
	assert_true(board->ob_index[n] & NETRA_OB_ENABLE);
	bus = board->ob_index[n] & NETRA_OB_ADDRESS_MASK;
	assert_in_range(bus, HOST_BASE, HOST_BASE + FAKE_WINDOWS_MAX *
			FAKE_WINDOW_BYTES - 1);
	return board->memory + (bus - HOST_BASE) + within;
}

static enum netra_error host_write(void *context, uint32_t offset,
				   const void *data, uint32_t length)
{
	struct fake_board *board = context;
	uint8_t *to;

	if (board->on_access)
		board->on_access(board, true, offset, length);
	if (board->refuse_writes)
		return NETRA_ERR_IO;
	to = translate(board, offset, length);
	board->writes++;
	board->fences_at_write = board->fences;
	memcpy(to, data, length);
	return NETRA_OK;
}

static enum netra_error host_read(void *context, uint32_t offset, void *data,
				  uint32_t length)
{
	struct fake_board *board = context;

	if (board->on_access)
		board->on_access(board, false, offset, length);
	board->reads++;
	memcpy(data, translate(board, offset, length), length);
	return NETRA_OK;
}

static void fence(void *context)
{
	struct fake_board *board = context;

	board->fences++;
}

static enum netra_error interrupt(void *context)
{
	struct fake_board *board = context;

	/* Nothing may still be on its way when the MSI leaves. */
	assert_true(board->fences > board->fences_at_write);
	board->interrupts++;
	return NETRA_OK;
}

static uint32_t register_read(void *context, uint32_t offset)
{
	struct fake_board *board = context;

	if (offset == NETRA_REG_OB_SIZE)
		return board->ob_size;
	assert_in_range(offset, NETRA_REG_OB_INDEX(0), NETRA_REG_OB_HI(31));
	return board->ob_index[(offset - NETRA_REG_OB_INDEX(0)) / 8];
}

static uint64_t now_ns(void *context)
{
	struct fake_board *board = context;

	return board->now_ns;
}

static uint32_t command(void *context, const struct netra_command *wire,
			uint32_t *detail)
{
	struct fake_board *board = context;

	if (wire->id == 0xffffffffu) {
		assert_int_equal(wire->opcode, NETRA_CMD_STOP);
		board->stops++;
		return NETRA_REPLY_OK;
	}
	board->last_command = *wire;
	board->commands++;
	*detail = 77;
	return board->command_status;
}

static const struct netra_producer_ops ops = {
	.host_write = host_write,
	.host_read = host_read,
	.fence = fence,
	.interrupt = interrupt,
	.register_read = register_read,
	.now_ns = now_ns,
	.command = command,
};

struct fake_board *fake_board_new(void)
{
	struct fake_board *board = calloc(1, sizeof(*board));
	uint32_t x = 1;

	assert_non_null(board);
	board->memory = calloc(FAKE_WINDOWS_MAX, FAKE_WINDOW_BYTES);
	assert_non_null(board->memory);
	board->now_ns = 1000000000;
	for (uint32_t i = 0; i < PATTERN_BYTES; i++) {
		x = x * 1664525u + 1013904223u;
		pattern[i] = (uint8_t)(x >> 24);
	}
	netra_producer_init(&board->producer, &board->block, &ops,
			    &board->hooks, board, FAKE_CHANNELS, 0xb800,
			    "fake 1.0", 7);
	return board;
}

void fake_board_free(struct fake_board *board)
{
	free(board->memory);
	free(board);
}

void fake_plan(struct fake_board *board, uint32_t windows,
	       enum netra_sync_mode mode, struct netra_attach *attach)
{
	struct netra_window_plan plan = { FAKE_WINDOW_LOG2, windows };

	memset(attach, 0, sizeof(*attach));
	board->ob_size = 0;
	for (uint32_t i = 0; i < windows; i++)
		board->ob_index[i] = (HOST_BASE +
			(windows - 1 - i) * FAKE_WINDOW_BYTES) |
			NETRA_OB_ENABLE;
	attach->size = sizeof(*attach);
	attach->version = NETRA_PROTOCOL_VERSION;
	attach->sync_mode = mode;
	attach->channels = FAKE_CHANNELS;
	attach->window_log2 = plan.log2;
	attach->window_count = plan.count;
	attach->host_beat_ms = 100;
	assert_int_equal(netra_layout_plan(&plan, FAKE_CHANNELS,
					   attach->channel), NETRA_OK);
}

uint32_t fake_attach(struct fake_board *board, struct netra_attach *attach,
		     uint32_t generation)
{
	memset(board->memory, 0, (size_t)FAKE_WINDOWS_MAX * FAKE_WINDOW_BYTES);
	memset(&board->block.posts, 0xa5, sizeof(board->block.posts));
	attach->crc32c = netra_crc32c(0, attach,
				      offsetof(struct netra_attach, crc32c));
	board->block.attach = *attach;
	netra_write32_release(&board->block.attach.generation, generation);
	netra_producer_poll(&board->producer);
	assert_int_equal(board->block.info.attach_generation, generation);
	return board->block.info.attach_status;
}

void *fake_arena(struct fake_board *board, uint32_t offset)
{
	return translate(board, offset, 1);
}

struct netra_host_area *fake_area(struct fake_board *board)
{
	return fake_arena(board, 0);
}

struct netra_reply fake_command(struct fake_board *board, uint32_t opcode,
				uint32_t channel, uint32_t arg0)
{
	uint32_t id = board->block.posts.command_head;
	struct netra_command *slot =
		&board->block.command[id % NETRA_COMMAND_SLOTS];
	struct netra_reply reply;

	memset(slot, 0, sizeof(*slot));
	slot->id = id;
	slot->opcode = opcode;
	slot->channel = channel;
	slot->arg[0] = arg0;
	slot->crc32c = netra_crc32c(0, slot,
				    offsetof(struct netra_command, crc32c));
	board->block.posts.command_head = id + 1;
	netra_producer_poll(&board->producer);
	reply = fake_area(board)->reply[id % NETRA_COMMAND_SLOTS];
	assert_int_equal(reply.id, id);
	assert_int_equal(reply.crc32c,
			 netra_crc32c(0, &reply,
				      offsetof(struct netra_reply, crc32c)));
	return reply;
}

struct netra_access_unit fake_unit(uint32_t seed, uint32_t length, bool key,
				   int64_t dts)
{
	struct netra_access_unit unit = {
		.data = pattern + seed % (PATTERN_BYTES / 2),
		.length = length,
		.flags = key ? NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS : 0,
		.pts_90k = dts + 3000,
		.dts_90k = dts,
		.duration_90k = 3000,
		.board_time_ns = 5000,
	};

	assert_true(length <= PATTERN_BYTES / 2);
	return unit;
}
