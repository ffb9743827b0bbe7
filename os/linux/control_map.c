// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The arena in programs' address spaces: to be read, never to be written or
 * executed, and taken away with the board. A program learns of that by ENODEV
 * and POLLHUP; until it does, it reads zeros. SIGBUS would kill those that use
 * a frame at that moment, and with them what they record from other boards.
 *
 * Pages are inserted under a lock of their own: no fault slips in after the
 * mappings were taken away, and none waits for a board that is being reset.
 * They are inserted as pages where it can be: programs write frames to files
 * straight from the mapping, and some file systems then want references. The
 * arena stays what it is from the first attach to netra_control_unmap().
 */
#include <linux/mm.h>
#include <linux/version.h>

#include "core/bytes.h"
#include "control.h"

#define AROUND	(PMD_SIZE >> PAGE_SHIFT)

/* How many pages from the one that is missing lie in its page table, too. */
static unsigned long count_around(const struct vm_fault *vmf,
				  const struct netra_arena *arena)
{
	unsigned long address = vmf->address & PAGE_MASK;
	unsigned long count;

	count = (vmf->vma->vm_end - address) >> PAGE_SHIFT;
	count = min(count, AROUND - pte_index(address));
	return min(count, arena->page_count - vmf->pgoff);
}

static vm_fault_t insert_pfns(struct vm_fault *vmf,
			      const struct netra_arena *arena)
{
	unsigned long count = count_around(vmf, arena), i;
	vm_fault_t result = VM_FAULT_NOPAGE;

	for (i = 0; i < count && result == VM_FAULT_NOPAGE; i++)
		result = vmf_insert_pfn(vmf->vma,
					(vmf->address & PAGE_MASK) + i * PAGE_SIZE,
					page_to_pfn(arena->pages[vmf->pgoff + i]));
	return i > 1 ? VM_FAULT_NOPAGE : result;
}

static vm_fault_t insert_page(struct vm_fault *vmf, struct page *page)
{
	int err = vm_insert_page(vmf->vma, vmf->address & PAGE_MASK, page);

	return err && err != -EBUSY ? vmf_error(err) : VM_FAULT_NOPAGE;
}

static vm_fault_t insert_pages(struct vm_fault *vmf,
			       const struct netra_arena *arena)
{
	struct page **page = &arena->pages[vmf->pgoff];
	unsigned long more = count_around(vmf, arena) - 1;
	vm_fault_t result = insert_page(vmf, *page);

	/* Stops at one that is there already. */
	if (result == VM_FAULT_NOPAGE && more)
		vm_insert_pages(vmf->vma, (vmf->address & PAGE_MASK) + PAGE_SIZE,
				page + 1, &more);
	return result;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct netra_control *control = vmf->vma->vm_private_data;
	const struct netra_arena *arena = &control->dev->arena;
	bool pfns = vmf->vma->vm_flags & VM_PFNMAP;
	vm_fault_t result = VM_FAULT_SIGBUS;

	mutex_lock(&control->map_lock);
	if (control->gone && pfns)
		result = vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
					page_to_pfn(control->nothing));
	else if (control->gone)
		result = insert_page(vmf, control->nothing);
	else if (vmf->pgoff < arena->page_count)
		result = pfns ? insert_pfns(vmf, arena) :
				insert_pages(vmf, arena);
	mutex_unlock(&control->map_lock);
	return result;
}

static const struct vm_operations_struct vm_operations = {
	.fault = fault,
};

static void set_flags(struct vm_area_struct *vma, vm_flags_t kind)
{
	const vm_flags_t set = VM_DONTEXPAND | VM_DONTDUMP | kind;
	const vm_flags_t clear = VM_MAYWRITE | VM_MAYEXEC;

#if KERNEL_VERSION(6, 3, 0) <= LINUX_VERSION_CODE
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* With dev->lock: the arena stays meanwhile. */
static int map(struct netra_file *file, struct vm_area_struct *vma)
{
	const struct netra_device *dev = file->dev;
	const struct netra_arena *arena = &dev->arena;

	if (dev->dead || file->control->gone)
		return -ENODEV;
	if (!dev->host.view)
		return -ENOTCONN;
	if (!netra_range_ok((u64)vma->vm_pgoff << PAGE_SHIFT,
			    vma->vm_end - vma->vm_start, dev->host.arena_bytes))
		return -EINVAL;
	set_flags(vma, netra_arena_counts(arena) ? VM_MIXEDMAP : VM_PFNMAP);
	vma->vm_page_prot = netra_arena_prot(arena, vma->vm_page_prot);
	vma->vm_private_data = file->control;
	vma->vm_ops = &vm_operations;
	return 0;
}

int netra_control_mmap(struct file *f, struct vm_area_struct *vma)
{
	struct netra_file *file = f->private_data;
	int err;

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	/* Not VM_SHARED, which files opened for reading only never have. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* It may be held as long as a board takes to be reset. */
	if (mutex_lock_killable(&file->dev->lock))
		return -EINTR;
	err = map(file, vma);
	mutex_unlock(&file->dev->lock);
	return err;
}

void netra_control_unmap(struct netra_control *control)
{
	struct netra_file *file;

	lockdep_assert_held(&control->dev->lock);
	mutex_lock(&control->map_lock);
	control->gone = true;
	mutex_unlock(&control->map_lock);
	list_for_each_entry(file, &control->files, entry)
		unmap_mapping_range(file->file->f_mapping, 0, 0, 1);
}
