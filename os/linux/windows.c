// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Memory for the board's outbound windows: a ladder of ways to get contiguous,
 * aligned bus addresses. Called with the board's lock, or before and after
 * anybody else knows the board.
 *
 * The memory is shared with the board all the time, without a moment at which
 * it could be synchronised. So it must neither be bounced nor be cached
 * behind the board's back; what cannot be had that way is not used.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "memory.h"
#include "windows.h"

bool netra_windows_translated(struct pci_dev *pdev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&pdev->dev);

	return domain && (domain->type & __IOMMU_DOMAIN_PAGING);
}

/*
 * Do the CPU's caches follow what the board reads and writes? Asked of the
 * bridge, from where the PCI core has it: behind an IOMMU dma_need_sync() may
 * say "yes" for every device.
 */
static bool is_coherent(struct pci_dev *pdev)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(pdev->bus);
	struct device *dev = &bridge->dev;

	if (!IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) &&
	    !IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) &&
	    !IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU_ALL))
		return true;
	if (dev->parent && dev_of_node(dev->parent))
		dev = dev->parent;
	return device_get_dma_attr(dev) == DEV_DMA_COHERENT;
}

/* One range of bus addresses that can back a window, and that nobody bounces? */
static bool is_window(struct pci_dev *pdev, struct sg_table *sgt, size_t bytes,
		      dma_addr_t *bus)
{
	const bool translated = netra_windows_translated(pdev);
	struct device *dev = &pdev->dev;
	struct scatterlist *sg;
	dma_addr_t next = 0;
	int i;

	*bus = sg_dma_address(sgt->sgl);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (i && sg_dma_address(sg) != next)
			return false;
		if (!translated && dma_need_sync(dev, sg_dma_address(sg)))
			return false;
		next = sg_dma_address(sg) + sg_dma_len(sg);
	}
	return next - *bus == bytes && IS_ALIGNED(*bus, bytes) &&
	       next - 1 <= dma_get_mask(dev);
}

static void unmap_windows(struct pci_dev *pdev, struct netra_arena *arena)
{
	struct netra_windows *w = arena->windows;

	while (w->mapped) {
		struct sg_table *sgt = &w->sgt[--w->mapped];

		dma_unmap_sgtable(&pdev->dev, sgt, DMA_BIDIRECTIONAL, 0);
		sg_free_table(sgt);
	}
}

static int map_window(struct pci_dev *pdev, struct netra_arena *arena, u32 i)
{
	const unsigned int count = netra_window_pages(arena);
	const size_t bytes = netra_window_bytes(arena);
	struct netra_windows *w = arena->windows;
	struct device *dev = &pdev->dev;
	struct sg_table *sgt = &w->sgt[i];
	int ret;

	ret = sg_alloc_table_from_pages_segment(sgt, arena->pages + i * count,
						count, 0, bytes,
						dma_get_max_seg_size(dev),
						GFP_KERNEL);
	if (ret)
		return ret;
	ret = dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, DMA_ATTR_NO_WARN);
	if (ret)
		goto err_free;
	if (!is_window(pdev, sgt, bytes, &arena->bus[i])) {
		ret = -EADDRNOTAVAIL;
		goto err_unmap;
	}
	w->mapped++;
	return 0;

err_unmap:
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
err_free:
	sg_free_table(sgt);
	return ret;
}

/* Try these pages; if they cannot be the windows, they are freed. */
static bool use_pages(struct pci_dev *pdev, struct netra_arena *arena,
		      struct page **pages, const char *step)
{
	u32 i;

	if (!pages)
		return false;
	arena->pages = pages;
	arena->step = step;
	for (i = 0; i < arena->window_count; i++) {
		if (map_window(pdev, arena, i)) {
			unmap_windows(pdev, arena);
			netra_memory_free(pages, arena->page_count);
			arena->pages = NULL;
			return false;
		}
	}
	return true;
}

/* The steps that find pages and map them. */
static bool get_pages(struct pci_dev *pdev, struct netra_arena *arena)
{
	struct page **pages;
	const char *step;

	if (use_pages(pdev, arena,
		      netra_memory_take(pdev, arena->window_log2,
					arena->page_count),
		      "kept from the last load")) {
		arena->kept = true;
		return true;
	}
	if (netra_windows_translated(pdev) &&
	    use_pages(pdev, arena,
		      netra_pages_scattered(pdev, arena->page_count),
		      "IOMMU: scattered pages, contiguous bus addresses"))
		return true;
	pages = netra_pages_blocks(pdev, arena, &step);
	return use_pages(pdev, arena, pages, step);
}

int netra_arena_get(struct pci_dev *pdev, u32 log2, u32 count,
		    struct netra_arena *arena)
{
	const bool coherent = is_coherent(pdev);
	int ret;

	memset(arena, 0, sizeof(*arena));
	if (log2 < 20 || log2 > 23 || !count || count > NETRA_DATA_WINDOWS_MAX)
		return -EINVAL;
	arena->window_log2 = log2;
	arena->window_count = count;
	arena->page_count = count * netra_window_pages(arena);
	arena->windows = kzalloc(sizeof(*arena->windows), GFP_KERNEL);
	if (!arena->windows)
		return -ENOMEM;
	arena->uncached = !coherent;
	arena->cache_mode = coherent ? "write-back" : "uncached";

	/* A device whose mappings are bounced has a limit for their size. */
	if (!coherent || dma_max_mapping_size(&pdev->dev) < 1u << log2 ||
	    !get_pages(pdev, arena)) {
		ret = netra_chunks_get(pdev, arena, coherent);
		if (ret)
			goto err_free;
	}
	arena->view = vmap(arena->pages, arena->page_count, VM_MAP,
			   netra_arena_prot(arena, PAGE_KERNEL));
	if (!arena->view) {
		netra_arena_put(pdev, arena);
		return -ENOMEM;
	}
	return 0;

err_free:
	kfree(arena->windows);
	memset(arena, 0, sizeof(*arena));
	return ret;
}

void netra_arena_put(struct pci_dev *pdev, struct netra_arena *arena)
{
	struct netra_windows *w = arena->windows;

	if (!w)
		return;
	vunmap(arena->view);
	if (w->chunks) {
		netra_chunks_put(pdev, arena);
	} else {
		unmap_windows(pdev, arena);
		netra_memory_keep(pdev, arena->window_log2, arena->pages,
				  arena->page_count);
	}
	kfree(w);
	memset(arena, 0, sizeof(*arena));
}

bool netra_arena_counts(const struct netra_arena *arena)
{
	return !arena->windows->chunks;
}

pgprot_t netra_arena_prot(const struct netra_arena *arena, pgprot_t prot)
{
	return arena->uncached ? pgprot_writecombine(prot) : prot;
}
