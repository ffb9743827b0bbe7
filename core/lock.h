/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peterson's two-process lock over words in the shared area, one side's view.
 * Memory is shared with a bus master, so waits are bounded in time and a dead
 * owner is taken over from. Proven in verify/lock.pml.
 */
#ifndef NETRA_LOCK_H
#define NETRA_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

enum netra_lock_result {
	NETRA_LOCK_BUSY = 0,	/* call again */
	NETRA_LOCK_TAKEN = 1,
	NETRA_LOCK_DEAD_OWNER = 2,	/* owner showed no life for the bound */
};

struct netra_lock {
	struct netra_lock_words *words;
	uint32_t side;		/* NETRA_SIDE_* */
	bool wanting;
	uint32_t seen_beat;	/* other side's beat when the wait began */
	uint64_t since_ns;
	uint64_t dead_after_ns;
};

/** netra_lock_init() - @dead_after_ns: how long an owner may hold it unmoved. */
void netra_lock_init(struct netra_lock *lock, struct netra_lock_words *words,
		     uint32_t side, uint64_t dead_after_ns);

/**
 * netra_lock_try() - One attempt; the first one announces the wish.
 *
 * NETRA_LOCK_BUSY: call again later, the place in the queue is kept.
 * NETRA_LOCK_DEAD_OWNER: the caller decides whether to netra_lock_break().
 * Never spins; callable at any interrupt level by one context at a time.
 */
enum netra_lock_result netra_lock_try(struct netra_lock *lock, uint64_t now_ns);

/** netra_lock_release() - Give up the lock, or the wish for it. */
void netra_lock_release(struct netra_lock *lock);

/**
 * netra_lock_break() - Clear a dead owner's flag, so that the next try takes it.
 *
 * Only when the owner is known not to run (its heartbeat stopped, or its
 * generation is over): mutual exclusion rests on that knowledge.
 */
void netra_lock_break(struct netra_lock *lock);

#endif
