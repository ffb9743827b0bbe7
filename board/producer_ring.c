/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames into rings. The data region is a circle of cache lines in which each
 * frame lies in one piece; the record ring says where. Nothing the host has
 * not released is overwritten: without room a frame waits or is dropped, and
 * after a drop the next one sent is a key frame that says how many went.
 *
 * In ring mode nothing is read across the bus: the host posts its tail into
 * the board block. In Peterson mode head and tail lie under the lock.
 */
#include "producer_internal.h"

struct place {
	uint32_t at;		/* in the data region */
	uint32_t taken;		/* bytes, padding before it included */
	uint32_t next;		/* where the frame after it may begin */
};

void netra_producer_ring_reset(struct netra_producer_channel *channel)
{
	channel->head = 0;
	channel->tail = 0;
	channel->data_head = 0;
	channel->data_count = 0;
	channel->lock_waiting = false;
}

enum netra_error netra_producer_ring_resync(struct netra_producer *producer,
					    uint32_t channel)
{
	struct netra_producer_channel *c = &producer->channel[channel];
	static const struct netra_lock_words clear;

	netra_producer_ring_reset(c);
	c->wait_key = true;
	c->own_beat = 0;
	if (producer->attach.sync_mode == NETRA_SYNC_PETERSON)
		return netra_producer_write(producer,
					    HOST_AREA_AT(lock, channel),
					    &clear, sizeof(clear));
	return netra_producer_write_word(producer,
					 HOST_AREA_AT(heads.head, channel), 0);
}

static bool find_place(const struct netra_producer_channel *c, uint32_t length,
		       struct place *place)
{
	uint32_t mask = (1u << c->layout.records_log2) - 1;
	uint32_t size = c->layout.data_size;
	uint32_t span = (length + NETRA_FRAME_ALIGN - 1) &
		~(NETRA_FRAME_ALIGN - 1);
	uint32_t end = size - c->data_head;
	bool wraps = span > end;
	bool empty = c->head == c->tail;
	uint32_t used = 0;

	if (c->head - c->tail > mask)
		return false;
	if (!empty)
		used = c->data_count - c->began[c->tail & mask];
	place->at = wraps ? 0 : c->data_head;
	/* In an empty ring what is skipped is not missed. */
	place->taken = wraps && !empty ? end + span : span;
	place->next = (place->at + span) % size;
	return place->taken <= size - used;
}

/* Only what lies between the last tail and the head can have been released. */
static void take_tail(struct netra_producer_channel *c, uint32_t posted)
{
	if (posted - c->tail <= c->head - c->tail)
		c->tail = posted;
	else
		c->bad_tails++;
}

static enum netra_error update_tail(struct netra_producer *producer,
				    uint32_t channel)
{
	struct netra_producer_channel *c = &producer->channel[channel];
	enum netra_error error;
	uint32_t word;

	if (producer->attach.sync_mode == NETRA_SYNC_RING) {
		take_tail(c, netra_read32_acquire(
			&producer->block->posts.tail[channel]));
		return NETRA_OK;
	}
	error = producer->ops->host_read(producer->context,
		HOST_AREA_AT(lock, channel) +
		(uint32_t)__builtin_offsetof(struct netra_lock_words, tail),
		&word, sizeof(word));
	if (error)
		netra_producer_transfer_fault(producer);
	else
		take_tail(c, netra_le32(word));
	return error;
}

static void make_record(const struct netra_producer_channel *c,
			const struct netra_access_unit *unit,
			const struct place *place, struct netra_record *record)
{
	uint32_t flags = unit->flags;

	if (c->lost_now)
		flags |= NETRA_FRAME_DISCONTINUITY;
	record->sequence = netra_le64(c->sequence);
	record->board_time_ns = netra_le64(unit->board_time_ns);
	record->pts_90k = (int64_t)netra_le64(unit->pts_90k);
	record->dts_90k = (int64_t)netra_le64(unit->dts_90k);
	record->offset = netra_le32(c->layout.data_offset + place->at);
	record->length = netra_le32(unit->length);
	record->flags = netra_le32(flags);
	record->lost = netra_le32(c->lost_now);
	record->duration_90k = netra_le32(unit->duration_90k);
	record->data_crc32c =
		netra_le32(netra_crc32c(0, unit->data, unit->length));
	record->position = netra_le32(c->head);
	record->record_crc32c = netra_le32(netra_crc32c(0, record,
		__builtin_offsetof(struct netra_record, record_crc32c)));
}

static enum netra_error write_head(struct netra_producer *producer,
				   uint32_t channel, uint32_t head)
{
	const struct netra_producer_hooks *hooks = producer->hooks;
	uint32_t offset = HOST_AREA_AT(heads.head, channel);

	if (producer->attach.sync_mode == NETRA_SYNC_PETERSON)
		offset = HOST_AREA_AT(lock, channel) + (uint32_t)
			__builtin_offsetof(struct netra_lock_words, head);
	if (hooks && hooks->head)
		head = hooks->head(producer->context, channel, head);
	return netra_producer_write_word(producer, offset, head);
}

/* Data, record, head, in this order as the host sees it. */
static enum netra_error send(struct netra_producer *producer, uint32_t channel,
			     const struct netra_access_unit *unit,
			     const struct place *place)
{
	struct netra_producer_channel *c = &producer->channel[channel];
	const struct netra_producer_hooks *hooks = producer->hooks;
	uint32_t slot = c->head & ((1u << c->layout.records_log2) - 1);
	struct netra_record record;
	enum netra_error error;

	error = netra_producer_write(producer,
				     c->layout.data_offset + place->at,
				     unit->data, unit->length);
	if (error)
		return error;
	producer->ops->fence(producer->context);
	make_record(c, unit, place, &record);
	if (hooks && hooks->record)
		hooks->record(producer->context, channel, &record);
	error = netra_producer_write(producer, c->layout.records_offset +
				     slot * (uint32_t)sizeof(record),
				     &record, sizeof(record));
	if (error)
		return error;
	producer->ops->fence(producer->context);
	return write_head(producer, channel, c->head + 1);
}

static void account(struct netra_producer_channel *c,
		    const struct netra_access_unit *unit,
		    const struct place *place)
{
	c->began[c->head & ((1u << c->layout.records_log2) - 1)] =
		c->data_count;
	c->head++;
	c->data_head = place->next;
	c->data_count += place->taken;
	c->sequence++;
	c->lost_now = 0;
	if (unit->flags & NETRA_FRAME_END) {
		c->status.state = NETRA_CHANNEL_ENDED;
		return;
	}
	c->wait_key = false;
	c->status.state = unit->flags & NETRA_FRAME_NO_SIGNAL ?
		NETRA_CHANNEL_NO_SIGNAL : NETRA_CHANNEL_RUNNING;
	c->status.frames++;
	c->status.bytes += unit->length;
}

static bool unit_ok(const struct netra_producer_channel *c,
		    const struct netra_access_unit *unit)
{
	bool end = unit->flags & NETRA_FRAME_END;

	return !(unit->flags & ~(NETRA_FRAME_FLAGS_ALL &
				 ~NETRA_FRAME_DISCONTINUITY)) &&
		end == !unit->length && unit->length <= c->layout.data_size &&
		unit->dts_90k <= unit->pts_90k;
}

/* Room, under the lock in Peterson mode: then *it stays taken* on success. */
static enum netra_error find_room(struct netra_producer *producer,
				  uint32_t channel, uint32_t length,
				  struct place *place)
{
	struct netra_producer_channel *c = &producer->channel[channel];
	bool locks = producer->attach.sync_mode == NETRA_SYNC_PETERSON;
	enum netra_error error;

	if (locks) {
		error = netra_producer_lock(producer, channel);
		if (error)
			return error;
	}
	error = update_tail(producer, channel);
	if (!error && !find_place(c, length, place))
		error = NETRA_ERR_AGAIN;
	if (error && locks)
		netra_producer_unlock(producer, channel);
	return error;
}

/* A picture that cannot go is lost; an end is only late. */
static enum netra_error lose(struct netra_producer *producer, uint32_t channel,
			     const struct netra_access_unit *unit,
			     enum netra_error error)
{
	if (unit->flags & NETRA_FRAME_END && error != NETRA_ERR_INVALID)
		return NETRA_ERR_AGAIN;
	netra_producer_drop(producer, channel);
	return error;
}

enum netra_error netra_producer_put(struct netra_producer *producer,
				    uint32_t channel,
				    const struct netra_access_unit *unit)
{
	struct netra_producer_channel *c;
	struct place place;
	enum netra_error error;
	uint32_t arg[4] = { 0 };

	if (channel >= producer->attach.channels)
		return NETRA_ERR_STATE;
	c = &producer->channel[channel];
	if (!unit_ok(c, unit))
		return lose(producer, channel, unit, NETRA_ERR_INVALID);
	if (producer->paused)
		return lose(producer, channel, unit, NETRA_ERR_STATE);
	if (c->wait_key && !(unit->flags & (NETRA_FRAME_KEY | NETRA_FRAME_END)))
		return lose(producer, channel, unit, NETRA_OK);
	error = find_room(producer, channel, unit->length, &place);
	if (error == NETRA_ERR_AGAIN)
		return error;
	if (!error) {
		error = send(producer, channel, unit, &place);
		if (producer->attach.sync_mode == NETRA_SYNC_PETERSON)
			netra_producer_unlock(producer, channel);
	}
	if (error)
		return lose(producer, channel, unit, NETRA_OK);
	arg[0] = c->lost_now;
	account(c, unit, &place);
	if (arg[0])
		netra_producer_event(producer, NETRA_EVENT_OVERRUN, channel,
				     arg);
	netra_producer_interrupt(producer);
	return NETRA_OK;
}

void netra_producer_drop(struct netra_producer *producer, uint32_t channel)
{
	struct netra_producer_channel *c = &producer->channel[channel];

	if (channel >= producer->attach.channels)
		return;
	c->wait_key = true;
	c->lost_now++;
	c->sequence++;
	c->status.lost++;
}
