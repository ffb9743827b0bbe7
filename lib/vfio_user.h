/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wire format of the vfio-user protocol, as far as a PCI device needs it.
 * Source: QEMU docs/interop/vfio-user.rst. Structures follow the header in a
 * message; the machine's own byte order, both ends are on one machine.
 * Shared by libnetra's client and the emulator's server.
 */
#ifndef NETRA_VFIO_USER_H
#define NETRA_VFIO_USER_H

#include <stdint.h>

enum vfio_user_command {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,
	VFIO_USER_DMA_WRITE = 12,
	VFIO_USER_DEVICE_RESET = 13,
	VFIO_USER_REGION_WRITE_MULTI = 15,
};

#define VFIO_USER_FLAG_TYPE_MASK	0xfu
#define VFIO_USER_FLAG_REPLY		0x1u
#define VFIO_USER_FLAG_NO_REPLY		0x10u
#define VFIO_USER_FLAG_ERROR		0x20u

struct vfio_user_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* of the whole message */
	uint32_t flags;
	uint32_t error;		/* errno, with VFIO_USER_FLAG_ERROR */
};

struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
	/* then JSON text, NUL-terminated */
};

#define VFIO_USER_DMA_READABLE	0x1u
#define VFIO_USER_DMA_WRITABLE	0x2u
struct vfio_user_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;	/* in the file passed along */
	uint64_t address;	/* IOVA */
	uint64_t size;
};

#define VFIO_USER_UNMAP_ALL	0x2u
struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};

/* Info, region, irq messages carry the kernel's <linux/vfio.h> structures. */

struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	/* then the data */
};

#endif
