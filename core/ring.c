/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's half of a frame ring: the border between the device and
 * everything that trusts frames. The caller serialises all calls for one
 * ring; the board writes the records at any time.
 *
 * Invariants, whatever the board writes:
 *  - tail, key and head are positions in this order; head - tail never
 *    exceeds the ring's entries. They move forward only, but for resync.
 *  - Each record is read once, into a local copy; what is checked there is
 *    what is kept. A record is read only after the head that covers it.
 *  - frames[] between tail and head lie inside the channel's data region,
 *    begin on a cache line and have known flags, times whose differences
 *    cannot overflow, and sequence numbers that rise by 1 + lost.
 *  - used_bytes is the sum of their room_bytes and never above data_size:
 *    a board that wraps into what was not released is found out.
 *  - A call does at most one ring's worth of work. After a fault nothing is
 *    taken until resync; frames taken before it stay good.
 */
#include "bytes.h"
#include "crc32c.h"
#include "ring.h"

#define TIME_LIMIT	(INT64_C(1) << 62)

static uint32_t entries(const struct netra_ring *ring)
{
	return 1u << ring->layout.records_log2;
}

static struct netra_ring_frame *frame_at(const struct netra_ring *ring,
					 uint32_t position)
{
	return &ring->frames[position & (entries(ring) - 1)];
}

/* Distances of free-running positions: over half the numbers is backwards. */
static bool behind(uint32_t distance)
{
	return distance > INT32_MAX;
}

void netra_ring_init(struct netra_ring *ring,
		     const struct netra_channel_layout *layout,
		     const struct netra_record *records,
		     struct netra_ring_frame *frames)
{
	__builtin_memset(ring, 0, sizeof(*ring));
	ring->records = records;
	ring->frames = frames;
	ring->layout = *layout;
}

void netra_ring_resync(struct netra_ring *ring)
{
	ring->head = 0;
	ring->tail = 0;
	ring->have_key = false;
	ring->started = false;
	ring->resynced = true;
	ring->ended = false;
	ring->fault = NETRA_RING_OK;
	ring->data_next = 0;
	ring->used_bytes = 0;
}

/* Each word of the record is loaded exactly once. */
static void read_record(const struct netra_ring *ring, uint32_t position,
			struct netra_record *record)
{
	const uint32_t *shared = (const uint32_t *)
		&ring->records[position & (entries(ring) - 1)];
	uint32_t word[sizeof(*record) / sizeof(uint32_t)];

	for (uint32_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		word[i] = __atomic_load_n(&shared[i], __ATOMIC_RELAXED);
	__builtin_memcpy(record, word, sizeof(*record));
}

static void decode(const struct netra_record *record,
		   struct netra_ring_frame *frame)
{
	frame->sequence = netra_le64(record->sequence);
	frame->board_time_ns = netra_le64(record->board_time_ns);
	frame->pts_90k = (int64_t)netra_le64(record->pts_90k);
	frame->dts_90k = (int64_t)netra_le64(record->dts_90k);
	frame->offset = netra_le32(record->offset);
	frame->length = netra_le32(record->length);
	frame->flags = netra_le32(record->flags);
	frame->lost = netra_le32(record->lost);
	frame->duration_90k = netra_le32(record->duration_90k);
	frame->data_crc32c = netra_le32(record->data_crc32c);
}

static bool sequence_ok(const struct netra_ring *ring,
			const struct netra_ring_frame *frame)
{
	if (ring->resynced)
		return frame->sequence >= ring->next_sequence;
	return frame->sequence - ring->next_sequence == frame->lost;
}

/* An end mark has no picture and so no time; after it times may begin anew. */
static bool time_ok(const struct netra_ring *ring,
		    const struct netra_ring_frame *frame)
{
	if (frame->flags & NETRA_FRAME_END)
		return true;
	return frame->dts_90k > -TIME_LIMIT && frame->pts_90k < TIME_LIMIT &&
	       frame->dts_90k <= frame->pts_90k &&
	       (!ring->started || ring->ended ||
		frame->dts_90k > ring->last_dts_90k);
}

/*
 * Inside the data region, and not into what is still in use. The room a frame
 * takes reaches from the end of the frame before it, around the region's end
 * if it lies behind; in an empty ring what was skipped is not missed.
 */
static bool place_frame(struct netra_ring *ring, struct netra_ring_frame *frame)
{
	uint32_t size = ring->layout.data_size & ~(NETRA_FRAME_ALIGN - 1);
	uint32_t at = frame->offset - ring->layout.data_offset;
	uint32_t room, gap = 0;

	if (frame->offset < ring->layout.data_offset ||
	    !netra_range_ok(at, frame->length, size) ||
	    frame->offset & (NETRA_FRAME_ALIGN - 1) ||
	    !frame->length != !!(frame->flags & NETRA_FRAME_END))
		return false;
	room = (frame->length + NETRA_FRAME_ALIGN - 1) &
	       ~(NETRA_FRAME_ALIGN - 1);
	if (ring->head != ring->tail)
		gap = at >= ring->data_next ? at - ring->data_next :
					      at + size - ring->data_next;
	if (!netra_range_ok(ring->used_bytes, (uint64_t)gap + room, size))
		return false;
	frame->room_bytes = gap + room;
	ring->data_next = at + room;
	return true;
}

/* Check the record at the head; the frame is valid only if this returns OK. */
static enum netra_ring_fault take(struct netra_ring *ring,
				  struct netra_ring_frame *frame)
{
	struct netra_record record;

	read_record(ring, ring->head, &record);
	if (netra_le32(record.record_crc32c) !=
	    netra_crc32c(0, &record,
			 offsetof(struct netra_record, record_crc32c)))
		return NETRA_RING_RECORD_TORN;
	if (netra_le32(record.position) != ring->head)
		return NETRA_RING_RECORD_STALE;
	decode(&record, frame);
	if (frame->flags & ~NETRA_FRAME_FLAGS_ALL)
		return NETRA_RING_FLAGS_UNKNOWN;
	if (!sequence_ok(ring, frame))
		return NETRA_RING_SEQUENCE_WRONG;
	if (!time_ok(ring, frame))
		return NETRA_RING_TIME_WRONG;
	if (!place_frame(ring, frame))
		return NETRA_RING_RANGE_WRONG;
	return NETRA_RING_OK;
}

static void account(struct netra_ring *ring, struct netra_ring_frame *frame)
{
	uint64_t lost = frame->sequence - ring->next_sequence;

	frame->lost = lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
	if (lost || ring->resynced)
		frame->flags |= NETRA_FRAME_DISCONTINUITY;
	ring->lost_total += lost;
	ring->next_sequence = frame->sequence + 1;
	ring->resynced = false;
	ring->used_bytes += frame->room_bytes;
	ring->ended = frame->flags & NETRA_FRAME_END;
	if (!ring->ended) {
		ring->started = true;
		ring->last_dts_90k = frame->dts_90k;
		ring->frames_total++;
		ring->bytes_total += frame->length;
	}
	if (frame->flags & NETRA_FRAME_KEY && !ring->ended) {
		ring->key = ring->head;
		ring->have_key = true;
	}
	ring->head++;
}

uint32_t netra_ring_advance(struct netra_ring *ring, uint32_t head)
{
	uint32_t fresh = head - ring->head;
	uint32_t in_use = ring->head - ring->tail;
	uint32_t taken;

	if (ring->fault)
		return 0;
	if (fresh > entries(ring) - in_use) {
		ring->fault = behind(fresh) ? NETRA_RING_HEAD_BACK :
					      NETRA_RING_HEAD_JUMPED;
		return 0;
	}
	for (taken = 0; taken < fresh; taken++) {
		struct netra_ring_frame frame;

		ring->fault = take(ring, &frame);
		if (ring->fault)
			break;
		account(ring, &frame);
		*frame_at(ring, ring->head - 1) = frame;
	}
	return taken;
}

const struct netra_ring_frame *netra_ring_frame(const struct netra_ring *ring,
						uint32_t position)
{
	if (position - ring->tail >= ring->head - ring->tail)
		return NULL;
	return frame_at(ring, position);
}

static void release_oldest(struct netra_ring *ring)
{
	if (ring->have_key && ring->key == ring->tail)
		ring->have_key = false;
	ring->used_bytes -= frame_at(ring, ring->tail)->room_bytes;
	ring->tail++;
}

/* Distances from the tail order positions, also when the numbers wrap. */
static uint32_t wanted_from(const struct netra_ring *ring, uint32_t needed)
{
	uint32_t in_use = ring->head - ring->tail;
	uint32_t distance = needed - ring->tail;
	uint32_t key = ring->have_key ? ring->key - ring->tail : in_use;

	if (distance > in_use)		/* behind the tail, or above the head */
		distance = behind(distance) ? 0 : in_use;
	return distance < key ? distance : key;
}

static bool pressed(const struct netra_ring *ring)
{
	uint32_t records = entries(ring);
	uint32_t bytes = ring->layout.data_size;

	return ring->head - ring->tail > records - records / 4 ||
	       ring->used_bytes > bytes - bytes / 4;
}

uint32_t netra_ring_reclaim(struct netra_ring *ring, uint32_t needed)
{
	/* Wishes first: they may be enough. A key frame that went under
	 * pressure no longer holds back what nobody needs behind it. */
	while (wanted_from(ring, needed) || pressed(ring))
		release_oldest(ring);
	return ring->tail;
}

uint32_t netra_ring_release(struct netra_ring *ring, uint32_t needed)
{
	while (wanted_from(ring, needed))
		release_oldest(ring);
	return ring->tail;
}

void netra_ring_forget_key(struct netra_ring *ring)
{
	ring->have_key = false;
}

uint32_t netra_ring_used_bytes(const struct netra_ring *ring)
{
	return ring->used_bytes;
}

const char *netra_ring_fault_text(enum netra_ring_fault fault)
{
	static const char *const text[NETRA_RING_FAULT_COUNT] = {
		[NETRA_RING_OK] = "the ring is sound",
		[NETRA_RING_HEAD_JUMPED] = "the head index ran ahead of what fits the ring",
		[NETRA_RING_HEAD_BACK] = "the head index ran backwards",
		[NETRA_RING_RECORD_TORN] = "a frame record's checksum is wrong",
		[NETRA_RING_RECORD_STALE] = "a frame record is not of the position expected",
		[NETRA_RING_SEQUENCE_WRONG] = "a frame's sequence number does not follow",
		[NETRA_RING_RANGE_WRONG] = "a frame leaves its data region or overlaps others",
		[NETRA_RING_FLAGS_UNKNOWN] = "a frame has unknown flags",
		[NETRA_RING_TIME_WRONG] = "a frame's times run backwards",
	};

	if ((unsigned int)fault >= NETRA_RING_FAULT_COUNT)
		return "unknown fault";
	return text[fault];
}
