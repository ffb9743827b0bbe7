/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers: independent cursors on a channel's ring. A reader belongs to one
 * thread; its cursor is guarded by the board's lock all the same, because
 * dispatch looks at it to decide what memory may go back.
 *
 * A position identifies a frame within one epoch; a resync or a new
 * generation begins another one, and what was held before counts as
 * overwritten.
 */
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "internal.h"

static struct channel *channel_of(const struct netra_reader *r)
{
	return &r->board->channel[r->channel];
}

static uint32_t entries(const struct channel *c)
{
	return 1u << c->ring.layout.records_log2;
}

static size_t held_bytes(const struct channel *c)
{
	return (entries(c) + 63) / 64 * sizeof(uint64_t);
}

static uint64_t *held_word(struct netra_reader *r, uint32_t position,
			   uint64_t *bit)
{
	uint32_t slot = position & (entries(channel_of(r)) - 1);

	*bit = 1ull << (slot % 64);
	return &r->held[slot / 64];
}

static bool is_held(struct netra_reader *r, uint32_t position)
{
	uint64_t bit, *word = held_word(r, position, &bit);

	return *word & bit;
}

static void hold(struct netra_reader *r, uint32_t position)
{
	uint64_t bit, *word = held_word(r, position, &bit);

	*word |= bit;
}

static void let_go(struct netra_reader *r, uint32_t position)
{
	uint64_t bit, *word = held_word(r, position, &bit);

	*word &= ~bit;
}

/* Move `oldest` over what is neither held nor unread. */
static void trim(struct netra_reader *r)
{
	while (r->oldest != r->next && !is_held(r, r->oldest))
		r->oldest++;
}

/* The cursor after the ring went on without it, or began anew. */
static void catch_up(struct netra_reader *r)
{
	struct channel *c = channel_of(r);
	uint32_t tail = c->ring.tail;

	if (r->epoch != c->epoch) {
		memset(r->held, 0, held_bytes(c));
		r->epoch = c->epoch;
		r->next = r->oldest = 0;
		r->wait_key = true;
	}
	/* Taken back by the board while held: release will say so. */
	while ((int32_t)(tail - r->oldest) > 0 && r->oldest != r->next)
		let_go(r, r->oldest++);
	if ((int32_t)(tail - r->next) > 0) {
		r->next = tail;
		r->wait_key = true;
		r->waited = false;
	}
	if ((int32_t)(tail - r->oldest) > 0)
		r->oldest = tail;
	trim(r);
}

static void count_lost(struct netra_reader *r, uint64_t sequence, uint64_t *lost)
{
	if (sequence > r->expected) {
		*lost += sequence - r->expected;
		r->stats.lost += sequence - r->expected;
	}
	r->expected = sequence + 1;
}

/*
 * Go to the next frame to deliver. What is passed over is lost, but for what
 * comes before a new reader's first key frame: that was never due to it.
 */
static const struct netra_ring_frame *find(struct netra_reader *r)
{
	struct channel *c = channel_of(r);

	for (; r->next != c->ring.head; r->next++, trim(r)) {
		const struct netra_ring_frame *frame =
			netra_ring_frame(&c->ring, r->next);

		if (frame->flags & NETRA_FRAME_END) {
			count_lost(r, frame->sequence, &r->owed);
			continue;
		}
		if (!r->wait_key || frame->flags & NETRA_FRAME_KEY ||
		    r->flags & NETRA_READER_ALL)
			return frame;
		if (r->waited)
			r->expected = frame->sequence + 1;
	}
	return NULL;
}

static enum netra_error nothing(const struct netra_reader *r)
{
	const struct netra_board *board = r->board;

	if (board->lost)
		return board->lost;
	return channel_of(r)->ring.ended ? NETRA_ERR_ENDED : NETRA_ERR_AGAIN;
}

static void fill(struct netra_reader *r, const struct netra_ring_frame *from,
		 struct netra_frame *frame)
{
	const struct netra_board *board = r->board;
	uint64_t host_ns = netra_clock_to_host(&board->clock,
					       from->board_time_ns);

	/* The clocks' correlation is good to a delay: cause before effect. */
	if (host_ns > channel_of(r)->last_ns)
		host_ns = channel_of(r)->last_ns;
	*frame = (struct netra_frame){
		.data = board->arena.view + from->offset,
		.length = from->length,
		.channel = r->channel,
		.flags = from->flags,
		.sequence = from->sequence,
		.pts_90k = from->pts_90k,
		.dts_90k = from->dts_90k,
		.duration_90k = from->duration_90k,
		.data_crc32c = from->data_crc32c,
		.board_time_ns = from->board_time_ns,
		.host_time_ns = host_ns,
		.token = (uint64_t)r->epoch << 32 | r->next,
	};
}

/* Take the next frame, held. @limit: largest frame wanted. */
static enum netra_error take(struct netra_reader *r, struct netra_frame *frame,
			     size_t limit)
{
	const struct netra_ring_frame *from;

	if (r->channel >= r->board->channels || r->board->arena.fd < 0)
		return nothing(r);
	catch_up(r);
	from = find(r);
	if (!from)
		return nothing(r);
	if (from->length > limit) {
		frame->length = from->length;
		return NETRA_ERR_NO_MEMORY;
	}
	fill(r, from, frame);
	count_lost(r, from->sequence, &frame->lost);
	r->waited = false;
	r->wait_key = false;
	hold(r, r->next++);
	return NETRA_OK;
}

static enum netra_error give_back(struct netra_reader *r,
				  const struct netra_frame *frame)
{
	uint32_t position = (uint32_t)frame->token;
	struct channel *c = channel_of(r);

	catch_up(r);
	if (frame->token >> 32 != r->epoch ||
	    (int32_t)(position - c->ring.tail) < 0) {
		r->stats.overwritten++;
		return NETRA_ERR_OVERWRITTEN;
	}
	if (position - r->oldest >= r->next - r->oldest || !is_held(r, position))
		return NETRA_ERR_INVALID;
	let_go(r, position);
	if (position == r->oldest) {
		trim(r);
		netra_channel_release(r->board, r->channel);
	}
	return NETRA_OK;
}

enum netra_error netra_reader_open(struct netra_board *board, uint32_t channel,
				   uint32_t flags, struct netra_reader **reader)
{
	const uint32_t known = NETRA_READER_CHECK | NETRA_READER_FROM_KEY |
			       NETRA_READER_ALL;
	enum netra_error error = NETRA_OK;
	struct netra_reader *r;
	struct channel *c;

	pthread_mutex_lock(&board->lock);
	if (board->lost)
		error = board->lost;
	else if (board->arena.fd < 0 || !board->channels)
		error = netra_fail(board, NETRA_ERR_STATE,
				   "the board is not started: start it first");
	else if (channel >= board->channels)
		error = netra_fail(board, NETRA_ERR_NOT_FOUND,
				   "no channel %u: the board has 0 to %u",
				   channel, board->channels - 1);
	else if (flags & ~known)
		error = netra_fail(board, NETRA_ERR_INVALID,
				   "unknown flags for a reader");
	if (error)
		goto out_unlock;
	c = &board->channel[channel];
	r = calloc(1, sizeof(*r) + held_bytes(c));
	if (!r) {
		error = netra_fail(board, NETRA_ERR_NO_MEMORY, "out of memory");
		goto out_unlock;
	}
	r->board = board;
	r->channel = channel;
	r->flags = flags;
	r->epoch = c->epoch;
	r->next = c->ring.head;
	r->expected = c->sequence_next;
	if (flags & NETRA_READER_FROM_KEY && c->ring.have_key) {
		r->next = c->ring.key;
		r->expected = netra_ring_frame(&c->ring, r->next)->sequence;
	}
	r->oldest = r->next;
	r->wait_key = true;
	r->waited = true;
	r->sibling = c->readers;
	c->readers = r;
	c->reader_count++;
	*reader = r;

out_unlock:
	pthread_mutex_unlock(&board->lock);
	return error;
}

void netra_reader_close(struct netra_reader *reader)
{
	struct netra_reader **at;
	struct channel *c;

	if (!reader)
		return;
	c = channel_of(reader);
	pthread_mutex_lock(&reader->board->lock);
	for (at = &c->readers; *at != reader; at = &(*at)->sibling)
		;
	*at = reader->sibling;
	c->reader_count--;
	netra_channel_release(reader->board, reader->channel);
	pthread_mutex_unlock(&reader->board->lock);
	free(reader);
}

static void delivered(struct netra_reader *r, struct netra_frame *frame)
{
	frame->lost += r->owed;
	r->owed = 0;
	r->stats.frames++;
	r->stats.bytes += frame->length;
}

/*
 * A frame whose bytes are not what the board sent, or no longer: it goes
 * among those lost before the next frame.
 */
static void spoilt(struct netra_reader *r, const struct netra_frame *frame)
{
	r->stats.lost++;
	r->owed += frame->lost + 1;
	r->wait_key = true;
}

static void corrupt(struct netra_reader *r, const struct netra_frame *frame)
{
	give_back(r, frame);
	r->stats.corrupt++;
	spoilt(r, frame);
}

enum netra_error netra_reader_next(struct netra_reader *reader,
				   struct netra_frame *frame)
{
	pthread_mutex_t *lock = &reader->board->lock;
	enum netra_error error;

	pthread_mutex_lock(lock);
	for (;;) {
		bool intact;

		error = take(reader, frame, SIZE_MAX);
		if (error || !(reader->flags & NETRA_READER_CHECK))
			break;
		pthread_mutex_unlock(lock);
		intact = netra_checksum(frame->data, frame->length) ==
			 frame->data_crc32c;
		pthread_mutex_lock(lock);
		if (intact)
			break;
		corrupt(reader, frame);
	}
	if (!error)
		delivered(reader, frame);
	pthread_mutex_unlock(lock);
	return error;
}

enum netra_error netra_reader_release(struct netra_reader *reader,
				      const struct netra_frame *frame)
{
	enum netra_error error;

	pthread_mutex_lock(&reader->board->lock);
	error = give_back(reader, frame);
	pthread_mutex_unlock(&reader->board->lock);
	return error;
}

enum netra_error netra_reader_copy(struct netra_reader *reader, void *buffer,
				   size_t size, struct netra_frame *frame)
{
	pthread_mutex_t *lock = &reader->board->lock;
	enum netra_error error;

	pthread_mutex_lock(lock);
	for (;;) {
		bool intact;

		error = take(reader, frame, size);
		if (error)
			break;
		/* Copied without the lock: others go on meanwhile. */
		pthread_mutex_unlock(lock);
		memcpy(buffer, frame->data, frame->length);
		intact = !(reader->flags & NETRA_READER_CHECK) ||
			 netra_checksum(buffer, frame->length) ==
				 frame->data_crc32c;
		pthread_mutex_lock(lock);
		if (!intact) {
			corrupt(reader, frame);
			continue;
		}
		if (give_back(reader, frame) == NETRA_OK)
			break;
		spoilt(reader, frame);
	}
	if (!error) {
		frame->data = buffer;
		delivered(reader, frame);
	}
	pthread_mutex_unlock(lock);
	return error;
}

void netra_reader_stats(const struct netra_reader *reader,
			struct netra_reader_stats *stats)
{
	pthread_mutex_lock(&reader->board->lock);
	*stats = reader->stats;
	pthread_mutex_unlock(&reader->board->lock);
}
