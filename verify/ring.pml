/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame ring between board and host (docs/protocol.md, section 6).
 *
 *   board   netra_producer_put, find_place, take_tail, send, account,
 *           netra_producer_interrupt                    board/producer_ring.c
 *   host    netra_ring_advance, take, netra_ring_reclaim    core/ring.c
 *
 * The board's writes are on their way for as long as they like. Frame data
 * (EDMA), records and heads (ARM) travel apart, so they may overtake each
 * other unless ops->fence() has waited for all of them. MSIs travel with the
 * ARM's writes. The host's tail goes through its store buffer and over PCIe:
 * one queue. The host loads in program order (TSO, or by acquire loads).
 *
 * Frames are 1 or 2 cells long and lie in one piece in a region of CELLS;
 * RECORDS slots. Each cell holds the number of the frame it belongs to, so a
 * torn, overwritten or unwritten frame shows. The host sleeps until an MSI
 * when it finds nothing, and holds frames for as long as it likes.
 *
 * Properties: every frame arrives once, in order, whole, and stays whole
 * until it is released (assertions); all of them arrive (end states).
 *
 * Seeded bugs, each must be found: NO_FENCE, INDEX_FIRST, MSI_FIRST,
 * RECORD_EARLY, TAIL_EARLY, IGNORE_TAIL, IGNORE_GAP.
 */
#define CELLS 4
#define RECORDS 2
#define FRAMES 5

byte cells[CELLS];		/* the data region, host memory */
byte record_frame[RECORDS];	/* the record ring: position + 1, */
byte record_at[RECORDS];	/* offset and */
byte record_length[RECORDS];	/* length */
byte head_word;
byte tail_word;			/* board memory */
bool msi;			/* latched in the host's interrupt controller */

chan data_way = [2] of { byte, byte };
chan record_way = [1] of { byte, byte, byte, byte };
chan head_way = [2] of { byte };	/* 0 is the MSI */
chan tail_way = [2] of { byte };

/* ops->fence() */
#ifdef NO_FENCE
#define FENCE skip
#else
#define FENCE (empty(data_way) && empty(record_way) && empty(head_way))
#endif

active proctype bus()
{
	byte a, b, c, d;

end:	do
	:: d_step { data_way?a,b -> cells[a] = b }
	:: d_step { record_way?a,b,c,d -> record_frame[a] = b;
		    record_at[a] = c; record_length[a] = d }
	:: d_step { head_way?a ->
		if
		:: a == 0 -> msi = true
		:: else -> head_word = a
		fi }
	:: d_step { tail_way?a -> tail_word = a }
	od
}

active proctype board()
{
	byte head = 0, tail = 0, at = 0, next, length, i;
	byte count = 0, taken, used;
	byte began[RECORDS];
	bool fits;

	do
	:: head == FRAMES -> break
	:: else ->
		if
		:: length = 1
		:: length = 2
		fi;
		/* netra_producer_put(): NETRA_ERR_AGAIN until there is room */
		do
		:: d_step {
			/* take_tail() */
#ifdef IGNORE_TAIL
			tail = head;
#else
			tail = tail_word;
#endif
			/* find_place() */
			fits = false;
			used = 0;
			if
			:: head != tail -> used = count - began[tail % RECORDS]
			:: else
			fi;
			next = at;
			taken = length;
			if
			:: at + length > CELLS ->
				next = 0;
				if
#ifndef IGNORE_GAP
				:: head != tail -> taken = CELLS - at + length
#endif
				:: else
				fi
			:: else
			fi;
			if
			:: head - tail < RECORDS && taken <= CELLS - used ->
				fits = true
			:: else
			fi }
			if
			:: fits -> break
			:: else -> tail_word != tail	/* wait for a release */
			fi
		od;
		/* send(): data, fence, record, fence, head, fence, MSI */
#ifdef INDEX_FIRST
		head_way!(head + 1);
		FENCE;
#endif
		i = 0;
		do
		:: i < length -> data_way!(next + i),(head + 1); i++
		:: else -> break
		od;
		FENCE;
#ifdef MSI_FIRST
		head_way!0;
#endif
		record_way!(head % RECORDS),(head + 1),next,length;
		FENCE;
#ifndef INDEX_FIRST
		head_way!(head + 1);
#endif
		FENCE;
#ifndef MSI_FIRST
		head_way!0;
#endif
		/* account() */
		d_step {
			began[head % RECORDS] = count;
			count = count + taken;
			head++;
			at = (next + length) % CELLS
		}
	od
}

inline check_frame(position)
{
	d_step {
		i = 0;
		do
		:: i < got_length[position % RECORDS] ->
			assert(cells[got_at[position % RECORDS] + i] ==
			       position + 1);
			i++
		:: else -> break
		od
	}
}

active proctype host()
{
	byte head = 0, tail = 0, seen, frame, i;
	byte got_at[RECORDS];
	byte got_length[RECORDS];
	bool awake = true;

	do
	:: tail == FRAMES -> break
	:: d_step { !awake && msi -> awake = true; msi = false }
	/* netra_ring_advance(): what is new, each record checked and copied */
	:: awake && head < FRAMES ->
#ifdef RECORD_EARLY
		frame = record_frame[head % RECORDS];
		seen = head_word;
#else
		seen = head_word;
		frame = record_frame[head % RECORDS];
#endif
		if
		:: seen == head ->
			awake = false	/* nothing new: sleep until an MSI */
		:: else ->
			assert(seen > head && seen - tail <= RECORDS);
			assert(frame == head + 1);
			got_at[head % RECORDS] = record_at[head % RECORDS];
			got_length[head % RECORDS] =
				record_length[head % RECORDS];
			check_frame(head);
			head++
		fi
	/* netra_ring_reclaim(): a reader is done with the oldest frame */
	:: tail < head ->
#ifdef TAIL_EARLY
		tail_way!(tail + 1);
		check_frame(tail);
#else
		check_frame(tail);
		tail_way!(tail + 1);
#endif
		tail++
	od
}
