/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board that the Linux driver drives: opening it, its errors, commands and
 * events. Nothing is kept here but what the driver said last; the board's lock
 * guards only that, and is not held over a call.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"

/* netra_errno() of the driver, from the other side. */
static const struct {
	int code;
	enum netra_error error;
	const char *text;	/* where the driver gave none */
} errors[] = {
	{ EAGAIN, NETRA_ERR_AGAIN, "nothing to take now" },
	{ EINVAL, NETRA_ERR_INVALID, "the driver refused an argument" },
	{ EBADF, NETRA_ERR_INVALID, "no such reader" },
	{ ENOMEM, NETRA_ERR_NO_MEMORY, "the system is out of memory" },
	{ ENOENT, NETRA_ERR_NOT_FOUND, "the board has no such channel" },
	{ EACCES, NETRA_ERR_PERMISSION, "no permission" },
	{ EPERM, NETRA_ERR_PERMISSION,
	  "no permission to command the board, only to watch it: join the group of its node, or run as root" },
	{ EBUSY, NETRA_ERR_BUSY, "the board is busy with another command: try again" },
	{ EMFILE, NETRA_ERR_BUSY, "too many readers: close some" },
	{ EUSERS, NETRA_ERR_BUSY, "too many readers on the channel: close some" },
	{ ETIMEDOUT, NETRA_ERR_TIMEOUT, "the board did not answer" },
	{ ENODEV, NETRA_ERR_GONE,
	  "the board is gone: close it, and open it when it is back" },
	{ EOPNOTSUPP, NETRA_ERR_UNSUPPORTED, "the board cannot do it" },
	{ ENOTCONN, NETRA_ERR_STATE,
	  "the board is not started: boot it first (netra boot)" },
	{ EPROTO, NETRA_ERR_PROTOCOL, "the board broke the protocol" },
	{ EBADMSG, NETRA_ERR_CORRUPT, "damaged data" },
	{ ESTALE, NETRA_ERR_OVERWRITTEN, "held too long" },
	{ ENODATA, NETRA_ERR_ENDED, "the stream has ended" },
	{ EHOSTDOWN, NETRA_ERR_BOOT, "the board failed: boot it again" },
	{ ENOEXEC, NETRA_ERR_IMAGE, "a firmware image is missing" },
	{ EREMOTEIO, NETRA_ERR_REFUSED, "the board refused" },
};

static const size_t error_count = sizeof(errors) / sizeof(errors[0]);

enum netra_error netra_kernel_error(int code)
{
	for (size_t i = 0; i < error_count; i++)
		if (errors[i].code == code)
			return errors[i].error;
	return NETRA_ERR_IO;
}

static const char *text_of(int code)
{
	for (size_t i = 0; i < error_count; i++)
		if (errors[i].code == code)
			return errors[i].text;
	return strerror(code);
}

enum netra_error netra_kernel_call(struct netra_board *board,
				   unsigned long request, void *argument,
				   const char *text)
{
	int code;

	while (ioctl(board->kernel_fd, request, argument)) {
		code = errno;
		if (code == EINTR)
			continue;
		pthread_mutex_lock(&board->lock);
		netra_fail(board, netra_kernel_error(code), "%s",
			   text && *text ? text : text_of(code));
		pthread_mutex_unlock(&board->lock);
		return netra_kernel_error(code);
	}
	return NETRA_OK;
}

bool netra_kernel_state(int fd, struct netra_ioc_status *status)
{
	return !ioctl(fd, NETRA_IOC_STATUS, status);
}

/* poll() says that it is lost: find out how. */
static void lost(struct netra_board *board, bool gone)
{
	struct netra_ioc_status status;
	struct netra_host *host = &board->host;

	if (gone || !netra_kernel_state(board->kernel_fd, &status)) {
		host->lost = netra_fail(board, NETRA_ERR_GONE,
					"the board is gone: close it, and open it when it is back");
	} else if (status.error) {
		host->lost = status.error < NETRA_ERR_COUNT ?
				     (enum netra_error)status.error :
				     NETRA_ERR_IO;
		netra_fail(board, host->lost, "%s", status.error_text);
	}
}

static bool handle(struct netra_board *board, const struct epoll_event *event,
		   int count)
{
	uint32_t events = 0;

	for (int i = 0; i < count; i++)
		events |= event[i].events;
	if (events & (EPOLLHUP | EPOLLERR))
		lost(board, events & EPOLLHUP);
	if (events)
		netra_kernel_look(board);
	return events;
}

static enum netra_error send_command(struct netra_board *board,
				     uint32_t channel, enum netra_opcode opcode,
				     uint32_t arg0, uint32_t arg1,
				     uint32_t flags)
{
	struct netra_ioc_command wanted = {
		.channel = channel,
		.opcode = (uint32_t)opcode,
		.arg = { arg0, arg1 },
		.flags = flags,
	};

	return netra_kernel_call(board, NETRA_IOC_COMMAND, &wanted,
				 wanted.error_text);
}

static enum netra_error command(struct netra_board *board, uint32_t channel,
				enum netra_opcode opcode, uint32_t arg0,
				uint32_t arg1)
{
	return send_command(board, channel, opcode, arg0, arg1, 0);
}

static enum netra_error post(struct netra_board *board, uint32_t channel,
			     enum netra_opcode opcode, uint32_t arg0,
			     uint32_t arg1)
{
	return send_command(board, channel, opcode, arg0, arg1,
			    NETRA_COMMAND_POST);
}

static enum netra_error next_event(struct netra_board *board,
				   struct netra_event *event)
{
	struct netra_ioc_event from;

	if (ioctl(board->kernel_fd, NETRA_IOC_EVENT, &from))
		return netra_kernel_error(errno);
	*event = (struct netra_event){
		.notice = (enum netra_notice)from.notice,
		.type = (enum netra_event_type)from.type,
		.channel = from.channel,
		.host_time_ns = from.host_time_ns,
	};
	memcpy(event->arg, from.arg, sizeof(event->arg));
	memcpy(event->text, from.text, sizeof(event->text));
	if (event->notice == NETRA_NOTICE_BOARD)
		netra_describe_event(event);
	pthread_mutex_lock(&board->lock);
	board->host.events_lost += from.lost;
	pthread_mutex_unlock(&board->lock);
	return NETRA_OK;
}

static size_t sets(struct netra_board *board, uint32_t channel, void *buffer)
{
	struct netra_ioc_sets sets = { .channel = channel };

	if (ioctl(board->kernel_fd, NETRA_IOC_SETS, &sets) ||
	    sets.bytes > sizeof(sets.data))
		return 0;
	memcpy(buffer, sets.data, sets.bytes);
	return sets.bytes;
}

static void close_board(struct netra_board *board)
{
	if (board->host.view)
		munmap((void *)(uintptr_t)board->host.view,
		       board->host.arena_bytes);
	netra_board_release(board);
}

static const struct board_ops ops = {
	.close = close_board,
	.boot = netra_kernel_boot,
	.start = netra_kernel_start,
	.reset = netra_kernel_reset,
	.command = command,
	.post = post,
	.next_event = next_event,
	.details = netra_kernel_details,
	.stats = netra_kernel_stats,
	.channel_stats = netra_kernel_channel_stats,
	.dump = netra_kernel_dump,
	.sets = sets,
	.reader_open = netra_kernel_reader_open,
};

/* Who may only watch may read the node, not write it. */
static enum netra_error open_node(const char *path, int *fd, char *why,
				  size_t why_size)
{
	struct netra_ioc_status status;

	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0 && errno == EACCES)
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0 && netra_kernel_state(*fd, &status))
		return NETRA_OK;
	if (*fd >= 0 && errno == ENOTTY) {
		snprintf(why, why_size,
			 "no board, or one of another version of the driver: install driver and library of one version");
		close(*fd);
		return NETRA_ERR_UNSUPPORTED;
	}
	switch (errno) {
	case ENOENT:
		snprintf(why, why_size,
			 "no such board: 'netra list' shows those there are; is the driver loaded (modprobe netra)?");
		break;
	case EACCES:
		snprintf(why, why_size,
			 "no permission: join the group of %s, or run as root",
			 path);
		break;
	default:
		snprintf(why, why_size, "%s", text_of(errno));
		break;
	}
	if (*fd >= 0) {
		close(*fd);
		return NETRA_ERR_GONE;
	}
	return errno == ENXIO ? NETRA_ERR_GONE : netra_kernel_error(errno);
}

enum netra_error netra_kernel_open(const char *path,
				   const struct netra_options *options,
				   struct netra_board **board, char *why,
				   size_t why_size)
{
	enum netra_error error;
	struct netra_board *b;
	int fd;

	if (options && (options->heartbeat_timeout_ms ||
			options->stall_timeout_ms || options->boot_timeout_ms)) {
		snprintf(why, why_size,
			 "the kernel's driver has its own time-outs: give none");
		return NETRA_ERR_UNSUPPORTED;
	}
	error = open_node(path, &fd, why, why_size);
	if (error)
		return error;
	b = netra_board_allocate(path, options, &ops, handle);
	if (!b) {
		snprintf(why, why_size, "out of memory");
		close(fd);
		return NETRA_ERR_NO_MEMORY;
	}
	b->kernel_fd = fd;
	/* The driver wakes for what is new; what is old does not wake twice. */
	error = netra_board_watch(b, fd, EPOLLIN | EPOLLET);
	if (error) {
		snprintf(why, why_size, "%s", b->host.error_text);
		netra_board_release(b);
		return error;
	}
	*board = b;
	return NETRA_OK;
}
