/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for a board, for signals, and for one descriptor more. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"
#include "loop.h"
#include "outfile.h"

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

int cli_stop_begin(void)
{
	sigset_t set;
	int fd;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		cli_error("signals: %s: close other programs and try again",
			  strerror(errno));
	return fd;
}

void cli_stop_end(int stop_fd)
{
	struct signalfd_siginfo info;
	sigset_t set;

	/* The signal that stopped us is still pending until it is read. */
	while (read(stop_fd, &info, sizeof(info)) > 0)
		;
	close(stop_fd);
	stop_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

unsigned int cli_wait(struct netra_board *board, int stop_fd,
		      struct pollfd *extra, uint64_t until_ns)
{
	struct pollfd fds[3] = {
		{ .fd = netra_fd(board), .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN },
		{ .fd = -1 },
	};
	uint64_t now_ns = cli_now_ns();
	struct timespec left = { 0 };
	unsigned int wake = 0;
	enum netra_error error;
	int ready;

	if (until_ns > now_ns) {
		left.tv_sec = (time_t)((until_ns - now_ns) / 1000000000u);
		left.tv_nsec = (long)((until_ns - now_ns) % 1000000000u);
		/* Times beyond reach need not be exact, only not overflow. */
		if (left.tv_sec > 3600)
			left.tv_sec = 3600;
	}
	if (extra)
		fds[2] = *extra;
	ready = ppoll(fds, 3, &left, NULL);
	if (ready < 0)
		return 0;
	/* When the time is up as well: frames may be there and not told of yet. */
	if (!ready || fds[0].revents) {
		error = netra_dispatch(board, 0);
		if (error != NETRA_OK && error != NETRA_ERR_AGAIN)
			wake |= CLI_WAKE_LOST;
	}
	if (fds[1].revents)
		wake |= CLI_WAKE_STOP;
	if (extra) {
		extra->revents = fds[2].revents;
		if (extra->revents)
			wake |= CLI_WAKE_EXTRA;
	}
	return wake;
}

unsigned int cli_wait_output(struct netra_board *board, int stop_fd,
			     const struct cli_outfile *file, uint64_t until_ns)
{
	struct pollfd out = { .events = POLLOUT };

	if (!file)
		return cli_wait(board, stop_fd, NULL, until_ns);
	out.fd = file->fd;
	return cli_wait(board, stop_fd, &out, until_ns);
}
