// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Keeps the memory of boards' windows while netra.ko is reloaded: what was
 * found in one piece may not be found again once memory is fragmented.
 *
 * There is no shrinker: the system would take the memory in the very moment
 * for which it is kept. The administrator can, through the parameter "drop".
 */
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "memory.h"

struct kept_set {
	struct list_head list;
	int domain;
	u8 bus;
	u8 devfn;
	u16 vendor;
	u16 device;
	u32 log2;
	unsigned int count;
	struct page **pages;
};

static DEFINE_MUTEX(lock);	/* guards sets */
static LIST_HEAD(sets);

static bool keep = true;
module_param(keep, bool, 0644);
MODULE_PARM_DESC(keep, "Keep memory when netra.ko is unloaded (default: Y)");

void netra_memory_free(struct page **pages, unsigned int count)
{
	unsigned int i;

	if (!pages)
		return;
	for (i = 0; i < count; i++) {
		if (pages[i])
			__free_page(pages[i]);
	}
	kvfree(pages);
}
EXPORT_SYMBOL_GPL(netra_memory_free);

static void free_set(struct kept_set *set)
{
	list_del(&set->list);
	netra_memory_free(set->pages, set->count);
	kfree(set);
}

static struct kept_set *find_set(struct pci_dev *pdev)
{
	struct kept_set *set;

	list_for_each_entry(set, &sets, list) {
		if (set->domain == pci_domain_nr(pdev->bus) &&
		    set->bus == pdev->bus->number &&
		    set->devfn == pdev->devfn &&
		    set->vendor == pdev->vendor &&
		    set->device == pdev->device)
			return set;
	}
	return NULL;
}

void netra_memory_keep(struct pci_dev *pdev, u32 log2, struct page **pages,
		       unsigned int count)
{
	struct kept_set *set = NULL, *old;

	if (keep)
		set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (!set) {
		netra_memory_free(pages, count);
		return;
	}
	set->domain = pci_domain_nr(pdev->bus);
	set->bus = pdev->bus->number;
	set->devfn = pdev->devfn;
	set->vendor = pdev->vendor;
	set->device = pdev->device;
	set->log2 = log2;
	set->count = count;
	set->pages = pages;

	mutex_lock(&lock);
	old = find_set(pdev);
	if (old)
		free_set(old);
	list_add(&set->list, &sets);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(netra_memory_keep);

struct page **netra_memory_take(struct pci_dev *pdev, u32 log2,
				unsigned int count)
{
	struct page **pages = NULL;
	struct kept_set *set;

	mutex_lock(&lock);
	set = find_set(pdev);
	if (set && set->log2 == log2 && set->count == count) {
		pages = set->pages;
		list_del(&set->list);
		kfree(set);
	}
	mutex_unlock(&lock);
	return pages;
}
EXPORT_SYMBOL_GPL(netra_memory_take);

static void drop_all(void)
{
	struct kept_set *set, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(set, next, &sets, list)
		free_set(set);
	mutex_unlock(&lock);
}

static int drop_set(const char *value, const struct kernel_param *kp)
{
	bool drop;
	int ret = kstrtobool(value, &drop);

	if (!ret && drop)
		drop_all();
	return ret;
}

static const struct kernel_param_ops drop_ops = { .set = drop_set };
module_param_cb(drop, &drop_ops, NULL, 0200);
MODULE_PARM_DESC(drop, "Write 1 to free all memory that is kept");

static int kept_bytes_get(char *buffer, const struct kernel_param *kp)
{
	struct kept_set *set;
	u64 bytes = 0;

	mutex_lock(&lock);
	list_for_each_entry(set, &sets, list)
		bytes += (u64)set->count << PAGE_SHIFT;
	mutex_unlock(&lock);
	return sysfs_emit(buffer, "%llu\n", bytes);
}

static const struct kernel_param_ops kept_bytes_ops = { .get = kept_bytes_get };
module_param_cb(kept_bytes, &kept_bytes_ops, NULL, 0444);
MODULE_PARM_DESC(kept_bytes, "Memory that is kept now, in bytes (read only)");

static int __init netra_memory_init(void)
{
	return 0;
}
module_init(netra_memory_init);

static void __exit netra_memory_exit(void)
{
	drop_all();
}
module_exit(netra_memory_exit);

MODULE_DESCRIPTION("Window memory of netra, kept over its reloads");
MODULE_LICENSE("Dual BSD/GPL");
