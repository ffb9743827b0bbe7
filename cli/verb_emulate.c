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

/* Where libnetra looks for it, too: told, of the same build, installed. */
static void find_and_exec(char **argv)
{
	static const char *const places[] = {
		"emulator/netra-emulator", "netra-emulator",
	};
	char self[PATH_MAX], path[PATH_MAX + 40];
	const char *told = getenv("NETRA_EMULATOR");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (told && *told) {
		execv(told, argv);
		return;
	}
	self[n > 0 ? n : 0] = '\0';
	dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", self, places[i]);
		if (access(path, X_OK) == 0)
			execv(path, argv);
	}
	execv(NETRA_LIBEXECDIR "/netra-emulator", argv);
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
