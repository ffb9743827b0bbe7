/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_LIB_VFIO_IOVA_H
#define NETRA_LIB_VFIO_IOVA_H

#include <stdbool.h>
#include <stdint.h>

/**
 * netra_vfio_iova_place() - Aligned bus addresses inside what the IOMMU allows.
 * @container: VFIO container with its IOMMU set.
 * Return: false if there is no such range.
 */
bool netra_vfio_iova_place(int container, uint64_t bytes, uint64_t align,
			   uint64_t *iova);

#endif
