/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a board on the bus to one that streams: boot, windows, attach. The
 * lock is let go while the board is waited for; `busy` keeps others out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/bytes.h"
#include "internal.h"

static enum netra_error enter(struct netra_board *board)
{
	switch (board->state) {
	case NETRA_BOARD_GONE:
		return netra_fail(board, NETRA_ERR_GONE,
				  "the board is gone: close it and open it again when it is back");
	case NETRA_BOARD_ATTACHED:
	case NETRA_BOARD_RECOVERING:
		return netra_fail(board, NETRA_ERR_STATE,
				  "the board is running: reset it first");
	case NETRA_BOARD_BOOTING:
		return netra_fail(board, NETRA_ERR_STATE,
				  "another thread boots the board: wait for it");
	default:
		break;
	}
	board->lost = NETRA_OK;
	return NETRA_OK;
}

static enum netra_error read_info(struct netra_board *board, uint32_t offset,
				  uint32_t *value)
{
	enum netra_error error;

	error = netra_transport_read32(board->transport, board->block_bar,
				       board->block_offset + offset, value);
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

enum netra_error netra_load_firmware_info(struct netra_board *board)
{
	enum netra_error error;
	char *name = board->firmware;

	error = read_info(board, offsetof(struct netra_board_info, boot_count),
			  &board->boot_count);
	if (!error)
		error = read_info(board,
				  offsetof(struct netra_board_info, channels),
				  &board->board_channels);
	if (!error)
		error = read_info(board,
				  offsetof(struct netra_board_info, sync_modes),
				  &board->sync_modes);
	for (uint32_t i = 0; !error && i < 32; i += 4) {
		uint32_t word;

		error = read_info(board,
				  i + (uint32_t)offsetof(struct netra_board_info,
							 firmware),
				  &word);
		word = netra_le32(word);
		memcpy(name + i, &word, 4);
	}
	name[32] = 0;
	/* Text from the board goes to terminals. */
	for (char *c = name; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	if (!error && (!board->board_channels ||
		       board->board_channels > NETRA_CHANNELS_MAX))
		error = netra_fail(board, NETRA_ERR_PROTOCOL,
				   "the firmware says it has %u channels: it is damaged or too new",
				   board->board_channels);
	return error;
}

/* Find the firmware running, or boot it. Called without the lock. */
static enum netra_error boot(struct netra_board *board, const char *dir,
			     bool force, bool attach_only,
			     netra_boot_callback *callback, void *context)
{
	struct runner *runner = &board->recovery.runner;
	enum netra_error error = NETRA_OK;

	pthread_mutex_lock(&board->lock);
	if (force) {
		error = board->transport->ops->reset(board->transport);
		if (error)
			error = netra_fail_transport(board, error);
	}
	if (!error)
		error = netra_bus_prepare(board);
	if (!error)
		netra_runner_boot(board, runner, true);
	pthread_mutex_unlock(&board->lock);
	if (error)
		return error;
	error = netra_runner_finish(board, runner, NULL, NULL);
	if (!error || error == NETRA_ERR_GONE)
		return error;
	if (attach_only)
		return netra_fail(board, NETRA_ERR_STATE,
				  "the board is cold: boot it first (netra boot)");
	board->error_text[0] = 0;
	error = netra_images_load(board, dir);
	if (error)
		return error;
	netra_runner_boot(board, runner, false);
	error = netra_runner_finish(board, runner, callback, context);
	netra_images_free(&board->images);
	return error;
}

static enum netra_error boot_locked(struct netra_board *board, const char *dir,
				    bool force, bool attach_only,
				    netra_boot_callback *callback, void *context)
{
	enum netra_error error = enter(board);

	if (error)
		return error;
	netra_set_state(board, NETRA_BOARD_BOOTING);
	pthread_mutex_unlock(&board->lock);
	error = boot(board, dir, force, attach_only, callback, context);
	pthread_mutex_lock(&board->lock);
	if (!error) {
		netra_boot_block(&board->recovery.runner.m.boot,
				 &board->block_bar, &board->block_offset);
		error = netra_load_firmware_info(board);
	}
	if (!error)
		netra_set_state(board, NETRA_BOARD_READY);
	else if (error == NETRA_ERR_STATE)
		netra_set_state(board, NETRA_BOARD_COLD);
	else
		netra_set_state(board, NETRA_BOARD_FAILED);
	return error;
}

enum netra_error netra_boot(struct netra_board *board, const char *firmware_dir,
			    bool force, netra_boot_callback *callback,
			    void *context)
{
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = boot_locked(board, firmware_dir, force, false, callback,
			    context);
	pthread_mutex_unlock(&board->lock);
	return error;
}

/* Random, so that no stale answer of any earlier process can match. */
static uint32_t new_generation(uint32_t last)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (uint32_t)netra_now_ns();
	while (!value || value == last)
		value++;
	return value;
}

/* The windows and rings of this board; made once, as readers point into it. */
static enum netra_error plan(struct netra_board *board)
{
	const struct netra_options *options = &board->options;
	struct netra_attach_config *attach = &board->attach;
	uint32_t channels = options->channels ? options->channels :
						board->board_channels;
	uint32_t log2 = options->window_bytes ?
				(uint32_t)__builtin_ctz(options->window_bytes) :
				0;
	char why[ERROR_TEXT / 2];
	enum netra_error error;

	if (channels > board->board_channels)
		return netra_fail(board, NETRA_ERR_INVALID,
				  "%u channels: the board has %u", channels,
				  board->board_channels);
	if (board->arena.fd >= 0 && channels != board->channels)
		return netra_fail(board, NETRA_ERR_STATE,
				  "the firmware now has another number of channels: close and open again");
	if (board->arena.fd >= 0)
		return NETRA_OK;
	error = netra_window_plan(options->arena_bytes, channels, log2,
				  &attach->windows);
	if (error)
		return netra_fail(board, error,
				  "an arena of %llu MB does not fit into 31 windows: ask for less, or larger windows",
				  (unsigned long long)options->arena_bytes >> 20);
	error = netra_layout_plan(&attach->windows, channels,
				  attach->block.channel);
	if (error)
		return netra_fail(board, error,
				  "the arena is too small for %u channels: ask for more",
				  channels);
	error = netra_arena_create(&board->arena,
				   (uint64_t)attach->windows.count
					   << attach->windows.log2,
				   why, sizeof(why));
	if (error)
		return netra_fail(board, error, "%s", why);
	board->channels = channels;
	return NETRA_OK;
}

static enum netra_error make_rings(struct netra_board *board)
{
	for (uint32_t i = 0; i < board->channels; i++) {
		struct channel *c = &board->channel[i];

		if (c->frames)
			continue;
		c->frames =
			calloc(1ull << board->attach.block.channel[i].records_log2,
			       sizeof(*c->frames));
		if (!c->frames)
			return netra_fail(board, NETRA_ERR_NO_MEMORY,
					  "no memory for %u rings",
					  board->channels);
	}
	return NETRA_OK;
}

enum netra_error netra_begin_generation(struct netra_board *board)
{
	struct netra_attach_config *attach = &board->attach;
	struct transport *t = board->transport;
	enum netra_error error;
	volatile uint8_t *bar;

	error = plan(board);
	if (!error)
		error = make_rings(board);
	if (error)
		return error;
	error = netra_arena_dma_map(&board->arena, t,
				    1ull << attach->windows.log2);
	if (error)
		return netra_fail_transport(board, error);
	error = netra_arena_clear(&board->arena);
	if (error)
		return netra_fail(board, error,
				  "no address space for the arena");
	board->generation = new_generation(board->generation);
	bar = t->bar[board->block_bar];
	board->posts = bar ? (volatile void *)(bar + board->block_offset +
		offsetof(struct netra_board_block, posts)) : NULL;
	attach->block_bar = board->block_bar;
	attach->block_offset = board->block_offset;
	for (uint32_t i = 0; i < attach->windows.count; i++)
		attach->bus[i] = board->arena.iova +
				 ((uint64_t)i << attach->windows.log2);
	attach->block.sync_mode = (uint32_t)board->options.sync_mode;
	attach->block.channels = board->channels;
	attach->block.window_log2 = attach->windows.log2;
	attach->block.window_count = attach->windows.count;
	attach->block.irq_holdoff_us = board->options.irq_holdoff_us;
	attach->block.host_beat_ms = HOST_BEAT_MS;
	attach->block.generation = board->generation;
	/* The board clears its posts before it answers. */
	memset(board->command, 0, sizeof(board->command));
	netra_mailbox_init(&board->mailbox, board->generation);
	netra_events_init(&board->events, board->generation);
	netra_clock_reset(&board->clock);
	board->heartbeat = 0;
	for (uint32_t i = 0; i < board->channels; i++)
		netra_channel_new_generation(board, i);
	return board->lost;
}

void netra_attached(struct netra_board *board, uint64_t now)
{
	board->attached = true;
	netra_set_state(board, NETRA_BOARD_ATTACHED);
	board->host_beat_ns = now;
	board->silent_ticks = 0;
	board->tick_ns = now;
	/* It came with the answer: there will be no fresher one for a while. */
	netra_scan_heartbeat(board, now);
	netra_timer_at(board, now);
}

/* Called without the lock. */
static enum netra_error attach(struct netra_board *board)
{
	struct runner *runner = &board->recovery.runner;
	enum netra_error error;
	char text[ERROR_TEXT];

	pthread_mutex_lock(&board->lock);
	if (!(board->sync_modes >> board->options.sync_mode & 1))
		error = netra_fail(board, NETRA_ERR_UNSUPPORTED,
				   "the firmware does not know this synchronisation mode: use another");
	else
		error = netra_begin_generation(board);
	if (!error)
		netra_runner_attach(board, runner);
	pthread_mutex_unlock(&board->lock);
	if (error)
		return error;
	error = netra_runner_finish(board, runner, NULL, NULL);
	if (!error || error == NETRA_ERR_GONE)
		return error;
	/* No window may stay open onto memory that we do not watch. */
	memcpy(text, board->error_text, sizeof(text));
	netra_runner_detach(board, runner);
	netra_runner_finish(board, runner, NULL, NULL);
	return netra_fail(board, error, "%s", text);
}

enum netra_error netra_start(struct netra_board *board)
{
	struct netra_watchdog_config config = {
		.heartbeat_ms = board->options.heartbeat_timeout_ms,
		.stall_ms = board->options.stall_timeout_ms,
	};
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = boot_locked(board, NULL, false, board->options.no_boot, NULL,
			    NULL);
	if (!error) {
		netra_set_state(board, NETRA_BOARD_BOOTING);
		pthread_mutex_unlock(&board->lock);
		error = attach(board);
		pthread_mutex_lock(&board->lock);
		netra_set_state(board, NETRA_BOARD_READY);
	}
	if (!error) {
		uint64_t now = netra_now_ns();

		netra_watchdog_init(&board->watchdog, &config, board->channels,
				    now);
		memset(&board->recovery, 0, sizeof(board->recovery));
		netra_attached(board, now);
	}
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum netra_error netra_reset(struct netra_board *board)
{
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	if (board->state == NETRA_BOARD_GONE ||
	    board->state == NETRA_BOARD_BOOTING) {
		error = enter(board);
		goto out_unlock;
	}
	error = board->transport->ops->reset(board->transport);
	if (!error)
		error = netra_bus_prepare(board);
	else
		error = netra_fail_transport(board, error);
	if (error)
		goto out_unlock;
	board->resets++;
	board->attached = false;
	board->lost = NETRA_OK;
	board->firmware[0] = 0;
	board->recovery.step = RECOVER_NONE;
	for (uint32_t i = 0; i < board->channels; i++)
		board->channel[i].started = false;
	netra_set_state(board, NETRA_BOARD_COLD);

out_unlock:
	pthread_mutex_unlock(&board->lock);
	return error;
}
