/* SPDX-License-Identifier: BSD-2-Clause */
#include <spawn.h>
#include <stdarg.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "emulator.h"

extern char **environ;

void emulator_start(struct emulator *e, const char *const words[])
{
	const struct timespec step = { .tv_nsec = 5000000 };
	const char *program = getenv("NETRA_EMULATOR");
	char path[48], *argv[32];
	int n = 0;

	assert_non_null(program);
	strcpy(e->folder, "/tmp/netra-test-XXXXXX");
	assert_non_null(mkdtemp(e->folder));
	snprintf(path, sizeof(path), "%s/board", e->folder);
	snprintf(e->name, sizeof(e->name), "vfio-user:%s", path);
	argv[n++] = (char *)(uintptr_t)program;
	argv[n++] = (char *)(uintptr_t)"--socket";
	argv[n++] = path;
	while (*words && n < 31)
		argv[n++] = (char *)(uintptr_t)*words++;
	argv[n] = NULL;
	assert_int_equal(posix_spawn(&e->pid, program, NULL, NULL, argv,
				     environ), 0);
	for (int i = 0; i < 2000 && access(path, F_OK); i++)
		nanosleep(&step, NULL);
	assert_int_equal(access(path, F_OK), 0);
}

void emulator_stop(struct emulator *e)
{
	char path[48];

	if (e->pid > 0) {
		kill(e->pid, SIGTERM);
		waitpid(e->pid, NULL, 0);
	}
	snprintf(path, sizeof(path), "%s/board", e->folder);
	unlink(path);
	rmdir(e->folder);
}

struct netra_board *open_board(const char *name,
			       const struct netra_options *options)
{
	struct netra_board *board;
	char text[400];

	if (netra_open(name, options, &board)) {
		print_error("%s: %s\n", name, netra_open_error());
		fail();
	}
	if (netra_start(board)) {
		print_error("%s: %s\n", name,
			    netra_error_text(board, text, sizeof(text)));
		netra_close(board);
		fail();
	}
	return board;
}

const char *video(const char *file, char *path, size_t size)
{
	const char *folder = getenv("NETRA_VIDEO");

	snprintf(path, size, "%s/%s", folder ? folder : NETRA_VIDEO, file);
	if (access(path, R_OK)) {
		print_message("no test video %s (set NETRA_VIDEO)\n", path);
		skip();
	}
	return path;
}

unsigned char *read_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	unsigned char *data;
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	data = malloc((size_t)size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)size, file), size);
	fclose(file);
	*bytes = (size_t)size;
	return data;
}
