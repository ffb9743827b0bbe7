/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's side of Peterson's lock, over words that lie in host memory:
 * the algorithm of core/lock.c with posted writes and reads across the bus.
 * Modelled in verify/lock.pml.
 *
 * Rests on PCIe ordering: a read request pushes the posted writes before it,
 * so the wish is at the host before the host's flag is looked at. ops->fence
 * is what holds the ARM (and a host CPU, for an emulated board) to it.
 *
 * A wish that is not granted within a few looks is withdrawn, so that a
 * source that stops never leaves the host waiting for it.
 */
#include "producer_internal.h"

#define LOOKS 8

static uint32_t word_offset(uint32_t channel, size_t field)
{
	return HOST_AREA_AT(lock, channel) + (uint32_t)field;
}

#define WORD(channel, field) \
	word_offset(channel, __builtin_offsetof(struct netra_lock_words, field))

static enum netra_error read_words(struct netra_producer *producer,
				   uint32_t channel,
				   struct netra_lock_words *words)
{
	enum netra_error error =
		producer->ops->host_read(producer->context,
					 HOST_AREA_AT(lock, channel), words,
					 sizeof(*words));

	if (error)
		netra_producer_transfer_fault(producer);
	return error;
}

/* Has the host held the lock for too long without taking it anew? */
static bool owner_is_dead(struct netra_producer *producer, uint32_t channel,
			  uint32_t beat)
{
	struct netra_producer_channel *c = &producer->channel[channel];
	uint64_t now_ns = producer->ops->now_ns(producer->context);

	if (!c->lock_waiting || c->lock_beat != beat) {
		c->lock_waiting = true;
		c->lock_beat = beat;
		c->lock_since_ns = now_ns;
		return false;
	}
	return now_ns - c->lock_since_ns >=
		NETRA_PRODUCER_LOCK_DEAD_MS * NS_PER_MS;
}

static void break_lock(struct netra_producer *producer, uint32_t channel)
{
	static const uint32_t arg[4] = { NETRA_FAULT_LOCK };

	netra_producer_write_word(producer,
				  WORD(channel, flag[NETRA_SIDE_HOST]), 0);
	producer->fault = NETRA_FAULT_LOCK;
	netra_producer_event(producer, NETRA_EVENT_FAULT, channel, arg);
}

static enum netra_error announce(struct netra_producer *producer,
				 uint32_t channel)
{
	enum netra_error error;

	error = netra_producer_write_word(producer,
					  WORD(channel, flag[NETRA_SIDE_BOARD]),
					  1);
	if (error)
		return error;
	producer->ops->fence(producer->context);
	error = netra_producer_write_word(producer, WORD(channel, turn),
					  NETRA_SIDE_BOARD);
	producer->ops->fence(producer->context);
	return error;
}

enum netra_error netra_producer_lock(struct netra_producer *producer,
				     uint32_t channel)
{
	struct netra_producer_channel *c = &producer->channel[channel];
	enum netra_error error = announce(producer, channel);

	for (int look = 0; !error && look < LOOKS; look++) {
		struct netra_lock_words words;

		error = read_words(producer, channel, &words);
		if (error)
			break;
		if (!netra_le32(words.flag[NETRA_SIDE_HOST]) ||
		    netra_le32(words.turn) != NETRA_SIDE_BOARD) {
			c->lock_waiting = false;
			c->own_beat++;
			error = netra_producer_write_word(producer,
				WORD(channel, beat[NETRA_SIDE_BOARD]),
				c->own_beat);
			if (error)
				break;
			return NETRA_OK;
		}
		if (owner_is_dead(producer, channel,
				  netra_le32(words.beat[NETRA_SIDE_HOST]))) {
			break_lock(producer, channel);
			producer->ops->fence(producer->context);
		}
	}
	netra_producer_unlock(producer, channel);
	return error ? error : NETRA_ERR_AGAIN;
}

enum netra_error netra_producer_unlock(struct netra_producer *producer,
				       uint32_t channel)
{
	producer->ops->fence(producer->context);
	return netra_producer_write_word(producer,
					 WORD(channel, flag[NETRA_SIDE_BOARD]),
					 0);
}
