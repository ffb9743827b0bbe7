/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of a board that this process drives, and of its channels. */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "internal.h"

/*
 * Before it is started a board's state is known only to itself: GPR1 says
 * whether its firmware runs. Asking needs BAR addresses and so is not done
 * where they would have to be assigned first.
 */
static enum netra_board_state look(struct netra_board *board)
{
	uint32_t stage;

	if (board->host.state != NETRA_BOARD_COLD)
		return board->host.state;
	if (!board->bus.prepared && netra_bus_prepare(board))
		return board->host.state;
	if (netra_transport_read32(board->transport, 0, NETRA_REG_GPR(1),
				   &stage) ||
	    stage != (NETRA_STAGE_BASE | NETRA_STAGE_AGENT))
		return board->host.state;
	return NETRA_BOARD_READY;
}

void netra_own_details(struct netra_board *board,
		       struct netra_board_details *details)
{
	pthread_mutex_lock(&board->lock);
	snprintf(details->name, sizeof(details->name), "%s", board->name);
	snprintf(details->driver, sizeof(details->driver), "%s",
		 board->transport->driver);
	snprintf(details->soc, sizeof(details->soc), "%s", board->host.soc->name);
	memcpy(details->firmware, board->host.firmware, sizeof(details->firmware));
	snprintf(details->state, sizeof(details->state), "%s",
		 netra_board_state_name(look(board)));
	details->vendor_id = board->bus.vendor_id;
	details->device_id = board->bus.device_id;
	details->class_code = board->bus.class_code;
	if (board->host.state != NETRA_BOARD_GONE)
		netra_bus_link(board, &details->link_width, &details->link_mtps);
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		details->bar[i].bytes = board->transport->bar_bytes[i];
		details->bar[i].mappable = board->transport->bar[i];
	}
	details->channels = board->host.channels ? board->host.channels :
					      board->host.board_channels;
	pthread_mutex_unlock(&board->lock);
}

void netra_own_stats(struct netra_board *board, struct netra_board_stats *stats)
{
	pthread_mutex_lock(&board->lock);
	stats->sync_mode = board->host.options.sync_mode;
	stats->interrupts = board->interrupts;
	stats->wakeups = board->wakeups;
	stats->heartbeats = board->host.heartbeats;
	stats->events_lost = board->host.events_lost + board->host.events.lost;
	stats->bad_replies = board->host.mailbox.bad_replies;
	stats->command_timeouts = board->host.mailbox.timeouts;
	stats->resyncs = board->host.resyncs;
	stats->firmware_restarts = board->host.firmware_restarts;
	stats->resets = board->host.resets;
	stats->clock_valid = netra_clock_valid(&board->host.clock);
	stats->clock_offset_ns = board->host.clock.offset_ns;
	stats->clock_drift_ppb = board->host.clock.drift_ppb;
	stats->dma_faults = board->host.dma_faults;
	if (board->host.view) {
		const struct netra_firmware_status *status =
			&board->host.area->status;

		stats->generation = board->host.generation;
		stats->window_count = board->host.attach.windows.count;
		stats->window_bytes = 1u << board->host.attach.windows.log2;
		for (uint32_t i = 0; i < stats->window_count; i++)
			stats->window_bus[i] = board->host.attach.bus[i];
		stats->arena_bytes = board->arena.bytes;
		snprintf(stats->memory, sizeof(stats->memory), "%s",
			 board->arena.memory);
		snprintf(stats->cache_mode, sizeof(stats->cache_mode),
			 "write-back");
		stats->board_interrupts = netra_le64(
			__atomic_load_n(&status->interrupts, __ATOMIC_RELAXED));
	}
	pthread_mutex_unlock(&board->lock);
}

static enum netra_channel_state state_of(uint32_t word)
{
	return word <= NETRA_CHANNEL_ENDED ? (enum netra_channel_state)word :
					     NETRA_CHANNEL_STOPPED;
}

enum netra_error netra_own_channel_stats(struct netra_board *board,
					 uint32_t channel,
					 struct netra_channel_stats *stats)
{
	const struct netra_channel_status *status;
	enum netra_error error = NETRA_OK;
	const struct netra_channel *c;

	pthread_mutex_lock(&board->lock);
	if (!board->host.view) {
		error = netra_fail(board, NETRA_ERR_STATE,
				   "the board is not started: start it first");
		goto out_unlock;
	}
	if (channel >= board->host.channels) {
		error = netra_fail(board, NETRA_ERR_NOT_FOUND,
				   "no channel %u: the board has 0 to %u",
				   channel, board->host.channels - 1);
		goto out_unlock;
	}
	status = &board->host.area->channel[channel];
	c = &board->host.channel[channel];
	stats->state = state_of(netra_read32(&status->state));
	stats->width = netra_read32(&status->width);
	stats->height = netra_read32(&status->height);
	stats->rate_num = netra_read32(&status->rate_num);
	stats->rate_den = netra_read32(&status->rate_den);
	stats->bit_rate = netra_read32(&status->bit_rate);
	stats->frames = c->old_frames + c->ring.frames_total;
	stats->bytes = c->old_bytes + c->ring.bytes_total;
	stats->lost = c->old_lost + c->ring.lost_total;
	stats->ring_faults = c->ring_faults;
	stats->ring_used_bytes = netra_ring_used_bytes(&c->ring);
	stats->ring_bytes = c->ring.layout.data_size;
	stats->readers = c->cursor_count;

out_unlock:
	pthread_mutex_unlock(&board->lock);
	return error;
}
