/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for the board's outbound windows. One MDL describes it all, so it has
 * one linear range without a page list being touched: chunks of exactly a
 * window's size, aligned to it (MmAllocatePagesForMdlEx, SkipBytes). Cached, as
 * DMA is coherent on every machine that Windows 10 runs these boards in.
 *
 * The board gets the addresses that the DMA adapter gives, not physical ones:
 * behind an IOMMU they differ. The list stays with us as long as the board may
 * write.
 */
#include "driver.h"

#define LIST_MS	5000	/* for the adapter to call back */

/* DISPATCH_LEVEL */
static VOID NTAPI listed(PDEVICE_OBJECT device, PIRP irp, PSCATTER_GATHER_LIST list,
			 PVOID context)
{
	struct netra_arena *arena = context;

	UNREFERENCED_PARAMETER(device);
	UNREFERENCED_PARAMETER(irp);
	arena->list = list;
	KeSetEvent(&arena->listed, IO_NO_INCREMENT, FALSE);
}

static PDMA_ADAPTER adapter_of(struct netra_device *dev)
{
	return WdfDmaEnablerWdmGetDmaAdapter(dev->dma, WdfDmaDirectionReadFromDevice);
}

static void release(struct netra_device *dev)
{
	struct netra_arena *arena = &dev->arena;
	PDMA_ADAPTER adapter = adapter_of(dev);
	KIRQL level;

	if (arena->list) {
		KeRaiseIrql(DISPATCH_LEVEL, &level);
		adapter->DmaOperations->PutScatterGatherList(adapter, arena->list, FALSE);
		KeLowerIrql(level);
		arena->list = NULL;
	}
	if (arena->view)
		MmUnmapLockedPages(arena->view, arena->mdl);
	arena->view = NULL;
	MmFreePagesFromMdl(arena->mdl);
	ExFreePool(arena->mdl);
	arena->mdl = NULL;
}

static NTSTATUS get_list(struct netra_device *dev)
{
	struct netra_arena *arena = &dev->arena;
	PDMA_ADAPTER adapter = adapter_of(dev);
	NTSTATUS status;
	KIRQL level;

	KeClearEvent(&arena->listed);
	KeRaiseIrql(DISPATCH_LEVEL, &level);
	status = adapter->DmaOperations->GetScatterGatherList(
		adapter, WdfDeviceWdmGetDeviceObject(dev->wdf), arena->mdl,
		MmGetMdlVirtualAddress(arena->mdl), (ULONG)arena->bytes, listed,
		arena, FALSE);
	KeLowerIrql(level);
	if (!NT_SUCCESS(status))
		KeSetEvent(&arena->listed, IO_NO_INCREMENT, FALSE);
	else if (!netra_wait(&arena->listed, LIST_MS))
		status = STATUS_IO_TIMEOUT;
	return status;
}

/* The adapter's elements are in order: each window must be one aligned range. */
static bool find_windows(struct netra_arena *arena)
{
	const SCATTER_GATHER_LIST *list = arena->list;
	const uint64_t window = 1ull << arena->window_log2;
	uint64_t done = 0, next = 0;

	for (ULONG i = 0; i < list->NumberOfElements; i++) {
		uint64_t at = (uint64_t)list->Elements[i].Address.QuadPart;
		uint64_t left = list->Elements[i].Length;

		while (left && done < arena->bytes) {
			uint64_t within = done & (window - 1);
			uint64_t part = window - within < left ? window - within : left;

			if (within ? at != next : at & (window - 1))
				return false;
			if (!within)
				arena->bus[done >> arena->window_log2] = at;
			at += part;
			next = at;
			done += part;
			left -= part;
		}
	}
	return done == arena->bytes;
}

static NTSTATUS allocate(struct netra_arena *arena)
{
	const PHYSICAL_ADDRESS lowest = { .QuadPart = 0 };
	const PHYSICAL_ADDRESS highest = { .QuadPart = MAXLONGLONG };
	const PHYSICAL_ADDRESS skip = { .QuadPart = 1ll << arena->window_log2 };

	arena->mdl = MmAllocatePagesForMdlEx(lowest, highest, skip, arena->bytes, MmCached,
					     MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS |
						     MM_ALLOCATE_FULLY_REQUIRED);
	if (!arena->mdl)
		return STATUS_INSUFFICIENT_RESOURCES;
	/*
	 * To the kernel it returns NULL, and never raises. The flag shares the
	 * priority's argument.
	 */
	/* NOLINTBEGIN(clang-analyzer-optin.core.EnumCastOutOfRange) */
	arena->view = MmMapLockedPagesSpecifyCache(arena->mdl, KernelMode, MmCached, NULL,
						   FALSE, NormalPagePriority | MdlMappingNoExecute);
	/* NOLINTEND(clang-analyzer-optin.core.EnumCastOutOfRange) */
	return arena->view ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS netra_arena_get(struct netra_device *dev, ULONG log2, ULONG count)
{
	static const char *const steps[] = {
		"1 MB chunks of one MDL", "2 MB chunks of one MDL",
		"4 MB chunks of one MDL", "8 MB chunks of one MDL",
	};
	struct netra_arena *arena = &dev->arena;
	NTSTATUS status;

	if (log2 < 20 || log2 > 23 || !count || count > NETRA_DATA_WINDOWS_MAX)
		return STATUS_INVALID_PARAMETER;
	/* Left by an adapter that did not call back in time. */
	if (arena->mdl) {
		if (!netra_wait(&arena->listed, LIST_MS))
			return STATUS_IO_TIMEOUT;
		release(dev);
	}
	arena->window_log2 = log2;
	arena->window_count = count;
	arena->bytes = (size_t)count << log2;
	arena->step = steps[log2 - 20];
	status = allocate(arena);
	if (NT_SUCCESS(status))
		status = get_list(dev);
	if (NT_SUCCESS(status) && !find_windows(arena))
		status = STATUS_INSUFFICIENT_RESOURCES;
	if (!NT_SUCCESS(status) && arena->mdl && KeReadStateEvent(&arena->listed))
		release(dev);
	return status;
}

void netra_arena_put(struct netra_device *dev)
{
	struct netra_arena *arena = &dev->arena;

	if (!arena->mdl)
		return;
	/* A list that was asked for comes, late or not; only then it can go back. */
	(void)KeWaitForSingleObject(&arena->listed, Executive, KernelMode, FALSE, NULL);
	release(dev);
}
