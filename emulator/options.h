/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of netra-emulator. */
#ifndef NETRA_EMULATOR_OPTIONS_H
#define NETRA_EMULATOR_OPTIONS_H

#include "emulator.h"

/**
 * netra_emu_options_parse() - Read the command line.
 * @status: Receives the exit status if there is nothing more to do.
 * Return: false after --help, --version (status 0) or wrong usage (2); what
 * is to be said has been said.
 */
bool netra_emu_options_parse(int argc, char **argv,
			     struct netra_emu_options *options, int *status);

#endif
