/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From open to close with an emulated board: boot, attach, being one of two,
 * being killed, coming back; and what each failure is called.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "emulator.h"

#define SMALL "size=176x144,channels=2"

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void expect_open(const char *name, enum netra_error wanted,
			const char *words)
{
	struct netra_board *board;

	assert_int_equal(netra_open(name, NULL, &board), wanted);
	if (!strstr(netra_open_error(), words)) {
		print_error("%s: '%s' is not in: %s\n", name, words,
			    netra_open_error());
		fail();
	}
}

static void expect_text(struct netra_board *board, const char *words)
{
	char text[400];

	netra_error_text(board, text, sizeof(text));
	if (strstr(text, words))
		return;
	print_error("'%s' is not in: %s\n", words, text);
	fail();
}

/* Frames flow on channel 0. */
static void expect_frames(struct netra_board *board, int count)
{
	struct netra_reader *reader;
	uint64_t end = now_ms() + 5000;
	int got = 0;

	assert_int_equal(netra_reader_open(board, 0, NETRA_READER_CHECK,
					   &reader), NETRA_OK);
	assert_int_equal(netra_channel_start(board, 0), NETRA_OK);
	while (got < count && now_ms() < end) {
		struct netra_frame frame;

		netra_dispatch(board, 100);
		while (!netra_reader_next(reader, &frame)) {
			netra_reader_release(reader, &frame);
			got++;
		}
	}
	netra_reader_close(reader);
	assert_true(got >= count);
}

static void wrong_names_have_their_sentences(void **state)
{
	(void)state;
	expect_open("", NETRA_ERR_INVALID, "names no board");
	expect_open("board", NETRA_ERR_INVALID, "'board' names no board: say");
	expect_open("pci:03:00", NETRA_ERR_INVALID, "names no board");
	expect_open("pci:ffff:ff:1f.7", NETRA_ERR_NOT_FOUND,
		    "no such PCI device");
	expect_open("vfio-user:", NETRA_ERR_INVALID, "names no board");
	expect_open("vfio-user:/no/such/socket", NETRA_ERR_NOT_FOUND,
		    "/no/such/socket: no such socket");
	expect_open("vfio-user:/etc/passwd", NETRA_ERR_INVALID, "not a socket");
	expect_open("emulated:no-such=1", NETRA_ERR_INVALID, "--no-such");
	expect_open("emulated:source=/etc/passwd", NETRA_ERR_INVALID,
		    "/etc/passwd");
	assert_int_equal(netra_open(NULL, NULL, NULL), NETRA_ERR_INVALID);
}

static void wrong_options_have_their_sentences(void **state)
{
	struct netra_options options = { .size = sizeof(options) };
	struct netra_board *board;

	(void)state;
	options.window_bytes = 3u << 20;
	assert_int_equal(netra_open("emulated", &options, &board),
			 NETRA_ERR_INVALID);
	assert_non_null(strstr(netra_open_error(), "1, 2, 4 and 8 MB"));
	options.window_bytes = 0;
	options.size = 8;
	assert_int_equal(netra_open("emulated", &options, &board),
			 NETRA_ERR_INVALID);
	options.size = sizeof(options);
	options.arena_bytes = 1u << 30;
	assert_int_equal(netra_open("emulated:" SMALL, &options, &board),
			 NETRA_OK);
	assert_int_equal(netra_start(board), NETRA_ERR_INVALID);
	expect_text(board, "does not fit into 31 windows");
	netra_close(board);
	options.arena_bytes = 0;
	options.channels = 3;
	assert_int_equal(netra_open("emulated:" SMALL, &options, &board),
			 NETRA_OK);
	assert_int_equal(netra_start(board), NETRA_ERR_INVALID);
	expect_text(board, "3 channels: the board has 2");
	netra_close(board);
}

struct progress {
	uint32_t calls;
	uint32_t image;
	uint64_t done;
	uint32_t images_whole;
	uint32_t waits;
};

static void on_progress(void *context, const struct netra_boot_status *status)
{
	struct progress *p = context;

	p->calls++;
	assert_int_equal(status->image_count, 4);
	assert_true(status->done_bytes <= status->total_bytes);
	assert_true(status->image_number >= p->image);
	if (status->image_number == p->image)
		assert_true(status->done_bytes >= p->done);
	if (status->done_bytes == status->total_bytes)
		p->images_whole |= 1u << status->image_number;
	if (status->waiting_for)
		p->waits++;
	p->image = status->image_number;
	p->done = status->done_bytes;
}

static void booting_shows_progress(void **state)
{
	struct netra_board_details details;
	struct progress p = { 0 };
	struct netra_board *board;

	(void)state;
	assert_int_equal(netra_open("emulated:" SMALL, NULL, &board), NETRA_OK);
	netra_board_get_details(board, &details);
	assert_string_equal(details.state, "cold");
	assert_string_equal(details.driver, "vfio-user");
	assert_string_equal(details.soc, "dm8168");
	assert_int_equal(details.bar[0].bytes, 4096);
	assert_int_equal(details.bar[3].bytes, 256u << 20);
	assert_false(details.bar[0].mappable);
	assert_true(details.bar[2].mappable);
	assert_int_equal(netra_boot(board, NULL, false, on_progress, &p),
			 NETRA_OK);
	assert_int_equal(p.images_whole, 0xf);
	assert_true(p.waits > 0);
	netra_board_get_details(board, &details);
	assert_string_equal(details.state, "ready");
	assert_int_equal(details.channels, 2);
	assert_true(strlen(details.firmware) > 0);

	/* It runs: nothing to do, unless forced. */
	p = (struct progress){ 0 };
	assert_int_equal(netra_boot(board, NULL, false, on_progress, &p),
			 NETRA_OK);
	assert_int_equal(p.calls, 0);
	assert_int_equal(netra_boot(board, NULL, true, on_progress, &p),
			 NETRA_OK);
	assert_int_equal(p.images_whole, 0xf);
	netra_close(board);
}

static void a_cold_board_stays_cold_if_asked(void **state)
{
	const struct netra_options options = {
		.size = sizeof(options), .no_boot = true,
	};
	struct netra_board *board;

	(void)state;
	assert_int_equal(netra_open("emulated:" SMALL, &options, &board),
			 NETRA_OK);
	assert_int_equal(netra_start(board), NETRA_ERR_STATE);
	expect_text(board, "cold: boot it first");
	assert_int_equal(netra_channel_start(board, 0), NETRA_ERR_STATE);
	netra_close(board);
}

static void firmware_is_looked_at(void **state)
{
	char folder[] = "/tmp/netra-test-XXXXXX", path[64];
	struct netra_board *board;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(netra_open("emulated:" SMALL, NULL, &board), NETRA_OK);
	assert_int_equal(netra_boot(board, "/no/such/folder", false, NULL,
				    NULL), NETRA_ERR_IMAGE);
	expect_text(board, "/no/such/folder/u-boot.bin");
	snprintf(path, sizeof(path), "%s/u-boot.bin", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(netra_boot(board, folder, false, NULL, NULL),
			 NETRA_ERR_IMAGE);
	expect_text(board, "empty");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(netra_boot(board, folder, false, NULL, NULL),
			 NETRA_ERR_IMAGE);
	expect_text(board, "not a file");
	rmdir(path);
	rmdir(folder);
	/* Nothing of it did the board harm. */
	assert_int_equal(netra_boot(board, NULL, false, NULL, NULL), NETRA_OK);
	netra_close(board);
}

static void a_failed_boot_says_where(void **state)
{
	const struct netra_options options = {
		.size = sizeof(options), .boot_timeout_ms = 300,
	};
	struct netra_board_details details;
	struct netra_board *board;

	(void)state;
	assert_int_equal(netra_open("emulated:fault=boot-hang:kernel," SMALL,
				    &options, &board), NETRA_OK);
	assert_int_equal(netra_start(board), NETRA_ERR_BOOT);
	expect_text(board, "kernel");
	netra_board_get_details(board, &details);
	assert_string_equal(details.state, "failed");
	netra_close(board);
}

/* The board outlives its host; the next one gets a generation of its own. */
static void another_attach_is_another_generation(void **state)
{
	static const char *const words[] = {
		"--size", "176x144", "--channels", "2", NULL
	};
	struct emulator e;
	struct netra_board *board;
	struct netra_board_stats first, second;

	(void)state;
	emulator_start(&e, words);
	board = open_board(e.name, NULL);
	netra_board_get_stats(board, &first);
	expect_frames(board, 10);
	netra_close(board);
	board = open_board(e.name, &(struct netra_options){
		.size = sizeof(struct netra_options), .no_boot = true });
	netra_board_get_stats(board, &second);
	assert_int_not_equal(first.generation, second.generation);
	assert_int_not_equal(second.generation, 0);
	expect_frames(board, 10);
	netra_close(board);
	emulator_stop(&e);
}

static void one_program_at_a_time(void **state)
{
	static const char *const words[] = {
		"--size", "176x144", "--channels", "2", NULL
	};
	struct emulator e;
	struct netra_board *board;

	(void)state;
	emulator_start(&e, words);
	board = open_board(e.name, NULL);
	expect_open(e.name, NETRA_ERR_BUSY, "another program has the board");
	expect_frames(board, 10);
	netra_close(board);
	emulator_stop(&e);
}

static void a_killed_board_is_gone_at_once(void **state)
{
	static const char *const words[] = {
		"--size", "176x144", "--channels", "2", NULL
	};
	struct emulator e;
	struct netra_board *board;
	struct netra_reader *reader;
	struct netra_frame frame;
	enum netra_error error;
	uint64_t begin;

	(void)state;
	emulator_start(&e, words);
	board = open_board(e.name, NULL);
	assert_int_equal(netra_reader_open(board, 0, 0, &reader), NETRA_OK);
	expect_frames(board, 5);
	kill(e.pid, SIGKILL);
	begin = now_ms();
	do
		error = netra_dispatch(board, 5000);
	while (error == NETRA_OK);
	assert_int_equal(error, NETRA_ERR_GONE);
	assert_true(now_ms() - begin < 1000);
	expect_text(board, "gone");
	/* What is in memory is still there. */
	assert_int_equal(netra_reader_next(reader, &frame), NETRA_OK);
	assert_int_equal(frame.data[0], 0);
	while (!(error = netra_reader_next(reader, &frame)))
		;
	assert_int_equal(error, NETRA_ERR_GONE);
	netra_reader_close(reader);
	begin = now_ms();
	netra_close(board);
	assert_true(now_ms() - begin < 1000);
	waitpid(e.pid, NULL, 0);
	e.pid = 0;
	emulator_stop(&e);
}

static void a_killed_host_is_taken_over_from(void **state)
{
	static const char *const words[] = {
		"--size", "176x144", "--channels", "2", NULL
	};
	struct emulator e;
	struct netra_board *board;
	int ready[2];
	pid_t host;
	char byte;

	(void)state;
	emulator_start(&e, words);
	assert_int_equal(pipe(ready), 0);
	host = fork();
	if (!host) {
		if (netra_open(e.name, NULL, &board) || netra_start(board) ||
		    netra_channel_start(board, 0) ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			netra_dispatch(board, 100);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(host, SIGKILL);
	waitpid(host, NULL, 0);
	board = open_board(e.name, &(struct netra_options){
		.size = sizeof(struct netra_options), .no_boot = true });
	expect_frames(board, 10);
	netra_close(board);
	close(ready[0]);
	close(ready[1]);
	emulator_stop(&e);
}

static void every_soc_and_every_bar_by_message(void **state)
{
	static const char *const names[] = {
		"emulated:soc=dm8148," SMALL, "emulated:soc=dm8138," SMALL,
		"emulated:trap-bars," SMALL,
		"emulated:bars=4K\\,1M\\,1M\\,1M," SMALL,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct netra_board *board = open_board(names[i], NULL);

		expect_frames(board, 10);
		netra_close(board);
		/* Its process has ended and left nothing behind. */
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

static void on_text(void *context, const char *text, size_t length)
{
	char *whole = context;

	assert_true(length < 32768);
	memcpy(whole, text, length);
	whole[length] = 0;
}

static void a_dump_has_what_is_needed(void **state)
{
	static const char *const needed[] = {
		"[board]", "104c:b800", "[registers]", "GPR1 = 4e544240",
		"OB0 = 00000000:1", "[configuration]\nb800104c", "[rings]",
		"channel1 = head ", "generation = ", NULL
	};
	char *text = malloc(32768);
	struct netra_board *board = open_board("emulated:" SMALL, NULL);

	(void)state;
	expect_frames(board, 3);
	assert_int_equal(netra_dump(board, on_text, text), NETRA_OK);
	for (int i = 0; needed[i]; i++) {
		if (!strstr(text, needed[i])) {
			print_error("'%s' is not in:\n%s", needed[i], text);
			fail();
		}
	}
	netra_close(board);
	free(text);
}

static void listing_counts(void **state)
{
	struct netra_list_entry entry[4];
	size_t count = netra_list(NULL, 0);

	(void)state;
	assert_int_equal(netra_list(entry, 4), count);
	for (size_t i = 0; i < count && i < 4; i++) {
		assert_int_equal(entry[i].vendor_id, 0x104c);
		assert_int_equal(strncmp(entry[i].name, "pci:", 4), 0);
	}
	assert_string_equal(netra_version(), NETRA_VERSION);
	netra_close(NULL);
	netra_reader_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_names_have_their_sentences),
		cmocka_unit_test(wrong_options_have_their_sentences),
		cmocka_unit_test(booting_shows_progress),
		cmocka_unit_test(a_cold_board_stays_cold_if_asked),
		cmocka_unit_test(firmware_is_looked_at),
		cmocka_unit_test(a_failed_boot_says_where),
		cmocka_unit_test(another_attach_is_another_generation),
		cmocka_unit_test(one_program_at_a_time),
		cmocka_unit_test(a_killed_board_is_gone_at_once),
		cmocka_unit_test(a_killed_host_is_taken_over_from),
		cmocka_unit_test(every_soc_and_every_bar_by_message),
		cmocka_unit_test(a_dump_has_what_is_needed),
		cmocka_unit_test(listing_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
