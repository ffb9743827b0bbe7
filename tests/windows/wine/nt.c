/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of the kernel that Wine lacks, or that reach the board here. The
 * driver's import table is pointed at these; the file on disk is as it was built.
 */
#include "shim.h"

__declspec(dllimport) int __stdcall VirtualProtect(void *at, SIZE_T bytes, ULONG protect,
						   ULONG *old);
__declspec(dllimport) void *__stdcall GetModuleHandleA(const char *name);
__declspec(dllimport) void *__stdcall GetProcAddress(void *module, const char *name);

#define CHUNK_LEAST	(1u << 20)

/* Pages of the board's memory: they have no address until they are mapped. */
static bool is_board_memory(const MDL *mdl)
{
	PFN_NUMBER first = *MmGetMdlPfnArray((MDL *)(uintptr_t)mdl);

	return first >= BOARD_MEMORY >> PAGE_SHIFT &&
	       first < (BOARD_MEMORY + BOARD_MEMORY_MAX) >> PAGE_SHIFT;
}

static MDL *make_mdl(const uint64_t *address, size_t chunks, size_t chunk_bytes)
{
	SIZE_T bytes = chunks * chunk_bytes;
	SIZE_T count = bytes >> PAGE_SHIFT;
	MDL *mdl = ExAllocatePoolWithTag(NonPagedPool, sizeof(*mdl) + count * sizeof(PFN_NUMBER),
					 'mihs');
	PFN_NUMBER *pfn;

	if (!mdl)
		return NULL;
	RtlZeroMemory(mdl, sizeof(*mdl));
	mdl->Size = (CSHORT)sizeof(*mdl);
	mdl->ByteCount = (ULONG)bytes;
	mdl->MdlFlags = MDL_PAGES_LOCKED;
	pfn = MmGetMdlPfnArray(mdl);
	for (SIZE_T i = 0; i < count; i++) {
		SIZE_T at = i << PAGE_SHIFT;

		pfn[i] = (PFN_NUMBER)((address[at / chunk_bytes] + at % chunk_bytes) >>
				      PAGE_SHIFT);
	}
	return mdl;
}

static PMDL NTAPI allocate_pages(PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high,
				 PHYSICAL_ADDRESS skip, SIZE_T bytes, ULONG cache, ULONG flags)
{
	size_t chunk = (size_t)skip.QuadPart, chunks = chunk ? bytes / chunk : 0, n;
	uint64_t address[BOARD_CHUNKS_MAX];
	MDL *mdl = NULL;

	(void)low;
	(void)high;
	(void)cache;
	(void)flags;
	if (!chunk || chunk & (chunk - 1) || bytes % chunk || chunk < CHUNK_LEAST ||
	    chunks > BOARD_CHUNKS_MAX)
		shim_die("pages with SkipBytes %#llx of %#llx bytes",
			 (unsigned long long)chunk, (unsigned long long)bytes);
	for (n = 0; n < chunks; n++)
		if (!board_memory_take(chunk, &address[n]))
			break;
	if (n == chunks)
		mdl = make_mdl(address, chunks, chunk);
	while (!mdl && n--)
		board_memory_give(address[n], chunk);
	return mdl;
}

static uint64_t address_of(MDL *mdl, size_t offset)
{
	return (uint64_t)MmGetMdlPfnArray(mdl)[offset >> PAGE_SHIFT] << PAGE_SHIFT;
}

static VOID NTAPI free_pages(PMDL mdl)
{
	if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
		shim_die("MmFreePagesFromMdl() of pages that are mapped");
	for (size_t at = 0; at < mdl->ByteCount; at += CHUNK_LEAST)
		board_memory_give(address_of(mdl, at), CHUNK_LEAST);
}

/* Who runs: the process whose request this thread carries out, or one attached to. */
static _Thread_local unsigned long attached;

static VOID NTAPI attach(PVOID process, PVOID state)
{
	(void)state;
	attached = (unsigned long)(ULONG_PTR)PsGetProcessId(process);
}

static VOID NTAPI detach(PVOID state)
{
	(void)state;
	attached = 0;
}

static unsigned long current_process(void)
{
	return attached ? attached : (unsigned long)(ULONG_PTR)PsGetCurrentProcessId();
}

static PVOID NTAPI map_pages(PMDL mdl, KPROCESSOR_MODE mode, MEMORY_CACHING_TYPE cache, PVOID at,
			     ULONG bug_check, ULONG priority)
{
	uint64_t address[BOARD_MEMORY_MAX / CHUNK_LEAST];
	size_t chunks = mdl->ByteCount / CHUNK_LEAST;
	void *view;

	if (!is_board_memory(mdl))
		return MmMapLockedPagesSpecifyCache(mdl, mode, cache, at, bug_check,
						    (MM_PAGE_PRIORITY)priority);
	for (size_t i = 0; i < chunks; i++)
		address[i] = address_of(mdl, i * CHUNK_LEAST);
	view = board_view(mode == UserMode ? current_process() : 0, address, chunks, CHUNK_LEAST);
	if (mode == KernelMode && view) {
		mdl->MappedSystemVa = view;
		mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
	}
	return view;
}

static VOID NTAPI unmap_pages(PVOID at, PMDL mdl)
{
	bool kernel = mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA && mdl->MappedSystemVa == at;

	if (!is_board_memory(mdl)) {
		MmUnmapLockedPages(at, mdl);
		return;
	}
	if (kernel)
		mdl->MdlFlags &= (CSHORT)~MDL_MAPPED_TO_SYSTEM_VA;
	board_unview(kernel ? 0 : current_process(), at, mdl->ByteCount / CHUNK_LEAST,
		     CHUNK_LEAST);
}

static VOID NTAPI partial_mdl(PMDL from, PMDL to, PVOID at, ULONG bytes)
{
	size_t skip = (size_t)at - (size_t)MmGetMdlVirtualAddress(from);

	if (!is_board_memory(from) || skip % PAGE_SIZE)
		shim_die("IoBuildPartialMdl() of memory that is not the board's");
	if (!bytes)
		bytes = from->ByteCount - (ULONG)skip;
	to->ByteCount = bytes;
	to->MdlFlags = MDL_PARTIAL;
	RtlCopyMemory(MmGetMdlPfnArray(to), MmGetMdlPfnArray(from) + (skip >> PAGE_SHIFT),
		      (bytes >> PAGE_SHIFT) * sizeof(PFN_NUMBER));
}

/* Wine's own has room for page numbers of 32 bits, where these headers have 64. */
static PMDL NTAPI allocate_mdl(PVOID at, ULONG bytes, BOOLEAN secondary, BOOLEAN charge, PIRP irp)
{
	SIZE_T pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(at, bytes);
	MDL *mdl;

	(void)charge;
	if (secondary || irp || BYTE_OFFSET(at))
		shim_die("IoAllocateMdl() for a request, or from within a page");
	mdl = ExAllocatePoolWithTag(NonPagedPool, sizeof(*mdl) + pages * sizeof(PFN_NUMBER),
				    'mihs');
	if (!mdl)
		return NULL;
	RtlZeroMemory(mdl, sizeof(*mdl));
	mdl->Size = (CSHORT)sizeof(*mdl);
	mdl->StartVa = at;
	mdl->ByteCount = bytes;
	return mdl;
}

static VOID NTAPI free_mdl(PMDL mdl)
{
	ExFreePoolWithTag(mdl, 'mihs');
}

static PVOID NTAPI map_io(PHYSICAL_ADDRESS address, SIZE_T bytes, ULONG protect)
{
	(void)protect;
	return board_io((uint64_t)address.QuadPart, bytes);
}

static VOID NTAPI unmap_io(PVOID at, SIZE_T bytes)
{
	(void)at;
	(void)bytes;
}

/* Wine knows no \SystemRoot. */
static NTSTATUS NTAPI create_file(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES name,
				  PIO_STATUS_BLOCK done, PLARGE_INTEGER bytes, ULONG attributes,
				  ULONG share, ULONG how, ULONG options, PVOID ea, ULONG ea_bytes)
{
	UNICODE_STRING prefix = RTL_CONSTANT_STRING(L"\\SystemRoot\\");
	OBJECT_ATTRIBUTES other = *name;
	WCHAR text[300];
	UNICODE_STRING path = { .MaximumLength = sizeof(text), .Buffer = text };

	if (RtlPrefixUnicodeString(&prefix, name->ObjectName, TRUE)) {
		UNICODE_STRING rest = *name->ObjectName;

		rest.Buffer += prefix.Length / sizeof(WCHAR);
		rest.Length = (USHORT)(rest.Length - prefix.Length);
		RtlAppendUnicodeToString(&path, L"\\??\\C:\\windows\\");
		RtlAppendUnicodeStringToString(&path, &rest);
		other.ObjectName = &path;
	}
	return ZwCreateFile(handle, access, &other, done, bytes, attributes, share, how, options,
			    ea, ea_bytes);
}

static const struct {
	const char *name;
	void *function;
} replacements[] = {
	{ "MmAllocatePagesForMdlEx", allocate_pages },
	{ "MmFreePagesFromMdl", free_pages },
	{ "MmMapLockedPagesSpecifyCache", map_pages },
	{ "MmUnmapLockedPages", unmap_pages },
	{ "IoAllocateMdl", allocate_mdl },
	{ "IoFreeMdl", free_mdl },
	{ "IoBuildPartialMdl", partial_mdl },
	{ "KeStackAttachProcess", attach },
	{ "KeUnstackDetachProcess", detach },
	{ "MmMapIoSpaceEx", map_io },
	{ "MmMapIoSpace", map_io },
	{ "MmUnmapIoSpace", unmap_io },
	{ "ZwCreateFile", create_file },
};

/* Kits differ in whether the kernel or its hardware layer exports a function. */
static void *elsewhere(const char *name)
{
	static const char *const modules[] = { "ntoskrnl.exe", "hal.dll", "ntdll.dll" };

	for (size_t i = 0; i < RTL_NUMBER_OF(modules); i++) {
		void *module = GetModuleHandleA(modules[i]);
		void *found = module ? GetProcAddress(module, name) : NULL;

		if (found)
			return found;
	}
	return NULL;
}

static void patch(const char *module_name, const char *name, void **slot)
{
	void *function = NULL;
	ULONG old;

	for (size_t i = 0; i < RTL_NUMBER_OF(replacements); i++)
		if (!strcmp(replacements[i].name, name))
			function = replacements[i].function;
	if (!function && !GetProcAddress(GetModuleHandleA(module_name), name)) {
		function = elsewhere(name);
		if (!function)
			shim_say("nothing here has %s: the driver will end when it calls it", name);
	}
	if (!function)
		return;
	VirtualProtect(slot, sizeof(*slot), 4 /* PAGE_READWRITE */, &old);
	*slot = function;
	VirtualProtect(slot, sizeof(*slot), old, &old);
}

/* The few fields of the PE headers that lead to the imports. */
void shim_patch_imports(void *module)
{
	UCHAR *base = module;
	UCHAR *headers = base + *(LONG *)(base + 0x3c);
	ULONG *directory = (ULONG *)(headers + 24 + 112);	/* PE32+: the data directories */

	for (ULONG *d = (ULONG *)(base + directory[2]); d[3]; d += 5) {
		const char *from = (const char *)base + d[3];
		ULONGLONG *lookup = (ULONGLONG *)(base + (d[0] ? d[0] : d[4]));
		void **slot = (void **)(base + d[4]);

		for (; *lookup; lookup++, slot++)
			if (!(*lookup >> 63))
				patch(from, (const char *)base + *lookup + 2, slot);
	}
}
