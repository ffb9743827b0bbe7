/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfio-user client framing. Source: QEMU docs/interop/vfio-user.rst.
 *
 * A request that got no reply leaves the stream out of step, so after any
 * time-out or malformed reply the connection is dead for good: GONE.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/vfio_user.h"
#include "transport.h"
#include "vfio_user_client.h"

/* Messages that are not the reply waited for, skipped before giving up. */
#define STRANGERS_MAX 64

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static enum netra_error die(struct wire *wire, enum netra_error error)
{
	wire->dead = error;
	return error;
}

static enum netra_error wait_for(struct wire *wire, short events,
				 uint64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = { .fd = wire->fd, .events = events };
		uint64_t now = now_ms();
		int n;

		if (now >= deadline_ms)
			return die(wire, NETRA_ERR_GONE);
		n = poll(&p, 1, (int)(deadline_ms - now));
		if (n > 0)
			return NETRA_OK;
		if (n < 0 && errno != EINTR)
			return die(wire, NETRA_ERR_GONE);
	}
}

static enum netra_error send_all(struct wire *wire, struct iovec *iov,
				 size_t count, int fd, uint64_t deadline_ms)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };

	while (count) {
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = count };
		ssize_t n;

		if (fd >= 0) {
			struct cmsghdr *c;

			m.msg_control = control.bytes;
			m.msg_controllen = sizeof(control.bytes);
			c = CMSG_FIRSTHDR(&m);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(c), &fd, sizeof(int));
		}
		n = sendmsg(wire->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (wait_for(wire, POLLOUT, deadline_ms))
				return wire->dead;
			continue;
		}
		if (n < 0)
			return die(wire, NETRA_ERR_GONE);
		fd = -1;
		while (count && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return NETRA_OK;
}

static void take_fds(struct msghdr *m, struct wire_call *call)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (call->fds < WIRE_FDS_MAX)
				call->fd[call->fds++] = fd;
			else
				close(fd);
		}
	}
}

static enum netra_error receive_all(struct wire *wire, void *to, size_t bytes,
				    struct wire_call *call, uint64_t deadline_ms)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	char *at = to;

	while (bytes) {
		struct iovec iov = { .iov_base = at, .iov_len = bytes };
		struct msghdr m = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes),
		};
		ssize_t n;

		if (wait_for(wire, POLLIN, deadline_ms))
			return wire->dead;
		n = recvmsg(wire->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return die(wire, NETRA_ERR_GONE);
		take_fds(&m, call);
		at += n;
		bytes -= (size_t)n;
	}
	return NETRA_OK;
}

static enum netra_error discard(struct wire *wire, size_t bytes,
				struct wire_call *call, uint64_t deadline_ms)
{
	char scrap[512];

	while (bytes) {
		size_t part = bytes < sizeof(scrap) ? bytes : sizeof(scrap);

		if (receive_all(wire, scrap, part, call, deadline_ms))
			return wire->dead;
		bytes -= part;
	}
	return NETRA_OK;
}

static enum netra_error take_reply(struct wire *wire, struct wire_call *call,
				   const struct vfio_user_header *header,
				   uint64_t deadline_ms)
{
	uint32_t bytes = header->size - (uint32_t)sizeof(*header);
	uint32_t kept = bytes < call->reply_size ? bytes : call->reply_size;

	if (receive_all(wire, call->reply, kept, call, deadline_ms) ||
	    discard(wire, bytes - kept, call, deadline_ms))
		return wire->dead;
	call->reply_bytes = kept;
	if (header->flags & VFIO_USER_FLAG_ERROR) {
		call->refusal = (int)header->error;
		return NETRA_ERR_REFUSED;
	}
	return NETRA_OK;
}

static enum netra_error receive(struct wire *wire, struct wire_call *call,
				uint16_t id, uint64_t deadline_ms)
{
	for (int i = 0; i < STRANGERS_MAX; i++) {
		struct vfio_user_header header = { 0 };

		if (receive_all(wire, &header, sizeof(header), call, deadline_ms))
			return wire->dead;
		if (header.size < sizeof(header) ||
		    header.size > WIRE_MESSAGE_MAX + 4096)
			return die(wire, NETRA_ERR_GONE);
		if ((header.flags & VFIO_USER_FLAG_TYPE_MASK) ==
			    VFIO_USER_FLAG_REPLY &&
		    header.id == id)
			return take_reply(wire, call, &header, deadline_ms);
		if (discard(wire, header.size - sizeof(header), call,
			    deadline_ms))
			return wire->dead;
	}
	return die(wire, NETRA_ERR_GONE);
}

enum netra_error netra_wire_call(struct wire *wire, struct wire_call *call)
{
	uint64_t deadline_ms = now_ms() + TRANSPORT_REPLY_MS;
	struct vfio_user_header header = {
		.id = wire->next_id++,
		.command = call->command,
		.size = (uint32_t)sizeof(header) + call->head_bytes +
			call->data_bytes,
	};
	struct iovec iov[3] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)call->head,
		  .iov_len = call->head_bytes },
		{ .iov_base = (void *)(uintptr_t)call->data,
		  .iov_len = call->data_bytes },
	};
	enum netra_error error;

	call->fds = 0;
	call->reply_bytes = 0;
	call->refusal = 0;
	if (wire->dead)
		return wire->dead;
	if (send_all(wire, iov, 3, call->send_fd, deadline_ms))
		return wire->dead;
	error = receive(wire, call, header.id, deadline_ms);
	if (error)
		netra_wire_close_fds(call);
	return error;
}

void netra_wire_close_fds(struct wire_call *call)
{
	while (call->fds)
		close(call->fd[--call->fds]);
}

/* The one number of the server's capabilities that matters here. */
static uint32_t find_max_transfer(const char *json)
{
	static const char key[] = "\"max_data_xfer_size\"";
	const char *at = strstr(json, key);
	unsigned long value;

	if (!at)
		return WIRE_MESSAGE_MAX;
	at += sizeof(key) - 1;
	at += strspn(at, " \t\r\n:");
	value = strtoul(at, NULL, 10);
	if (value < 4 || value > WIRE_MESSAGE_MAX)
		return WIRE_MESSAGE_MAX;
	return (uint32_t)value & ~3u;
}

enum netra_error netra_wire_hello(struct wire *wire)
{
	static const struct {
		struct vfio_user_version version;
		char json[96];
	} hello = {
		.version = { .major = 0, .minor = 1 },
		.json = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}",
	};
	struct {
		struct vfio_user_version version;
		char json[1024];
	} answer = { 0 };
	struct wire_call call = {
		.command = VFIO_USER_VERSION,
		.head = &hello,
		.head_bytes = (uint32_t)(sizeof(hello.version) +
					 strlen(hello.json) + 1),
		.send_fd = -1,
		.reply = &answer,
		.reply_size = sizeof(answer) - 1,
	};
	enum netra_error error = netra_wire_call(wire, &call);

	if (error)
		return error;
	netra_wire_close_fds(&call);
	if (call.reply_bytes < sizeof(answer.version) || answer.version.major)
		return die(wire, NETRA_ERR_UNSUPPORTED);
	wire->max_transfer = find_max_transfer(answer.json);
	return NETRA_OK;
}
