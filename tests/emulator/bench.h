/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated board on the bench: a raw vfio-user client that hands messages
 * to the server's functions directly, without a socket, and the host's half
 * of boot and attach carried out by core's own machines.
 */
#ifndef NETRA_TESTS_BENCH_H
#define NETRA_TESTS_BENCH_H

#include "core/action.h"
#include "core/attach.h"
#include "core/boot.h"
#include "emulator/server.h"

struct bench {
	struct netra_emu *emu;
	struct netra_emu_link link;
	uint8_t *request;
	uint8_t *reply;
	size_t reply_bytes;
	int reply_fd;
	bool hung_up;
	uint8_t *image[NETRA_IMAGE_COUNT];	/* loaded by bench_images() */
	uint32_t image_bytes[NETRA_IMAGE_COUNT];
	int arena_fd;
	uint8_t *arena;
	uint64_t arena_bytes;
};

/** bench_open() - Power a board on; NULL options: 2 channels, DM8168. */
void bench_open(struct bench *bench, const struct netra_emu_options *options);
void bench_options(struct netra_emu_options *options);
void bench_close(struct bench *bench);

/** bench_send() - One message; returns the reply's errno, or -1 without reply. */
int bench_send(struct bench *bench, uint16_t command, const void *body,
	       size_t bytes, int *fds, size_t fd_count);

/** bench_body() - Payload of the last reply. */
const void *bench_body(const struct bench *bench);

int bench_read(struct bench *bench, uint32_t region, uint64_t offset,
	       void *data, uint32_t count);
int bench_write(struct bench *bench, uint32_t region, uint64_t offset,
		const void *data, uint32_t count);

uint32_t bench_config(struct bench *bench, uint32_t offset);
void bench_config_write(struct bench *bench, uint32_t offset, uint32_t value);
uint32_t bench_reg(struct bench *bench, uint32_t offset);
void bench_reg_write(struct bench *bench, uint32_t offset, uint32_t value);

/** bench_window() - Put BAR @bar's inbound window (region bar - 1) somewhere. */
void bench_window(struct bench *bench, uint32_t bar, uint32_t soc_address);

/** bench_images() - The build's firmware images. */
void bench_images(struct bench *bench);

/** bench_boot() - Boot with core's machine; returns how it ended. */
enum netra_boot_failure bench_boot(struct bench *bench,
				   struct netra_boot *boot);

/** bench_arena() - @bytes of shared memory as host memory at @iova. */
void bench_arena(struct bench *bench, uint64_t bytes, uint64_t iova);

/** bench_attach() - Windows of 1 MB onto the arena, as core plans it. */
enum netra_attach_failure bench_attach(struct bench *bench,
				       const struct netra_boot *boot,
				       uint64_t iova, uint32_t generation,
				       struct netra_attach_config *config);

#endif
