/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_LIB_NAMES_H
#define NETRA_LIB_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum name_kind {
	NAME_KERNEL,		/* rest: path of its node */
	NAME_PCI,		/* rest: PCI address */
	NAME_VFIO_USER,		/* rest: path */
	NAME_EMULATED,		/* rest: options, may be empty */
	NAME_BAD,		/* rest: why */
};

struct name {
	enum name_kind kind;
	char rest[512];
};

/** netra_name_parse() - Take a board's name apart; short PCI addresses are filled. */
void netra_name_parse(const char *text, struct name *name);

/**
 * netra_name_option() - Take the next of an emulated board's options.
 * @at: Walks the list; options end at commas, "\," is a comma.
 * @word: Receives "--option=value".
 * Return: 1 if there was one, 0 at the end, -1 if it does not fit.
 */
int netra_name_option(const char **at, char *word, size_t size);

#endif
