/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot script's language, and images that are almost right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "bench.h"
#include "core/bytes.h"

#define GPR3_ADDRESS	"0x5100007c"
#define DONE		"\nmw.l 0x51000070 0x600d\n"	/* GPR0: the script's end */
#define HEADER		64u

static void put_be32(uint8_t *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, 4);
}

/* As mkimage makes them. Returns the bytes in all. */
static uint32_t make_image(uint8_t *image, uint8_t type, const void *data,
			   uint32_t bytes)
{
	memset(image, 0, HEADER);
	memcpy(image + HEADER, data, bytes);
	put_be32(image, 0x27051956);
	put_be32(image + 12, bytes);
	put_be32(image + 24, (uint32_t)crc32(0, data, bytes));
	image[28] = 5;
	image[29] = 2;
	image[30] = type;
	put_be32(image + 4, (uint32_t)crc32(0, image, HEADER));
	return HEADER + bytes;
}

static uint32_t make_script(uint8_t *image, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);
	uint8_t *data = malloc(length + 8u);
	uint32_t bytes;

	put_be32(data, length);
	put_be32(data + 4, 0);
	memcpy(data + 8, text, length);
	bytes = make_image(image, NETRA_UIMAGE_SCRIPT, data, length + 8);
	free(data);
	return bytes;
}

static void wait_reg(struct bench *bench, uint32_t offset, uint32_t value)
{
	uint64_t end = netra_emu_now_ns() + 3000000000u;

	while (bench_reg(bench, offset) != value) {
		assert_true(netra_emu_now_ns() < end);
		usleep(200);
	}
}

/* A board whose U-Boot waits for images. */
static void uboot_waits(struct bench *bench)
{
	const struct netra_soc *soc = netra_soc_by_name("dm8168");

	bench_open(bench, NULL);
	assert_int_equal(netra_emu_start(bench->emu), 0);
	netra_emu_soc_write32(bench->emu, soc->ocmc_base, 0xea000006);
	netra_emu_soc_write32(bench->emu, soc->boot_flag, 1);
	wait_reg(bench, NETRA_REG_GPR(1),
		 NETRA_STAGE_BASE | NETRA_STAGE_UBOOT);
}

static void give_script(struct bench *bench, const uint8_t *image,
			uint32_t bytes)
{
	const struct netra_soc *soc = netra_soc_by_name("dm8168");

	memcpy(netra_emu_soc_memory(bench->emu, soc->script, bytes), image,
	       bytes);
	netra_emu_soc_write32(bench->emu, soc->boot_flag, 1);
}

static void language(void **state)
{
	static const struct {
		const char *text;
		uint32_t gpr3;
	} cases[] = {
		{ "mw.l " GPR3_ADDRESS " 0x12345678", 0x12345678 },
		{ "mw.l 5100007c deadbeef", 0xdeadbeef },
		{ "# mw.l 5100007c 1\n \t\r\n;;mw.l 5100007c 2 # 3", 2 },
		{ "mw.l 5100007c 1;mw.l 5100007c 2", 2 },
		{ "if iminfo 80400000; then mw.l 5100007c 1; "
		  "else mw.l 5100007c 2; fi", 1 },
		{ "if iminfo 80900000\nthen\nmw.l 5100007c 1\n"
		  "else\nmw.l 5100007c 2\nfi", 2 },
		{ "if iminfo 80900000; then\nif iminfo 80400000; then\n"
		  "mw.l 5100007c 1\nelse\nmw.l 5100007c 2\nfi\n"
		  "else\nmw.l 5100007c 3\nfi", 3 },
		{ "if iminfo 80400000; then\nif iminfo 80900000; then\n"
		  "mw.l 5100007c 1\nelse\nmw.l 5100007c 2\nfi\n"
		  "else\nmw.l 5100007c 3\nfi", 2 },
		{ "frobnicate 1 2 3\nmw.l 5100007c 4", 4 },
		{ "echo mw.l 5100007c 1\nsetenv x mw.l 5100007c 2", 0 },
		/* Arguments that are missing, addresses that are nowhere. */
		{ "mw.l\nmw.l 5100007c\nmw.l 0 0\nmw.l fffffffc 1\nmw.l 5100007d 9",
		  0 },
		{ "bootm\nbootm 80900000\niminfo\nif\nfi\nthen\nelse\nfi\n"
		  "mw.l 5100007c 5", 5 },
		{ "echo a b c d e f g h i j k l m n o p q r s t u\n"
		  "mw.l 5100007c 6", 6 },
	};
	uint8_t image[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		char text[1024];

		uboot_waits(&bench);
		snprintf(text, sizeof(text), "%s%s", cases[i].text, DONE);
		give_script(&bench, image, make_script(image, text));
		wait_reg(&bench, NETRA_REG_GPR(0), 0x600d);
		assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(3)),
				 cases[i].gpr3);
		assert_int_equal(bench.emu->counters.boots, 0);
		bench_close(&bench);
	}
}

static void stops_at_exit(void **state)
{
	uint8_t image[4096];
	struct bench bench;

	(void)state;
	uboot_waits(&bench);
	give_script(&bench, image, make_script(image,
		"mw.l 5100007c 1\nexit\nmw.l 5100007c 2\n"));
	wait_reg(&bench, NETRA_REG_GPR(3), 1);
	usleep(20000);
	assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(3)), 1);
	bench_close(&bench);
}

/* Only what is really a script is run. */
static void refused(void **state)
{
	const char *text = "mw.l 5100007c 1\n";
	uint8_t image[4096], other[4096];

	(void)state;
	for (int damage = 0; damage < 6; damage++) {
		uint32_t bytes = make_script(image, text);
		struct bench bench;

		switch (damage) {
		case 0:		/* magic */
			image[0] ^= 1;
			break;
		case 1:		/* header */
			image[40] ^= 1;
			break;
		case 2:		/* data */
			image[bytes - 1] ^= 1;
			break;
		case 3:		/* a kernel */
			memcpy(other, image + HEADER, bytes - HEADER);
			make_image(image, NETRA_UIMAGE_KERNEL, other,
				   bytes - HEADER);
			break;
		case 4:		/* longer than all of DDR */
			put_be32(image + 12, NETRA_EMU_DDR_BYTES);
			memset(image + 4, 0, 4);
			put_be32(image + 4, (uint32_t)crc32(0, image, HEADER));
			break;
		default:	/* no data at all */
			make_image(image, NETRA_UIMAGE_SCRIPT, "", 0);
			break;
		}
		uboot_waits(&bench);
		give_script(&bench, image, bytes);
		wait_reg(&bench, NETRA_REG_GPR(1),
			 NETRA_STAGE_BASE | NETRA_STAGE_BAD_SCRIPT);
		assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(3)), 0);
		bench_close(&bench);
	}
}

/* The table of lengths inside a good image lies: hang, and no more. */
static void lying_table(void **state)
{
	static const uint32_t lengths[] = { 0xffffffff, 100, 17, 0x80000000 };
	uint8_t data[24], image[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bench bench;

		memset(data, 0, sizeof(data));
		put_be32(data, lengths[i]);
		memcpy(data + 8, "mw.l 5100007c 1\n", 16);
		uboot_waits(&bench);
		give_script(&bench, image,
			    make_image(image, NETRA_UIMAGE_SCRIPT, data,
				       sizeof(data)));
		usleep(20000);
		assert_int_equal(bench_reg(&bench, NETRA_REG_GPR(3)), 0);
		bench_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(language),
		cmocka_unit_test(stops_at_exit),
		cmocka_unit_test(refused),
		cmocka_unit_test(lying_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
