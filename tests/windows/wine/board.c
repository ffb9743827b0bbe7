/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See board.h. BAR 0 has side effects, and so no mapping: its page has no
 * access rights, and what the processor was about to do there is read from its
 * instruction and carried out by request.
 */
#include <winsock2.h>
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "log.h"

#define PORT_FILE	"C:\\windows\\netra-board.txt"
#define PATH_BYTES	64u
#define UNIT		(1u << 20)
#define BAR_SPACE	0xc0000000u
#define UNITS_MAX	(BOARD_MEMORY_MAX / UNIT)

enum { ASK_READ, ASK_WRITE, ASK_MAP, ASK_UNMAP, ASK_FILES };

struct question {
	uint32_t what, region;
	uint64_t offset, length;
};

struct file {
	uint64_t bytes;
	char path[PATH_BYTES];
};

static struct {
	CRITICAL_SECTION lock;
	bool open, gone;
	SOCKET ask, events;
	struct file file[1 + BOARD_BARS];
	uint8_t *bar[BOARD_BARS];
	uint64_t bar_address[BOARD_BARS];
	HANDLE memory;			/* a section over all of it */
	uint8_t used[UNITS_MAX];
	void (*interrupt)(void *context);
	void *context;
	HANDLE thread;
} board;

static bool transfer(SOCKET s, void *data, size_t bytes, bool out)
{
	char *at = data;

	while (bytes) {
		int part = bytes > (1 << 20) ? 1 << 20 : (int)bytes;
		int n = out ? send(s, at, part, 0) : recv(s, at, part, 0);

		if (n <= 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* One question, what goes with it, and the answer. */
static bool ask(const struct question *q, const void *data, size_t data_bytes, void *answer,
		size_t answer_bytes)
{
	bool ok;

	EnterCriticalSection(&board.lock);
	ok = !board.gone && transfer(board.ask, (void *)(uintptr_t)q, sizeof(*q), true) &&
	     transfer(board.ask, (void *)(uintptr_t)data, data_bytes, true) &&
	     transfer(board.ask, answer, answer_bytes, false);
	board.gone = !ok;
	LeaveCriticalSection(&board.lock);
	return ok;
}

bool board_read(unsigned int region, uint64_t offset, void *data, size_t bytes)
{
	struct question q = { ASK_READ, region, offset, bytes };

	memset(data, 0xff, bytes);
	return ask(&q, NULL, 0, data, bytes);
}

bool board_write(unsigned int region, uint64_t offset, const void *data, size_t bytes)
{
	struct question q = { ASK_WRITE, region, offset, bytes };
	char done;

	return ask(&q, data, bytes, &done, 1);
}

bool board_dma(uint64_t address, size_t bytes, bool on)
{
	struct question q = { on ? ASK_MAP : ASK_UNMAP, 0, address - BOARD_MEMORY, bytes };
	uint64_t bus = address + BOARD_BUS_OFFSET;
	char done;

	if (!on)
		q.offset = bus;
	return ask(&q, &bus, on ? sizeof(bus) : 0, &done, 1);
}

/* ---- BAR 0 ---------------------------------------------------------------- */

/* A MOV between a register, or a constant, and memory: all that READ_ and
 * WRITE_REGISTER_ULONG compile to. Return: its length; 0 = something else. */
static unsigned int decode(const uint8_t *at, CONTEXT *cpu, bool *write, DWORD64 **reg,
			   uint32_t *constant)
{
	const uint8_t *from = at;
	unsigned int rex = 0, opcode, mod, rm;

	if ((*at & 0xf0) == 0x40)
		rex = *at++;
	opcode = *at++;
	if ((opcode != 0x8b && opcode != 0x89 && opcode != 0xc7) || rex & 8)
		return 0;
	mod = *at >> 6;
	rm = *at & 7;
	*reg = &cpu->Rax + ((*at >> 3 & 7) | (rex & 4) << 1);
	at++;
	if (mod == 3)
		return 0;
	if (rm == 4 && (*at++ & 7) == 5 && mod == 0)
		at += 4;
	if (mod == 1)
		at += 1;
	else if (mod == 2 || (mod == 0 && rm == 5))
		at += 4;
	*write = opcode != 0x8b;
	if (opcode == 0xc7) {
		memcpy(constant, at, 4);
		*reg = NULL;
		at += 4;
	}
	return (unsigned int)(at - from);
}

static LONG CALLBACK on_fault(EXCEPTION_POINTERS *e)
{
	uintptr_t at = e->ExceptionRecord->ExceptionInformation[1] - (uintptr_t)board.bar[0];
	uint32_t value = 0;
	DWORD64 *reg;
	unsigned int length;
	bool write;

	if (e->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || !board.bar[0] ||
	    at >= board.file[1].bytes)
		return EXCEPTION_CONTINUE_SEARCH;
	length = decode((const uint8_t *)e->ContextRecord->Rip, e->ContextRecord, &write, &reg,
			&value);
	if (!length) {
		shim_say("an access to BAR 0 at %#x that is no 32-bit MOV", (unsigned int)at);
		return EXCEPTION_CONTINUE_SEARCH;
	}
	if (write) {
		if (reg)
			value = (uint32_t)*reg;
		board_write(0, at, &value, 4);
	} else {
		board_read(0, at, &value, 4);
		*reg = value;
	}
	e->ContextRecord->Rip += length;
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* ---- BARs and configuration ----------------------------------------------- */

uint64_t board_bar_bytes(unsigned int bar)
{
	return board.file[1 + bar].bytes;
}

uint64_t board_bar_address(unsigned int bar)
{
	return board.bar_address[bar];
}

static void put(uint32_t offset, uint32_t value, size_t bytes)
{
	board_write(BOARD_CONFIG, offset, &value, bytes);
}

static uint32_t get(uint32_t offset)
{
	uint32_t value;

	board_read(BOARD_CONFIG, offset, &value, 4);
	return value;
}

void board_enable(void)
{
	uint64_t next = BAR_SPACE;
	uint32_t at = get(0x34) & 0xfc;

	for (unsigned int i = 0; i < BOARD_BARS; i++) {
		uint64_t bytes = board_bar_bytes(i);

		if (!bytes)
			continue;
		next = (next + bytes - 1) & ~(bytes - 1);
		board.bar_address[i] = next;
		put(0x10 + 4 * i, (uint32_t)next, 4);
		next += bytes;
	}
	for (int i = 0; at && i < 48; i++) {
		uint32_t word = get(at);

		if ((word & 0xff) == 5) {	/* MSI, 64-bit or not */
			put(at + 4, 0xfee00000u, 4);
			put(at + (word >> 16 & 0x80 ? 12 : 8), 0x4041, 2);
			put(at + 2, (word >> 16 & ~0x70u) | 1, 2);
		}
		at = word >> 8 & 0xfc;
	}
	put(4, (get(4) & 0xffff) | 6, 2);
}

void *board_io(uint64_t address, size_t bytes)
{
	for (unsigned int i = 0; i < BOARD_BARS; i++) {
		uint64_t inside = address - board.bar_address[i];

		if (board.bar[i] && address >= board.bar_address[i] &&
		    inside < board_bar_bytes(i) && bytes <= board_bar_bytes(i) - inside)
			return board.bar[i] + inside;
	}
	return NULL;
}

/* ---- memory --------------------------------------------------------------- */

/* From the top down, so that chunks are never in the order they are asked for. */
bool board_memory_take(size_t bytes, uint64_t *address)
{
	size_t count = (bytes + UNIT - 1) / UNIT;
	size_t units = (size_t)(board.file[0].bytes / UNIT);
	bool found = false;

	EnterCriticalSection(&board.lock);
	for (size_t at = units / count * count; !found && at >= count; at -= count) {
		size_t first = at - count, used = 0;

		for (size_t i = 0; i < count; i++)
			used += board.used[first + i];
		if (used)
			continue;
		memset(board.used + first, 1, count);
		*address = BOARD_MEMORY + (uint64_t)first * UNIT;
		found = true;
	}
	LeaveCriticalSection(&board.lock);
	return found;
}

void board_memory_give(uint64_t address, size_t bytes)
{
	EnterCriticalSection(&board.lock);
	memset(board.used + (address - BOARD_MEMORY) / UNIT, 0, (bytes + UNIT - 1) / UNIT);
	LeaveCriticalSection(&board.lock);
}

void *board_section(void)
{
	return board.memory;
}

/* ---- life ----------------------------------------------------------------- */

static HANDLE section_of(const struct file *file)
{
	char name[PATH_BYTES + 4];
	HANDLE handle, section = NULL;

	snprintf(name, sizeof(name), "Z:%.*s", (int)PATH_BYTES, file->path);
	handle = CreateFileA(name, GENERIC_READ | GENERIC_WRITE,
			     FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
	if (handle == INVALID_HANDLE_VALUE)
		return NULL;
	section = CreateFileMappingA(handle, NULL, PAGE_READWRITE, 0, 0, NULL);
	CloseHandle(handle);
	return section;
}

static bool map_files(void)
{
	struct question q = { ASK_FILES, 0, 0, 0 };

	if (!ask(&q, NULL, 0, board.file, sizeof(board.file)))
		return false;
	board.memory = section_of(&board.file[0]);
	if (!board.memory || board.file[0].bytes > BOARD_MEMORY_MAX)
		return false;
	for (unsigned int i = 1; i < BOARD_BARS; i++) {
		HANDLE section;

		if (!board.file[1 + i].path[0])
			continue;
		section = section_of(&board.file[1 + i]);
		board.bar[i] = section ? MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0) :
					 NULL;
		if (section)
			CloseHandle(section);
	}
	board.bar[0] = VirtualAlloc(NULL, (SIZE_T)board.file[1].bytes, MEM_RESERVE | MEM_COMMIT,
				    PAGE_NOACCESS);
	return board.bar[0] && AddVectoredExceptionHandler(1, on_fault);
}

static DWORD WINAPI watch(void *unused)
{
	char byte[256];

	(void)unused;
	while (recv(board.events, byte, sizeof(byte), 0) > 0)
		board.interrupt(board.context);
	return 0;
}

static SOCKET connect_to(unsigned short port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s != INVALID_SOCKET && connect(s, (struct sockaddr *)&to, sizeof(to))) {
		closesocket(s);
		s = INVALID_SOCKET;
	}
	if (s != INVALID_SOCKET)
		setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (char *)&on, sizeof(on));
	return s;
}

bool board_open(void (*interrupt)(void *context), void *context)
{
	FILE *f = fopen(PORT_FILE, "r");
	unsigned int port = 0;
	WSADATA data;

	if (!f || fscanf(f, "%u", &port) != 1)
		port = 0;
	if (f)
		fclose(f);
	if (!port || WSAStartup(MAKEWORD(2, 2), &data))
		return false;
	InitializeCriticalSection(&board.lock);
	board.interrupt = interrupt;
	board.context = context;
	board.ask = connect_to((unsigned short)port);
	board.events = connect_to((unsigned short)port);
	if (board.ask == INVALID_SOCKET || board.events == INVALID_SOCKET || !map_files())
		return false;
	board.thread = CreateThread(NULL, 0, watch, NULL, 0, NULL);
	board.open = board.thread;
	return board.open;
}

void board_close(void)
{
	if (!board.open)
		return;
	shutdown(board.events, SD_BOTH);
	WaitForSingleObject(board.thread, 5000);
	closesocket(board.events);
	closesocket(board.ask);
	board.open = false;
}
