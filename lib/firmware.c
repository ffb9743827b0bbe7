/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and reading the four images a board boots from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define IMAGE_BYTES_MAX (64u << 20) /* above what any SoC's map takes */

#define UIMAGE_MAGIC 0x27051956u
#define UIMAGE_SIZE 12 /* offset of the data's length, big-endian */
#define UIMAGE_HEADER 64u

static const char *const file_name[NETRA_IMAGE_COUNT] = {
	[NETRA_IMAGE_UBOOT] = "u-boot.bin",
	[NETRA_IMAGE_SCRIPT] = "boot.scr",
	[NETRA_IMAGE_KERNEL] = "uImage",
	[NETRA_IMAGE_RAMDISK] = "ramdisk.img",
};

static bool read_all(int fd, uint8_t *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = read(fd, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		bytes -= (size_t)n;
	}
	return true;
}

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/*
 * A U-Boot legacy image says how long its data is. The board would check a
 * cut one against whatever its memory held, and might find it whole.
 */
static bool cut_short(const uint8_t *data, uint64_t bytes)
{
	if (bytes < UIMAGE_HEADER || big32(data) != UIMAGE_MAGIC)
		return false;
	return big32(data + UIMAGE_SIZE) > bytes - UIMAGE_HEADER;
}

static enum netra_error load(struct netra_board *board, const char *dir,
			     enum netra_image image)
{
	enum netra_error error = NETRA_ERR_IMAGE;
	char path[600];
	struct stat st;
	uint8_t *data;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir,
			     file_name[image]) >= sizeof(path))
		return netra_fail(board, error,
				  "firmware folder: its path is too long: use a shorter one");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return netra_fail(board, error,
				  "%s (%s): %s: name the firmware's folder",
				  path, netra_image_name(image),
				  strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		netra_fail(board, error,
			   "%s (%s): not a file: name the firmware's folder",
			   path, netra_image_name(image));
		goto out_close;
	}
	if (!st.st_size || st.st_size > IMAGE_BYTES_MAX) {
		netra_fail(board, error,
			   "%s (%s): %s: install the firmware again", path,
			   netra_image_name(image),
			   st.st_size ? "larger than any board takes" : "empty");
		goto out_close;
	}
	data = malloc((size_t)st.st_size);
	if (!data) {
		error = netra_fail(board, NETRA_ERR_NO_MEMORY,
				   "no memory for %s", path);
		goto out_close;
	}
	if (!read_all(fd, data, (size_t)st.st_size)) {
		netra_fail(board, error, "%s (%s): cannot be read: %s", path,
			   netra_image_name(image), strerror(errno));
		free(data);
		goto out_close;
	}
	if (cut_short(data, (uint64_t)st.st_size)) {
		netra_fail(board, error,
			   "%s (%s): cut short: install the firmware again",
			   path, netra_image_name(image));
		free(data);
		goto out_close;
	}
	board->image[image] = data;
	board->host.image_bytes[image] = (uint32_t)st.st_size;
	error = NETRA_OK;

out_close:
	close(fd);
	return error;
}

static bool has_images(const char *dir)
{
	char path[600];

	return (size_t)snprintf(path, sizeof(path), "%s/%s", dir,
				file_name[NETRA_IMAGE_UBOOT]) < sizeof(path) &&
	       !access(path, F_OK);
}

/* Where the build packs images for emulated boards; false if nowhere. */
static bool find_built(char *dir, size_t size)
{
	static const char *const places[] = {
		"firmware",
		"../firmware",
		"../../firmware",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (netra_beside_us(places[i], dir, size) && has_images(dir))
			return true;
	}
	snprintf(dir, size, "%s", NETRA_FIRMWAREDIR);
	return has_images(dir);
}

static const char *find_folder(struct netra_board *board, const char *dir,
			       char *room, size_t size)
{
	static const char *const usual[] = {
		"/lib/firmware/netra",
		"/usr/share/netra/firmware",
	};

	if (dir)
		return dir;
	if (board->firmware_dir)
		return board->firmware_dir;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (has_images(usual[i]))
			return usual[i];
	}
	/* Real firmware is the maker's; ours is good for emulated boards. */
	if (board->transport->root_complex && find_built(room, size))
		return room;
	return NULL;
}

enum netra_error netra_images_load(struct netra_board *board, const char *dir)
{
	enum netra_error error = NETRA_OK;
	char room[600];

	dir = find_folder(board, dir, room, sizeof(room));
	if (!dir)
		return netra_fail(board, NETRA_ERR_IMAGE,
				  "no firmware in /lib/firmware/netra or /usr/share/netra/firmware: install it or name its folder");
	netra_images_free(board);
	for (int i = 0; !error && i < NETRA_IMAGE_COUNT; i++)
		error = load(board, dir, (enum netra_image)i);
	if (error)
		netra_images_free(board);
	return error;
}

void netra_images_free(struct netra_board *board)
{
	for (int i = 0; i < NETRA_IMAGE_COUNT; i++) {
		free(board->image[i]);
		board->image[i] = NULL;
		board->host.image_bytes[i] = 0;
	}
}
