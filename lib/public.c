/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface to a board, whoever drives it: see struct board_ops. */
#include <string.h>

#include "common.h"

void netra_close(struct netra_board *board)
{
	if (!board)
		return;
	netra_ops(board)->close(board);
}

enum netra_error netra_boot(struct netra_board *board, const char *firmware_dir,
			    bool force, netra_boot_callback *callback,
			    void *context)
{
	return netra_ops(board)->boot(board, firmware_dir, force, callback, context);
}

enum netra_error netra_start(struct netra_board *board)
{
	return netra_ops(board)->start(board);
}

enum netra_error netra_reset(struct netra_board *board)
{
	return netra_ops(board)->reset(board);
}

enum netra_error netra_command(struct netra_board *board, uint32_t channel,
			       enum netra_opcode opcode, uint32_t arg0,
			       uint32_t arg1)
{
	return netra_ops(board)->command(board, channel, opcode, arg0, arg1);
}

enum netra_error netra_command_post(struct netra_board *board, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1)
{
	return netra_ops(board)->post(board, channel, opcode, arg0, arg1);
}

enum netra_error netra_channel_start(struct netra_board *board, uint32_t channel)
{
	return netra_ops(board)->command(board, channel, NETRA_CMD_START, 0, 0);
}

enum netra_error netra_channel_stop(struct netra_board *board, uint32_t channel)
{
	return netra_ops(board)->command(board, channel, NETRA_CMD_STOP, 0, 0);
}

enum netra_error netra_next_event(struct netra_board *board,
				  struct netra_event *event)
{
	return netra_ops(board)->next_event(board, event);
}

void netra_board_get_details(struct netra_board *board,
			     struct netra_board_details *details)
{
	memset(details, 0, sizeof(*details));
	netra_ops(board)->details(board, details);
}

void netra_board_get_stats(struct netra_board *board,
			   struct netra_board_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	netra_ops(board)->stats(board, stats);
}

enum netra_error netra_channel_get_stats(struct netra_board *board,
					 uint32_t channel,
					 struct netra_channel_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return netra_ops(board)->channel_stats(board, channel, stats);
}

enum netra_error netra_reader_open(struct netra_board *board, uint32_t channel,
				   uint32_t flags, struct netra_reader **reader)
{
	enum netra_error error =
		netra_ops(board)->reader_open(board, channel, flags, reader);

	if (!error)
		(*reader)->check = flags & NETRA_READER_CHECK;
	return error;
}

size_t netra_channel_sets(struct netra_board *board, uint32_t channel,
			  void *buffer)
{
	const struct board_ops *ops = netra_ops(board);

	return ops->sets ? ops->sets(board, channel, buffer) : 0;
}

const char *netra_version(void)
{
	return NETRA_VERSION;
}
