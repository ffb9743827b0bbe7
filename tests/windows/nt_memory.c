/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NT kernel as this driver knows it: memory that the board
 * reaches, what is mapped where, BARs, and the DMA adapter.
 */
#include <string.h>

#include "nt.h"

#define PAGES_MAX 64	/* chunks of an allocation */

/* ---- MDLs ---------------------------------------------------------------- */

struct pages {			/* of MmAllocatePagesForMdlEx */
	MDL mdl;		/* first */
	struct chunk chunk[PAGES_MAX];
	unsigned int count;
	bool freed;
	int mappings;
};
struct partial {
	MDL mdl;		/* first */
	struct pages *pages;
};
static struct mapping {
	void *at;
	struct pages *pages;
	MDL *mdl;
	void *process;		/* NULL = the kernel */
} mappings[32];

PMDL NTAPI MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high,
				   PHYSICAL_ADDRESS skip, SIZE_T bytes,
				   MEMORY_CACHING_TYPE cache, ULONG flags)
{
	struct pages *pages;
	SIZE_T chunk = (SIZE_T)skip.QuadPart;

	AT_MOST(APC);
	RULE(low.QuadPart == 0 && high.QuadPart > 0 && cache == MmCached, "other memory");
	RULE(flags == (MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS | MM_ALLOCATE_FULLY_REQUIRED),
	     "flags %#x", (unsigned int)flags);
	RULE(chunk >= PAGE_SIZE && !(chunk & (chunk - 1)) && bytes % chunk == 0,
	     "SkipBytes is no power of two that divides TotalBytes");
	if (fake_fails("MmAllocatePagesForMdlEx"))
		return NULL;
	if (fake_options.chunks_max && chunk >> 20 > fake_options.chunks_max)
		return NULL;
	pages = calloc(1, sizeof(*pages));
	pages->count = (unsigned int)(bytes / chunk);
	pages->mdl.ByteCount = (ULONG)bytes;
	for (unsigned int i = 0; i < pages->count; i++)
		if (!machine_chunk_make(&pages->chunk[i], chunk))
			fake_stop("no memory");
	fake_count(FAKE_PAGES, 1);
	fake_count(FAKE_MDL, 1);
	return &pages->mdl;
}

VOID NTAPI MmFreePagesFromMdl(PMDL mdl)
{
	struct pages *pages = (struct pages *)mdl;

	AT_MOST(APC);
	RULE(!pages->mappings, "pages are freed that are mapped %d times", pages->mappings);
	RULE(!pages->freed, "pages are freed twice");
	pages->freed = true;
	for (unsigned int i = 0; i < pages->count; i++)
		machine_chunk_free(&pages->chunk[i]);
	fake_count(FAKE_PAGES, -1);
}

VOID NTAPI ExFreePool(PVOID at)
{
	struct pages *pages = at;

	AT_MOST(DISPATCH);
	RULE(pages->freed, "an MDL is freed before its pages");
	fake_count(FAKE_MDL, -1);
	free(pages);
}

PMDL NTAPI IoAllocateMdl(PVOID at, ULONG bytes, BOOLEAN secondary, BOOLEAN charge, PIRP irp)
{
	struct partial *partial;

	AT_MOST(DISPATCH);
	RULE(!secondary && !charge && !irp, "an MDL for an IRP");
	if (fake_fails("IoAllocateMdl"))
		return NULL;
	partial = calloc(1, sizeof(*partial));
	partial->mdl.StartVa = at;
	partial->mdl.ByteCount = bytes;
	fake_count(FAKE_MDL, 1);
	return &partial->mdl;
}

VOID NTAPI IoBuildPartialMdl(PMDL source, PMDL target, PVOID at, ULONG bytes)
{
	struct partial *partial = (struct partial *)target;

	AT_MOST(DISPATCH);
	RULE(bytes == source->ByteCount && at == source->StartVa, "another part");
	partial->pages = (struct pages *)source;
}

VOID NTAPI IoFreeMdl(PMDL mdl)
{
	AT_MOST(DISPATCH);
	for (size_t i = 0; i < RTL_NUMBER_OF(mappings); i++)
		RULE(!mappings[i].at || mappings[i].mdl != mdl, "an MDL is freed that is mapped");
	fake_count(FAKE_MDL, -1);
	free(mdl);
}

__thread void *fake_frame[5];
void __asan_handle_no_return(void);

void fake_try(void)
{
	RULE(fake_self()->level == PASSIVE, "an exception would be raised above PASSIVE_LEVEL");
	fake_self()->in_try = true;
}

PVOID NTAPI MmMapLockedPagesSpecifyCache(PMDL mdl, KPROCESSOR_MODE mode, MEMORY_CACHING_TYPE cache,
					 PVOID base, ULONG bugcheck, ULONG priority)
{
	struct pages *pages = mode == UserMode ? ((struct partial *)mdl)->pages : (struct pages *)mdl;
	bool caught = fake_self()->in_try, fails;
	struct mapping *m = mappings;

	AT_MOST(mode == UserMode ? APC : DISPATCH);
	RULE(cache == MmCached && !base && !bugcheck, "another way of mapping");
	RULE(priority & 0x40000000u, "a mapping that may be executed");
	RULE(mode == KernelMode || priority & 0x80000000u, "programs may write");
	RULE(mode == KernelMode || caught, "mapping to user mode raises, and nobody would catch it");
	fails = fake_fails("MmMapLockedPagesSpecifyCache");
	fake_self()->in_try = false;
	if (fails && mode == UserMode) {
		__asan_handle_no_return();
		__builtin_longjmp(fake_frame, 1);
	}
	if (fails)
		return NULL;
	machine_lock();
	while (m < mappings + RTL_NUMBER_OF(mappings) && m->at)
		m++;
	RULE(m < mappings + RTL_NUMBER_OF(mappings), "too many mappings");
	m->at = machine_chunks_map(pages->chunk, pages->count, mode == KernelMode);
	m->pages = pages;
	m->mdl = mdl;
	m->process = mode == UserMode ? fake_self()->process : NULL;
	pages->mappings++;
	machine_unlock();
	fake_count(FAKE_MAPPING, 1);
	return m->at;
}

static void unmap(struct mapping *m)
{
	machine_chunks_unmap(m->at, m->pages->mdl.ByteCount);
	m->pages->mappings--;
	memset(m, 0, sizeof(*m));
	fake_count(FAKE_MAPPING, -1);
}

VOID NTAPI MmUnmapLockedPages(PVOID at, PMDL mdl)
{
	struct mapping *m = mappings;

	machine_lock();
	while (m < mappings + RTL_NUMBER_OF(mappings) && m->at != at)
		m++;
	RULE(m < mappings + RTL_NUMBER_OF(mappings) && m->mdl == mdl, "this is not mapped");
	AT_MOST(m->process ? APC : DISPATCH);
	RULE(!m->process || m->process == fake_self()->process,
	     "a program's mapping is undone in another process");
	unmap(m);
	machine_unlock();
}

uint8_t *fake_kernel_view(void)
{
	uint8_t *at = NULL;

	machine_lock();
	for (size_t i = 0; i < RTL_NUMBER_OF(mappings); i++)
		if (mappings[i].at && !mappings[i].process)
			at = mappings[i].at;
	machine_unlock();
	return at;
}

bool fake_is_mapped(void *process, const void *at)
{
	bool found = false;

	machine_lock();
	for (size_t i = 0; i < RTL_NUMBER_OF(mappings); i++)
		found |= mappings[i].at == at && mappings[i].process == process;
	machine_unlock();
	return found;
}

/* Its address space goes, and with it what is mapped there. */
void fake_process_end(void *object)
{
	struct process *process = object;

	machine_lock();
	process->ended = true;
	for (size_t i = 0; i < RTL_NUMBER_OF(mappings); i++)
		if (mappings[i].at && mappings[i].process == process)
			unmap(&mappings[i]);
	machine_unlock();
}

/* ---- BARs ---------------------------------------------------------------- */

PVOID NTAPI MmMapIoSpaceEx(PHYSICAL_ADDRESS at, SIZE_T bytes, ULONG protect)
{
	AT_MOST(DISPATCH);
	RULE(protect == (PAGE_READWRITE | PAGE_NOCACHE) ||
	     protect == (PAGE_READWRITE | PAGE_WRITECOMBINE), "protection %#x", (unsigned int)protect);
	if (fake_fails("MmMapIoSpaceEx"))
		return NULL;
	fake_count(FAKE_IO_MAPPING, 1);
	return machine_io_map((uint64_t)at.QuadPart, bytes, protect & PAGE_WRITECOMBINE);
}

VOID NTAPI MmUnmapIoSpace(PVOID at, SIZE_T bytes)
{
	AT_MOST(DISPATCH);
	machine_io_unmap(at, bytes);
	fake_count(FAKE_IO_MAPPING, -1);
}

/* ---- DMA ----------------------------------------------------------------- */

struct late {
	SCATTER_GATHER_LIST *list;
	PDRIVER_LIST_CONTROL routine;
	void *context;
};

static void call_late(void *data)
{
	struct late late = *(struct late *)data;

	free(data);
	machine_sleep_ns((uint64_t)fake_options.late_list_ms * 1000000);
	fake_self()->level = DISPATCH;
	late.routine(NULL, NULL, late.list, late.context);
}

struct list {
	struct pages *pages;
	SCATTER_GATHER_LIST list;
};

NTSTATUS NTAPI fake_get_list(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PMDL mdl, PVOID at,
			     ULONG bytes, PDRIVER_LIST_CONTROL routine, PVOID context,
			     BOOLEAN to_device)
{
	struct pages *pages = (struct pages *)mdl;
	const uint64_t shift = fake_options.misaligned ? PAGE_SIZE : 0;
	struct list *list;
	void *thread;

	(void)adapter;
	RULE(fake_self()->level == DISPATCH, "GetScatterGatherList below DISPATCH_LEVEL");
	RULE(device && at == mdl->StartVa && bytes == mdl->ByteCount && !to_device, "another transfer");
	if (fake_fails("GetScatterGatherList"))
		return STATUS_INSUFFICIENT_RESOURCES;
	list = calloc(1, sizeof(*list) + 2 * pages->count * sizeof(SCATTER_GATHER_ELEMENT));
	list->pages = pages;
	/* Each chunk in two elements: an adapter may split where it likes. */
	for (unsigned int i = 0; i < 2 * pages->count; i++) {
		const struct chunk *chunk = &pages->chunk[i / 2];
		const ULONG first = 0x3000;

		if (!(i & 1) && !machine_dma_map(chunk))
			fake_stop("the board does not take a chunk");
		list->list.Elements[i].Address.QuadPart =
			(LONGLONG)(chunk->bus + shift + (i & 1 ? first : 0));
		list->list.Elements[i].Length = i & 1 ? (ULONG)chunk->bytes - first : first;
	}
	list->list.NumberOfElements = 2 * pages->count;
	fake_count(FAKE_LIST, 1);
	if (!fake_options.late_list_ms) {
		routine(device, NULL, &list->list, context);
	} else {
		struct late *late = malloc(sizeof(*late));

		*late = (struct late){ &list->list, routine, context };
		if (!machine_thread(call_late, late, &thread))
			fake_stop("no thread");
	}
	return STATUS_SUCCESS;
}

VOID NTAPI fake_put_list(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST at, BOOLEAN to_device)
{
	struct list *list = CONTAINING_RECORD(at, struct list, list);

	(void)adapter;
	RULE(fake_self()->level == DISPATCH, "PutScatterGatherList below DISPATCH_LEVEL");
	RULE(!to_device && !list->pages->freed, "a list outlived its pages");
	for (unsigned int i = 0; i < list->pages->count; i++)
		machine_dma_unmap(&list->pages->chunk[i]);
	fake_count(FAKE_LIST, -1);
	free(list);
}
