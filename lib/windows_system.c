/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock, and what to say of this Windows. */
#include <windows.h>
#include <string.h>

#include "common.h"

/* As the driver has it: QueryPerformanceCounter. */
uint64_t netra_now_ns(void)
{
	LARGE_INTEGER frequency, count;
	uint64_t per_second, seconds, rest;

	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&count);
	per_second = (uint64_t)frequency.QuadPart;
	seconds = (uint64_t)count.QuadPart / per_second;
	rest = (uint64_t)count.QuadPart % per_second;
	return seconds * 1000000000u + rest * 1000000000u / per_second;
}

/* GetVersionEx() says what the program was made for; the kernel's own does not. */
void netra_dump_system(struct text *text)
{
	typedef LONG(WINAPI *get_version)(OSVERSIONINFOW *);
	HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
	OSVERSIONINFOW v = { .dwOSVersionInfoSize = sizeof(v) };
	FARPROC function = ntdll ? GetProcAddress(ntdll, "RtlGetVersion") : NULL;
	get_version get;

	if (!function)
		return;
	memcpy(&get, &function, sizeof(get));
	if (!get(&v))
		netra_text(text, "system = Windows %lu.%lu.%lu\n\n",
			   v.dwMajorVersion, v.dwMinorVersion, v.dwBuildNumber);
}
