/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra: the verb table, help, and what happens around every verb.
 */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "lib/netra.h"
#include "options.h"
#include "progress.h"

static const struct cli_verb *const verbs[] = {
	&cli_verb_emulate, &cli_verb_list, &cli_verb_boot, &cli_verb_status,
	&cli_verb_top, &cli_verb_capture, &cli_verb_record, &cli_verb_bench,
	&cli_verb_dump,
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

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

uint64_t cli_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print_usage(FILE *file)
{
	fputs("Usage: netra VERB [BOARD] [OPTION]...\n"
	      "Boots, watches and records PCIe video-capture boards of TI's "
	      "DM816x family.\n\nVerbs:\n", file);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(file, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nBoards: /dev/netra0 (by the Linux driver), pci:0000:03:00.0 "
	      "(by VFIO),\n        vfio-user:PATH (an emulated one),\n"
	      "        emulated[:OPTIONS] (an emulated one for the life of the "
	      "command)\n\n"
	      "'netra help VERB' says more. 'netra --version' says which this "
	      "is.\n", file);
}

static const struct cli_verb *find_verb(const char *name)
{
	const char *names[VERBS + 2], *near;

	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
		names[i] = verbs[i]->name;
	}
	names[VERBS] = "help";
	names[VERBS + 1] = NULL;
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
	/* A reader that went away is seen as EPIPE, where it is written. */
	signal(SIGPIPE, SIG_IGN);
	/* A file at its limit is an error of write(), as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
	status = run(argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE) {
		cli_error("standard output: %s: send it elsewhere",
			  strerror(errno));
		return CLI_FAILED;
	}
	return status;
}
