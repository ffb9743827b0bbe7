/* SPDX-License-Identifier: BSD-2-Clause */
/* The producer but for its rings: attach, commands, events, beats, MSIs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc32c.h"
#include "fake_board.h"

#define MS 1000000ull

static int setup(void **state)
{
	*state = fake_board_new();
	return 0;
}

static int teardown(void **state)
{
	fake_board_free(*state);
	return 0;
}

static void put(struct fake_board *board, uint32_t channel, bool key)
{
	struct netra_access_unit unit = fake_unit(1, 1000, key, 0);

	assert_int_equal(netra_producer_put(&board->producer, channel, &unit),
			 NETRA_OK);
}

static void test_info(void **state)
{
	struct fake_board *board = *state;
	struct netra_board_info *info = &board->block.info;
	struct netra_access_unit unit = fake_unit(1, 10, true, 0);

	assert_int_equal(info->magic, 0x4152544e);
	assert_memory_equal(&info->magic, "NTRA", 4);
	assert_int_equal(info->size, 0x1000);
	assert_int_equal(info->version, 1);
	assert_int_equal(info->boot_count, 7);
	assert_int_equal(info->channels, FAKE_CHANNELS);
	assert_int_equal(info->sync_modes, 3);
	assert_int_equal(info->device_id, 0xb800);
	assert_string_equal(info->firmware, "fake 1.0");
	assert_false(netra_producer_attached(&board->producer));
	assert_int_equal(netra_producer_put(&board->producer, 0, &unit),
			 NETRA_ERR_STATE);
	netra_producer_event(&board->producer, NETRA_EVENT_FAULT, 0, NULL);
	netra_producer_drop(&board->producer, 0);
	board->now_ns += 1000 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->writes, 0);
	assert_int_equal(board->interrupts, 0);
}

static void test_long_firmware_name(void **state)
{
	struct fake_board *board = *state;

	netra_producer_init(&board->producer, &board->block,
			    board->producer.ops, NULL, board, 1000, 0xb801,
			    "0123456789012345678901234567890123456789", 8);
	assert_string_equal(board->block.info.firmware,
			    "0123456789012345678901234567890");
	assert_int_equal(board->block.info.channels, NETRA_CHANNELS_MAX);
}

static void test_attach(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;

	fake_plan(board, 2, NETRA_SYNC_RING, &attach);
	assert_int_equal(fake_attach(board, &attach, 5), NETRA_ATTACH_OK);
	assert_true(netra_producer_attached(&board->producer));
	/* The answer comes with a status of this very attach. */
	assert_int_equal(fake_area(board)->status.generation, 5);
	assert_int_equal(fake_area(board)->status.heartbeat, 1);
	assert_int_equal(fake_area(board)->status.state, NETRA_FW_IDLE);
	assert_int_equal(fake_area(board)->status.boot_count, 7);
}

static void test_attach_refused(void **state)
{
	struct fake_board *board = *state;
	uint32_t generation = 1;
	static const struct {
		uint32_t status;
		uint32_t offset;
		uint32_t value;
	} bad[] = {
#define FIELD(f) offsetof(struct netra_attach, f)
		{ NETRA_ATTACH_BAD_VERSION, FIELD(size), 0x43c },
		{ NETRA_ATTACH_BAD_VERSION, FIELD(version), 2 },
		{ NETRA_ATTACH_BAD_MODE, FIELD(sync_mode), 2 },
		{ NETRA_ATTACH_BAD_MODE, FIELD(sync_mode), 33 },
		{ NETRA_ATTACH_BAD_WINDOW, FIELD(window_log2), 21 },
		{ NETRA_ATTACH_BAD_WINDOW, FIELD(window_log2), 19 },
		{ NETRA_ATTACH_BAD_WINDOW, FIELD(window_log2), 52 },
		{ NETRA_ATTACH_BAD_WINDOW, FIELD(window_count), 0 },
		{ NETRA_ATTACH_BAD_WINDOW, FIELD(window_count), 3 },
		{ NETRA_ATTACH_BAD_WINDOW, FIELD(window_count), 32 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(window_count), 1 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channels), 0 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channels), FAKE_CHANNELS + 1 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channels), 0x10000 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channel[0].records_log2), 3 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channel[0].records_log2), 40 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channel[1].data_offset), 0 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channel[1].data_size), 0 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channel[1].data_size),
		  0xffffffc0 },
		{ NETRA_ATTACH_BAD_LAYOUT, FIELD(channel[3].records_offset),
		  0x1fffc0 },
#undef FIELD
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct netra_attach attach;

		fake_plan(board, 2, NETRA_SYNC_RING, &attach);
		memcpy((char *)&attach + bad[i].offset, &bad[i].value, 4);
		assert_int_equal(fake_attach(board, &attach, ++generation),
				 bad[i].status);
		assert_false(netra_producer_attached(&board->producer));
	}
	assert_int_equal(board->writes, 0);
}

static void test_attach_checksum_and_windows(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;

	fake_plan(board, 2, NETRA_SYNC_RING, &attach);
	board->ob_index[1] &= ~NETRA_OB_ENABLE;
	assert_int_equal(fake_attach(board, &attach, 1),
			 NETRA_ATTACH_BAD_WINDOW);

	/* 2 MB windows on odd megabytes: the hardware would drop the bit. */
	fake_plan(board, 2, NETRA_SYNC_RING, &attach);
	attach.window_log2 = 21;
	board->ob_size = 1;
	board->ob_index[0] = 0x70000001;
	board->ob_index[1] = 0x70300001;
	assert_int_equal(fake_attach(board, &attach, 2),
			 NETRA_ATTACH_BAD_WINDOW);

	fake_plan(board, 2, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 3);
	board->block.attach.irq_holdoff_us ^= 1;
	board->block.attach.generation = 4;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->block.info.attach_status,
			 NETRA_ATTACH_BAD_CRC);
	assert_int_equal(board->block.info.attach_generation, 4);
	assert_false(netra_producer_attached(&board->producer));
}

static void test_detach_stops(void **state)
{
	struct fake_board *board = *state;
	struct netra_access_unit unit = fake_unit(1, 10, true, 0);
	struct netra_attach attach;
	uint64_t writes;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 9);
	put(board, 2, true);
	writes = board->writes;
	board->block.attach.generation = 0;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->block.info.attach_generation, 0);
	assert_int_equal(board->stops, 1);
	assert_int_equal(netra_producer_put(&board->producer, 2, &unit),
			 NETRA_ERR_STATE);
	board->now_ns += 1000 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->writes, writes);
}

static void test_attach_anew_begins_at_zero(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;
	struct netra_record *record;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 9);
	put(board, 0, true);
	netra_producer_drop(&board->producer, 0);
	put(board, 0, true);
	fake_command(board, NETRA_CMD_PING, 0, 0);
	fake_attach(board, &attach, 10);
	put(board, 0, false);
	assert_int_equal(fake_area(board)->heads.head[0], 1);
	record = fake_arena(board, attach.channel[0].records_offset);
	assert_int_equal(record->sequence, 0);
	assert_int_equal(record->position, 0);
	assert_int_equal(record->lost, 0);
	assert_int_equal(fake_command(board, NETRA_CMD_PING, 0, 0).generation,
			 10);
}

static void test_heartbeat(void **state)
{
	struct fake_board *board = *state;
	struct netra_host_area *area;
	struct netra_attach attach;
	uint64_t wake_ns;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 1);
	area = fake_area(board);
	put(board, 3, true);
	board->producer.channel[3].status.width = 704;
	wake_ns = netra_producer_poll(&board->producer);
	assert_int_equal(area->status.heartbeat, 1);
	assert_int_equal(wake_ns, board->now_ns + NETRA_HEARTBEAT_MS * MS);
	board->now_ns = wake_ns;
	netra_producer_poll(&board->producer);
	assert_int_equal(area->status.heartbeat, 2);
	assert_int_equal(area->status.board_time_ns, board->now_ns);
	assert_int_equal(area->status.state, NETRA_FW_STREAMING);
	assert_int_equal(area->status.interrupts, 1);
	assert_int_equal(area->channel[3].frames, 1);
	assert_int_equal(area->channel[3].bytes, 1000);
	assert_int_equal(area->channel[3].width, 704);
	assert_int_equal(area->channel[3].state, NETRA_CHANNEL_RUNNING);
}

/* Whoever is woken finds the board's time of now, or of not long ago. */
static void test_interrupts_bring_a_heartbeat(void **state)
{
	struct fake_board *board = *state;
	struct netra_host_area *area;
	struct netra_attach attach;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 1);
	area = fake_area(board);
	board->now_ns += NETRA_HEARTBEAT_MS / 2 * MS - 1;
	put(board, 0, true);
	assert_int_equal(area->status.heartbeat, 1);
	board->now_ns += 1;
	put(board, 0, true);
	assert_int_equal(area->status.heartbeat, 2);
	assert_int_equal(area->status.board_time_ns, board->now_ns);
	assert_int_equal(area->channel[0].frames, 2);
	/* The next is due a whole period later. */
	assert_int_equal(netra_producer_poll(&board->producer),
			 board->now_ns + NETRA_HEARTBEAT_MS * MS);
	assert_int_equal(board->interrupts, 2);
}

static void test_host_beat_pauses(void **state)
{
	struct fake_board *board = *state;
	struct netra_access_unit unit = fake_unit(1, 10, true, 0);
	struct netra_access_unit end = { .flags = NETRA_FRAME_END };
	struct netra_attach attach;
	struct netra_record *record;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 1);
	put(board, 0, true);
	board->now_ns += 800 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(netra_producer_put(&board->producer, 0, &unit),
			 NETRA_OK);
	board->now_ns += 100 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(fake_area(board)->status.state, NETRA_FW_PAUSED);
	assert_int_equal(netra_producer_put(&board->producer, 0, &unit),
			 NETRA_ERR_STATE);
	assert_int_equal(netra_producer_put(&board->producer, 0, &end),
			 NETRA_ERR_AGAIN);
	assert_int_equal(fake_area(board)->heads.head[0], 2);
	board->block.posts.host_beat++;
	netra_producer_poll(&board->producer);
	put(board, 0, false);			/* lost, too: not a key frame */
	put(board, 0, true);
	assert_int_equal(fake_area(board)->heads.head[0], 3);
	record = fake_arena(board, attach.channel[0].records_offset);
	assert_int_equal(record[2].lost, 2);
	assert_int_equal(record[2].sequence, 4);
	assert_true(record[2].flags & NETRA_FRAME_DISCONTINUITY);

	attach.host_beat_ms = 0;
	fake_attach(board, &attach, 2);
	board->now_ns += 100000 * MS;
	netra_producer_poll(&board->producer);
	put(board, 0, true);
}

static void test_commands(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;
	struct netra_reply reply;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	attach.channels = 2;
	fake_attach(board, &attach, 1);
	assert_int_equal(fake_command(board, NETRA_CMD_PING, 99, 0).status,
			 NETRA_REPLY_OK);
	assert_int_equal(fake_command(board, NETRA_CMD_COUNT, 0, 0).status,
			 NETRA_REPLY_UNKNOWN);
	assert_int_equal(fake_command(board, NETRA_CMD_START, 2, 0).status,
			 NETRA_REPLY_BAD_CHANNEL);
	assert_int_equal(fake_command(board, NETRA_CMD_RESYNC, 2, 0).status,
			 NETRA_REPLY_BAD_CHANNEL);
	assert_int_equal(board->commands, 0);
	reply = fake_command(board, NETRA_CMD_BIT_RATE, 1, 4000000);
	assert_int_equal(reply.status, NETRA_REPLY_OK);
	assert_int_equal(reply.detail, 77);
	assert_int_equal(board->last_command.opcode, NETRA_CMD_BIT_RATE);
	assert_int_equal(board->last_command.arg[0], 4000000);
	fake_command(board, NETRA_CMD_START, 1, 0);
	assert_int_equal(board->producer.channel[1].status.state,
			 NETRA_CHANNEL_RUNNING);
	board->command_status = NETRA_REPLY_UNSUPPORTED;
	assert_int_equal(fake_command(board, NETRA_CMD_STOP, 1, 0).status,
			 NETRA_REPLY_UNSUPPORTED);
	assert_int_equal(board->producer.channel[1].status.state,
			 NETRA_CHANNEL_RUNNING);
	for (int i = 0; i < 40; i++)
		fake_command(board, NETRA_CMD_PING, 0, 0);
}

static void test_bad_commands(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;
	struct netra_command *slot = board->block.command;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 1);
	/* A head that ran ahead of what slots there are is not followed. */
	board->block.posts.command_head = NETRA_COMMAND_SLOTS + 1;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->producer.command_tail, 0);
	/* Garbage in all slots: each is answered, none is carried out. */
	memset(slot, 0xa5, sizeof(board->block.command));
	board->block.posts.command_head = NETRA_COMMAND_SLOTS;
	netra_producer_poll(&board->producer);
	for (uint32_t i = 0; i < NETRA_COMMAND_SLOTS; i++) {
		assert_int_equal(fake_area(board)->reply[i].id, i);
		assert_int_equal(fake_area(board)->reply[i].status,
				 NETRA_REPLY_BAD_CRC);
	}
	/* A whole command, but of another round. */
	memset(slot, 0, sizeof(*slot));
	slot->id = 3;
	slot->opcode = NETRA_CMD_START;
	slot->crc32c = netra_crc32c(0, slot,
				    offsetof(struct netra_command, crc32c));
	board->block.posts.command_head++;
	netra_producer_poll(&board->producer);
	assert_int_equal(fake_area(board)->reply[0].id, NETRA_COMMAND_SLOTS);
	assert_int_equal(fake_area(board)->reply[0].status,
			 NETRA_REPLY_BAD_CRC);
	/* The right round, but a bit of an argument has turned. */
	slot[1] = slot[0];
	slot[1].id = NETRA_COMMAND_SLOTS + 1;
	slot[1].crc32c = netra_crc32c(0, &slot[1],
				      offsetof(struct netra_command, crc32c));
	slot[1].arg[2] ^= 1;
	board->block.posts.command_head++;
	netra_producer_poll(&board->producer);
	assert_int_equal(fake_area(board)->reply[1].status,
			 NETRA_REPLY_BAD_CRC);
	assert_int_equal(board->commands, 0);
}

static void test_events(void **state)
{
	struct fake_board *board = *state;
	const uint32_t arg[4] = { 1, 2, 3, 4 };
	struct netra_host_area *area;
	struct netra_event_record *event;
	struct netra_attach attach;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 6);
	area = fake_area(board);
	for (uint32_t i = 0; i < NETRA_EVENT_SLOTS + 5; i++)
		netra_producer_event(&board->producer, NETRA_EVENT_FORMAT, 1,
				     arg);
	assert_int_equal(area->heads.event_head, NETRA_EVENT_SLOTS);
	board->block.posts.event_tail = 1;
	netra_producer_event(&board->producer, NETRA_EVENT_SIGNAL_LOST, 2,
			     NULL);
	event = &area->event[0];
	assert_int_equal(event->sequence, NETRA_EVENT_SLOTS);
	assert_int_equal(event->type, NETRA_EVENT_SIGNAL_LOST);
	assert_int_equal(event->channel, 2);
	assert_int_equal(event->lost, 5);
	assert_int_equal(event->generation, 6);
	assert_int_equal(event->board_time_ns, board->now_ns);
	assert_int_equal(event->crc32c, netra_crc32c(0, event, 60));
	assert_int_equal(area->event[1].arg[3], 4);
	/* A tail from nowhere frees nothing. */
	board->block.posts.event_tail = 0x80000000;
	netra_producer_event(&board->producer, NETRA_EVENT_FORMAT, 1, arg);
	assert_int_equal(area->heads.event_head, NETRA_EVENT_SLOTS + 1);
}

static void test_holdoff(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;
	uint64_t wake_ns;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	attach.irq_holdoff_us = 5000;
	fake_attach(board, &attach, 1);
	put(board, 0, true);
	assert_int_equal(board->interrupts, 1);
	board->now_ns += 1 * MS;
	put(board, 0, true);
	put(board, 1, true);
	assert_int_equal(board->interrupts, 1);
	wake_ns = netra_producer_poll(&board->producer);
	assert_int_equal(wake_ns, board->now_ns + 4 * MS);
	board->now_ns = wake_ns;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->interrupts, 2);
	board->now_ns += 5 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(board->interrupts, 2);
}

static void test_refused_transfers(void **state)
{
	struct fake_board *board = *state;
	struct netra_access_unit end = { .flags = NETRA_FRAME_END };
	struct netra_attach attach;
	struct netra_record *record;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 1);
	put(board, 0, true);
	board->refuse_writes = true;
	put(board, 0, true);
	assert_int_equal(netra_producer_put(&board->producer, 0, &end),
			 NETRA_ERR_AGAIN);
	board->now_ns += 100 * MS;
	netra_producer_poll(&board->producer);
	assert_true(board->producer.transfer_faults > 0);
	board->refuse_writes = false;
	put(board, 0, false);
	put(board, 0, true);
	record = fake_arena(board, attach.channel[0].records_offset);
	assert_int_equal(fake_area(board)->heads.head[0], 2);
	assert_int_equal(record[1].lost, 2);
	board->producer.transfer_faults++;
	board->now_ns += 100 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(fake_area(board)->status.fault, NETRA_FAULT_TRANSFER);
	assert_int_equal(fake_area(board)->status.state, NETRA_FW_FAULT);
	board->now_ns += 100 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(fake_area(board)->status.state, NETRA_FW_STREAMING);
}

static uint32_t bent_head(void *context, uint32_t channel, uint32_t head)
{
	(void)context;
	return head + 1000 + channel;
}

static void bent_record(void *context, uint32_t channel,
			struct netra_record *record)
{
	(void)context;
	(void)channel;
	record->length = 0xffffffff;
}

static bool no_heartbeat(void *context)
{
	(void)context;
	return false;
}

static void test_hooks(void **state)
{
	struct fake_board *board = *state;
	struct netra_attach attach;
	struct netra_record *record;

	fake_plan(board, 1, NETRA_SYNC_RING, &attach);
	fake_attach(board, &attach, 1);
	board->hooks.head = bent_head;
	board->hooks.record = bent_record;
	board->hooks.heartbeat = no_heartbeat;
	put(board, 1, true);
	record = fake_arena(board, attach.channel[1].records_offset);
	assert_int_equal(record->length, 0xffffffff);
	assert_int_equal(fake_area(board)->heads.head[1], 1002);
	board->now_ns += 1000 * MS;
	netra_producer_poll(&board->producer);
	assert_int_equal(fake_area(board)->status.heartbeat, 1);
	board->now_ns += 100 * MS;
	memset(&board->hooks, 0, sizeof(board->hooks));
	board->block.posts.host_beat++;
	netra_producer_poll(&board->producer);
	put(board, 1, true);
	assert_int_equal(fake_area(board)->heads.head[1], 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_info),
		TEST(test_long_firmware_name),
		TEST(test_attach),
		TEST(test_attach_refused),
		TEST(test_attach_checksum_and_windows),
		TEST(test_detach_stops),
		TEST(test_attach_anew_begins_at_zero),
		TEST(test_heartbeat),
		TEST(test_interrupts_bring_a_heartbeat),
		TEST(test_host_beat_pauses),
		TEST(test_commands),
		TEST(test_bad_commands),
		TEST(test_events),
		TEST(test_holdoff),
		TEST(test_refused_transfers),
		TEST(test_hooks),
	};

	return cmocka_run_group_tests_name("producer", tests, NULL, NULL);
}
