// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What core/'s half of the host asks of its driver: memory, resets, and what is
 * to be told. Accesses to BARs are in bars.c.
 */
#include <linux/slab.h>

#include "driver.h"
#include "trace.h"

int netra_errno(enum netra_error error)
{
	switch (error) {
	case NETRA_OK:
		return 0;
	case NETRA_ERR_AGAIN:
		return -EAGAIN;
	case NETRA_ERR_INVALID:
		return -EINVAL;
	case NETRA_ERR_NO_MEMORY:
		return -ENOMEM;
	case NETRA_ERR_NOT_FOUND:
		return -ENOENT;
	case NETRA_ERR_PERMISSION:
		return -EACCES;
	case NETRA_ERR_BUSY:
		return -EBUSY;
	case NETRA_ERR_TIMEOUT:
		return -ETIMEDOUT;
	case NETRA_ERR_GONE:
		return -ENODEV;
	case NETRA_ERR_UNSUPPORTED:
		return -EOPNOTSUPP;
	case NETRA_ERR_STATE:
		return -ENOTCONN;
	case NETRA_ERR_PROTOCOL:
		return -EPROTO;
	case NETRA_ERR_CORRUPT:
		return -EBADMSG;
	case NETRA_ERR_OVERWRITTEN:
		return -ESTALE;
	case NETRA_ERR_ENDED:
		return -ENODATA;
	case NETRA_ERR_BOOT:
		return -EHOSTDOWN;
	case NETRA_ERR_IMAGE:
		return -ENOEXEC;
	case NETRA_ERR_REFUSED:
		return -EREMOTEIO;
	default:
		return -EIO;
	}
}

static bool present(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);

	return !dev->dead && pci_device_is_present(dev->pdev);
}

static enum netra_error prepare(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);
	unsigned int i;

	if (!netra_reachable(dev))
		return netra_unreachable(host);
	pci_set_master(dev->pdev);
	for (i = 0; i < NETRA_BARS; i++)
		if (host->bar_bytes[i])
			host->bar_address[i] = pci_bus_address(dev->pdev, i);
	return NETRA_OK;
}

/*
 * Only by the board's thread, by which power.c knows it from resets by others.
 * A board that reset itself has lost its BARs: they are written again before
 * the PCI core takes what it finds for what it must restore.
 */
static enum netra_error reset(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);
	int err;

	if (!netra_reachable(dev))
		return netra_unreachable(host);
	if (dev->saved_state && !pci_load_saved_state(dev->pdev, dev->saved_state))
		pci_restore_state(dev->pdev);
	err = pci_try_reset_function(dev->pdev);
	if (err)
		return netra_host_fail(host, NETRA_ERR_IO,
				       "resetting it failed (error %d): power it off and on",
				       err);
	return prepare(host);
}

static enum netra_error load_images(struct netra_host *host)
{
	return netra_firmware_load(netra_device_of(host));
}

static void free_images(struct netra_host *host)
{
	netra_firmware_release(netra_device_of(host));
}

/* Few large windows are best; smaller ones are easier to have. */
static enum netra_error make_arena(struct netra_device *dev)
{
	static const u64 channel_bytes[] = { 0, SZ_1M, SZ_512K };
	struct netra_host *host = &dev->host;
	u32 wanted = host->options.window_log2;
	enum netra_error error;
	unsigned int i;
	u32 log2;

	for (i = 0; i < ARRAY_SIZE(channel_bytes); i++) {
		host->options.arena_bytes =
			channel_bytes[i] * host->board_channels;
		for (log2 = wanted ? wanted : 23; log2 >= 20; log2--) {
			error = netra_host_plan(host, log2);
			if (error)
				return error;
			if (!netra_arena_get(dev->pdev, log2,
					     host->attach.windows.count,
					     &dev->arena)) {
				host->view = dev->arena.view;
				host->area = dev->arena.view;
				host->arena_bytes = (u64)host->attach.windows.count
						    << log2;
				return NETRA_OK;
			}
			if (wanted)
				break;
		}
	}
	return netra_host_fail(host, NETRA_ERR_NO_MEMORY,
			       "no memory for the board's windows, not even %u of 1 MB: switch the IOMMU on, or load the driver earlier",
			       host->attach.windows.count);
}

static enum netra_error make_rings(struct netra_host *host)
{
	u32 i;

	for (i = 0; i < host->channels; i++) {
		struct netra_channel *c = &host->channel[i];

		if (!c->frames)
			c->frames = kvcalloc(1UL << host->attach.block.channel[i].records_log2,
					     sizeof(*c->frames), GFP_KERNEL);
		if (!c->frames)
			return netra_host_fail(host, NETRA_ERR_NO_MEMORY,
					       "no memory for the rings");
	}
	return NETRA_OK;
}

static enum netra_error arena(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);
	enum netra_error error = NETRA_OK;
	u32 i;

	if (!host->view)
		error = make_arena(dev);
	if (!error)
		error = make_rings(host);
	if (error)
		return error;
	for (i = 0; i < host->attach.windows.count; i++)
		host->attach.bus[i] = dev->arena.bus[i];
	memset(dev->arena.view, 0, host->arena_bytes);
	return NETRA_OK;
}

static void wake_at(struct netra_host *host, u64 at_ns)
{
	struct netra_device *dev = netra_device_of(host);

	if (at_ns < dev->wake_ns) {
		dev->wake_ns = at_ns;
		/* By another thread than the board's: it must learn of it. */
		if (current != dev->thread)
			netra_kick(dev);
	}
}

static void event(struct netra_host *host, const struct netra_event_info *info,
		  u64 host_ns)
{
	struct netra_device *dev = netra_device_of(host);

	trace_netra_event(dev->number, info->type, info->channel, info->arg[0]);
	if (info->type == NETRA_EVENT_FAULT &&
	    info->arg[0] == NETRA_FAULT_TRANSFER)
		dev_err_ratelimited(&dev->pdev->dev,
				    "a transfer of the board was refused: its windows do not lead where it thinks\n");
	netra_video_event(dev, info);
	netra_control_event(dev, info, host_ns);
}

static void notice(struct netra_host *host, enum netra_host_notice kind,
		   u32 channel, const char *text)
{
	struct netra_device *dev = netra_device_of(host);

	trace_netra_notice(dev->number, kind, channel, text);
	netra_control_notice(dev, kind, channel, text);
}

static __printf(3, 0)
void format(char *buffer, size_t size, const char *text, va_list arguments)
{
	vsnprintf(buffer, size, text, arguments);
}

const struct netra_host_ops netra_linux_ops = {
	.read32 = netra_bar_read32,
	.write32 = netra_bar_write32,
	.upload = netra_bar_upload,
	.post = netra_bar_post,
	.present = present,
	.reset = reset,
	.prepare = prepare,
	.load_images = load_images,
	.free_images = free_images,
	.arena = arena,
	.wake_at = wake_at,
	.event = event,
	.notice = notice,
	.format = format,
};
