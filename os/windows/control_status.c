/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs are told of a board and its channels. Words of the board's own
 * account are read once each; nothing is decided by them.
 */
#include "core/bytes.h"

#include "control.h"

#define LINK_STATUS	0x12u	/* in the PCI Express capability */

_Static_assert(NETRA_BOARD_COLD == 0 && NETRA_BOARD_BOOTING == 1 &&
	       NETRA_BOARD_READY == 2 && NETRA_BOARD_ATTACHED == 3 &&
	       NETRA_BOARD_RECOVERING == 4 && NETRA_BOARD_FAILED == 5 &&
	       NETRA_BOARD_GONE == 6, "as programs see them");

/* Booting as programs see it: from the request until it is attached. */
static uint32_t state_of(const struct netra_device *dev)
{
	switch (dev->phase) {
	case NETRA_PHASE_LOOK:
	case NETRA_PHASE_BOOT:
	case NETRA_PHASE_ATTACH:
		return NETRA_BOARD_BOOTING;
	default:
		return dev->boot_wanted ? NETRA_BOARD_BOOTING : (uint32_t)dev->host.state;
	}
}

static void fill_identity(struct netra_device *dev, struct netra_ioc_status *out)
{
	static const uint32_t speed[16] = { [1] = 2500, [2] = 5000 };
	struct netra_host *host = &dev->host;
	ULONG link;

	netra_copy_text(out->soc, sizeof(out->soc), host->soc->name);
	netra_copy_text(out->firmware, sizeof(out->firmware), host->firmware);
	out->vendor_id = NETRA_VENDOR_TI;
	out->device_id = host->soc->device_id;
	out->class_code = dev->config[2] >> 8;
	RtlCopyMemory(out->bar_bytes, host->bar_bytes, sizeof(out->bar_bytes));
	out->channels = host->channels ? host->channels : host->board_channels;
	if (dev->suspended || dev->dead || !dev->pcie_cap)
		return;
	link = netra_config_read(dev, dev->pcie_cap + LINK_STATUS - 2);
	if (link == MAXULONG)
		return;
	out->link_width = link >> 20 & 0x3f;
	out->link_mtps = speed[link >> 16 & 15];
}

static void fill_boot(struct netra_device *dev, struct netra_ioc_status *out)
{
	struct netra_boot_progress progress;

	if (dev->phase != NETRA_PHASE_BOOT)
		return;
	netra_boot_progress(&dev->host.runner.m.boot, &progress);
	out->boot_image = (uint32_t)progress.image;
	out->boot_done_bytes = progress.done_bytes;
	out->boot_total_bytes = progress.total_bytes;
	if (progress.waiting_for)
		netra_copy_text(out->boot_waiting_for, sizeof(out->boot_waiting_for),
				progress.waiting_for);
}

static void fill_memory(struct netra_device *dev, struct netra_ioc_status *out)
{
	struct netra_host *host = &dev->host;

	if (!host->view)
		return;
	out->generation = host->generation;
	out->window_bytes = 1u << host->attach.windows.log2;
	out->window_count = host->attach.windows.count;
	out->arena_bytes = host->arena_bytes;
	netra_copy_text(out->memory, sizeof(out->memory), dev->arena.step);
	netra_copy_text(out->cache_mode, sizeof(out->cache_mode), "write-back");
	out->board_interrupts = netra_le64(
		__atomic_load_n(&host->area->status.interrupts, __ATOMIC_RELAXED));
}

static void fill_counters(struct netra_device *dev, struct netra_ioc_status *out)
{
	struct netra_host *host = &dev->host;

	out->interrupts = (uint64_t)dev->interrupts;
	out->wakeups = dev->wakeups;
	out->heartbeats = host->heartbeats;
	out->events_lost = host->events_lost + host->events.lost;
	out->bad_replies = host->mailbox.bad_replies;
	out->command_timeouts = host->mailbox.timeouts;
	out->dma_faults = host->dma_faults;
	out->resyncs = host->resyncs;
	out->firmware_restarts = host->firmware_restarts;
	out->resets = host->resets;
	out->vectors = dev->msi_granted;
	out->clock_valid = netra_clock_valid(&host->clock);
	out->clock_drift_ppb = host->clock.drift_ppb;
	out->clock_offset_ns = host->clock.offset_ns;
}

NTSTATUS netra_call_status(struct netra_call *call)
{
	struct netra_device *dev = call->file->dev;
	struct netra_ioc_status *out = call->out;

	RtlZeroMemory(out, sizeof(*out));
	out->state = state_of(dev);
	out->error = (uint32_t)dev->host.lost;
	out->sync_mode = (uint32_t)dev->host.options.sync_mode;
	netra_copy_text(out->error_text, sizeof(out->error_text), dev->host.error_text);
	fill_identity(dev, out);
	fill_boot(dev, out);
	fill_memory(dev, out);
	fill_counters(dev, out);
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}

NTSTATUS netra_call_channel(struct netra_call *call)
{
	struct netra_host *host = &call->file->dev->host;
	const uint32_t channel = call->in.first;
	const struct netra_channel *c = &host->channel[channel];
	const struct netra_channel_status *status = &host->area->channel[channel];
	const uint32_t state = netra_read32(&status->state);
	struct netra_ioc_channel *out = call->out;

	*out = (struct netra_ioc_channel){
		.channel = channel,
		.state = state <= NETRA_CHANNEL_ENDED ? state : NETRA_CHANNEL_STOPPED,
		.width = netra_read32(&status->width),
		.height = netra_read32(&status->height),
		.rate_num = netra_read32(&status->rate_num),
		.rate_den = netra_read32(&status->rate_den),
		.bit_rate = netra_read32(&status->bit_rate),
		.readers = c->cursor_count,
		.frames = c->old_frames + c->ring.frames_total,
		.bytes = c->old_bytes + c->ring.bytes_total,
		.lost = c->old_lost + c->ring.lost_total,
		.ring_faults = c->ring_faults,
		.ring_used_bytes = netra_ring_used_bytes(&c->ring),
		.ring_bytes = c->ring.layout.data_size,
	};
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}
