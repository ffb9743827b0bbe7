/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for a board, for signals, and for one descriptor more. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"
#include "loop.h"

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

	if (until_ns > now_ns) {
		left.tv_sec = (time_t)((until_ns - now_ns) / 1000000000u);
		left.tv_nsec = (long)((until_ns - now_ns) % 1000000000u);
		/* Times beyond reach need not be exact, only not overflow. */
		if (left.tv_sec > 3600)
			left.tv_sec = 3600;
	}
	if (extra)
		fds[2] = *extra;
	if (ppoll(fds, 3, &left, NULL) < 0)
		return 0;
	if (fds[0].revents) {
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

/* What an event says, without its channel; NULL: it is not worth a line. */
static const char *event_text(const struct netra_event *event, char *room,
			      size_t size)
{
	if (event->notice != NETRA_NOTICE_BOARD)
		return event->text;
	switch (event->type) {
	case NETRA_EVENT_SIGNAL_LOST:
		return "signal lost: check the camera and its cable";
	case NETRA_EVENT_SIGNAL_FOUND:
		return "signal found";
	case NETRA_EVENT_FAULT:
		snprintf(room, size, "the board reports fault %u: see 'netra "
			 "dump'", event->arg[0]);
		return room;
	default:
		return NULL;
	}
}

void cli_report_events(struct netra_board *board, json_t *list)
{
	struct netra_event event;

	while (netra_next_event(board, &event) == NETRA_OK) {
		bool whole = event.channel == NETRA_EVENT_BOARD;
		char room[64], line[160];
		const char *text = event_text(&event, room, sizeof(room));

		if (!text)
			continue;
		if (whole || strncmp(text, "channel ", 8) == 0)
			snprintf(line, sizeof(line), "%s", text);
		else
			snprintf(line, sizeof(line), "channel %u: %s",
				 event.channel, text);
		cli_error("%s", line);
		json_array_append_new(list, json_pack(
			"{s:I, s:I, s:s}", "host_time_ns",
			(json_int_t)event.host_time_ns, "channel",
			whole ? (json_int_t)-1 : (json_int_t)event.channel,
			"text", line));
	}
}
