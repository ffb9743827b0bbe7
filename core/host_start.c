/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a board that was booted to one that streams: what its firmware says of
 * itself, windows and rings, and the generation they belong to.
 */
#include "host_internal.h"

enum netra_error netra_host_may_boot(struct netra_host *host)
{
	switch (host->state) {
	case NETRA_BOARD_GONE:
		return netra_host_fail(host, NETRA_ERR_GONE,
				       "the board is gone: close it and open it again when it is back");
	case NETRA_BOARD_ATTACHED:
	case NETRA_BOARD_RECOVERING:
		return netra_host_fail(host, NETRA_ERR_STATE,
				       "the board is running: reset it first");
	case NETRA_BOARD_BOOTING:
		return netra_host_fail(host, NETRA_ERR_STATE,
				       "another thread boots the board: wait for it");
	default:
		host->lost = NETRA_OK;
		return NETRA_OK;
	}
}

static enum netra_error read_info(struct netra_host *host, size_t offset,
				  uint32_t *value)
{
	return host->ops->read32(host, host->block_bar,
				 host->block_offset + (uint32_t)offset, value);
}

static enum netra_error read_name(struct netra_host *host)
{
	enum netra_error error = NETRA_OK;
	char *name = host->firmware;

	for (size_t i = 0; !error && i < 32; i += 4) {
		uint32_t word = 0;

		error = read_info(host,
				  offsetof(struct netra_board_info, firmware) + i,
				  &word);
		word = netra_le32(word);
		__builtin_memcpy(name + i, &word, 4);
	}
	name[32] = 0;
	/* Text from the board goes to terminals. */
	for (char *c = name; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return error;
}

enum netra_error netra_host_load_info(struct netra_host *host)
{
	const struct {
		size_t offset;
		uint32_t *value;
	} word[] = {
		{ offsetof(struct netra_board_info, boot_count),
		  &host->boot_count },
		{ offsetof(struct netra_board_info, channels),
		  &host->board_channels },
		{ offsetof(struct netra_board_info, sync_modes),
		  &host->sync_modes },
	};
	enum netra_error error = NETRA_OK;

	for (size_t i = 0; !error && i < sizeof(word) / sizeof(word[0]); i++)
		error = read_info(host, word[i].offset, word[i].value);
	if (!error)
		error = read_name(host);
	if (!error && (!host->board_channels ||
		       host->board_channels > NETRA_CHANNELS_MAX))
		error = netra_host_fail(host, NETRA_ERR_PROTOCOL,
					"the firmware says it has %u channels: it is damaged or too new",
					host->board_channels);
	return error;
}

enum netra_error netra_host_booted(struct netra_host *host)
{
	netra_boot_block(&host->runner.m.boot, &host->block_bar,
			 &host->block_offset);
	return netra_host_load_info(host);
}

enum netra_error netra_host_plan(struct netra_host *host, uint32_t window_log2)
{
	struct netra_attach_config *attach = &host->attach;
	uint32_t channels = host->options.channels ? host->options.channels :
						     host->board_channels;
	enum netra_error error;

	if (channels > host->board_channels)
		return netra_host_fail(host, NETRA_ERR_INVALID,
				       "%u channels: the board has %u",
				       channels, host->board_channels);
	error = netra_window_plan(host->options.arena_bytes, channels,
				  window_log2 ? window_log2 :
						host->options.window_log2,
				  &attach->windows);
	if (error)
		return netra_host_fail(host, error,
				       "an arena of %llu MB does not fit into 31 windows: ask for less, or larger windows",
				       (unsigned long long)host->options.arena_bytes >> 20);
	error = netra_layout_plan(&attach->windows, channels,
				  attach->block.channel);
	if (error)
		return netra_host_fail(host, error,
				       "the arena is too small for %u channels: ask for more",
				       channels);
	host->channels = channels;
	return NETRA_OK;
}

/* Numbers that do not repeat for long, from a random beginning; never 0. */
static uint32_t new_generation(struct netra_host *host)
{
	do {
		host->generation_seed = host->generation_seed * 1664525u +
					1013904223u;
	} while (!host->generation_seed ||
		 host->generation_seed == host->generation);
	return host->generation_seed;
}

enum netra_error netra_host_begin_generation(struct netra_host *host)
{
	struct netra_attach *block = &host->attach.block;
	enum netra_error error;

	if (!(host->sync_modes >> host->options.sync_mode & 1))
		return netra_host_fail(host, NETRA_ERR_UNSUPPORTED,
				       "the firmware does not know this synchronisation mode: use another");
	if (host->view && !host->options.channels &&
	    host->board_channels != host->channels)
		return netra_host_fail(host, NETRA_ERR_STATE,
				       "the firmware now has another number of channels: close and open again");
	error = host->ops->arena(host);
	if (error)
		return error;
	host->generation = new_generation(host);
	host->attach.block_bar = host->block_bar;
	host->attach.block_offset = host->block_offset;
	block->sync_mode = (uint32_t)host->options.sync_mode;
	block->channels = host->channels;
	block->window_log2 = host->attach.windows.log2;
	block->window_count = host->attach.windows.count;
	block->irq_holdoff_us = host->options.irq_holdoff_us;
	block->host_beat_ms = HOST_BEAT_MS;
	block->generation = host->generation;
	/* The board clears its posts before it answers. */
	__builtin_memset(host->command, 0, sizeof(host->command));
	netra_mailbox_init(&host->mailbox, host->generation);
	netra_events_init(&host->events, host->generation);
	netra_clock_reset(&host->clock);
	host->heartbeat = 0;
	for (uint32_t i = 0; i < host->channels; i++)
		netra_channel_new_generation(host, i);
	return host->lost;
}

void netra_host_watch(struct netra_host *host, uint64_t now_ns)
{
	host->attached = true;
	netra_host_set_state(host, NETRA_BOARD_ATTACHED);
	host->now_ns = now_ns;
	host->host_beat_ns = now_ns;
	host->silent_ticks = 0;
	host->tick_ns = now_ns;
	/* It came with the answer: there will be no fresher one for a while. */
	netra_host_heard(host, now_ns);
	host->ops->wake_at(host, now_ns);
}

void netra_host_attached(struct netra_host *host, uint64_t now_ns)
{
	const struct netra_watchdog_config config = {
		.heartbeat_ms = host->options.heartbeat_timeout_ms,
		.stall_ms = host->options.stall_timeout_ms,
	};

	netra_watchdog_init(&host->watchdog, &config, host->channels, now_ns);
	__builtin_memset(&host->recovery, 0, sizeof(host->recovery));
	netra_host_watch(host, now_ns);
}

void netra_host_was_reset(struct netra_host *host)
{
	host->resets++;
	host->attached = false;
	host->lost = NETRA_OK;
	host->firmware[0] = 0;
	host->recovery.step = NETRA_RECOVER_NONE;
	for (uint32_t i = 0; i < host->channels; i++)
		host->channel[i].started = false;
	netra_host_set_state(host, NETRA_BOARD_COLD);
}
