/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to the board, by a caller who waits for the answer, or does not. */
#include "internal.h"

/* Also found without an interrupt, this much later. */
#define LOOK_MS 20

static enum netra_error await(struct netra_board *board, uint32_t id)
{
	uint64_t until = netra_now_ns() + NETRA_COMMAND_MS * NETRA_NS_PER_MS * 2;
	struct netra_host *host = &board->host;
	uint32_t generation = host->generation;

	for (;;) {
		enum netra_error error = netra_host_answer(host, generation, id);

		if (error != NETRA_ERR_AGAIN)
			return error;
		error = netra_dispatch_once(board, LOOK_MS);
		if (error == NETRA_ERR_AGAIN)
			netra_host_scan(host, netra_now_ns());
		if (netra_now_ns() > until)
			return netra_fail(board, NETRA_ERR_TIMEOUT,
					  "the board did not answer");
	}
}

enum netra_error netra_own_command(struct netra_board *board, uint32_t channel,
				   enum netra_opcode opcode, uint32_t arg0,
				   uint32_t arg1)
{
	enum netra_error error;
	uint32_t id;

	pthread_mutex_lock(&board->lock);
	error = netra_host_command(&board->host, channel, opcode, arg0, arg1,
				   netra_now_ns(), &id);
	if (!error)
		error = await(board, id);
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum netra_error netra_own_post(struct netra_board *board, uint32_t channel,
				enum netra_opcode opcode, uint32_t arg0,
				uint32_t arg1)
{
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = netra_host_tell(&board->host, channel, opcode, arg0, arg1,
				netra_now_ns());
	pthread_mutex_unlock(&board->lock);
	return error;
}
