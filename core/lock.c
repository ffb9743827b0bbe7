/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peterson's lock, one side's view. One context at a time per struct
 * netra_lock; the words are shared with the other side.
 *
 * To want the lock, a side raises its flag and then says that it yields
 * (turn = itself). It owns the lock once the other side does not want it, or
 * yielded later. This holds only if the stores are visible before the loads
 * that follow: a processor's store buffer breaks that, so a full barrier
 * stands between. Over PCIe the board gets the same from reading through the
 * path its writes took: a read pushes posted writes ahead of itself.
 */
#include "bytes.h"
#include "lock.h"

void netra_lock_init(struct netra_lock *lock, struct netra_lock_words *words,
		     uint32_t side, uint64_t dead_after_ns)
{
	__builtin_memset(lock, 0, sizeof(*lock));
	lock->words = words;
	lock->side = side;
	lock->dead_after_ns = dead_after_ns;
}

static void announce(struct netra_lock *lock, uint64_t now_ns)
{
	struct netra_lock_words *words = lock->words;

	netra_write32(&words->flag[lock->side], 1);
	netra_write32_release(&words->turn, lock->side);
	netra_fence();
	lock->wanting = true;
	lock->seen_beat = netra_read32(&words->beat[!lock->side]);
	lock->since_ns = now_ns;
}

enum netra_lock_result netra_lock_try(struct netra_lock *lock, uint64_t now_ns)
{
	struct netra_lock_words *words = lock->words;
	uint32_t other = !lock->side;
	uint32_t beat;

	if (!lock->wanting)
		announce(lock, now_ns);
	if (!netra_read32_acquire(&words->flag[other]) ||
	    netra_read32_acquire(&words->turn) != lock->side) {
		beat = netra_read32(&words->beat[lock->side]);
		netra_write32(&words->beat[lock->side], beat + 1);
		return NETRA_LOCK_TAKEN;
	}
	beat = netra_read32(&words->beat[other]);
	if (beat != lock->seen_beat) {
		lock->seen_beat = beat;
		lock->since_ns = now_ns;
	}
	if (now_ns - lock->since_ns >= lock->dead_after_ns)
		return NETRA_LOCK_DEAD_OWNER;
	return NETRA_LOCK_BUSY;
}

void netra_lock_release(struct netra_lock *lock)
{
	netra_write32_release(&lock->words->flag[lock->side], 0);
	lock->wanting = false;
}

void netra_lock_break(struct netra_lock *lock)
{
	netra_write32_release(&lock->words->flag[!lock->side], 0);
	netra_fence();
	lock->wanting = false;	/* the next try announces, and waits, anew */
}
