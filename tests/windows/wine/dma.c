/* SPDX-License-Identifier: BSD-2-Clause */
/* The DMA adapter, as far as scatter/gather lists of long-lived memory go. */
#include "shim.h"

NTSTATUS NTAPI shim_DmaEnablerCreate(PWDF_DRIVER_GLOBALS globals, WDFDEVICE device,
				     PWDF_DMA_ENABLER_CONFIG config, PWDF_OBJECT_ATTRIBUTES a,
				     WDFDMAENABLER *out)
{
	struct device *d = shim_object(device, KIND_DEVICE);

	(void)globals;
	if (config->Size != sizeof(*config))
		return STATUS_INFO_LENGTH_MISMATCH;
	*out = shim_object_new(KIND_DMA, sizeof(struct object), &d->object, a);
	return STATUS_SUCCESS;
}

PDMA_ADAPTER NTAPI shim_DmaEnablerWdmGetDmaAdapter(PWDF_DRIVER_GLOBALS globals,
						   WDFDMAENABLER enabler,
						   WDF_DMA_DIRECTION direction)
{
	(void)globals;
	(void)direction;
	shim_object(enabler, KIND_DMA);
	return shim_dma_adapter();
}

/* One element for each run of neighbouring pages. */
static SCATTER_GATHER_LIST *make_list(PMDL mdl)
{
	PFN_NUMBER *pfn = MmGetMdlPfnArray(mdl);
	ULONG pages = mdl->ByteCount >> PAGE_SHIFT, n = 0;
	SCATTER_GATHER_LIST *list;

	list = ExAllocatePoolWithTag(NonPagedPool,
				     sizeof(*list) + pages * sizeof(list->Elements[0]), 'mihs');
	if (!list)
		return NULL;
	for (ULONG i = 0; i < pages; i++) {
		SCATTER_GATHER_ELEMENT *last = n ? &list->Elements[n - 1] : NULL;

		if (i && pfn[i] == pfn[i - 1] + 1) {
			last->Length += PAGE_SIZE;
			continue;
		}
		list->Elements[n].Address.QuadPart =
			(LONGLONG)(((uint64_t)pfn[i] << PAGE_SHIFT) + BOARD_BUS_OFFSET);
		list->Elements[n].Length = PAGE_SIZE;
		list->Elements[n].Reserved = 0;
		n++;
	}
	list->NumberOfElements = n;
	list->Reserved = 0;
	return list;
}

static bool reach(const SCATTER_GATHER_LIST *list, bool on)
{
	bool ok = true;

	for (ULONG i = 0; i < list->NumberOfElements; i++) {
		const SCATTER_GATHER_ELEMENT *e = &list->Elements[i];

		ok &= board_dma((uint64_t)e->Address.QuadPart - BOARD_BUS_OFFSET, e->Length, on);
	}
	return ok;
}

static NTSTATUS NTAPI get_list(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PMDL mdl, PVOID at,
			       ULONG bytes, PDRIVER_LIST_CONTROL routine, PVOID context,
			       BOOLEAN to_device)
{
	SCATTER_GATHER_LIST *list;

	(void)adapter;
	(void)to_device;
	if (at != MmGetMdlVirtualAddress(mdl) || bytes != mdl->ByteCount)
		shim_die("a scatter/gather list of a part of an MDL");
	list = make_list(mdl);
	if (!list)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!reach(list, true)) {
		ExFreePoolWithTag(list, 'mihs');
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	routine(device, NULL, list, context);
	return STATUS_SUCCESS;
}

static VOID NTAPI put_list(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN to_device)
{
	(void)adapter;
	(void)to_device;
	reach(list, false);
	ExFreePoolWithTag(list, 'mihs');
}

PDMA_ADAPTER shim_dma_adapter(void)
{
	static DMA_OPERATIONS operations = {
		.Size = sizeof(operations),
		.GetScatterGatherList = get_list,
		.PutScatterGatherList = put_list,
	};
	static DMA_ADAPTER adapter = {
		.Version = 1,
		.Size = sizeof(adapter),
		.DmaOperations = &operations,
	};

	return &adapter;
}
