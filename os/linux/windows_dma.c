// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The last step of the ladder: the DMA API finds memory for windows, in CMA
 * where there is one. CMA aligns to at most CONFIG_CMA_ALIGNMENT pages, 1 MB by
 * default, hence more is allocated than needed, and windows lie where it fits.
 *
 * On machines where the CPU's caches do not follow the board it is the only
 * step, with memory that is not cached.
 */
#include <linux/align.h>
#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "windows.h"

static void put_chunk(struct pci_dev *pdev, struct netra_chunk *chunk)
{
	if (chunk->page)
		dma_free_pages(&pdev->dev, chunk->size, chunk->page, chunk->bus,
			       DMA_BIDIRECTIONAL);
	else
		dma_free_coherent(&pdev->dev, chunk->size, chunk->view,
				  chunk->bus);
}

/*
 * dma_alloc_pages() is the interface that has pages to show, but makes memory
 * that some machines bounce; dma_alloc_coherent() never does.
 */
static bool get_chunk(struct pci_dev *pdev, struct netra_chunk *chunk,
		      size_t size, bool coherent)
{
	chunk->size = size;
	chunk->page = NULL;
	if (coherent)
		chunk->page = dma_alloc_pages(&pdev->dev, size, &chunk->bus,
					      DMA_BIDIRECTIONAL,
					      GFP_KERNEL | __GFP_NOWARN);
	if (chunk->page) {
		if (!dma_mapping_error(&pdev->dev, chunk->bus) &&
		    (netra_windows_translated(pdev) ||
		     !dma_need_sync(&pdev->dev, chunk->bus)))
			return true;
		put_chunk(pdev, chunk);
		chunk->page = NULL;
	}
	chunk->view = dma_alloc_coherent(&pdev->dev, size, &chunk->bus,
					 GFP_KERNEL | __GFP_NOWARN);
	return chunk->view;
}

/* Note the pages of @count windows at @offset in the chunk. */
static int list_chunk(struct pci_dev *pdev, struct netra_chunk *chunk,
		      size_t offset, struct page **pages, unsigned int count)
{
	unsigned int skip = offset >> PAGE_SHIFT, i;
	struct sg_page_iter at;
	struct sg_table sgt;
	int ret;

	if (chunk->page) {
		unsigned long pfn = page_to_pfn(chunk->page) + skip;

		for (i = 0; i < count; i++)
			pages[i] = pfn_to_page(pfn + i);
		return 0;
	}
	ret = dma_get_sgtable(&pdev->dev, &sgt, chunk->view, chunk->bus,
			      chunk->size);
	if (ret)
		return ret;
	i = 0;
	for_each_sgtable_page(&sgt, &at, skip) {
		if (i == count)
			break;
		pages[i++] = sg_page_iter_page(&at);
	}
	sg_free_table(&sgt);
	return i == count ? 0 : -EIO;
}

/* One more chunk, with windows @first to @first + @count - 1 in it. */
static int add_chunk(struct pci_dev *pdev, struct netra_arena *arena, u32 first,
		     u32 count, size_t slack, bool coherent)
{
	const size_t window = netra_window_bytes(arena);
	struct netra_windows *w = arena->windows;
	struct netra_chunk *chunk = &w->chunk[w->chunks];
	dma_addr_t bus;
	int ret = -EADDRNOTAVAIL;
	u32 i;

	if (!get_chunk(pdev, chunk, count * window + slack, coherent))
		return -ENOMEM;
	bus = ALIGN(chunk->bus, window);
	if (bus - chunk->bus > slack ||
	    bus + count * window - 1 > dma_get_mask(&pdev->dev))
		goto err_put;
	ret = list_chunk(pdev, chunk, bus - chunk->bus,
			 arena->pages + first * netra_window_pages(arena),
			 count * netra_window_pages(arena));
	if (ret)
		goto err_put;
	for (i = 0; i < count; i++)
		arena->bus[first + i] = bus + i * window;
	w->chunks++;
	return 0;

err_put:
	put_chunk(pdev, chunk);
	return ret;
}

void netra_chunks_put(struct pci_dev *pdev, struct netra_arena *arena)
{
	struct netra_windows *w = arena->windows;

	while (w->chunks)
		put_chunk(pdev, &w->chunk[--w->chunks]);
	kvfree(arena->pages);
	arena->pages = NULL;
}

int netra_chunks_get(struct pci_dev *pdev, struct netra_arena *arena,
		     bool coherent)
{
	/* Wherever a chunk begins, its windows fit behind that much. */
	const size_t slack = netra_window_bytes(arena) - PAGE_SIZE;
	u32 i;

	/* The DMA API may decrypt such memory, but only in its own view of it. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return -ENOMEM;
	arena->pages = kvcalloc(arena->page_count, sizeof(*arena->pages),
				GFP_KERNEL);
	if (!arena->pages)
		return -ENOMEM;
	if (!add_chunk(pdev, arena, 0, arena->window_count, slack, coherent)) {
		arena->step = "DMA API (CMA): one piece, over-allocated and aligned";
		return 0;
	}
	arena->step = "DMA API (CMA): a piece per window";
	for (i = 0; i < arena->window_count; i++) {
		if (!add_chunk(pdev, arena, i, 1, 0, coherent))
			continue;
		if (add_chunk(pdev, arena, i, 1, slack, coherent)) {
			netra_chunks_put(pdev, arena);
			return -ENOMEM;
		}
		arena->step = "DMA API (CMA): a piece per window, over-allocated and aligned";
	}
	return 0;
}
