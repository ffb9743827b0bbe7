/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netra command: what all verbs share. One thread, but for the memory
 * writer of the benchmark (on Linux a process).
 */
#ifndef NETRA_CLI_H
#define NETRA_CLI_H

#include <stdint.h>

enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
};

struct cli_verb {
	const char *name;
	const char *operand;	/* "BOARD", or NULL if it takes none */
	int boards_max;		/* how many of those; 0 = 1 */
	const char *synopsis;	/* the most used options, for the usage line */
	const char *summary;	/* one line, for the list of verbs */
	const char *description;
	int (*run)(const struct cli_verb *verb, int argc, char **argv);
};

extern const struct cli_verb cli_verb_emulate;
extern const struct cli_verb cli_verb_list;
extern const struct cli_verb cli_verb_boot;
extern const struct cli_verb cli_verb_status;
extern const struct cli_verb cli_verb_top;
extern const struct cli_verb cli_verb_capture;
extern const struct cli_verb cli_verb_record;
extern const struct cli_verb cli_verb_serve;
extern const struct cli_verb cli_verb_user;
extern const struct cli_verb cli_verb_bench;
extern const struct cli_verb cli_verb_dump;
extern const struct cli_verb cli_verb_store;
extern const struct cli_verb cli_verb_verify;
extern const struct cli_verb cli_verb_export;

/* Of this system; the verbs end with NULL. */
extern const struct cli_verb *const cli_verbs[];
extern const char cli_boards[];		/* how boards are named, for the usage */
extern const char cli_board_like[];	/* two of them */
extern const char cli_no_board[];	/* what else to look at */

/** cli_begin() - Before all else: signals, the console. */
void cli_begin(void);

/**
 * cli_error() - One line on standard error: "netra: what: why: what to do".
 *
 * Clears a progress line that stands there. Control characters in what is
 * printed (a file name may hold any) become '?'.
 */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** cli_now_ns() - CLOCK_MONOTONIC (Windows: QueryPerformanceCounter), never 0. */
uint64_t cli_now_ns(void);

#endif
