/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

static bool grow(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : 4096;
	char *larger;

	while (room - text->length < more)
		room *= 2;
	if (room == text->room)
		return true;
	larger = realloc(text->data, room);
	if (!larger)
		return false;
	text->data = larger;
	text->room = room;
	return true;
}

void netra_text(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	int n;

	va_start(arguments, format);
	va_copy(again, arguments);
	n = vsnprintf(NULL, 0, format, arguments);
	if (n < 0 || text->failed || !grow(text, (size_t)n + 1))
		text->failed = true;
	else
		text->length += (size_t)vsnprintf(text->data + text->length,
						  (size_t)n + 1, format, again);
	va_end(again);
	va_end(arguments);
}
