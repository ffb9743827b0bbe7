/* SPDX-License-Identifier: BSD-2-Clause */
/* What the console is. */
#include <windows.h>
#include <io.h>

#include "output.h"

static HANDLE console_of(FILE *file)
{
	return (HANDLE)_get_osfhandle(_fileno(file));
}

/* Consoles have understood escape sequences since Windows 10, when asked to. */
bool cli_terminal(FILE *file)
{
	HANDLE console = console_of(file);
	DWORD mode;

	if (!GetConsoleMode(console, &mode))
		return false;
	return mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING ||
	       SetConsoleMode(console, mode | ENABLE_PROCESSED_OUTPUT |
					       ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

bool cli_utf8(void)
{
	return GetConsoleOutputCP() == CP_UTF8;
}

void cli_terminal_size(FILE *file, unsigned int *columns, unsigned int *rows)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	*columns = 80;
	*rows = 24;
	if (!GetConsoleScreenBufferInfo(console_of(file), &info))
		return;
	*columns = (unsigned int)(info.srWindow.Right - info.srWindow.Left + 1);
	*rows = (unsigned int)(info.srWindow.Bottom - info.srWindow.Top + 1);
}
