/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * netra_memory.ko: pages that outlive netra.ko, one set per board.
 *
 * Only pages are kept, never DMA mappings: those must be gone when a driver
 * leaves its device. All functions may sleep; none needs a lock of the caller.
 */
#ifndef NETRA_LINUX_MEMORY_H
#define NETRA_LINUX_MEMORY_H

#include <linux/types.h>

struct page;
struct pci_dev;

/**
 * netra_memory_keep() - Hand over the pages of a board's windows.
 * @pdev: The board; a set that is kept for it already is freed.
 * @log2: Size of its windows, 1 << @log2 bytes.
 * @pages: From kvmalloc(), each page with a reference of its own.
 * @count: Of pages.
 *
 * Pages and array are the module's from now on. It frees them at once if
 * keeping is switched off (parameter keep) or there is no memory to note them.
 */
void netra_memory_keep(struct pci_dev *pdev, u32 log2, struct page **pages,
		       unsigned int count);

/**
 * netra_memory_take() - Get back what was kept for a board.
 * @pdev: The board: same place on the bus, same vendor and device.
 * @log2: As it was handed over; a set of another size stays where it is.
 * @count: Likewise.
 *
 * Return: the array, the caller's again, or NULL. The pages hold old frames.
 */
struct page **netra_memory_take(struct pci_dev *pdev, u32 log2,
				unsigned int count);

/**
 * netra_memory_free() - Give an array and its pages back to the system.
 * @pages: As for netra_memory_keep(); NULL is allowed.
 * @count: Of pages. Empty places among them are allowed.
 */
void netra_memory_free(struct page **pages, unsigned int count);

#endif
