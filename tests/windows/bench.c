/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>
#include <unistd.h>

#include "bench.h"

static char socket_path[64];
static char path[4][512];
static struct fake_value values[16];

uint64_t now_ms(void)
{
	return machine_now_ns() / 1000000;
}

void bench_board(struct emulator *e, const char *const words[])
{
	const char *all[32] = { "--parent-death" };

	for (int n = 1; *words; words++)
		all[n++] = *words;
	emulator_start(e, all);
	snprintf(socket_path, sizeof(socket_path), "%s", strchr(e->name, ':') + 1);
	memset(&fake_options, 0, sizeof(fake_options));
	fake_options.socket = socket_path;
	bench_registry(NULL);
}

void bench_registry(const struct fake_value *more)
{
	static const char *const names[] = { "UBoot", "BootScript", "Kernel", "RamDisk" };
	static const char *const files[] = { "u-boot.bin", "boot.scr", "uImage", "ramdisk.img" };
	const char *folder = getenv("NETRA_FIRMWARE");
	int n = 0;

	assert_non_null(folder);
	for (; more && more->name; more++)
		values[n++] = *more;
	for (int i = 0; i < 4; i++) {
		/* One as an INF writes it, the others as people do. */
		snprintf(path[i], sizeof(path[i]), "%s%s\\%s", i ? "C:" : "\\SystemRoot",
			 folder, files[i]);
		for (char *c = path[i]; *c; c++)
			*c = *c == '/' ? '\\' : *c;
		values[n++] = (struct fake_value){ .name = names[i], .text = path[i] };
	}
	/* On a busy machine a board may be silent for a while. */
	values[n++] = (struct fake_value){ .name = "HeartbeatMs", .number = 4000 };
	values[n++] = (struct fake_value){ .name = "StallMs", .number = 8000 };
	values[n] = (struct fake_value){ 0 };
	fake_registry = values;
}

static bool running;

/* A test that failed left threads and a board behind: no other can follow. */
int bench_stopped(void **state)
{
	(void)state;
	if (running)
		exit(1);
	return 0;
}

void bench_start(void)
{
	running = true;
	assert_int_equal(fake_load(), OK);
	assert_int_equal(fake_add(), OK);
}

void bench_end(void)
{
	fake_remove();
	fake_unload();
	running = false;
	assert_false(fake_leaks());
}

void program_start(struct program *p)
{
	p->process = fake_process_new();
	assert_int_equal(fake_open(p->process, true, &p->handle), OK);
}

void program_end(struct program *p)
{
	fake_close(p->handle, p->process);
	fake_process_end(p->process);
	fake_process_put(p->process);
}

int32_t call(struct program *p, uint32_t code, void *data, size_t bytes)
{
	const struct fake_io io = {
		.code = code, .in = data, .in_bytes = bytes, .out = data, .out_bytes = bytes,
	};

	return fake_call(p->handle, p->process, &io, NULL);
}

struct netra_ioc_status status(struct program *p)
{
	struct netra_ioc_status s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(call(p, NETRA_IOC_STATUS, &s, sizeof(s)), OK);
	return s;
}

void wait_for_state(struct program *p, uint32_t state)
{
	const uint64_t end = now_ms() + 60000;
	struct netra_ioc_status s;

	do {
		s = status(p);
		if (s.state == state)
			return;
		machine_sleep_ns(5000000);
	} while (now_ms() < end);
	print_error("state %u instead of %u: %s\n", s.state, state, s.error_text);
	fail();
}

enum netra_error command(struct program *p, uint32_t channel, uint32_t opcode, char *text)
{
	struct netra_ioc_command c = { .channel = channel, .opcode = opcode };

	assert_int_equal(call(p, NETRA_IOC_COMMAND, &c, sizeof(c)), OK);
	if (text)
		strcpy(text, c.error_text);
	return (enum netra_error)c.error;
}

void start_channel(struct program *p, uint32_t channel)
{
	char text[320];
	enum netra_error error = command(p, channel, NETRA_CMD_START, text);

	if (error)
		print_error("channel %u: %s\n", channel, text);
	assert_int_equal(error, NETRA_OK);
}

uint32_t open_reader(struct program *p, uint32_t channel, uint32_t flags)
{
	struct netra_ioc_reader r = { .channel = channel, .flags = flags };

	assert_int_equal(call(p, NETRA_IOC_READER_OPEN, &r, sizeof(r)), OK);
	return r.reader;
}

int64_t read_chunks(struct program *p, uint32_t reader, void *buffer, size_t size)
{
	const struct netra_ioc_read in = { .reader = reader };
	const struct fake_io io = {
		.code = NETRA_IOC_READ, .in = &in, .in_bytes = sizeof(in),
		.out = buffer, .out_bytes = size,
	};
	size_t done = 0;
	int32_t status = fake_call(p->handle, p->process, &io, &done);

	if (status == NO_MORE_ENTRIES)
		return 0;
	return status ? status : (int64_t)done;
}

static bool all_words(const char *text, const char *words)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strstr(text, word))
			return false;
	return true;
}

bool heard(struct program *p, const char *words, unsigned int ms)
{
	const uint64_t end = now_ms() + ms;

	do {
		struct netra_ioc_event e;

		while (!call(p, NETRA_IOC_EVENT, &e, sizeof(e)))
			if (all_words(e.text, words))
				return true;
		machine_sleep_ns(5000000);
	} while (now_ms() < end);
	return false;
}
