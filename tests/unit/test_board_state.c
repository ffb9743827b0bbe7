/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a board's state, and that every enumeration has its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/attach.h"
#include "core/board_state.h"
#include "core/boot.h"
#include "core/error.h"
#include "core/ring.h"
#include "core/watchdog.h"

static void changes(void **state)
{
	(void)state;
	for (int s = 0; s < NETRA_BOARD_STATE_COUNT; s++) {
		enum netra_board_state from = (enum netra_board_state)s;

		assert_false(netra_board_may(from, from));
		/* any board can leave the bus, and none comes back */
		assert_int_equal(netra_board_may(from, NETRA_BOARD_GONE),
				 from != NETRA_BOARD_GONE);
		assert_false(netra_board_may(NETRA_BOARD_GONE, from));
		/* windows are given only to a board that is ready for them */
		assert_int_equal(netra_board_may(from, NETRA_BOARD_ATTACHED),
				 from == NETRA_BOARD_READY ||
				 from == NETRA_BOARD_RECOVERING);
		assert_int_equal(netra_board_may(from, NETRA_BOARD_RECOVERING),
				 from == NETRA_BOARD_ATTACHED);
	}
	assert_true(netra_board_may(NETRA_BOARD_COLD, NETRA_BOARD_BOOTING));
	assert_true(netra_board_may(NETRA_BOARD_BOOTING, NETRA_BOARD_READY));
	assert_true(netra_board_may(NETRA_BOARD_FAILED, NETRA_BOARD_BOOTING));
	assert_false(netra_board_may(NETRA_BOARD_FAILED, NETRA_BOARD_READY));
	assert_false(netra_board_may(NETRA_BOARD_STATE_COUNT,
				     NETRA_BOARD_COLD));
	assert_false(netra_board_may(NETRA_BOARD_COLD,
				     NETRA_BOARD_STATE_COUNT));
	assert_false(netra_board_may((enum netra_board_state)-1,
				     (enum netra_board_state)-1));
}

/* A non-empty text for each value, all different, "unknown" beyond. */
#define EACH_HAS_TEXT(type, function, count) do { \
	for (int i = 0; i < (int)(count); i++) { \
		assert_non_null(function((enum type)i)); \
		assert_true(strlen(function((enum type)i)) > 1); \
		for (int j = 0; j < i; j++) \
			assert_string_not_equal(function((enum type)i), \
						function((enum type)j)); \
	} \
	assert_memory_equal(function((enum type)(count)), "unknown", 7); \
	assert_memory_equal(function((enum type)-1), "unknown", 7); \
} while (0)

static void texts(void **state)
{
	(void)state;
	EACH_HAS_TEXT(netra_board_state, netra_board_state_name,
		      NETRA_BOARD_STATE_COUNT);
	EACH_HAS_TEXT(netra_error, netra_error_name, NETRA_ERR_COUNT);
	EACH_HAS_TEXT(netra_ring_fault, netra_ring_fault_text,
		      NETRA_RING_FAULT_COUNT);
	EACH_HAS_TEXT(netra_attach_failure, netra_attach_failure_text,
		      NETRA_ATTACH_FAIL_COUNT);
	EACH_HAS_TEXT(netra_boot_failure, netra_boot_failure_text,
		      NETRA_BOOT_FAILURE_COUNT);
	EACH_HAS_TEXT(netra_image, netra_image_name, NETRA_IMAGE_COUNT);
	EACH_HAS_TEXT(netra_trouble, netra_trouble_text, NETRA_TROUBLE_COUNT);
	EACH_HAS_TEXT(netra_rung, netra_rung_text, NETRA_RUNG_GIVE_UP + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
