/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peterson's lock between host and board (docs/protocol.md, section 10).
 *
 *   host    netra_lock_try, netra_lock_release          core/lock.c
 *   board   netra_producer_lock, netra_producer_unlock, announce, break_lock
 *                                                       board/producer_lock.c
 *
 * Stores do not reach memory at once. Each side has a queue of stores, and a
 * process of its own drains it whenever it likes: on the host this is the
 * store buffer of a TSO processor, on the board the posted writes on their
 * way over PCIe. A load looks at memory (own stores in the queue first, where
 * it matters). netra_fence() waits for the host's queue to drain; a read by
 * the board does so by itself, as PCIe never lets a read pass posted writes.
 *
 * Guarded is a counter that both sides increment by load and store, as they
 * do with head and tail: an increment that gets lost is an error as well.
 *
 * The host may die at any moment, for good, holding the lock or only wanting
 * it. The board's 500 ms bound is modelled by what it stands for: break_lock
 * is possible only when the host is dead.
 *
 * Properties: mutual exclusion and the counter (assertions); no state without
 * a way on (invalid end states); with -DHOST_PROGRESS a living host that wants
 * the lock gets it again and again, with -DBOARD_PROGRESS the board does, dead
 * host or not (no non-progress cycles, weak fairness).
 *
 * Seeded bugs, each must be found: NO_FENCE, NO_PUSH, TURN_FIRST, TURN_OTHER,
 * RELEASE_EARLY, BREAK_ALIVE, NO_BREAK (with BOARD_PROGRESS), NO_WITHDRAW
 * (with a board that stops trying, HOST_PROGRESS).
 */
#define BOARD 0
#define HOST 1
#define LOOKS 2

#define FLAG_BOARD 0		/* mem[side] is the side's flag */
#define FLAG_HOST 1
#define TURN 2
#define COUNTER 3

#define QUEUE 4

byte mem[4];
chan queue0 = [QUEUE] of { byte, byte };
chan queue1 = [QUEUE] of { byte, byte };

byte inside;			/* sides inside the lock: at most one */
byte counted;			/* what the counter must be, mod 4 */
bool dead;			/* the host */
bool quit;			/* the board's source gave up (NO_WITHDRAW) */

inline host_store(address, value)
{
	queue1!address,value
}

inline board_store(address, value)
{
	queue0!address,value
}

inline host_fence()
{
#ifndef NO_FENCE
	empty(queue1)
#else
	skip
#endif
}

/* A read by the board pushes its posted writes ahead of itself. */
inline board_push()
{
#ifndef NO_PUSH
	empty(queue0)
#else
	skip
#endif
}

/* The work both sides do under the lock. */
inline enter()
{
	d_step {
		inside++;
		assert(inside == 1)
	}
}

active proctype drain_board()
{
	byte address, value;

end:	do
	:: d_step { queue0?address,value -> mem[address] = value }
	od
}

active proctype drain_host()
{
	byte address, value;

end:	do
	:: d_step { queue1?address,value -> mem[address] = value }
	od
}

active proctype host()
{
	byte seen;
	bool own_turn;
	byte rounds = 0;

	do
#ifdef BOARD_PROGRESS
	:: rounds == 2 -> goto died		/* it rests */
	:: rounds < 2 ->
		rounds++;
#else
	:: true ->
#endif
		/* announce() */
#ifdef TURN_FIRST
		host_store(TURN, HOST);
		host_store(FLAG_HOST, 1);
#else
		host_store(FLAG_HOST, 1);
#ifdef TURN_OTHER
		host_store(TURN, BOARD);
#else
		host_store(TURN, HOST);
#endif
#endif
		host_fence();
		/* netra_lock_try() until it gives NETRA_LOCK_TAKEN */
		do
		:: mem[FLAG_BOARD] == 0 -> break
		:: mem[FLAG_BOARD] != 0 ->
			d_step {
				own_turn = queue1??[TURN, HOST];
				if
				:: own_turn -> seen = HOST
				:: else -> seen = mem[TURN]
				fi
			}
			if
			:: seen != HOST -> break
			:: else -> skip
			fi
#ifndef HOST_PROGRESS
		:: true -> dead = true; goto died	/* in the queue */
#endif
		od;
		enter();
#ifdef HOST_PROGRESS
progress:
#endif
		seen = mem[COUNTER];
		assert(seen == counted);
		if
		:: true -> skip
#ifndef HOST_PROGRESS
		:: true -> d_step { dead = true; inside-- } goto died
#endif
		fi;
#ifdef RELEASE_EARLY
		d_step { inside--; counted = (counted + 1) % 4 }
		host_store(FLAG_HOST, 0);
		host_store(COUNTER, (seen + 1) % 4);
#else
		host_store(COUNTER, (seen + 1) % 4);
		/* netra_lock_release(): the flag's store is the border */
		d_step { inside--; counted = (counted + 1) % 4 }
		host_store(FLAG_HOST, 0);
#endif
	od;
died:	skip
}

active proctype board()
{
	byte seen, looks;

	do
	:: true ->
		/* announce() */
		board_store(FLAG_BOARD, 1);
		board_store(TURN, BOARD);
		/* netra_producer_lock(): a few looks, then withdraw */
		looks = 0;
		do
		:: looks == LOOKS -> goto withdraw
		:: looks < LOOKS ->
			looks++;
			board_push();
			if
			:: mem[FLAG_HOST] == 0 -> break
			:: else
			fi;
			board_push();
			seen = mem[TURN];
			if
			:: seen != BOARD -> break
			:: else
			fi;
#ifndef NO_BREAK
			if
#ifdef BREAK_ALIVE
			:: true ->
#else
			:: dead ->
#endif
				board_store(FLAG_HOST, 0)	/* break_lock() */
			:: else
			fi
#endif
		od;
		enter();
#ifdef BOARD_PROGRESS
progress:
#endif
		board_push();
		seen = mem[COUNTER];
		assert(seen == counted);
		board_store(COUNTER, (seen + 1) % 4);
		/* netra_producer_unlock() */
		d_step { inside--; counted = (counted + 1) % 4 }
		board_store(FLAG_BOARD, 0);
		goto next;
withdraw:
#ifdef NO_WITHDRAW
		quit = true;
		goto stopped;
#endif
		board_store(FLAG_BOARD, 0);
next:		skip
	od;
#ifdef NO_WITHDRAW
stopped: skip
#endif
}
