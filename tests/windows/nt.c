/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NT kernel as this driver knows it. Each function asserts the level it may
 * be called at, as Microsoft's reference gives it, and that what it is handed
 * is what another one gave out.
 */
#include <string.h>

#include "fake.h"

#define malloc __builtin_malloc
#define calloc __builtin_calloc
#define free __builtin_free

#define EVENT_MARK 0x4556
#define PAGES_MAX 64	/* chunks of an allocation */

/* ---- level --------------------------------------------------------------- */

unsigned char fake_raise_level(unsigned char level)
{
	int before = fake_self()->level;

	RULE(level >= before, "the level is raised from %d to %d", before, level);
	fake_self()->level = level;
	return (unsigned char)before;
}

void fake_lower_level(unsigned char level)
{
	RULE(level <= fake_self()->level, "the level is lowered to a higher one");
	fake_self()->level = level;
}

unsigned int fake_read_register(const volatile void *at)
{
	return machine_read32(at);
}

void fake_write_register(volatile void *at, unsigned int value)
{
	machine_write32(at, value);
}

unsigned long long fake_system_time(void)
{
	return machine_now_ns() / 100;
}

/* ---- pool ---------------------------------------------------------------- */

struct block {
	size_t bytes;
	ULONG tag;
	POOL_TYPE pool;
} __attribute__((aligned(16)));

PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE pool, SIZE_T bytes, ULONG tag)
{
	struct block *block;

	AT_MOST(pool == PagedPool ? APC : DISPATCH);
	RULE(pool == PagedPool || pool == NonPagedPoolNx, "memory that may be executed");
	RULE(bytes, "a pool block of no bytes");
	if (fake_fails("ExAllocatePoolWithTag"))
		return NULL;
	block = malloc(sizeof(*block) + bytes);
	memset(block + 1, 0xa5, bytes);
	*block = (struct block){ bytes, tag, pool };
	fake_count(FAKE_POOL, 1);
	return block + 1;
}

VOID NTAPI ExFreePoolWithTag(PVOID at, ULONG tag)
{
	struct block *block = (struct block *)at - 1;

	AT_MOST(DISPATCH);
	RULE(block->tag == tag, "a pool block freed with another tag");
	fake_count(FAKE_POOL, -1);
	free(block);
}

/* ---- events, threads, time ----------------------------------------------- */

VOID NTAPI KeInitializeEvent(PRKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
	memset(event, 0, sizeof(*event));
	event->Header.Type = (UCHAR)type;
	event->Header.SignalState = state;
	event->Header.WaitListHead.Flink = (PLIST_ENTRY)EVENT_MARK;
}

static void check_event(PRKEVENT event)
{
	RULE(event->Header.WaitListHead.Flink == (PLIST_ENTRY)EVENT_MARK,
	     "an event was not initialised");
}

LONG NTAPI KeSetEvent(PRKEVENT event, KPRIORITY increment, BOOLEAN wait)
{
	LONG before;

	(void)increment;
	AT_MOST(DISPATCH);
	RULE(!wait, "KeSetEvent with Wait");
	check_event(event);
	machine_lock();
	before = event->Header.SignalState;
	event->Header.SignalState = 1;
	machine_changed();
	machine_unlock();
	return before;
}

VOID NTAPI KeClearEvent(PRKEVENT event)
{
	AT_MOST(DISPATCH);
	check_event(event);
	machine_lock();
	event->Header.SignalState = 0;
	machine_unlock();
}

LONG NTAPI KeReadStateEvent(PRKEVENT event)
{
	LONG state;

	AT_MOST(DISPATCH);
	check_event(event);
	machine_lock();
	state = event->Header.SignalState;
	machine_unlock();
	return state;
}

struct thread {
	void *thread;
	PKSTART_ROUTINE routine;
	void *context;
	bool ended;
	int references;
};
struct process {
	bool is_process;	/* first */
	bool ended;
	int references;
};

static bool satisfied(PVOID object, const struct thread *thread,
		      const struct process *process)
{
	PRKEVENT event = object;

	if (thread)
		return thread->ended;
	if (process)
		return process->ended;
	if (!event->Header.SignalState)
		return false;
	if (event->Header.Type == SynchronizationEvent)
		event->Header.SignalState = 0;
	return true;
}

/* Threads and processes that can be waited for. */
static struct thread *threads[8];
static struct process *processes[16];

static void *find(void **list, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == object)
			return object;
	return NULL;
}

NTSTATUS NTAPI KeWaitForSingleObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode,
				     BOOLEAN alertable, PLARGE_INTEGER timeout)
{
	struct thread *thread = find((void **)threads, RTL_NUMBER_OF(threads), object);
	struct process *process = find((void **)processes, RTL_NUMBER_OF(processes), object);
	uint64_t until = UINT64_MAX;
	bool done;

	(void)reason;
	AT_MOST(timeout && !timeout->QuadPart ? DISPATCH : APC);
	RULE(mode == KernelMode && !alertable, "a wait that can be broken");
	if (!thread && !process)
		check_event(object);
	if (timeout) {
		RULE(timeout->QuadPart <= 0, "a wait until a date");
		until = machine_now_ns() + (uint64_t)-timeout->QuadPart * 100;
	}
	machine_lock();
	while (!(done = satisfied(object, thread, process)) && machine_wait(until))
		;
	if (!done)
		done = satisfied(object, thread, process);
	machine_unlock();
	return done ? STATUS_SUCCESS : STATUS_TIMEOUT;
}

NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable, PLARGE_INTEGER time)
{
	AT_MOST(APC);
	RULE(mode == KernelMode && !alertable && time->QuadPart < 0, "a strange delay");
	machine_sleep_ns((uint64_t)-time->QuadPart * 100);
	return STATUS_SUCCESS;
}

LARGE_INTEGER NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
	/* A frequency as Windows 10 has it. */
	if (frequency)
		frequency->QuadPart = 10000000;
	return (LARGE_INTEGER){ .QuadPart = (LONGLONG)(machine_now_ns() / 100) };
}

static void thread_put(struct thread *thread)
{
	machine_lock();
	if (--thread->references) {
		machine_unlock();
		return;
	}
	for (size_t i = 0; i < RTL_NUMBER_OF(threads); i++)
		if (threads[i] == thread)
			threads[i] = NULL;
	machine_unlock();
	RULE(thread->ended, "nobody can wait for a thread any more");
	machine_join(thread->thread);
	free(thread);
}

static void thread_main(void *data)
{
	struct thread *thread = data;

	thread->routine(thread->context);
	fake_stop("a system thread returned");
}

static __thread struct thread *this_thread;

static void thread_enter(void *data)
{
	this_thread = data;
	thread_main(data);
}

NTSTATUS NTAPI PsCreateSystemThread(PHANDLE handle, ULONG access, POBJECT_ATTRIBUTES attributes,
				    HANDLE process, PCLIENT_ID id, PKSTART_ROUTINE routine,
				    PVOID context)
{
	struct thread *thread;

	(void)access, (void)process, (void)id;
	AT_MOST(PASSIVE);
	RULE(attributes && attributes->Attributes & OBJ_KERNEL_HANDLE,
	     "a handle that programs can use");
	if (fake_fails("PsCreateSystemThread"))
		return STATUS_INSUFFICIENT_RESOURCES;
	thread = calloc(1, sizeof(*thread));
	thread->routine = routine;
	thread->context = context;
	thread->references = 2;	/* the handle's, and its own */
	machine_lock();
	for (size_t i = 0; i < RTL_NUMBER_OF(threads); i++) {
		if (!threads[i]) {
			threads[i] = thread;
			break;
		}
	}
	machine_unlock();
	if (!machine_thread(thread_enter, thread, &thread->thread))
		fake_stop("no thread");
	*handle = thread;
	fake_count(FAKE_HANDLE, 1);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS status)
{
	AT_MOST(PASSIVE);
	RULE(!fake_self()->locks, "a thread ends with a lock");
	(void)status;
	machine_lock();
	this_thread->ended = true;
	this_thread->references--;
	machine_changed();
	machine_unlock();
	machine_thread_end();
}

HANDLE NTAPI PsGetCurrentThreadId(VOID)
{
	return (HANDLE)(ULONG_PTR)machine_thread_id();
}

NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type,
					 KPROCESSOR_MODE mode, PVOID *object,
					 POBJECT_HANDLE_INFORMATION information)
{
	struct thread *thread = handle;

	(void)access, (void)type, (void)information;
	AT_MOST(PASSIVE);
	RULE(mode == KernelMode, "a handle of a program");
	if (fake_fails("ObReferenceObjectByHandle"))
		return STATUS_ACCESS_DENIED;
	machine_lock();
	thread->references++;
	machine_unlock();
	fake_count(FAKE_REFERENCE, 1);
	*object = thread;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout)
{
	AT_MOST(PASSIVE);
	return KeWaitForSingleObject(handle, Executive, KernelMode, alertable, timeout);
}

/* ---- processes ----------------------------------------------------------- */

void *fake_process_new(void)
{
	struct process *process = calloc(1, sizeof(*process));

	process->is_process = true;
	process->references = 1;
	machine_lock();
	for (size_t i = 0; i < RTL_NUMBER_OF(processes); i++) {
		if (!processes[i]) {
			processes[i] = process;
			break;
		}
	}
	machine_unlock();
	return process;
}

static void process_put(struct process *process)
{
	machine_lock();
	if (--process->references) {
		machine_unlock();
		return;
	}
	for (size_t i = 0; i < RTL_NUMBER_OF(processes); i++)
		if (processes[i] == process)
			processes[i] = NULL;
	machine_unlock();
	free(process);
}

PEPROCESS NTAPI IoGetCurrentProcess(VOID)
{
	RULE(fake_self()->process, "no process is current");
	return fake_self()->process;
}

LONG_PTR FASTCALL ObfReferenceObject(PVOID object)
{
	struct process *process = object;

	AT_MOST(DISPATCH);
	fake_count(FAKE_REFERENCE, 1);
	machine_lock();
	process->references++;
	machine_unlock();
	return 0;
}

LONG_PTR FASTCALL ObfDereferenceObject(PVOID object)
{
	AT_MOST(DISPATCH);
	fake_count(FAKE_REFERENCE, -1);
	if (find((void **)threads, RTL_NUMBER_OF(threads), object))
		thread_put(object);
	else
		process_put(object);
	return 0;
}

VOID NTAPI KeStackAttachProcess(PKPROCESS process, PKAPC_STATE state)
{
	AT_MOST(PASSIVE);
	RULE(!((struct process *)process)->ended, "attached to a process that has ended");
	state->Process = (PKPROCESS)fake_self()->process;
	fake_self()->process = process;
}

VOID NTAPI KeUnstackDetachProcess(PKAPC_STATE state)
{
	AT_MOST(PASSIVE);
	fake_self()->process = state->Process;
}

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

void fake_process_put(void *process)
{
	process_put(process);
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

/* ---- files --------------------------------------------------------------- */

struct file {
	int fd;
};

static bool is_thread(HANDLE handle)
{
	return find((void **)threads, RTL_NUMBER_OF(threads), handle);
}

/* "\??\C:\a\b" is "/a/b" here, and "\SystemRoot\a" is "/a". */
static void unix_path(const UNICODE_STRING *name, char *path, size_t size)
{
	size_t n = 0, skip = 0;
	static const WCHAR dos[] = L"\\??\\C:", root[] = L"\\SystemRoot";

	if (name->Length > sizeof(dos) && !memcmp(name->Buffer, dos, sizeof(dos) - sizeof(WCHAR)))
		skip = sizeof(dos) / sizeof(WCHAR) - 1;
	else if (name->Length > sizeof(root) && !memcmp(name->Buffer, root, sizeof(root) - sizeof(WCHAR)))
		skip = sizeof(root) / sizeof(WCHAR) - 1;
	for (size_t i = skip; i < name->Length / sizeof(WCHAR) && n < size - 1; i++)
		path[n++] = name->Buffer[i] == L'\\' ? '/' : (char)name->Buffer[i];
	path[n] = 0;
}

NTSTATUS NTAPI ZwCreateFile(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
			    PIO_STATUS_BLOCK io, PLARGE_INTEGER allocation, ULONG file_attributes,
			    ULONG share, ULONG disposition, ULONG options, PVOID ea, ULONG ea_bytes)
{
	struct file *file;
	char path[512];
	int fd;

	(void)io, (void)allocation, (void)file_attributes, (void)share, (void)ea, (void)ea_bytes;
	AT_MOST(PASSIVE);
	RULE(attributes->Attributes & OBJ_KERNEL_HANDLE, "a handle that programs can use");
	RULE(disposition == FILE_OPEN && access & SYNCHRONIZE &&
	     options & FILE_SYNCHRONOUS_IO_NONALERT, "a file opened in another way");
	if (fake_fails("ZwCreateFile"))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	unix_path(attributes->ObjectName, path, sizeof(path));
	fd = machine_file_open(path);
	if (fd < 0)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	file = malloc(sizeof(*file));
	file->fd = fd;
	*handle = file;
	fake_count(FAKE_HANDLE, 1);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwQueryInformationFile(HANDLE handle, PIO_STATUS_BLOCK io, PVOID to, ULONG bytes,
				      FILE_INFORMATION_CLASS class)
{
	FILE_STANDARD_INFORMATION *about = to;

	(void)io;
	AT_MOST(PASSIVE);
	RULE(class == FileStandardInformation && bytes == sizeof(*about), "another question");
	if (fake_fails("ZwQueryInformationFile"))
		return STATUS_INVALID_PARAMETER;
	memset(about, 0, sizeof(*about));
	about->EndOfFile.QuadPart = machine_file_size(((struct file *)handle)->fd);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwReadFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
			  PIO_STATUS_BLOCK io, PVOID to, ULONG bytes, PLARGE_INTEGER offset,
			  PULONG key)
{
	(void)context, (void)key;
	AT_MOST(PASSIVE);
	RULE(!event && !apc && offset && !offset->QuadPart, "another way of reading");
	if (fake_fails("ZwReadFile"))
		return STATUS_IO_DEVICE_ERROR;
	io->Information = (ULONG_PTR)machine_file_read(((struct file *)handle)->fd, to, bytes);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwClose(HANDLE handle)
{
	AT_MOST(PASSIVE);
	fake_count(FAKE_HANDLE, -1);
	if (is_thread(handle)) {
		thread_put(handle);
		return STATUS_SUCCESS;
	}
	machine_file_close(((struct file *)handle)->fd);
	free(handle);
	return STATUS_SUCCESS;
}

/* ---- strings, messages --------------------------------------------------- */

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING to, PCWSTR from)
{
	USHORT n = 0;

	while (from && from[n])
		n++;
	to->Buffer = (PWSTR)(ULONG_PTR)from;
	to->Length = (USHORT)(n * sizeof(WCHAR));
	to->MaximumLength = (USHORT)(to->Length + sizeof(WCHAR));
}

VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
	to->Length = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
	memcpy(to->Buffer, from->Buffer, to->Length);
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
	if (to->Length + from->Length > to->MaximumLength)
		return STATUS_BUFFER_TOO_SMALL;
	memcpy((char *)to->Buffer + to->Length, from->Buffer, from->Length);
	to->Length = (USHORT)(to->Length + from->Length);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING to, PCWSTR from)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, from);
	return RtlAppendUnicodeStringToString(to, &string);
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING to)
{
	USHORT n = 1;

	RULE(base == 10, "another base");
	AT_MOST(PASSIVE);
	for (ULONG rest = value; rest >= 10; rest /= 10)
		n++;
	to->Length = (USHORT)(n * sizeof(WCHAR));
	for (; n; value /= 10)
		to->Buffer[--n] = (WCHAR)(L'0' + value % 10);
	return STATUS_SUCCESS;
}

/* The kernel's: nothing ends the text when it is cut. */
int _vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	char text[1024];
	int n = machine_format(text, sizeof(text), format, arguments);

	if (n < 0 || (size_t)n >= size) {
		memcpy(to, text, size);
		return -1;
	}
	memcpy(to, text, (size_t)n + 1);
	return n;
}

ULONG DbgPrintEx(ULONG component, ULONG level, PCSTR format, ...)
{
	(void)component, (void)level, (void)format;
	return 0;
}
