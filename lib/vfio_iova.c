/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which bus addresses may be given to the arena. The IOMMU reports ranges
 * with holes (the MSI doorbell at 0xfee00000 among them). Addresses that look
 * like RAM below 2 GB are preferred: no switch on the way takes them for
 * another device's BAR, and the firmware's windows need no upper half.
 */
#include <linux/vfio.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "core/bytes.h"
#include "vfio_iova.h"

#define PREFERRED_BASE 0x10000000ull
#define PREFERRED_END 0x80000000ull
#define INFO_BYTES_MAX 65536u

static bool fit(uint64_t start, uint64_t last, uint64_t from, uint64_t bytes,
		uint64_t align, uint64_t *iova)
{
	uint64_t at = start > from ? start : from;

	if (at > UINT64_MAX - (align - 1))
		return false;
	at = (at + align - 1) & ~(align - 1);
	if (at > last || bytes - 1 > last - at)
		return false;
	*iova = at;
	return true;
}

static struct vfio_iommu_type1_info *get_info(int container)
{
	struct vfio_iommu_type1_info probe = { .argsz = sizeof(probe) };
	struct vfio_iommu_type1_info *info;

	if (ioctl(container, VFIO_IOMMU_GET_INFO, &probe) ||
	    probe.argsz < sizeof(probe) || probe.argsz > INFO_BYTES_MAX)
		return NULL;
	info = calloc(1, probe.argsz);
	if (!info)
		return NULL;
	info->argsz = probe.argsz;
	if (ioctl(container, VFIO_IOMMU_GET_INFO, info)) {
		free(info);
		return NULL;
	}
	return info;
}

static const struct vfio_iommu_type1_info_cap_iova_range *
find_ranges(const struct vfio_iommu_type1_info *info)
{
	uint32_t at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;

	for (int i = 0; at && i < 16; i++) {
		const struct vfio_info_cap_header *cap;

		if (!netra_range_ok(at, sizeof(*cap), info->argsz))
			return NULL;
		cap = (const void *)((const char *)info + at);
		if (cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
			const struct vfio_iommu_type1_info_cap_iova_range *r =
				(const void *)cap;

			if (netra_range_ok(at,
					   sizeof(*r) +
						   r->nr_iovas *
							   sizeof(r->iova_ranges[0]),
					   info->argsz))
				return r;
			return NULL;
		}
		at = cap->next;
	}
	return NULL;
}

bool netra_vfio_iova_place(int container, uint64_t bytes, uint64_t align,
			   uint64_t *iova)
{
	struct vfio_iommu_type1_info *info = get_info(container);
	const struct vfio_iommu_type1_info_cap_iova_range *ranges;
	bool found = false;

	ranges = info ? find_ranges(info) : NULL;
	/* Kernels before 5.4 report none, and take what is not reserved. */
	if (!ranges)
		found = fit(0, PREFERRED_END - 1, PREFERRED_BASE, bytes, align,
			    iova);
	for (uint32_t i = 0; ranges && !found && i < ranges->nr_iovas; i++) {
		uint64_t last = ranges->iova_ranges[i].end;

		if (last > PREFERRED_END - 1)
			last = PREFERRED_END - 1;
		found = fit(ranges->iova_ranges[i].start, last, PREFERRED_BASE,
			    bytes, align, iova);
	}
	for (uint32_t i = 0; ranges && !found && i < ranges->nr_iovas; i++)
		found = fit(ranges->iova_ranges[i].start,
			    ranges->iova_ranges[i].end, PREFERRED_BASE, bytes,
			    align, iova);
	free(info);
	return found;
}
