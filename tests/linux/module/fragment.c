// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Fragments the free memory until the module is removed: breaks up every free
 * block into pieces, holds each second piece and frees the others. Half of the
 * memory stays free, and no two neighbouring pieces of it.
 *
 * What is in use now and freed later is not fragmented: drop caches before, and
 * write to the parameter "again".
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

static unsigned int piece_order = 3;
module_param(piece_order, uint, 0444);
MODULE_PARM_DESC(piece_order, "Pieces have 1 << this pages; smaller ones than the default hurt the system");

static unsigned long held_pages;
module_param(held_pages, ulong, 0444);
MODULE_PARM_DESC(held_pages, "How many pages are held (read only)");

static LIST_HEAD(held);

static void break_up(struct page *block, unsigned int order)
{
	unsigned long pfn = page_to_pfn(block), i;

	split_page(block, order);
	for (i = 0; i < 1ul << order; i++) {
		struct page *page = pfn_to_page(pfn + i);

		if (i >> piece_order & 1) {
			list_add(&page->lru, &held);
			held_pages++;
		} else {
			__free_page(page);
		}
	}
}

static void break_up_all(void)
{
	/* The reserves too, and nothing reclaimed or compacted. */
	const gfp_t gfp = __GFP_MEMALLOC | __GFP_NOWARN | __GFP_NORETRY;
	unsigned int order = ilog2(MAX_ORDER_NR_PAGES);
	struct page *block;

	for (; order > piece_order; order--) {
		while ((block = alloc_pages(gfp, order))) {
			break_up(block, order);
			cond_resched();
		}
	}
}

static int again_set(const char *value, const struct kernel_param *kp)
{
	break_up_all();
	return 0;
}

static const struct kernel_param_ops again_ops = { .set = again_set };
module_param_cb(again, &again_ops, NULL, 0200);
MODULE_PARM_DESC(again, "Write anything to break up what was freed since");

static int __init fragment_init(void)
{
	break_up_all();
	return 0;
}
module_init(fragment_init);

static void __exit fragment_exit(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &held, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}
module_exit(fragment_exit);

MODULE_DESCRIPTION("Fragments memory, for tests of netra");
MODULE_LICENSE("Dual BSD/GPL");
