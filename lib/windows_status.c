/* SPDX-License-Identifier: BSD-2-Clause */
/* What the driver says of its board. */
#include <stdio.h>

#include "windows_board.h"

/* Its texts end, whatever the driver is. */
static void end_texts(struct netra_ioc_status *s)
{
	s->error_text[sizeof(s->error_text) - 1] = 0;
	s->soc[sizeof(s->soc) - 1] = 0;
	s->firmware[sizeof(s->firmware) - 1] = 0;
	s->memory[sizeof(s->memory) - 1] = 0;
	s->cache_mode[sizeof(s->cache_mode) - 1] = 0;
	s->boot_waiting_for[sizeof(s->boot_waiting_for) - 1] = 0;
}

enum netra_error netra_windows_status(struct netra_board *board,
				      struct netra_ioc_status *status)
{
	enum netra_error error = netra_windows_call(board, NETRA_IOC_STATUS,
						    status, 0, sizeof(*status));

	if (!error)
		end_texts(status);
	return error;
}

static bool get_status(struct netra_board *board, struct netra_ioc_status *status)
{
	if (!netra_windows_status(board, status))
		return true;
	*status = (struct netra_ioc_status){ .state = NETRA_BOARD_GONE };
	return false;
}

void netra_windows_details(struct netra_board *board,
			   struct netra_board_details *details)
{
	struct netra_ioc_status s;

	get_status(board, &s);
	snprintf(details->name, sizeof(details->name), "%s", board->name);
	snprintf(details->driver, sizeof(details->driver), "netra");
	snprintf(details->soc, sizeof(details->soc), "%s", s.soc);
	snprintf(details->firmware, sizeof(details->firmware), "%.32s",
		 s.firmware);
	snprintf(details->state, sizeof(details->state), "%s",
		 netra_board_state_name((enum netra_board_state)s.state));
	details->vendor_id = s.vendor_id;
	details->device_id = s.device_id;
	details->class_code = s.class_code;
	details->link_width = s.link_width;
	details->link_mtps = s.link_mtps;
	for (int i = 0; i < 6; i++)
		details->bar[i].bytes = s.bar_bytes[i];
	details->channels = s.channels;
}

void netra_windows_stats(struct netra_board *board,
			 struct netra_board_stats *stats)
{
	struct netra_ioc_status s;

	if (!get_status(board, &s))
		return;
	stats->generation = s.generation;
	stats->sync_mode = s.sync_mode == NETRA_SYNC_PETERSON ?
				   NETRA_SYNC_PETERSON :
				   NETRA_SYNC_RING;
	stats->window_bytes = s.window_bytes;
	stats->window_count = s.window_count;
	stats->arena_bytes = s.arena_bytes;
	snprintf(stats->memory, sizeof(stats->memory), "%s", s.memory);
	snprintf(stats->cache_mode, sizeof(stats->cache_mode), "%s",
		 s.cache_mode);
	stats->interrupts = s.interrupts;
	stats->wakeups = s.wakeups;
	stats->board_interrupts = s.board_interrupts;
	stats->heartbeats = s.heartbeats;
	stats->bad_replies = s.bad_replies;
	stats->command_timeouts = s.command_timeouts;
	stats->dma_faults = s.dma_faults;
	stats->resyncs = s.resyncs;
	stats->firmware_restarts = s.firmware_restarts;
	stats->resets = s.resets;
	stats->clock_valid = s.clock_valid;
	stats->clock_offset_ns = s.clock_offset_ns;
	stats->clock_drift_ppb = s.clock_drift_ppb;
	EnterCriticalSection(&board->lock);
	stats->events_lost = s.events_lost + board->events_lost;
	LeaveCriticalSection(&board->lock);
}

enum netra_error netra_windows_channel_stats(struct netra_board *board,
					     uint32_t channel,
					     struct netra_channel_stats *stats)
{
	struct netra_ioc_channel c = { .channel = channel };
	enum netra_error error = netra_windows_call(board, NETRA_IOC_CHANNEL, &c,
						    sizeof(c), sizeof(c));

	if (error)
		return error;
	*stats = (struct netra_channel_stats){
		.state = (enum netra_channel_state)c.state,
		.width = c.width,
		.height = c.height,
		.rate_num = c.rate_num,
		.rate_den = c.rate_den,
		.bit_rate = c.bit_rate,
		.frames = c.frames,
		.bytes = c.bytes,
		.lost = c.lost,
		.ring_faults = c.ring_faults,
		.ring_used_bytes = c.ring_used_bytes,
		.ring_bytes = c.ring_bytes,
		.readers = c.readers,
	};
	return NETRA_OK;
}

static void dump_channels(struct text *text, struct netra_board *board,
			  uint32_t channels)
{
	netra_text(text, "\n[rings]\n");
	for (uint32_t i = 0; i < channels; i++) {
		struct netra_ioc_channel c = { .channel = i };

		if (netra_windows_ioctl(board, NETRA_IOC_CHANNEL, &c, sizeof(c),
					&c, sizeof(c), NULL))
			continue;
		netra_text(text,
			   "channel%u = state %u, %u of %u bytes, %llu frames, %llu lost, %llu faults, %u readers\n",
			   i, c.state, c.ring_used_bytes, c.ring_bytes,
			   (unsigned long long)c.frames,
			   (unsigned long long)c.lost,
			   (unsigned long long)c.ring_faults, c.readers);
	}
}

void netra_windows_dump(struct text *text, struct netra_board *board)
{
	struct netra_ioc_status s;

	if (!get_status(board, &s))
		return;
	netra_text(text, "driver_error = %s\nvectors = %u\n", s.error_text,
		   s.vectors);
	dump_channels(text, board, s.channels);
}
