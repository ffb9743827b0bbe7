/* SPDX-License-Identifier: BSD-2-Clause */
/* One table per verb says which options it has; parsing and --help follow. */
#ifndef NETRA_CLI_OPTIONS_H
#define NETRA_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

#define CLI_LIST_MAX 64u

struct cli_list {
	uint32_t count;
	uint32_t item[CLI_LIST_MAX];	/* as given; no item twice */
};

enum cli_option_kind {
	CLI_FLAG,	/* bool */
	CLI_STRING,	/* const char * */
	CLI_NUMBER,	/* uint64_t */
	CLI_SIZE,	/* uint64_t, bytes; "4M", "512K" */
	CLI_DURATION,	/* uint64_t, ms; "30", "1.5s", "5m" */
	CLI_LIST,	/* struct cli_list; "0-3,7" */
	CLI_CHOICE,	/* unsigned int, index of the word */
};

struct cli_option {
	const char *name;
	char letter;			/* 0 = none */
	enum cli_option_kind kind;
	void *value;			/* of the type the kind says */
	const char *argument;		/* its name in --help */
	const char *help;
	uint64_t min, max;		/* of numbers, sizes, ms, list items */
	const char *const *choices;	/* NULL-terminated */
};

/**
 * cli_parse() - Parse a verb's arguments, or print its help.
 * @options: Ends with an entry without a name. --help is added.
 * @operand: Receives the operand; not touched if the verb takes none. For
 *	verbs that take several: an array of boards_max.
 * Return: -1 to go on, else the exit status: all has been said.
 */
int cli_parse(const struct cli_verb *verb, const struct cli_option *options,
	      int argc, char **argv, const char **operand);

/**
 * cli_nearest() - The name a user most likely meant by @word.
 * @names: NULL-terminated. Return: NULL if none is near.
 */
const char *cli_nearest(const char *word, const char *const *names);

#endif
