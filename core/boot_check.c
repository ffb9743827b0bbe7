/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be so before anything is written to a board: BARs that are large
 * enough, and images that are there and have room.
 */
#include "boot_internal.h"
#include "protocol.h"

#define BAR2_LEAST_BYTES (1u << 20)	/* IB_OFFSET's safe granule */

bool netra_boot_bars_ok(const struct netra_boot *b)
{
	return b->config.bar_bytes[0] >= NETRA_BAR0_MIN_BYTES &&
	       b->config.bar_bytes[1] >= netra_boot_flag_offset(b) + 4u &&
	       b->config.bar_bytes[2] >= BAR2_LEAST_BYTES;
}

static uint32_t image_limit(const struct netra_soc *soc, enum netra_image image)
{
	switch (image) {
	case NETRA_IMAGE_SCRIPT:
		return soc->script_max_bytes;
	case NETRA_IMAGE_KERNEL:
		return soc->kernel_max_bytes;
	case NETRA_IMAGE_RAMDISK:
		return soc->ramdisk_max_bytes;
	default:
		return soc->stage1_max_bytes;
	}
}

enum netra_boot_failure netra_boot_check_images(struct netra_boot *b)
{
	unsigned int first = b->uboot_runs ?
			     NETRA_IMAGE_SCRIPT : NETRA_IMAGE_UBOOT;

	for (unsigned int i = first; i < NETRA_IMAGE_COUNT; i++) {
		b->image = (enum netra_image)i;
		if (!b->config.image_bytes[i])
			return NETRA_BOOT_IMAGE_MISSING;
		if (b->config.image_bytes[i] >
		    image_limit(b->config.soc, b->image))
			return NETRA_BOOT_IMAGE_TOO_BIG;
	}
	b->image = (enum netra_image)first;
	return NETRA_BOOT_OK;
}
