/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated board's vfio-user server, fed with messages. An input is a run
 * of them: a command byte, a byte that says what descriptor comes along and
 * how the header lies about its size, a length byte, the body. One board
 * serves all inputs; each input begins after a reset, without DMA maps.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emulator/server.h"

#define MEMORY_BYTES	(1u << 20)
#define BODY_UNIT	4u	/* the length byte counts words */

static struct netra_emu *emu;
static uint8_t *message, *answer;
static int memory;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void setup(void)
{
	struct netra_emu_options options = {
		.listen_fd = -1,
		.channels = 1,
		.soc = netra_soc_by_name("dm8168"),
		.bar_bytes = { 4096, 1u << 20, 1u << 20, 1u << 20 },
		.boot_delay_ms = 1,
	};
	char why[256];

	assert(!netra_emu_create(&options, &emu, why, sizeof(why)));
	message = malloc(NETRA_EMU_MESSAGE_MAX);
	answer = malloc(NETRA_EMU_MESSAGE_MAX);
	memory = memfd_create("fuzz", MFD_CLOEXEC);
	assert(message && answer && memory >= 0);
	assert(!ftruncate(memory, MEMORY_BYTES));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setup();
	return 0;
}

/* Send one message, and check what every answer must be. */
static bool send_one(struct netra_emu_link *link, uint8_t command,
		     uint8_t manner, const uint8_t *body, size_t bytes)
{
	struct vfio_user_header header = {
		.id = 7,
		.command = command,
		.size = (uint32_t)(sizeof(header) + bytes),
		.flags = manner & 0x80 ? VFIO_USER_FLAG_NO_REPLY : 0,
	};
	struct netra_emu_reply reply = { .data = answer, .fd = -1 };
	size_t length = header.size;
	int fd = -1;

	if ((manner & 3) == 1)
		fd = dup(memory);
	else if ((manner & 3) == 2)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (manner & 0x40)
		header.size += manner;
	memcpy(message, &header, sizeof(header));
	if (bytes)
		memcpy(message + sizeof(header), body, bytes);
	netra_emu_message(link, message, length, &fd, fd >= 0, &reply);
	if (fd >= 0)
		close(fd);
	assert(reply.length <= NETRA_EMU_MESSAGE_MAX);
	if (reply.length) {
		memcpy(&header, answer, sizeof(header));
		assert(header.size == reply.length && header.id == 7);
		assert(header.flags & VFIO_USER_FLAG_REPLY);
	}
	return !reply.hang_up;
}

static void start_over(struct netra_emu_link *link)
{
	static const uint32_t version[2];
	struct vfio_user_dma_unmap all = {
		.argsz = sizeof(all),
		.flags = VFIO_USER_UNMAP_ALL,
	};

	link->negotiated = false;
	send_one(link, VFIO_USER_VERSION, 0, (const uint8_t *)version, 4);
	send_one(link, VFIO_USER_DMA_UNMAP, 0, (const uint8_t *)&all,
		 sizeof(all));
	send_one(link, VFIO_USER_DEVICE_RESET, 0, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netra_emu_link link = { .emu = emu };

	start_over(&link);
	while (size >= 3) {
		uint8_t command = data[0], manner = data[1];
		size_t bytes = data[2] * BODY_UNIT;

		data += 3;
		size -= 3;
		if (bytes > size)
			bytes = size;
		if (!send_one(&link, command, manner, data, bytes))
			start_over(&link);
		data += bytes;
		size -= bytes;
	}
	return 0;
}
