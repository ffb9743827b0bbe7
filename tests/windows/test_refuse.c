/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver does with numbers that make no sense, with noise, and when
 * any call of its own fails: it says no, loses nothing, and leaves nothing.
 */

#include "bench.h"

static const char *const cameras[] = { "--channels", "4", "--size", "96x80", "--start", "running",
				       "--boot-delay-ms", "0", NULL };
static uint8_t buffer[1 << 18];

static int32_t call2(struct program *p, uint32_t code, const void *in, size_t in_bytes,
		     void *out, size_t out_bytes)
{
	const struct fake_io io = {
		.code = code, .in = in, .in_bytes = in_bytes, .out = out, .out_bytes = out_bytes,
	};

	return fake_call(p->handle, p->process, &io, NULL);
}

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

/* Each call with each length shorter than it must be, and with none. */
static void lengths_are_checked(void **state)
{
	static const struct {
		uint32_t code;
		size_t in, out;
	} calls[] = {
		{ NETRA_IOC_STATUS, 0, sizeof(struct netra_ioc_status) },
		{ NETRA_IOC_CHANNEL, sizeof(struct netra_ioc_channel), sizeof(struct netra_ioc_channel) },
		{ NETRA_IOC_BOOT, sizeof(struct netra_ioc_boot), 0 },
		{ NETRA_IOC_COMMAND, sizeof(struct netra_ioc_command), sizeof(struct netra_ioc_command) },
		{ NETRA_IOC_READER_OPEN, sizeof(struct netra_ioc_reader), sizeof(struct netra_ioc_reader) },
		{ NETRA_IOC_READER_CLOSE, sizeof(struct netra_ioc_reader_close), 0 },
		{ NETRA_IOC_READ, sizeof(struct netra_ioc_read), sizeof(struct netra_ioc_chunk) },
		{ NETRA_IOC_TAKE, sizeof(struct netra_ioc_take), sizeof(struct netra_ioc_frame) },
		{ NETRA_IOC_RELEASE, sizeof(struct netra_ioc_release), sizeof(struct netra_ioc_release) },
		{ NETRA_IOC_DISCARD, sizeof(struct netra_ioc_discard), 0 },
		{ NETRA_IOC_READER_STATS, sizeof(struct netra_ioc_reader_stats),
		  sizeof(struct netra_ioc_reader_stats) },
		{ NETRA_IOC_EVENT, 0, sizeof(struct netra_ioc_event) },
		{ NETRA_IOC_WAIT, 0, sizeof(struct netra_ioc_wait) },
		{ NETRA_IOC_MAP, 0, sizeof(struct netra_ioc_map) },
	};
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	open_reader(&p, 0, 0);
	memset(buffer, 0, sizeof(buffer));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (size_t n = 0; n < calls[i].in; n++)
			assert_int_equal(call2(&p, calls[i].code, buffer, n, buffer + 4096, calls[i].out),
					 BUFFER_TOO_SMALL);
		for (size_t n = 0; n < calls[i].out; n++)
			assert_int_equal(call2(&p, calls[i].code, buffer, calls[i].in, buffer + 4096, n),
					 BUFFER_TOO_SMALL);
	}
	end(&e, &p);
}

static void numbers_are_checked(void **state)
{
	struct netra_ioc_channel channel = { .channel = 4 };
	struct netra_ioc_reader open = { .channel = 4 };
	struct netra_ioc_boot boot = { .flags = 2 };
	struct netra_ioc_command cmd = { .channel = 4, .opcode = NETRA_CMD_START };
	struct netra_ioc_release release = { .reader = 0, .count = 65 };
	struct netra_ioc_discard discard = { .reader = 0 };
	struct netra_ioc_take take = { .reader = 64 };
	struct netra_ioc_reader_stats stats = { .reader = 0, .reserved = 1 };
	struct program p, q;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	assert_int_equal(call(&p, 0x222000, NULL, 0), INVALID_DEVICE_REQUEST);
	assert_int_equal(call(&p, NETRA_IOC_CHANNEL, &channel, sizeof(channel)), NOT_FOUND);
	channel = (struct netra_ioc_channel){ .reserved = { 0, 0, 1 } };
	assert_int_equal(call(&p, NETRA_IOC_CHANNEL, &channel, sizeof(channel)), INVALID_PARAMETER);
	assert_int_equal(call(&p, NETRA_IOC_READER_OPEN, &open, sizeof(open)), NOT_FOUND);
	open = (struct netra_ioc_reader){ .flags = 1 };
	assert_int_equal(call(&p, NETRA_IOC_READER_OPEN, &open, sizeof(open)), INVALID_PARAMETER);
	assert_int_equal(call(&p, NETRA_IOC_BOOT, &boot, sizeof(boot)), INVALID_PARAMETER);
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &cmd, sizeof(cmd)), NOT_FOUND);
	cmd = (struct netra_ioc_command){ .opcode = NETRA_CMD_RESYNC };
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &cmd, sizeof(cmd)), INVALID_PARAMETER);
	cmd.opcode = NETRA_CMD_COUNT;
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &cmd, sizeof(cmd)), INVALID_PARAMETER);
	cmd = (struct netra_ioc_command){ .opcode = NETRA_CMD_STOP, .flags = NETRA_COMMAND_POST };
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &cmd, sizeof(cmd)), INVALID_PARAMETER);
	cmd = (struct netra_ioc_command){ .opcode = NETRA_CMD_KEY_FRAME, .flags = 2 };
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &cmd, sizeof(cmd)), INVALID_PARAMETER);
	for (uint32_t i = 0; i < NETRA_READERS_PER_FILE; i++)
		assert_int_equal(open_reader(&p, i % 4, 0), i);
	open.flags = 0;
	assert_int_equal(call(&p, NETRA_IOC_READER_OPEN, &open, sizeof(open)), TOO_MANY_OPENED_FILES);
	assert_int_equal(call2(&p, NETRA_IOC_TAKE, &take, sizeof(take), buffer, 8000), INVALID_HANDLE);
	take.reader = 0;
	assert_int_equal(call2(&p, NETRA_IOC_TAKE, &take, sizeof(take), buffer, 8000), NO_MORE_ENTRIES);
	assert_int_equal(call(&p, NETRA_IOC_RELEASE, &release, sizeof(release)), INVALID_PARAMETER);
	release.count = 0;
	assert_int_equal(call(&p, NETRA_IOC_RELEASE, &release, sizeof(release)), INVALID_PARAMETER);
	release = (struct netra_ioc_release){ .count = 2, .tokens = { UINT64_MAX, 0 } };
	assert_int_equal(call(&p, NETRA_IOC_RELEASE, &release, sizeof(release)), OK);
	assert_int_equal((release.stale | release.unknown) & 3, 3);
	assert_int_equal(call(&p, NETRA_IOC_DISCARD, &discard, sizeof(discard)), INVALID_PARAMETER);
	assert_int_equal(call(&p, NETRA_IOC_READER_STATS, &stats, sizeof(stats)), INVALID_PARAMETER);
	stats.reserved = 0;
	assert_int_equal(call(&p, NETRA_IOC_READER_STATS, &stats, sizeof(stats)), OK);
	assert_int_equal(stats.frames, 0);
	/* A handle that may only look. */
	q.process = fake_process_new();
	assert_int_equal(fake_open(q.process, false, &q.handle), OK);
	assert_int_equal(call(&q, NETRA_IOC_BOOT, &boot, sizeof(boot)), ACCESS_DENIED);
	assert_int_equal(call(&q, NETRA_IOC_COMMAND, &cmd, sizeof(cmd)), ACCESS_DENIED);
	assert_int_equal(status(&q).state, ATTACHED);
	program_end(&q);
	end(&e, &p);
}

static void a_cold_board_has_nothing_to_give(void **state)
{
	const struct fake_value parameters[] = { { .name = "Boot", .number = 0 }, { 0 } };
	struct netra_ioc_channel channel = { 0 };
	struct netra_ioc_reader open = { 0 };
	struct netra_ioc_map map;
	struct program p;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	bench_registry(parameters);
	bench_start();
	program_start(&p);
	assert_int_equal(call(&p, NETRA_IOC_MAP, &map, sizeof(map)), DEVICE_NOT_READY);
	assert_int_equal(call(&p, NETRA_IOC_CHANNEL, &channel, sizeof(channel)), DEVICE_NOT_READY);
	assert_int_equal(call(&p, NETRA_IOC_READER_OPEN, &open, sizeof(open)), DEVICE_NOT_READY);
	assert_int_equal(read_chunks(&p, NETRA_ALL_READERS, buffer, sizeof(buffer)), 0);
	assert_int_equal(status(&p).arena_bytes, 0);
	end(&e, &p);
}

/* A frame that was damaged after the driver checked it: the program's to say. */
static void frames_can_be_discarded(void **state)
{
	struct netra_ioc_discard discard = { .reader = 0, .flags = NETRA_DISCARD_CORRUPT };
	struct netra_ioc_take take = { .reader = 0 };
	struct netra_ioc_reader_stats stats = { .reader = 0 };
	struct netra_ioc_frame frame = { 0 };
	struct program p;
	struct emulator e;
	int32_t s;

	(void)state;
	begin(&e, &p);
	open_reader(&p, 0, 0);
	start_channel(&p, 0);
	while ((s = call2(&p, NETRA_IOC_TAKE, &take, sizeof(take), &frame, sizeof(frame))) == NO_MORE_ENTRIES)
		machine_sleep_ns(5000000);
	assert_int_equal(s, OK);
	assert_int_equal(call(&p, NETRA_IOC_DISCARD, &discard, sizeof(discard)), OK);
	assert_int_equal(call(&p, NETRA_IOC_DISCARD, &discard, sizeof(discard)), INVALID_PARAMETER);
	while ((s = call2(&p, NETRA_IOC_TAKE, &take, sizeof(take), &frame, sizeof(frame))) == NO_MORE_ENTRIES)
		machine_sleep_ns(5000000);
	assert_int_equal(s, OK);
	assert_true(frame.flags & NETRA_FRAME_KEY && frame.lost >= 1);
	assert_int_equal(call(&p, NETRA_IOC_READER_STATS, &stats, sizeof(stats)), OK);
	assert_int_equal(stats.corrupt, 1);
	assert_int_equal(stats.frames, 1);
	end(&e, &p);
}

/* Bytes that change in the ring: never given to a program that reads. */
static void damaged_frames_are_lost(void **state)
{
	struct netra_ioc_take take = { .reader = 0 };
	struct netra_ioc_reader_stats stats = { .reader = 1 };
	struct netra_ioc_frame frame = { 0 };
	struct netra_ioc_chunk *chunk = (struct netra_ioc_chunk *)buffer;
	struct program p;
	struct emulator e;
	int64_t n = 0;

	(void)state;
	begin(&e, &p);
	open_reader(&p, 0, 0);
	open_reader(&p, 0, 0);
	start_channel(&p, 0);
	while (call2(&p, NETRA_IOC_TAKE, &take, sizeof(take), &frame, sizeof(frame)))
		machine_sleep_ns(5000000);
	fake_kernel_view()[frame.offset + frame.length / 2] ^= 1;
	while (!(n = read_chunks(&p, 1, buffer, sizeof(buffer))))
		machine_sleep_ns(5000000);
	assert_true(n > 0);
	assert_true(chunk->frame.sequence > frame.sequence && chunk->frame.lost >= 1);
	assert_true(chunk->frame.flags & NETRA_FRAME_KEY);
	assert_int_equal(call(&p, NETRA_IOC_READER_STATS, &stats, sizeof(stats)), OK);
	assert_int_equal(stats.corrupt, 1);
	end(&e, &p);
}

static uint32_t seed = 1;

static uint32_t noise(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* Any code, lengths and bytes, some of them nearly right, while frames come. */
static void noise_is_survived(void **state)
{
	const char *rounds = getenv("FUZZ_ROUNDS");
	struct fake_request *pending[16] = { 0 };
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p);
	for (uint32_t i = 0; i < 4; i++)
		start_channel(&p, i);
	for (int round = rounds ? atoi(rounds) : 15000; round; round--) {
		uint8_t in[700];
		uint32_t code = noise(8) ? NETRA_IOC_STATUS : noise(UINT32_MAX), n = noise(15);
		struct fake_io io;
		uint32_t slot = noise(16);

		memset(in, 0, sizeof(in));
		for (uint32_t k = noise(noise(2) ? 700 : 4); k; k--)
			in[noise(noise(3) ? 16 : 700)] = (uint8_t)noise(noise(2) ? 4 : 256);
		/* A board that is reset is of no use to the others. */
		code += n == 2 || (n == 3 && noise(20)) ? 0 : n << 2;
		if (n == 6)
			code = NETRA_IOC_READ;
		if (n == 3)
			code |= NETRA_IOC_COMMAND;
		io = (struct fake_io){
			.code = code, .in = in, .in_bytes = noise(3) ? noise(600) : noise(24),
			.out = buffer, .out_bytes = noise(3) ? noise(1200) : noise(100000),
			.fails_mapping = !noise(50),
		};
		if (pending[slot]) {
			fake_cancel(pending[slot]);
			fake_end(pending[slot], 5000, NULL);
		}
		pending[slot] = fake_begin(p.handle, p.process, &io);
		if (fake_done(pending[slot])) {
			fake_end(pending[slot], 5000, NULL);
			pending[slot] = NULL;
		}
	}
	for (int i = 0; i < 16; i++) {
		if (!pending[i])
			continue;
		fake_cancel(pending[i]);
		fake_end(pending[i], 5000, NULL);
	}
	assert_int_equal(command(&p, 0, NETRA_CMD_PING, NULL), NETRA_OK);
	assert_int_equal(status(&p).state, ATTACHED);
	end(&e, &p);
}

/* Until the board does not move any more: that is not what fails. */
static void settle(struct program *p)
{
	fake_self()->never_fails = true;
	for (int i = 0; i < 1000; i++) {
		uint32_t s = status(p).state;

		if (s == ATTACHED || s == FAILED || s == GONE || (s == COLD && i > 5))
			break;
		machine_sleep_ns(2000000);
	}
	fake_self()->never_fails = false;
}

/* Each thing a program does, whatever became of the one before. */
static void use(struct program *p)
{
	struct netra_ioc_boot force = { .flags = NETRA_BOOT_FORCE };
	struct netra_ioc_take take = { 0 };
	struct netra_ioc_release release = { .count = 1 };
	struct netra_ioc_reader_close close = { 0 };
	struct netra_ioc_reader open = { 0 };
	struct netra_ioc_event event;
	struct netra_ioc_frame frame;
	struct netra_ioc_map map;
	struct netra_ioc_wait wait;
	const struct fake_io io = { .code = NETRA_IOC_WAIT, .out = &wait, .out_bytes = sizeof(wait) };
	struct netra_ioc_command start = { .opcode = NETRA_CMD_START };
	struct fake_request *r;

	call(p, NETRA_IOC_MAP, &map, sizeof(map));
	open.flags = NETRA_OPEN_ALL;
	call(p, NETRA_IOC_READER_OPEN, &open, sizeof(open));
	call(p, NETRA_IOC_COMMAND, &start, sizeof(start));
	call(p, NETRA_IOC_EVENT, &event, sizeof(event));
	r = fake_begin(p->handle, p->process, &io);
	machine_sleep_ns(20000000);
	fake_cancel(r);
	fake_end(r, 5000, NULL);
	read_chunks(p, 0, buffer, sizeof(buffer));
	if (!call2(p, NETRA_IOC_TAKE, &take, sizeof(take), &frame, sizeof(frame)))
		release.tokens[0] = frame.token;
	call(p, NETRA_IOC_RELEASE, &release, sizeof(release));
	call(p, NETRA_IOC_READER_CLOSE, &close, sizeof(close));
	fake_power_down();
	fake_power_up();
	settle(p);
	call(p, NETRA_IOC_BOOT, &force, sizeof(force));
}

static void live(void)
{
	struct program p;

	if (fake_load())
		return;
	if (!fake_add()) {
		p.process = fake_process_new();
		assert_int_equal(fake_open(p.process, true, &p.handle), OK);
		settle(&p);
		use(&p);
		settle(&p);
		program_end(&p);
		fake_remove();
	}
	fake_unload();
}

/* Once without a failure, to see that one does what it should; then each. */
static void every_call_may_fail(void **state)
{
	const char *only = getenv("FAIL_ONLY");
	unsigned int n = only ? (unsigned int)atoi(only) : 1, last, all;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	fake_fail_at(0);
	live();
	assert_false(fake_leaks());
	all = fake_calls();
	last = only ? n : all;
	for (; n <= last; n++) {
		fake_fail_at(n);
		live();
		if (fake_leaks()) {
			print_error("call %u: %s\n", n, fake_failed());
			fail();
		}
	}
	print_message("%u calls made to fail, each in turn\n", all);
	emulator_stop(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lengths_are_checked),
		TEST(numbers_are_checked),
		TEST(a_cold_board_has_nothing_to_give),
		TEST(frames_can_be_discarded),
		TEST(damaged_frames_are_lost),
		TEST(noise_is_survived),
		TEST(every_call_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
