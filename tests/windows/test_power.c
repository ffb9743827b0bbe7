/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power, resources taken away and given again, boards pulled out while they are
 * in use, memory that is short: streams go on with a gap, or programs are told.
 */
#include <signal.h>
#include <unistd.h>

#include "bench.h"

#include "core/registers.h"

static const char *const cameras[] = { "--channels", "4", "--size", "176x144", "--fps", "25", NULL };
static uint8_t buffer[1 << 20];

static void begin(struct emulator *e, struct program *p)
{
	bench_board(e, cameras);
	bench_start();
	program_start(p);
	wait_for_state(p, ATTACHED);
}

static void end(struct emulator *e, struct program *p)
{
	program_end(p);
	bench_end();
	emulator_stop(e);
}

/* Frames come, in order; whether any were lost. */
static bool streams(struct program *p, uint32_t frames, uint64_t *sequence)
{
	const uint64_t limit = now_ms() + 30000;
	bool lost = false;

	while (frames && now_ms() < limit) {
		int64_t n = read_chunks(p, NETRA_ALL_READERS, buffer, sizeof(buffer));

		if (n < 0) {
			machine_sleep_ns(5000000);
			continue;
		}
		for (size_t at = 0; at < (size_t)n && frames; frames--) {
			struct netra_ioc_chunk chunk;

			memcpy(&chunk, buffer + at, sizeof(chunk));
			assert_true(!*sequence || chunk.frame.sequence > *sequence);
			*sequence = chunk.frame.sequence;
			lost |= chunk.frame.lost != 0;
			at += chunk.bytes;
		}
		machine_sleep_ns(5000000);
	}
	assert_int_equal(frames, 0);
	return lost;
}

/* May the board reach memory? */
static bool is_bus_master(void)
{
	uint16_t command_register = 0;

	machine_config_read(4, &command_register, sizeof(command_register));
	return command_register & 4;
}

/* How many of its windows are open onto host memory? But for the one of MSIs. */
static unsigned int open_windows(void)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < NETRA_OB_WINDOWS - 1; i++)
		n += machine_register(NETRA_REG_OB_INDEX(i)) & NETRA_OB_ENABLE;
	return n;
}

static void sleeps_and_wakes(void **state)
{
	struct netra_ioc_boot boot = { 0 };
	uint64_t sequence = 0;
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	open_reader(&p, 1, NETRA_OPEN_ALL);
	start_channel(&p, 1);
	streams(&p, 10, &sequence);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fake_power_down(), OK);
		assert_int_equal(status(&p).state, COLD);
		assert_false(is_bus_master());
		assert_int_equal(open_windows(), 0);
		assert_int_equal(command(&p, 1, NETRA_CMD_KEY_FRAME, NULL), NETRA_ERR_STATE);
		assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), OK);
		assert_int_equal(fake_power_up(), OK);
		wait_for_state(&p, ATTACHED);
		assert_true(streams(&p, 10, &sequence));
		assert_true(is_bus_master());
		assert_true(open_windows() > 0);
	}
	/* Twice in a row before it has come up again. */
	assert_int_equal(fake_power_down(), OK);
	assert_int_equal(fake_power_up(), OK);
	assert_int_equal(fake_power_down(), OK);
	assert_int_equal(fake_power_up(), OK);
	assert_true(streams(&p, 10, &sequence));
	end(&e, &p);
}

static void rebalances(void **state)
{
	uint64_t sequence = 0;
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	open_reader(&p, 0, NETRA_OPEN_ALL);
	start_channel(&p, 0);
	streams(&p, 5, &sequence);
	assert_int_equal(fake_rebalance(), OK);
	assert_true(streams(&p, 5, &sequence));
	end(&e, &p);
}

static void sleeps_while_booting(void **state)
{
	struct program p;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	for (int i = 0; i < 5; i++) {
		machine_sleep_ns(20000000 * (uint64_t)i);
		assert_int_equal(fake_power_down(), OK);
		assert_int_equal(fake_power_up(), OK);
	}
	wait_for_state(&p, ATTACHED);
	end(&e, &p);
}

/* A reload finds the firmware running. */
static void comes_back_after_a_reload(void **state)
{
	uint64_t sequence = 0;
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	for (int i = 0; i < 3; i++) {
		program_end(&p);
		bench_end();
		bench_start();
		program_start(&p);
		wait_for_state(&p, ATTACHED);
	}
	open_reader(&p, 0, NETRA_OPEN_ALL);
	start_channel(&p, 0);
	streams(&p, 5, &sequence);
	end(&e, &p);
}

static struct fake_request *wait_begin(struct program *p, struct netra_ioc_wait *out)
{
	const struct fake_io io = { .code = NETRA_IOC_WAIT, .out = out, .out_bytes = sizeof(*out) };

	while (heard(p, "", 0))
		;
	return fake_begin(p->handle, p->process, &io);
}

/* With waits pended, by more programs than are served at once. */
static void is_pulled_out(void **state)
{
	enum { WAITS = 40 };
	struct netra_ioc_wait out[WAITS];
	struct fake_request *r[WAITS];
	struct netra_ioc_map map;
	struct fake_handle *late;
	struct program p, q;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	program_start(&q);
	open_reader(&p, 0, 0);
	assert_int_equal(call(&p, NETRA_IOC_MAP, &map, sizeof(map)), OK);
	for (int i = 0; i < WAITS; i++)
		r[i] = wait_begin(i % 2 ? &p : &q, &out[i]);
	fake_surprise();
	for (int i = 0; i < WAITS; i++) {
		int32_t s = fake_end(r[i], 5000, NULL);

		/* One event tells that it is gone. */
		assert_true(s == DEVICE_REMOVED || (s == OK && out[i].ready == NETRA_READY_EVENT));
	}
	assert_int_equal(call(&p, NETRA_IOC_STATUS, buffer, sizeof(struct netra_ioc_status)), DEVICE_REMOVED);
	assert_int_equal(read_chunks(&p, 0, buffer, sizeof(buffer)), DEVICE_REMOVED);
	assert_int_equal(fake_open(p.process, true, &late), DEVICE_REMOVED);
	/* What is mapped stays until its handle is closed. */
	memcpy(buffer, (void *)(uintptr_t)map.address, 4096);
	program_end(&q);
	end(&e, &p);
}

/* The board itself first; Windows learns of it later, or never. */
static void falls_off_the_bus(void **state)
{
	struct netra_ioc_wait out;
	struct fake_request *r;
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	open_reader(&p, 0, 0);
	r = wait_begin(&p, &out);
	kill(e.pid, SIGKILL);
	wait_for_state(&p, GONE);
	assert_int_equal(fake_end(r, 5000, NULL), OK);
	assert_true(out.ready & NETRA_READY_EVENT);
	while (heard(&p, "", 0))
		;
	assert_int_equal(call(&p, NETRA_IOC_WAIT, &out, sizeof(out)), DEVICE_REMOVED);
	assert_int_equal(read_chunks(&p, 0, buffer, sizeof(buffer)), DEVICE_REMOVED);
	assert_int_equal(command(&p, 0, NETRA_CMD_START, NULL), NETRA_ERR_GONE);
	fake_surprise();
	end(&e, &p);
}

static void boots_when_asked(void **state)
{
	const struct fake_value parameters[] = { { .name = "Boot", .number = 0 }, { 0 } };
	struct netra_ioc_boot boot = { 0 }, force = { .flags = NETRA_BOOT_FORCE };
	struct program p;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	bench_registry(parameters);
	bench_start();
	program_start(&p);
	machine_sleep_ns(200000000);
	assert_int_equal(status(&p).state, COLD);
	assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), OK);
	assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), DEVICE_BUSY);
	wait_for_state(&p, ATTACHED);
	assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), OK);
	assert_int_equal(status(&p).state, ATTACHED);
	assert_int_equal(call(&p, NETRA_IOC_BOOT, &force, sizeof(force)), OK);
	wait_for_state(&p, ATTACHED);
	assert_int_equal(status(&p).resets, 1);
	end(&e, &p);
}

static void wants_its_firmware(void **state)
{
	static const struct fake_value none[] = { { 0 } };
	static const struct fake_value absent[] = { { .name = "UBoot", .text = "C:\\no\\such" }, { 0 } };
	static const struct fake_value empty[] = { { .name = "UBoot", .text = "C:\\dev\\null" }, { 0 } };
	const struct fake_value *const bad[] = { none, absent, empty };
	struct netra_ioc_boot boot = { 0 };
	struct program p;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	fake_registry = none;
	bench_start();
	program_start(&p);
	for (int i = 0; i < 3; i++) {
		fake_registry = bad[i];
		wait_for_state(&p, COLD);
		assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), OK);
		wait_for_state(&p, COLD);
		assert_non_null(strstr(status(&p).error_text, "U-Boot"));
	}
	bench_registry(NULL);
	assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), OK);
	wait_for_state(&p, ATTACHED);
	end(&e, &p);
}

/* The ladder: smaller windows when memory is in pieces. */
static void takes_smaller_windows(void **state)
{
	(void)state;
	for (unsigned int mb = 4; mb; mb /= 2) {
		uint64_t sequence = 0;
		struct program p;
		struct emulator e;

		bench_board(&e, cameras);
		fake_options.chunks_max = mb;
		fake_options.late_list_ms = 30;
		bench_start();
		program_start(&p);
		wait_for_state(&p, ATTACHED);
		assert_int_equal(status(&p).window_bytes, mb << 20);
		open_reader(&p, 3, NETRA_OPEN_ALL);
		start_channel(&p, 3);
		streams(&p, 5, &sequence);
		end(&e, &p);
	}
}

static void refuses_windows_that_cannot_be(void **state)
{
	struct program p;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	fake_options.misaligned = true;
	bench_start();
	program_start(&p);
	wait_for_state(&p, FAILED);
	assert_non_null(strstr(status(&p).error_text, "no memory for the board's windows"));
	assert_int_equal(status(&p).error, NETRA_ERR_NO_MEMORY);
	end(&e, &p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sleeps_and_wakes),
		TEST(rebalances),
		TEST(sleeps_while_booting),
		TEST(comes_back_after_a_reload),
		TEST(is_pulled_out),
		TEST(falls_off_the_bus),
		TEST(boots_when_asked),
		TEST(wants_its_firmware),
		TEST(takes_smaller_windows),
		TEST(refuses_windows_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
