/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring consumer against a board that errs in each way there is, and one
 * that writes whatever it likes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ring_board.h"

/* Each way to break a record, applied to the third of four. */
struct damage {
	const char *name;
	enum netra_ring_fault fault;
	void (*apply)(struct netra_record *r);
	bool sealed;		/* with a good checksum */
};

#define DAMAGE(name, statement) \
	static void name(struct netra_record *r) { statement; }

DAMAGE(nothing_written, memset(r, 0, sizeof(*r)))
DAMAGE(all_ones, memset(r, 0xff, sizeof(*r)))
DAMAGE(torn, r->pts_90k++)
DAMAGE(crc_flipped, r->record_crc32c ^= 1)
DAMAGE(of_last_round, r->position -= ENTRIES)
DAMAGE(of_next_position, r->position++)
DAMAGE(flag_unknown, r->flags |= 0x20)
DAMAGE(flag_top_bit, r->flags |= 0x80000000u)
DAMAGE(sequence_skips, r->sequence++)
DAMAGE(sequence_repeats, r->sequence--)
DAMAGE(sequence_far, r->sequence = UINT64_MAX)
DAMAGE(lost_unexplained, r->lost = 1)
DAMAGE(lost_more_than_64_bits_tell, r->sequence += UINT64_C(1) << 32)
DAMAGE(offset_zero, r->offset = 0)
DAMAGE(offset_before, r->offset = DATA_OFFSET - 64)
DAMAGE(offset_at_end, r->offset = DATA_OFFSET + DATA_SIZE)
DAMAGE(offset_last_line, r->offset = DATA_OFFSET + DATA_SIZE - 64)
DAMAGE(offset_wild, r->offset = 0xffffffc0u)
DAMAGE(offset_askew, r->offset += 1)
DAMAGE(offset_on_frame_in_use, r->offset = DATA_OFFSET)
DAMAGE(length_zero, r->length = 0)
DAMAGE(length_too_long, r->length = DATA_SIZE)
DAMAGE(length_wraps, r->length = 0u - r->offset + 64)
DAMAGE(length_all_ones, r->length = 0xffffffffu)
DAMAGE(end_with_data, r->flags |= NETRA_FRAME_END)
DAMAGE(dts_above_pts, r->dts_90k = r->pts_90k + 1)
DAMAGE(dts_repeats, r->dts_90k -= 3000)
DAMAGE(dts_back, r->dts_90k -= 3001)
DAMAGE(dts_least, r->dts_90k = INT64_MIN)
DAMAGE(pts_most, r->pts_90k = INT64_MAX)

static const struct damage damages[] = {
	{ "nothing written", NETRA_RING_RECORD_TORN, nothing_written, false },
	{ "all ones", NETRA_RING_RECORD_TORN, all_ones, false },
	{ "torn", NETRA_RING_RECORD_TORN, torn, false },
	{ "checksum", NETRA_RING_RECORD_TORN, crc_flipped, false },
	{ "last round", NETRA_RING_RECORD_STALE, of_last_round, true },
	{ "next", NETRA_RING_RECORD_STALE, of_next_position, true },
	{ "flag", NETRA_RING_FLAGS_UNKNOWN, flag_unknown, true },
	{ "top flag", NETRA_RING_FLAGS_UNKNOWN, flag_top_bit, true },
	{ "skip", NETRA_RING_SEQUENCE_WRONG, sequence_skips, true },
	{ "repeat", NETRA_RING_SEQUENCE_WRONG, sequence_repeats, true },
	{ "far", NETRA_RING_SEQUENCE_WRONG, sequence_far, true },
	{ "lost", NETRA_RING_SEQUENCE_WRONG, lost_unexplained, true },
	{ "64 bits", NETRA_RING_SEQUENCE_WRONG, lost_more_than_64_bits_tell,
	  true },
	{ "offset 0", NETRA_RING_RANGE_WRONG, offset_zero, true },
	{ "before", NETRA_RING_RANGE_WRONG, offset_before, true },
	{ "at end", NETRA_RING_RANGE_WRONG, offset_at_end, true },
	{ "last line", NETRA_RING_RANGE_WRONG, offset_last_line, true },
	{ "wild", NETRA_RING_RANGE_WRONG, offset_wild, true },
	{ "askew", NETRA_RING_RANGE_WRONG, offset_askew, true },
	{ "in use", NETRA_RING_RANGE_WRONG, offset_on_frame_in_use, true },
	{ "length 0", NETRA_RING_RANGE_WRONG, length_zero, true },
	{ "too long", NETRA_RING_RANGE_WRONG, length_too_long, true },
	{ "wraps", NETRA_RING_RANGE_WRONG, length_wraps, true },
	{ "ones", NETRA_RING_RANGE_WRONG, length_all_ones, true },
	{ "end with data", NETRA_RING_RANGE_WRONG, end_with_data, true },
	{ "dts > pts", NETRA_RING_TIME_WRONG, dts_above_pts, true },
	{ "dts =", NETRA_RING_TIME_WRONG, dts_repeats, true },
	{ "dts back", NETRA_RING_TIME_WRONG, dts_back, true },
	{ "dts least", NETRA_RING_TIME_WRONG, dts_least, true },
	{ "pts most", NETRA_RING_TIME_WRONG, pts_most, true },
};

static void each_damage_is_classified(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *d = &damages[i];
		struct netra_record *bad;
		struct ring_board b;

		ring_board_start(&b);
		ring_board_put(&b, 200, NETRA_FRAME_KEY, 0);
		ring_board_put(&b, 200, 0, 0);
		bad = ring_board_put(&b, 200, 0, 0);
		ring_board_put(&b, 200, 0, 0);
		d->apply(bad);
		if (d->sealed)
			ring_board_seal(bad);
		/* the two before it are taken, it and what follows is not */
		if (ring_board_look(&b) != 2 || b.ring.fault != d->fault)
			fail_msg("%s: fault %d", d->name, (int)b.ring.fault);
		assert_int_equal(netra_ring_used_bytes(&b.ring), 512);
		assert_non_null(netra_ring_frame(&b.ring, 1));
		assert_null(netra_ring_frame(&b.ring, 2));
		/* and it stays so, even if the record is mended */
		b.head = 2;
		b.at = 512;
		b.sequence = 2;
		b.dts = 6000;
		ring_board_put(&b, 200, 0, 0);
		assert_int_equal(ring_board_look(&b), 0);
		assert_int_equal(b.ring.fault, d->fault);
	}
}

static void wrong_heads(void **state)
{
	static const struct {
		uint32_t by;
		enum netra_ring_fault fault;
	} cases[] = {
		{ ENTRIES - 2 + 1, NETRA_RING_HEAD_JUMPED },
		{ 0x7fffffff, NETRA_RING_HEAD_JUMPED },
		{ 0x80000000, NETRA_RING_HEAD_BACK },
		{ (uint32_t)-1, NETRA_RING_HEAD_BACK },
		{ (uint32_t)-2, NETRA_RING_HEAD_BACK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ring_board b;

		ring_board_start(&b);
		ring_board_put(&b, 64, NETRA_FRAME_KEY, 0);
		ring_board_put(&b, 64, 0, 0);
		assert_int_equal(ring_board_look(&b), 2);
		assert_int_equal(netra_ring_advance(&b.ring,
						    b.head + cases[i].by), 0);
		assert_int_equal(b.ring.fault, cases[i].fault);
		/* what was taken before stays */
		assert_non_null(netra_ring_frame(&b.ring, 1));
	}
}

static void check_invariants(const struct ring_board *b)
{
	const struct netra_ring *ring = &b->ring;
	uint32_t in_use = ring->head - ring->tail;
	uint64_t used = 0;

	assert_true(in_use <= ENTRIES);
	if (ring->have_key)
		assert_true(ring->key - ring->tail < in_use);
	for (uint32_t p = ring->tail; p != ring->head; p++) {
		const struct netra_ring_frame *f = netra_ring_frame(ring, p);

		assert_non_null(f);
		assert_true(f->offset >= DATA_OFFSET);
		assert_true(f->length <= DATA_SIZE);
		assert_true((uint64_t)f->offset + f->length <=
			    DATA_OFFSET + DATA_SIZE);
		assert_int_equal(f->flags & ~NETRA_FRAME_FLAGS_ALL, 0);
		used += f->room_bytes;
	}
	assert_true(used <= DATA_SIZE);
	assert_int_equal(used, netra_ring_used_bytes(ring));
}

static uint32_t random32(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*x >> 32);
}

/* A board that mostly keeps the protocol and sometimes does not, mostly with
 * good checksums: whatever it does, the invariants hold. */
static void hostile_board(void **state)
{
	uint64_t x = 7;
	uint32_t faults[NETRA_RING_FAULT_COUNT] = { 0 };
	struct ring_board b;

	(void)state;
	ring_board_start(&b);
	for (int i = 0; i < 200000; i++) {
		struct netra_record *r;
		uint32_t *word;
		uint32_t what = random32(&x) % 64;

		r = ring_board_put(&b, random32(&x) % 3000 + 1,
			random32(&x) % 8 ? 0 : NETRA_FRAME_KEY,
			what == 1 ? random32(&x) : 0);
		word = (uint32_t *)r;
		if (what == 0)
			word[random32(&x) % 15] = random32(&x);
		if (what == 2)
			r->offset = DATA_OFFSET + (random32(&x) % DATA_SIZE &
						   ~63u);
		ring_board_seal(r);
		if (what == 3)
			r->record_crc32c ^= 1u << random32(&x) % 32;
		if (what == 4)
			b.head += random32(&x);
		ring_board_look(&b);
		check_invariants(&b);
		netra_ring_reclaim(&b.ring, b.ring.tail + random32(&x) % 20);
		if (random32(&x) % 4)
			netra_ring_reclaim(&b.ring, b.ring.head);
		check_invariants(&b);
		faults[b.ring.fault]++;
		if (b.ring.fault) {
			netra_ring_resync(&b.ring);
			b.head = 0;
			b.at = 0;
			b.sequence = b.ring.next_sequence;
			b.dts = 0;
		}
	}
	for (int i = 0; i < NETRA_RING_FAULT_COUNT; i++)
		assert_true(faults[i] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_damage_is_classified),
		cmocka_unit_test(wrong_heads),
		cmocka_unit_test(hostile_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
