/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One channel's ring: discovery of frames and reclaiming of memory.
 *
 * In ring mode the head is read from host memory and the tail posted into
 * board memory. In Peterson mode both lie in host memory under the lock; a
 * lock that is busy is tried again from the next dispatch.
 *
 * What readers see goes on over a new generation or a resync: sequences
 * continue with a jump, times continue after the time that passed.
 */
#include "host_internal.h"

#define LOCK_LOOKS 256
#define LOCK_DEAD_MS 500u

static struct netra_lock_words *lock_words(struct netra_host *host,
					   uint32_t channel)
{
	return &host->area->lock[channel];
}

static void new_epoch(struct netra_host *host, uint32_t channel)
{
	struct netra_channel *c = &host->channel[channel];

	c->epoch++;
	c->posted_tail = 0;
	c->tick_head = 0;
	c->tail_due = false;
	c->lock_busy_ns = 0;
	c->resyncing = false;
	netra_lock_init(&c->lock, lock_words(host, channel), NETRA_SIDE_HOST,
			LOCK_DEAD_MS * NETRA_NS_PER_MS);
}

void netra_channel_new_generation(struct netra_host *host, uint32_t channel)
{
	const struct netra_channel_layout *layout =
		&host->attach.block.channel[channel];
	struct netra_channel *c = &host->channel[channel];

	c->old_frames += c->ring.frames_total;
	c->old_bytes += c->ring.bytes_total;
	c->old_lost += c->ring.lost_total;
	netra_ring_init(&c->ring, layout,
			(const struct netra_record *)(host->view +
						      layout->records_offset),
			c->frames);
	/* Nobody knows how many were lost: a jump by one says that some were. */
	c->sequence_base = c->have_last ? c->sequence_next + 1 : 0;
	new_epoch(host, channel);
}

void netra_channel_resynced(struct netra_host *host, uint32_t channel)
{
	netra_ring_resync(&host->channel[channel].ring);
	new_epoch(host, channel);
}

/*
 * Times that would run backwards over the gap are moved to where the clock
 * says they belong. The board's times are any numbers below 2^62: sums of
 * them are taken with care.
 */
static void shift_times(struct netra_channel *c, struct netra_ring_frame *frame,
			uint64_t now_ns)
{
	int64_t passed = (int64_t)((now_ns - c->last_ns) / 1000 * 9 / 100);
	int64_t dts, pts;

	if (c->have_last &&
	    (__builtin_add_overflow(frame->dts_90k, c->time_shift_90k, &dts) ||
	     dts <= c->last_dts_90k) &&
	    (__builtin_add_overflow(c->last_dts_90k, passed + 1, &dts) ||
	     __builtin_sub_overflow(dts, frame->dts_90k, &c->time_shift_90k)))
		c->time_shift_90k = 0;
	if (__builtin_add_overflow(frame->dts_90k, c->time_shift_90k, &dts) ||
	    __builtin_add_overflow(frame->pts_90k, c->time_shift_90k, &pts))
		return;
	frame->dts_90k = dts;
	frame->pts_90k = pts;
}

/* Sequence and times as readers see them. */
static void publish(struct netra_channel *c, struct netra_ring_frame *frame,
		    uint64_t now_ns)
{
	frame->sequence += c->sequence_base;
	c->sequence_next = frame->sequence + 1;
	if (frame->flags & NETRA_FRAME_END) {
		c->started = false;
		return;
	}
	shift_times(c, frame, now_ns);
	c->last_dts_90k = frame->dts_90k;
	c->last_ns = now_ns;
	c->have_last = true;
}

/*
 * The lock, with patience for the few stores the board does inside. The wish
 * is withdrawn if that is not enough: nobody must be kept waiting for a host
 * that sleeps. A board that holds it, and moves nothing, for LOCK_DEAD_MS is
 * dead; the resync that follows clears its words.
 */
static bool take_lock(struct netra_host *host, uint32_t channel,
		      uint64_t now_ns)
{
	struct netra_channel *c = &host->channel[channel];
	uint32_t beat;

	for (int i = 0; i < LOCK_LOOKS; i++) {
		if (netra_lock_try(&c->lock, now_ns) == NETRA_LOCK_TAKEN) {
			c->lock_busy_ns = 0;
			return true;
		}
	}
	netra_lock_release(&c->lock);
	c->tail_due = true;
	host->ops->wake_at(host, now_ns + NETRA_NS_PER_MS);
	beat = netra_read32(&lock_words(host, channel)->beat[NETRA_SIDE_BOARD]);
	if (!c->lock_busy_ns || beat != c->lock_beat) {
		c->lock_busy_ns = now_ns;
		c->lock_beat = beat;
	} else if (now_ns - c->lock_busy_ns >= LOCK_DEAD_MS * NETRA_NS_PER_MS) {
		c->lock_busy_ns = 0;
		netra_recover_trouble(host, NETRA_TROUBLE_LOCK, channel,
				      now_ns);
	}
	return false;
}

static void unlock(struct netra_host *host, uint32_t channel)
{
	struct netra_channel *c = &host->channel[channel];

	netra_write32(&lock_words(host, channel)->tail, c->ring.tail);
	netra_lock_release(&c->lock);
	c->posted_tail = c->ring.tail;
	c->tail_due = false;
}

/* Oldest position that any reader wants, as a distance from the tail. */
static uint32_t needed(const struct netra_channel *c)
{
	uint32_t least = c->ring.head - c->ring.tail;

	for (const struct netra_cursor *r = c->cursors; r; r = r->sibling) {
		uint32_t distance = r->oldest - c->ring.tail;

		/* Not caught up yet: it begins at the tail. */
		if (r->epoch != c->epoch || (int32_t)distance < 0)
			distance = 0;
		if (distance < least)
			least = distance;
	}
	return c->ring.tail + least;
}

static void post_tail(struct netra_host *host, uint32_t channel)
{
	struct netra_channel *c = &host->channel[channel];

	if (c->ring.tail == c->posted_tail)
		return;
	if (host->options.sync_mode == NETRA_SYNC_PETERSON) {
		c->tail_due = true;
		return;
	}
	netra_post_tail(host, channel, c->ring.tail);
	c->posted_tail = c->ring.tail;
}

/* The board's head, and what it stands for: look only, or under the lock. */
static bool read_head(struct netra_host *host, uint32_t channel,
		      uint64_t now_ns, uint32_t *head)
{
	struct netra_channel *c = &host->channel[channel];

	if (host->options.sync_mode == NETRA_SYNC_RING) {
		*head = netra_read32_acquire(
			&host->area->heads.head[channel]);
		return *head != c->ring.head;
	}
	/* A look without the lock decides only whether to take it. */
	if (netra_read32(&lock_words(host, channel)->head) == c->ring.head &&
	    !c->tail_due)
		return false;
	if (!take_lock(host, channel, now_ns))
		return false;
	*head = netra_read32_acquire(&lock_words(host, channel)->head);
	unlock(host, channel);
	return *head != c->ring.head;
}

/*
 * What readers are done with, and under pressure the oldest that they are
 * not; but nothing that was found since netra_dispatch() last returned, as
 * nobody had a chance to read it (netra_command() looks, too).
 */
static void make_room(struct netra_host *host, struct netra_channel *c)
{
	if (c->found_round == host->rounds)
		netra_ring_release(&c->ring, needed(c));
	else
		netra_ring_reclaim(&c->ring, needed(c));
}

/*
 * Room first, then discovery: what readers have had goes back before new
 * frames come in, so that one that keeps up loses nothing at any speed.
 */
uint32_t netra_channel_scan(struct netra_host *host, uint32_t channel,
			    uint64_t now_ns)
{
	struct netra_channel *c = &host->channel[channel];
	uint32_t mask = (1u << c->ring.layout.records_log2) - 1;
	uint32_t position = c->ring.head;
	uint32_t head, found;

	if (c->resyncing || c->ring.fault ||
	    !read_head(host, channel, now_ns, &head))
		return 0;
	make_room(host, c);
	found = netra_ring_advance(&c->ring, head);
	for (uint32_t i = 0; i < found; i++)
		publish(c, &c->frames[(position + i) & mask], now_ns);
	if (found)
		c->found_round = host->rounds;
	if (!c->cursors)
		netra_ring_release(&c->ring, c->ring.head);
	post_tail(host, channel);
	if (c->ring.fault) {
		c->ring_faults++;
		netra_recover_trouble(host, NETRA_TROUBLE_RING_FAULT, channel,
				      now_ns);
	}
	return found;
}

void netra_channel_release(struct netra_host *host, uint32_t channel)
{
	struct netra_channel *c = &host->channel[channel];
	uint32_t wanted = needed(c);

	if (c->resyncing || host->state != NETRA_BOARD_ATTACHED)
		return;
	netra_ring_release(&c->ring, wanted);
	post_tail(host, channel);
	/* Under the lock a tail costs more: only when all has been read. */
	if (c->tail_due && wanted == c->ring.head &&
	    take_lock(host, channel, host->now_ns))
		unlock(host, channel);
}

/*
 * A channel that gave nothing since the last tick may wait for room: relieve
 * pressure, and do not keep a key frame for readers to come.
 */
void netra_channel_tick(struct netra_host *host, uint32_t channel)
{
	struct netra_channel *c = &host->channel[channel];

	if (c->resyncing || c->ring.fault)
		return;
	if (c->started && c->ring.head == c->tick_head) {
		netra_ring_forget_key(&c->ring);
		make_room(host, c);
		post_tail(host, channel);
	}
	c->tick_head = c->ring.head;
}
