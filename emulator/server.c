/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket of the board: one client at a time, others are refused at once.
 * Receiving never blocks, so that a client that stops in the middle of a
 * message keeps nobody else waiting; sending is bounded by a time-out.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

#define SEND_TIMEOUT_S	5
#define REFUSE_WAIT_MS	50

struct server {
	struct netra_emu *emu;
	int listen_fd;		/* -1: one inherited connection, no others */
	int client_fd;
	int signal_fd;
	int parent_fd;
	bool bound;		/* the socket's name is ours to remove */
	struct netra_emu_link link;
	uint8_t *in;
	size_t in_have;
	int fds[NETRA_EMU_FDS_MAX];
	size_t fd_count;
	uint8_t *out;
};

static void drop_fds(struct server *server)
{
	for (size_t i = 0; i < server->fd_count; i++)
		if (server->fds[i] >= 0)
			close(server->fds[i]);
	server->fd_count = 0;
}

static void client_attach(struct server *server, int fd)
{
	struct timeval limit = { .tv_sec = SEND_TIMEOUT_S };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	server->client_fd = fd;
	server->in_have = 0;
	server->link.emu = server->emu;
	server->link.negotiated = false;
	netra_emu_count(&server->emu->counters.clients, 1);
}

static void client_drop(struct server *server)
{
	drop_fds(server);
	close(server->client_fd);
	server->client_fd = -1;
	netra_emu_client_gone(server->emu);
}

/* Say why before hanging up: the answer to whatever is asked first is EBUSY. */
static void refuse(struct server *server, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct vfio_user_header header = { .command = VFIO_USER_VERSION };
	uint8_t rest[4096];

	netra_emu_count(&server->emu->counters.clients_refused, 1);
	if (poll(&wait, 1, REFUSE_WAIT_MS) == 1)
		(void)!recv(fd, &header, sizeof(header), MSG_DONTWAIT);
	header.size = sizeof(header);
	header.flags = VFIO_USER_FLAG_REPLY | VFIO_USER_FLAG_ERROR;
	header.error = EBUSY;
	(void)!send(fd, &header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL);
	/* What is left unread would reset the connection under the answer. */
	(void)!recv(fd, rest, sizeof(rest), MSG_DONTWAIT);
	close(fd);
}

/* Keep the descriptors of a message; false if there are too many. */
static bool keep_fds(struct server *server, struct msghdr *message)
{
	bool ok = !(message->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
	     c = CMSG_NXTHDR(message, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
			if (server->fd_count < NETRA_EMU_FDS_MAX) {
				server->fds[server->fd_count++] = fd;
			} else {
				close(fd);
				ok = false;
			}
		}
	}
	return ok;
}

static bool send_reply(struct server *server,
		       const struct netra_emu_reply *reply)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec piece = { reply->data, reply->length };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (reply->fd >= 0) {
		struct cmsghdr *c = &control.header;

		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &reply->fd, sizeof(int));
	}
	while (piece.iov_len) {
		ssize_t sent = sendmsg(server->client_fd, &message,
				       MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		piece.iov_base = (uint8_t *)piece.iov_base + sent;
		piece.iov_len -= (size_t)sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
	return true;
}

/* A whole message is there. Return: false to hang up. */
static bool answer(struct server *server)
{
	struct netra_emu_reply reply = { .data = server->out };

	netra_emu_message(&server->link, server->in, server->in_have,
			  server->fds, server->fd_count, &reply);
	drop_fds(server);
	server->in_have = 0;
	if (reply.hang_up)
		return false;
	return reply.length == 0 || send_reply(server, &reply);
}

/* Receive what there is of one message. Return: false to hang up. */
static bool receive(struct server *server)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(NETRA_EMU_FDS_MAX * sizeof(int))];
	} control;
	struct vfio_user_header header;
	size_t want = sizeof(header);
	struct iovec piece;
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got;

	if (server->in_have >= sizeof(header)) {
		memcpy(&header, server->in, sizeof(header));
		want = header.size;
	}
	piece.iov_base = server->in + server->in_have;
	piece.iov_len = want - server->in_have;
	got = recvmsg(server->client_fd, &message,
		      MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0 || !keep_fds(server, &message))
		return false;
	server->in_have += (size_t)got;
	if (server->in_have < sizeof(header))
		return true;
	memcpy(&header, server->in, sizeof(header));
	if (header.size < sizeof(header) ||
	    header.size > NETRA_EMU_MESSAGE_MAX)
		return false;
	return server->in_have < header.size ? true : answer(server);
}

/* A socket that was made before us: listening, or with a client already. */
static enum netra_error adopt_socket(struct server *server, int fd, char *why,
				     size_t why_size)
{
	int listening = 0;
	socklen_t length = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		       &length) < 0) {
		snprintf(why, why_size, "--listen-fd %d: %s", fd,
			 strerror(errno));
		return NETRA_ERR_INVALID;
	}
	if (listening)
		server->listen_fd = fd;
	else
		client_attach(server, fd);
	return NETRA_OK;
}

static enum netra_error open_socket(struct server *server, char *why,
				    size_t why_size)
{
	const struct netra_emu_options *options = &server->emu->options;

	if (options->listen_fd >= 0)
		return adopt_socket(server, options->listen_fd, why, why_size);
	server->listen_fd = netra_emu_listen(options->socket_path, why,
					     why_size);
	server->bound = server->listen_fd >= 0;
	return server->bound ? NETRA_OK : NETRA_ERR_IO;
}

/* Return: false to end. */
static bool on_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signal_fd, &info, sizeof(info)) != sizeof(info))
		return true;
	if (info.ssi_signo != SIGUSR1)
		return false;
	netra_emu_stats_write(server->emu);
	return true;
}

static void loop(struct server *server)
{
	for (;;) {
		struct pollfd wait[4] = {
			{ .fd = server->signal_fd, .events = POLLIN },
			{ .fd = server->parent_fd, .events = POLLIN },
			{ .fd = server->listen_fd, .events = POLLIN },
			{ .fd = server->client_fd, .events = POLLIN },
		};
		int fd;

		if (poll(wait, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (wait[1].revents ||
		    (wait[0].revents && !on_signal(server)))
			return;
		if (server->client_fd >= 0 && wait[3].revents &&
		    !receive(server)) {
			client_drop(server);
			if (server->listen_fd < 0)
				return;
		}
		if (!wait[2].revents)
			continue;
		fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (server->client_fd >= 0)
			refuse(server, fd);
		else
			client_attach(server, fd);
	}
}

enum netra_error netra_emu_serve(struct netra_emu *emu, char *why,
				 size_t why_size)
{
	struct server server = {
		.emu = emu, .listen_fd = -1, .client_fd = -1,
		.signal_fd = -1, .parent_fd = -1,
	};
	enum netra_error error = NETRA_ERR_NO_MEMORY;
	sigset_t signals;

	snprintf(why, why_size, "%s", strerror(ENOMEM));
	server.in = malloc(NETRA_EMU_MESSAGE_MAX);
	server.out = malloc(NETRA_EMU_MESSAGE_MAX);
	if (!server.in || !server.out)
		goto out;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	server.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (emu->options.parent_death) {
		/* Not prctl(): that goes by the parent's thread. */
		server.parent_fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
		if (server.parent_fd < 0 || getppid() == 1) {
			error = NETRA_OK;
			goto out;
		}
	}
	error = open_socket(&server, why, why_size);
	if (error)
		goto out;
	loop(&server);
	if (server.client_fd >= 0)
		client_drop(&server);
	if (server.listen_fd >= 0)
		close(server.listen_fd);
	if (server.bound)
		unlink(emu->options.socket_path);
out:
	if (server.parent_fd >= 0)
		close(server.parent_fd);
	if (server.signal_fd >= 0)
		close(server.signal_fd);
	free(server.out);
	free(server.in);
	return error;
}
