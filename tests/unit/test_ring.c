/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring consumer against a board that keeps the protocol: what comes out,
 * what is kept and what goes back, over the ends of everything that wraps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ring_board.h"

static void frames_come_out_as_written(void **state)
{
	struct ring_board b;
	const struct netra_ring_frame *f;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 1000, NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS, 0);
	ring_board_put(&b, 100, 0, 0);
	assert_int_equal(ring_board_look(&b), 2);
	assert_int_equal(ring_board_look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_OK);
	f = netra_ring_frame(&b.ring, 0);
	assert_non_null(f);
	assert_int_equal(f->offset, DATA_OFFSET);
	assert_int_equal(f->length, 1000);
	assert_int_equal(f->flags, NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS);
	assert_int_equal(f->dts_90k, 3000);
	assert_int_equal(f->pts_90k, 9000);
	assert_int_equal(f->board_time_ns, 1000);
	assert_int_equal(f->duration_90k, 3000);
	assert_int_equal(f->data_crc32c, 0xabcd);
	f = netra_ring_frame(&b.ring, 1);
	assert_int_equal(f->offset, DATA_OFFSET + 1024);
	assert_int_equal(f->sequence, 1);
	assert_null(netra_ring_frame(&b.ring, 2));
	assert_null(netra_ring_frame(&b.ring, UINT32_MAX));
	assert_int_equal(b.ring.frames_total, 2);
	assert_int_equal(b.ring.bytes_total, 1100);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 1024 + 128);
}

/* What was checked is what is used, also when the board writes again. */
static void later_writes_change_nothing(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(ring_board_look(&b), 1);
	memset(b.records, 0xff, sizeof(b.records));
	assert_int_equal(netra_ring_frame(&b.ring, 0)->length, 64);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->offset, DATA_OFFSET);
}

static void losses_are_counted_and_marked(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 3);	/* lost before the first one */
	ring_board_put(&b, 64, 0, 0);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 7);
	assert_int_equal(ring_board_look(&b), 3);
	assert_int_equal(b.ring.lost_total, 10);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->sequence, 3);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->lost, 3);
	assert_int_equal(netra_ring_frame(&b.ring, 1)->flags, 0);
	/* marked, although the board forgot to */
	assert_int_equal(netra_ring_frame(&b.ring, 2)->flags,
			 NETRA_FRAME_KEY | NETRA_FRAME_DISCONTINUITY);
}

static void a_full_ring_is_taken_whole(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	for (uint32_t i = 0; i < ENTRIES; i++)
		ring_board_put(&b, DATA_SIZE / ENTRIES, i ? 0 : NETRA_FRAME_KEY, 0);
	assert_int_equal(ring_board_look(&b), ENTRIES);
	assert_int_equal(netra_ring_used_bytes(&b.ring), DATA_SIZE);
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_HEAD_JUMPED);
}

/* Long runs over the ends of index, record ring and data region. */
static void wrap_everything(void **state)
{
	static const uint32_t lengths[] = { 64, 1, 4000, 129, 2500, 63, 3000 };
	struct ring_board b;

	(void)state;
	ring_board_start_at(&b, 0xffffffffu - 40);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t length = lengths[i % 7];

		ring_board_put(&b, length, i % 10 ? 0 : NETRA_FRAME_KEY, 0);
		assert_int_equal(ring_board_look(&b), 1);
		assert_int_equal(b.ring.fault, NETRA_RING_OK);
		assert_int_equal(netra_ring_frame(&b.ring, b.head - 1)->length,
				 length);
		netra_ring_forget_key(&b.ring);
		assert_int_equal(netra_ring_reclaim(&b.ring, b.head - (i & 1)),
				 b.head - (i & 1));
	}
	assert_int_equal(b.ring.frames_total, 1000);
	netra_ring_reclaim(&b.ring, b.head);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0);
}

/* Used bytes are what a board that counts its padding counts. */
static void padding_counts(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 0x1000, NETRA_FRAME_KEY, 0);
	ring_board_put(&b, 0x1000, 0, 0);
	ring_board_put(&b, 0x1000, 0, 0);
	assert_int_equal(ring_board_look(&b), 3);
	netra_ring_forget_key(&b.ring);
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 2);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0x1000);
	ring_board_put(&b, 0x1800, 0, 0);		/* skips 0x1000 at the region's end */
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0x3800);
	assert_int_equal(netra_ring_frame(&b.ring, 3)->offset, DATA_OFFSET);
	/* one line more would run into the frame at 0x2000 */
	ring_board_put(&b, 0x801, 0, 0);
	assert_int_equal(ring_board_look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_RANGE_WRONG);
}

/* In an empty ring what is skipped is not missed. */
static void a_large_frame_in_an_empty_ring(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 0x1000, 0, 0);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(netra_ring_reclaim(&b.ring, 1), 1);
	ring_board_put(&b, DATA_SIZE, 0, 0);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(b.ring.fault, NETRA_RING_OK);
	assert_int_equal(netra_ring_used_bytes(&b.ring), DATA_SIZE);
}

static void the_key_frame_is_kept(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, 0, 0);
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 2);	/* no key yet */
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 4), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 2);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(netra_ring_reclaim(&b.ring, 3), 3);	/* a reader is behind */
	assert_int_equal(netra_ring_reclaim(&b.ring, 5), 4);
	netra_ring_forget_key(&b.ring);
	assert_int_equal(netra_ring_reclaim(&b.ring, 5), 5);
	/* wishes out of range: below the tail keeps all, above the head none */
	ring_board_put(&b, 64, 0, 0);
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 1), 5);
	assert_int_equal(netra_ring_reclaim(&b.ring, 1000), 7);
}

static void pressure_by_records(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	for (uint32_t i = 1; i < 12; i++)
		ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 12);
	/* three quarters are in use: still bearable */
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 0);
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 1);
	/* a slow reader loses the oldest one, the key frame */
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 1);
	assert_false(b.ring.have_key);
	assert_null(netra_ring_frame(&b.ring, 0));
	assert_non_null(netra_ring_frame(&b.ring, 1));
	/* and without it nothing holds back what nobody needs */
	assert_int_equal(netra_ring_reclaim(&b.ring, 13), 13);
}

static void pressure_by_bytes(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 0x1000, NETRA_FRAME_KEY, 0);
	ring_board_put(&b, 0x1000, 0, 0);
	ring_board_put(&b, 0x1000, 0, 0);
	assert_int_equal(ring_board_look(&b), 3);
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 0);
	ring_board_put(&b, 1, 0, 0);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 1);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0x2040);
}

/* The key goes under pressure; then a reader at the head frees all the rest. */
static void pressure_takes_a_kept_key(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	for (uint32_t i = 1; i < 13; i++)
		ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 13);
	assert_int_equal(netra_ring_reclaim(&b.ring, 13), 13);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0);
}

static void the_end(void **state)
{
	struct netra_record *r;
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	r = ring_board_put(&b, 0, NETRA_FRAME_END, 0);
	r->dts_90k = 0;			/* an end mark has no time */
	r->pts_90k = 0;
	ring_board_seal(r);
	assert_int_equal(ring_board_look(&b), 2);
	assert_true(b.ring.ended);
	assert_int_equal(b.ring.frames_total, 1);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 64);
	/* late readers still find the last picture, then the end */
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 0);
	/* started again: times may begin anew */
	b.dts = -3000;
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(b.ring.fault, NETRA_RING_OK);
	assert_false(b.ring.ended);
	/* an end mark in an empty ring, and one that says it is a key frame */
	netra_ring_reclaim(&b.ring, 3);
	ring_board_put(&b, 0, NETRA_FRAME_END | NETRA_FRAME_KEY, 2);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(b.ring.key, 2);
	assert_int_equal(b.ring.lost_total, 2);
}

static void resync(void **state)
{
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 2);
	assert_int_equal(netra_ring_advance(&b.ring, 1000), 0);
	netra_ring_resync(&b.ring);
	assert_int_equal(b.ring.fault, NETRA_RING_OK);
	assert_null(netra_ring_frame(&b.ring, 0));
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0);
	/* the board lost 5 on the way, and its times jumped */
	b.head = 0;
	b.at = 0;
	b.sequence = 7;
	b.dts = -900000;
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(ring_board_look(&b), 1);
	assert_int_equal(b.ring.lost_total, 5);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->lost, 5);
	assert_true(netra_ring_frame(&b.ring, 0)->flags &
		    NETRA_FRAME_DISCONTINUITY);
	assert_int_equal(b.ring.frames_total, 3);
	/* from here on the rules are as before */
	b.sequence++;
	ring_board_put(&b, 64, 0, 0);
	assert_int_equal(ring_board_look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_SEQUENCE_WRONG);
	/* a sequence number that was there before is wrong after resync, too */
	netra_ring_resync(&b.ring);
	b.head = 0;
	b.sequence = 7;
	ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(ring_board_look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_SEQUENCE_WRONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_as_written),
		cmocka_unit_test(later_writes_change_nothing),
		cmocka_unit_test(losses_are_counted_and_marked),
		cmocka_unit_test(a_full_ring_is_taken_whole),
		cmocka_unit_test(wrap_everything),
		cmocka_unit_test(padding_counts),
		cmocka_unit_test(a_large_frame_in_an_empty_ring),
		cmocka_unit_test(the_key_frame_is_kept),
		cmocka_unit_test(pressure_by_records),
		cmocka_unit_test(pressure_by_bytes),
		cmocka_unit_test(pressure_takes_a_kept_key),
		cmocka_unit_test(the_end),
		cmocka_unit_test(resync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
