/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach and detach: a change of the attach block's generation is the request,
 * info.attach_generation is the answer. Everything the host says is checked
 * before the first write, windows against the registers themselves: to write
 * through a disabled or misaligned window is to write over someone's memory.
 *
 * Rests on OB_OFFSET_INDEXn ignoring address bits below the window size.
 */
#include "core/layout.h"
#include "core/registers.h"
#include "producer_internal.h"

static bool windows_ok(struct netra_producer *producer,
		       const struct netra_attach *attach)
{
	const struct netra_producer_ops *ops = producer->ops;
	uint32_t size = ops->register_read(producer->context,
					   NETRA_REG_OB_SIZE);

	if (netra_ob_window_bytes(size) != 1u << attach->window_log2)
		return false;
	for (uint32_t i = 0; i < attach->window_count; i++) {
		uint32_t index = ops->register_read(producer->context,
						    NETRA_REG_OB_INDEX(i));
		uint32_t below = (1u << attach->window_log2) - 1;

		if (!(index & NETRA_OB_ENABLE) ||
		    (index & NETRA_OB_ADDRESS_MASK & below))
			return false;
	}
	return true;
}

/* Each record needs a word of this producer's memory. */
static bool records_fit(const struct netra_attach *attach)
{
	uint64_t records = 0;

	for (uint32_t i = 0; i < attach->channels; i++)
		records += 1ull << attach->channel[i].records_log2;
	return records <= NETRA_PRODUCER_RECORDS;
}

static uint32_t check(struct netra_producer *producer,
		      const struct netra_attach *attach)
{
	uint32_t modes = netra_le32(producer->block->info.sync_modes);
	uint64_t arena_bytes;

	if (attach->size != sizeof(*attach) ||
	    attach->version != NETRA_PROTOCOL_VERSION)
		return NETRA_ATTACH_BAD_VERSION;
	if (attach->sync_mode >= 32 || !(modes >> attach->sync_mode & 1))
		return NETRA_ATTACH_BAD_MODE;
	if (attach->window_log2 < 20 || attach->window_log2 > 23 ||
	    !attach->window_count ||
	    attach->window_count > NETRA_DATA_WINDOWS_MAX)
		return NETRA_ATTACH_BAD_WINDOW;
	arena_bytes = (uint64_t)attach->window_count << attach->window_log2;
	if (!attach->channels || attach->channels > producer->channels ||
	    netra_layout_check(arena_bytes, attach->channels,
			       attach->channel) ||
	    !records_fit(attach))
		return NETRA_ATTACH_BAD_LAYOUT;
	if (!windows_ok(producer, attach))
		return NETRA_ATTACH_BAD_WINDOW;
	return NETRA_ATTACH_OK;
}

/* Read the block, each word once; the checksum covers bytes as they lie. */
static uint32_t read_block(struct netra_producer *producer,
			   uint32_t generation, struct netra_attach *attach)
{
	const uint32_t words = sizeof(*attach) / sizeof(uint32_t);
	uint32_t *word = &attach->size;
	uint32_t crc;

	netra_producer_copy(word, &producer->block->attach.size, words);
	crc = netra_crc32c(0, attach,
			   __builtin_offsetof(struct netra_attach, crc32c));
	for (uint32_t i = 0; i < words; i++)
		word[i] = netra_le32(word[i]);
	attach->generation = generation;
	return crc == attach->crc32c ? NETRA_ATTACH_OK : NETRA_ATTACH_BAD_CRC;
}

/* Sources run for a host; without it they stop. */
static void stop_sources(struct netra_producer *producer)
{
	for (uint32_t i = 0; i < producer->attach.channels; i++) {
		struct netra_channel_status *status =
			&producer->channel[i].status;
		struct netra_command stop = {
			.id = 0xffffffffu,
			.opcode = NETRA_CMD_STOP,
			.channel = i,
		};
		uint32_t detail = 0;

		if (status->state == NETRA_CHANNEL_STOPPED)
			continue;
		producer->ops->command(producer->context, &stop, &detail);
		status->state = NETRA_CHANNEL_STOPPED;
	}
}

/* What an earlier host posted must not pass for this one's. */
static void clear_posts(struct netra_host_posts *posts)
{
	for (uint32_t i = 0; i < NETRA_CHANNELS_MAX; i++)
		netra_write32(&posts->tail[i], 0);
	netra_write32(&posts->event_tail, 0);
	netra_write32(&posts->host_beat, 0);
	netra_write32(&posts->command_head, 0);
}

static void begin(struct netra_producer *producer)
{
	uint64_t now_ns = producer->ops->now_ns(producer->context);
	uint32_t *began = producer->pool;

	clear_posts(&producer->block->posts);

	for (uint32_t i = 0; i < producer->attach.channels; i++) {
		struct netra_producer_channel *c = &producer->channel[i];

		c->layout = producer->attach.channel[i];
		c->began = began;
		began += 1u << c->layout.records_log2;
		netra_producer_ring_reset(c);
		c->wait_key = false;
		c->lost_now = 0;
		c->sequence = 0;
		c->bad_tails = 0;
		c->own_beat = 0;
		c->status.frames = 0;
		c->status.lost = 0;
		c->status.bytes = 0;
	}
	producer->command_tail = 0;
	producer->event_head = 0;
	producer->events_lost = 0;
	producer->heartbeat = 0;
	producer->fault = NETRA_FAULT_NONE;
	producer->transfer_faults_told = producer->transfer_faults;
	producer->host_beat = 0;
	producer->host_beat_ns = now_ns;
	producer->paused = false;
	producer->interrupt_due = false;
	producer->interrupts = 0;
	/* So that a host which sees the answer sees a status of this attach. */
	netra_producer_heartbeat(producer);
}

static void answer(struct netra_producer *producer, uint32_t status,
		   uint32_t generation)
{
	struct netra_board_info *info = &producer->block->info;

	/* After a detach the windows go: nothing may be on its way any more. */
	producer->ops->fence(producer->context);
	producer->seen_generation = generation;
	netra_write32(&info->attach_status, status);
	netra_write32_release(&info->attach_generation, generation);
}

void netra_producer_check_attach(struct netra_producer *producer)
{
	struct netra_attach attach;
	uint32_t generation =
		netra_read32_acquire(&producer->block->attach.generation);
	uint32_t status;

	if (generation == producer->seen_generation)
		return;
	stop_sources(producer);
	producer->attach.generation = 0;
	producer->attach.channels = 0;
	if (!generation) {
		answer(producer, NETRA_ATTACH_OK, 0);
		return;
	}
	status = read_block(producer, generation, &attach);
	if (!status)
		status = check(producer, &attach);
	if (!status) {
		producer->attach = attach;
		begin(producer);
	}
	answer(producer, status, generation);
}
