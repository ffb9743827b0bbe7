// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * BARs. BAR 0 is mapped whole. Of the others single pages are mapped uncached,
 * for boot flag and board block, and stretches write-combined while an image is
 * copied; no page is ever mapped both ways, which x86 would not allow. The
 * large BAR behind them is never mapped.
 */
#include <linux/firmware.h>
#include <linux/io.h>

#include "core/bytes.h"
#include "driver.h"

bool netra_reachable(struct netra_device *dev)
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

	if (!netra_reachable(dev))
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

enum netra_error netra_unreachable(const struct netra_host *host)
{
	return host->lost ? host->lost : NETRA_ERR_IO;
}

enum netra_error netra_bar_read32(struct netra_host *host, unsigned int bar,
				  u32 offset, u32 *value)
{
	void __iomem *at = word_at(host, bar, offset);

	if (!at)
		return netra_unreachable(host);
	*value = readl(at);
	return NETRA_OK;
}

enum netra_error netra_bar_write32(struct netra_host *host, unsigned int bar,
				   u32 offset, u32 value)
{
	void __iomem *at = word_at(host, bar, offset);

	if (!at)
		return netra_unreachable(host);
	writel(value, at);
	return NETRA_OK;
}

enum netra_error netra_bar_upload(struct netra_host *host,
				  const struct netra_action *action,
				  bool *arrived)
{
	struct netra_device *dev = netra_device_of(host);
	const u8 *data = dev->image[action->image]->data + action->image_offset;
	u32 length = action->length, start = action->offset & PAGE_MASK;
	u32 end = PAGE_ALIGN(action->offset + length);
	void __iomem *at;
	u32 tail = min_t(u32, length, 4);
	u8 last[4];

	if (!netra_reachable(dev))
		return netra_unreachable(host);
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

void netra_bar_post(struct netra_host *host, u32 offset, u32 value)
{
	void __iomem *at = word_at(host, host->block_bar,
				   host->block_offset + offset +
					   offsetof(struct netra_board_block, posts));

	if (!at)
		return;
	mb();	/* frames were read before their room is given back */
	writel_relaxed(value, at);
}
