/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "emulated": a board of our own, a child process that serves vfio-user on
 * one end of a socket pair: nobody else can reach it, and connecting cannot
 * race with its start.
 *
 * The child is asked to end with us; what it prints goes to a file in memory,
 * so that the reason it did not start can be told.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "names.h"

#define WORDS_MAX 96
#define SERVER_FD 3
#define STOP_MS 2000u

extern char **environ;

struct emulated {
	pid_t pid;
	int log;
};

bool netra_beside_us(const char *relative, char *path, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return false;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = 0;
	return (size_t)snprintf(path, size, "%s/%s", self, relative) < size;
}

static bool find_program(char *path, size_t size)
{
	static const char *const places[] = {
		"../emulator/netra-emulator",
		"emulator/netra-emulator",
		"netra-emulator",
		"../../emulator/netra-emulator",
	};
	const char *named = getenv("NETRA_EMULATOR");

	if (named && *named)
		return (size_t)snprintf(path, size, "%s", named) < size;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (netra_beside_us(places[i], path, size) && !access(path, X_OK))
			return true;
	}
	snprintf(path, size, "%s/netra-emulator", NETRA_LIBEXECDIR);
	return !access(path, X_OK);
}

static bool make_words(const char *program, const char *options, char *word[],
		       char *text, size_t size)
{
	char option[512];
	int n = 0, more;

	word[n++] = (char *)(uintptr_t)program;
	word[n++] = (char *)(uintptr_t) "--listen-fd";
	word[n++] = (char *)(uintptr_t) "3";
	word[n++] = (char *)(uintptr_t) "--parent-death";
	while ((more = netra_name_option(&options, option, sizeof(option))) > 0) {
		size_t bytes = strlen(option) + 1;

		if (n + 1 >= WORDS_MAX || bytes > size)
			return false;
		memcpy(text, option, bytes);
		word[n++] = text;
		text += bytes;
		size -= bytes;
	}
	word[n] = NULL;
	return !more;
}

static int spawn(struct emulated *e, const char *program, char *word[],
		 int server)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int code;

	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&actions))
		return ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	/* In a group of its own: an interrupt key is for the caller, which
	 * then wants the board to live until it has closed its files. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, e->log, 1);
	posix_spawn_file_actions_adddup2(&actions, e->log, 2);
	posix_spawn_file_actions_adddup2(&actions, server, SERVER_FD);
	code = posix_spawn(&e->pid, program, &actions, &attributes, word,
			   environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

/* adddup2() of a descriptor onto itself would leave it close-on-exec. */
static int move_up(int fd)
{
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, SERVER_FD + 1);

	close(fd);
	return higher;
}

enum netra_error netra_emulated_start(const char *options,
				      struct emulated **emulated, int *client,
				      char *why, size_t why_size)
{
	char program[600], text[4096], *word[WORDS_MAX];
	enum netra_error error = NETRA_ERR_NO_MEMORY;
	struct emulated *e = calloc(1, sizeof(*e));
	int pair[2], code;

	snprintf(why, why_size, "out of memory");
	if (!e)
		return error;
	if (!find_program(program, sizeof(program))) {
		snprintf(why, why_size,
			 "netra-emulator is not installed: name it in NETRA_EMULATOR");
		error = NETRA_ERR_NOT_FOUND;
		goto err_free;
	}
	if (!make_words(program, options, word, text, sizeof(text))) {
		snprintf(why, why_size,
			 "too many options for an emulated board");
		error = NETRA_ERR_INVALID;
		goto err_free;
	}
	e->log = memfd_create("netra-emulator", MFD_CLOEXEC);
	if (e->log < 0)
		goto err_free;
	fcntl(e->log, F_SETFL, O_APPEND);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		snprintf(why, why_size, "no socket: %s", strerror(errno));
		error = NETRA_ERR_IO;
		goto err_log;
	}
	*client = pair[0];
	pair[1] = move_up(pair[1]);
	code = pair[1] < 0 ? errno : spawn(e, program, word, pair[1]);
	if (pair[1] >= 0)
		close(pair[1]);
	if (code) {
		snprintf(why, why_size,
			 "%s: %s: name the emulator in NETRA_EMULATOR", program,
			 strerror(code));
		error = NETRA_ERR_NOT_FOUND;
		goto err_client;
	}
	*emulated = e;
	return NETRA_OK;

err_client:
	close(*client);
err_log:
	close(e->log);
err_free:
	free(e);
	return error;
}

void netra_emulated_said(struct emulated *emulated, char *text, size_t size)
{
	ssize_t n = pread(emulated->log, text, size - 1, 0);
	char *end;

	text[n > 0 ? n : 0] = 0;
	end = strchr(text, '\n');
	if (end)
		*end = 0;
}

/* True once the child has been reaped. */
static bool ended_within(pid_t pid, uint32_t ms)
{
	const struct timespec step = { .tv_nsec = 2 * NETRA_NS_PER_MS };

	for (uint32_t waited = 0;; waited += 2) {
		pid_t n = waitpid(pid, NULL, WNOHANG);

		if (n == pid || (n < 0 && errno != EINTR))
			return true;
		if (waited >= ms)
			return false;
		nanosleep(&step, NULL);
	}
}

void netra_emulated_stop(struct emulated *emulated)
{
	if (!emulated)
		return;
	kill(emulated->pid, SIGTERM);
	if (!ended_within(emulated->pid, STOP_MS)) {
		kill(emulated->pid, SIGKILL);
		ended_within(emulated->pid, STOP_MS);
	}
	close(emulated->log);
	free(emulated);
}
