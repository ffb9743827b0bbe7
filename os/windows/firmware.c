/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four images a board boots from: files that the registry names. They are
 * held from the beginning of a boot to its end, in paged memory.
 */
#include "driver.h"

#define UIMAGE_MAGIC	0x27051956u
#define UIMAGE_SIZE	12u	/* offset of the data's length, big-endian */
#define UIMAGE_HEADER	64u
#define IMAGE_MAX	(64u << 20)

static ULONG big32(const uint8_t *data)
{
	return (ULONG)data[0] << 24 | (ULONG)data[1] << 16 | (ULONG)data[2] << 8 | data[3];
}

/*
 * A U-Boot legacy image says how long its data is. The board would check a
 * cut one against whatever its memory held, and might find it whole.
 */
static bool cut_short(const struct netra_image_file *image)
{
	if (image->bytes < UIMAGE_HEADER || big32(image->data) != UIMAGE_MAGIC)
		return false;
	return big32(image->data + UIMAGE_SIZE) > image->bytes - UIMAGE_HEADER;
}

static NTSTATUS open_file(UNICODE_STRING *path, HANDLE *file)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;

	InitializeObjectAttributes(&attributes, path,
				   OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
	return ZwCreateFile(file, GENERIC_READ | SYNCHRONIZE, &attributes, &io, NULL,
			    FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_OPEN,
			    FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE,
			    NULL, 0);
}

static NTSTATUS read_file(HANDLE file, struct netra_image_file *image)
{
	FILE_STANDARD_INFORMATION about;
	LARGE_INTEGER begin = { .QuadPart = 0 };
	IO_STATUS_BLOCK io;
	NTSTATUS status;

	status = ZwQueryInformationFile(file, &io, &about, sizeof(about),
					FileStandardInformation);
	if (!NT_SUCCESS(status))
		return status;
	if (about.EndOfFile.QuadPart < 4 || about.EndOfFile.QuadPart > IMAGE_MAX)
		return STATUS_INVALID_IMAGE_FORMAT;
	image->bytes = (ULONG)about.EndOfFile.QuadPart;
	image->data = netra_allocate(PagedPool, image->bytes);
	if (!image->data)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = ZwReadFile(file, NULL, NULL, NULL, &io, image->data, image->bytes,
			    &begin, NULL);
	if (NT_SUCCESS(status) && (io.Information != image->bytes || cut_short(image)))
		status = STATUS_INVALID_IMAGE_FORMAT;
	return status;
}

static NTSTATUS load(enum netra_image kind, struct netra_image_file *image)
{
	WCHAR text[NETRA_PATH_BYTES / sizeof(WCHAR)];
	UNICODE_STRING path = { .MaximumLength = sizeof(text), .Buffer = text };
	NTSTATUS status;
	HANDLE file;

	if (!netra_parameters_path(kind, &path))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = open_file(&path, &file);
	if (!NT_SUCCESS(status))
		return status;
	status = read_file(file, image);
	ZwClose(file);
	return status;
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

	netra_firmware_release(dev);
	for (int i = 0; i < NETRA_IMAGE_COUNT; i++) {
		NTSTATUS status = load((enum netra_image)i, &dev->image[i]);

		host->image_bytes[i] = dev->image[i].bytes;
		if (NT_SUCCESS(status))
			continue;
		netra_firmware_release(dev);
		if (status == STATUS_INVALID_IMAGE_FORMAT)
			return netra_host_fail(host, NETRA_ERR_IMAGE,
					       "the file of the %s is cut short or too large: install the firmware again",
					       netra_image_name((enum netra_image)i));
		return netra_host_fail(host, NETRA_ERR_IMAGE,
				       "the file of the %s cannot be read (status %08x): see the driver's Parameters in the registry",
				       netra_image_name((enum netra_image)i),
				       (unsigned int)status);
	}
	return NETRA_OK;
}

void netra_firmware_release(struct netra_device *dev)
{
	for (int i = 0; i < NETRA_IMAGE_COUNT; i++) {
		if (dev->image[i].data)
			netra_free(dev->image[i].data);
		RtlZeroMemory(&dev->image[i], sizeof(dev->image[i]));
		dev->host.image_bytes[i] = 0;
	}
}
