/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command is on Windows: its verbs, its clock, and how it begins. */
#include <windows.h>

#include "cli.h"

const struct cli_verb *const cli_verbs[] = {
	&cli_verb_list, &cli_verb_boot, &cli_verb_status, &cli_verb_capture,
	&cli_verb_record, &cli_verb_bench, &cli_verb_dump, NULL,
};

const char cli_boards[] = "\\\\.\\Netra0";
const char cli_no_board[] = "Is one plugged\nin, and has the system been started since?";
const char cli_board_like[] = "'\\\\.\\Netra0'";

uint64_t cli_now_ns(void)
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

/* A file that cannot be opened is an error, not a window that asks. */
void cli_begin(void)
{
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX);
}
