/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands from the host and their replies, events to the host. A command is
 * checked whole before any of it is used; each one gets exactly one reply, in
 * order, in the reply slot of its id.
 */
#include "producer_internal.h"

static void reply(struct netra_producer *producer, uint32_t id,
		  uint32_t status, uint32_t detail)
{
	struct netra_reply wire = {
		.id = netra_le32(id),
		.status = netra_le32(status),
		.detail = netra_le32(detail),
		.generation = netra_le32(producer->attach.generation),
	};

	wire.crc32c = netra_le32(netra_crc32c(0, &wire,
		__builtin_offsetof(struct netra_reply, crc32c)));
	/* What the command changed is seen before its reply. */
	producer->ops->fence(producer->context);
	netra_producer_write(producer,
			     HOST_AREA_AT(reply, id % NETRA_COMMAND_SLOTS),
			     &wire, sizeof(wire));
	netra_producer_interrupt(producer);
}

static uint32_t execute(struct netra_producer *producer,
			const struct netra_command *command, uint32_t *detail)
{
	struct netra_channel_status *channel_status;
	uint32_t status;

	if (command->opcode >= NETRA_CMD_COUNT)
		return NETRA_REPLY_UNKNOWN;
	if (command->opcode == NETRA_CMD_PING)
		return NETRA_REPLY_OK;
	if (command->channel >= producer->attach.channels)
		return NETRA_REPLY_BAD_CHANNEL;
	if (command->opcode == NETRA_CMD_RESYNC) {
		netra_producer_ring_resync(producer, command->channel);
		return NETRA_REPLY_OK;
	}
	channel_status = &producer->channel[command->channel].status;
	status = producer->ops->command(producer->context, command, detail);
	if (status == NETRA_REPLY_OK && command->opcode == NETRA_CMD_START)
		channel_status->state = NETRA_CHANNEL_RUNNING;
	if (status == NETRA_REPLY_OK && command->opcode == NETRA_CMD_STOP)
		channel_status->state = NETRA_CHANNEL_STOPPED;
	netra_producer_channel_status(producer, command->channel);
	return status;
}

static bool read_command(struct netra_producer *producer, uint32_t id,
			 struct netra_command *command)
{
	const uint32_t words = sizeof(*command) / sizeof(uint32_t);
	uint32_t *word = &command->id;
	uint32_t crc;

	netra_producer_copy(word,
		&producer->block->command[id % NETRA_COMMAND_SLOTS].id, words);
	crc = netra_crc32c(0, command,
			   __builtin_offsetof(struct netra_command, crc32c));
	for (uint32_t i = 0; i < words; i++)
		word[i] = netra_le32(word[i]);
	return crc == command->crc32c && command->id == id;
}

void netra_producer_commands(struct netra_producer *producer)
{
	uint32_t head =
		netra_read32_acquire(&producer->block->posts.command_head);

	if (head - producer->command_tail > NETRA_COMMAND_SLOTS) {
		producer->bad_commands++;
		return;
	}
	while (producer->command_tail != head) {
		uint32_t id = producer->command_tail++;
		struct netra_command command;
		uint32_t detail = 0;
		uint32_t status;

		if (read_command(producer, id, &command)) {
			status = execute(producer, &command, &detail);
		} else {
			producer->bad_commands++;
			status = NETRA_REPLY_BAD_CRC;
		}
		reply(producer, id, status, detail);
	}
}

void netra_producer_event(struct netra_producer *producer,
			  enum netra_event_type type, uint32_t channel,
			  const uint32_t arg[4])
{
	uint32_t slot = producer->event_head % NETRA_EVENT_SLOTS;
	struct netra_event_record wire = { 0 };
	uint32_t tail;

	if (!netra_producer_attached(producer))
		return;
	/* A tail beyond the head makes the difference large: no room, either. */
	tail = netra_read32_acquire(&producer->block->posts.event_tail);
	if (producer->event_head - tail >= NETRA_EVENT_SLOTS) {
		producer->events_lost++;
		return;
	}
	wire.sequence = netra_le32(producer->event_head);
	wire.type = netra_le32((uint32_t)type);
	wire.channel = netra_le32(channel);
	wire.lost = netra_le32(producer->events_lost);
	wire.board_time_ns =
		netra_le64(producer->ops->now_ns(producer->context));
	for (int i = 0; arg && i < 4; i++)
		wire.arg[i] = netra_le32(arg[i]);
	wire.generation = netra_le32(producer->attach.generation);
	wire.crc32c = netra_le32(netra_crc32c(0, &wire,
		__builtin_offsetof(struct netra_event_record, crc32c)));

	producer->event_head++;
	producer->events_lost = 0;
	if (netra_producer_write(producer, HOST_AREA_AT(event, slot), &wire,
				 sizeof(wire)))
		return;
	producer->ops->fence(producer->context);
	netra_producer_write_word(producer, HOST_AREA(heads.event_head),
				  producer->event_head);
	netra_producer_interrupt(producer);
}
