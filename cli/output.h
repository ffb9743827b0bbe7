/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes to standard output: tables that line up, sizes, colour, JSON. */
#ifndef NETRA_CLI_OUTPUT_H
#define NETRA_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cli_colour {
	CLI_PLAIN,
	CLI_BOLD,
	CLI_DIM,
	CLI_RED,
	CLI_GREEN,
	CLI_YELLOW,
};

/** cli_colour_on() - Is @file a terminal that shall be coloured (NO_COLOR)? */
bool cli_colour_on(FILE *file);

/** cli_utf8() - May block and line characters be printed? */
bool cli_utf8(void);

/** cli_terminal() - Is this a terminal that understands cursor movement? */
bool cli_terminal(FILE *file);

/** cli_terminal_size() - Of the terminal on @file; 80 by 24 if unknown. */
void cli_terminal_size(FILE *file, unsigned int *columns, unsigned int *rows);

#define CLI_COLUMNS_MAX 16u

/* A table under way. Zero it to begin. */
struct cli_table {
	unsigned int columns;
	bool left[CLI_COLUMNS_MAX];
	const char *title[CLI_COLUMNS_MAX];
	struct cli_cell *cells;	/* row by row */
	size_t count;
	size_t room;
	bool failed;		/* out of memory: rows are missing */
};

/** cli_column() - Add a column; @left: text, else numbers to the right. */
void cli_column(struct cli_table *table, const char *title, bool left);

/** cli_cell() - The next cell, row by row. */
void cli_cell(struct cli_table *table, enum cli_colour colour,
	      const char *format, ...) __attribute__((format(printf, 3, 4)));

/** cli_table_print() - Print with one space more than needed in between, free. */
void cli_table_print(struct cli_table *table, FILE *file, bool colour);

/** cli_field() - "  name          text" line of a sheet on standard output. */
void cli_field(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** cli_print_wrapped() - Words to 79 columns; later lines are indented. */
void cli_print_wrapped(const char *text, int indent);

/** cli_format_memory() - "8 MB": 1 MB = 1048576 bytes, as memory is sold. */
void cli_format_memory(char *text, size_t size, uint64_t bytes);

/** cli_format_clock() - "1:02:03" or "02:03" of a time in ms. */
void cli_format_clock(char *text, size_t size, uint64_t ms);

/** cli_json_print() - To standard output, indented; releases @value. */
int cli_json_print(json_t *value);

#endif
