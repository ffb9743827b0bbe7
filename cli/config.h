/* SPDX-License-Identifier: BSD-2-Clause */
/* Options from a file: "option = value" lines, as on the command line. */
#ifndef NETRA_CLI_CONFIG_H
#define NETRA_CLI_CONFIG_H

/* A verb's words, those of a file first: what comes later wins. */
struct cli_words {
	int count;
	char **word;	/* NULL at the end */
};

/**
 * cli_config() - The words of @argv, and in front of them those of the file
 * that "--config FILE" among them names.
 *
 * A flag is "flag = yes"; "board = NAME" is an operand; # begins a remark.
 * Return: CLI_OK, or the exit status: all has been said. Free with
 * cli_config_free().
 */
int cli_config(int argc, char **argv, struct cli_words *words);
void cli_config_free(struct cli_words *words);

#endif
