/* SPDX-License-Identifier: BSD-2-Clause */
/* vfio-user messages, well-formed and not. */
#include <errno.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"

static void version(void **state)
{
	static const char short_text[] = "{\"capabilities\":{\"max_msg_fds\":1}}";
	struct vfio_user_version want = { 0, 3 }, got;
	uint8_t body[400];
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	/* The client's own version comes back. */
	memcpy(body, &want, sizeof(want));
	assert_int_equal(bench_send(&bench, VFIO_USER_VERSION, body, 4, NULL,
				    0), 0);
	memcpy(&got, bench_body(&bench), sizeof(got));
	assert_int_equal(got.major, 0);
	assert_int_equal(got.minor, 3);
	assert_non_null(strstr((const char *)bench_body(&bench) + 4,
			       "\"max_data_xfer_size\":1048576"));
	/* Never more than the client sent, when it has sent capabilities. */
	memset(body + 4, ' ', sizeof(body) - 4);
	body[sizeof(body) - 1] = 0;
	for (size_t bytes = 5; bytes <= sizeof(body); bytes++) {
		body[bytes - 1] = 0;
		assert_int_equal(bench_send(&bench, VFIO_USER_VERSION, body,
					    bytes, NULL, 0), 0);
		assert_true(bench.reply_bytes <= 16 + bytes);
		body[bytes - 1] = ' ';
	}
	memcpy(body + 4, short_text, sizeof(short_text));
	assert_int_equal(bench_send(&bench, VFIO_USER_VERSION, body,
				    4 + sizeof(short_text), NULL, 0), 0);
	/* Text without an end. */
	assert_int_equal(bench_send(&bench, VFIO_USER_VERSION, body, 10, NULL,
				    0), EINVAL);
	assert_int_equal(bench_send(&bench, VFIO_USER_VERSION, body, 3, NULL,
				    0), EINVAL);
	/* Nothing else before the version. */
	bench.link.negotiated = false;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_RESET, NULL, 0,
				    NULL, 0), EPROTO);
	bench_close(&bench);
}

static void device(void **state)
{
	struct vfio_device_info info = { .argsz = 16 };
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_GET_INFO, &info,
				    16, NULL, 0), 0);
	memcpy(&info, bench_body(&bench), 16);
	assert_int_equal(info.flags, VFIO_DEVICE_FLAGS_RESET |
			 VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info.num_regions, 9);
	assert_int_equal(info.num_irqs, 5);
	info.argsz = 8;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_GET_INFO, &info,
				    16, NULL, 0), EINVAL);
	for (uint32_t i = 0; i < 6; i++) {
		irq.index = i;
		irq.argsz = sizeof(irq);
		assert_int_equal(bench_send(&bench,
					    VFIO_USER_DEVICE_GET_IRQ_INFO,
					    &irq, sizeof(irq), NULL, 0),
				 i < 5 ? 0 : EINVAL);
		if (i < 5)
			memcpy(&irq, bench_body(&bench), sizeof(irq));
		assert_int_equal(irq.count, i == 0 ? 1 : i == 1 ? 4 : 0);
	}
	bench_close(&bench);
}

static void regions(void **state)
{
	static const uint64_t bytes[9] = {
		4096, 8u << 20, 16u << 20, 256u << 20, 0, 0, 0, 4096, 0,
	};
	(void)state;
	for (int trap = 0; trap < 2; trap++) {
		struct netra_emu_options options;
		struct bench bench;

		bench_options(&options);
		options.trap_bars = trap;
		bench_open(&bench, &options);
		for (uint32_t i = 0; i < 11; i++) {
			struct vfio_region_info info = {
				.argsz = sizeof(info), .index = i,
			};
			bool mapped = i >= 1 && i <= 3 && !trap;
			int error = bench_send(
				&bench, VFIO_USER_DEVICE_GET_REGION_INFO,
				&info, sizeof(info), NULL, 0);

			assert_int_equal(error, i < 9 ? 0 : EINVAL);
			assert_int_equal(bench.reply_fd >= 0, mapped);
			if (error)
				continue;
			memcpy(&info, bench_body(&bench), sizeof(info));
			assert_int_equal(info.size, bytes[i]);
			assert_int_equal(!!(info.flags &
					    VFIO_REGION_INFO_FLAG_MMAP),
					 mapped);
		}
		bench_close(&bench);
	}
}

static void access_is_bounded(void **state)
{
	struct vfio_user_region_access access = { .region = 1 };
	uint8_t body[64] = { 0 };
	struct bench bench;
	uint8_t data[8];

	(void)state;
	bench_open(&bench, NULL);
	/* No region of that number, not even for nothing. */
	access.region = 25856;
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_READ, &access,
				    sizeof(access), NULL, 0), EINVAL);
	access.region = 1;
	assert_int_equal(bench_read(&bench, 1, (8u << 20) - 4, data, 4), 0);
	assert_int_equal(bench_read(&bench, 1, (8u << 20) - 3, data, 4), EINVAL);
	assert_int_equal(bench_read(&bench, 1, UINT64_MAX - 1, data, 4), EINVAL);
	assert_int_equal(bench_read(&bench, 0, 4093, data, 4), EINVAL);
	assert_int_equal(bench_read(&bench, 5, 0, data, 4), EINVAL);
	assert_int_equal(bench_read(&bench, 7, 4096, data, 1), EINVAL);
	assert_int_equal(bench_read(&bench, 0xffffffff, 0, data, 4), EINVAL);
	/* More than was negotiated; more than the message holds. */
	access.count = NETRA_EMU_TRANSFER_MAX + 1;
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_READ, &access,
				    sizeof(access), NULL, 0), EINVAL);
	access.count = NETRA_EMU_TRANSFER_MAX;
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_READ, &access,
				    sizeof(access), NULL, 0), 0);
	access.count = 33;
	memcpy(body, &access, sizeof(access));
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_WRITE, body,
				    sizeof(access) + 32, NULL, 0), EINVAL);
	access.count = 32;
	memcpy(body, &access, sizeof(access));
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_WRITE, body,
				    sizeof(access) + 32, NULL, 0), 0);
	bench_close(&bench);
}

static void several_writes(void **state)
{
	struct {
		uint64_t count;
		struct {
			struct vfio_user_region_access access;
			uint32_t data[2];
		} write[2];
	} body = {
		2, { { { NETRA_REG_GPR(0), 0, 4 }, { 0x1111, 0 } },
		     { { NETRA_REG_GPR(1), 0, 8 }, { 0x2222, 0x3333 } } },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_WRITE_MULTI, &body,
				    sizeof(body), NULL, 0), 0);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(0)), 0x1111);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(1)), 0x2222);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(2)), 0x3333);
	body.count = 3;
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_WRITE_MULTI, &body,
				    sizeof(body), NULL, 0), EINVAL);
	body.count = UINT64_MAX / 24 + 3;
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_WRITE_MULTI, &body,
				    sizeof(body), NULL, 0), EINVAL);
	body.count = 2;
	body.write[1].access.count = 9;
	assert_int_equal(bench_send(&bench, VFIO_USER_REGION_WRITE_MULTI, &body,
				    sizeof(body), NULL, 0), EINVAL);
	bench_close(&bench);
}

static void interrupts_are_bounded(void **state)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .index = VFIO_PCI_MSI_IRQ_INDEX,
		.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			 VFIO_IRQ_SET_ACTION_TRIGGER,
		.count = 2,
	};
	int fds[3];
	struct bench bench;

	(void)state;
	bench_open(&bench, NULL);
	for (int i = 0; i < 3; i++)
		fds[i] = eventfd(0, 0);
	/* As many descriptors as vectors, or none. */
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_SET_IRQS, &set,
				    sizeof(set), fds, 3), EINVAL);
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_SET_IRQS, &set,
				    sizeof(set), fds, 1), EINVAL);
	assert_true(fds[0] >= 0);
	set.start = 3;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_SET_IRQS, &set,
				    sizeof(set), fds, 2), EINVAL);
	set.start = 0xffffffff;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_SET_IRQS, &set,
				    sizeof(set), fds, 2), EINVAL);
	set.start = 0;
	set.index = 5;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_SET_IRQS, &set,
				    sizeof(set), fds, 2), EINVAL);
	set.index = VFIO_PCI_MSI_IRQ_INDEX;
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_SET_IRQS, &set,
				    sizeof(set), fds, 2), 0);
	assert_int_equal(fds[0], -1);
	assert_int_equal(fds[1], -1);
	close(fds[2]);
	bench_close(&bench);
}

/* Headers that lie, and every command cut short at every length. */
static void broken_messages(void **state)
{
	struct vfio_user_header header = { .command = VFIO_USER_REGION_READ };
	struct netra_emu_reply reply;
	struct bench bench;
	uint8_t body[80];

	(void)state;
	bench_open(&bench, NULL);
	reply.data = bench.reply;
	for (size_t length = 0; length < 40; length++) {
		header.size = (uint32_t)length + 1;
		memcpy(bench.request, &header, sizeof(header));
		netra_emu_message(&bench.link, bench.request, length, NULL, 0,
				  &reply);
		assert_true(reply.hang_up);
		assert_int_equal(reply.length, 0);
	}
	/* A reply to nothing. */
	header.size = 32;
	header.flags = VFIO_USER_FLAG_REPLY;
	memcpy(bench.request, &header, sizeof(header));
	netra_emu_message(&bench.link, bench.request, 32, NULL, 0, &reply);
	assert_true(reply.hang_up);

	memset(body, 0xff, sizeof(body));
	for (uint16_t command = 0; command < 24; command++) {
		if (command == VFIO_USER_DEVICE_RESET)
			continue;
		for (size_t bytes = 0; bytes <= sizeof(body); bytes++) {
			/* What takes all-ones, once it is whole. */
			if ((command == VFIO_USER_VERSION && bytes == 4) ||
			    (command == VFIO_USER_DEVICE_GET_INFO &&
			     bytes >= 16) ||
			    (command == VFIO_USER_DMA_UNMAP && bytes >= 24))
				continue;
			assert_int_not_equal(bench_send(&bench, command, body,
							bytes, NULL, 0), 0);
			assert_int_equal(bench.reply_bytes, 16);
		}
	}
	assert_int_equal(bench_send(&bench, VFIO_USER_DEVICE_GET_REGION_IO_FDS,
				    body, 32, NULL, 0), ENOTSUP);
	/* No reply is wanted: none is given, also not for an error. */
	header.flags = VFIO_USER_FLAG_NO_REPLY;
	header.command = 99;
	header.size = 16;
	memcpy(bench.request, &header, sizeof(header));
	netra_emu_message(&bench.link, bench.request, 16, NULL, 0, &reply);
	assert_false(reply.hang_up);
	assert_int_equal(reply.length, 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version),
		cmocka_unit_test(device),
		cmocka_unit_test(regions),
		cmocka_unit_test(access_is_bounded),
		cmocka_unit_test(several_writes),
		cmocka_unit_test(interrupts_are_bounded),
		cmocka_unit_test(broken_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
