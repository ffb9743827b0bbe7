/* SPDX-License-Identifier: BSD-2-Clause */
/* Host memory as the board reaches it: DMA maps, windows, interrupts. */
#include <errno.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"

#define MB		(1u << 20)
#define IOVA		0x7f0000000ull
#define OB(n, offset)	(NETRA_SOC_OUTBOUND + (n) * MB + (offset))

static int map_at(struct bench *bench, uint64_t iova, uint64_t bytes,
		  uint64_t offset, uint32_t flags, bool with_fd)
{
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .offset = offset,
		.address = iova, .size = bytes,
	};
	int fd = bench->arena_fd;

	return bench_send(bench, VFIO_USER_DMA_MAP, &map, sizeof(map), &fd,
			  with_fd ? 1 : 0);
}

static int unmap_at(struct bench *bench, uint64_t iova, uint64_t bytes,
		    uint32_t flags)
{
	struct vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = flags, .address = iova,
		.size = bytes,
	};

	return bench_send(bench, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap),
			  NULL, 0);
}

static void window(struct bench *bench, uint32_t n, uint64_t bus)
{
	bench_reg_write(bench, NETRA_REG_OB_HI(n), (uint32_t)(bus >> 32));
	bench_reg_write(bench, NETRA_REG_OB_INDEX(n),
			(uint32_t)bus | NETRA_OB_ENABLE);
}

static enum netra_error put(struct bench *bench, uint32_t address,
			    uint32_t length)
{
	static uint8_t pattern[MB];

	memset(pattern, 0x5a, length);
	return netra_emu_outbound(bench->emu, address, pattern, length, true);
}

/* Two windows onto 2 MB of host memory. */
static void open_windows(struct bench *bench)
{
	bench_open(bench, NULL);
	bench_arena(bench, 2 * MB, IOVA);
	window(bench, 0, IOVA);
	window(bench, 1, IOVA + MB);
	bench_reg_write(bench, NETRA_REG_CMD_STATUS,
			NETRA_CMD_LTSSM_EN | NETRA_CMD_OB_XLT_EN);
}

static void translates(void **state)
{
	struct bench bench;
	uint32_t word = 0;

	(void)state;
	open_windows(&bench);
	assert_int_equal(put(&bench, OB(1, 0x123), 5), NETRA_OK);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(bench.arena[MB + 0x123 + i], 0x5a);
	assert_int_equal(bench.arena[MB + 0x122], 0);
	assert_int_equal(bench.arena[MB + 0x128], 0);
	assert_int_equal(put(&bench, OB(0, MB - 4), 4), NETRA_OK);
	assert_int_equal(netra_emu_outbound(bench.emu, OB(0, MB - 4), &word, 4,
					    false), NETRA_OK);
	assert_int_equal(word, 0x5a5a5a5a);
	/* 8 MB windows ignore the lower bits of the address. */
	bench_reg_write(&bench, NETRA_REG_OB_SIZE, 3);
	window(&bench, 0, IOVA + MB);
	memset(bench.arena, 0, 2 * MB);
	assert_int_equal(put(&bench, NETRA_SOC_OUTBOUND + 0x40, 4), NETRA_OK);
	assert_int_equal(bench.arena[0x40], 0x5a);
	assert_int_equal(bench.emu->counters.host_reads, 1);
	bench_close(&bench);
}

static void refuses(void **state)
{
	struct netra_emu_counters *c;
	struct bench bench;

	(void)state;
	open_windows(&bench);
	c = &bench.emu->counters;
	assert_int_not_equal(put(&bench, OB(0, MB - 4), 8), NETRA_OK);
	assert_int_equal(c->refused_crossing, 1);
	assert_int_not_equal(put(&bench, OB(2, 0), 4), NETRA_OK);
	assert_int_equal(c->refused_disabled, 1);
	bench_reg_write(&bench, NETRA_REG_OB_INDEX(1), 0);
	assert_int_not_equal(put(&bench, OB(1, 0), 4), NETRA_OK);
	assert_int_equal(c->refused_disabled, 2);
	window(&bench, 1, IOVA + 2 * MB);
	assert_int_not_equal(put(&bench, OB(1, 0), 4), NETRA_OK);
	assert_int_equal(c->refused_unmapped, 1);
	/* Above the 32 windows that 1 MB gives, still in the region. */
	assert_int_not_equal(put(&bench, OB(40, 0), 4), NETRA_OK);
	assert_int_equal(c->refused_disabled, 3);
	bench_config_write(&bench, 0x04, 0x2);
	assert_int_not_equal(put(&bench, OB(0, 0), 4), NETRA_OK);
	assert_int_equal(c->refused_no_master, 1);
	bench_config_write(&bench, 0x04, 0x6);
	bench_reg_write(&bench, NETRA_REG_CMD_STATUS, NETRA_CMD_LTSSM_EN);
	assert_int_not_equal(put(&bench, OB(0, 0), 4), NETRA_OK);
	assert_int_equal(c->refused_disabled, 4);
	/* Not a byte got through. */
	assert_int_equal(c->host_writes, 0);
	for (uint32_t i = 0; i < 2 * MB; i++)
		assert_int_equal(bench.arena[i], 0);
	bench_close(&bench);
}

static void maps(void **state)
{
	const uint32_t rw = VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE;
	struct bench bench;

	(void)state;
	open_windows(&bench);
	assert_int_equal(unmap_at(&bench, 0, 0, VFIO_USER_UNMAP_ALL), 0);
	assert_int_equal(bench.emu->map_count, 0);
	assert_null(bench.emu->file);

	/* Pages backwards into the file: a transfer walks the segments. */
	for (uint64_t i = 0; i < 256; i++)
		assert_int_equal(map_at(&bench, IOVA + i * 4096, 4096,
					(255 - i) * 4096, rw, true), 0);
	assert_int_equal(bench.emu->map_count, 256);
	assert_int_equal(put(&bench, OB(0, 4090), 12), NETRA_OK);
	assert_int_equal(bench.arena[255 * 4096 + 4090], 0x5a);
	assert_int_equal(bench.arena[254 * 4096 + 5], 0x5a);
	assert_int_equal(bench.arena[254 * 4096 + 6], 0);

	/* Overlaps, empty, past the end of the file, over the top. */
	assert_int_equal(map_at(&bench, IOVA + 4096, 4096, 0, rw, true),
			 EEXIST);
	assert_int_equal(map_at(&bench, IOVA - 4096, 8192, 0, rw, true),
			 EEXIST);
	assert_int_equal(map_at(&bench, 0, 0, 0, rw, true), EINVAL);
	assert_int_equal(map_at(&bench, 0, 4096, 2 * MB, rw, true), EINVAL);
	assert_int_equal(map_at(&bench, UINT64_MAX - 10, 4096, 0, rw, true),
			 EINVAL);
	assert_int_equal(map_at(&bench, 0, 4096, UINT64_MAX - 10, rw, true),
			 EINVAL);

	/* Unmap: many, nothing, and a hole that cuts one in three. */
	assert_int_equal(unmap_at(&bench, IOVA + 8192, 8192, 0), 0);
	assert_int_equal(bench.emu->map_count, 254);
	assert_int_equal(unmap_at(&bench, IOVA + 8192, 8192, 0), 0);
	assert_int_equal(unmap_at(&bench, 0, 4096, 0), 0);
	assert_int_not_equal(put(&bench, OB(0, 8190), 4), NETRA_OK);
	assert_int_equal(unmap_at(&bench, 0, UINT64_MAX, 0), 0);
	assert_int_equal(bench.emu->map_count, 0);
	assert_int_equal(map_at(&bench, IOVA, MB, MB, rw, true), 0);
	assert_int_equal(unmap_at(&bench, IOVA + 4096, 4096, 0), 0);
	assert_int_equal(bench.emu->map_count, 2);
	assert_int_not_equal(put(&bench, OB(0, 4096), 4), NETRA_OK);
	assert_int_equal(put(&bench, OB(0, 8192), 4), NETRA_OK);
	assert_int_equal(bench.arena[MB + 8192], 0x5a);
	/* The front of a map goes: the rest stays where it was in the file. */
	assert_int_equal(unmap_at(&bench, IOVA + 4096, 8192, 0), 0);
	assert_int_not_equal(put(&bench, OB(0, 8192), 4), NETRA_OK);
	memset(bench.arena, 0, 2 * MB);
	assert_int_equal(put(&bench, OB(0, 12288), 4), NETRA_OK);
	assert_int_equal(bench.arena[MB + 12288], 0x5a);
	assert_int_equal(unmap_at(&bench, IOVA + MB - 4096, 8192, 0), 0);
	assert_int_not_equal(put(&bench, OB(0, MB - 4096), 4), NETRA_OK);
	assert_int_equal(put(&bench, OB(0, MB - 4100), 4), NETRA_OK);

	/* No descriptor: accepted, not accessible. Read-only: no writing. */
	unmap_at(&bench, 0, 0, VFIO_USER_UNMAP_ALL);
	assert_int_equal(map_at(&bench, IOVA, MB, 0, rw, false), 0);
	assert_int_not_equal(put(&bench, OB(0, 0), 4), NETRA_OK);
	unmap_at(&bench, 0, 0, VFIO_USER_UNMAP_ALL);
	assert_int_equal(map_at(&bench, IOVA, MB, 0, VFIO_USER_DMA_READABLE,
				true), 0);
	assert_int_not_equal(put(&bench, OB(0, 0), 4), NETRA_OK);
	assert_int_equal(bench.emu->counters.refused_read_only, 1);
	bench_close(&bench);
}

static int set_irqs(struct bench *bench, uint32_t index, uint32_t count,
		    uint32_t flags, int *fds, size_t fd_count)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = index,
		.count = count,
	};

	return bench_send(bench, VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set),
			  fds, fd_count);
}

static uint64_t signals(int fd)
{
	uint64_t value = 0;

	if (read(fd, &value, sizeof(value)) < 0)
		return 0;
	return value;
}

static void message_interrupts(void **state)
{
	const uint32_t trigger = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER;
	struct bench bench;
	int watch[4], given[4];

	(void)state;
	open_windows(&bench);
	for (int i = 0; i < 4; i++) {
		watch[i] = eventfd(0, EFD_NONBLOCK);
		given[i] = dup(watch[i]);
	}
	/* Nobody programmed the capability: done as a host would. */
	assert_int_equal(set_irqs(&bench, VFIO_PCI_MSI_IRQ_INDEX, 4, trigger,
				  given, 4), 0);
	assert_int_equal(given[0], -1);
	assert_true(bench_config(&bench, 0x50) & 1u << 16);
	assert_int_equal(bench_config(&bench, 0x54), 0xfee00000);
	assert_int_equal(netra_emu_interrupt(bench.emu), NETRA_OK);
	assert_int_equal(signals(watch[0]), 1);
	assert_int_equal(signals(watch[1]), 0);
	assert_int_equal(bench.emu->counters.msis, 1);
	/* Another vector is another value of the data. */
	uint32_t data = (bench_config(&bench, 0x5c) & 0xffff) + 2;
	assert_int_equal(netra_emu_outbound(bench.emu, OB(31, 0), &data, 4,
					    true), NETRA_OK);
	assert_int_equal(signals(watch[2]), 1);
	data += 9;
	assert_int_equal(netra_emu_outbound(bench.emu, OB(31, 0), &data, 4,
					    true), NETRA_OK);
	assert_int_equal(bench.emu->counters.msis_unwanted, 1);
	/* A word that goes elsewhere is data. */
	assert_int_equal(put(&bench, OB(0, 0x100), 4), NETRA_OK);
	assert_int_equal(bench.arena[0x100], 0x5a);
	assert_int_equal(bench.emu->counters.msis, 3);
	/* Given back: the capability is off, and the line is used instead. */
	assert_int_equal(set_irqs(&bench, VFIO_PCI_MSI_IRQ_INDEX, 0,
				  VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_TRIGGER, NULL, 0), 0);
	assert_false(bench_config(&bench, 0x50) & 1u << 16);
	netra_emu_interrupt(bench.emu);
	assert_int_equal(bench.emu->counters.msis, 3);
	assert_int_equal(bench_reg(&bench, NETRA_REG_EP_IRQ_STATUS), 1);
	for (int i = 0; i < 4; i++)
		close(watch[i]);
	bench_close(&bench);
}

static void line_interrupt(void **state)
{
	struct bench bench;
	int watch = eventfd(0, EFD_NONBLOCK), given = dup(watch);

	(void)state;
	open_windows(&bench);
	assert_int_equal(set_irqs(&bench, VFIO_PCI_INTX_IRQ_INDEX, 1,
				  VFIO_IRQ_SET_DATA_EVENTFD |
				  VFIO_IRQ_SET_ACTION_TRIGGER, &given, 1), 0);
	netra_emu_interrupt(bench.emu);
	netra_emu_interrupt(bench.emu);
	/* Masked by itself until the client unmasks it. */
	assert_int_equal(signals(watch), 1);
	assert_int_equal(set_irqs(&bench, VFIO_PCI_INTX_IRQ_INDEX, 1,
				  VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_UNMASK, NULL, 0), 0);
	/* A level that nobody took away comes again. */
	assert_int_equal(signals(watch), 1);
	bench_reg_write(&bench, NETRA_REG_EP_IRQ_CLR, 1);
	set_irqs(&bench, VFIO_PCI_INTX_IRQ_INDEX, 1, VFIO_IRQ_SET_DATA_NONE |
		 VFIO_IRQ_SET_ACTION_UNMASK, NULL, 0);
	assert_int_equal(signals(watch), 0);
	close(watch);
	bench_close(&bench);
}

static void client_goes(void **state)
{
	struct bench bench;

	(void)state;
	open_windows(&bench);
	netra_emu_client_gone(bench.emu);
	assert_int_equal(bench.emu->map_count, 0);
	assert_int_equal(bench_config(&bench, 0x04) & 4, 0);
	assert_int_not_equal(put(&bench, OB(0, 0), 4), NETRA_OK);
	/* The firmware keeps its registers: only the host is new. */
	assert_int_equal(bench_reg(&bench, NETRA_REG_OB_INDEX(0)) & 1, 1);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translates),
		cmocka_unit_test(refuses),
		cmocka_unit_test(maps),
		cmocka_unit_test(message_interrupts),
		cmocka_unit_test(line_interrupt),
		cmocka_unit_test(client_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
