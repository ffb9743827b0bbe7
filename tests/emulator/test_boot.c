/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole handshake from the boot ROM to frames in host memory, with the
 * real images of the build and core's own boot and attach machines; and how
 * it ends with images that are damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"
#include "core/bytes.h"
#include "core/mailbox.h"
#include "core/ring.h"
#include "fake_source.h"

#define IOVA 0x40000000u

static void power_on(struct bench *bench,
		     const struct netra_emu_options *options)
{
	bench_open(bench, options);
	assert_int_equal(netra_emu_start(bench->emu), 0);
	bench_images(bench);
}

static void boots(void **state)
{
	static const char *const names[] = { "dm8168", "dm8148", "dm8138" };

	(void)state;
	for (int trap = 0; trap < 2; trap++) {
		for (int i = 0; i < 3; i++) {
			struct netra_emu_options options;
			struct netra_boot boot;
			struct bench bench;

			bench_options(&options);
			options.soc = netra_soc_by_name(names[i]);
			options.trap_bars = trap;
			power_on(&bench, &options);
			assert_int_equal(bench_boot(&bench, &boot),
					 NETRA_BOOT_OK);
			assert_false(netra_boot_was_running(&boot));
			assert_int_equal(bench_boot(&bench, &boot),
					 NETRA_BOOT_OK);
			assert_true(netra_boot_was_running(&boot));
			assert_int_equal(bench.emu->counters.boots, 1);
			assert_int_equal(bench.emu->counters.bar_limbo, 0);
			bench_close(&bench);
		}
	}
}

static void damaged_image(enum netra_image image, uint32_t at,
			  enum netra_boot_failure want)
{
	struct netra_boot boot;
	struct bench bench;

	power_on(&bench, NULL);
	bench.image[image][at] ^= 0xff;
	assert_int_equal(bench_boot(&bench, &boot), want);
	assert_int_equal(bench.emu->counters.images_refused, 1);
	assert_int_equal(bench.emu->counters.boots, 0);
	/* What a reset is for: the next boot, with a good image, goes well. */
	bench.image[image][at] ^= 0xff;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_RESET, NULL, 0,
				    NULL, 0), 0);
	assert_int_equal(bench_boot(&bench, &boot), NETRA_BOOT_OK);
	bench_close(&bench);
}

static void damaged_images(void **state)
{
	(void)state;
	damaged_image(NETRA_IMAGE_UBOOT, 3, NETRA_BOOT_ROM_SILENT);
	damaged_image(NETRA_IMAGE_SCRIPT, 0, NETRA_BOOT_SCRIPT_REFUSED);
	damaged_image(NETRA_IMAGE_SCRIPT, 90, NETRA_BOOT_SCRIPT_REFUSED);
	damaged_image(NETRA_IMAGE_KERNEL, 5, NETRA_BOOT_KERNEL_REFUSED);
	damaged_image(NETRA_IMAGE_KERNEL, 200, NETRA_BOOT_KERNEL_REFUSED);
	damaged_image(NETRA_IMAGE_RAMDISK, 33, NETRA_BOOT_RAMDISK_REFUSED);
	damaged_image(NETRA_IMAGE_RAMDISK, 70, NETRA_BOOT_RAMDISK_REFUSED);
}

static void hangs_and_refusals(void **state)
{
	static const struct {
		const char *spec;
		enum netra_boot_failure want;
	} cases[] = {
		{ "boot-hang:rom", NETRA_BOOT_ROM_SILENT },
		{ "boot-hang:uboot", NETRA_BOOT_UBOOT_SILENT },
		{ "boot-hang:script", NETRA_BOOT_SCRIPT_SILENT },
		{ "boot-hang:kernel", NETRA_BOOT_KERNEL_SILENT },
		{ "boot-hang:agent", NETRA_BOOT_KERNEL_SILENT },
		{ "boot-fail:uboot", NETRA_BOOT_ROM_SILENT },
		{ "boot-fail:script", NETRA_BOOT_SCRIPT_REFUSED },
		{ "boot-fail:kernel", NETRA_BOOT_KERNEL_REFUSED },
		{ "boot-fail:ramdisk", NETRA_BOOT_RAMDISK_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netra_emu_options options;
		struct netra_boot boot;
		struct bench bench;
		char why[128];

		bench_options(&options);
		assert_true(netra_emu_fault_parse(cases[i].spec,
						  &options.fault[0], why,
						  sizeof(why)));
		options.fault_count = 1;
		power_on(&bench, &options);
		assert_int_equal(bench_boot(&bench, &boot), cases[i].want);
		/* Once only: after a reset it boots. */
		bench_send(&bench, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0);
		assert_int_equal(bench_boot(&bench, &boot), NETRA_BOOT_OK);
		bench_close(&bench);
	}
}

static void command(struct bench *bench,
		    const struct netra_attach_config *config, uint32_t id,
		    uint32_t opcode, uint32_t channel)
{
	const struct netra_host_area *area = (const void *)bench->arena;
	struct netra_command_request request = { opcode, channel, { 0 } };
	struct netra_command_result result;
	struct netra_mailbox mailbox;
	struct netra_command wire;
	uint32_t got, head = id + 1;

	netra_mailbox_init(&mailbox, config->block.generation);
	mailbox.head = mailbox.tail = id;
	assert_int_equal(netra_mailbox_post(&mailbox, &request,
					    netra_emu_now_ns() + 1000000000u,
					    &wire, &got), 0);
	bench_write(bench, config->block_bar, config->block_offset +
		    offsetof(struct netra_board_block, command) + id * 64,
		    &wire, sizeof(wire));
	bench_write(bench, config->block_bar, config->block_offset +
		    offsetof(struct netra_board_block, posts.command_head),
		    &head, 4);
	bench_reg_write(bench, NETRA_REG_MSI_IRQ, NETRA_DOORBELL_COMMAND);
	while (!netra_mailbox_settle(&mailbox, area->reply,
				     netra_emu_now_ns(), &result))
		usleep(200);
	assert_int_equal(result.error, NETRA_OK);
}

static void streams(void **state)
{
	struct netra_attach_config config;
	struct netra_emu_options options;
	const struct netra_host_area *area;
	struct netra_ring_frame *frames;
	struct netra_boot boot;
	struct bench bench;
	struct netra_ring ring;
	uint64_t seen = 0, end;

	(void)state;
	bench_options(&options);
	options.pace_free = true;
	options.loops = 4;
	options.source[0] = "file";
	options.source_count = 1;
	options.trap_bars = true;
	power_on(&bench, &options);
	assert_int_equal(bench_boot(&bench, &boot), NETRA_BOOT_OK);
	bench_arena(&bench, 1u << 20, IOVA);
	assert_int_equal(bench_attach(&bench, &boot, IOVA, 5, &config),
			 NETRA_ATTACH_FAIL_NONE);
	command(&bench, &config, 0, NETRA_CMD_START, 1);

	area = (const void *)bench.arena;
	frames = calloc(1u << config.block.channel[1].records_log2,
			sizeof(*frames));
	netra_ring_init(&ring, &config.block.channel[1],
			(const void *)(bench.arena +
				       config.block.channel[1].records_offset),
			frames);
	end = netra_emu_now_ns() + 5000000000u;
	bench.emu->counters.bar_reads = 0;
	while (!ring.ended && netra_emu_now_ns() < end) {
		netra_ring_advance(&ring, netra_read32_acquire(
					   &area->heads.head[1]));
		assert_int_equal(ring.fault, NETRA_RING_OK);
		for (uint32_t p = ring.tail; p != ring.head; p++) {
			const struct netra_ring_frame *f =
				netra_ring_frame(&ring, p);
			const uint8_t *data = bench.arena + f->offset;

			if (f->flags & NETRA_FRAME_END)
				break;
			assert_int_equal(f->length, fake_unit_length(seen));
			for (uint32_t i = 0; i < f->length; i += 97)
				assert_int_equal(data[i],
						 fake_unit_byte(seen, i));
			assert_int_equal(f->lost, 0);
			seen++;
		}
		ring.tail = ring.head;
		bench_write(&bench, config.block_bar, config.block_offset +
			    offsetof(struct netra_board_block, posts.tail[1]),
			    &ring.tail, 4);
	}
	assert_int_equal(seen, 4 * FAKE_FILE_UNITS);
	assert_int_equal(bench.emu->counters.bar_reads, 0);
	assert_int_equal(bench.emu->counters.host_reads, 0);
	assert_int_equal(bench.emu->counters.refused_crossing, 0);
	assert_int_equal(bench.emu->counters.refused_unmapped, 0);
	free(frames);
	bench_close(&bench);
}

/* A channel that is started again begins at a key frame, wherever it was. */
static void starts_at_a_key_frame(void **state)
{
	const struct netra_channel_layout *layout;
	const struct netra_record *records;
	struct netra_attach_config config;
	struct netra_emu_options options;
	const struct netra_host_area *area;
	struct netra_boot boot;
	struct bench bench;
	uint32_t full, mask;

	(void)state;
	bench_options(&options);
	options.pace_free = true;
	power_on(&bench, &options);
	assert_int_equal(bench_boot(&bench, &boot), NETRA_BOOT_OK);
	bench_arena(&bench, 1u << 20, IOVA);
	assert_int_equal(bench_attach(&bench, &boot, IOVA, 9, &config),
			 NETRA_ATTACH_FAIL_NONE);
	area = (const void *)bench.arena;
	layout = &config.block.channel[0];
	records = (const void *)(bench.arena + layout->records_offset);
	mask = (1u << layout->records_log2) - 1;

	/* Nothing is released, so the ring fills up and the board waits. */
	command(&bench, &config, 0, NETRA_CMD_START, 0);
	do {
		full = netra_read32_acquire(&area->heads.head[0]);
		usleep(30000);
	} while (full != netra_read32_acquire(&area->heads.head[0]));
	assert_true(full > 10 && full % 10 != 0);
	command(&bench, &config, 1, NETRA_CMD_STOP, 0);
	bench_write(&bench, config.block_bar, config.block_offset +
		    offsetof(struct netra_board_block, posts.tail[0]), &full,
		    4);
	usleep(5000);
	assert_int_equal(netra_read32_acquire(&area->heads.head[0]), full);
	command(&bench, &config, 2, NETRA_CMD_START, 0);
	while (netra_read32_acquire(&area->heads.head[0]) == full)
		usleep(200);
	assert_true(records[full & mask].flags & NETRA_FRAME_KEY);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots),
		cmocka_unit_test(damaged_images),
		cmocka_unit_test(hangs_and_refusals),
		cmocka_unit_test(streams),
		cmocka_unit_test(starts_at_a_key_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
