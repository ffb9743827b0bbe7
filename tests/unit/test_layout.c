/* SPDX-License-Identifier: BSD-2-Clause */
/* Window plans and arena layouts: every plan checks, every damage shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/layout.h"

#define MB (UINT64_C(1) << 20)

static void expect_windows(uint64_t wanted, uint32_t channels, uint32_t log2,
			   uint32_t want_log2, uint32_t want_count)
{
	struct netra_window_plan plan = { 0 };

	assert_int_equal(netra_window_plan(wanted, channels, log2, &plan),
			 NETRA_OK);
	assert_int_equal(plan.log2, want_log2);
	assert_int_equal(plan.count, want_count);
}

static void windows(void **state)
{
	struct netra_window_plan plan;

	(void)state;
	expect_windows(0, 1, 0, 20, 2);
	expect_windows(0, 15, 0, 20, 30);
	/* The default gives way to the window, a wish does not. */
	expect_windows(0, 16, 20, 20, 31);
	expect_windows(0, 64, 20, 20, 31);
	expect_windows(0, 64, 21, 21, 16);
	expect_windows(0, 16, 0, 21, 16);	/* 32 windows of 1 MB are one too many */
	expect_windows(0, 64, 0, 21, 16);
	expect_windows(0, 16, 23, 23, 4);
	expect_windows(1, 1, 0, 20, 1);
	expect_windows(31 * MB, 4, 0, 20, 31);
	expect_windows(31 * MB + 1, 4, 0, 21, 16);
	expect_windows(62 * MB + 1, 4, 0, 22, 16);
	expect_windows(124 * MB + 1, 4, 0, 23, 16);
	expect_windows(248 * MB, 4, 0, 23, 31);
	assert_int_equal(netra_window_plan(248 * MB + 1, 4, 0, &plan),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_window_plan(UINT64_MAX, 4, 0, &plan),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_window_plan(32 * MB, 4, 20, &plan),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_window_plan(0, 0, 0, &plan), NETRA_ERR_INVALID);
	assert_int_equal(netra_window_plan(0, 65, 0, &plan), NETRA_ERR_INVALID);
	assert_int_equal(netra_window_plan(0, 1, 19, &plan), NETRA_ERR_INVALID);
	assert_int_equal(netra_window_plan(0, 1, 24, &plan), NETRA_ERR_INVALID);
}

static void alignment(void **state)
{
	(void)state;
	for (uint32_t log2 = 20; log2 <= 23; log2++) {
		struct netra_window_plan plan = { log2, 1 };
		uint64_t size = UINT64_C(1) << log2;

		assert_int_equal(netra_window_check(&plan, 0), NETRA_OK);
		assert_int_equal(netra_window_check(&plan, size << 20),
				 NETRA_OK);
		assert_int_equal(netra_window_check(&plan, size / 2),
				 NETRA_ERR_INVALID);
		assert_int_equal(netra_window_check(&plan, size + 4096),
				 NETRA_ERR_INVALID);
	}
}

/* Whatever is planned is sound, equal, and wastes less than a line a channel. */
static void plans_are_sound(void **state)
{
	struct netra_channel_layout channel[NETRA_CHANNELS_MAX];

	(void)state;
	for (uint32_t channels = 1; channels <= NETRA_CHANNELS_MAX; channels++)
		for (uint32_t log2 = 20; log2 <= 23; log2++)
			for (uint32_t count = 1; count <= 31; count += 3) {
				struct netra_window_plan plan = { log2, count };
				uint64_t arena = (uint64_t)count << log2;
				const struct netra_channel_layout *last =
					&channel[channels - 1];

				assert_int_equal(netra_layout_plan(&plan,
					channels, channel), NETRA_OK);
				assert_int_equal(netra_layout_check(arena,
					channels, channel), NETRA_OK);
				assert_int_equal(channel[0].data_size,
						 last->data_size);
				assert_true(last->data_offset +
					    last->data_size +
					    64u * (channels + 1) > arena);
			}
}

static void record_rings(void **state)
{
	struct netra_channel_layout channel[NETRA_CHANNELS_MAX];
	struct netra_window_plan plan = { 21, 16 };

	(void)state;
	assert_int_equal(netra_layout_plan(&plan, 16, channel), NETRA_OK);
	assert_int_equal(channel[0].records_offset,
			 sizeof(struct netra_host_area));
	assert_int_equal(channel[0].records_log2, 10);	/* 2 MB / 2 KB */
	assert_int_equal(netra_layout_plan(&plan, 64, channel), NETRA_OK);
	assert_int_equal(channel[63].records_log2, 8);
	assert_int_equal(netra_layout_plan(&plan, 1, channel), NETRA_OK);
	assert_int_equal(channel[0].records_log2, 12);	/* the most */
	plan = (struct netra_window_plan){ 20, 1 };
	assert_int_equal(netra_layout_plan(&plan, 64, channel), NETRA_OK);
	assert_int_equal(channel[0].records_log2, 6);	/* the least */
}

static void bad_plans(void **state)
{
	struct netra_channel_layout channel[NETRA_CHANNELS_MAX];
	static const struct netra_window_plan bad[] = {
		{ 19, 1 }, { 24, 1 }, { 20, 0 }, { 20, 32 }, { 31, 2 },
	};
	const struct netra_window_plan good = { 20, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(netra_layout_plan(&bad[i], 1, channel),
				 NETRA_ERR_INVALID);
	assert_int_equal(netra_layout_plan(&good, 0, channel),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_layout_plan(&good, 65, channel),
			 NETRA_ERR_INVALID);
}

#define ARENA (4 * MB)

static void expect_bad(uint32_t field, uint32_t value)
{
	struct netra_channel_layout channel[4];
	const struct netra_window_plan plan = { 20, 4 };
	uint32_t *word;

	assert_int_equal(netra_layout_plan(&plan, 4, channel), NETRA_OK);
	assert_int_equal(netra_layout_check(ARENA, 4, channel), NETRA_OK);
	word = (uint32_t *)&channel[2] + field;
	*word = value;
	assert_int_equal(netra_layout_check(ARENA, 4, channel),
			 NETRA_ERR_INVALID);
}

/* What a hostile or mistaken host could send to the board. */
static void damaged_layouts(void **state)
{
	struct netra_channel_layout c[4];
	const struct netra_window_plan plan = { 20, 4 };

	(void)state;
	assert_int_equal(netra_layout_plan(&plan, 4, c), NETRA_OK);
	expect_bad(0, 0);
	expect_bad(0, c[2].records_offset + 4);	/* not on a line */
	expect_bad(0, c[1].data_offset);	/* on another's data */
	expect_bad(0, c[2].data_offset);	/* on its own data */
	expect_bad(0, 0xffffffc0);		/* end wraps around 32 bits */
	expect_bad(0, 4 * 1048576);		/* beyond the arena */
	expect_bad(1, 3);
	expect_bad(1, 17);
	expect_bad(1, 32);
	expect_bad(1, 0xffffffff);
	expect_bad(1, c[2].records_log2 + 1);	/* grows into its own data */
	expect_bad(2, 0x40);
	expect_bad(2, c[2].data_offset + 32);
	expect_bad(2, c[3].records_offset);
	expect_bad(2, 0xffffffc0);
	expect_bad(3, 0);
	expect_bad(3, c[2].data_size + 64);	/* into the next ring */
	expect_bad(3, c[2].data_size - 1);	/* not whole lines */
	expect_bad(3, 0xffffffc0);
	/* in the host area, though clear of every ring */
	c[0].records_offset = 0x1000;
	c[0].records_log2 = NETRA_RECORDS_LOG2_MIN;
	assert_int_equal(netra_layout_check(ARENA, 4, c), NETRA_ERR_INVALID);
	c[0].records_offset = sizeof(struct netra_host_area);
	assert_int_equal(netra_layout_check(ARENA, 4, c), NETRA_OK);
	assert_int_equal(netra_layout_check(ARENA, 0, c), NETRA_ERR_INVALID);
	assert_int_equal(netra_layout_check(ARENA, 65, c), NETRA_ERR_INVALID);
	assert_int_equal(netra_layout_check(ARENA - 4096, 4, c),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_layout_check(0, 4, c), NETRA_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows),
		cmocka_unit_test(alignment),
		cmocka_unit_test(plans_are_sound),
		cmocka_unit_test(record_rings),
		cmocka_unit_test(bad_plans),
		cmocka_unit_test(damaged_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
