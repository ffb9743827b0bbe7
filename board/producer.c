/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The producer's frame: start, the poll that everything hangs on, heartbeat,
 * interrupts, and writes cut at window ends. A transfer across a window's end
 * does not continue in the next one: PCIESS translates where it starts.
 *
 * One thread per producer; it never waits.
 */
#include "producer_internal.h"

/* A beat that will be due so soon comes with an MSI. */
#define BEAT_EARLY_NS	(NETRA_HEARTBEAT_MS / 2 * NS_PER_MS)

static void fill_info(struct netra_board_info *info, uint32_t channels,
		      uint16_t device_id, const char *firmware,
		      uint32_t boot_count)
{
	info->size = netra_le32((uint32_t)sizeof(struct netra_board_block));
	info->version = netra_le32(NETRA_PROTOCOL_VERSION);
	info->boot_count = netra_le32(boot_count);
	info->channels = netra_le32(channels);
	info->sync_modes = netra_le32(1u << NETRA_SYNC_RING |
				      1u << NETRA_SYNC_PETERSON);
	info->device_id = netra_le32(device_id);
	for (uint32_t i = 0; i < sizeof(info->firmware) - 1 && firmware[i]; i++)
		info->firmware[i] = firmware[i];
	netra_write32_release(&info->magic, NETRA_MAGIC);
}

void netra_producer_init(struct netra_producer *producer,
			 struct netra_board_block *block,
			 const struct netra_producer_ops *ops,
			 const struct netra_producer_hooks *hooks, void *context,
			 uint32_t channels, uint16_t device_id,
			 const char *firmware, uint32_t boot_count)
{
	/* The pool is dealt out, and its words written, before use. */
	__builtin_memset(producer, 0,
			 __builtin_offsetof(struct netra_producer, pool));
	__builtin_memset(block, 0, sizeof(*block));
	if (channels > NETRA_CHANNELS_MAX)
		channels = NETRA_CHANNELS_MAX;
	producer->block = block;
	producer->ops = ops;
	producer->hooks = hooks;
	producer->context = context;
	producer->channels = channels;
	fill_info(&block->info, channels, device_id, firmware, boot_count);
}

bool netra_producer_attached(const struct netra_producer *producer)
{
	return producer->attach.generation != 0;
}

void netra_producer_transfer_fault(struct netra_producer *producer)
{
	static const uint32_t arg[4] = { NETRA_FAULT_TRANSFER };

	producer->transfer_faults++;
	if (producer->fault == NETRA_FAULT_TRANSFER)
		return;
	producer->fault = NETRA_FAULT_TRANSFER;
	netra_producer_event(producer, NETRA_EVENT_FAULT, NETRA_EVENT_BOARD,
			     arg);
}

enum netra_error netra_producer_write(struct netra_producer *producer,
				      uint32_t offset, const void *data,
				      uint32_t length)
{
	uint32_t window = 1u << producer->attach.window_log2;
	const uint8_t *from = data;

	while (length) {
		uint32_t part = window - (offset & (window - 1));
		enum netra_error error;

		if (part > length)
			part = length;
		error = producer->ops->host_write(producer->context, offset,
						  from, part);
		if (error) {
			netra_producer_transfer_fault(producer);
			return error;
		}
		offset += part;
		from += part;
		length -= part;
	}
	return NETRA_OK;
}

enum netra_error netra_producer_write_word(struct netra_producer *producer,
					   uint32_t offset, uint32_t value)
{
	uint32_t word = netra_le32(value);

	return netra_producer_write(producer, offset, &word, sizeof(word));
}

/*
 * Data may come from the EDMA and the MSI from the ARM: two initiators, so
 * the fence is what keeps the interrupt behind what it announces.
 */
static void send_interrupt(struct netra_producer *producer, uint64_t now_ns)
{
	uint64_t holdoff_ns = producer->attach.irq_holdoff_us * NS_PER_US;

	if (producer->interrupts &&
	    now_ns - producer->interrupt_ns < holdoff_ns)
		return;
	/* The host looks now: its clock learns most from a beat that is fresh. */
	if (now_ns + BEAT_EARLY_NS >= producer->next_heartbeat_ns)
		netra_producer_heartbeat(producer);
	producer->ops->fence(producer->context);
	/* Due no longer in any case: a fault's own event asks for one, too. */
	producer->interrupt_due = false;
	if (producer->ops->interrupt(producer->context)) {
		netra_producer_transfer_fault(producer);
		return;
	}
	producer->interrupts++;
	producer->interrupt_ns = now_ns;
}

void netra_producer_interrupt(struct netra_producer *producer)
{
	producer->interrupt_due = true;
	send_interrupt(producer, producer->ops->now_ns(producer->context));
}

static uint32_t firmware_state(const struct netra_producer *producer)
{
	if (producer->paused)
		return NETRA_FW_PAUSED;
	if (producer->transfer_faults != producer->transfer_faults_told)
		return NETRA_FW_FAULT;
	for (uint32_t i = 0; i < producer->attach.channels; i++) {
		uint32_t state = producer->channel[i].status.state;

		if (state == NETRA_CHANNEL_RUNNING ||
		    state == NETRA_CHANNEL_NO_SIGNAL)
			return NETRA_FW_STREAMING;
	}
	return NETRA_FW_IDLE;
}

void netra_producer_channel_status(struct netra_producer *producer,
				   uint32_t channel)
{
	const struct netra_channel_status *now =
		&producer->channel[channel].status;
	struct netra_channel_status wire = {
		.state = netra_le32(now->state),
		.width = netra_le32(now->width),
		.height = netra_le32(now->height),
		.rate_num = netra_le32(now->rate_num),
		.rate_den = netra_le32(now->rate_den),
		.bit_rate = netra_le32(now->bit_rate),
		.frames = netra_le64(now->frames),
		.lost = netra_le64(now->lost),
		.bytes = netra_le64(now->bytes),
	};

	netra_producer_write(producer, HOST_AREA_AT(channel, channel), &wire,
			     sizeof(wire));
}

void netra_producer_heartbeat(struct netra_producer *producer)
{
	const struct netra_producer_hooks *hooks = producer->hooks;
	struct netra_firmware_status wire = { 0 };
	uint64_t now_ns = producer->ops->now_ns(producer->context);

	producer->next_heartbeat_ns = now_ns + NETRA_HEARTBEAT_MS * NS_PER_MS;
	if (hooks && hooks->heartbeat && !hooks->heartbeat(producer->context))
		return;
	wire.generation = netra_le32(producer->attach.generation);
	wire.state = netra_le32(firmware_state(producer));
	wire.boot_count = producer->block->info.boot_count;
	wire.fault = netra_le32(producer->fault);
	wire.board_time_ns = netra_le64(now_ns);
	wire.interrupts = netra_le64(producer->interrupts);
	producer->transfer_faults_told = producer->transfer_faults;

	for (uint32_t i = 0; i < producer->attach.channels; i++)
		netra_producer_channel_status(producer, i);
	netra_producer_write(producer, HOST_AREA(status), &wire,
			     __builtin_offsetof(struct netra_firmware_status,
						heartbeat));
	producer->ops->fence(producer->context);
	netra_producer_write_word(producer, HOST_AREA(status.heartbeat),
				  ++producer->heartbeat);
}

/* A host that lives counts its beat up; one that does not gets no frames. */
static void watch_host(struct netra_producer *producer, uint64_t now_ns)
{
	uint32_t beat = netra_read32(&producer->block->posts.host_beat);
	uint64_t bound_ns = 8 * NS_PER_MS * producer->attach.host_beat_ms;

	if (beat != producer->host_beat) {
		producer->host_beat = beat;
		producer->host_beat_ns = now_ns;
		producer->paused = false;
	} else if (bound_ns && now_ns - producer->host_beat_ns > bound_ns) {
		producer->paused = true;
	}
}

uint64_t netra_producer_poll(struct netra_producer *producer)
{
	uint64_t now_ns, wake_ns;

	netra_producer_check_attach(producer);
	/* Not before: an attach sets marks in time that count from here. */
	now_ns = producer->ops->now_ns(producer->context);
	if (!netra_producer_attached(producer))
		return now_ns + NETRA_HEARTBEAT_MS * NS_PER_MS;

	watch_host(producer, now_ns);
	netra_producer_commands(producer);
	if (now_ns >= producer->next_heartbeat_ns)
		netra_producer_heartbeat(producer);
	wake_ns = producer->next_heartbeat_ns;
	if (producer->interrupt_due)
		netra_producer_interrupt(producer);
	if (producer->interrupt_due) {
		uint64_t due_ns = producer->interrupt_ns +
			producer->attach.irq_holdoff_us * NS_PER_US;

		if (due_ns < wake_ns)
			wake_ns = due_ns;
	}
	return wake_ns;
}
