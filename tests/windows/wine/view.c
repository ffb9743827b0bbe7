/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Views of the board's memory, ours and those of other processes. Wine has a
 * process change its own memory, and waits for that without end if the process
 * is killed meanwhile (seen with 8.0, about once in 600 kills). So another
 * thread waits, and nobody waits for it when the process has ended.
 */
#include <windows.h>
#include <winternl.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

NTSTATUS NTAPI NtMapViewOfSection(HANDLE section, HANDLE process, void **at, ULONG_PTR bits,
				  SIZE_T commit, LARGE_INTEGER *offset, SIZE_T *bytes,
				  int inherit, ULONG type, ULONG protect);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE process, void *at);

#define PATIENCE_MS	10000u	/* with a process that lives: it changes its memory at once */

struct change {
	HANDLE process;
	uint8_t *view;			/* to be unmapped; or the result */
	size_t chunks, chunk_bytes;
	bool map;
	volatile LONG users;		/* two: who asks, and who does it */
	uint64_t address[];
};

static void unmap(const struct change *c, size_t chunks)
{
	while (chunks--)
		NtUnmapViewOfSection(c->process, c->view + chunks * c->chunk_bytes);
}

/* A hole of that size, then the chunks into it. */
static void map(struct change *c)
{
	bool ours = c->process == GetCurrentProcess();

	c->view = VirtualAllocEx(c->process, NULL, c->chunks * c->chunk_bytes, MEM_RESERVE,
				 PAGE_NOACCESS);
	if (!c->view)
		return;
	VirtualFreeEx(c->process, c->view, 0, MEM_RELEASE);
	for (size_t i = 0; i < c->chunks; i++) {
		LARGE_INTEGER offset = { .QuadPart = (LONGLONG)(c->address[i] - BOARD_MEMORY) };
		void *at = c->view + i * c->chunk_bytes;
		SIZE_T bytes = c->chunk_bytes;

		if (!NtMapViewOfSection(board_section(), c->process, &at, 0, 0, &offset, &bytes, 2,
					0, ours ? PAGE_READWRITE : PAGE_READONLY))
			continue;
		unmap(c, i);
		c->view = NULL;
		return;
	}
}

static void leave(struct change *c)
{
	if (InterlockedDecrement(&c->users))
		return;
	if (c->process != GetCurrentProcess())
		CloseHandle(c->process);
	free(c);
}

static DWORD WINAPI carry_out(void *context)
{
	struct change *c = context;

	if (c->map)
		map(c);
	else
		unmap(c, c->chunks);
	leave(c);
	return 0;
}

static struct change *new_change(unsigned long process, size_t chunks, size_t chunk_bytes)
{
	struct change *c = calloc(1, sizeof(*c) + chunks * sizeof(c->address[0]));

	if (!c)
		return NULL;
	c->users = 2;
	c->chunks = chunks;
	c->chunk_bytes = chunk_bytes;
	c->process = process ? OpenProcess(PROCESS_VM_OPERATION | SYNCHRONIZE, FALSE, process) :
			       GetCurrentProcess();
	if (c->process)
		return c;
	free(c);
	return NULL;
}

/* Carried out; else the process has ended, and what became of it does not matter. */
static bool change(struct change *c)
{
	HANDLE either[2] = { NULL, c->process };
	bool done;

	if (c->process == GetCurrentProcess()) {
		carry_out(c);
		return true;
	}
	either[0] = CreateThread(NULL, 0, carry_out, c, 0, NULL);
	if (!either[0]) {
		leave(c);
		return false;
	}
	done = WaitForMultipleObjects(2, either, FALSE, PATIENCE_MS) == WAIT_OBJECT_0;
	CloseHandle(either[0]);
	return done;
}

void *board_view(unsigned long process, const uint64_t *address, size_t chunks,
		 size_t chunk_bytes)
{
	struct change *c = new_change(process, chunks, chunk_bytes);
	void *view;

	if (!c)
		return NULL;
	c->map = true;
	memcpy(c->address, address, chunks * sizeof(*address));
	view = change(c) ? c->view : NULL;
	leave(c);
	return view;
}

void board_unview(unsigned long process, void *view, size_t chunks, size_t chunk_bytes)
{
	struct change *c = new_change(process, chunks, chunk_bytes);

	if (!c)
		return;
	c->view = view;
	change(c);
	leave(c);
}
