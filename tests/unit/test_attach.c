/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach and detach against a board made of its registers and its block,
 * whose firmware answers, lags, refuses or is dead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/attach.h"
#include "core/crc32c.h"
#include "core/registers.h"

#define MS UINT64_C(1000000)
#define BLOCK_OFFSET 0x7000u
#define NEVER UINT64_MAX

struct board {
	uint32_t index[32], hi[32];
	uint32_t ob_size;
	uint32_t command;
	struct netra_board_block block;
	uint64_t now_ns;
	/* how it behaves */
	bool gone;
	uint64_t gone_at_ns;
	uint64_t answer_ms;		/* after the bell; NEVER = dead firmware */
	uint64_t drain_ms;		/* after windows closed; NEVER = stuck */
	uint32_t refusal;
	bool block_elsewhere;		/* the BAR shows something else */
	uint32_t stuck_register;	/* does not take writes; 0 = none */
	/* what it saw */
	uint64_t bell_ns;
	uint64_t closed_ns;
	bool bell_due;
	uint32_t bells;
	uint32_t open_at_release;	/* windows open when firmware let go */
	bool reopened_undrained;
};

static struct board b;

static int start(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	b.now_ns = 1000 * MS;
	b.gone_at_ns = NEVER;
	b.answer_ms = 3;
	b.drain_ms = 2;
	b.index[31] = 0xfee00001;	/* the firmware's own */
	return 0;
}

static uint32_t windows_open(void)
{
	uint32_t n = 0;

	for (int i = 0; i < 31; i++)
		n += b.index[i] & 1;
	return n;
}

static void firmware(void)
{
	const struct netra_attach *a = &b.block.attach;

	if (!b.bell_due || b.answer_ms == NEVER ||
	    b.now_ns < b.bell_ns + b.answer_ms * MS)
		return;
	b.bell_due = false;
	if (!a->generation) {
		b.open_at_release = windows_open();
		b.block.info.attach_generation = 0;
		return;
	}
	assert_int_equal(a->size, sizeof(*a));
	assert_int_equal(a->version, NETRA_PROTOCOL_VERSION);
	assert_int_equal(a->crc32c,
			 netra_crc32c(0, a, offsetof(struct netra_attach,
						     crc32c)));
	assert_int_equal(windows_open(), a->window_count);
	assert_true(b.command & NETRA_CMD_OB_XLT_EN);
	b.block.info.attach_status = b.refusal;
	b.block.info.attach_generation = a->generation;
}

static bool draining(void)
{
	return b.drain_ms == NEVER ||
	       b.now_ns < b.closed_ns + b.drain_ms * MS;
}

static uint32_t read_register(uint32_t offset)
{
	uint32_t n = (offset - 0x200) / 8;

	if (offset == NETRA_REG_PID)
		return 0x4e301100;
	if (offset == NETRA_REG_CMD_STATUS)
		return b.command;
	if (offset == NETRA_REG_OB_SIZE)
		return b.ob_size;
	if (offset == NETRA_REG_ACT_STATUS)
		return draining() ? NETRA_ACT_OB_NOT_EMPTY : 0;
	assert_in_range(offset, 0x200, 0x2f4);
	return offset & 4 ? b.hi[n] : b.index[n];
}

static void write_register(uint32_t offset, uint32_t value)
{
	uint32_t n = (offset - 0x200) / 8;

	if (offset == NETRA_REG_MSI_IRQ) {
		assert_int_equal(value, NETRA_DOORBELL_ATTACH);
		b.bells++;
		b.bell_due = true;
		b.bell_ns = b.now_ns;
		return;
	}
	if (offset == b.stuck_register)
		return;
	if (offset == NETRA_REG_CMD_STATUS) {
		b.command = value;
		return;
	}
	if (offset == NETRA_REG_OB_SIZE) {
		assert_int_equal(windows_open(), 0);
		b.ob_size = value & 7;
		return;
	}
	/* window 31 is never touched */
	assert_in_range(offset, 0x200, 0x2f4);
	if (offset & 4) {
		b.hi[n] = value;
		return;
	}
	if (b.index[n] & 1 && !(value & 1))
		b.closed_ns = b.now_ns;
	if (value & 1 && draining())
		b.reopened_undrained = true;
	b.index[n] = value;
}

static uint32_t execute(const struct netra_action *a)
{
	uint32_t *word;

	firmware();
	if (b.now_ns >= b.gone_at_ns)
		b.gone = true;
	switch (a->kind) {
	case NETRA_ACT_REG_READ:
		return b.gone ? 0xffffffff : read_register(a->offset);
	case NETRA_ACT_REG_WRITE:
		if (!b.gone)
			write_register(a->offset, a->value);
		return 0;
	case NETRA_ACT_BAR_READ:
	case NETRA_ACT_BAR_WRITE:
		if (b.gone)
			return 0xffffffff;
		assert_int_equal(a->bar, 2);
		assert_in_range(a->offset, BLOCK_OFFSET, BLOCK_OFFSET + 0xffc);
		word = (uint32_t *)&b.block + (a->offset - BLOCK_OFFSET) / 4;
		if (a->kind == NETRA_ACT_BAR_READ)
			return *word;
		/* only the attach block is the host's to write here */
		assert_in_range(a->offset - BLOCK_OFFSET, 0x100, 0x53c);
		if (!b.block_elsewhere)
			*word = a->value;
		return 0;
	case NETRA_ACT_WAIT:
		assert_true(a->wait_until_ns > b.now_ns);
		b.now_ns = a->wait_until_ns;
		return 0;
	default:
		fail_msg("no action to execute");
		return 0;
	}
}

static struct netra_attach_config config_of(uint32_t generation)
{
	struct netra_attach_config config = {
		.block_bar = 2,
		.block_offset = BLOCK_OFFSET,
		.windows = { 21, 16 },
		.block = {
			.sync_mode = NETRA_SYNC_RING,
			.channels = 16,
			.window_log2 = 21,
			.window_count = 16,
			.host_beat_ms = 100,
			.generation = generation,
		},
		.timeout_ms = 300,
	};

	for (uint32_t i = 0; i < 16; i++) {
		config.bus[i] = UINT64_C(0x780000000) + ((uint64_t)i << 22);
		config.block.channel[i].data_offset = i << 21;
	}
	return config;
}

static bool run(struct netra_attach_machine *m)
{
	struct netra_action action;
	uint32_t result = 0;
	uint64_t begin_ns = b.now_ns;

	for (int i = 0; i < 10000; i++) {
		netra_attach_next(m, b.now_ns, result, &action);
		if (action.kind == NETRA_ACT_DONE ||
		    action.kind == NETRA_ACT_FAILED) {
			enum netra_action_kind kind = action.kind;

			assert_true(b.now_ns - begin_ns <= 1100 * MS);
			netra_attach_next(m, b.now_ns, 0, &action);
			assert_int_equal(action.kind, kind);
			return kind == NETRA_ACT_DONE;
		}
		result = execute(&action);
	}
	fail_msg("no end in sight");
	return false;
}

static bool attach(struct netra_attach_machine *m, uint32_t generation)
{
	struct netra_attach_config config = config_of(generation);

	netra_attach_init(m, &config);
	return run(m);
}

static bool detach(struct netra_attach_machine *m, uint32_t generation)
{
	struct netra_attach_config config = config_of(generation);

	netra_detach_init(m, &config);
	return run(m);
}

static void attached_and_detached(void **state)
{
	struct netra_attach_machine m;

	(void)state;
	b.command = NETRA_CMD_IB_XLT_EN;
	assert_true(attach(&m, 5));
	assert_int_equal(b.block.info.attach_generation, 5);
	assert_int_equal(b.ob_size, 1);
	assert_int_equal(b.command, NETRA_CMD_IB_XLT_EN | NETRA_CMD_OB_XLT_EN);
	for (uint32_t i = 0; i < 31; i++) {
		assert_int_equal(b.index[i], i < 16 ?
				 (0x80000000u + (i << 22)) | 1 : 0);
		assert_int_equal(b.hi[i], i < 16 ? 7 : 0);
	}
	assert_int_equal(b.index[31], 0xfee00001);
	assert_false(b.reopened_undrained);
	assert_int_equal(b.block.attach.channel[15].data_offset, 15u << 21);

	assert_true(detach(&m, 5));
	assert_int_equal(b.block.info.attach_generation, 0);
	assert_int_equal(windows_open(), 0);
	/* the firmware let go before its windows were closed */
	assert_int_equal(b.open_at_release, 16);
}

/* A dead predecessor's windows: its firmware side is stopped, then all goes. */
static void taken_over(void **state)
{
	struct netra_attach_machine m;

	(void)state;
	for (int i = 0; i < 31; i++)
		b.index[i] = 0x40000001u + ((uint32_t)i << 20);
	b.block.attach.generation = 4;
	b.block.info.attach_generation = 4;
	assert_true(attach(&m, 5));
	assert_int_equal(b.open_at_release, 31);
	assert_int_equal(windows_open(), 16);
	assert_false(b.reopened_undrained);
	assert_int_equal(b.bells, 2);
}

static void every_window_size(void **state)
{
	(void)state;
	for (uint32_t log2 = 20; log2 <= 23; log2++)
		for (uint32_t count = 1; count <= 31; count += 15) {
			struct netra_attach_config config = config_of(1);
			struct netra_attach_machine m;

			start(NULL);
			config.windows.log2 = log2;
			config.windows.count = count;
			config.block.window_count = count;
			for (uint64_t i = 0; i < count; i++)
				config.bus[i] = i << log2;
			netra_attach_init(&m, &config);
			assert_true(run(&m));
			assert_int_equal(netra_ob_window_bytes(b.ob_size),
					 1u << log2);
			assert_int_equal(windows_open(), count);
		}
}

static void impossible_windows(void **state)
{
	struct netra_attach_machine m;
	struct netra_attach_config config;

	(void)state;
	for (int i = 0; i < 4; i++) {
		config = config_of(1);
		if (i == 0)
			config.bus[3] += 1 << 20;	/* OB_SIZE would drop it */
		else if (i == 1)
			config.windows.count = 32;
		else if (i == 2)
			config.windows.count = 0;
		else
			config.windows.log2 = 24;
		netra_attach_init(&m, &config);
		assert_false(run(&m));
		assert_int_equal(m.failure, NETRA_ATTACH_FAIL_WINDOW);
		assert_int_equal(b.bells, 0);
	}
}

static void refused(void **state)
{
	struct netra_attach_machine m;

	(void)state;
	b.refusal = NETRA_ATTACH_BAD_LAYOUT;
	assert_false(attach(&m, 5));
	assert_int_equal(m.failure, NETRA_ATTACH_FAIL_REFUSED);
	assert_int_equal(netra_attach_refusal(&m), NETRA_ATTACH_BAD_LAYOUT);
	assert_true(detach(&m, 5));
	assert_int_equal(windows_open(), 0);
}

static void silent_firmware(void **state)
{
	struct netra_attach_machine m;
	uint64_t begin_ns = b.now_ns;

	(void)state;
	b.answer_ms = NEVER;
	assert_false(attach(&m, 5));
	assert_int_equal(m.failure, NETRA_ATTACH_FAIL_SILENT);
	assert_in_range((b.now_ns - begin_ns) / MS, 300, 320);
	/* what a dead firmware holds is taken from it all the same */
	b.block.info.attach_generation = 5;
	begin_ns = b.now_ns;
	assert_true(detach(&m, 5));
	assert_int_equal(windows_open(), 0);
	assert_in_range((b.now_ns - begin_ns) / MS, 500, 520);
}

static void slow_firmware_is_waited_for(void **state)
{
	struct netra_attach_machine m;

	(void)state;
	b.answer_ms = 250;
	assert_true(attach(&m, 5));
}

static void undrained(void **state)
{
	struct netra_attach_machine m;

	(void)state;
	assert_true(attach(&m, 5));
	b.drain_ms = NEVER;
	assert_false(detach(&m, 5));
	assert_int_equal(m.failure, NETRA_ATTACH_FAIL_UNDRAINED);
	assert_int_equal(windows_open(), 0);
	assert_false(attach(&m, 6));
	assert_int_equal(m.failure, NETRA_ATTACH_FAIL_UNDRAINED);
	assert_int_equal(windows_open(), 0);
	b.drain_ms = 150;
	assert_true(attach(&m, 7));
	assert_false(b.reopened_undrained);
}

static void registers_that_do_not_hold(void **state)
{
	static const uint32_t stuck[] = {
		NETRA_REG_OB_SIZE, NETRA_REG_OB_INDEX(0), NETRA_REG_OB_HI(0),
		NETRA_REG_OB_INDEX(15), NETRA_REG_OB_HI(15),
	};
	struct netra_attach_machine m;

	(void)state;
	for (size_t i = 0; i < sizeof(stuck) / sizeof(stuck[0]); i++) {
		start(NULL);
		b.stuck_register = stuck[i];
		assert_false(attach(&m, 5));
		assert_int_equal(m.failure, NETRA_ATTACH_FAIL_WINDOW);
		assert_int_equal(b.block.attach.generation, 0);
	}
	/* the bell does not ring for a block that is not there */
	start(NULL);
	b.block_elsewhere = true;
	assert_false(attach(&m, 5));
	assert_int_equal(m.failure, NETRA_ATTACH_FAIL_WINDOW);
	assert_int_equal(b.bells, 1);
	/* a window that cannot be closed must not pass for closed */
	start(NULL);
	assert_true(attach(&m, 5));
	b.stuck_register = NETRA_REG_OB_INDEX(7);
	assert_false(detach(&m, 5));
	assert_int_equal(m.failure, NETRA_ATTACH_FAIL_WINDOW);
}

/* Gone after any number of actions: said within the bounds, never "done". */
static void gone_at_any_moment(void **state)
{
	(void)state;
	for (int moment = 0; moment < 600; moment++) {
		struct netra_attach_config config = config_of(5);
		struct netra_attach_machine m;
		struct netra_action action;
		uint32_t result = 0;
		int n;

		start(NULL);
		netra_attach_init(&m, &config);
		for (n = 0; n < 5000; n++) {
			netra_attach_next(&m, b.now_ns, result, &action);
			if (action.kind == NETRA_ACT_DONE ||
			    action.kind == NETRA_ACT_FAILED)
				break;
			b.gone = n >= moment;
			result = execute(&action);
		}
		if (action.kind == NETRA_ACT_DONE) {
			assert_true(n <= moment);
			break;
		}
		assert_int_equal(m.failure, NETRA_ATTACH_FAIL_GONE);
	}
	start(NULL);
	b.gone = true;
	{
		struct netra_attach_machine m;

		assert_false(detach(&m, 5));
		assert_int_equal(m.failure, NETRA_ATTACH_FAIL_GONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(attached_and_detached, start),
		cmocka_unit_test_setup(taken_over, start),
		cmocka_unit_test_setup(every_window_size, start),
		cmocka_unit_test_setup(impossible_windows, start),
		cmocka_unit_test_setup(refused, start),
		cmocka_unit_test_setup(silent_firmware, start),
		cmocka_unit_test_setup(slow_firmware_is_waited_for, start),
		cmocka_unit_test_setup(undrained, start),
		cmocka_unit_test_setup(registers_that_do_not_hold, start),
		cmocka_unit_test_setup(gone_at_any_moment, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
