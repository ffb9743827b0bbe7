/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NT kernel as this driver knows it: levels, pool, events, threads, time and
 * processes. Each function asserts the level it may be called at, as Microsoft's
 * reference gives it, and that what it is handed is what another one gave out.
 */
#include <string.h>

#include "nt.h"

#define EVENT_MARK 0x4556

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

void fake_thread_put(void *object)
{
	struct thread *thread = object;

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
		fake_thread_put(object);
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

bool fake_is_thread(void *object)
{
	return find((void **)threads, RTL_NUMBER_OF(threads), object);
}

void fake_process_put(void *process)
{
	process_put(process);
}
