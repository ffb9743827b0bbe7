// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What programs are told of a board and its channels. Words of the board's own
 * account are read once each; nothing is decided by them.
 */
#include <linux/bitfield.h>
#include <linux/capability.h>

#include "core/bytes.h"
#include "control.h"

static_assert(sizeof(struct netra_ioc_status) == 1072);
static_assert(sizeof(struct netra_ioc_channel) == 104);
static_assert(NETRA_BOARD_COLD == 0 && NETRA_BOARD_BOOTING == 1 &&
	      NETRA_BOARD_READY == 2 && NETRA_BOARD_ATTACHED == 3 &&
	      NETRA_BOARD_RECOVERING == 4 && NETRA_BOARD_FAILED == 5 &&
	      NETRA_BOARD_GONE == 6);
static_assert(NETRA_DATA_WINDOWS_MAX == 31);

/* Booting as programs see it: from the request until it is attached. */
static u32 state_of(const struct netra_device *dev)
{
	switch (dev->phase) {
	case NETRA_PHASE_LOOK:
	case NETRA_PHASE_BOOT:
	case NETRA_PHASE_ATTACH:
		return NETRA_BOARD_BOOTING;
	default:
		return dev->boot_wanted ? NETRA_BOARD_BOOTING : dev->host.state;
	}
}

static void fill_identity(struct netra_device *dev,
			  struct netra_ioc_status *arg)
{
	struct netra_host *host = &dev->host;
	struct pci_dev *pdev = dev->pdev;
	u16 link = 0;

	strscpy(arg->soc, host->soc->name, sizeof(arg->soc));
	strscpy(arg->firmware, host->firmware, sizeof(arg->firmware));
	strscpy(arg->pci_name, pci_name(pdev), sizeof(arg->pci_name));
	arg->vendor_id = pdev->vendor;
	arg->device_id = pdev->device;
	arg->class_code = pdev->class;
	memcpy(arg->bar_bytes, host->bar_bytes, sizeof(arg->bar_bytes));
	arg->channels = host->channels ? host->channels : host->board_channels;
	if (dev->suspended || host->state == NETRA_BOARD_GONE)
		return;
	pcie_capability_read_word(pdev, PCI_EXP_LNKSTA, &link);
	if (PCI_POSSIBLE_ERROR(link))
		return;
	arg->link_width = FIELD_GET(PCI_EXP_LNKSTA_NLW, link);
	switch (link & PCI_EXP_LNKSTA_CLS) {
	case PCI_EXP_LNKSTA_CLS_2_5GB:
		arg->link_mtps = 2500;
		break;
	case PCI_EXP_LNKSTA_CLS_5_0GB:
		arg->link_mtps = 5000;
		break;
	}
}

static void fill_boot(struct netra_device *dev, struct netra_ioc_status *arg)
{
	struct netra_boot_progress progress;

	if (dev->phase != NETRA_PHASE_BOOT)
		return;
	netra_boot_progress(&dev->host.runner.m.boot, &progress);
	arg->boot_image = progress.image;
	arg->boot_done_bytes = progress.done_bytes;
	arg->boot_total_bytes = progress.total_bytes;
	if (progress.waiting_for)
		strscpy(arg->boot_waiting_for, progress.waiting_for,
			sizeof(arg->boot_waiting_for));
}

static void fill_memory(struct netra_device *dev, struct netra_ioc_status *arg)
{
	struct netra_host *host = &dev->host;

	if (!host->view)
		return;
	arg->generation = host->generation;
	arg->window_bytes = 1u << host->attach.windows.log2;
	arg->window_count = host->attach.windows.count;
	arg->arena_bytes = host->arena_bytes;
	strscpy(arg->memory, dev->arena.step, sizeof(arg->memory));
	strscpy(arg->cache_mode, dev->arena.cache_mode, sizeof(arg->cache_mode));
	arg->board_interrupts = netra_le64(READ_ONCE(host->area->status.interrupts));
	/* Without an IOMMU these are physical addresses. Who lacks the right asks often. */
	if (has_capability_noaudit(current, CAP_SYS_ADMIN))
		memcpy(arg->window_bus, host->attach.bus,
		       arg->window_count * sizeof(arg->window_bus[0]));
}

static void fill_counters(struct netra_device *dev,
			  struct netra_ioc_status *arg)
{
	struct netra_host *host = &dev->host;

	arg->interrupts = atomic64_read(&dev->interrupts);
	arg->wakeups = dev->wakeups;
	arg->heartbeats = host->heartbeats;
	arg->events_lost = host->events_lost + host->events.lost;
	arg->bad_replies = host->mailbox.bad_replies;
	arg->command_timeouts = host->mailbox.timeouts;
	arg->dma_faults = host->dma_faults;
	arg->resyncs = host->resyncs;
	arg->firmware_restarts = host->firmware_restarts;
	arg->resets = host->resets;
	arg->vectors = dev->msi ? dev->vectors : 0;
	arg->clock_valid = netra_clock_valid(&host->clock);
	arg->clock_drift_ppb = host->clock.drift_ppb;
	arg->clock_offset_ns = host->clock.offset_ns;
}

int netra_status_board(struct netra_device *dev, struct netra_ioc_status *arg)
{
	struct netra_host *host = &dev->host;

	arg->state = state_of(dev);
	arg->error = host->lost;
	arg->sync_mode = host->options.sync_mode;
	strscpy(arg->error_text, host->error_text, sizeof(arg->error_text));
	fill_identity(dev, arg);
	fill_boot(dev, arg);
	fill_memory(dev, arg);
	fill_counters(dev, arg);
	return 0;
}

int netra_status_channel(struct netra_device *dev, struct netra_ioc_channel *arg)
{
	const struct netra_channel *c = &dev->host.channel[arg->channel];
	const struct netra_channel_status *status =
		&dev->host.area->channel[arg->channel];
	u32 state = netra_read32(&status->state);

	arg->state = state <= NETRA_CHANNEL_ENDED ? state : NETRA_CHANNEL_STOPPED;
	arg->width = netra_read32(&status->width);
	arg->height = netra_read32(&status->height);
	arg->rate_num = netra_read32(&status->rate_num);
	arg->rate_den = netra_read32(&status->rate_den);
	arg->bit_rate = netra_read32(&status->bit_rate);
	arg->readers = c->cursor_count;
	arg->frames = c->old_frames + c->ring.frames_total;
	arg->bytes = c->old_bytes + c->ring.bytes_total;
	arg->lost = c->old_lost + c->ring.lost_total;
	arg->ring_faults = c->ring_faults;
	arg->ring_used_bytes = netra_ring_used_bytes(&c->ring);
	arg->ring_bytes = c->ring.layout.data_size;
	return 0;
}
