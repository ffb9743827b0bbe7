// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The arena in programs' address spaces: to be read, never to be written or
 * executed, and taken away with the board. A program learns of that by ENODEV
 * and POLLHUP; until it does, it reads zeros. SIGBUS would kill those that use
 * a frame at that moment, and with them what they record from other boards.
 *
 * Pages are inserted under a lock of their own: no fault slips in after the
 * mappings were taken away, and none waits for a board that is being reset.
 * No references of pages are taken, as the DMA API frees them as a whole. The
 * arena stays what it is from the first attach to netra_control_unmap().
 */
#include <linux/mm.h>
#include <linux/version.h>

#include "core/bytes.h"
#include "control.h"

#define AROUND	(PMD_SIZE >> PAGE_SHIFT)

/* The page that is missing, and those after it in its page table. */
static vm_fault_t insert(struct vm_fault *vmf, const struct netra_arena *arena)
{
	unsigned long address = vmf->address & PAGE_MASK;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long count, i;
	vm_fault_t result;

	count = (vma->vm_end - address) >> PAGE_SHIFT;
	count = min(count, AROUND - pte_index(address));
	count = min(count, arena->page_count - vmf->pgoff);
	for (i = 0; i < count; i++) {
		result = vmf_insert_pfn(vma, address + i * PAGE_SIZE,
					page_to_pfn(arena->pages[vmf->pgoff + i]));
		if (result != VM_FAULT_NOPAGE)
			return i ? VM_FAULT_NOPAGE : result;
	}
	return VM_FAULT_NOPAGE;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct netra_control *control = vmf->vma->vm_private_data;
	const struct netra_arena *arena = &control->dev->arena;
	vm_fault_t result = VM_FAULT_SIGBUS;

	mutex_lock(&control->map_lock);
	if (control->gone)
		result = vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
					page_to_pfn(control->nothing));
	else if (vmf->pgoff < arena->page_count)
		result = insert(vmf, arena);
	mutex_unlock(&control->map_lock);
	return result;
}

static const struct vm_operations_struct vm_operations = {
	.fault = fault,
};

static void set_flags(struct vm_area_struct *vma)
{
	const vm_flags_t set = VM_DONTEXPAND | VM_DONTDUMP | VM_PFNMAP;
	const vm_flags_t clear = VM_MAYWRITE | VM_MAYEXEC;

#if KERNEL_VERSION(6, 3, 0) <= LINUX_VERSION_CODE
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

int netra_control_mmap(struct file *f, struct vm_area_struct *vma)
{
	struct netra_file *file = f->private_data;
	struct netra_device *dev = file->dev;
	u64 arena_bytes;
	bool gone;

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	mutex_lock(&dev->lock);
	gone = dev->dead || file->control->gone;
	arena_bytes = dev->host.view ? dev->host.arena_bytes : 0;
	mutex_unlock(&dev->lock);
	if (gone)
		return -ENODEV;
	if (!arena_bytes)
		return -ENOTCONN;
	if (!netra_range_ok((u64)vma->vm_pgoff << PAGE_SHIFT,
			    vma->vm_end - vma->vm_start, arena_bytes))
		return -EINVAL;
	set_flags(vma);
	vma->vm_page_prot = netra_arena_prot(&dev->arena, vma->vm_page_prot);
	vma->vm_private_data = file->control;
	vma->vm_ops = &vm_operations;
	return 0;
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
