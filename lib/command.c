/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to the board: written into its block, announced by doorbell, and
 * answered in host memory. The only BAR 0 access in steady state is the
 * doorbell of a command.
 */
#include <string.h>

#include "core/bytes.h"
#include "internal.h"

/* Also found without an interrupt, this much later. */
#define LOOK_MS 20

static enum netra_error write_command(struct netra_board *board,
				      const struct netra_command *wire,
				      uint32_t id)
{
	uint32_t at = board->block_offset +
		      (uint32_t)offsetof(struct netra_board_block, command) +
		      id % NETRA_COMMAND_SLOTS * (uint32_t)sizeof(*wire);
	struct transport *t = board->transport;
	enum netra_error error = NETRA_OK;

	if (!t->bar[board->block_bar])
		return t->ops->bar_write(t, board->block_bar, at, wire,
					 sizeof(*wire));
	for (uint32_t i = 0; !error && i < sizeof(*wire); i += 4) {
		uint32_t word;

		memcpy(&word, (const uint8_t *)wire + i, 4);
		error = netra_transport_write32(t, board->block_bar, at + i,
						netra_le32(word));
	}
	return error;
}

enum netra_error netra_command_post(struct netra_board *board,
				    enum command_owner owner,
				    const struct netra_command_request *request,
				    uint32_t *id, uint64_t now_ns)
{
	struct netra_command wire;
	struct command_slot *slot;
	enum netra_error error;

	error = netra_mailbox_post(&board->mailbox, request,
				   now_ns + COMMAND_MS * NS_PER_MS, &wire, id);
	if (error)
		return error;
	slot = &board->command[*id % NETRA_COMMAND_SLOTS];
	slot->owner = owner;
	slot->channel = request->channel;
	slot->done = false;
	error = write_command(board, &wire, *id);
	if (error)
		return netra_fail_transport(board, error);
	netra_post_word(board, offsetof(struct netra_host_posts, command_head),
			*id + 1);
	error = netra_transport_write32(board->transport, 0, NETRA_REG_MSI_IRQ,
					NETRA_DOORBELL_COMMAND);
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

bool netra_command_settle(struct netra_board *board, uint64_t now_ns)
{
	struct netra_command_result result;
	bool found = false;

	while (board->state == NETRA_BOARD_ATTACHED &&
	       netra_mailbox_settle(&board->mailbox, board->arena.area->reply,
				    now_ns, &result)) {
		struct command_slot *slot =
			&board->command[result.id % NETRA_COMMAND_SLOTS];
		enum command_owner owner = slot->owner;

		found = true;
		slot->owner = OWNER_NONE;
		slot->result = result;
		slot->done = true;
		if (owner == OWNER_CALLER)
			slot->owner = OWNER_CALLER;
		if (owner == OWNER_RESYNC)
			netra_recover_resynced(board, slot->channel,
					       result.error, now_ns);
		if (owner == OWNER_RESTART && result.error)
			netra_notify(board, NETRA_NOTICE_TROUBLE, slot->channel,
				     "the channel did not start again: %s",
				     netra_error_name(result.error));
		if (result.error == NETRA_ERR_TIMEOUT && owner != OWNER_RESYNC)
			netra_recover_trouble(board, NETRA_TROUBLE_COMMAND,
					      slot->channel, now_ns);
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

static enum netra_error finish(struct netra_board *board,
			       const struct netra_command_result *result)
{
	switch (result->error) {
	case NETRA_OK:
		return NETRA_OK;
	case NETRA_ERR_REFUSED:
		return netra_fail(board, NETRA_ERR_REFUSED, "the board refused: %s",
				  refusal(result->status));
	default:
		return netra_fail(board, result->error,
				  "the board did not answer within %u ms",
				  COMMAND_MS);
	}
}

/* A slot is ours as long as its generation and id are. */
static enum netra_error await(struct netra_board *board, uint32_t id)
{
	struct command_slot *slot = &board->command[id % NETRA_COMMAND_SLOTS];
	uint32_t generation = board->generation;
	uint64_t until = netra_now_ns() + COMMAND_MS * NS_PER_MS * 2;

	for (;;) {
		enum netra_error error;

		if (board->lost)
			return board->lost;
		if (slot->done && board->generation == generation) {
			slot->owner = OWNER_NONE;
			return finish(board, &slot->result);
		}
		if (board->generation != generation ||
		    board->state != NETRA_BOARD_ATTACHED)
			return netra_fail(board, NETRA_ERR_TIMEOUT,
					  "the board did not answer and is being recovered: try again afterwards");
		error = netra_dispatch_once(board, LOOK_MS);
		if (error == NETRA_ERR_AGAIN)
			netra_scan(board, netra_now_ns());
		if (netra_now_ns() > until)
			return netra_fail(board, NETRA_ERR_TIMEOUT,
					  "the board did not answer");
	}
}

enum netra_error netra_command(struct netra_board *board, uint32_t channel,
			       enum netra_opcode opcode, uint32_t arg0,
			       uint32_t arg1)
{
	struct netra_command_request request = {
		.opcode = (uint32_t)opcode,
		.channel = channel,
		.arg = { arg0, arg1 },
	};
	enum netra_error error = NETRA_OK;
	bool was_started;
	uint32_t id;

	pthread_mutex_lock(&board->lock);
	if (board->lost)
		error = board->lost;
	else if (board->state != NETRA_BOARD_ATTACHED)
		error = netra_fail(board, NETRA_ERR_STATE,
				   board->state == NETRA_BOARD_RECOVERING ?
					   "the board is being recovered: try again later" :
					   "the board is not started: start it first");
	else if (channel >= board->channels && opcode != NETRA_CMD_PING)
		error = netra_fail(board, NETRA_ERR_NOT_FOUND,
				   "no channel %u: the board has 0 to %u",
				   channel, board->channels - 1);
	else if (opcode == NETRA_CMD_RESYNC || opcode >= NETRA_CMD_COUNT)
		error = netra_fail(board, NETRA_ERR_INVALID,
				   "not a command for applications");
	if (error)
		goto out_unlock;
	/* Before the command: its stream may end before its answer is seen. */
	was_started = channel < board->channels &&
		      board->channel[channel].started;
	if (opcode == NETRA_CMD_START || opcode == NETRA_CMD_STOP)
		board->channel[channel].started = opcode == NETRA_CMD_START;
	error = netra_command_post(board, OWNER_CALLER, &request, &id,
				   netra_now_ns());
	if (error == NETRA_ERR_AGAIN)
		error = netra_fail(board, NETRA_ERR_BUSY,
				   "too many commands under way: try again");
	else if (!error)
		error = await(board, id);
	if (error && (opcode == NETRA_CMD_START || opcode == NETRA_CMD_STOP))
		board->channel[channel].started = was_started;

out_unlock:
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum netra_error netra_channel_start(struct netra_board *board, uint32_t channel)
{
	return netra_command(board, channel, NETRA_CMD_START, 0, 0);
}

enum netra_error netra_channel_stop(struct netra_board *board, uint32_t channel)
{
	return netra_command(board, channel, NETRA_CMD_STOP, 0, 0);
}
