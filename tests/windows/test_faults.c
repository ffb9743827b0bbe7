/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver makes of each fault of docs/faults.md: the error names the
 * cause, other channels lose nothing, and the board comes back where it can.
 */
#include "bench.h"

#define CHANNELS 4u
#define RATE 30

static uint8_t buffer[1 << 20];

struct got {
	uint64_t frames[CHANNELS];
	uint64_t lost[CHANNELS];
	char told[4096];
};

/* Read and listen; until channel 1 has @frames and @words were told. */
static void watch(struct program *p, struct got *g, uint64_t frames, const char *words,
		  unsigned int ms)
{
	const uint64_t end = now_ms() + ms;

	while (now_ms() < end) {
		int64_t n = read_chunks(p, NETRA_ALL_READERS, buffer, sizeof(buffer));
		struct netra_ioc_event event;

		for (size_t at = 0; n > 0 && at < (size_t)n;) {
			struct netra_ioc_chunk chunk;

			memcpy(&chunk, buffer + at, sizeof(chunk));
			g->frames[chunk.reader]++;
			g->lost[chunk.reader] += chunk.frame.lost;
			at += chunk.bytes;
		}
		while (!call(p, NETRA_IOC_EVENT, &event, sizeof(event))) {
			size_t used = strlen(g->told);

			snprintf(g->told + used, sizeof(g->told) - used, "%d: %s\n",
				 (int)event.channel, event.text);
		}
		if (g->frames[1] >= frames && strstr(g->told, words))
			return;
		machine_sleep_ns(5000000);
	}
	print_error("channel 1: %llu frames; told:\n%s", (unsigned long long)g->frames[1], g->told);
	print_error("%s\n", status(p).error_text);
	fail();
}

static void begin(struct emulator *e, struct program *p, const char *fault, bool peterson)
{
	const char *words[] = { "--channels", "4", "--size", "96x80", "--fault", fault, NULL };
	const struct fake_value parameters[] = { { .name = "Peterson", .number = peterson },
						 { .name = "HeartbeatMs", .number = 2000 },
						 { .name = "StallMs", .number = 3000 }, { 0 } };

	bench_board(e, words);
	bench_registry(parameters);
	bench_start();
	program_start(p);
	wait_for_state(p, ATTACHED);
	for (uint32_t i = 0; i < CHANNELS; i++) {
		open_reader(p, i, NETRA_OPEN_ALL);
		start_channel(p, i);
	}
}

static void end(struct emulator *e, struct program *p)
{
	program_end(p);
	bench_end();
	emulator_stop(e);
}

static void channel_fault(const char *kind, bool peterson)
{
	struct got g = { 0 };
	struct program p;
	struct emulator e;
	char spec[64];

	print_message("%s%s\n", kind, peterson ? ", under the lock" : "");
	snprintf(spec, sizeof(spec), "%s:ch=1,after=20", kind);
	begin(&e, &p, spec, peterson);
	watch(&p, &g, 40, "1: the channel runs again", 20000);
	assert_true(g.lost[1] > 0);
	for (uint32_t i = 0; i < CHANNELS; i++) {
		if (i != 1)
			assert_int_equal(g.lost[i], 0);
	}
	assert_null(strstr(g.told, "restarting the firmware"));
	end(&e, &p);
}

static const char *const channel_faults[] = {
	"channel-stall", "encoder-fault", "record-torn", "record-garbage", "offset-wild",
	"length-wild", "head-jump", "head-back",
};

static void channels_heal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(channel_faults) / sizeof(channel_faults[0]); i++)
		channel_fault(channel_faults[i], false);
}

static void channels_heal_under_the_lock(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(channel_faults) / sizeof(channel_faults[0]); i++)
		channel_fault(channel_faults[i], true);
	channel_fault("lock-dead", true);
}

static void board_fault(const char *spec, const char *words)
{
	struct got g = { 0 };
	struct program p;
	struct emulator e;

	print_message("%s\n", spec);
	begin(&e, &p, spec, false);
	watch(&p, &g, 20, words, 20000);
	watch(&p, &g, 20, "-1: the board runs again", 30000);
	watch(&p, &g, g.frames[1] + 10, "", 20000);
	assert_int_equal(status(&p).state, ATTACHED);
	end(&e, &p);
}

static void boards_come_back(void **state)
{
	(void)state;
	board_fault("heartbeat-stop:after=1000", "-1: the firmware's heartbeat stopped");
	board_fault("heartbeat-stop:after=1000,until=reset", "-1: resetting the board");
	board_fault("self-reset:after=20", "-1: the board reset itself");
}

static void interrupts_misbehave(void **state)
{
	static const char *const specs[] = { "irq-lost:after=30,count=5",
		"irq-late:ms=150,after=30,count=5", "irq-spurious:after=30,count=50",
		"signal-lost:ch=1,after=20,for=10" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct got g = { 0 };
		struct program p;
		struct emulator e;

		print_message("%s\n", specs[i]);
		begin(&e, &p, specs[i], false);
		watch(&p, &g, 60, "", 20000);
		for (uint32_t c = 0; c < CHANNELS; c++)
			assert_int_equal(g.lost[c], 0);
		end(&e, &p);
	}
}

static void gives_up_with_words(void **state)
{
	const char *words[] = { "--channels", "1", "--fault", "command-silent:count=0", NULL };
	struct netra_ioc_wait out;
	struct program p;
	struct emulator e;
	char text[320];

	(void)state;
	bench_board(&e, words);
	bench_start();
	program_start(&p);
	wait_for_state(&p, ATTACHED);
	assert_int_equal(command(&p, 0, NETRA_CMD_KEY_FRAME, text), NETRA_ERR_TIMEOUT);
	assert_non_null(strstr(text, "did not answer"));
	/* The rung mends it; the next command finds it silent again. */
	for (int i = 0; i < 8 && status(&p).state != FAILED; i++) {
		for (int k = 0; k < 2000 && status(&p).state == RECOVERING; k++)
			machine_sleep_ns(10000000);
		command(&p, 0, NETRA_CMD_KEY_FRAME, NULL);
	}
	wait_for_state(&p, FAILED);
	assert_non_null(strstr(status(&p).error_text, "gave up: a command was not answered"));
	while (heard(&p, "", 0))
		;
	assert_int_equal(call(&p, NETRA_IOC_WAIT, &out, sizeof(out)), IO_DEVICE_ERROR);
	end(&e, &p);
}

/* Nobody takes them: the oldest go, and how many says the next one. */
static void events_are_not_kept_for_ever(void **state)
{
	const char *words[] = { "--channels", "1", "--size", "96x80", "--fps", "120", "--fault",
				"signal-lost:ch=0,after=2,for=1,count=0", NULL };
	struct netra_ioc_event event = { 0 };
	struct program p, q;
	struct emulator e;
	uint64_t kept = 0;

	(void)state;
	bench_board(&e, words);
	bench_start();
	program_start(&p);
	program_start(&q);
	wait_for_state(&p, ATTACHED);
	start_channel(&p, 0);
	for (uint64_t taken = 0, limit = now_ms() + 30000; taken < 300 && now_ms() < limit;) {
		if (call(&q, NETRA_IOC_EVENT, &event, sizeof(event)))
			machine_sleep_ns(5000000);
		else
			taken++;
		assert_int_equal(event.lost, 0);
	}
	assert_int_equal(command(&p, 0, NETRA_CMD_STOP, NULL), NETRA_OK);
	assert_int_equal(call(&p, NETRA_IOC_EVENT, &event, sizeof(event)), OK);
	assert_true(event.lost >= 300 - 256);
	while (!call(&p, NETRA_IOC_EVENT, &event, sizeof(event)))
		kept++;
	assert_true(kept >= 255);
	program_end(&p);
	end(&e, &q);
}

static void is_gone(void **state)
{
	struct got g = { 0 };
	struct program p;
	struct emulator e;

	(void)state;
	begin(&e, &p, "gone:after=20", false);
	watch(&p, &g, 10, "-1: the board left the bus", 20000);
	wait_for_state(&p, GONE);
	assert_int_equal(read_chunks(&p, 0, buffer, sizeof(buffer)), DEVICE_REMOVED);
	end(&e, &p);
}

static void boots_fail_with_words(void **state)
{
	static const struct {
		const char *spec, *word;
	} faults[] = {
		{ "boot-hang:rom", "boot ROM" }, { "boot-hang:uboot", "U-Boot" },
		{ "boot-hang:script", "script" }, { "boot-hang:kernel", "kernel" },
		{ "boot-hang:agent", "agent" }, { "boot-fail:uboot", "ROM" },
		{ "boot-fail:script", "script" }, { "boot-fail:kernel", "kernel" },
		{ "boot-fail:ramdisk", "file system" },
	};
	const struct fake_value parameters[] = { { .name = "BootMs", .number = 700 }, { 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const char *words[] = { "--channels", "1", "--fault", faults[i].spec, NULL };
		struct program p;
		struct emulator e;

		print_message("%s\n", faults[i].spec);
		bench_board(&e, words);
		bench_registry(parameters);
		bench_start();
		program_start(&p);
		wait_for_state(&p, FAILED);
		assert_int_equal(status(&p).error, NETRA_ERR_BOOT);
		assert_non_null(strstr(status(&p).error_text, faults[i].word));
		end(&e, &p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(channels_heal),
		TEST(channels_heal_under_the_lock),
		TEST(boards_come_back),
		TEST(interrupts_misbehave),
		TEST(gives_up_with_words),
		TEST(events_are_not_kept_for_ever),
		TEST(is_gone),
		TEST(boots_fail_with_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
