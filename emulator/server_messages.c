/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of vfio-user, one function each. A request is looked at only
 * after its length was checked against what it must hold, a reply is never
 * longer than the client said it can take.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/bytes.h"
#include "server_request.h"

#define REGIONS		VFIO_PCI_NUM_REGIONS
#define MULTI_BYTES	8u	/* of data in each write of a multiple one */

static int on_version(struct request *request)
{
	static const char full[] =
		"{\"capabilities\":{\"max_msg_fds\":16,"
		"\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
		"\"max_dma_maps\":65535,\"write_multiple\":true}}";
	static const char brief[] = "{\"capabilities\":{\"max_msg_fds\":8}}";
	struct vfio_user_version version;

	if (!take(request, &version, sizeof(version)))
		return EINVAL;
	if (request->body_bytes > sizeof(version) &&
	    request->body[request->body_bytes - 1] != 0)
		return EINVAL;
	request->link->negotiated = true;
	/*
	 * The client's own version comes back: there is no newer one whose
	 * features it could miss. Some clients have room for no more bytes
	 * than they sent.
	 */
	give(request, &version, sizeof(version));
	if (sizeof(version) + sizeof(full) <= request->body_bytes ||
	    request->body_bytes == sizeof(version))
		give(request, full, sizeof(full));
	else if (sizeof(version) + sizeof(brief) <= request->body_bytes)
		give(request, brief, sizeof(brief));
	return 0;
}

static int on_dma_map(struct request *request)
{
	struct netra_emu *emu = request->link->emu;
	struct vfio_user_dma_map map;
	enum netra_error error;

	if (!take(request, &map, sizeof(map)) || request->fd_count > 1)
		return EINVAL;
	pthread_mutex_lock(&emu->lock);
	error = netra_emu_dma_map_locked(emu, map.address, map.size, map.offset,
					 map.flags & VFIO_USER_DMA_WRITABLE,
					 request->fd_count ? request->fds[0] :
					 -1);
	pthread_mutex_unlock(&emu->lock);
	switch (error) {
	case NETRA_OK:
		return 0;
	case NETRA_ERR_BUSY:
		return EEXIST;
	case NETRA_ERR_NO_MEMORY:
		return ENOMEM;
	default:
		return EINVAL;
	}
}

static int on_dma_unmap(struct request *request)
{
	struct netra_emu *emu = request->link->emu;
	struct vfio_user_dma_unmap unmap;

	if (!take(request, &unmap, sizeof(unmap)))
		return EINVAL;
	pthread_mutex_lock(&emu->lock);
	if (unmap.flags & VFIO_USER_UNMAP_ALL)
		netra_emu_dma_unmap_all_locked(emu);
	else
		netra_emu_dma_unmap_locked(emu, unmap.address, unmap.size);
	pthread_mutex_unlock(&emu->lock);
	give(request, &unmap, sizeof(unmap));
	return 0;
}

static int on_device_info(struct request *request)
{
	struct vfio_device_info info = { 0 };
	const size_t fixed = offsetof(struct vfio_device_info, num_irqs) +
			     sizeof(info.num_irqs);

	if (!take(request, &info, fixed) || info.argsz < fixed)
		return EINVAL;
	info.argsz = (uint32_t)fixed;
	info.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
	info.num_regions = REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	give(request, &info, fixed);
	return 0;
}

static int on_region_info(struct request *request)
{
	struct netra_emu *emu = request->link->emu;
	struct vfio_region_info info = { 0 };
	uint32_t index;

	if (request->body_bytes < 16 || !take(request, &info, 16) ||
	    info.argsz < sizeof(info) || info.index >= REGIONS)
		return EINVAL;
	index = info.index;
	memset(&info, 0, sizeof(info));
	info.argsz = sizeof(info);
	info.index = index;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		info.size = NETRA_EMU_CONFIG_BYTES;
	else if (index == 0)
		info.size = emu->options.bar_bytes[0];
	else if (index < NETRA_EMU_BARS)
		info.size = emu->bar[index].bytes;
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ |
			     VFIO_REGION_INFO_FLAG_WRITE;
	if (info.size && index >= 1 && index < NETRA_EMU_BARS &&
	    (!emu->options.trap_bars || index > 3)) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		request->reply->fd = emu->bar[index].fd;
	}
	give(request, &info, sizeof(info));
	return 0;
}

static void bar0_access_locked(struct netra_emu *emu, uint32_t offset,
			       uint8_t *data, uint32_t count, bool write)
{
	for (uint32_t done = 0; done < count;) {
		uint32_t word = (offset + done) & ~3u;
		uint32_t first = (offset + done) & 3u;
		uint32_t part = 4 - first;
		uint32_t value = 0;

		if (part > count - done)
			part = count - done;
		/* Registers are 32 bits wide; parts of one are merged. */
		if (!write || part < 4)
			value = netra_emu_reg_read_locked(emu, word);
		if (write) {
			memcpy((uint8_t *)&value + first, data + done, part);
			netra_emu_reg_write_locked(emu, word, value);
		} else {
			memcpy(data + done, (uint8_t *)&value + first, part);
		}
		done += part;
	}
}

/* Return: 0 or errno. @data is read or written, @count bytes. */
static int region_access(struct netra_emu *emu, uint32_t region,
			 uint64_t offset, uint8_t *data, uint32_t count,
			 bool write)
{
	struct netra_emu_counters *counters = &emu->counters;
	uint64_t bytes = 0;

	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		bytes = NETRA_EMU_CONFIG_BYTES;
	else if (region == 0)
		bytes = emu->options.bar_bytes[0];
	else if (region < NETRA_EMU_BARS)
		bytes = emu->bar[region].bytes;
	if (!bytes || !netra_range_ok(offset, count, bytes))
		return EINVAL;
	pthread_mutex_lock(&emu->lock);
	if (region == VFIO_PCI_CONFIG_REGION_INDEX && write) {
		netra_emu_config_write_locked(emu, (uint32_t)offset, data,
					      count);
	} else if (region == VFIO_PCI_CONFIG_REGION_INDEX) {
		netra_emu_config_read_locked(emu, (uint32_t)offset, data,
					     count);
	} else if (region == 0) {
		netra_emu_count(write ? &counters->register_writes :
				&counters->register_reads, 1);
		bar0_access_locked(emu, (uint32_t)offset, data, count, write);
	} else {
		netra_emu_count(write ? &counters->bar_writes :
				&counters->bar_reads, 1);
		netra_emu_count(write ? &counters->bar_write_bytes :
				&counters->bar_read_bytes, count);
		netra_emu_bar_access_locked(emu, region, offset, data, count,
					    write);
	}
	pthread_mutex_unlock(&emu->lock);
	return 0;
}

static int on_region_read(struct request *request)
{
	struct vfio_user_region_access access;
	uint8_t *data = request->reply->data + request->reply->length +
			sizeof(access);
	int error;

	if (!take(request, &access, sizeof(access)) ||
	    access.count > NETRA_EMU_TRANSFER_MAX)
		return EINVAL;
	error = region_access(request->link->emu, access.region, access.offset,
			      data, access.count, false);
	if (error)
		return error;
	give(request, &access, sizeof(access));
	request->reply->length += access.count;
	return 0;
}

static int on_region_write(struct request *request)
{
	struct vfio_user_region_access access;
	int error;

	if (!take(request, &access, sizeof(access)) ||
	    access.count > NETRA_EMU_TRANSFER_MAX ||
	    access.count > request->body_bytes - sizeof(access))
		return EINVAL;
	/* Not changed: the flag says so, the type does not. */
	error = region_access(request->link->emu, access.region, access.offset,
			      (uint8_t *)(uintptr_t)request->body +
			      sizeof(access), access.count, true);
	if (!error)
		give(request, &access, sizeof(access));
	return error;
}

static int on_region_write_multi(struct request *request)
{
	const size_t entry = sizeof(struct vfio_user_region_access) +
			     MULTI_BYTES;
	uint64_t count;

	if (!take(request, &count, sizeof(count)) ||
	    count != (request->body_bytes - sizeof(count)) / entry)
		return EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *at = request->body + sizeof(count) + i * entry;
		struct vfio_user_region_access access;
		int error;

		memcpy(&access, at, sizeof(access));
		if (access.count > MULTI_BYTES)
			return EINVAL;
		error = region_access(request->link->emu, access.region,
				      access.offset, (uint8_t *)(uintptr_t)at +
				      sizeof(access), access.count, true);
		if (error)
			return error;
	}
	give(request, &count, sizeof(count));
	return 0;
}

static int on_reset(struct request *request)
{
	struct netra_emu *emu = request->link->emu;

	pthread_mutex_lock(&emu->lock);
	netra_emu_host_reset_locked(emu);
	pthread_mutex_unlock(&emu->lock);
	return 0;
}

static int dispatch(struct request *request)
{
	if (request->header.command != VFIO_USER_VERSION &&
	    !request->link->negotiated)
		return EPROTO;
	switch (request->header.command) {
	case VFIO_USER_VERSION:
		return on_version(request);
	case VFIO_USER_DMA_MAP:
		return on_dma_map(request);
	case VFIO_USER_DMA_UNMAP:
		return on_dma_unmap(request);
	case VFIO_USER_DEVICE_GET_INFO:
		return on_device_info(request);
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		return on_region_info(request);
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		return netra_emu_on_irq_info(request);
	case VFIO_USER_DEVICE_SET_IRQS:
		return netra_emu_on_set_irqs(request);
	case VFIO_USER_REGION_READ:
		return on_region_read(request);
	case VFIO_USER_REGION_WRITE:
		return on_region_write(request);
	case VFIO_USER_REGION_WRITE_MULTI:
		return on_region_write_multi(request);
	case VFIO_USER_DEVICE_RESET:
		return on_reset(request);
	default:
		return ENOTSUP;
	}
}

void netra_emu_message(struct netra_emu_link *link, const uint8_t *message,
		       size_t length, int *fds, size_t fd_count,
		       struct netra_emu_reply *reply)
{
	struct request request = {
		.link = link, .fds = fds, .fd_count = fd_count, .reply = reply,
	};
	struct netra_emu_counters *counters = &link->emu->counters;
	struct vfio_user_header header;
	int error;

	reply->length = 0;
	reply->fd = -1;
	reply->hang_up = false;
	netra_emu_count(&counters->messages, 1);
	if (length < sizeof(header)) {
		netra_emu_count(&counters->messages_bad, 1);
		reply->hang_up = true;
		return;
	}
	memcpy(&header, message, sizeof(header));
	/* Nothing is asked of the client, so it has nothing to reply to. */
	if (header.size != length || length > NETRA_EMU_MESSAGE_MAX ||
	    (header.flags & VFIO_USER_FLAG_TYPE_MASK) != 0) {
		netra_emu_count(&counters->messages_bad, 1);
		reply->hang_up = true;
		return;
	}
	request.header = header;
	request.body = message + sizeof(header);
	request.body_bytes = length - sizeof(header);
	reply->length = sizeof(header);
	error = dispatch(&request);
	if (error) {
		netra_emu_count(&counters->messages_bad, 1);
		reply->length = sizeof(header);
		reply->fd = -1;
	}
	if (header.flags & VFIO_USER_FLAG_NO_REPLY) {
		reply->length = 0;
		reply->fd = -1;
		return;
	}
	header.flags = VFIO_USER_FLAG_REPLY |
		       (error ? VFIO_USER_FLAG_ERROR : 0);
	header.error = (uint32_t)error;
	header.size = (uint32_t)reply->length;
	memcpy(reply->data, &header, sizeof(header));
}
