/* SPDX-License-Identifier: BSD-2-Clause */
/* What a boot is doing or died of, in words. Constant data only. */
#include <stddef.h>

#include "boot_internal.h"
#include "protocol.h"

const char *netra_image_name(enum netra_image image)
{
	static const char *const names[NETRA_IMAGE_COUNT] = {
		[NETRA_IMAGE_UBOOT] = "U-Boot",
		[NETRA_IMAGE_SCRIPT] = "boot script",
		[NETRA_IMAGE_KERNEL] = "kernel",
		[NETRA_IMAGE_RAMDISK] = "file system",
	};

	if ((unsigned int)image >= NETRA_IMAGE_COUNT)
		return "unknown image";
	return names[image];
}

const char *netra_boot_failure_text(enum netra_boot_failure failure)
{
	static const char *const text[NETRA_BOOT_FAILURE_COUNT] = {
		[NETRA_BOOT_OK] = "the board runs",
		[NETRA_BOOT_GONE] = "the board left the bus or reset itself: "
			"check seating and power, then rescan the bus",
		[NETRA_BOOT_BAR_TOO_SMALL] = "a BAR is missing or too small: "
			"the board needs 32-bit BARs of 4 KB, on-chip RAM and 1 MB at least",
		[NETRA_BOOT_IMAGE_TOO_BIG] = "an image is too big for its place on the board: "
			"build a smaller one",
		[NETRA_BOOT_IMAGE_MISSING] = "an image is missing or empty: "
			"name the folder that holds the firmware",
		[NETRA_BOOT_INBOUND_STUCK] = "an inbound window does not hold its value: "
			"reset the board",
		[NETRA_BOOT_UPLOAD_MISMATCH] = "an upload reads back differently: "
			"check the link, then reset the board",
		[NETRA_BOOT_ROM_SILENT] = "the boot ROM did not start U-Boot: "
			"check the boot-mode straps and the U-Boot image, then reset the board",
		[NETRA_BOOT_UBOOT_SILENT] = "U-Boot runs but did not take the images: "
			"reset the board, or use a U-Boot built for booting over PCIe",
		[NETRA_BOOT_SCRIPT_REFUSED] = "U-Boot refused the boot script: "
			"pack it with mkimage and check that it is whole",
		[NETRA_BOOT_KERNEL_REFUSED] = "U-Boot refused the kernel: "
			"pack it with mkimage and check that it is whole",
		[NETRA_BOOT_RAMDISK_REFUSED] = "U-Boot refused the file system: "
			"pack it with mkimage and check that it is whole",
		[NETRA_BOOT_SCRIPT_SILENT] = "the boot script never reported: "
			"it must write its stage to GPR1",
		[NETRA_BOOT_KERNEL_SILENT] = "the kernel was started but the agent never came up: "
			"look at the board's serial console",
		[NETRA_BOOT_NOT_RUNNING] = "no firmware runs on the board: "
			"boot it",
		[NETRA_BOOT_AGENT_BAD] = "the agent speaks another protocol: "
			"use the firmware that belongs to this version",
	};

	if ((unsigned int)failure >= NETRA_BOOT_FAILURE_COUNT)
		return "unknown failure";
	return text[failure];
}

static const char *waiting_for(const struct netra_boot *boot)
{
	unsigned int state = boot->state == SLEEP ? boot->after : boot->state;

	switch (state) {
	case FLAG_TAKEN:
		return boot->image == NETRA_IMAGE_UBOOT ?
		       "the boot ROM to start U-Boot" :
		       "U-Boot to take the images";
	case STAGE:
		if (boot->stage < NETRA_STAGE_SCRIPT)
			return "the boot script";
		return boot->stage < NETRA_STAGE_KERNEL ? "the kernel" :
							  "the agent";
	case BLOCK:
	case INFO:
		return "the agent";
	default:
		return NULL;
	}
}

void netra_boot_progress(const struct netra_boot *boot,
			 struct netra_boot_progress *progress)
{
	progress->image = boot->image;
	progress->done_bytes = boot->image_done;
	progress->total_bytes = boot->config.image_bytes[boot->image];
	progress->waiting_for = waiting_for(boot);
}
