/* SPDX-License-Identifier: BSD-2-Clause */
/* An emulated board as a process of its own, for tests of the library. */
#ifndef TESTS_LIB_EMULATOR_H
#define TESTS_LIB_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/netra.h"

struct emulator {
	pid_t pid;
	char folder[32];
	char name[64];		/* for netra_open */
};

/** emulator_start() - With these words after --socket; the last one NULL. */
void emulator_start(struct emulator *e, const char *const words[]);
/** emulator_stop() - With its folder. The process may have ended before. */
void emulator_stop(struct emulator *e);

/** open_board() - Open and start, or fail the test saying why. */
struct netra_board *open_board(const char *name,
			       const struct netra_options *options);

/** video() - Path of a shared test video; skips the test where it is absent. */
const char *video(const char *file, char *path, size_t size);

/** read_file() - Whole; free it. */
unsigned char *read_file(const char *path, size_t *bytes);

#endif
