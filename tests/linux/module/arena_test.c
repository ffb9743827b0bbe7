// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Binds to boards and does nothing but get and put memory for windows, as its
 * attributes of the device are told to:
 *
 *   get       write "LOG2 COUNT": get an arena of that kind, and check it
 *   put       write anything: put it back
 *   uncached  write "LOG2 COUNT": as "get" where caches are not coherent, and put
 *   cycle     write "LOG2 COUNT TIMES": get, check the addresses, put, so often
 *   arena     read: one "name: value" a line of what there is
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "windows.h"

struct test_board {
	struct pci_dev *pdev;
	struct mutex lock;	/* guards arena */
	struct netra_arena arena;
};

/* Where the board's write to @bus would end, without an offset of the bus. */
static phys_addr_t target(struct pci_dev *pdev, dma_addr_t bus)
{
	if (!netra_windows_translated(pdev))
		return bus;
	return iommu_iova_to_phys(iommu_get_domain_for_dev(&pdev->dev), bus);
}

/* Do the windows lead to the pages, all of them? */
static int check_windows(struct test_board *board)
{
	struct netra_arena *arena = &board->arena;
	const size_t window = netra_window_bytes(arena);
	unsigned int i, bad = 0;

	for (i = 0; i < arena->window_count; i++)
		bad += !IS_ALIGNED(arena->bus[i], window);
	for (i = 0; i < arena->page_count; i++) {
		const size_t at = (size_t)i << PAGE_SHIFT;
		const dma_addr_t bus = arena->bus[at / window] + at % window;

		bad += target(board->pdev, bus) != page_to_phys(arena->pages[i]);
	}
	if (bad)
		pci_err(board->pdev, "%u wrong addresses with %s\n", bad,
			arena->step);
	return bad ? -EIO : 0;
}

/* Are they what the view shows? */
static int check_view(struct test_board *board)
{
	struct netra_arena *arena = &board->arena;
	unsigned int i, bad = 0;

	for (i = 0; i < arena->page_count; i++) {
		void *page = arena->view + ((size_t)i << PAGE_SHIFT);

		memset(page, 0, PAGE_SIZE);
		*(u64 *)page = i + 1;
	}
	for (i = 0; i < arena->page_count; i++) {
		u64 *page = kmap_local_page(arena->pages[i]);

		bad += *page != i + 1;
		kunmap_local(page);
	}
	if (bad)
		pci_err(board->pdev, "%u wrong pages with %s\n", bad,
			arena->step);
	return bad ? -EIO : 0;
}

static int get(struct test_board *board, u32 log2, u32 count)
{
	int ret;

	if (board->arena.windows)
		return -EBUSY;
	ret = netra_arena_get(board->pdev, log2, count, &board->arena);
	if (ret)
		return ret;
	ret = check_windows(board);
	if (ret)
		netra_arena_put(board->pdev, &board->arena);
	return ret;
}

static ssize_t cycle_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct test_board *board = dev_get_drvdata(dev);
	u32 log2, windows, times = 1;
	int ret = 0;

	if (sscanf(buf, "%u %u %u", &log2, &windows, &times) < 2)
		return -EINVAL;
	mutex_lock(&board->lock);
	while (times-- && !ret) {
		ret = get(board, log2, windows);
		if (!ret)
			netra_arena_put(board->pdev, &board->arena);
	}
	mutex_unlock(&board->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(cycle);

static ssize_t get_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct test_board *board = dev_get_drvdata(dev);
	u32 log2, windows;
	int ret;

	if (sscanf(buf, "%u %u", &log2, &windows) != 2)
		return -EINVAL;
	mutex_lock(&board->lock);
	ret = get(board, log2, windows) ?: check_view(board);
	mutex_unlock(&board->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(get);

/* x86 would never take this path. */
static int try_uncached(struct test_board *board, u32 log2, u32 count)
{
	struct netra_arena *arena = &board->arena;
	int ret;

	if (arena->windows)
		return -EBUSY;
	arena->window_log2 = log2;
	arena->window_count = count;
	arena->page_count = count * netra_window_pages(arena);
	arena->windows = kzalloc(sizeof(*arena->windows), GFP_KERNEL);
	if (!arena->windows)
		return -ENOMEM;
	ret = netra_chunks_get(board->pdev, arena, false);
	if (!ret) {
		ret = check_windows(board);
		netra_chunks_put(board->pdev, arena);
	}
	kfree(arena->windows);
	memset(arena, 0, sizeof(*arena));
	return ret;
}

static ssize_t uncached_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct test_board *board = dev_get_drvdata(dev);
	u32 log2, windows;
	int ret;

	if (sscanf(buf, "%u %u", &log2, &windows) != 2)
		return -EINVAL;
	mutex_lock(&board->lock);
	ret = try_uncached(board, log2, windows);
	mutex_unlock(&board->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(uncached);

static ssize_t put_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct test_board *board = dev_get_drvdata(dev);

	mutex_lock(&board->lock);
	netra_arena_put(board->pdev, &board->arena);
	mutex_unlock(&board->lock);
	return count;
}
static DEVICE_ATTR_WO(put);

static ssize_t arena_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct test_board *board = dev_get_drvdata(dev);
	struct netra_arena *arena = &board->arena;
	unsigned int i, runs = 0;
	ssize_t size = 0;

	mutex_lock(&board->lock);
	if (arena->windows) {
		for (i = 0; i < arena->page_count; i++)
			runs += !i || page_to_pfn(arena->pages[i]) !=
				      page_to_pfn(arena->pages[i - 1]) + 1;
		size = sysfs_emit(buf,
				  "step: %s\ncache: %s\nkept: %d\nbytes: %zu\nruns: %u\n",
				  arena->step, arena->cache_mode, arena->kept,
				  (size_t)arena->page_count << PAGE_SHIFT, runs);
	}
	mutex_unlock(&board->lock);
	return size;
}
static DEVICE_ATTR_RO(arena);

static struct attribute *test_attrs[] = {
	&dev_attr_arena.attr,
	&dev_attr_cycle.attr,
	&dev_attr_get.attr,
	&dev_attr_put.attr,
	&dev_attr_uncached.attr,
	NULL
};
ATTRIBUTE_GROUPS(test);

static int test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct test_board *board;
	int ret;

	board = devm_kzalloc(&pdev->dev, sizeof(*board), GFP_KERNEL);
	if (!board)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, SZ_8M);
	board->pdev = pdev;
	mutex_init(&board->lock);
	pci_set_drvdata(pdev, board);
	return 0;
}

static void test_remove(struct pci_dev *pdev)
{
	struct test_board *board = pci_get_drvdata(pdev);

	netra_arena_put(pdev, &board->arena);
}

static const struct pci_device_id test_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_TI, 0xb800) },
	{ }
};

static struct pci_driver test_driver = {
	.name = "netra_arena_test",
	.id_table = test_ids,
	.probe = test_probe,
	.remove = test_remove,
	.dev_groups = test_groups,
};
module_pci_driver(test_driver);

MODULE_DESCRIPTION("Test of the memory for netra's windows");
MODULE_LICENSE("Dual BSD/GPL");
