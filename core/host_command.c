/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to the board: written into its block, announced by doorbell, and
 * answered in host memory; and the events it sends. The only BAR 0 access in
 * steady state is the doorbell of a command.
 */
#include "host_internal.h"

static enum netra_error write_command(struct netra_host *host,
				      const struct netra_command *wire,
				      uint32_t id)
{
	uint32_t at = host->block_offset +
		      (uint32_t)offsetof(struct netra_board_block, command) +
		      id % NETRA_COMMAND_SLOTS * (uint32_t)sizeof(*wire);
	enum netra_error error = NETRA_OK;

	for (uint32_t i = 0; !error && i < sizeof(*wire); i += 4) {
		uint32_t word;

		__builtin_memcpy(&word, (const uint8_t *)wire + i, 4);
		error = host->ops->write32(host, host->block_bar, at + i,
					   netra_le32(word));
	}
	return error;
}

enum netra_error netra_host_post_command(struct netra_host *host,
					 enum netra_command_owner owner,
					 const struct netra_command_request *request,
					 uint32_t *id, uint64_t now_ns)
{
	const uint32_t head_at = offsetof(struct netra_host_posts, command_head);
	struct netra_command wire;
	struct netra_command_slot *slot;
	enum netra_error error;

	error = netra_mailbox_post(&host->mailbox, request,
				   now_ns + NETRA_COMMAND_MS * NETRA_NS_PER_MS,
				   &wire, id);
	if (error)
		return error;
	slot = &host->command[*id % NETRA_COMMAND_SLOTS];
	slot->owner = owner;
	slot->channel = request->channel;
	slot->opcode = request->opcode;
	slot->done = false;
	error = write_command(host, &wire, *id);
	if (error)
		return error;
	host->ops->post(host, head_at, *id + 1);
	return host->ops->write32(host, 0, NETRA_REG_MSI_IRQ,
				  NETRA_DOORBELL_COMMAND);
}

static void settled(struct netra_host *host, struct netra_command_slot *slot,
		    const struct netra_command_result *result, uint64_t now_ns)
{
	enum netra_command_owner owner = slot->owner;

	slot->owner = owner == NETRA_OWNER_CALLER ? owner : NETRA_OWNER_NONE;
	slot->result = *result;
	slot->done = true;
	if (owner == NETRA_OWNER_RESYNC)
		netra_recover_resynced(host, slot->channel, result->error,
				       now_ns);
	if (owner == NETRA_OWNER_RESTART && result->error)
		netra_host_notify(host, NETRA_HOST_TROUBLE, slot->channel,
				  "the channel did not start again: %s",
				  netra_error_name(result->error));
	if (result->error == NETRA_ERR_TIMEOUT && owner != NETRA_OWNER_RESYNC)
		netra_recover_trouble(host, NETRA_TROUBLE_COMMAND,
				      slot->channel, now_ns);
}

bool netra_host_settle(struct netra_host *host, uint64_t now_ns)
{
	struct netra_command_result result;
	bool found = false;

	while (host->state == NETRA_BOARD_ATTACHED &&
	       netra_mailbox_settle(&host->mailbox, host->area->reply, now_ns,
				    &result)) {
		found = true;
		settled(host, &host->command[result.id % NETRA_COMMAND_SLOTS],
			&result, now_ns);
	}
	return found;
}

static const char *refusal(uint32_t status)
{
	static const char *const text[] = {
		[NETRA_REPLY_UNKNOWN] = "its firmware does not know the command",
		[NETRA_REPLY_BAD_CHANNEL] = "it has no such channel",
		[NETRA_REPLY_BAD_ARGUMENT] = "a value is out of its range",
		[NETRA_REPLY_UNSUPPORTED] = "the channel's source cannot do it",
		[NETRA_REPLY_BAD_CRC] = "the command arrived damaged",
	};

	if (!status || status >= sizeof(text) / sizeof(text[0]))
		return "it gave no known reason";
	return text[status];
}

/* Whether frames are wanted, as it was before a command that failed. */
static void take_back(struct netra_host *host,
		      const struct netra_command_slot *slot)
{
	if (slot->opcode == NETRA_CMD_START || slot->opcode == NETRA_CMD_STOP)
		host->channel[slot->channel].started = slot->was_started;
}

static enum netra_error finish(struct netra_host *host,
			       const struct netra_command_slot *slot)
{
	const struct netra_command_result *result = &slot->result;

	if (result->error)
		take_back(host, slot);
	switch (result->error) {
	case NETRA_OK:
		return NETRA_OK;
	case NETRA_ERR_REFUSED:
		return netra_host_fail(host, NETRA_ERR_REFUSED,
				       "the board refused: %s",
				       refusal(result->status));
	default:
		return netra_host_fail(host, result->error,
				       "the board did not answer within %u ms",
				       NETRA_COMMAND_MS);
	}
}

enum netra_error netra_host_answer(struct netra_host *host, uint32_t generation,
				   uint32_t id)
{
	struct netra_command_slot *slot =
		&host->command[id % NETRA_COMMAND_SLOTS];

	if (host->lost)
		return host->lost;
	/* A slot is its caller's as long as its generation and id are. */
	if (slot->done && host->generation == generation) {
		slot->owner = NETRA_OWNER_NONE;
		return finish(host, slot);
	}
	if (host->generation != generation ||
	    host->state != NETRA_BOARD_ATTACHED)
		return netra_host_fail(host, NETRA_ERR_TIMEOUT,
				       "the board did not answer and is being recovered: try again afterwards");
	return NETRA_ERR_AGAIN;
}

static enum netra_error may_command(struct netra_host *host, uint32_t channel,
				    enum netra_opcode opcode)
{
	if (host->lost)
		return host->lost;
	if (host->state == NETRA_BOARD_RECOVERING)
		return netra_host_fail(host, NETRA_ERR_STATE,
				       "the board is being recovered: try again later");
	if (host->state != NETRA_BOARD_ATTACHED)
		return netra_host_fail(host, NETRA_ERR_STATE,
				       "the board is not started: start it first");
	if (channel >= host->channels && opcode != NETRA_CMD_PING)
		return netra_host_fail(host, NETRA_ERR_NOT_FOUND,
				       "no channel %u: the board has 0 to %u",
				       channel, host->channels - 1);
	if (opcode == NETRA_CMD_RESYNC || opcode >= NETRA_CMD_COUNT)
		return netra_host_fail(host, NETRA_ERR_INVALID,
				       "not a command for applications");
	return NETRA_OK;
}

static enum netra_error too_many(struct netra_host *host, enum netra_error error)
{
	if (error != NETRA_ERR_AGAIN)
		return error;
	return netra_host_fail(host, NETRA_ERR_BUSY,
			       "too many commands under way: try again");
}

enum netra_error netra_host_tell(struct netra_host *host, uint32_t channel,
				 enum netra_opcode opcode, uint32_t arg0,
				 uint32_t arg1, uint64_t now_ns)
{
	const struct netra_command_request request = {
		.opcode = (uint32_t)opcode,
		.channel = channel,
		.arg = { arg0, arg1 },
	};
	enum netra_error error = may_command(host, channel, opcode);
	uint32_t id;

	if (error)
		return error;
	if (opcode == NETRA_CMD_START || opcode == NETRA_CMD_STOP)
		return netra_host_fail(host, NETRA_ERR_INVALID,
				       "a start or stop is waited for");
	return too_many(host, netra_host_post_command(host, NETRA_OWNER_NONE,
						      &request, &id, now_ns));
}

enum netra_error netra_host_command(struct netra_host *host, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1, uint64_t now_ns,
				    uint32_t *id)
{
	const struct netra_command_request request = {
		.opcode = (uint32_t)opcode,
		.channel = channel,
		.arg = { arg0, arg1 },
	};
	enum netra_error error = may_command(host, channel, opcode);
	bool was_started = false;

	if (error)
		return error;
	/* Before the command: its stream may end before its answer is seen. */
	if (opcode == NETRA_CMD_START || opcode == NETRA_CMD_STOP) {
		was_started = host->channel[channel].started;
		host->channel[channel].started = opcode == NETRA_CMD_START;
	}
	error = netra_host_post_command(host, NETRA_OWNER_CALLER, &request, id,
					now_ns);
	if (!error) {
		host->command[*id % NETRA_COMMAND_SLOTS].was_started =
			was_started;
		return NETRA_OK;
	}
	if (opcode == NETRA_CMD_START || opcode == NETRA_CMD_STOP)
		host->channel[channel].started = was_started;
	return too_many(host, error);
}

bool netra_host_scan_events(struct netra_host *host, uint64_t now_ns)
{
	const uint32_t tail_at = offsetof(struct netra_host_posts, event_tail);
	uint32_t head = netra_read32_acquire(&host->area->heads.event_head);
	uint32_t before = host->events.position;
	struct netra_event_info info;
	bool found = false;

	if (head == before)
		return false;
	while (netra_events_next(&host->events, host->area->event, head,
				 host->channels, &info)) {
		uint64_t at = netra_clock_to_host(&host->clock,
						  info.board_time_ns);

		host->told++;
		host->events_lost += info.lost;
		if (info.type == NETRA_EVENT_FAULT &&
		    info.arg[0] == NETRA_FAULT_TRANSFER)
			host->dma_faults++;
		host->ops->event(host, &info, at ? at : now_ns);
		found = true;
	}
	if (host->events.position != before)
		host->ops->post(host, tail_at, host->events.position);
	return found;
}
