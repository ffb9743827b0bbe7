/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output files: FILE.part until they are whole, then FILE. Pipes, devices
 * and standard output are written as they are.
 */
#ifndef NETRA_CLI_OUTFILE_H
#define NETRA_CLI_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_outfile {
	int fd;
	const char *name;	/* as the user gave it */
	char *part;		/* name until whole; NULL if written directly */
	bool regular;		/* writing never waits for a reader */
	uint64_t bytes;		/* written so far */
	bool closed;		/* whoever read our pipe went away */
};

/**
 * cli_outfile_open() - Open for writing.
 * @name: NULL or "-" for standard output.
 * Return: 0, or -1, said.
 */
int cli_outfile_open(struct cli_outfile *file, const char *name);

/** cli_outfile_fail() - Say that writing failed with @number (an errno). */
void cli_outfile_fail(const struct cli_outfile *file, int number);

/**
 * cli_outfile_write() - As much as goes without waiting.
 * @writable: cli_wait_output() said so; what is no regular file is not written
 *	else, but on Windows, where writing waits for the reader.
 * @written: Receives how much it was; none once file->closed.
 * Return: 0, or -1, said.
 */
int cli_outfile_write(struct cli_outfile *file, const void *data, size_t length,
		      bool writable, size_t *written);

/** cli_outfile_ready() - Does it take more, within @timeout_ms? */
bool cli_outfile_ready(const struct cli_outfile *file, unsigned int timeout_ms);

/** cli_outfile_finish() - All is written: sync, final name. 0, or -1, said. */
int cli_outfile_finish(struct cli_outfile *file);

/**
 * cli_outfile_abandon() - It will not become whole.
 * @keep: Leave what there is as FILE.part and say so, unless it is empty.
 */
void cli_outfile_abandon(struct cli_outfile *file, bool keep);

#endif
