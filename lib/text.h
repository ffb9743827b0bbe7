/* SPDX-License-Identifier: BSD-2-Clause */
/* A text that grows. Zero it to begin; free() @data at the end. */
#ifndef NETRA_LIB_TEXT_H
#define NETRA_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *data;		/* NULL while empty */
	size_t length;
	size_t room;
	bool failed;		/* out of memory: its end is missing */
};

void netra_text(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
