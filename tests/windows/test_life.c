/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board's life under the Windows driver: booted, streaming on every channel
 * by every way of reading, used by several programs, let go.
 */
#include "bench.h"

#include "core/crc32c.h"

#define CHANNELS 16u

static const char *const cameras[] = { "--channels", "16", "--size", "176x144", NULL };

static void boots_and_streams_16_channels(void **state)
{
	uint64_t frames[CHANNELS] = { 0 }, total = 0, end;
	const size_t size = 1u << 20;
	uint8_t *buffer = malloc(size);
	struct netra_ioc_status s;
	struct program p;
	struct emulator e;

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	wait_for_state(&p, ATTACHED);
	s = status(&p);
	assert_string_equal(s.soc, "dm8168");
	assert_int_equal(s.channels, CHANNELS);
	assert_int_equal(s.vectors, 1);
	assert_int_equal(s.window_bytes, 8u << 20);
	assert_string_equal(s.memory, "8 MB chunks of one MDL");
	assert_int_equal(s.vendor_id, 0x104c);
	assert_int_equal(s.link_width, 2);
	assert_int_equal(s.link_mtps, 2500);
	for (uint32_t i = 0; i < CHANNELS; i++) {
		assert_int_equal(open_reader(&p, i, NETRA_OPEN_ALL), i);
		start_channel(&p, i);
	}
	for (end = now_ms() + 30000; total < 16 * 40 && now_ms() < end;) {
		int64_t n = read_chunks(&p, NETRA_ALL_READERS, buffer, size);

		assert_true(n >= 0);
		for (size_t at = 0; at < (size_t)n;) {
			struct netra_ioc_chunk chunk;

			memcpy(&chunk, buffer + at, sizeof(chunk));
			assert_true(chunk.reader < CHANNELS);
			assert_int_equal(chunk.frame.sequence, frames[chunk.reader]++);
			assert_int_equal(chunk.frame.lost, 0);
			assert_int_equal(netra_crc32c(0, buffer + at + sizeof(chunk),
						      chunk.frame.length),
					 chunk.frame.data_crc32c);
			at += chunk.bytes;
			total++;
		}
		machine_sleep_ns(10000000);
	}
	for (uint32_t i = 0; i < CHANNELS; i++)
		assert_true(frames[i] > 10);
	s = status(&p);
	assert_true(s.interrupts > 10 && s.board_interrupts > 10 && s.heartbeats > 2);
	assert_int_equal(s.dma_faults, 0);
	program_end(&p);
	bench_end();
	emulator_stop(&e);
	free(buffer);
}

/* What a file gives comes out, byte for byte, by copy or from the mapping. */
static void byte_for_byte(bool mapped, bool line, bool peterson)
{
	const struct fake_value parameters[] = { { .name = "Peterson", .number = peterson },
						 { .name = "WindowMB", .number = 1 }, { 0 } };
	const size_t size = 1u << 20;
	unsigned char *wanted, *buffer = malloc(size);
	struct netra_ioc_map map = { 0 };
	const char *words[] = { "--channels", "1", "--pace", "free", "--loops", "1",
				"--source", NULL, NULL };
	size_t total, got = 0;
	struct emulator e;
	struct program p;
	char path[300];
	uint32_t reader;
	int64_t n = 0;

	words[7] = video("VID_1280x720_cabac_temporal_direct.264", path, sizeof(path));
	wanted = read_file(path, &total);
	bench_board(&e, words);
	bench_registry(parameters);
	fake_options.line = line;
	bench_start();
	program_start(&p);
	wait_for_state(&p, ATTACHED);
	assert_int_equal(status(&p).sync_mode, peterson);
	assert_int_equal(status(&p).vectors, !line);
	reader = open_reader(&p, 0, NETRA_OPEN_ALL);
	if (mapped)
		assert_int_equal(call(&p, NETRA_IOC_MAP, &map, sizeof(map)), OK);
	start_channel(&p, 0);
	for (uint64_t end = now_ms() + 60000; got < total && now_ms() < end;) {
		if (mapped) {
			struct netra_ioc_frame frame[4];
			struct netra_ioc_take take = { .reader = reader };
			struct netra_ioc_release release = { .reader = reader };
			const struct fake_io io = {
				.code = NETRA_IOC_TAKE, .in = &take, .in_bytes = sizeof(take),
				.out = frame, .out_bytes = sizeof(frame),
			};
			size_t done = 0;

			if (fake_call(p.handle, p.process, &io, &done))
				continue;
			for (size_t i = 0; i < done / sizeof(frame[0]); i++) {
				assert_memory_equal((uint8_t *)(uintptr_t)map.address + frame[i].offset,
						    wanted + got, frame[i].length);
				got += frame[i].length;
				release.tokens[release.count++] = frame[i].token;
			}
			assert_int_equal(call(&p, NETRA_IOC_RELEASE, &release, sizeof(release)), OK);
			assert_int_equal(release.stale | release.unknown, 0);
			continue;
		}
		n = read_chunks(&p, reader, buffer, size);
		assert_true(n >= 0);
		for (size_t at = 0; at < (size_t)n;) {
			struct netra_ioc_chunk chunk;

			memcpy(&chunk, buffer + at, sizeof(chunk));
			assert_int_equal(chunk.frame.lost, 0);
			assert_memory_equal(buffer + at + sizeof(chunk), wanted + got, chunk.frame.length);
			got += chunk.frame.length;
			at += chunk.bytes;
		}
	}
	assert_int_equal(got, total);
	/* Its end is found a moment after its last frame. */
	for (uint64_t end = now_ms() + 5000; now_ms() < end && !n;)
		n = read_chunks(&p, reader, buffer, size);
	while (n > 0 || (!n && now_ms() % 5000))
		n = read_chunks(&p, reader, buffer, size);
	assert_int_equal(n, END_OF_FILE);
	assert_true(status(&p).interrupts > 0);
	program_end(&p);
	bench_end();
	emulator_stop(&e);
	free(wanted);
	free(buffer);
}

static void reads_byte_for_byte(void **state)
{
	(void)state;
	byte_for_byte(false, false, false);
}

static void maps_byte_for_byte(void **state)
{
	(void)state;
	byte_for_byte(true, false, false);
}

static void reads_by_the_line_interrupt(void **state)
{
	(void)state;
	byte_for_byte(false, true, false);
}

static void reads_under_petersons_lock(void **state)
{
	(void)state;
	byte_for_byte(true, false, true);
}

static struct fake_request *wait_begin(struct program *p, struct netra_ioc_wait *out)
{
	const struct fake_io io = { .code = NETRA_IOC_WAIT, .out = out, .out_bytes = sizeof(*out) };

	return fake_begin(p->handle, p->process, &io);
}

static void waits_end_when_there_is_something(void **state)
{
	struct netra_ioc_wait one, two, three;
	struct fake_request *r[3];
	struct program p, q;
	struct emulator e;
	size_t done;

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	wait_for_state(&p, ATTACHED);
	program_start(&q);
	while (heard(&p, "", 0))
		;
	/* Nothing there: cancelled, closed, or ended by frames. */
	r[0] = wait_begin(&p, &one);
	machine_sleep_ns(50000000);
	assert_false(fake_done(r[0]));
	fake_cancel(r[0]);
	assert_int_equal(fake_end(r[0], 1000, NULL), CANCELLED);
	r[1] = wait_begin(&q, &two);
	program_end(&q);
	assert_int_equal(fake_end(r[1], 1000, NULL), CANCELLED);
	open_reader(&p, 3, NETRA_OPEN_ALL);
	r[2] = wait_begin(&p, &three);
	assert_false(fake_done(r[2]));
	start_channel(&p, 3);
	assert_int_equal(fake_end(r[2], 5000, &done), OK);
	assert_int_equal(done, sizeof(three));
	/* Its signal was told of first. */
	for (int i = 0; i < 10 && three.ready == NETRA_READY_EVENT; i++) {
		while (heard(&p, "", 0))
			;
		assert_int_equal(fake_end(wait_begin(&p, &three), 5000, &done), OK);
	}
	assert_true(three.ready & NETRA_READY_FRAMES);
	/* Something there: at once. */
	assert_int_equal(call(&p, NETRA_IOC_WAIT, &one, sizeof(one)), OK);
	assert_true(one.ready & NETRA_READY_FRAMES);
	program_end(&p);
	bench_end();
	emulator_stop(&e);
}

/* Two sessions on one channel; the one that started it goes. */
static void sessions_do_not_disturb_each_other(void **state)
{
	static uint8_t buffer[1 << 20];
	struct netra_ioc_channel c = { .channel = 2 };
	struct netra_ioc_reader_close close;
	struct program p, q;
	struct emulator e;
	uint64_t end;

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	program_start(&q);
	wait_for_state(&p, ATTACHED);
	open_reader(&q, 2, 0);
	start_channel(&p, 2);
	start_channel(&p, 2);
	assert_int_equal(open_reader(&p, 2, NETRA_OPEN_FROM_KEY), 0);
	assert_int_equal(open_reader(&p, 2, NETRA_OPEN_FROM_KEY), 1);
	close = (struct netra_ioc_reader_close){ .reader = 0 };
	assert_int_equal(call(&p, NETRA_IOC_READER_CLOSE, &close, sizeof(close)), OK);
	assert_int_equal(call(&p, NETRA_IOC_READER_CLOSE, &close, sizeof(close)), INVALID_HANDLE);
	assert_int_equal(call(&p, NETRA_IOC_CHANNEL, &c, sizeof(c)), OK);
	assert_int_equal(c.readers, 2);
	program_end(&p);
	/* It goes on for the one that is left, which inherited it. */
	for (end = now_ms() + 500; now_ms() < end;)
		assert_true(read_chunks(&q, 0, buffer, sizeof(buffer)) >= 0);
	for (end = now_ms() + 5000; now_ms() < end;)
		if (read_chunks(&q, 0, buffer, sizeof(buffer)) > 0)
			break;
	assert_true(now_ms() < end);
	c = (struct netra_ioc_channel){ .channel = 2 };
	assert_int_equal(call(&q, NETRA_IOC_CHANNEL, &c, sizeof(c)), OK);
	assert_int_equal(c.state, NETRA_CHANNEL_RUNNING);
	assert_true(c.width == 176 && c.height == 144 && c.frames > 3);
	assert_int_equal(command(&q, 2, NETRA_CMD_STOP, NULL), NETRA_OK);
	for (end = now_ms() + 5000; c.state == NETRA_CHANNEL_RUNNING && now_ms() < end;) {
		c = (struct netra_ioc_channel){ .channel = 2 };
		assert_int_equal(call(&q, NETRA_IOC_CHANNEL, &c, sizeof(c)), OK);
	}
	assert_int_equal(c.state, NETRA_CHANNEL_STOPPED);
	program_end(&q);
	bench_end();
	emulator_stop(&e);
}

static void commands_are_answered(void **state)
{
	struct netra_ioc_command c = { .channel = 0, .opcode = NETRA_CMD_BIT_RATE,
				       .arg = { 1000000 } };
	struct program p;
	struct emulator e;
	char text[320];

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	wait_for_state(&p, ATTACHED);
	assert_int_equal(command(&p, 7, NETRA_CMD_PING, NULL), NETRA_OK);
	start_channel(&p, 0);
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &c, sizeof(c)), OK);
	assert_int_equal(c.error, NETRA_OK);
	assert_int_equal(command(&p, 0, NETRA_CMD_KEY_FRAME, NULL), NETRA_OK);
	/* What would be refused is not waited for. */
	c = (struct netra_ioc_command){ .opcode = NETRA_CMD_FRAME_RATE,
					.flags = NETRA_COMMAND_POST };
	assert_int_equal(call(&p, NETRA_IOC_COMMAND, &c, sizeof(c)), OK);
	assert_int_equal(c.error, NETRA_OK);
	/* No frames a second is no rate. */
	assert_int_equal(command(&p, 0, NETRA_CMD_FRAME_RATE, text), NETRA_ERR_REFUSED);
	assert_non_null(strstr(text, "refused"));
	program_end(&p);
	bench_end();
	emulator_stop(&e);
}

/* Bound to a handle: of the process that opened it, gone with the handle. */
static void mappings_are_bound_to_handles(void **state)
{
	struct netra_ioc_map a = { 0 }, b = { 0 }, c = { 0 };
	struct program p, q, thief;
	struct emulator e;
	int null[2];

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	program_start(&q);
	wait_for_state(&p, ATTACHED);
	assert_int_equal(call(&p, NETRA_IOC_MAP, &a, sizeof(a)), OK);
	assert_int_equal(call(&p, NETRA_IOC_MAP, &b, sizeof(b)), OK);
	assert_int_equal(a.address, b.address);
	assert_int_equal(a.bytes, status(&p).arena_bytes);
	assert_true(fake_is_mapped(p.process, (void *)(uintptr_t)a.address));
	assert_int_equal(call(&q, NETRA_IOC_MAP, &b, sizeof(b)), OK);
	assert_true(a.address != b.address);
	/* Read-only: a system call that would write there is refused. */
	null[0] = machine_file_open("/dev/zero");
	assert_int_equal(machine_file_read(null[0], (void *)(uintptr_t)a.address, 4096), -1);
	machine_file_close(null[0]);
	/* A handle handed on to another process maps nothing there. */
	thief = (struct program){ .process = q.process, .handle = p.handle };
	assert_int_equal(call(&thief, NETRA_IOC_MAP, &c, sizeof(c)), ACCESS_DENIED);
	/* Closed from there, it is undone where it was made. */
	fake_close(p.handle, q.process);
	assert_false(fake_is_mapped(p.process, (void *)(uintptr_t)a.address));
	fake_process_end(p.process);
	fake_process_put(p.process);
	/* A process that ends while another one holds its handle. */
	thief.process = fake_process_new();
	fake_process_end(q.process);
	fake_close(q.handle, thief.process);
	fake_process_put(q.process);
	fake_process_put(thief.process);
	bench_end();
	emulator_stop(&e);
}

static void large_frames_want_room(void **state)
{
	struct netra_ioc_chunk head;
	uint8_t *buffer;
	struct program p;
	struct emulator e;
	int64_t n = 0;

	(void)state;
	bench_board(&e, cameras);
	bench_start();
	program_start(&p);
	wait_for_state(&p, ATTACHED);
	open_reader(&p, 0, NETRA_OPEN_ALL);
	start_channel(&p, 0);
	for (uint64_t end = now_ms() + 5000; !n && now_ms() < end;)
		n = read_chunks(&p, 0, &head, sizeof(head));
	assert_int_equal(n, BUFFER_OVERFLOW);
	assert_true(head.frame.length && head.bytes > head.frame.length);
	/* It stayed unread, and what was said is enough. */
	buffer = malloc(head.bytes);
	assert_int_equal(read_chunks(&p, 0, buffer, head.bytes), head.bytes);
	assert_int_equal(((struct netra_ioc_chunk *)buffer)->frame.sequence, head.frame.sequence);
	free(buffer);
	program_end(&p);
	bench_end();
	emulator_stop(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(boots_and_streams_16_channels),
		TEST(reads_byte_for_byte),
		TEST(maps_byte_for_byte),
		TEST(reads_by_the_line_interrupt),
		TEST(reads_under_petersons_lock),
		TEST(waits_end_when_there_is_something),
		TEST(sessions_do_not_disturb_each_other),
		TEST(commands_are_answered),
		TEST(mappings_are_bound_to_handles),
		TEST(large_frames_want_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
