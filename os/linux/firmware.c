// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The four images a board boots from, out of the system's firmware folders.
 */
#include <linux/firmware.h>
#include <linux/module.h>

#include "driver.h"

#define UIMAGE_MAGIC	0x27051956u
#define UIMAGE_SIZE	12	/* offset of the data's length, big-endian */
#define UIMAGE_HEADER	64

static const char *const file_name[NETRA_IMAGE_COUNT] = {
	[NETRA_IMAGE_UBOOT] = "netra/u-boot.bin",
	[NETRA_IMAGE_SCRIPT] = "netra/boot.scr",
	[NETRA_IMAGE_KERNEL] = "netra/uImage",
	[NETRA_IMAGE_RAMDISK] = "netra/ramdisk.img",
};
MODULE_FIRMWARE("netra/u-boot.bin");
MODULE_FIRMWARE("netra/boot.scr");
MODULE_FIRMWARE("netra/uImage");
MODULE_FIRMWARE("netra/ramdisk.img");

static u32 big32(const u8 *data)
{
	__be32 word;

	memcpy(&word, data, sizeof(word));
	return be32_to_cpu(word);
}

/*
 * A U-Boot legacy image says how long its data is. The board would check a
 * cut one against whatever its memory held, and might find it whole.
 */
static bool cut_short(const struct firmware *image)
{
	if (image->size < UIMAGE_HEADER || big32(image->data) != UIMAGE_MAGIC)
		return false;
	return big32(image->data + UIMAGE_SIZE) >
	       image->size - UIMAGE_HEADER;
}

/**
 * netra_firmware_load() - All four images, or none and the reason said.
 * @dev: The board.
 *
 * Sleeps while they are read. With dev->lock.
 */
enum netra_error netra_firmware_load(struct netra_device *dev)
{
	struct netra_host *host = &dev->host;
	int i, err;

	netra_firmware_release(dev);
	for (i = 0; i < NETRA_IMAGE_COUNT; i++) {
		err = firmware_request_nowarn(&dev->image[i], file_name[i],
					      &dev->pdev->dev);
		if (err) {
			netra_host_fail(host, NETRA_ERR_IMAGE,
					"/lib/firmware/%s (%s): error %d: install the board's firmware",
					file_name[i], netra_image_name(i), err);
			goto err_release;
		}
		if (dev->image[i]->size < 4 || dev->image[i]->size > SZ_64M ||
		    cut_short(dev->image[i])) {
			netra_host_fail(host, NETRA_ERR_IMAGE,
					"/lib/firmware/%s (%s): cut short or too large: install the firmware again",
					file_name[i], netra_image_name(i));
			goto err_release;
		}
		host->image_bytes[i] = dev->image[i]->size;
	}
	return NETRA_OK;

err_release:
	netra_firmware_release(dev);
	return NETRA_ERR_IMAGE;
}

void netra_firmware_release(struct netra_device *dev)
{
	int i;

	for (i = 0; i < NETRA_IMAGE_COUNT; i++) {
		release_firmware(dev->image[i]);
		dev->image[i] = NULL;
		dev->host.image_bytes[i] = 0;
	}
}
