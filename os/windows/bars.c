/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BARs. BAR 0 is mapped whole. Of the others single pages are mapped uncached,
 * for boot flag and board block, and stretches write-combined while an image is
 * copied; no page is ever mapped both ways, which x86 would not allow. The large
 * BAR behind them is never mapped, and none of them to user mode.
 */
#include "driver.h"

#include "core/bytes.h"

#define PAGES(bytes)	((bytes) >> PAGE_SHIFT)

bool netra_reachable(struct netra_device *dev)
{
	if (!dev->dead && !dev->suspended && dev->bar0)
		return true;
	if (dev->dead)
		netra_host_gone(&dev->host, "the system took it away");
	else
		netra_host_fail(&dev->host, NETRA_ERR_IO,
				"the board is without power: wake the system up");
	return false;
}

static enum netra_error failed(const struct netra_host *host)
{
	return host->lost ? host->lost : NETRA_ERR_IO;
}

static uint8_t *map(struct netra_device *dev, ULONG bar, uint64_t offset,
		    SIZE_T bytes, ULONG cache)
{
	PHYSICAL_ADDRESS at = dev->bar[bar];

	at.QuadPart += (LONGLONG)offset;
	return MmMapIoSpaceEx(at, bytes, PAGE_READWRITE | cache);
}

static void drop(struct netra_uc_page *page)
{
	if (page->at)
		MmUnmapIoSpace(page->at, PAGE_SIZE);
	page->at = NULL;
}

/* Pages of a BAR that are about to be mapped in another way. */
static void drop_range(struct netra_device *dev, ULONG bar, ULONG first, ULONG last)
{
	for (ULONG i = 0; i < NETRA_UC_PAGES; i++) {
		struct netra_uc_page *page = &dev->uc[i];

		if (page->at && page->bar == bar && page->page >= first &&
		    page->page <= last)
			drop(page);
	}
}

NTSTATUS netra_map_bar0(struct netra_device *dev)
{
	dev->bar0 = map(dev, 0, 0, NETRA_BAR0_MIN_BYTES, PAGE_NOCACHE);
	return dev->bar0 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void netra_unmap_bars(struct netra_device *dev)
{
	for (ULONG i = 0; i < NETRA_UC_PAGES; i++)
		drop(&dev->uc[i]);
	if (dev->bar0)
		MmUnmapIoSpace(dev->bar0, NETRA_BAR0_MIN_BYTES);
	dev->bar0 = NULL;
}

static uint8_t *map_uc(struct netra_device *dev, ULONG bar, uint32_t offset)
{
	ULONG number = PAGES(offset);
	struct netra_uc_page *page;

	for (ULONG i = 0; i < NETRA_UC_PAGES; i++) {
		page = &dev->uc[i];
		if (page->at && page->bar == bar && page->page == number)
			return page->at + BYTE_OFFSET(offset);
	}
	page = &dev->uc[dev->uc_next++ % NETRA_UC_PAGES];
	drop(page);
	page->bar = bar;
	page->page = number;
	page->at = map(dev, bar, (uint64_t)number << PAGE_SHIFT, PAGE_SIZE,
		       PAGE_NOCACHE);
	return page->at ? page->at + BYTE_OFFSET(offset) : NULL;
}

/* Where a word of a BAR is; NULL with the reason said. */
static volatile ULONG *word_at(struct netra_host *host, unsigned int bar,
			       uint32_t offset)
{
	struct netra_device *dev = netra_device_of(host);
	uint64_t bytes = bar < NETRA_BARS ? host->bar_bytes[bar] : 0;
	uint8_t *at;

	if (!netra_reachable(dev))
		return NULL;
	if (bar == 0 && bytes > NETRA_BAR0_MIN_BYTES)
		bytes = NETRA_BAR0_MIN_BYTES;
	if (offset & 3 || !netra_range_ok(offset, 4, bytes)) {
		netra_host_fail(host, NETRA_ERR_IO,
				"an access to BAR %u leaves it", bar);
		return NULL;
	}
	at = bar ? map_uc(dev, bar, offset) : dev->bar0 + offset;
	if (!at)
		netra_host_fail(host, NETRA_ERR_NO_MEMORY,
				"no address space for BAR %u", bar);
	return (volatile ULONG *)at;
}

enum netra_error netra_bar_read(struct netra_host *host, unsigned int bar,
				uint32_t offset, uint32_t *value)
{
	volatile ULONG *at = word_at(host, bar, offset);

	if (!at)
		return failed(host);
	*value = READ_REGISTER_ULONG(at);
	return NETRA_OK;
}

enum netra_error netra_bar_write(struct netra_host *host, unsigned int bar,
				 uint32_t offset, uint32_t value)
{
	volatile ULONG *at = word_at(host, bar, offset);

	if (!at)
		return failed(host);
	WRITE_REGISTER_ULONG(at, value);
	return NETRA_OK;
}

void netra_bar_post(struct netra_host *host, uint32_t offset, uint32_t value)
{
	volatile ULONG *at = word_at(host, host->block_bar,
				     host->block_offset + offset +
					     (uint32_t)offsetof(struct netra_board_block, posts));

	if (!at)
		return;
	netra_fence();	/* frames were read before their room is given back */
	WRITE_REGISTER_ULONG(at, value);
}

/* Whole aligned words: that is what write combining and the board take. */
static void copy_words(volatile ULONG *to, const uint8_t *from, ULONG bytes)
{
	while (bytes) {
		ULONG part = bytes < 4 ? bytes : 4, word = 0;

		RtlCopyMemory(&word, from, part);
		*to++ = word;
		from += part;
		bytes -= part;
	}
}

enum netra_error netra_bar_upload(struct netra_host *host,
				  const struct netra_action *action, bool *arrived)
{
	struct netra_device *dev = netra_device_of(host);
	const uint8_t *data = dev->image[action->image].data + action->image_offset;
	uint32_t length = action->length, padded = (length + 3) & ~3u, last = 0;
	uint32_t start = action->offset & ~(uint32_t)(PAGE_SIZE - 1);
	uint8_t *at;
	SIZE_T bytes;

	if (!netra_reachable(dev))
		return failed(host);
	if (!action->bar || action->bar >= NETRA_BARS || !length ||
	    padded < length || action->offset & 3 ||
	    !netra_range_ok(action->offset, padded, host->bar_bytes[action->bar]))
		return netra_host_fail(host, NETRA_ERR_IO,
				       "an image leaves BAR %u", action->bar);
	bytes = (action->offset - start + (SIZE_T)padded + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1);
	drop_range(dev, action->bar, PAGES(start), PAGES(start) + (ULONG)PAGES(bytes) - 1);
	at = map(dev, action->bar, start, bytes, PAGE_WRITECOMBINE);
	if (!at)
		return netra_host_fail(host, NETRA_ERR_NO_MEMORY,
				       "no address space for BAR %u", action->bar);
	copy_words((volatile ULONG *)(at + (action->offset - start)), data, length);
	netra_fence();	/* drain write combining */
	RtlCopyMemory(&last, data + padded - 4, length - (padded - 4));
	*arrived = *(volatile ULONG *)(at + (action->offset - start) + padded - 4) == last;
	MmUnmapIoSpace(at, bytes);
	return NETRA_OK;
}
