/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of boards and the options in them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/crc32c.h"
#include "lib/checksum.h"
#include "lib/names.h"

static void expect(const char *text, enum name_kind kind, const char *rest)
{
	struct name name;

	netra_name_parse(text, &name);
	assert_int_equal(name.kind, kind);
	if (rest)
		assert_string_equal(name.rest, rest);
}

static void names_are_taken_apart(void **state)
{
	(void)state;
	expect("/dev/netra0", NAME_KERNEL, "/dev/netra0");
	expect("pci:0000:03:00.0", NAME_PCI, "0000:03:00.0");
	expect("pci:03:00.0", NAME_PCI, "0000:03:00.0");
	expect("pci:10AB:ff:1F.7", NAME_PCI, "10ab:ff:1f.7");
	expect("vfio-user:/run/board 1", NAME_VFIO_USER, "/run/board 1");
	expect("emulated", NAME_EMULATED, "");
	expect("emulated:", NAME_EMULATED, "");
	expect("emulated:channels=4,pace=free", NAME_EMULATED,
	       "channels=4,pace=free");
}

static void other_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "pci", "pci:", "pci:03:00", "pci:03:20.0", "pci:03:00.8",
		"pci:0000:03:00.0x", "pci:03:00.0 ", "vfio-user", "vfio-user:",
		"emulatedx", "Emulated", "/dev/netra", "netra0", "card0",
	};
	char endless[2000] = "vfio-user:";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(bad[i], NAME_BAD, NULL);
	memset(endless + 10, 'x', sizeof(endless) - 11);
	expect(endless, NAME_BAD, NULL);
}

static void options_become_words(void **state)
{
	const char *at = "channels=4,,fault=a:b=1\\,c=2,pace=free,";
	char word[32];

	(void)state;
	assert_int_equal(netra_name_option(&at, word, sizeof(word)), 1);
	assert_string_equal(word, "--channels=4");
	assert_int_equal(netra_name_option(&at, word, sizeof(word)), 1);
	assert_string_equal(word, "--fault=a:b=1,c=2");
	assert_int_equal(netra_name_option(&at, word, sizeof(word)), 1);
	assert_string_equal(word, "--pace=free");
	assert_int_equal(netra_name_option(&at, word, sizeof(word)), 0);
	at = "much-too-long=xxxxxxxxxxxxxxxxxxxxxxxxxxx";
	assert_int_equal(netra_name_option(&at, word, sizeof(word)), -1);
}

/* The processor's checksum is core's. */
static void checksums_agree(void **state)
{
	static uint8_t data[20000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 9);
	for (size_t from = 0; from < 9; from++) {
		for (size_t n = 0; n + from <= sizeof(data); n += 1 + n / 200)
			assert_int_equal(netra_checksum(0, data + from, n),
					 netra_crc32c(0, data + from, n));
	}
	assert_int_equal(netra_checksum(0, "123456789", 9), 0xe3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_apart),
		cmocka_unit_test(other_names_are_refused),
		cmocka_unit_test(options_become_words),
		cmocka_unit_test(checksums_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
