/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command is on Linux: its verbs, its clock, and how it begins. */
#include <signal.h>
#include <time.h>

#include "cli.h"

const struct cli_verb *const cli_verbs[] = {
	&cli_verb_emulate, &cli_verb_list, &cli_verb_boot, &cli_verb_status,
	&cli_verb_top, &cli_verb_capture, &cli_verb_record, &cli_verb_serve,
	&cli_verb_user, &cli_verb_store, &cli_verb_verify, &cli_verb_export,
	&cli_verb_bench, &cli_verb_dump, NULL,
};

const char cli_boards[] =
	"/dev/netra0 (by the Linux driver), pci:0000:03:00.0 (by VFIO),\n"
	"        vfio-user:PATH (an emulated one),\n"
	"        emulated[:OPTIONS] (an emulated one for the life of the command)";
const char cli_no_board[] =
	"'netra status emulated' shows an\nemulated one.";
const char cli_board_like[] = "'emulated' or 'pci:0000:03:00.0'";

uint64_t cli_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void cli_begin(void)
{
	/* A reader that went away is seen as EPIPE, where it is written. */
	signal(SIGPIPE, SIG_IGN);
	/* A file at its limit is an error of write(), as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
}
