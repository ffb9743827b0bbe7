/* SPDX-License-Identifier: BSD-2-Clause */
/* SoC facts and the outbound windows' arithmetic, at every edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/registers.h"

static void soc_table(void **state)
{
	static const uint16_t ids[] = { 0xb800, 0xb801, 0xb802 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct netra_soc *soc = netra_soc_by_id(ids[i]);

		assert_non_null(soc);
		assert_int_equal(soc->device_id, ids[i]);
		assert_ptr_equal(netra_soc_by_name(soc->name), soc);
		/* the flag lies in on-chip RAM, behind the largest stage 1 */
		assert_true(soc->boot_flag >= soc->ocmc_base +
			    soc->stage1_max_bytes);
		assert_true(soc->boot_flag + 4 <= soc->ocmc_base +
			    soc->ocmc_bytes);
		/* images of full size do not reach into each other */
		assert_true(soc->script + soc->script_max_bytes <= soc->kernel);
		assert_true(soc->kernel + soc->kernel_max_bytes <=
			    soc->ramdisk);
		assert_int_equal(soc->status_write_0_to_clear, i == 0);
	}
	assert_int_equal(netra_soc_by_name("dm8168")->boot_flag, 0x4043fffc);
	assert_int_equal(netra_soc_by_name("dm8148")->boot_flag, 0x4031b7fc);
	assert_int_equal(netra_soc_by_name("dm8138")->device_id, 0xb802);
	assert_null(netra_soc_by_id(NETRA_DEVICE_UNPROGRAMMED));
	assert_null(netra_soc_by_id(0));
	assert_null(netra_soc_by_name("dm816"));
	assert_null(netra_soc_by_name("dm81680"));
	assert_null(netra_soc_by_name(""));
}

static void window_sizes(void **state)
{
	(void)state;
	for (unsigned int log2 = 0; log2 < 64; log2++) {
		int code = netra_ob_size_encode(log2);

		if (log2 < 20 || log2 > 23)
			assert_int_equal(code, -1);
		else
			assert_int_equal(netra_ob_window_bytes((uint32_t)code),
					 1u << log2);
	}
	for (uint32_t reserved = 4; reserved < 8; reserved++) {
		assert_int_equal(netra_ob_window_bytes(reserved), 0);
		assert_int_equal(netra_ob_window_of(NETRA_SOC_OUTBOUND,
						    reserved), -1);
	}
	/* only three bits are wired */
	assert_int_equal(netra_ob_window_bytes(8), 1u << 20);
}

static void window_numbers(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 4; size++) {
		uint32_t bytes = 1u << (20 + size);
		uint32_t end = NETRA_SOC_OUTBOUND + NETRA_OB_WINDOWS * bytes;

		for (uint32_t n = 0; n < NETRA_OB_WINDOWS; n++) {
			uint32_t at = NETRA_SOC_OUTBOUND + n * bytes;

			assert_int_equal(netra_ob_window_of(at, size), n);
			assert_int_equal(netra_ob_window_of(at + bytes - 1,
							    size), n);
		}
		assert_int_equal(netra_ob_window_of(end, size), -1);
		assert_int_equal(netra_ob_window_of(NETRA_SOC_OUTBOUND - 1,
						    size), -1);
	}
	assert_int_equal(netra_ob_window_of(0, 0), -1);
	assert_int_equal(netra_ob_window_of(0x2fffffff, 3), 31);
	assert_int_equal(netra_ob_window_of(0xffffffff, 3), -1);
}

static void translation(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 4; size++) {
		uint32_t bytes = 1u << (20 + size);
		uint32_t at = NETRA_SOC_OUTBOUND + 5 * bytes;
		uint32_t index = 0x12000000u | NETRA_OB_ENABLE;
		uint64_t bus = 0;

		assert_int_equal(netra_ob_translate(at, 4, size, index, 0x9,
						    &bus), NETRA_OK);
		assert_true(bus == UINT64_C(0x912000000));
		assert_int_equal(netra_ob_translate(at + bytes - 4, 4, size,
						    index, 0x9, &bus), NETRA_OK);
		assert_true(bus == UINT64_C(0x912000000) + bytes - 4);
		assert_int_equal(netra_ob_translate(at, bytes, size, index, 0,
						    &bus), NETRA_OK);
		/* one byte over the end, and a length that would wrap */
		assert_int_equal(netra_ob_translate(at + bytes - 3, 4, size,
						    index, 0, &bus),
				 NETRA_ERR_INVALID);
		assert_int_equal(netra_ob_translate(at + 1, bytes, size, index,
						    0, &bus),
				 NETRA_ERR_INVALID);
		assert_int_equal(netra_ob_translate(at + 16, 0xffffffff, size,
						    index, 0, &bus),
				 NETRA_ERR_INVALID);
		assert_int_equal(netra_ob_translate(at, 4, size,
						    index & ~NETRA_OB_ENABLE,
						    0, &bus), NETRA_ERR_STATE);
	}
}

/* INDEX bits below the window's size are not there: the window aliases. */
static void low_index_bits_are_ignored(void **state)
{
	uint64_t bus = 0;

	(void)state;
	assert_int_equal(netra_ob_translate(NETRA_SOC_OUTBOUND + 0x10, 4, 3,
					    0x12f00001, 0, &bus), NETRA_OK);
	assert_true(bus == 0x12800010);
	assert_int_equal(netra_ob_translate(NETRA_SOC_OUTBOUND + 0x10, 4, 0,
					    0x12ffffff, 0, &bus), NETRA_OK);
	assert_true(bus == 0x12f00010);
	assert_int_equal(netra_ob_translate(NETRA_SOC_OUTBOUND, 4, 5,
					    0x12f00001, 0, &bus),
			 NETRA_ERR_INVALID);
}

static void acknowledge(void **state)
{
	(void)state;
	assert_int_equal(netra_irq_ack_value(netra_soc_by_id(0xb800), 0x11),
			 0xffffffee);
	assert_int_equal(netra_irq_ack_value(netra_soc_by_id(0xb801), 0x11),
			 0x11);
	assert_int_equal(netra_irq_ack_value(netra_soc_by_id(0xb802), 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(soc_table),
		cmocka_unit_test(window_sizes),
		cmocka_unit_test(window_numbers),
		cmocka_unit_test(translation),
		cmocka_unit_test(low_index_bits_are_ignored),
		cmocka_unit_test(acknowledge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
