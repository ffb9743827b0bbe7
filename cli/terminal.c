/* SPDX-License-Identifier: BSD-2-Clause */
/* What the terminal is. */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "output.h"

bool cli_terminal(FILE *file)
{
	const char *term = getenv("TERM");

	return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0;
}

bool cli_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void cli_terminal_size(FILE *file, unsigned int *columns, unsigned int *rows)
{
	struct winsize size;

	*columns = 80;
	*rows = 24;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col) {
		*columns = size.ws_col;
		*rows = size.ws_row;
	}
}
