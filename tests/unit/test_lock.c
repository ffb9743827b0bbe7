/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peterson's lock: its words step by step, the dead owner, and two threads
 * that hammer it. What store buffers could do to it is shown in verify/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <cmocka.h>

#include "core/lock.h"

#define DEAD_NS 1000u
#define ROUNDS 200000u

struct pair {
	struct netra_lock_words words;
	struct netra_lock board;
	struct netra_lock host;
};

static void start(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	netra_lock_init(&p->board, &p->words, NETRA_SIDE_BOARD, DEAD_NS);
	netra_lock_init(&p->host, &p->words, NETRA_SIDE_HOST, DEAD_NS);
}

static void one_at_a_time(void **state)
{
	struct pair p;

	(void)state;
	start(&p);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(p.words.flag[NETRA_SIDE_HOST], 1);
	assert_int_equal(p.words.beat[NETRA_SIDE_HOST], 1);
	assert_int_equal(netra_lock_try(&p.board, 0), NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.board, 1), NETRA_LOCK_BUSY);
	netra_lock_release(&p.host);
	assert_int_equal(netra_lock_try(&p.board, 2), NETRA_LOCK_TAKEN);
	assert_int_equal(p.words.beat[NETRA_SIDE_BOARD], 1);
	netra_lock_release(&p.board);
	assert_int_equal(p.words.flag[0] | p.words.flag[1], 0);
}

/* Who waits goes next, however quick the other comes back. */
static void nobody_starves(void **state)
{
	struct pair p;

	(void)state;
	start(&p);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(netra_lock_try(&p.board, 0), NETRA_LOCK_BUSY);
	netra_lock_release(&p.host);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.board, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_BUSY);
	netra_lock_release(&p.board);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_TAKEN);
}

static void a_wish_can_be_taken_back(void **state)
{
	struct pair p;

	(void)state;
	start(&p);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(netra_lock_try(&p.board, 0), NETRA_LOCK_BUSY);
	netra_lock_release(&p.board);
	netra_lock_release(&p.host);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_TAKEN);
}

static void dead_owner(void **state)
{
	struct pair p;

	(void)state;
	start(&p);
	assert_int_equal(netra_lock_try(&p.board, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(netra_lock_try(&p.host, 5000), NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.host, 5000 + DEAD_NS - 1),
			 NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.host, 5000 + DEAD_NS),
			 NETRA_LOCK_DEAD_OWNER);
	netra_lock_break(&p.host);
	assert_int_equal(netra_lock_try(&p.host, 9000), NETRA_LOCK_TAKEN);
	assert_int_equal(p.words.flag[NETRA_SIDE_BOARD], 0);
}

/* After breaking, a new owner has its full time again. */
static void an_owner_that_comes_back(void **state)
{
	struct pair p;

	(void)state;
	start(&p);
	assert_int_equal(netra_lock_try(&p.board, 0), NETRA_LOCK_TAKEN);
	assert_int_equal(netra_lock_try(&p.host, 0), NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.host, DEAD_NS),
			 NETRA_LOCK_DEAD_OWNER);
	netra_lock_break(&p.host);
	netra_lock_release(&p.board);
	assert_int_equal(netra_lock_try(&p.board, DEAD_NS), NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.host, 2 * DEAD_NS),
			 NETRA_LOCK_BUSY);
	assert_int_equal(netra_lock_try(&p.board, 2 * DEAD_NS),
			 NETRA_LOCK_TAKEN);
	assert_int_equal(netra_lock_try(&p.host, 3 * DEAD_NS - 1),
			 NETRA_LOCK_BUSY);
}

/* An owner whose beat moves is busy, not dead. */
static void a_busy_owner_is_not_dead(void **state)
{
	struct pair p;

	(void)state;
	start(&p);
	p.words.flag[NETRA_SIDE_BOARD] = 1;
	for (uint64_t now = 0; now < 20 * DEAD_NS; now += DEAD_NS / 2) {
		p.words.turn = NETRA_SIDE_HOST;
		assert_int_equal(netra_lock_try(&p.host, now),
				 NETRA_LOCK_BUSY);
		p.words.beat[NETRA_SIDE_BOARD]++;
	}
}

struct side {
	struct netra_lock lock;
	struct shared *shared;
	bool failed;
};

struct shared {
	struct netra_lock_words words;
	uint32_t inside;	/* who is in there now */
	uint64_t count;		/* plain: only the lock protects it */
};

static void *hammer(void *argument)
{
	struct side *side = argument;
	struct shared *shared = side->shared;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t tries = 0;

		while (netra_lock_try(&side->lock, 0) != NETRA_LOCK_TAKEN)
			if (++tries % 1000 == 0)
				sched_yield();
		if (__atomic_add_fetch(&shared->inside, 1, __ATOMIC_RELAXED)
		    != 1)
			side->failed = true;
		shared->count++;
		__atomic_sub_fetch(&shared->inside, 1, __ATOMIC_RELAXED);
		netra_lock_release(&side->lock);
	}
	return NULL;
}

static void two_threads(void **state)
{
	struct shared shared;
	struct side side[2];
	pthread_t thread[2];

	(void)state;
	memset(&shared, 0, sizeof(shared));
	memset(side, 0, sizeof(side));
	for (uint32_t i = 0; i < 2; i++) {
		side[i].shared = &shared;
		netra_lock_init(&side[i].lock, &shared.words, i, UINT64_MAX);
		assert_int_equal(pthread_create(&thread[i], NULL, hammer,
						&side[i]), 0);
	}
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_false(side[0].failed);
	assert_false(side[1].failed);
	assert_int_equal(shared.count, 2 * ROUNDS);
	assert_int_equal(shared.words.beat[0], ROUNDS);
	assert_int_equal(shared.words.beat[1], ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(nobody_starves),
		cmocka_unit_test(a_wish_can_be_taken_back),
		cmocka_unit_test(dead_owner),
		cmocka_unit_test(an_owner_that_comes_back),
		cmocka_unit_test(a_busy_owner_is_not_dead),
		cmocka_unit_test(two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
