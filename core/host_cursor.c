/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cursors: independent readers of a channel's ring. Each is looked at when it
 * is decided what memory may go back to the board; none holds up another.
 */
#include "host_internal.h"

static struct netra_channel *channel_of(const struct netra_cursor *r)
{
	return &r->host->channel[r->channel];
}

static uint32_t entries(const struct netra_channel *c)
{
	return 1u << c->ring.layout.records_log2;
}

static size_t held_bytes(const struct netra_channel *c)
{
	return (entries(c) + 63) / 64 * sizeof(uint64_t);
}

static uint64_t *held_word(struct netra_cursor *r, uint32_t position,
			   uint64_t *bit)
{
	uint32_t slot = position & (entries(channel_of(r)) - 1);

	*bit = UINT64_C(1) << (slot % 64);
	return &r->held[slot / 64];
}

static bool is_held(struct netra_cursor *r, uint32_t position)
{
	uint64_t bit, *word = held_word(r, position, &bit);

	return *word & bit;
}

static void hold(struct netra_cursor *r, uint32_t position)
{
	uint64_t bit, *word = held_word(r, position, &bit);

	*word |= bit;
}

static void let_go(struct netra_cursor *r, uint32_t position)
{
	uint64_t bit, *word = held_word(r, position, &bit);

	*word &= ~bit;
}

/* Move `oldest` over what is neither held nor unread. */
static void trim(struct netra_cursor *r)
{
	while (r->oldest != r->next && !is_held(r, r->oldest))
		r->oldest++;
}

/* The cursor after the ring went on without it, or began anew. */
static void catch_up(struct netra_cursor *r)
{
	struct netra_channel *c = channel_of(r);
	uint32_t tail = c->ring.tail;

	if (r->epoch == c->epoch && (int32_t)(tail - r->oldest) <= 0)
		return;
	if (r->epoch != c->epoch) {
		__builtin_memset(r->held, 0, held_bytes(c));
		r->epoch = c->epoch;
		r->next = r->oldest = 0;
		r->wait_key = true;
	}
	/* Taken back by the board while held: give_back will say so. */
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

static void count_lost(struct netra_cursor *r, uint64_t sequence, uint64_t *lost)
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
static const struct netra_ring_frame *find(struct netra_cursor *r)
{
	struct netra_channel *c = channel_of(r);

	for (; r->next != c->ring.head; r->next++, trim(r)) {
		const struct netra_ring_frame *frame =
			netra_ring_frame(&c->ring, r->next);

		if (frame->flags & NETRA_FRAME_END) {
			count_lost(r, frame->sequence, &r->owed);
			continue;
		}
		if (!r->wait_key || frame->flags & NETRA_FRAME_KEY ||
		    r->flags & NETRA_CURSOR_ALL)
			return frame;
		if (r->waited)
			r->expected = frame->sequence + 1;
	}
	return NULL;
}

static enum netra_error nothing(const struct netra_cursor *r)
{
	if (r->host->lost)
		return r->host->lost;
	return channel_of(r)->ring.ended ? NETRA_ERR_ENDED : NETRA_ERR_AGAIN;
}

static void fill(struct netra_cursor *r, const struct netra_ring_frame *from,
		 struct netra_host_frame *frame)
{
	uint64_t host_ns = netra_clock_to_host(&r->host->clock,
					       from->board_time_ns);

	/* The clocks' correlation is good to a delay: cause before effect. */
	if (host_ns > channel_of(r)->last_ns)
		host_ns = channel_of(r)->last_ns;
	frame->offset = from->offset;
	frame->length = from->length;
	frame->flags = from->flags;
	frame->duration_90k = from->duration_90k;
	frame->sequence = from->sequence;
	frame->lost = 0;
	frame->pts_90k = from->pts_90k;
	frame->dts_90k = from->dts_90k;
	frame->board_time_ns = from->board_time_ns;
	frame->host_time_ns = host_ns;
	frame->token = (uint64_t)r->epoch << 32 | r->next;
	frame->data_crc32c = from->data_crc32c;
}

enum netra_error netra_cursor_take(struct netra_cursor *r, size_t limit,
				   struct netra_host_frame *frame)
{
	const struct netra_ring_frame *from;

	if (r->channel >= r->host->channels || !r->host->view)
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

enum netra_error netra_cursor_give_back(struct netra_cursor *r, uint64_t token)
{
	uint32_t position = (uint32_t)token;
	struct netra_channel *c = channel_of(r);

	catch_up(r);
	if (token >> 32 != r->epoch || (int32_t)(position - c->ring.tail) < 0) {
		r->stats.overwritten++;
		return NETRA_ERR_OVERWRITTEN;
	}
	if (position - r->oldest >= r->next - r->oldest || !is_held(r, position))
		return NETRA_ERR_INVALID;
	let_go(r, position);
	if (position == r->oldest) {
		trim(r);
		netra_channel_release(r->host, r->channel);
	}
	return NETRA_OK;
}

size_t netra_cursor_bytes(const struct netra_host *host, uint32_t channel)
{
	return sizeof(struct netra_cursor) + held_bytes(&host->channel[channel]);
}

enum netra_error netra_cursor_check(struct netra_host *host, uint32_t channel)
{
	if (host->lost)
		return host->lost;
	if (!host->view || !host->channels)
		return netra_host_fail(host, NETRA_ERR_STATE,
				       "the board is not started: start it first");
	if (channel >= host->channels)
		return netra_host_fail(host, NETRA_ERR_NOT_FOUND,
				       "no channel %u: the board has 0 to %u",
				       channel, host->channels - 1);
	return NETRA_OK;
}

void netra_cursor_open(struct netra_host *host, uint32_t channel,
		       uint32_t flags, struct netra_cursor *r)
{
	struct netra_channel *c = &host->channel[channel];

	r->host = host;
	r->channel = channel;
	r->flags = flags;
	r->epoch = c->epoch;
	r->next = c->ring.head;
	/* A generation begins with a jump, which is not for those who come after. */
	r->expected = c->sequence_base > c->sequence_next ? c->sequence_base :
							    c->sequence_next;
	if (flags & NETRA_CURSOR_FROM_KEY && c->ring.have_key) {
		r->next = c->ring.key;
		r->expected = netra_ring_frame(&c->ring, r->next)->sequence;
	}
	r->oldest = r->next;
	r->wait_key = true;
	r->waited = true;
	r->sibling = c->cursors;
	c->cursors = r;
	c->cursor_count++;
}

void netra_cursor_close(struct netra_cursor *r)
{
	struct netra_channel *c = channel_of(r);
	struct netra_cursor **at;

	for (at = &c->cursors; *at != r; at = &(*at)->sibling)
		;
	*at = r->sibling;
	c->cursor_count--;
	netra_channel_release(r->host, r->channel);
}

void netra_cursor_delivered(struct netra_cursor *r,
			    struct netra_host_frame *frame)
{
	frame->lost += r->owed;
	r->owed = 0;
	r->stats.frames++;
	r->stats.bytes += frame->length;
}

void netra_cursor_spoilt(struct netra_cursor *r,
			 const struct netra_host_frame *frame, bool corrupt)
{
	if (corrupt) {
		netra_cursor_give_back(r, frame->token);
		r->stats.corrupt++;
	}
	r->stats.lost++;
	r->owed += frame->lost + 1;
	r->wait_key = true;
}
