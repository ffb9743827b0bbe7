/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rtp_read.h"
#include "streamer/log.h"

static const uint8_t sps[] = { 0x67, 0x42, 0xc0, 0x14, 0xda, 0x05, 0x82, 0x5b,
	0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0,
	0xf1, 0x42, 0xaa };
static const uint8_t pps[] = { 0x68, 0xce, 0x3c, 0x80 };

static uint8_t stream[300000];
static size_t stream_bytes;

static void begin(void)
{
	stream_bytes = 0;
}

static void add(const uint8_t *nal, size_t size)
{
	memcpy(stream + stream_bytes, "\0\0\0\1", 4);
	memcpy(stream + stream_bytes + 4, nal, size);
	stream_bytes += 4 + size;
}

/* A NAL unit of this length without anything like a start code. */
static void add_filled(uint8_t head, size_t size)
{
	static uint8_t nal[100000];

	for (size_t i = 0; i < size; i++)
		nal[i] = (uint8_t)(i % 251 + 1);
	nal[0] = head;
	add(nal, size);
}

static struct netra_packetiser packetiser;

static int set_up(void **state)
{
	const uint32_t random[3] = { 0x01020304, 65530, 0xfffffff0 };

	(void)state;
	netra_packetiser_init(&packetiser, random);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netra_packetiser_free(&packetiser);
	return 0;
}

/* The unit of what was added, checked, with its NAL units in @out. */
static struct netra_unit *make(uint8_t *out, size_t size, size_t *used)
{
	struct rtp_reader reader = { .out = out, .size = size };
	struct netra_unit *unit = netra_packetise(&packetiser, stream,
						  stream_bytes, 90000);

	assert_non_null(unit);
	assert_true(rtp_unit(&reader, unit, 0x01020304));
	*used = reader.used;
	return unit;
}

/* Every length around a packet's: all bytes arrive, in as few packets as can be. */
static void lengths(void **state)
{
	static uint8_t out[200000];
	const size_t most = NETRA_RTP_PACKET_MAX - 12;

	(void)state;
	for (size_t size = 1; size < 3 * most + 10; size += size % most > most - 5 ||
	     size % most < 5 ? 1 : 97) {
		struct netra_unit *unit;
		size_t used;

		begin();
		add_filled(0x41, size);
		unit = make(out, sizeof(out), &used);
		assert_int_equal(used, size + 4);
		assert_memory_equal(out + 4, stream + 4, size);
		assert_int_equal(unit->packets, size <= most ? 1 :
				 (size - 1 + most - 3) / (most - 2));
		assert_false(unit->key);
		free(unit);
	}
}

static void small_ones_share_a_packet(void **state)
{
	uint8_t out[20000];
	struct netra_unit *unit;
	size_t used;

	(void)state;
	begin();
	add_filled(0x09, 2);
	add(sps, sizeof(sps));
	add(pps, sizeof(pps));
	add_filled(0x06, 30);
	add_filled(0x65, 5000);
	unit = make(out, sizeof(out), &used);
	assert_int_equal(unit->packets, 1 + 4);
	/* STAP-A takes the highest importance of what is in it. */
	assert_int_equal(unit->data[16], 0x60 | 24);
	assert_true(unit->key);
	assert_int_equal(used, 5 * 4 + 2 + sizeof(sps) + sizeof(pps) + 30 + 5000);
	/* Sequence numbers wrap, times too. */
	assert_int_equal(unit->sequence, 65530);
	assert_int_equal(packetiser.sequence, 65535);
	assert_int_equal(unit->time, 90000 - 16);
	free(unit);
}

static void key_frames_get_parameter_sets(void **state)
{
	uint8_t out[20000];
	struct netra_unit *unit;
	size_t used;

	(void)state;
	begin();
	add(sps, sizeof(sps));
	add(pps, sizeof(pps));
	add_filled(0x65, 50);
	free(make(out, sizeof(out), &used));
	begin();
	add_filled(0x09, 2);
	add_filled(0x65, 50);
	unit = make(out, sizeof(out), &used);
	assert_int_equal(used, 4 * 4 + 2 + sizeof(sps) + sizeof(pps) + 50);
	assert_int_equal(out[4], 0x09);
	assert_memory_equal(out + 10, sps, sizeof(sps));
	free(unit);
	/* Others do not. */
	begin();
	add_filled(0x41, 50);
	free(make(out, sizeof(out), &used));
	assert_int_equal(used, 54);
}

static void what_cannot_be_sent(void **state)
{
	uint8_t out[2000];
	struct netra_unit *unit;
	size_t used;

	(void)state;
	begin();
	add_filled(28, 10);
	add_filled(24, 10);
	assert_null(netra_packetise(&packetiser, stream, stream_bytes, 0));
	assert_int_equal(packetiser.left_out, 2);
	assert_null(netra_packetise(&packetiser, stream, 0, 0));
	add_filled(0x41, 20);
	unit = make(out, sizeof(out), &used);
	assert_int_equal(used, 24);
	free(unit);
}

static void sets_are_replaced(void **state)
{
	struct netra_sets sets = { 0 };
	struct netra_nal nal = { sps, sizeof(sps), NETRA_NAL_SPS, 3 };
	uint8_t other[sizeof(sps)];

	(void)state;
	assert_false(netra_sets_complete(&sets));
	netra_sets_add(&sets, &(struct netra_nal){ pps, sizeof(pps),
						  NETRA_NAL_PPS, 3 });
	netra_sets_add(&sets, &nal);
	netra_sets_add(&sets, &nal);
	assert_true(netra_sets_complete(&sets));
	assert_int_equal(sets.count, 2);
	memcpy(other, sps, sizeof(sps));
	other[3] = 0x1e;
	nal.data = other;
	netra_sets_add(&sets, &nal);
	assert_int_equal(sets.count, 2);
	assert_int_equal(sets.used, sizeof(sps) + sizeof(pps));
	nal = netra_sets_nal(&sets, 0);
	assert_memory_equal(nal.data, other, sizeof(other));
	nal = netra_sets_nal(&sets, 1);
	assert_memory_equal(nal.data, pps, sizeof(pps));
}

/* ---- the log ------------------------------------------------------------ */

static struct netra_log channel_log;

static void frame(bool key, size_t size, uint64_t now_ns)
{
	struct netra_unit *unit;

	begin();
	add_filled(key ? 0x65 : 0x41, size);
	unit = netra_packetise(&packetiser, stream, stream_bytes, 0);
	assert_non_null(unit);
	netra_log_append(&channel_log, unit, now_ns);
}

static uint32_t read_all(struct netra_log_cursor *cursor)
{
	uint32_t units = 0;

	while (netra_log_next(cursor)) {
		units++;
		netra_log_set(cursor, cursor->unit, cursor->unit->packets);
	}
	return units;
}

static void log_begins_at_the_key_frame(void **state)
{
	struct netra_log_cursor early = { 0 }, late = { 0 };

	(void)state;
	netra_log_init(&channel_log, 1 << 20, 1000);
	netra_log_join(&channel_log, &early);
	assert_false(netra_log_next(&early));
	frame(false, 100, 0);
	assert_false(netra_log_next(&early));
	frame(true, 100, 0);
	frame(false, 100, 0);
	assert_int_equal(read_all(&early), 2);
	frame(true, 100, 0);
	frame(false, 100, 0);
	frame(false, 100, 0);
	netra_log_join(&channel_log, &late);
	assert_int_equal(read_all(&late), 3);
	assert_int_equal(read_all(&early), 3);
	assert_int_equal(early.dropped + late.dropped, 0);
	/* Nothing before the last key frame is kept. */
	frame(false, 100, 0);
	assert_ptr_equal(channel_log.oldest, channel_log.key);
	netra_log_leave(&channel_log, &early);
	netra_log_leave(&channel_log, &late);
	netra_log_free(&channel_log);
}

static void who_comes_after_a_break_waits(void **state)
{
	struct netra_log_cursor early = { 0 }, late = { 0 };

	(void)state;
	netra_log_init(&channel_log, 1 << 20, 1000);
	netra_log_join(&channel_log, &early);
	frame(true, 100, 0);
	frame(false, 100, 0);
	assert_true(netra_log_next(&early));
	netra_log_break(&channel_log);
	netra_log_join(&channel_log, &late);
	assert_false(netra_log_next(&late));
	/* Who was there gets the rest. */
	assert_int_equal(read_all(&early), 2);
	frame(true, 100, 0);
	assert_int_equal(read_all(&early), 1);
	assert_int_equal(read_all(&late), 1);
	assert_int_equal(early.dropped + late.dropped, 0);
	netra_log_leave(&channel_log, &early);
	netra_log_leave(&channel_log, &late);
	netra_log_free(&channel_log);
}

static void late_ones_jump(void **state)
{
	struct netra_log_cursor slow = { 0 }, fast = { 0 };

	(void)state;
	netra_log_init(&channel_log, 1 << 20, 1000);
	netra_log_join(&channel_log, &slow);
	netra_log_join(&channel_log, &fast);
	frame(true, 3000, 0);
	frame(false, 100, 10);
	assert_true(netra_log_next(&slow));
	netra_log_set(&slow, slow.unit, 1);
	assert_int_equal(read_all(&fast), 2);
	frame(true, 100, 1000);		/* not late yet */
	assert_int_equal(slow.unit->number, 0);
	frame(true, 100, 1001);
	assert_int_equal(slow.unit->number, 3);
	assert_int_equal(slow.packet, 0);
	assert_int_equal(slow.dropped, 3);
	assert_int_equal(read_all(&fast), 2);
	assert_int_equal(fast.dropped, 0);
	netra_log_leave(&channel_log, &slow);
	netra_log_leave(&channel_log, &fast);
	netra_log_free(&channel_log);
}

static void memory_is_bounded(void **state)
{
	struct netra_log_cursor slow = { 0 }, fast = { 0 };

	(void)state;
	netra_log_init(&channel_log, 20000, 1000000);
	netra_log_join(&channel_log, &slow);
	netra_log_join(&channel_log, &fast);
	frame(true, 4000, 0);
	assert_int_equal(read_all(&fast), 1);
	for (int i = 0; i < 100; i++) {
		frame(false, 4000, 0);
		assert_true(channel_log.bytes <= 20000);
		assert_int_equal(read_all(&fast), 1);
	}
	/* The key frame had to go: who needed it waits for another one. */
	assert_null(channel_log.key);
	assert_false(netra_log_next(&slow));
	frame(true, 100, 0);
	assert_int_equal(read_all(&slow), 1);
	assert_int_equal(slow.dropped, 101);
	assert_int_equal(read_all(&fast), 1);
	assert_int_equal(fast.dropped, 0);
	netra_log_leave(&channel_log, &slow);
	netra_log_leave(&channel_log, &fast);
	netra_log_free(&channel_log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lengths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(small_ones_share_a_packet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(key_frames_get_parameter_sets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_sent, set_up, tear_down),
		cmocka_unit_test(sets_are_replaced),
		cmocka_unit_test_setup_teardown(log_begins_at_the_key_frame, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_comes_after_a_break_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(late_ones_jump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(memory_is_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
