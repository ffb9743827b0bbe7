/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables, sizes, colour and JSON on standard output. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli.h"
#include "output.h"

struct cli_cell {
	enum cli_colour colour;
	char text[76];
};

bool cli_colour_on(FILE *file)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && cli_terminal(file);
}

/* Columns of text on the screen, not bytes. */
static size_t width(const char *text)
{
	mbstate_t state = { 0 };
	const char *p = text;
	size_t n = mbsrtowcs(NULL, &p, 0, &state);

	return n == (size_t)-1 ? strlen(text) : n;
}

void cli_column(struct cli_table *table, const char *title, bool left)
{
	table->title[table->columns] = title;
	table->left[table->columns++] = left;
}

void cli_cell(struct cli_table *table, enum cli_colour colour,
	      const char *format, ...)
{
	struct cli_cell *cell;
	va_list args;

	if (table->count == table->room) {
		size_t room = table->room ? 2 * table->room : 128;

		cell = realloc(table->cells, room * sizeof(*cell));
		if (!cell) {
			table->failed = true;
			return;
		}
		table->cells = cell;
		table->room = room;
	}
	cell = &table->cells[table->count++];
	cell->colour = colour;
	va_start(args, format);
	vsnprintf(cell->text, sizeof(cell->text), format, args);
	va_end(args);
}

static void print_cell(FILE *file, const char *text, size_t room, bool left,
		       bool last, const char *paint)
{
	size_t w = width(text);
	int pad = w < room ? (int)(room - w) : 0;

	fprintf(file, "%*s%s%s%s%*s", left ? 0 : pad, "", paint, text,
		*paint ? "\033[0m" : "", left && !last ? pad : 0, "");
	fputs(last ? "\n" : "  ", file);
}

void cli_table_print(struct cli_table *table, FILE *file, bool colour)
{
	static const char *const paint[] = {
		[CLI_PLAIN] = "", [CLI_BOLD] = "\033[1m",
		[CLI_DIM] = "\033[2m", [CLI_RED] = "\033[31m",
		[CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
	};
	size_t room[CLI_COLUMNS_MAX];
	unsigned int n = table->columns;

	if (!n)
		return;
	for (unsigned int c = 0; c < n; c++) {
		room[c] = width(table->title[c]);
		for (size_t i = c; i < table->count; i += n) {
			size_t w = width(table->cells[i].text);

			if (w > room[c])
				room[c] = w;
		}
	}
	for (unsigned int c = 0; c < n; c++)
		print_cell(file, table->title[c], room[c], table->left[c],
			   c == n - 1, colour ? paint[CLI_BOLD] : "");
	for (size_t i = 0; i < table->count; i++) {
		const struct cli_cell *cell = &table->cells[i];
		unsigned int c = (unsigned int)(i % n);

		print_cell(file, cell->text, room[c], table->left[c],
			   c == n - 1, colour ? paint[cell->colour] : "");
	}
	if (table->failed)
		cli_error("table: out of memory: the last rows are missing");
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

void cli_field(const char *name, const char *format, ...)
{
	va_list args;

	printf("%-12s ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void cli_print_wrapped(const char *text, int indent)
{
	int column = indent;

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column > indent && column + 1 + word > 79) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", word, text);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void cli_format_memory(char *text, size_t size, uint64_t bytes)
{
	static const char *const unit[] = { "bytes", "KB", "MB", "GB", "TB" };
	double value = (double)bytes;
	unsigned int u = 0;

	while (value >= 1024.0 && u < 4) {
		value /= 1024.0;
		u++;
	}
	snprintf(text, size, "%.*f %s",
		 value < 10.0 && value != (double)(int)value ? 1 : 0, value,
		 unit[u]);
}

void cli_format_clock(char *text, size_t size, uint64_t ms)
{
	unsigned long long s = ms / 1000;

	if (s >= 3600)
		snprintf(text, size, "%llu:%02llu:%02llu", s / 3600,
			 s / 60 % 60, s % 60);
	else
		snprintf(text, size, "%02llu:%02llu", s / 60, s % 60);
}

int cli_json_print(json_t *value)
{
	int failed = !value || json_dumpf(value, stdout, JSON_INDENT(2) |
					  JSON_REAL_PRECISION(9));

	if (!failed)
		putchar('\n');
	else if (!value)
		cli_error("JSON: out of memory or text that is not UTF-8");
	json_decref(value);
	return failed ? CLI_FAILED : CLI_OK;
}
