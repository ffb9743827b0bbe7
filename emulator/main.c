/* SPDX-License-Identifier: BSD-2-Clause */
/* netra-emulator: options, and a life from power-on to SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "server.h"

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "netra: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct netra_emu_options options;
	enum netra_error error;
	struct netra_emu *emu;
	char why[512] = "";
	sigset_t signals;
	int status;

	if (!netra_emu_options_parse(argc, argv, &options, &status))
		return status;
	/* Blocked before the first thread: the server takes them by signalfd. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	if (netra_emu_create(&options, &emu, why, sizeof(why)))
		return fail("emulated board", why);
	error = netra_emu_start(emu);
	if (error) {
		netra_emu_destroy(emu);
		return fail("emulated board", netra_error_name(error));
	}
	error = netra_emu_serve(emu, why, sizeof(why));
	status = error ? fail("emulated board", why) : EXIT_SUCCESS;
	if (netra_emu_stats_write(emu))
		status = fail(options.stats_path,
			      "cannot write the counters: check the folder");
	netra_emu_destroy(emu);
	return status;
}
