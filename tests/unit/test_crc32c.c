/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC32C: known answers, and the sliced path against bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/crc32c.h"

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *p, size_t length)
{
	crc = ~crc;
	while (length--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* RFC 3720, B.4, and the check value of every catalogue. */
static void known_answers(void **state)
{
	uint8_t data[32];

	(void)state;
	assert_int_equal(netra_crc32c(0, "123456789", 9), 0xe3069283);
	memset(data, 0, sizeof(data));
	assert_int_equal(netra_crc32c(0, data, 32), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(netra_crc32c(0, data, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(netra_crc32c(0, data, 32), 0x46dd794e);
	assert_int_equal(netra_crc32c(0x1234, data, 0), 0x1234);
}

/* Every length to 130 at every alignment, cut at every place. */
static void lengths_and_alignments(void **state)
{
	uint8_t data[160];
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (uint8_t)(x >> 24);
	}
	for (size_t at = 0; at < 9; at++)
		for (size_t n = 0; n <= 130; n++) {
			uint32_t crc = bit_by_bit(0, data + at, n);
			size_t cut = (n * 7 + at) % (n + 1);

			assert_int_equal(netra_crc32c(0, data + at, n), crc);
			crc = netra_crc32c(0, data + at, cut);
			crc = netra_crc32c(crc, data + at + cut, n - cut);
			assert_int_equal(crc, bit_by_bit(0, data + at, n));
		}
}

/* Each byte value in each of the eight lanes: all 2048 table entries. */
static void every_table_entry(void **state)
{
	(void)state;
	for (int lane = 0; lane < 8; lane++)
		for (int value = 0; value < 256; value++) {
			uint8_t data[8] = { 0 };

			data[lane] = (uint8_t)value;
			assert_int_equal(netra_crc32c(0xffffffff, data, 8),
					 bit_by_bit(0xffffffff, data, 8));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(lengths_and_alignments),
		cmocka_unit_test(every_table_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
