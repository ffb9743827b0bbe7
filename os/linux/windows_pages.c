// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Finding pages for windows in the page allocator. Every block is split, so
 * that its pages can be freed one by one by whoever keeps them.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "memory.h"
#include "windows.h"

/* Kernels disagree on what MAX_ORDER says, but not on this. */
#define LARGEST_PAGES	((unsigned int)MAX_ORDER_NR_PAGES)
#define LARGEST_ORDER	ilog2(LARGEST_PAGES)

/* An optional piece: no effort, as there is another way. */
#define GFP_TRY		(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)
/* A needed piece: reclaim and compact, but kill no process for it. */
#define GFP_NEED	(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

static struct page *get_block(struct pci_dev *pdev, gfp_t gfp,
			      unsigned int order)
{
	struct page *block;

	block = alloc_pages_node(dev_to_node(&pdev->dev), gfp, order);
	if (block)
		split_page(block, order);
	return block;
}

static void put_block(struct page *block, unsigned int order)
{
	unsigned long pfn = page_to_pfn(block);
	unsigned int i;

	for (i = 0; i < 1u << order; i++)
		__free_page(pfn_to_page(pfn + i));
}

static void list_pages(struct page **pages, struct page *first,
		       unsigned int count)
{
	unsigned long pfn = page_to_pfn(first);
	unsigned int i;

	for (i = 0; i < count; i++)
		pages[i] = pfn_to_page(pfn + i);
}

struct page **netra_pages_scattered(struct pci_dev *pdev, unsigned int count)
{
	unsigned int order = LARGEST_ORDER, have = 0;
	struct page **pages, *block;

	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	while (have < count) {
		order = min_t(unsigned int, order, ilog2(count - have));
		block = get_block(pdev, order ? GFP_TRY : GFP_NEED, order);
		if (block) {
			list_pages(pages + have, block, 1u << order);
			have += 1u << order;
		} else if (order) {
			order--;
		} else {
			netra_memory_free(pages, have);
			return NULL;
		}
	}
	return pages;
}

static int by_address(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page * const *)a);
	unsigned long y = page_to_pfn(*(struct page * const *)b);

	return x < y ? -1 : x > y;
}

/*
 * Windows of @parts blocks each that lie side by side in a sorted list. With
 * @pages, up to @most of them move from the list to there.
 */
static unsigned int find_windows(struct page **block, unsigned int blocks,
				 unsigned int parts, struct page **pages,
				 unsigned int most)
{
	const unsigned long window = (unsigned long)parts << LARGEST_ORDER;
	unsigned int i = 0, found = 0;

	while (i + parts <= blocks && found < most) {
		unsigned long pfn = page_to_pfn(block[i]);

		if (!IS_ALIGNED(pfn, window) ||
		    page_to_pfn(block[i + parts - 1]) !=
		    pfn + window - LARGEST_PAGES) {
			i++;
			continue;
		}
		if (pages) {
			list_pages(pages + found * window, block[i], window);
			memset(block + i, 0, parts * sizeof(*block));
		}
		found++;
		i += parts;
	}
	return found;
}

/*
 * A window larger than any block: gather blocks until enough of them happen to
 * be neighbours. In the allocator's lists neighbours often follow each other.
 */
static struct page **adjacent_blocks(struct pci_dev *pdev,
				     const struct netra_arena *arena)
{
	const unsigned int parts = netra_window_pages(arena) >> LARGEST_ORDER;
	const unsigned int need = arena->window_count * parts;
	const unsigned int most = 3 * need;
	struct page **block, **pages;
	unsigned int want = need, have = 0, found, i;

	block = kvcalloc(most, sizeof(*block), GFP_KERNEL);
	pages = kvcalloc(arena->page_count, sizeof(*pages), GFP_KERNEL);
	if (!block || !pages) {
		kvfree(block);
		kvfree(pages);
		return NULL;
	}
	for (;;) {
		while (have < want) {
			block[have] = get_block(pdev, GFP_TRY, LARGEST_ORDER);
			if (!block[have])
				break;
			have++;
		}
		sort(block, have, sizeof(*block), by_address, NULL);
		found = find_windows(block, have, parts, NULL,
				     arena->window_count);
		if (found == arena->window_count || have < want ||
		    want == most)
			break;
		want = min(want + parts, most);
	}
	if (found == arena->window_count) {
		find_windows(block, have, parts, pages, found);
	} else {
		kvfree(pages);
		pages = NULL;
	}
	for (i = 0; i < have; i++) {
		if (block[i])
			put_block(block[i], LARGEST_ORDER);
	}
	kvfree(block);
	return pages;
}

struct page **netra_pages_blocks(struct pci_dev *pdev,
				 const struct netra_arena *arena,
				 const char **step)
{
	static const char * const steps[] = {
		"page allocator: 1 MB blocks", "page allocator: 2 MB blocks",
		"page allocator: 4 MB blocks", "page allocator: 8 MB blocks",
	};
	const unsigned int window = netra_window_pages(arena);
	const unsigned int order = ilog2(window);
	struct page **pages, *block;
	u32 i;

	if (order > LARGEST_ORDER) {
		*step = "page allocator: blocks that are neighbours";
		return adjacent_blocks(pdev, arena);
	}
	*step = steps[arena->window_log2 - 20];
	pages = kvcalloc(arena->page_count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	for (i = 0; i < arena->window_count; i++) {
		block = get_block(pdev, GFP_NEED, order);
		if (!block) {
			netra_memory_free(pages, i * window);
			return NULL;
		}
		list_pages(pages + i * window, block, window);
	}
	return pages;
}
