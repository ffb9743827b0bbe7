// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * /dev/netra_uncached: 4 MB of memory, mapped as existing drivers for such
 * boards map theirs, to compare with: docs/memory-types.md.
 */
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/set_memory.h>

#define UNCACHED_ORDER	10
#define UNCACHED_PAGES	(1 << UNCACHED_ORDER)

static unsigned long memory;

static int map(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return vm_iomap_memory(vma, __pa(memory), UNCACHED_PAGES * PAGE_SIZE);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.mmap = map,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "netra_uncached",
	.fops = &operations,
};

static void put_memory(void)
{
	/* Before anybody else gets it. */
	set_memory_wb(memory, UNCACHED_PAGES);
	free_pages(memory, UNCACHED_ORDER);
}

static int __init uncached_init(void)
{
	int err;

	memory = __get_free_pages(GFP_KERNEL | __GFP_ZERO, UNCACHED_ORDER);
	if (!memory)
		return -ENOMEM;
	/* Without it x86 gives every other mapping of memory the usual type. */
	err = set_memory_uc(memory, UNCACHED_PAGES);
	if (!err)
		err = misc_register(&device);
	if (err)
		put_memory();
	return err;
}
module_init(uncached_init);

static void __exit uncached_exit(void)
{
	misc_deregister(&device);
	put_memory();
}
module_exit(uncached_exit);

MODULE_DESCRIPTION("Uncached memory, for benchmarks of netra");
MODULE_LICENSE("Dual BSD/GPL");
