/* SPDX-License-Identifier: BSD-2-Clause */
/* See log.h. Nothing here takes memory of a heap, which may be what has broken. */
#include <windows.h>
#include <stdarg.h>
#include <stdio.h>

#include "log.h"

#define LOG_FILE "C:\\windows\\netra-shim.log"

static HANDLE file;

/* Where a crash can be: in one of these, at base. */
static struct {
	const char *name;
	HMODULE base;
} modules[] = { { .name = "netra.sys" }, { .name = "wdfldr.sys" }, { .name = "ntoskrnl.exe" },
		{ .name = "ntdll.dll" } };

static void put(const char *before, const char *format, va_list arguments)
{
	char text[400];
	DWORD done;
	int n = snprintf(text, sizeof(text), "shim: %s", before);

	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, format, arguments);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	WriteFile(file, text, (DWORD)n, &done, NULL);
}

void shim_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("", format, arguments);
	va_end(arguments);
}

void shim_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("FATAL: ", format, arguments);
	va_end(arguments);
	TerminateProcess(GetCurrentProcess(), 99);
	for (;;)
		Sleep(INFINITE);
}

/*
 * Wine would start a debugger, which does not end; then all who wait for the
 * driver would wait for ever. When the process ends Wine tells them.
 */
static LONG WINAPI on_crash(EXCEPTION_POINTERS *e)
{
	const EXCEPTION_RECORD *r = e->ExceptionRecord;
	MEMORY_BASIC_INFORMATION about = { 0 };
	const char *name = "?";

	VirtualQuery(r->ExceptionAddress, &about, sizeof(about));
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (modules[i].base && modules[i].base == about.AllocationBase)
			name = modules[i].name;
	shim_die("exception %#lx at %s+%#llx, %s %#llx", r->ExceptionCode, name,
		 (unsigned long long)((char *)r->ExceptionAddress - (char *)about.AllocationBase),
		 r->NumberParameters > 1 && r->ExceptionInformation[0] ? "writing" : "reading",
		 r->NumberParameters > 1 ? (unsigned long long)r->ExceptionInformation[1] : 0);
}

void shim_log_begin(void)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		modules[i].base = GetModuleHandleA(modules[i].name);
	file = CreateFileA(LOG_FILE, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
			   OPEN_ALWAYS, 0, NULL);
	shim_say("process %04lx", GetCurrentProcessId());
	SetUnhandledExceptionFilter(on_crash);
}
