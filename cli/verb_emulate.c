/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra emulate: become netra-emulator. It is a program of its own because
 * it alone needs libavformat, which netra must not link.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static void try(const char *path, char **argv)
{
	if (access(path, X_OK) == 0)
		execv(path, argv);
}

/* Where libnetra looks for it, too: told, beside us, installed. */
static void find_and_exec(char **argv)
{
	char self[PATH_MAX], path[PATH_MAX + 40];
	const char *told = getenv("NETRA_EMULATOR");
	ssize_t n;

	if (told && *told) {
		execv(told, argv);
		return;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		const char *folder;

		self[n] = '\0';
		folder = dirname(self);
		snprintf(path, sizeof(path), "%s/netra-emulator", folder);
		try(path, argv);
		snprintf(path, sizeof(path), "%s/emulator/netra-emulator",
			 folder);
		try(path, argv);
	}
	execvp("netra-emulator", argv);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	char name[] = "netra-emulator";
	const char *told;

	(void)verb;
	(void)argc;
	argv[0] = name;
	signal(SIGPIPE, SIG_DFL);
	find_and_exec(argv);
	told = getenv("NETRA_EMULATOR");
	cli_error("%s: %s: install netra-emulator or name it in "
		  "$NETRA_EMULATOR", told && *told ? told : name,
		  strerror(errno));
	return CLI_FAILED;
}

const struct cli_verb cli_verb_emulate = {
	.name = "emulate",
	.synopsis = "--socket PATH",
	.summary = "Serve an emulated board",
	.description = "",
	.run = run,
};
