/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a board behind a vfio-user socket says of itself when it is opened, and
 * which of its BARs can be mapped. It is believed nothing that would be a bus
 * error later.
 */
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/bytes.h"
#include "lib/vfio_user.h"
#include "transport_vfio_user.h"

enum netra_error netra_vfio_user_explain(struct transport *t,
					 enum netra_error error,
					 const struct wire_call *call,
					 const char *what)
{
	if (error == NETRA_ERR_REFUSED)
		return netra_transport_fail(t, NETRA_ERR_IO,
					    "the board's process refused to %s (%s): see what it reported",
					    what, strerror(call->refusal));
	return netra_transport_fail(t, NETRA_ERR_GONE,
				    "the board's process ended or does not answer: start it again");
}

enum netra_error netra_vfio_user_hello(struct transport *t)
{
	enum netra_error error = netra_wire_hello(&netra_vfio_user_of(t)->wire);

	/* A server with a client closes the connections of others. */
	if (error == NETRA_ERR_GONE)
		return netra_transport_fail(t, NETRA_ERR_BUSY,
					    "the board's process closed the connection or is silent: another program has the board, end that first");
	if (error == NETRA_ERR_REFUSED)
		return netra_transport_fail(t, NETRA_ERR_BUSY,
					    "the board's process refused the connection: another program has the board, end that first");
	if (error)
		return netra_transport_fail(t, error,
					    "the process behind the socket speaks another version of vfio-user");
	return NETRA_OK;
}

/*
 * A BAR the server lets us map whole is mapped: a store then costs
 * nanoseconds, a message microseconds. A file shorter than it says would be
 * a bus error later.
 */
static void map_bar(struct transport *t, unsigned int bar,
		    const struct vfio_region_info *info, int fd)
{
	const uint32_t wanted = VFIO_REGION_INFO_FLAG_MMAP |
				VFIO_REGION_INFO_FLAG_READ |
				VFIO_REGION_INFO_FLAG_WRITE;
	struct stat st;
	void *at;

	if ((info->flags & wanted) != wanted || fstat(fd, &st) ||
	    !netra_range_ok(info->offset, info->size, (uint64_t)st.st_size))
		return;
	/* Parts left out of a sparse mapping are registers: use messages. */
	if (info->flags & VFIO_REGION_INFO_FLAG_CAPS)
		return;
	at = mmap(NULL, (size_t)info->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		  fd, (off_t)info->offset);
	if (at != MAP_FAILED)
		t->bar[bar] = at;
}

static enum netra_error learn_bar(struct transport *t, unsigned int bar)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = bar,
	};
	struct vfio_region_info reply = { 0 };
	struct wire_call call = {
		.command = VFIO_USER_DEVICE_GET_REGION_INFO,
		.head = &info,
		.head_bytes = sizeof(info),
		.send_fd = -1,
		.reply = &reply,
		.reply_size = sizeof(reply),
	};
	enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

	if (error)
		return netra_vfio_user_explain(t, error, &call, "describe its BARs");
	if (call.reply_bytes >= sizeof(reply)) {
		t->bar_bytes[bar] = reply.size;
		if (call.fds && reply.size)
			map_bar(t, bar, &reply, call.fd[0]);
	}
	netra_wire_close_fds(&call);
	return NETRA_OK;
}

enum netra_error netra_vfio_user_learn(struct transport *t)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_device_info reply = { 0 };
	struct wire_call call = {
		.command = VFIO_USER_DEVICE_GET_INFO,
		.head = &info,
		.head_bytes = sizeof(info),
		.send_fd = -1,
		.reply = &reply,
		.reply_size = sizeof(reply),
	};
	enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

	if (error)
		return netra_vfio_user_explain(t, error, &call, "describe itself");
	netra_wire_close_fds(&call);
	if (!(reply.flags & VFIO_DEVICE_FLAGS_PCI))
		return netra_transport_fail(t, NETRA_ERR_UNSUPPORTED,
					    "the process behind the socket serves no PCI device: give an emulated board's socket");
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		error = learn_bar(t, i);
		if (error)
			return error;
	}
	return NETRA_OK;
}
