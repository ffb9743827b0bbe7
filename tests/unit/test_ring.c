/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring consumer against a board that keeps the protocol, one that errs in
 * each way there is, and one that writes whatever it likes.
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

#define LOG2 4u
#define ENTRIES (1u << LOG2)
#define DATA_OFFSET 0x8000u
#define DATA_SIZE 0x4000u

/* A ring in memory, and a board that fills it. */
struct board {
	struct netra_record records[ENTRIES];
	struct netra_ring_frame frames[ENTRIES];
	struct netra_ring ring;
	uint32_t head;
	uint32_t at;		/* next free byte of the data region */
	uint64_t sequence;
	int64_t dts;
};

static void start_at(struct board *b, uint32_t position)
{
	static const struct netra_channel_layout layout = {
		.records_offset = 0x4000,
		.records_log2 = LOG2,
		.data_offset = DATA_OFFSET,
		.data_size = DATA_SIZE,
	};

	memset(b, 0, sizeof(*b));
	netra_ring_init(&b->ring, &layout, b->records, b->frames);
	b->ring.head = position;
	b->ring.tail = position;
	b->head = position;
}

static void start(struct board *b)
{
	start_at(b, 0);
}

static struct netra_record *record_at(struct board *b, uint32_t position)
{
	return &b->records[position % ENTRIES];
}

static void seal(struct netra_record *r)
{
	r->record_crc32c = netra_crc32c(0, r, offsetof(struct netra_record,
						       record_crc32c));
}

/* Write the next record as the protocol has it; the head is not told yet. */
static struct netra_record *put(struct board *b, uint32_t length,
				uint32_t flags, uint32_t lost)
{
	struct netra_record *r = record_at(b, b->head);
	uint32_t span = (length + 63) & ~63u;

	if (b->at + span > DATA_SIZE)
		b->at = 0;
	b->sequence += lost;
	b->dts += 3000;
	memset(r, 0, sizeof(*r));
	r->sequence = b->sequence++;
	r->board_time_ns = 1000 + r->sequence;
	r->dts_90k = b->dts;
	r->pts_90k = b->dts + 6000;
	r->offset = DATA_OFFSET + b->at;
	r->length = length;
	r->flags = flags;
	r->lost = lost;
	r->duration_90k = 3000;
	r->data_crc32c = 0xabcd;
	r->position = b->head++;
	seal(r);
	b->at = (b->at + span) % DATA_SIZE;
	return r;
}

static uint32_t look(struct board *b)
{
	return netra_ring_advance(&b->ring, b->head);
}

static void frames_come_out_as_written(void **state)
{
	struct board b;
	const struct netra_ring_frame *f;

	(void)state;
	start(&b);
	put(&b, 1000, NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS, 0);
	put(&b, 100, 0, 0);
	assert_int_equal(look(&b), 2);
	assert_int_equal(look(&b), 0);
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
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(look(&b), 1);
	memset(b.records, 0xff, sizeof(b.records));
	assert_int_equal(netra_ring_frame(&b.ring, 0)->length, 64);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->offset, DATA_OFFSET);
}

static void losses_are_counted_and_marked(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, NETRA_FRAME_KEY, 3);	/* lost before the first one */
	put(&b, 64, 0, 0);
	put(&b, 64, NETRA_FRAME_KEY, 7);
	assert_int_equal(look(&b), 3);
	assert_int_equal(b.ring.lost_total, 10);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->sequence, 3);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->lost, 3);
	assert_int_equal(netra_ring_frame(&b.ring, 1)->flags, 0);
	/* marked, although the board forgot to */
	assert_int_equal(netra_ring_frame(&b.ring, 2)->flags,
			 NETRA_FRAME_KEY | NETRA_FRAME_DISCONTINUITY);
}

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
		struct board b;

		start(&b);
		put(&b, 200, NETRA_FRAME_KEY, 0);
		put(&b, 200, 0, 0);
		bad = put(&b, 200, 0, 0);
		put(&b, 200, 0, 0);
		d->apply(bad);
		if (d->sealed)
			seal(bad);
		/* the two before it are taken, it and what follows is not */
		if (look(&b) != 2 || b.ring.fault != d->fault)
			fail_msg("%s: fault %d", d->name, (int)b.ring.fault);
		assert_int_equal(netra_ring_used_bytes(&b.ring), 512);
		assert_non_null(netra_ring_frame(&b.ring, 1));
		assert_null(netra_ring_frame(&b.ring, 2));
		/* and it stays so, even if the record is mended */
		b.head = 2;
		b.at = 512;
		b.sequence = 2;
		b.dts = 6000;
		put(&b, 200, 0, 0);
		assert_int_equal(look(&b), 0);
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
		struct board b;

		start(&b);
		put(&b, 64, NETRA_FRAME_KEY, 0);
		put(&b, 64, 0, 0);
		assert_int_equal(look(&b), 2);
		assert_int_equal(netra_ring_advance(&b.ring,
						    b.head + cases[i].by), 0);
		assert_int_equal(b.ring.fault, cases[i].fault);
		/* what was taken before stays */
		assert_non_null(netra_ring_frame(&b.ring, 1));
	}
}

static void a_full_ring_is_taken_whole(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	for (uint32_t i = 0; i < ENTRIES; i++)
		put(&b, DATA_SIZE / ENTRIES, i ? 0 : NETRA_FRAME_KEY, 0);
	assert_int_equal(look(&b), ENTRIES);
	assert_int_equal(netra_ring_used_bytes(&b.ring), DATA_SIZE);
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_HEAD_JUMPED);
}

/* Long runs over the ends of index, record ring and data region. */
static void wrap_everything(void **state)
{
	static const uint32_t lengths[] = { 64, 1, 4000, 129, 2500, 63, 3000 };
	struct board b;

	(void)state;
	start_at(&b, 0xffffffffu - 40);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t length = lengths[i % 7];

		put(&b, length, i % 10 ? 0 : NETRA_FRAME_KEY, 0);
		assert_int_equal(look(&b), 1);
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
	struct board b;

	(void)state;
	start(&b);
	put(&b, 0x1000, NETRA_FRAME_KEY, 0);
	put(&b, 0x1000, 0, 0);
	put(&b, 0x1000, 0, 0);
	assert_int_equal(look(&b), 3);
	netra_ring_forget_key(&b.ring);
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 2);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0x1000);
	put(&b, 0x1800, 0, 0);		/* skips 0x1000 at the region's end */
	assert_int_equal(look(&b), 1);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0x3800);
	assert_int_equal(netra_ring_frame(&b.ring, 3)->offset, DATA_OFFSET);
	/* one line more would run into the frame at 0x2000 */
	put(&b, 0x801, 0, 0);
	assert_int_equal(look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_RANGE_WRONG);
}

/* In an empty ring what is skipped is not missed. */
static void a_large_frame_in_an_empty_ring(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	put(&b, 0x1000, 0, 0);
	assert_int_equal(look(&b), 1);
	assert_int_equal(netra_ring_reclaim(&b.ring, 1), 1);
	put(&b, DATA_SIZE, 0, 0);
	assert_int_equal(look(&b), 1);
	assert_int_equal(b.ring.fault, NETRA_RING_OK);
	assert_int_equal(netra_ring_used_bytes(&b.ring), DATA_SIZE);
}

static void the_key_frame_is_kept(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, 0, 0);
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 2);	/* no key yet */
	put(&b, 64, NETRA_FRAME_KEY, 0);
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 4), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 2);
	put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(look(&b), 1);
	assert_int_equal(netra_ring_reclaim(&b.ring, 3), 3);	/* a reader is behind */
	assert_int_equal(netra_ring_reclaim(&b.ring, 5), 4);
	netra_ring_forget_key(&b.ring);
	assert_int_equal(netra_ring_reclaim(&b.ring, 5), 5);
	/* wishes out of range: below the tail keeps all, above the head none */
	put(&b, 64, 0, 0);
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 2);
	assert_int_equal(netra_ring_reclaim(&b.ring, 1), 5);
	assert_int_equal(netra_ring_reclaim(&b.ring, 1000), 7);
}

static void pressure_by_records(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, NETRA_FRAME_KEY, 0);
	for (uint32_t i = 1; i < 12; i++)
		put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 12);
	/* three quarters are in use: still bearable */
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 0);
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 1);
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
	struct board b;

	(void)state;
	start(&b);
	put(&b, 0x1000, NETRA_FRAME_KEY, 0);
	put(&b, 0x1000, 0, 0);
	put(&b, 0x1000, 0, 0);
	assert_int_equal(look(&b), 3);
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 0);
	put(&b, 1, 0, 0);
	assert_int_equal(look(&b), 1);
	assert_int_equal(netra_ring_reclaim(&b.ring, 0), 1);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0x2040);
}

/* The key goes under pressure; then a reader at the head frees all the rest. */
static void pressure_takes_a_kept_key(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, NETRA_FRAME_KEY, 0);
	for (uint32_t i = 1; i < 13; i++)
		put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 13);
	assert_int_equal(netra_ring_reclaim(&b.ring, 13), 13);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 0);
}

static void the_end(void **state)
{
	struct netra_record *r;
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, NETRA_FRAME_KEY, 0);
	r = put(&b, 0, NETRA_FRAME_END, 0);
	r->dts_90k = 0;			/* an end mark has no time */
	r->pts_90k = 0;
	seal(r);
	assert_int_equal(look(&b), 2);
	assert_true(b.ring.ended);
	assert_int_equal(b.ring.frames_total, 1);
	assert_int_equal(netra_ring_used_bytes(&b.ring), 64);
	/* late readers still find the last picture, then the end */
	assert_int_equal(netra_ring_reclaim(&b.ring, 2), 0);
	/* started again: times may begin anew */
	b.dts = -3000;
	put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(look(&b), 1);
	assert_int_equal(b.ring.fault, NETRA_RING_OK);
	assert_false(b.ring.ended);
	/* an end mark in an empty ring, and one that says it is a key frame */
	netra_ring_reclaim(&b.ring, 3);
	put(&b, 0, NETRA_FRAME_END | NETRA_FRAME_KEY, 2);
	assert_int_equal(look(&b), 1);
	assert_int_equal(b.ring.key, 2);
	assert_int_equal(b.ring.lost_total, 2);
}

static void resync(void **state)
{
	struct board b;

	(void)state;
	start(&b);
	put(&b, 64, NETRA_FRAME_KEY, 0);
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 2);
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
	put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(look(&b), 1);
	assert_int_equal(b.ring.lost_total, 5);
	assert_int_equal(netra_ring_frame(&b.ring, 0)->lost, 5);
	assert_true(netra_ring_frame(&b.ring, 0)->flags &
		    NETRA_FRAME_DISCONTINUITY);
	assert_int_equal(b.ring.frames_total, 3);
	/* from here on the rules are as before */
	b.sequence++;
	put(&b, 64, 0, 0);
	assert_int_equal(look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_SEQUENCE_WRONG);
	/* a sequence number that was there before is wrong after resync, too */
	netra_ring_resync(&b.ring);
	b.head = 0;
	b.sequence = 7;
	put(&b, 64, NETRA_FRAME_KEY, 0);
	assert_int_equal(look(&b), 0);
	assert_int_equal(b.ring.fault, NETRA_RING_SEQUENCE_WRONG);
}

static void check_invariants(const struct board *b)
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
	struct board b;

	(void)state;
	start(&b);
	for (int i = 0; i < 200000; i++) {
		struct netra_record *r;
		uint32_t *word;
		uint32_t what = random32(&x) % 64;

		r = put(&b, random32(&x) % 3000 + 1,
			random32(&x) % 8 ? 0 : NETRA_FRAME_KEY,
			what == 1 ? random32(&x) : 0);
		word = (uint32_t *)r;
		if (what == 0)
			word[random32(&x) % 15] = random32(&x);
		if (what == 2)
			r->offset = DATA_OFFSET + (random32(&x) % DATA_SIZE &
						   ~63u);
		seal(r);
		if (what == 3)
			r->record_crc32c ^= 1u << random32(&x) % 32;
		if (what == 4)
			b.head += random32(&x);
		look(&b);
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
		cmocka_unit_test(frames_come_out_as_written),
		cmocka_unit_test(later_writes_change_nothing),
		cmocka_unit_test(losses_are_counted_and_marked),
		cmocka_unit_test(each_damage_is_classified),
		cmocka_unit_test(wrong_heads),
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
		cmocka_unit_test(hostile_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
