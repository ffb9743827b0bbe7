/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board in this machine through VFIO (type 1 IOMMU): container, group,
 * device. Source: Linux Documentation/driver-api/vfio.rst, <linux/vfio.h>.
 *
 * The kernel owns BAR addresses and MSI; what it shows of them in the
 * configuration space is what the board's IB_START must be compared with.
 * Errors name the command that mends them: most of them are set-up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/bytes.h"
#include "pci_sysfs.h"
#include "transport.h"
#include "vfio_iova.h"

struct vfio {
	struct transport transport; /* first */
	int container;
	int group;
	int device;
	uint64_t config_offset;
	uint64_t bar_offset[TRANSPORT_BARS];
};

static struct vfio *of(struct transport *t)
{
	return (struct vfio *)t;
}

static enum netra_error access_failed(struct transport *t, const char *what)
{
	return netra_transport_fail(t, NETRA_ERR_GONE,
				    "%s failed (%s): the board left the bus",
				    what, strerror(errno));
}

static enum netra_error config_read(struct transport *t, uint32_t offset,
				    void *data, uint32_t length)
{
	if (pread(of(t)->device, data, length,
		  (off_t)(of(t)->config_offset + offset)) != (ssize_t)length)
		return access_failed(t, "a configuration read");
	return NETRA_OK;
}

static enum netra_error config_write(struct transport *t, uint32_t offset,
				     const void *data, uint32_t length)
{
	if (pwrite(of(t)->device, data, length,
		   (off_t)(of(t)->config_offset + offset)) != (ssize_t)length)
		return access_failed(t, "a configuration write");
	return NETRA_OK;
}

static enum netra_error bar_read(struct transport *t, unsigned int bar,
				 uint64_t offset, void *data, uint32_t length)
{
	if (pread(of(t)->device, data, length,
		  (off_t)(of(t)->bar_offset[bar] + offset)) != (ssize_t)length)
		return access_failed(t, "a read of a BAR");
	return NETRA_OK;
}

static enum netra_error bar_write(struct transport *t, unsigned int bar,
				  uint64_t offset, const void *data,
				  uint32_t length)
{
	if (pwrite(of(t)->device, data, length,
		   (off_t)(of(t)->bar_offset[bar] + offset)) != (ssize_t)length)
		return access_failed(t, "a write to a BAR");
	return NETRA_OK;
}

static enum netra_error dma_place(struct transport *t, uint64_t bytes,
				  uint64_t align, uint64_t *iova)
{
	if (netra_vfio_iova_place(of(t)->container, bytes, align, iova))
		return NETRA_OK;
	return netra_transport_fail(t, NETRA_ERR_NO_MEMORY,
				    "the IOMMU has no free range of %llu bus addresses: ask for a smaller arena",
				    (unsigned long long)bytes);
}

static enum netra_error dma_map(struct transport *t,
				const struct transport_memory *memory)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory->address,
		.iova = memory->iova,
		.size = memory->bytes,
	};

	if (!ioctl(of(t)->container, VFIO_IOMMU_MAP_DMA, &map))
		return NETRA_OK;
	if (errno == ENOMEM)
		return netra_transport_fail(t, NETRA_ERR_NO_MEMORY,
					    "%llu MB cannot be locked for the board: raise the limit (ulimit -l) to more than the arena",
					    (unsigned long long)(memory->bytes >>
								 20));
	return netra_transport_fail(t, NETRA_ERR_IO,
				    "the IOMMU does not map the arena (%s): see the kernel log",
				    strerror(errno));
}

static enum netra_error dma_unmap(struct transport *t, uint64_t iova,
				  uint64_t bytes)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = bytes,
	};

	if (!ioctl(of(t)->container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return NETRA_OK;
	return netra_transport_fail(t, NETRA_ERR_IO,
				    "the IOMMU does not unmap the arena (%s): see the kernel log",
				    strerror(errno));
}

static int set_irq(int device, uint32_t index, int eventfd)
{
	_Alignas(struct vfio_irq_set) uint8_t
		room[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	struct vfio_irq_set *set = (struct vfio_irq_set *)room;
	int32_t fd = eventfd;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(room),
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER |
			 (eventfd >= 0 ? VFIO_IRQ_SET_DATA_EVENTFD :
					 VFIO_IRQ_SET_DATA_NONE),
		.index = index,
		.count = eventfd >= 0 ? 1 : 0,
	};
	memcpy(set->data, &fd, sizeof(fd));
	return ioctl(device, VFIO_DEVICE_SET_IRQS, set);
}

static enum netra_error irq(struct transport *t, int eventfd)
{
	if (!set_irq(of(t)->device, VFIO_PCI_MSI_IRQ_INDEX, eventfd))
		return NETRA_OK;
	return netra_transport_fail(t, NETRA_ERR_IO,
				    "no MSI from the board (%s): see the kernel log",
				    strerror(errno));
}

static enum netra_error reset(struct transport *t)
{
	if (!ioctl(of(t)->device, VFIO_DEVICE_RESET))
		return NETRA_OK;
	return netra_transport_fail(t, NETRA_ERR_IO,
				    "the board cannot be reset (%s): power-cycle the machine",
				    strerror(errno));
}

static bool alive(struct transport *t)
{
	uint64_t asked;

	if (read(t->gone_fd, &asked, sizeof(asked)) != sizeof(asked))
		return true;
	netra_transport_fail(t, NETRA_ERR_GONE,
			     "the system takes it away: it is being unplugged or unbound");
	return false;
}

static void close_transport(struct transport *t)
{
	struct vfio *v = of(t);

	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		if (t->bar[i])
			munmap((void *)(uintptr_t)t->bar[i],
			       (size_t)t->bar_bytes[i]);
	}
	if (v->device >= 0)
		close(v->device);
	if (v->group >= 0)
		close(v->group);
	if (v->container >= 0)
		close(v->container);
	if (t->gone_fd >= 0)
		close(t->gone_fd);
	free(v);
}

static const struct transport_ops ops = {
	.config_read = config_read,
	.config_write = config_write,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.dma_place = dma_place,
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
	.irq = irq,
	.reset = reset,
	.alive = alive,
	.close = close_transport,
};

static enum netra_error learn_regions(struct transport *t)
{
	struct vfio *v = of(t);
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return netra_transport_fail(t, NETRA_ERR_IO,
					    "no configuration space (%s)",
					    strerror(errno));
	v->config_offset = info.offset;
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		void *at;

		info = (struct vfio_region_info){
			.argsz = sizeof(info),
			.index = i,
		};
		if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info) ||
		    !info.size)
			continue;
		v->bar_offset[i] = info.offset;
		t->bar_bytes[i] = info.size;
		if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP))
			continue;
		at = mmap(NULL, (size_t)info.size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, v->device, (off_t)info.offset);
		if (at != MAP_FAILED)
			t->bar[i] = at;
	}
	return NETRA_OK;
}

/* The kernel asks for the device back when it is unplugged or unbound. */
static enum netra_error watch_removal(struct transport *t)
{
	t->gone_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->gone_fd < 0)
		return netra_transport_fail(t, NETRA_ERR_IO, "no eventfd: %s",
					    strerror(errno));
	t->gone_events = EPOLLIN;
	/* Kernels without it lack only this warning. */
	set_irq(of(t)->device, VFIO_PCI_REQ_IRQ_INDEX, t->gone_fd);
	return NETRA_OK;
}

static enum netra_error open_group(struct transport *t, const char *address)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64], number[32], driver[64];

	if (!netra_pci_exists(address))
		return netra_transport_fail(t, NETRA_ERR_NOT_FOUND,
					    "no such PCI device: 'netra list' shows the boards");
	/* Opening would wait a minute for a board that has left to come back. */
	if (!netra_pci_answers(address))
		return netra_transport_fail(t, NETRA_ERR_GONE,
					    "the board does not answer on the bus (all-ones): check its power and seat, then rescan the bus");
	netra_pci_link(address, "iommu_group", number, sizeof(number));
	if (!number[0])
		return netra_transport_fail(t, NETRA_ERR_UNSUPPORTED,
					    "the machine has no IOMMU in use: switch VT-d or AMD-Vi on in the BIOS and boot with intel_iommu=on");
	netra_pci_link(address, "driver", driver, sizeof(driver));
	if (strcmp(driver, "netra") == 0)
		return netra_transport_fail(t, NETRA_ERR_BUSY,
					    "the kernel drives it: use its node, /dev/netraN ('netra list'), or bind it to vfio-pci instead");
	if (strcmp(driver, "vfio-pci") != 0)
		return netra_transport_fail(t, NETRA_ERR_PERMISSION,
					    "bound to %s, not to vfio-pci: run modprobe vfio-pci; cd /sys/bus/pci; echo vfio-pci > devices/%s/driver_override; echo %s > drivers_probe (as root, after an unbind), or modprobe netra and use /dev/netraN",
					    driver[0] ? driver : "no driver",
					    address, address);
	snprintf(path, sizeof(path), "/dev/vfio/%s", number);
	of(t)->group = open(path, O_RDWR | O_CLOEXEC);
	if (of(t)->group < 0 && errno == EBUSY)
		return netra_transport_fail(t, NETRA_ERR_BUSY,
					    "%s is in use: another program has the board, end that first",
					    path);
	if (of(t)->group < 0)
		return netra_transport_fail(t,
					    errno == ENOENT ?
						    NETRA_ERR_NOT_FOUND :
						    NETRA_ERR_PERMISSION,
					    "%s: %s: run chown $USER %s as root",
					    path, strerror(errno), path);
	if (ioctl(of(t)->group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return netra_transport_fail(t, NETRA_ERR_BUSY,
					    "IOMMU group %s is shared: bind its other devices to vfio-pci, too (see iommu_group/devices)",
					    number);
	return NETRA_OK;
}

static enum netra_error open_container(struct transport *t)
{
	struct vfio *v = of(t);

	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		return netra_transport_fail(t, NETRA_ERR_PERMISSION,
					    "/dev/vfio/vfio: %s: run modprobe vfio-pci as root",
					    strerror(errno));
	if (ioctl(v->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    !ioctl(v->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU))
		return netra_transport_fail(t, NETRA_ERR_UNSUPPORTED,
					    "the kernel has no VFIO type 1 IOMMU: run modprobe vfio_iommu_type1 as root");
	return NETRA_OK;
}

static enum netra_error open_device(struct transport *t, const char *address)
{
	struct vfio *v = of(t);

	if (ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container) ||
	    ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return netra_transport_fail(t, NETRA_ERR_IO,
					    "the board's IOMMU group cannot be used (%s): see the kernel log",
					    strerror(errno));
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (v->device < 0)
		return netra_transport_fail(t, NETRA_ERR_IO,
					    "VFIO does not give the board out (%s): see the kernel log",
					    strerror(errno));
	return NETRA_OK;
}

enum netra_error netra_transport_vfio_open(const char *address,
					   struct transport **transport,
					   char *why, size_t why_size)
{
	struct vfio *v = calloc(1, sizeof(*v));
	struct transport *t;
	enum netra_error error;

	if (!v) {
		snprintf(why, why_size, "out of memory");
		return NETRA_ERR_NO_MEMORY;
	}
	t = &v->transport;
	t->ops = &ops;
	t->driver = "vfio";
	t->gone_fd = -1;
	v->container = v->group = v->device = -1;
	error = open_group(t, address);
	if (!error)
		error = open_container(t);
	if (!error)
		error = open_device(t, address);
	if (!error)
		error = learn_regions(t);
	if (!error)
		error = watch_removal(t);
	if (error) {
		snprintf(why, why_size, "%s", t->why);
		close_transport(t);
		return error;
	}
	*transport = t;
	return NETRA_OK;
}
