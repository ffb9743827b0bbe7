/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board behind a vfio-user socket. There is no operating system and no BIOS
 * between it and us, so this side is its root complex: BAR addresses and the
 * command register are ours to write (bus.c does).
 *
 * A closed socket means that the board's process ended: GONE at once.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/vfio_user.h"
#include "transport_vfio_user.h"

/* Emulated memory has no neighbours on the bus: any aligned address does. */
#define IOVA_BASE 0x10000000u

static enum netra_error region_read(struct transport *t, unsigned int region,
				    uint64_t offset, void *data, uint32_t length)
{
	uint8_t *to = data;

	while (length) {
		struct {
			struct vfio_user_region_access access;
			uint8_t data[4096];
		} reply;
		uint32_t part = length < sizeof(reply.data) ?
					length :
					(uint32_t)sizeof(reply.data);
		struct vfio_user_region_access access = {
			.offset = offset,
			.region = region,
			.count = part,
		};
		struct wire_call call = {
			.command = VFIO_USER_REGION_READ,
			.head = &access,
			.head_bytes = sizeof(access),
			.send_fd = -1,
			.reply = &reply,
			.reply_size = sizeof(reply),
		};
		enum netra_error error;

		reply.access.count = 0;
		error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);
		if (error)
			return netra_vfio_user_explain(t, error, &call, "be read");
		netra_wire_close_fds(&call);
		if (call.reply_bytes != sizeof(access) + part ||
		    reply.access.count != part)
			return netra_transport_fail(t, NETRA_ERR_PROTOCOL,
						    "a read was answered with the wrong length: the board's process is broken, restart it");
		memcpy(to, reply.data, part);
		to += part;
		offset += part;
		length -= part;
	}
	return NETRA_OK;
}

static enum netra_error region_write(struct transport *t, unsigned int region,
				     uint64_t offset, const void *data,
				     uint32_t length)
{
	uint32_t most = netra_vfio_user_of(t)->wire.max_transfer;
	const uint8_t *from = data;

	while (length) {
		uint32_t part = length < most ? length : most;
		struct vfio_user_region_access access = {
			.offset = offset,
			.region = region,
			.count = part,
		};
		struct vfio_user_region_access reply;
		struct wire_call call = {
			.command = VFIO_USER_REGION_WRITE,
			.head = &access,
			.head_bytes = sizeof(access),
			.data = from,
			.data_bytes = part,
			.send_fd = -1,
			.reply = &reply,
			.reply_size = sizeof(reply),
		};
		enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

		if (error)
			return netra_vfio_user_explain(t, error, &call, "be written");
		netra_wire_close_fds(&call);
		from += part;
		offset += part;
		length -= part;
	}
	return NETRA_OK;
}

static enum netra_error config_read(struct transport *t, uint32_t offset,
				    void *data, uint32_t length)
{
	return region_read(t, VFIO_PCI_CONFIG_REGION_INDEX, offset, data,
			   length);
}

static enum netra_error config_write(struct transport *t, uint32_t offset,
				     const void *data, uint32_t length)
{
	return region_write(t, VFIO_PCI_CONFIG_REGION_INDEX, offset, data,
			    length);
}

static enum netra_error dma_place(struct transport *t, uint64_t bytes,
				  uint64_t align, uint64_t *iova)
{
	(void)t;
	(void)bytes;
	*iova = (IOVA_BASE + align - 1) & ~(align - 1);
	return NETRA_OK;
}

static enum netra_error dma_map(struct transport *t,
				const struct transport_memory *memory)
{
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE,
		.address = memory->iova,
		.size = memory->bytes,
	};
	struct wire_call call = {
		.command = VFIO_USER_DMA_MAP,
		.head = &map,
		.head_bytes = sizeof(map),
		.send_fd = memory->fd,
	};
	enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

	if (error)
		return netra_vfio_user_explain(t, error, &call, "map the arena");
	netra_wire_close_fds(&call);
	return NETRA_OK;
}

static enum netra_error dma_unmap(struct transport *t, uint64_t iova,
				  uint64_t bytes)
{
	struct vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.address = iova,
		.size = bytes,
	};
	struct vfio_user_dma_unmap reply;
	struct wire_call call = {
		.command = VFIO_USER_DMA_UNMAP,
		.head = &unmap,
		.head_bytes = sizeof(unmap),
		.send_fd = -1,
		.reply = &reply,
		.reply_size = sizeof(reply),
	};
	enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

	if (error)
		return netra_vfio_user_explain(t, error, &call, "unmap the arena");
	netra_wire_close_fds(&call);
	return NETRA_OK;
}

static enum netra_error irq(struct transport *t, int eventfd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER |
			 (eventfd >= 0 ? VFIO_IRQ_SET_DATA_EVENTFD :
					 VFIO_IRQ_SET_DATA_NONE),
		.index = VFIO_PCI_MSI_IRQ_INDEX,
		.count = eventfd >= 0 ? 1 : 0,
	};
	struct wire_call call = {
		.command = VFIO_USER_DEVICE_SET_IRQS,
		.head = &set,
		.head_bytes = sizeof(set),
		.send_fd = eventfd,
	};
	enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

	if (error)
		return netra_vfio_user_explain(t, error, &call, "send interrupts");
	netra_wire_close_fds(&call);
	return NETRA_OK;
}

static enum netra_error reset(struct transport *t)
{
	struct wire_call call = {
		.command = VFIO_USER_DEVICE_RESET,
		.send_fd = -1,
	};
	enum netra_error error = netra_wire_call(&netra_vfio_user_of(t)->wire, &call);

	if (error)
		return netra_vfio_user_explain(t, error, &call, "be reset");
	netra_wire_close_fds(&call);
	return NETRA_OK;
}

static bool alive(struct transport *t)
{
	char byte;
	ssize_t n;

	if (!netra_vfio_user_of(t)->wire.dead) {
		n = recv(netra_vfio_user_of(t)->wire.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
		if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
			return true;
	}
	netra_transport_fail(t, NETRA_ERR_GONE, "the board's process ended");
	return false;
}

static void close_transport(struct transport *t)
{
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		if (t->bar[i])
			munmap((void *)(uintptr_t)t->bar[i],
			       (size_t)t->bar_bytes[i]);
	}
	close(netra_vfio_user_of(t)->wire.fd);
	free(netra_vfio_user_of(t));
}

static const struct transport_ops ops = {
	.config_read = config_read,
	.config_write = config_write,
	.bar_read = region_read,
	.bar_write = region_write,
	.dma_place = dma_place,
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
	.irq = irq,
	.reset = reset,
	.alive = alive,
	.close = close_transport,
};

enum netra_error netra_transport_vfio_user_adopt(int fd,
						 struct transport **transport,
						 char *why, size_t why_size)
{
	struct vfio_user *v = calloc(1, sizeof(*v));
	enum netra_error error;

	if (!v) {
		close(fd);
		snprintf(why, why_size, "out of memory");
		return NETRA_ERR_NO_MEMORY;
	}
	v->wire.fd = fd;
	v->transport.ops = &ops;
	v->transport.driver = "vfio-user";
	v->transport.root_complex = true;
	v->transport.gone_fd = fd;
	v->transport.gone_events = EPOLLRDHUP | EPOLLHUP;
	error = netra_vfio_user_hello(&v->transport);
	if (!error)
		error = netra_vfio_user_learn(&v->transport);
	if (error) {
		snprintf(why, why_size, "%s", v->transport.why);
		close_transport(&v->transport);
		return error;
	}
	*transport = &v->transport;
	return NETRA_OK;
}
