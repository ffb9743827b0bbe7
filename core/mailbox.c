/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands and their answers, events. The caller serialises calls for one
 * board. Reply and event slots are written by the board at any time: each is
 * copied once, and only a copy whose checksum holds is believed.
 */
#include "bytes.h"
#include "crc32c.h"
#include "mailbox.h"

/* Read shared words once each; they stay in wire order. */
static void copy_once(void *to, const void *from, uint32_t bytes)
{
	const uint32_t *in = from;
	uint32_t *out = to;

	for (uint32_t i = 0; i < bytes / sizeof(*in); i++)
		out[i] = __atomic_load_n(&in[i], __ATOMIC_RELAXED);
}

void netra_mailbox_init(struct netra_mailbox *mailbox, uint32_t generation)
{
	__builtin_memset(mailbox, 0, sizeof(*mailbox));
	mailbox->generation = generation;
}

enum netra_error netra_mailbox_post(struct netra_mailbox *mailbox,
				    const struct netra_command_request *request,
				    uint64_t deadline_ns,
				    struct netra_command *wire, uint32_t *id)
{
	uint32_t slot = mailbox->head % NETRA_COMMAND_SLOTS;

	if (mailbox->head - mailbox->tail >= NETRA_COMMAND_SLOTS)
		return NETRA_ERR_AGAIN;
	__builtin_memset(wire, 0, sizeof(*wire));
	wire->id = netra_le32(mailbox->head);
	wire->opcode = netra_le32(request->opcode);
	wire->channel = netra_le32(request->channel);
	for (uint32_t i = 0; i < 4; i++)
		wire->arg[i] = netra_le32(request->arg[i]);
	wire->crc32c = netra_le32(netra_crc32c(0, wire,
			offsetof(struct netra_command, crc32c)));
	mailbox->slot[slot].pending = true;
	mailbox->slot[slot].deadline_ns = deadline_ns;
	*id = mailbox->head++;
	return NETRA_OK;
}

static bool reply_is_blank(const struct netra_reply *reply)
{
	const uint32_t *word = (const uint32_t *)reply;
	uint32_t all = 0;

	for (uint32_t i = 0; i < sizeof(*reply) / sizeof(*word); i++)
		all |= word[i];
	return !all;
}

static bool reply_holds(const struct netra_reply *reply)
{
	return netra_le32(reply->crc32c) ==
	       netra_crc32c(0, reply, offsetof(struct netra_reply, crc32c));
}

static bool reply_answers(const struct netra_reply *reply, uint32_t id,
			  uint32_t generation)
{
	return netra_le32(reply->id) == id &&
	       netra_le32(reply->generation) == generation &&
	       reply_holds(reply);
}

/* An overdue command's slot may be untouched; anything else is a bad reply. */
static bool reply_is_bad(const struct netra_reply *reply, uint32_t id,
			 uint32_t generation)
{
	return !reply_is_blank(reply) &&
	       !reply_answers(reply, id - NETRA_COMMAND_SLOTS, generation);
}

static void settle(struct netra_mailbox *mailbox, uint32_t id)
{
	mailbox->slot[id % NETRA_COMMAND_SLOTS].pending = false;
	while (mailbox->tail != mailbox->head &&
	       !mailbox->slot[mailbox->tail % NETRA_COMMAND_SLOTS].pending)
		mailbox->tail++;
}

bool netra_mailbox_settle(struct netra_mailbox *mailbox,
			  const struct netra_reply *replies, uint64_t now_ns,
			  struct netra_command_result *result)
{
	for (uint32_t id = mailbox->tail; id != mailbox->head; id++) {
		uint32_t slot = id % NETRA_COMMAND_SLOTS;
		struct netra_reply reply;

		if (!mailbox->slot[slot].pending)
			continue;
		copy_once(&reply, &replies[slot], sizeof(reply));
		__builtin_memset(result, 0, sizeof(*result));
		result->id = id;
		if (reply_answers(&reply, id, mailbox->generation)) {
			result->status = netra_le32(reply.status);
			result->detail = netra_le32(reply.detail);
			result->error = result->status == NETRA_REPLY_OK ?
					NETRA_OK : NETRA_ERR_REFUSED;
		} else if (now_ns >= mailbox->slot[slot].deadline_ns) {
			if (reply_is_bad(&reply, id, mailbox->generation))
				mailbox->bad_replies++;
			mailbox->timeouts++;
			result->error = NETRA_ERR_TIMEOUT;
		} else {
			continue;
		}
		settle(mailbox, id);
		return true;
	}
	return false;
}

uint64_t netra_mailbox_deadline(const struct netra_mailbox *mailbox)
{
	uint64_t earliest = 0;

	for (uint32_t id = mailbox->tail; id != mailbox->head; id++) {
		uint32_t slot = id % NETRA_COMMAND_SLOTS;

		if (mailbox->slot[slot].pending &&
		    (!earliest || mailbox->slot[slot].deadline_ns < earliest))
			earliest = mailbox->slot[slot].deadline_ns;
	}
	return earliest;
}

void netra_events_init(struct netra_events *events, uint32_t generation)
{
	__builtin_memset(events, 0, sizeof(*events));
	events->generation = generation;
}

static bool event_ok(const struct netra_events *events,
		     const struct netra_event_record *record, uint32_t channels)
{
	uint32_t type = netra_le32(record->type);
	uint32_t channel = netra_le32(record->channel);

	return netra_le32(record->crc32c) ==
		       netra_crc32c(0, record,
				    offsetof(struct netra_event_record, crc32c)) &&
	       netra_le32(record->sequence) == events->position &&
	       netra_le32(record->generation) == events->generation &&
	       type >= NETRA_EVENT_SIGNAL_LOST && type <= NETRA_EVENT_ENDED &&
	       (channel < channels || channel == NETRA_EVENT_BOARD);
}

bool netra_events_next(struct netra_events *events,
		       const struct netra_event_record *ring, uint32_t head,
		       uint32_t channels, struct netra_event_info *info)
{
	struct netra_event_record record;

	if (head - events->position > NETRA_EVENT_SLOTS) {
		/* No board gets there; believe it, so that one bad index heals. */
		events->position = head;
		events->bad++;
		return false;
	}
	while (events->position != head) {
		copy_once(&record, &ring[events->position % NETRA_EVENT_SLOTS],
			  sizeof(record));
		if (!event_ok(events, &record, channels)) {
			events->position++;
			events->bad++;
			continue;
		}
		events->position++;
		info->type = (enum netra_event_type)netra_le32(record.type);
		info->channel = netra_le32(record.channel);
		info->lost = netra_le32(record.lost);
		info->board_time_ns = netra_le64(record.board_time_ns);
		for (uint32_t i = 0; i < 4; i++)
			info->arg[i] = netra_le32(record.arg[i]);
		events->lost += info->lost;
		return true;
	}
	return false;
}
