/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the files of the ladder share: windows.c climbs it, windows_pages.c
 * finds pages that are then mapped, windows_dma.c has the DMA API find memory.
 */
#ifndef NETRA_LINUX_WINDOWS_H
#define NETRA_LINUX_WINDOWS_H

#include <linux/scatterlist.h>

#include "driver.h"

/* One allocation of the DMA API; holds one window or several. */
struct netra_chunk {
	struct page *page;	/* of dma_alloc_pages(), or NULL: */
	void *view;		/* of dma_alloc_coherent() */
	dma_addr_t bus;
	size_t size;
};

struct netra_windows {
	u32 mapped;		/* windows with an sg_table; then no chunks */
	struct sg_table sgt[NETRA_DATA_WINDOWS_MAX];
	u32 chunks;
	struct netra_chunk chunk[NETRA_DATA_WINDOWS_MAX];
};

static inline size_t netra_window_bytes(const struct netra_arena *arena)
{
	return (size_t)1 << arena->window_log2;
}

static inline unsigned int netra_window_pages(const struct netra_arena *arena)
{
	return netra_window_bytes(arena) >> PAGE_SHIFT;
}

/**
 * netra_windows_translated() - Does an IOMMU translate the board's addresses?
 */
bool netra_windows_translated(struct pci_dev *pdev);

/**
 * netra_pages_scattered() - Pages wherever they lie, in large pieces if can be.
 *
 * Return: an array for netra_memory_free(), or NULL.
 */
struct page **netra_pages_scattered(struct pci_dev *pdev, unsigned int count);

/**
 * netra_pages_blocks() - Pages that are contiguous for each window of @arena,
 * and aligned to its size.
 * @step: Receives what was done, for people.
 *
 * Return: an array for netra_memory_free(), or NULL.
 */
struct page **netra_pages_blocks(struct pci_dev *pdev,
				 const struct netra_arena *arena,
				 const char **step);

/**
 * netra_chunks_get() - Memory for all windows by the DMA API.
 * @arena: Size and count are set; receives bus addresses, pages and step.
 * @coherent: The CPU's caches follow what the board does.
 */
int netra_chunks_get(struct pci_dev *pdev, struct netra_arena *arena,
		     bool coherent);
void netra_chunks_put(struct pci_dev *pdev, struct netra_arena *arena);

#endif
