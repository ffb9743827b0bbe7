/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands and replies, events: good, late, out of order, forged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/crc32c.h"
#include "core/mailbox.h"

#define GENERATION 77u

static struct netra_mailbox mailbox;
static struct netra_reply replies[NETRA_COMMAND_SLOTS];

static int start(void **state)
{
	(void)state;
	netra_mailbox_init(&mailbox, GENERATION);
	memset(replies, 0, sizeof(replies));
	return 0;
}

static uint32_t post(uint64_t deadline_ns)
{
	const struct netra_command_request request = {
		.opcode = NETRA_CMD_BIT_RATE,
		.channel = 3,
		.arg = { 2000000, 1, 2, 3 },
	};
	struct netra_command wire;
	uint32_t id;

	assert_int_equal(netra_mailbox_post(&mailbox, &request, deadline_ns,
					    &wire, &id), NETRA_OK);
	assert_int_equal(wire.id, id);
	assert_int_equal(wire.opcode, NETRA_CMD_BIT_RATE);
	assert_int_equal(wire.channel, 3);
	assert_int_equal(wire.arg[0], 2000000);
	assert_int_equal(wire.arg[3], 3);
	assert_int_equal(wire.crc32c, netra_crc32c(0, &wire, 60));
	return id;
}

static struct netra_reply *answer(uint32_t id, uint32_t status)
{
	struct netra_reply *r = &replies[id % NETRA_COMMAND_SLOTS];

	memset(r, 0, sizeof(*r));
	r->id = id;
	r->status = status;
	r->detail = id + 1000;
	r->generation = GENERATION;
	r->crc32c = netra_crc32c(0, r, 28);
	return r;
}

static void expect(uint64_t now_ns, uint32_t id, enum netra_error error)
{
	struct netra_command_result result;

	assert_true(netra_mailbox_settle(&mailbox, replies, now_ns, &result));
	assert_int_equal(result.id, id);
	assert_int_equal(result.error, error);
	assert_int_equal(result.detail,
			 error == NETRA_ERR_TIMEOUT ? 0 : id + 1000);
}

static void expect_none(uint64_t now_ns)
{
	struct netra_command_result result;

	assert_false(netra_mailbox_settle(&mailbox, replies, now_ns, &result));
}

static void answered(void **state)
{
	uint32_t id = post(100);

	(void)state;
	expect_none(0);
	answer(id, NETRA_REPLY_OK);
	expect(0, id, NETRA_OK);
	expect_none(1000);
	id = post(100);
	answer(id, NETRA_REPLY_UNSUPPORTED);
	expect(0, id, NETRA_ERR_REFUSED);
	id = post(100);
	answer(id, 0xdeadbeef);		/* a status nobody defined */
	expect(0, id, NETRA_ERR_REFUSED);
	assert_int_equal(mailbox.bad_replies, 0);
	assert_int_equal(mailbox.timeouts, 0);
}

static void out_of_order(void **state)
{
	uint32_t a = post(100), b = post(50), c = post(200);

	(void)state;
	assert_int_equal(netra_mailbox_deadline(&mailbox), 50);
	answer(c, NETRA_REPLY_OK);
	expect(0, c, NETRA_OK);
	answer(b, NETRA_REPLY_OK);
	expect(0, b, NETRA_OK);
	assert_int_equal(netra_mailbox_deadline(&mailbox), 100);
	expect(100, a, NETRA_ERR_TIMEOUT);
	assert_int_equal(netra_mailbox_deadline(&mailbox), 0);
	assert_int_equal(mailbox.tail, 3);
}

/* The board falls silent: each command fails at its bound, none before. */
static void overdue(void **state)
{
	uint32_t a = post(100), b = post(200);

	(void)state;
	expect_none(99);
	expect(100, a, NETRA_ERR_TIMEOUT);
	expect_none(199);
	expect(200, b, NETRA_ERR_TIMEOUT);
	assert_int_equal(mailbox.timeouts, 2);
	assert_int_equal(mailbox.bad_replies, 0);
	/* the answer that comes too late is nobody's */
	answer(a, NETRA_REPLY_OK);
	expect_none(300);
}

static void slots_run_out(void **state)
{
	const struct netra_command_request request = { 0 };
	struct netra_command wire;
	uint32_t id;

	(void)state;
	for (uint32_t i = 0; i < NETRA_COMMAND_SLOTS; i++)
		assert_int_equal(post(100), i);
	assert_int_equal(netra_mailbox_post(&mailbox, &request, 1, &wire, &id),
			 NETRA_ERR_AGAIN);
	/* a slot in the middle does not help: ids are positions */
	answer(5, NETRA_REPLY_OK);
	expect(0, 5, NETRA_OK);
	assert_int_equal(netra_mailbox_post(&mailbox, &request, 1, &wire, &id),
			 NETRA_ERR_AGAIN);
	answer(0, NETRA_REPLY_OK);
	expect(0, 0, NETRA_OK);
	assert_int_equal(post(100), NETRA_COMMAND_SLOTS);
	/* the old answer in its slot is not its own, nor a bad one */
	expect_none(0);
	mailbox.slot[0].deadline_ns = 1;
	expect(1, NETRA_COMMAND_SLOTS, NETRA_ERR_TIMEOUT);
	assert_int_equal(mailbox.bad_replies, 0);
}

static void positions_wrap(void **state)
{
	(void)state;
	mailbox.head = mailbox.tail = 0xfffffffe;
	for (int i = 0; i < 5; i++) {
		uint32_t id = post(100);

		answer(id, NETRA_REPLY_OK);
		expect(0, id, NETRA_OK);
	}
	assert_int_equal(mailbox.tail, 3);
}

static void forged_replies(void **state)
{
	uint32_t id = post(100);

	(void)state;
	answer(id, NETRA_REPLY_OK)->status = 1;		/* torn */
	expect_none(0);
	expect(100, id, NETRA_ERR_TIMEOUT);
	assert_int_equal(mailbox.bad_replies, 1);

	id = post(100);
	answer(id, NETRA_REPLY_OK)->generation = GENERATION - 1;
	replies[id].crc32c = netra_crc32c(0, &replies[id], 28);
	expect_none(0);
	expect(100, id, NETRA_ERR_TIMEOUT);
	assert_int_equal(mailbox.bad_replies, 2);

	id = post(100);
	answer(id, NETRA_REPLY_OK)->id = id + 1;
	replies[id].crc32c = netra_crc32c(0, &replies[id], 28);
	expect_none(0);
	expect(100, id, NETRA_ERR_TIMEOUT);
	assert_int_equal(mailbox.bad_replies, 3);

	id = post(100);
	memset(replies, 0xff, sizeof(replies));
	expect_none(0);
	expect(100, id, NETRA_ERR_TIMEOUT);
	assert_int_equal(mailbox.bad_replies, 4);
}

/* ---- events ------------------------------------------------------------- */

#define CHANNELS 16u

static struct netra_event_record ring[NETRA_EVENT_SLOTS];

static struct netra_event_record *event(uint32_t position, uint32_t type,
					uint32_t channel)
{
	struct netra_event_record *e = &ring[position % NETRA_EVENT_SLOTS];

	memset(e, 0, sizeof(*e));
	e->sequence = position;
	e->type = type;
	e->channel = channel;
	e->lost = 2;
	e->board_time_ns = UINT64_C(0x123456789);
	e->arg[3] = 9;
	e->generation = GENERATION;
	e->crc32c = netra_crc32c(0, e, 60);
	return e;
}

static void events_in_order(void **state)
{
	struct netra_event_info info;
	struct netra_events events;

	(void)state;
	netra_events_init(&events, GENERATION);
	event(0, NETRA_EVENT_SIGNAL_LOST, 15);
	event(1, NETRA_EVENT_ENDED, NETRA_EVENT_BOARD);
	assert_true(netra_events_next(&events, ring, 2, CHANNELS, &info));
	assert_int_equal(info.type, NETRA_EVENT_SIGNAL_LOST);
	assert_int_equal(info.channel, 15);
	assert_int_equal(info.lost, 2);
	assert_true(info.board_time_ns == UINT64_C(0x123456789));
	assert_int_equal(info.arg[3], 9);
	assert_true(netra_events_next(&events, ring, 2, CHANNELS, &info));
	assert_int_equal(info.channel, NETRA_EVENT_BOARD);
	assert_false(netra_events_next(&events, ring, 2, CHANNELS, &info));
	assert_int_equal(events.position, 2);
	assert_int_equal(events.lost, 4);
	assert_int_equal(events.bad, 0);
}

static void bad_events_are_skipped(void **state)
{
	struct netra_event_info info;
	struct netra_events events;
	uint32_t n = 0;

	(void)state;
	netra_events_init(&events, GENERATION);
	event(n++, NETRA_EVENT_FAULT, 0)->arg[0]++;	/* torn */
	event(n++, 0, 0);
	event(n++, NETRA_EVENT_ENDED + 1, 0);
	event(n++, NETRA_EVENT_FAULT, CHANNELS);
	event(n, NETRA_EVENT_FAULT, 0)->generation++;
	ring[n].crc32c = netra_crc32c(0, &ring[n], 60);
	n++;
	event(n, NETRA_EVENT_FAULT, 0)->sequence++;
	ring[n].crc32c = netra_crc32c(0, &ring[n], 60);
	n++;
	event(n++, NETRA_EVENT_OVERRUN, 4);
	assert_true(netra_events_next(&events, ring, n, CHANNELS, &info));
	assert_int_equal(info.type, NETRA_EVENT_OVERRUN);
	assert_int_equal(events.bad, 6);
	assert_false(netra_events_next(&events, ring, n, CHANNELS, &info));
}

/* A wild index costs what lay between, once; no loop runs after it. */
static void wild_event_head(void **state)
{
	struct netra_event_info info;
	struct netra_events events;

	(void)state;
	netra_events_init(&events, GENERATION);
	assert_false(netra_events_next(&events, ring, 0x80000000, CHANNELS,
				       &info));
	assert_int_equal(events.bad, 1);
	assert_false(netra_events_next(&events, ring, 3, CHANNELS, &info));
	assert_int_equal(events.position, 3);
	event(3, NETRA_EVENT_FORMAT, 1);
	assert_true(netra_events_next(&events, ring, 4, CHANNELS, &info));
	/* a full ring is no wild index */
	for (uint32_t i = 0; i < NETRA_EVENT_SLOTS; i++)
		event(4 + i, NETRA_EVENT_FORMAT, 1);
	for (uint32_t i = 0; i < NETRA_EVENT_SLOTS; i++)
		assert_true(netra_events_next(&events, ring,
					      4 + NETRA_EVENT_SLOTS, CHANNELS,
					      &info));
	assert_int_equal(events.bad, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answered, start),
		cmocka_unit_test_setup(out_of_order, start),
		cmocka_unit_test_setup(overdue, start),
		cmocka_unit_test_setup(slots_run_out, start),
		cmocka_unit_test_setup(positions_wrap, start),
		cmocka_unit_test_setup(forged_replies, start),
		cmocka_unit_test(events_in_order),
		cmocka_unit_test(bad_events_are_skipped),
		cmocka_unit_test(wild_event_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
