/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The producer's rings against core/ring.c as the host: what goes in comes
 * out, byte for byte and counted, and nothing unreleased is ever overwritten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc32c.h"
#include "core/ring.h"
#include "fake_board.h"

#define MODEL_MAX 65536u

/* A frame as it was given to the producer, and must be found by the host. */
struct sent {
	const uint8_t *data;
	uint32_t length;
	uint32_t flags;
	uint64_t sequence;
	int64_t dts_90k;
};

struct loop {
	struct fake_board *board;
	struct netra_attach attach;
	struct netra_ring ring[FAKE_CHANNELS];
	struct netra_ring_frame *frames[FAKE_CHANNELS];
	struct sent *sent[FAKE_CHANNELS];	/* by position */
	int64_t dts_90k[FAKE_CHANNELS];
	uint64_t given[FAKE_CHANNELS];		/* to put or drop, ever */
	uint32_t random;
};

static uint32_t dice(struct loop *loop, uint32_t sides)
{
	loop->random = loop->random * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)loop->random * sides) >> 32);
}

static void begin(struct loop *loop, enum netra_sync_mode mode,
		  uint32_t windows)
{
	fake_plan(loop->board, windows, mode, &loop->attach);
	assert_int_equal(fake_attach(loop->board, &loop->attach, 1),
			 NETRA_ATTACH_OK);
	for (uint32_t i = 0; i < FAKE_CHANNELS; i++) {
		const struct netra_channel_layout *l = &loop->attach.channel[i];

		loop->frames[i] = calloc(1u << l->records_log2,
					 sizeof(*loop->frames[i]));
		loop->sent[i] = calloc(MODEL_MAX, sizeof(*loop->sent[i]));
		assert_non_null(loop->frames[i]);
		assert_non_null(loop->sent[i]);
		netra_ring_init(&loop->ring[i], l,
				fake_arena(loop->board, l->records_offset),
				loop->frames[i]);
	}
}

static int setup(void **state)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	assert_non_null(loop);
	loop->board = fake_board_new();
	loop->random = 1;
	*state = loop;
	return 0;
}

static int teardown(void **state)
{
	struct loop *loop = *state;

	for (uint32_t i = 0; i < FAKE_CHANNELS; i++) {
		free(loop->frames[i]);
		free(loop->sent[i]);
	}
	fake_board_free(loop->board);
	free(loop);
	return 0;
}

static struct netra_producer_channel *channel(struct loop *loop, uint32_t i)
{
	return &loop->board->producer.channel[i];
}

/* Put a unit; on success the model knows it. */
static enum netra_error give(struct loop *loop, uint32_t c, uint32_t length,
			     uint32_t flags)
{
	struct netra_access_unit unit =
		fake_unit(dice(loop, 1u << 20), length, false,
			  loop->dts_90k[c]);
	uint32_t head = channel(loop, c)->head;
	enum netra_error error;

	unit.flags = flags;
	error = netra_producer_put(&loop->board->producer, c, &unit);
	if (error == NETRA_ERR_AGAIN)
		return error;
	loop->dts_90k[c] += 3000;
	loop->given[c]++;
	if (channel(loop, c)->head != head) {
		assert_true(head < MODEL_MAX);
		loop->sent[c][head] = (struct sent){
			unit.data, length, flags, loop->given[c] - 1,
			unit.dts_90k
		};
	}
	return error;
}

static void check_bytes(struct loop *loop, const struct sent *sent,
			uint32_t offset)
{
	/* Windows are scattered: compare piece by piece. */
	for (uint32_t done = 0; done < sent->length;) {
		uint32_t at = offset + done;
		uint32_t part = FAKE_WINDOW_BYTES -
			(at & (FAKE_WINDOW_BYTES - 1));

		if (part > sent->length - done)
			part = sent->length - done;
		assert_memory_equal(fake_arena(loop->board, at),
				    sent->data + done, part);
		done += part;
	}
}

/* Every frame the host has not released is whole and the one that was sent. */
static void check_ring(struct loop *loop, uint32_t c)
{
	struct netra_ring *ring = &loop->ring[c];

	for (uint32_t p = ring->tail; p != ring->head; p++) {
		const struct netra_ring_frame *frame =
			netra_ring_frame(ring, p);
		const struct sent *sent = &loop->sent[c][p];

		assert_non_null(frame);
		assert_int_equal(frame->sequence, sent->sequence);
		assert_int_equal(frame->length, sent->length);
		assert_int_equal(frame->flags & ~NETRA_FRAME_DISCONTINUITY,
				 sent->flags);
		assert_int_equal(!!(frame->flags & NETRA_FRAME_DISCONTINUITY),
				 frame->lost > 0);
		assert_int_equal(frame->dts_90k, sent->dts_90k);
		assert_int_equal(frame->offset % NETRA_FRAME_ALIGN, 0);
		assert_int_equal(frame->data_crc32c,
				 netra_crc32c(0, sent->data, sent->length));
		check_bytes(loop, sent, frame->offset);
	}
}

static void discover(struct loop *loop, uint32_t c)
{
	netra_ring_advance(&loop->ring[c],
			   fake_area(loop->board)->heads.head[c]);
	assert_int_equal(loop->ring[c].fault, NETRA_RING_OK);
}

static void post_tail(struct loop *loop, uint32_t c, uint32_t tail)
{
	loop->board->block.posts.tail[c] = tail;
}

static void test_random(void **state)
{
	struct loop *loop = *state;
	uint64_t lost = 0;

	begin(loop, NETRA_SYNC_RING, 3);
	for (int i = 0; i < 30000; i++) {
		uint32_t c = dice(loop, FAKE_CHANNELS);
		uint32_t length = 1 + dice(loop, dice(loop, 20) ? 9000 : 150000);
		uint32_t flags = dice(loop, 10) ? 0 : NETRA_FRAME_KEY;

		if (give(loop, c, length, flags) == NETRA_ERR_AGAIN) {
			netra_producer_drop(&loop->board->producer, c);
			loop->dts_90k[c] += 3000;
			loop->given[c]++;
		}
		if (dice(loop, 2))
			continue;
		c = dice(loop, FAKE_CHANNELS);
		discover(loop, c);
		if (!dice(loop, 8))
			check_ring(loop, c);
		if (!dice(loop, 3))
			post_tail(loop, c, netra_ring_reclaim(&loop->ring[c],
				loop->ring[c].head - dice(loop, 30)));
	}
	for (uint32_t c = 0; c < FAKE_CHANNELS; c++) {
		discover(loop, c);
		check_ring(loop, c);
		lost += loop->ring[c].lost_total;
		assert_int_equal(loop->ring[c].frames_total +
				 loop->ring[c].lost_total +
				 channel(loop, c)->lost_now, loop->given[c]);
		assert_true(loop->ring[c].head >
			    2u << loop->attach.channel[c].records_log2);
		assert_int_equal(channel(loop, c)->bad_tails, 0);
	}
	assert_true(lost > 100);	/* or the test did not press */
	/* What the whole design is for. */
	assert_int_equal(loop->board->reads, 0);
}

/* The record as it lies in memory, relative to the data region. */
static uint32_t placed_at(struct loop *loop, uint32_t c, uint32_t position)
{
	const struct netra_channel_layout *l = &loop->attach.channel[c];
	const struct netra_record *record = fake_arena(loop->board,
		l->records_offset + position * (uint32_t)sizeof(*record));

	assert_int_equal(record->position, position);
	return record->offset - l->data_offset;
}

static void test_placement(void **state)
{
	struct loop *loop = *state;
	uint32_t size;

	begin(loop, NETRA_SYNC_RING, 3);
	size = loop->attach.channel[1].data_size;
	assert_int_equal(give(loop, 1, size - 640, 1), NETRA_OK);
	assert_int_equal(give(loop, 1, 100, 0), NETRA_OK);
	/* 512 are left, from size - 512 on: filled to the brim. */
	assert_int_equal(give(loop, 1, 513, 0), NETRA_ERR_AGAIN);
	assert_int_equal(give(loop, 1, 512, 0), NETRA_OK);
	assert_int_equal(give(loop, 1, 1, 0), NETRA_ERR_AGAIN);
	discover(loop, 1);
	check_ring(loop, 1);
	assert_int_equal(placed_at(loop, 1, 1), size - 640);
	assert_int_equal(placed_at(loop, 1, 2), size - 512);
	post_tail(loop, 1, 1);
	assert_int_equal(give(loop, 1, size - 640, 0), NETRA_OK);
	assert_int_equal(give(loop, 1, 1, 0), NETRA_ERR_AGAIN);
	assert_int_equal(placed_at(loop, 1, 3), 0);
	post_tail(loop, 1, 3);
	/* 640 at the end are too few: the frame goes on at the beginning, */
	assert_int_equal(give(loop, 1, 641, 0), NETRA_ERR_AGAIN);
	/* where there is room only once all is released; */
	post_tail(loop, 1, 4);
	assert_int_equal(give(loop, 1, 641, 0), NETRA_OK);
	assert_int_equal(placed_at(loop, 1, 4), 0);
	post_tail(loop, 1, 5);
	/* and an empty ring takes the largest frame, wherever it stands. */
	assert_int_equal(give(loop, 1, size, 0), NETRA_OK);
	assert_int_equal(placed_at(loop, 1, 5), 0);
}

static void test_skipped_bytes_are_released(void **state)
{
	struct loop *loop = *state;
	uint32_t size;

	begin(loop, NETRA_SYNC_RING, 1);
	size = loop->attach.channel[0].data_size;
	/* Each third frame skips the fifth that is left of the region. */
	for (uint32_t i = 0; i < 2000; i++) {
		assert_int_equal(give(loop, 0, size / 5 * 2, 1), NETRA_OK);
		post_tail(loop, 0, i);		/* all but the newest */
	}
}

static void test_record_slots(void **state)
{
	struct loop *loop = *state;
	uint32_t slots;

	begin(loop, NETRA_SYNC_RING, 1);
	slots = 1u << loop->attach.channel[0].records_log2;
	for (uint32_t i = 0; i < slots; i++)
		assert_int_equal(give(loop, 0, 1, 1), NETRA_OK);
	assert_int_equal(give(loop, 0, 1, 1), NETRA_ERR_AGAIN);
	assert_int_equal(give(loop, 0, 0, NETRA_FRAME_END), NETRA_ERR_AGAIN);
	discover(loop, 0);
	check_ring(loop, 0);
	post_tail(loop, 0, 1);
	assert_int_equal(give(loop, 0, 1, 1), NETRA_OK);
	assert_int_equal(give(loop, 0, 1, 1), NETRA_ERR_AGAIN);
}

static void test_drop(void **state)
{
	struct loop *loop = *state;
	struct netra_event_record *event;

	begin(loop, NETRA_SYNC_RING, 1);
	event = fake_area(loop->board)->event;
	/* Nothing is missing before a stream that begins without a key. */
	assert_int_equal(give(loop, 0, 100, 0), NETRA_OK);
	netra_producer_drop(&loop->board->producer, 0);
	loop->given[0]++;
	loop->dts_90k[0] += 3000;
	assert_int_equal(give(loop, 0, 100, 0), NETRA_OK);	/* lost */
	assert_int_equal(channel(loop, 0)->head, 1);
	assert_int_equal(give(loop, 0, 100, NETRA_FRAME_KEY), NETRA_OK);
	assert_int_equal(give(loop, 0, 100, 0), NETRA_OK);
	discover(loop, 0);
	check_ring(loop, 0);
	assert_int_equal(loop->ring[0].lost_total, 2);
	assert_int_equal(netra_ring_frame(&loop->ring[0], 1)->lost, 2);
	assert_int_equal(netra_ring_frame(&loop->ring[0], 2)->lost, 0);
	assert_int_equal(fake_area(loop->board)->heads.event_head, 1);
	assert_int_equal(event[0].type, NETRA_EVENT_OVERRUN);
	assert_int_equal(event[0].channel, 0);
	assert_int_equal(event[0].arg[0], 2);
	assert_int_equal(channel(loop, 0)->status.lost, 2);
}

static void test_end(void **state)
{
	struct loop *loop = *state;
	uint32_t size;

	begin(loop, NETRA_SYNC_RING, 1);
	size = loop->attach.channel[2].data_size;
	assert_int_equal(give(loop, 2, 100, NETRA_FRAME_KEY), NETRA_OK);
	netra_producer_drop(&loop->board->producer, 2);
	loop->given[2]++;
	/* The end passes although a loss waits for a key frame. */
	assert_int_equal(give(loop, 2, 0, NETRA_FRAME_END), NETRA_OK);
	discover(loop, 2);
	check_ring(loop, 2);
	assert_true(loop->ring[2].ended);
	assert_int_equal(loop->ring[2].lost_total, 1);
	assert_int_equal(channel(loop, 2)->status.state, NETRA_CHANNEL_ENDED);
	assert_int_equal(channel(loop, 2)->status.frames, 1);
	/* It takes no bytes: all of them are there for a new start. */
	post_tail(loop, 2, 1);
	assert_int_equal(give(loop, 2, size - 128, NETRA_FRAME_KEY), NETRA_OK);
	assert_int_equal(give(loop, 2, 128, 0), NETRA_OK);
	assert_int_equal(give(loop, 2, 1, 0), NETRA_ERR_AGAIN);
}

static void test_resync(void **state)
{
	struct loop *loop = *state;

	begin(loop, NETRA_SYNC_RING, 1);
	for (int i = 0; i < 5; i++)
		give(loop, 3, 5000, NETRA_FRAME_KEY);
	discover(loop, 3);
	netra_ring_resync(&loop->ring[3]);
	post_tail(loop, 3, 0);
	assert_int_equal(fake_command(loop->board, NETRA_CMD_RESYNC, 3,
				      0).status, NETRA_REPLY_OK);
	assert_int_equal(fake_area(loop->board)->heads.head[3], 0);
	discover(loop, 3);
	assert_int_equal(give(loop, 3, 100, 0), NETRA_OK);
	assert_int_equal(fake_area(loop->board)->heads.head[3], 0);
	assert_int_equal(give(loop, 3, 100, NETRA_FRAME_KEY), NETRA_OK);
	discover(loop, 3);
	check_ring(loop, 3);
	assert_int_equal(netra_ring_frame(&loop->ring[3], 0)->sequence, 6);
	assert_int_equal(netra_ring_frame(&loop->ring[3], 0)->lost, 1);
	/* The others did not notice. */
	assert_int_equal(give(loop, 0, 100, 0), NETRA_OK);
	discover(loop, 0);
	assert_int_equal(loop->ring[0].lost_total, 0);
}

static void test_hostile_tail(void **state)
{
	struct loop *loop = *state;
	static const uint32_t wild[] = {
		4, 100, 0x7fffffff, 0x80000000, 0xffffffff, 0, 1,
	};

	begin(loop, NETRA_SYNC_RING, 1);
	for (int i = 0; i < 3; i++)
		give(loop, 0, 60000, NETRA_FRAME_KEY);
	discover(loop, 0);
	post_tail(loop, 0, 2);
	assert_int_equal(give(loop, 0, 200000, 0), NETRA_ERR_AGAIN);
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		post_tail(loop, 0, wild[i]);
		assert_int_equal(give(loop, 0, 200000, 0), NETRA_ERR_AGAIN);
		assert_int_equal(channel(loop, 0)->tail, 2);
		assert_int_equal(channel(loop, 0)->bad_tails, i + 1);
	}
	check_ring(loop, 0);
	post_tail(loop, 0, 3);
	assert_int_equal(give(loop, 0, 200000, 0), NETRA_OK);
}

static void test_invalid_units(void **state)
{
	struct loop *loop = *state;
	struct netra_access_unit unit = fake_unit(0, 10, true, 0);
	struct netra_producer *producer = &loop->board->producer;

	begin(loop, NETRA_SYNC_RING, 1);
	unit.pts_90k = unit.dts_90k - 1;
	assert_int_equal(netra_producer_put(producer, 0, &unit),
			 NETRA_ERR_INVALID);
	unit = fake_unit(0, 0, true, 0);
	assert_int_equal(netra_producer_put(producer, 0, &unit),
			 NETRA_ERR_INVALID);
	unit = fake_unit(0, 10, true, 0);
	unit.flags |= NETRA_FRAME_END;
	assert_int_equal(netra_producer_put(producer, 0, &unit),
			 NETRA_ERR_INVALID);
	unit.flags = 0x20;
	assert_int_equal(netra_producer_put(producer, 0, &unit),
			 NETRA_ERR_INVALID);
	unit = fake_unit(0, loop->attach.channel[0].data_size + 1, true, 0);
	assert_int_equal(netra_producer_put(producer, 0, &unit),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_producer_put(producer, FAKE_CHANNELS, &unit),
			 NETRA_ERR_STATE);
	assert_int_equal(channel(loop, 0)->status.lost, 5);
	assert_int_equal(channel(loop, 0)->head, 0);
}

static void test_too_many_records(void **state)
{
	struct loop *loop = *state;
	struct fake_board *board = loop->board;
	struct netra_attach *attach = &loop->attach;

	netra_producer_init(&board->producer, &board->block,
			    board->producer.ops, NULL, board, 5, 0xb800, "", 1);
	fake_plan(board, 4, NETRA_SYNC_RING, attach);
	board->ob_size = 3;
	attach->window_log2 = 23;
	attach->channels = 5;
	for (uint32_t i = 0; i < 5; i++) {
		board->ob_index[i] = 0x70000001u + (i << 23);
		attach->channel[i] = (struct netra_channel_layout){
			0x4000 + i * 0x480000, 16, 0x404000 + i * 0x480000,
			0x80000,
		};
	}
	assert_int_equal(fake_attach(board, attach, 1),
			 NETRA_ATTACH_BAD_LAYOUT);
	/* The board's memory is what refused it, not the layout. */
	attach->channels = 4;
	board->refuse_writes = true;
	assert_int_equal(fake_attach(board, attach, 2), NETRA_ATTACH_OK);
}

/* The order of writes within a put, with a fence between each two kinds. */
enum kind { KIND_NONE, KIND_DATA, KIND_RECORD, KIND_HEAD };

struct order {
	const struct netra_channel_layout *layout;
	enum kind last;
	uint64_t fences;
	uint32_t heads;
};

static void watch_order(struct fake_board *board, bool write, uint32_t offset,
			uint32_t length)
{
	struct order *order = board->test;
	enum kind kind = KIND_HEAD;

	assert_true(write);
	if (offset >= order->layout->data_offset)
		kind = KIND_DATA;
	else if (offset >= order->layout->records_offset)
		kind = KIND_RECORD;
	else
		assert_int_equal(length, 4);
	assert_true(kind >= order->last);
	if (kind != order->last && order->last != KIND_NONE)
		assert_true(board->fences > order->fences);
	order->fences = board->fences;
	order->last = kind;
	order->heads += kind == KIND_HEAD;
}

static void test_order(void **state)
{
	struct loop *loop = *state;
	struct order order = { 0 };

	begin(loop, NETRA_SYNC_RING, 2);
	order.layout = &loop->attach.channel[1];
	loop->board->test = &order;
	loop->board->on_access = watch_order;
	for (uint32_t i = 1; i <= 20; i++) {
		order.last = KIND_NONE;
		assert_int_equal(give(loop, 1, 1 + dice(loop, 90000),
				      NETRA_FRAME_KEY), NETRA_OK);
		assert_int_equal(order.last, KIND_HEAD);
		assert_int_equal(order.heads, i);
		post_tail(loop, 1, i);
	}
	assert_int_equal(loop->board->interrupts, 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_random),
		TEST(test_placement),
		TEST(test_skipped_bytes_are_released),
		TEST(test_record_slots),
		TEST(test_drop),
		TEST(test_end),
		TEST(test_resync),
		TEST(test_hostile_tail),
		TEST(test_invalid_units),
		TEST(test_too_many_records),
		TEST(test_order),
	};

	return cmocka_run_group_tests_name("producer_ring", tests, NULL, NULL);
}
