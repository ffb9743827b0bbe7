/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"

void bench_options(struct netra_emu_options *options)
{
	*options = (struct netra_emu_options){
		.listen_fd = -1,
		.channels = 2,
		.soc = netra_soc_by_name("dm8168"),
		.bar_bytes = { 4096, 8u << 20, 16u << 20, 256u << 20 },
		.boot_delay_ms = 1,
	};
}

void bench_open(struct bench *bench, const struct netra_emu_options *options)
{
	struct netra_emu_options defaults;
	static const uint8_t version[4] = { 0 };
	char why[256];

	memset(bench, 0, sizeof(*bench));
	bench->arena_fd = -1;
	bench_options(&defaults);
	bench->request = malloc(NETRA_EMU_MESSAGE_MAX + 64);
	bench->reply = malloc(NETRA_EMU_MESSAGE_MAX);
	assert_int_equal(netra_emu_create(options ? options : &defaults,
					  &bench->emu, why, sizeof(why)), 0);
	bench->link.emu = bench->emu;
	assert_int_equal(bench_send(bench, VFIO_USER_VERSION, version, 4, NULL,
				    0), 0);
}

void bench_close(struct bench *bench)
{
	netra_emu_destroy(bench->emu);
	for (int i = 0; i < NETRA_IMAGE_COUNT; i++)
		free(bench->image[i]);
	if (bench->arena)
		munmap(bench->arena, bench->arena_bytes);
	if (bench->arena_fd >= 0)
		close(bench->arena_fd);
	free(bench->request);
	free(bench->reply);
}

int bench_send(struct bench *bench, uint16_t command, const void *body,
	       size_t bytes, int *fds, size_t fd_count)
{
	struct vfio_user_header header = {
		.id = 77, .command = command,
		.size = (uint32_t)(sizeof(header) + bytes),
	};
	struct netra_emu_reply reply = { .data = bench->reply };

	memcpy(bench->request, &header, sizeof(header));
	if (bytes)
		memcpy(bench->request + sizeof(header), body, bytes);
	netra_emu_message(&bench->link, bench->request, header.size, fds,
			  fd_count, &reply);
	bench->reply_bytes = reply.length;
	bench->reply_fd = reply.fd;
	bench->hung_up = reply.hang_up;
	if (!reply.length)
		return -1;
	memcpy(&header, bench->reply, sizeof(header));
	assert_int_equal(header.id, 77);
	assert_int_equal(header.command, command);
	assert_int_equal(header.size, reply.length);
	if (header.flags & VFIO_USER_FLAG_ERROR)
		return (int)header.error;
	assert_int_equal(header.flags, VFIO_USER_FLAG_REPLY);
	return 0;
}

const void *bench_body(const struct bench *bench)
{
	return bench->reply + sizeof(struct vfio_user_header);
}

int bench_read(struct bench *bench, uint32_t region, uint64_t offset,
	       void *data, uint32_t count)
{
	struct vfio_user_region_access access = {
		.offset = offset, .region = region, .count = count,
	};
	int error = bench_send(bench, VFIO_USER_REGION_READ, &access,
			       sizeof(access), NULL, 0);

	if (!error)
		memcpy(data, (const uint8_t *)bench_body(bench) +
		       sizeof(access), count);
	return error;
}

int bench_write(struct bench *bench, uint32_t region, uint64_t offset,
		const void *data, uint32_t count)
{
	struct vfio_user_region_access access = {
		.offset = offset, .region = region, .count = count,
	};
	uint8_t *body = malloc(sizeof(access) + count);
	int error;

	memcpy(body, &access, sizeof(access));
	memcpy(body + sizeof(access), data, count);
	error = bench_send(bench, VFIO_USER_REGION_WRITE, body,
			   sizeof(access) + count, NULL, 0);
	free(body);
	return error;
}

uint32_t bench_config(struct bench *bench, uint32_t offset)
{
	uint32_t value = 0;

	assert_int_equal(bench_read(bench, VFIO_PCI_CONFIG_REGION_INDEX,
				    offset, &value, 4), 0);
	return value;
}

void bench_config_write(struct bench *bench, uint32_t offset, uint32_t value)
{
	assert_int_equal(bench_write(bench, VFIO_PCI_CONFIG_REGION_INDEX,
				     offset, &value, 4), 0);
}

uint32_t bench_reg(struct bench *bench, uint32_t offset)
{
	uint32_t value = 0;

	assert_int_equal(bench_read(bench, 0, offset, &value, 4), 0);
	return value;
}

void bench_reg_write(struct bench *bench, uint32_t offset, uint32_t value)
{
	assert_int_equal(bench_write(bench, 0, offset, &value, 4), 0);
}

void bench_window(struct bench *bench, uint32_t bar, uint32_t soc_address)
{
	uint32_t n = bar - 1;

	bench_reg_write(bench, NETRA_REG_IB_BAR(n), 0);
	bench_reg_write(bench, NETRA_REG_IB_START_LO(n),
			bench_config(bench, 0x10 + 4 * bar) & ~0xfu);
	bench_reg_write(bench, NETRA_REG_IB_START_HI(n), 0);
	bench_reg_write(bench, NETRA_REG_IB_OFFSET(n), soc_address);
	bench_reg_write(bench, NETRA_REG_IB_BAR(n), bar);
	bench_reg_write(bench, NETRA_REG_CMD_STATUS,
			bench_reg(bench, NETRA_REG_CMD_STATUS) |
			NETRA_CMD_IB_XLT_EN);
}

void bench_images(struct bench *bench)
{
	static const char *const names[NETRA_IMAGE_COUNT] = {
		"u-boot.bin", "boot.scr", "uImage", "ramdisk.img",
	};
	const char *folder = getenv("NETRA_FIRMWARE");

	for (int i = 0; i < NETRA_IMAGE_COUNT; i++) {
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder ? folder :
			 "firmware", names[i]);
		file = fopen(path, "rb");
		assert_non_null(file);
		bench->image[i] = malloc(16u << 20);
		bench->image_bytes[i] = (uint32_t)fread(bench->image[i], 1,
							16u << 20, file);
		fclose(file);
		assert_true(bench->image_bytes[i] > 64);
	}
}

/* Carry one action out; returns what it read. */
static uint32_t act(struct bench *bench, const struct netra_action *action)
{
	uint32_t value = 0, last = action->length - 4;
	const uint8_t *from;

	switch (action->kind) {
	case NETRA_ACT_REG_READ:
		return bench_reg(bench, action->offset);
	case NETRA_ACT_REG_WRITE:
		bench_reg_write(bench, action->offset, action->value);
		return 0;
	case NETRA_ACT_BAR_READ:
		bench_read(bench, action->bar, action->offset, &value, 4);
		return value;
	case NETRA_ACT_BAR_WRITE:
		bench_write(bench, action->bar, action->offset, &action->value,
			    4);
		return 0;
	case NETRA_ACT_UPLOAD:
		from = bench->image[action->image] + action->image_offset;
		bench_write(bench, action->bar, action->offset, from,
			    action->length);
		bench_read(bench, action->bar, action->offset + last, &value,
			   4);
		return memcmp(&value, from + last, 4) == 0;
	case NETRA_ACT_WAIT:
		usleep(500);
		return 0;
	default:
		return 0;
	}
}

enum netra_boot_failure bench_boot(struct bench *bench, struct netra_boot *boot)
{
	struct netra_boot_config config = {
		.soc = bench->emu->options.soc,
		.rom_timeout_ms = 300, .uboot_timeout_ms = 300,
		.script_timeout_ms = 300, .agent_timeout_ms = 300,
	};
	struct netra_action action;
	uint32_t result = 0;

	for (unsigned int i = 0; i < 6; i++) {
		config.bar_bytes[i] = bench->emu->options.bar_bytes[i];
		config.bar_address[i] = bench_config(bench, 0x10 + 4 * i) &
					~0xfu;
	}
	memcpy(config.image_bytes, bench->image_bytes,
	       sizeof(config.image_bytes));
	netra_boot_init(boot, &config, false);
	for (;;) {
		netra_boot_next(boot, netra_emu_now_ns(), result, &action);
		if (action.kind == NETRA_ACT_DONE)
			return NETRA_BOOT_OK;
		if (action.kind == NETRA_ACT_FAILED)
			return netra_boot_failure(boot);
		result = act(bench, &action);
	}
}

void bench_arena(struct bench *bench, uint64_t bytes, uint64_t iova)
{
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE,
		.address = iova, .size = bytes,
	};
	int fd;

	bench->arena_fd = memfd_create("arena", MFD_CLOEXEC);
	assert_int_equal(ftruncate(bench->arena_fd, (off_t)bytes), 0);
	bench->arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			    bench->arena_fd, 0);
	bench->arena_bytes = bytes;
	fd = bench->arena_fd;
	assert_int_equal(bench_send(bench, VFIO_USER_DMA_MAP, &map,
				    sizeof(map), &fd, 1), 0);
	/* Bus mastering, memory decoding. */
	bench_config_write(bench, 0x04, 0x6);
}

enum netra_attach_failure bench_attach(struct bench *bench,
				       const struct netra_boot *boot,
				       uint64_t iova, uint32_t generation,
				       struct netra_attach_config *config)
{
	struct netra_attach_machine machine;
	struct netra_action action;
	uint32_t result = 0, channels = bench->emu->options.channels;

	memset(config, 0, sizeof(*config));
	assert_int_equal(netra_window_plan(bench->arena_bytes, channels, 20,
					   &config->windows), 0);
	for (uint32_t i = 0; i < config->windows.count; i++)
		config->bus[i] = iova + ((uint64_t)i << 20);
	config->block.channels = channels;
	config->block.window_log2 = 20;
	config->block.window_count = config->windows.count;
	config->block.generation = generation;
	assert_int_equal(netra_layout_plan(&config->windows, channels,
					   config->block.channel), 0);
	netra_boot_block(boot, &config->block_bar, &config->block_offset);
	config->timeout_ms = 500;
	netra_attach_init(&machine, config);
	for (;;) {
		netra_attach_next(&machine, netra_emu_now_ns(), result,
				  &action);
		if (action.kind == NETRA_ACT_DONE)
			return NETRA_ATTACH_FAIL_NONE;
		if (action.kind == NETRA_ACT_FAILED)
			return machine.failure;
		result = act(bench, &action);
	}
}
