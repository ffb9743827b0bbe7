// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What core/'s half of the host asks of its driver.
 *
 * BAR 0 is mapped whole. Of the others single pages are mapped uncached, for
 * boot flag and board block, and stretches write-combined while an image is
 * copied; no page is ever mapped both ways, which x86 would not allow. The
 * large BAR behind them is never mapped.
 */
#include <linux/firmware.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "core/bytes.h"
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

static bool reachable(struct netra_device *dev)
{
	if (!dev->dead && !pci_channel_offline(dev->pdev))
		return true;
	/* Else it is frozen after an error, and the bus may bring it back. */
	if (dev->dead || dev->pdev->error_state == pci_channel_io_perm_failure)
		netra_host_gone(&dev->host, "the system took it away");
	else
		netra_host_fail(&dev->host, NETRA_ERR_IO,
				"the bus lets nothing through after an error");
	return false;
}

static void drop(struct netra_uc_page *page)
{
	if (page->at)
		iounmap(page->at);
	page->at = NULL;
}

/* Pages of a BAR that are about to be mapped in another way. */
static void drop_range(struct netra_device *dev, unsigned int bar, u32 first,
		       u32 last)
{
	unsigned int i;

	for (i = 0; i < NETRA_UC_PAGES; i++) {
		struct netra_uc_page *page = &dev->uc[i];

		if (page->at && page->bar == bar && page->page >= first &&
		    page->page <= last)
			drop(page);
	}
}

void netra_unmap_bars(struct netra_device *dev)
{
	unsigned int i;

	for (i = 0; i < NETRA_UC_PAGES; i++)
		drop(&dev->uc[i]);
}

static void __iomem *map_uc(struct netra_device *dev, unsigned int bar,
			    u32 offset)
{
	u32 number = offset >> PAGE_SHIFT;
	struct netra_uc_page *page;
	unsigned int i;

	for (i = 0; i < NETRA_UC_PAGES; i++) {
		page = &dev->uc[i];
		if (page->at && page->bar == bar && page->page == number)
			return page->at + offset_in_page(offset);
	}
	page = &dev->uc[dev->uc_next++ % NETRA_UC_PAGES];
	drop(page);
	page->bar = bar;
	page->page = number;
	page->at = ioremap(pci_resource_start(dev->pdev, bar) +
				   ((resource_size_t)number << PAGE_SHIFT),
			   PAGE_SIZE);
	return page->at ? page->at + offset_in_page(offset) : NULL;
}

/* Where a word of a BAR is; NULL with the reason said. */
static void __iomem *word_at(struct netra_host *host, unsigned int bar,
			     u32 offset)
{
	struct netra_device *dev = netra_device_of(host);
	void __iomem *at;

	if (!reachable(dev))
		return NULL;
	if (bar >= NETRA_BARS || offset & 3 ||
	    !netra_range_ok(offset, 4, host->bar_bytes[bar])) {
		netra_host_fail(host, NETRA_ERR_IO,
				"an access to BAR %u leaves it", bar);
		return NULL;
	}
	if (bar == 0)
		return dev->bar0 + offset;
	at = map_uc(dev, bar, offset);
	if (!at)
		netra_host_fail(host, NETRA_ERR_NO_MEMORY,
				"no address space for BAR %u", bar);
	return at;
}

static enum netra_error failed(const struct netra_host *host)
{
	return host->lost ? host->lost : NETRA_ERR_IO;
}

static enum netra_error read32(struct netra_host *host, unsigned int bar,
			       u32 offset, u32 *value)
{
	void __iomem *at = word_at(host, bar, offset);

	if (!at)
		return failed(host);
	*value = readl(at);
	return NETRA_OK;
}

static enum netra_error write32(struct netra_host *host, unsigned int bar,
				u32 offset, u32 value)
{
	void __iomem *at = word_at(host, bar, offset);

	if (!at)
		return failed(host);
	writel(value, at);
	return NETRA_OK;
}

static enum netra_error upload(struct netra_host *host,
			       const struct netra_action *action, bool *arrived)
{
	struct netra_device *dev = netra_device_of(host);
	const u8 *data = dev->image[action->image]->data + action->image_offset;
	u32 length = action->length, start = action->offset & PAGE_MASK;
	u32 end = PAGE_ALIGN(action->offset + length);
	void __iomem *at;
	u32 tail = min_t(u32, length, 4);
	u8 last[4];

	if (!reachable(dev))
		return failed(host);
	if (action->bar >= NETRA_BARS || !length ||
	    !netra_range_ok(action->offset, length,
			    host->bar_bytes[action->bar]))
		return netra_host_fail(host, NETRA_ERR_IO,
				       "an image leaves BAR %u", action->bar);
	drop_range(dev, action->bar, start >> PAGE_SHIFT,
		   (end >> PAGE_SHIFT) - 1);
	at = ioremap_wc(pci_resource_start(dev->pdev, action->bar) + start,
			end - start);
	if (!at)
		return netra_host_fail(host, NETRA_ERR_NO_MEMORY,
				       "no address space for BAR %u",
				       action->bar);
	memcpy_toio(at + (action->offset - start), data, length);
	wmb();	/* drain write combining */
	memcpy_fromio(last, at + (action->offset - start) + length - tail, tail);
	*arrived = !memcmp(last, data + length - tail, tail);
	iounmap(at);
	return NETRA_OK;
}

static void post(struct netra_host *host, u32 offset, u32 value)
{
	void __iomem *at = word_at(host, host->block_bar,
				   host->block_offset + offset +
					   offsetof(struct netra_board_block, posts));

	if (!at)
		return;
	mb();	/* frames were read before their room is given back */
	writel_relaxed(value, at);
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

	if (!reachable(dev))
		return failed(host);
	pci_set_master(dev->pdev);
	for (i = 0; i < NETRA_BARS; i++)
		if (host->bar_bytes[i])
			host->bar_address[i] = pci_bus_address(dev->pdev, i);
	return NETRA_OK;
}

/*
 * A board that reset itself has lost its BARs: they are written again before
 * the PCI core takes what it finds for what it must restore.
 */
static enum netra_error reset(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);
	int err;

	if (!reachable(dev))
		return failed(host);
	if (dev->saved_state && !pci_load_saved_state(dev->pdev, dev->saved_state))
		pci_restore_state(dev->pdev);
	dev->resetting = true;
	err = pci_try_reset_function(dev->pdev);
	dev->resetting = false;
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
	.read32 = read32,
	.write32 = write32,
	.upload = upload,
	.post = post,
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
