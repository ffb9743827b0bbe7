/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NETRA_IOC_MAP: the arena in a program's address space, read-only, bound to a
 * handle. Mapping raises an exception when it fails, hence this file's __try,
 * the driver's only one; and it maps into whatever process runs, hence the call
 * is taken before the framework queues it (EvtIoInCallerContext).
 *
 * Each handle has an MDL of its own that describes the same pages, so that one
 * program's mapping is none of another's business.
 */
#include "control.h"

/* Up to the kernel's own address space: NULL if it cannot be had. */
static void *map(MDL *mdl)
{
	void *address = NULL;

	__try {
		/* The flags share the priority's argument. */
		/* NOLINTBEGIN(clang-analyzer-optin.core.EnumCastOutOfRange) */
		address = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE,
						       NormalPagePriority | MdlMappingNoWrite |
							       MdlMappingNoExecute);
		/* NOLINTEND(clang-analyzer-optin.core.EnumCastOutOfRange) */
	} __except (EXCEPTION_EXECUTE_HANDLER) {
		address = NULL;
	}
	return address;
}

static NTSTATUS make(struct netra_file *file)
{
	const struct netra_arena *arena = &file->dev->arena;
	void *begin = MmGetMdlVirtualAddress(arena->mdl);
	MDL *mdl;

	mdl = IoAllocateMdl(begin, (ULONG)arena->bytes, FALSE, FALSE, NULL);
	if (!mdl)
		return STATUS_INSUFFICIENT_RESOURCES;
	IoBuildPartialMdl(arena->mdl, mdl, begin, (ULONG)arena->bytes);
	file->map_address = map(mdl);
	if (!file->map_address) {
		IoFreeMdl(mdl);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	file->map_mdl = mdl;
	return STATUS_SUCCESS;
}

NTSTATUS netra_call_map(struct netra_call *call)
{
	struct netra_file *file = call->file;
	struct netra_ioc_map *out = call->out;
	NTSTATUS status = STATUS_SUCCESS;

	/* A handle that was handed on maps nothing: who would unmap it? */
	if (file->process != PsGetCurrentProcess())
		return STATUS_ACCESS_DENIED;
	if (!file->dev->host.view)
		return netra_status(NETRA_ERR_STATE);
	if (!file->map_mdl)
		status = make(file);
	if (!NT_SUCCESS(status))
		return status;
	*out = (struct netra_ioc_map){
		.address = (uint64_t)(ULONG_PTR)file->map_address,
		.bytes = file->dev->arena.bytes,
	};
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}

/*
 * Usually in the process that mapped it: a program that ends closes its handles
 * before its address space goes. A copy of the handle in another program may
 * outlive that; then there is nothing left to be unmapped.
 */
void netra_unmap(struct netra_file *file)
{
	const LARGE_INTEGER no_time = { .QuadPart = 0 };
	KAPC_STATE apc;

	if (!file->map_mdl)
		return;
	if (file->process == PsGetCurrentProcess()) {
		MmUnmapLockedPages(file->map_address, file->map_mdl);
	} else if (KeWaitForSingleObject(file->process, Executive, KernelMode, FALSE,
					 (PLARGE_INTEGER)&no_time) == STATUS_TIMEOUT) {
		KeStackAttachProcess((PVOID)file->process, &apc);
		MmUnmapLockedPages(file->map_address, file->map_mdl);
		KeUnstackDetachProcess(&apc);
	}
	IoFreeMdl(file->map_mdl);
	file->map_mdl = NULL;
}
