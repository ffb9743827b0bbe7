/* SPDX-License-Identifier: BSD-2-Clause */
/* What a benchmark asks of Windows. */
#include <windows.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct bench_writer {
	HANDLE thread, go, done;
	volatile LONG end;
	void (*write)(void *context);
	void *context;
};

void *bench_map(size_t bytes, bool shared)
{
	void *p = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	(void)shared;	/* as all memory is with a thread */
	if (p)
		memset(p, 0x5a, bytes);
	return p;
}

void bench_unmap(void *p, size_t bytes)
{
	(void)bytes;
	if (p)
		VirtualFree(p, 0, MEM_RELEASE);
}

static DWORD WINAPI live(void *context)
{
	struct bench_writer *w = context;

	bench_pin(false);
	while (!WaitForSingleObject(w->go, INFINITE) && !w->end) {
		w->write(w->context);
		SetEvent(w->done);
	}
	return 0;
}

static void free_writer(struct bench_writer *w)
{
	if (w->thread)
		CloseHandle(w->thread);
	if (w->go)
		CloseHandle(w->go);
	if (w->done)
		CloseHandle(w->done);
	free(w);
}

struct bench_writer *bench_writer_start(void (*write)(void *context), void *context)
{
	struct bench_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->write = write;
	w->context = context;
	w->go = CreateEventW(NULL, FALSE, FALSE, NULL);
	w->done = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (w->go && w->done)
		w->thread = CreateThread(NULL, 0, live, w, 0, NULL);
	if (w->thread)
		return w;
	free_writer(w);
	return NULL;
}

void bench_writer_run(struct bench_writer *w)
{
	SetEvent(w->go);
	WaitForSingleObject(w->done, INFINITE);
}

void bench_writer_stop(struct bench_writer *w)
{
	InterlockedExchange(&w->end, 1);
	SetEvent(w->go);
	WaitForSingleObject(w->thread, INFINITE);
	free_writer(w);
}

uint64_t bench_thread_ns(void)
{
	return cli_now_ns();
}

static double seconds_of(FILETIME time)
{
	return ((double)time.dwHighDateTime * 4294967296.0 + (double)time.dwLowDateTime) / 1e7;
}

double bench_cpu_seconds(void)
{
	FILETIME begun, ended, system, user;

	if (!GetProcessTimes(GetCurrentProcess(), &begun, &ended, &system, &user))
		return 0.0;
	return seconds_of(system) + seconds_of(user);
}

void bench_pin(bool reader)
{
	DWORD_PTR all, of_system, last;

	if (!GetProcessAffinityMask(GetCurrentProcess(), &all, &of_system))
		return;
	for (last = all; last & (last - 1);)
		last &= last - 1;
	if (all != last)
		SetThreadAffinityMask(GetCurrentThread(), reader ? last : all & ~last);
}

void bench_rest(uint32_t ms)
{
	Sleep(ms);
}

bool bench_wait(const struct netra_board *board, uint32_t ms)
{
	return WaitForSingleObject(netra_fd(board), ms) == WAIT_OBJECT_0;
}

/* Of large pages only the driver could have any, and it has long pieces anyway. */
void bench_advise(uint64_t bytes)
{
	(void)bytes;
}
