/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra: the verb table, help, and what happens around every verb.
 */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lib/netra.h"
#include "options.h"
#include "progress.h"

#define VERBS_MAX 16u

void cli_error(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	cli_progress_clear();
	fflush(stdout);
	fprintf(stderr, "netra: %s\n", text);
}

static void print_usage(FILE *file)
{
	fputs("Usage: netra VERB [BOARD] [OPTION]...\n"
	      "Boots, watches, records and serves PCIe video-capture boards "
	      "of TI's DM816x\nfamily.\n\nVerbs:\n", file);
	for (size_t i = 0; cli_verbs[i]; i++)
		fprintf(file, "  %-9s %s\n", cli_verbs[i]->name,
			cli_verbs[i]->summary);
	fprintf(file, "\nBoards: %s\n\n'netra help VERB' says more. 'netra "
		"--version' says which this is.\n", cli_boards);
}

static const struct cli_verb *find_verb(const char *name)
{
	const char *names[VERBS_MAX + 2], *near;
	size_t n;

	for (n = 0; n < VERBS_MAX && cli_verbs[n]; n++) {
		if (strcmp(cli_verbs[n]->name, name) == 0)
			return cli_verbs[n];
		names[n] = cli_verbs[n]->name;
	}
	names[n] = "help";
	names[n + 1] = NULL;
	near = cli_nearest(name, names);
	if (near)
		cli_error("%s: no such verb: did you mean '%s'?", name, near);
	else
		cli_error("%s: no such verb: 'netra help' lists them", name);
	return NULL;
}

static int help(int argc, char **argv)
{
	char flag[] = "--help";
	const struct cli_verb *verb;

	if (argc < 2) {
		print_usage(stdout);
		return CLI_OK;
	}
	verb = find_verb(argv[1]);
	if (!verb)
		return CLI_USAGE;
	return verb->run(verb, 2, (char *[]){ argv[1], flag, NULL });
}

static int run(int argc, char **argv)
{
	const char *word = argv[1];
	const struct cli_verb *verb;

	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	if (strcmp(word, "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		print_usage(stdout);
		return CLI_OK;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		printf("netra %s\n", netra_version());
		return CLI_OK;
	}
	if (word[0] == '-') {
		cli_error("%s: options follow the verb: see 'netra --help'",
			  word);
		return CLI_USAGE;
	}
	verb = find_verb(word);
	return verb ? verb->run(verb, argc - 1, argv + 1) : CLI_USAGE;
}

int main(int argc, char **argv)
{
	int status;

	/* Characters as the user has them, numbers with a point. */
	setlocale(LC_CTYPE, "");
	cli_begin();
	status = run(argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE) {
		cli_error("standard output: %s: send it elsewhere",
			  strerror(errno));
		return CLI_FAILED;
	}
	return status;
}
