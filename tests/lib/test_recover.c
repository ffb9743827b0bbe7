/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library does about a board that misbehaves: a board on this
 * thread is made to do so, and the library's time-outs are short.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/bytes.h"
#include "fake_pci.h"
#include "lib/internal.h"

#define KEY NETRA_FRAME_KEY
#define HEARTBEAT_MS 250u

struct fixture {
	char folder[32];
	struct fake_pci *pci;
	struct netra_board *board;
	struct netra_reader *reader[2];
	int64_t dts;
	bool beats;		/* the board's heart */
	char told[2048];	/* texts of all events, each with its notice */
};

static const char *const images[] = {
	"u-boot.bin", "boot.scr", "uImage", "ramdisk.img"
};

static void write_images(struct fixture *f)
{
	char path[64];

	strcpy(f->folder, "/tmp/netra-test-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	for (int i = 0; i < 4; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", f->folder, images[i]);
		file = fopen(path, "w");
		assert_non_null(file);
		fputs("image", file);
		fclose(file);
	}
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char why[200];
	struct netra_options options = {
		.size = sizeof(options),
		.arena_bytes = 1u << 20,
		.window_bytes = 1u << 20,
		.heartbeat_timeout_ms = HEARTBEAT_MS,
		.stall_timeout_ms = 60000,
		.boot_timeout_ms = 30,
		.firmware_dir = f->folder,
	};

	write_images(f);
	f->pci = fake_pci_new(2);
	f->beats = true;
	assert_int_equal(netra_board_make("fake", &options, &f->pci->transport,
					  NULL, &f->board, why, sizeof(why)),
			 NETRA_OK);
	assert_int_equal(netra_start(f->board), NETRA_OK);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(netra_channel_start(f->board, i), NETRA_OK);
		assert_int_equal(netra_reader_open(f->board, i, 0,
						   &f->reader[i]), NETRA_OK);
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char path[64];

	for (int i = 0; i < 2; i++)
		netra_reader_close(f->reader[i]);
	netra_close(f->board);
	assert_true(f->pci->closed);
	assert_int_equal(f->pci->unmaps, 1);
	fake_pci_free(f->pci);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, images[i]);
		unlink(path);
	}
	rmdir(f->folder);
	free(f);
	return 0;
}

static void listen_to(struct fixture *f)
{
	struct netra_event event;

	while (!netra_next_event(f->board, &event)) {
		size_t n = strlen(f->told);

		snprintf(f->told + n, sizeof(f->told) - n, "%d/%d %s\n",
			 event.notice, (int)event.channel, event.text);
	}
}

/* Dispatch for a while, or until a text was told. */
static enum netra_error run(struct fixture *f, unsigned int ms,
			    const char *until)
{
	uint64_t end = netra_now_ns() + ms * NETRA_NS_PER_MS;
	enum netra_error error = NETRA_OK;

	while (netra_now_ns() < end) {
		if (f->beats && !f->pci->gone)
			netra_producer_poll(&f->pci->producer);
		error = netra_dispatch(f->board, 10);
		listen_to(f);
		if (error && error != NETRA_ERR_AGAIN)
			return error;
		if (until && strstr(f->told, until))
			return NETRA_OK;
	}
	return error;
}

static void put(struct fixture *f, uint32_t channel)
{
	assert_int_equal(fake_pci_put(f->pci, channel, 500, KEY, f->dts, 1),
			 NETRA_OK);
	f->dts += 3000;
}

static struct netra_frame take(struct fixture *f, uint32_t channel)
{
	struct netra_frame frame;

	assert_int_equal(netra_reader_next(f->reader[channel], &frame),
			 NETRA_OK);
	assert_int_equal(netra_reader_release(f->reader[channel], &frame),
			 NETRA_OK);
	return frame;
}

static void told(struct fixture *f, const char *text)
{
	if (strstr(f->told, text))
		return;
	print_error("not told '%s' but:\n%s", text, f->told);
	fail();
}

/* Channel 0 is broken by the caller; it comes back and channel 1 never left. */
static void channel_heals(struct fixture *f, const char *why)
{
	struct netra_channel_stats stats;
	struct netra_frame frame;

	put(f, 1);
	run(f, 1000, "3/0");
	told(f, why);
	told(f, "2/0 restarting the channel");
	told(f, "3/0 the channel runs again");
	assert_int_equal(take(f, 1).sequence, 0);
	put(f, 0);
	run(f, 20, NULL);
	frame = take(f, 0);
	assert_true(frame.lost > 0);
	assert_true(frame.flags & NETRA_FRAME_DISCONTINUITY);
	netra_channel_get_stats(f->board, 0, &stats);
	assert_int_equal(stats.ring_faults, 1);
	/* The tail of before was not taken for one of now. */
	assert_int_equal(f->pci->producer.channel[0].bad_tails, 0);
	assert_null(strstr(f->told, "/1 "));
}

static void head_jumps(void **state)
{
	struct fixture *f = *state;

	put(f, 0);
	run(f, 20, NULL);
	take(f, 0);
	put(f, 0);
	netra_write32(&fake_pci_area(f->pci)->heads.head[0], 100000);
	channel_heals(f, "1/0 a channel's ring is inconsistent: the head "
		      "index ran ahead");
}

static void head_runs_back(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		put(f, 0);
	run(f, 20, NULL);
	for (int i = 0; i < 3; i++)
		take(f, 0);
	put(f, 0);
	netra_write32(&fake_pci_area(f->pci)->heads.head[0], 1);
	channel_heals(f, "the head index ran backwards");
}

/* Frames held over a resync are gone, and their places are free. */
static void held_frames_do_not_outlive_a_resync(void **state)
{
	struct fixture *f = *state;
	struct netra_frame held[3];

	for (int i = 0; i < 3; i++)
		put(f, 0);
	run(f, 20, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(netra_reader_next(f->reader[0], &held[i]),
				 NETRA_OK);
	netra_write32(&fake_pci_area(f->pci)->heads.head[0], 0x80000000);
	run(f, 1000, "3/0");
	for (int i = 0; i < 3; i++)
		assert_int_equal(netra_reader_release(f->reader[0], &held[i]),
				 NETRA_ERR_OVERWRITTEN);
	/* Passed over, at the place of one that was held. */
	assert_int_equal(fake_pci_put(f->pci, 0, 0, NETRA_FRAME_END, 0, 0),
			 NETRA_OK);
	for (int i = 1; i < 6; i++) {
		put(f, 0);
		run(f, 20, NULL);
		take(f, 0);
		assert_int_equal(f->board->host.channel[0].ring.tail, i);
	}
}

static void record_is_torn(void **state)
{
	struct fixture *f = *state;
	struct netra_record *record = (struct netra_record *)(f->pci->host +
		f->pci->producer.channel[0].layout.records_offset);

	put(f, 0);
	record->length ^= 64;
	channel_heals(f, "checksum");
}

static void heart_stops(void **state)
{
	struct fixture *f = *state;
	struct netra_board_stats stats;
	struct netra_frame before, after;

	put(f, 0);
	run(f, 20, NULL);
	before = take(f, 0);
	f->beats = false;
	run(f, 2000, "3/-1");
	told(f, "1/-1 the firmware's heartbeat stopped");
	told(f, "2/-1 restarting the firmware");
	told(f, "3/-1 the board runs again");
	netra_board_get_stats(f->board, &stats);
	assert_int_equal(stats.firmware_restarts, 1);
	assert_int_equal(stats.resets, 0);
	assert_int_equal(f->pci->last_command.opcode, NETRA_CMD_START);

	/* The new firmware's sequence and clock begin anew, ours do not. */
	f->beats = true;
	f->dts = 0;
	put(f, 0);
	run(f, 20, NULL);
	after = take(f, 0);
	assert_int_equal(after.sequence, before.sequence + 2);
	assert_int_equal(after.lost, 1);
	assert_true(after.dts_90k > before.dts_90k);
	assert_true(after.pts_90k - after.dts_90k == 3000);
}

static void gives_up_with_words(void **state)
{
	struct fixture *f = *state;
	struct netra_frame frame;
	char text[400];

	f->beats = false;
	f->pci->mute = true;
	assert_int_equal(run(f, 9000, NULL), NETRA_ERR_BOOT);
	netra_error_text(f->board, text, sizeof(text));
	assert_non_null(strstr(text, "heartbeat stopped"));
	assert_non_null(strstr(text, "firmware restart, reset, reset"));
	assert_int_equal(f->pci->resets, 2);
	assert_int_equal(netra_dispatch(f->board, 0), NETRA_ERR_BOOT);
	assert_int_equal(netra_reader_next(f->reader[0], &frame),
			 NETRA_ERR_BOOT);
	assert_int_equal(netra_channel_stop(f->board, 0), NETRA_ERR_BOOT);
}

static void resets_itself(void **state)
{
	struct fixture *f = *state;

	f->beats = false;
	memset(f->pci->reg + 1, 0, sizeof(f->pci->reg) - 4);
	run(f, 1000, "2/-1");
	told(f, "1/-1 the board reset itself");
	told(f, "2/-1 resetting the board");
	assert_null(strstr(f->told, "firmware"));
}

static void leaves_the_bus(void **state)
{
	struct fixture *f = *state;
	struct netra_frame frame;
	uint64_t begin = netra_now_ns();

	put(f, 0);
	run(f, 20, NULL);
	f->pci->gone = true;
	assert_int_equal(run(f, 3000, NULL), NETRA_ERR_GONE);
	assert_true(netra_now_ns() - begin < 1500 * NETRA_NS_PER_MS);
	/* What had come is still given out. */
	take(f, 0);
	assert_int_equal(netra_reader_next(f->reader[0], &frame),
			 NETRA_ERR_GONE);
	assert_int_equal(netra_start(f->board), NETRA_ERR_GONE);
}

static void command_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[400];

	f->pci->command_status = NETRA_REPLY_UNSUPPORTED;
	assert_int_equal(netra_command(f->board, 1, NETRA_CMD_GOP, 30, 0),
			 NETRA_ERR_REFUSED);
	assert_int_equal(f->pci->last_command.channel, 1);
	assert_int_equal(f->pci->last_command.arg[0], 30);
	netra_error_text(f->board, text, sizeof(text));
	assert_non_null(strstr(text, "source cannot do it"));
	f->pci->command_status = NETRA_REPLY_OK;
	for (int i = 0; i < 40; i++)
		assert_int_equal(netra_command(f->board, 1, NETRA_CMD_BIT_RATE,
					       1000, 0), NETRA_OK);
}

static void command_is_not_answered(void **state)
{
	struct fixture *f = *state;
	uint64_t begin = netra_now_ns();
	char text[400];

	f->pci->mute = true;
	assert_int_equal(netra_command(f->board, 1, NETRA_CMD_KEY_FRAME, 0, 0),
			 NETRA_ERR_TIMEOUT);
	assert_true(netra_now_ns() - begin < 2500 * NETRA_NS_PER_MS);
	netra_error_text(f->board, text, sizeof(text));
	assert_non_null(strstr(text, "answer"));
}

static void nobody_waits_for_what_is_posted(void **state)
{
	struct fixture *f = *state;
	uint64_t begin = netra_now_ns();
	enum netra_error error = NETRA_OK;

	f->pci->mute = true;
	assert_int_equal(netra_command_post(f->board, 1, NETRA_CMD_START, 0, 0),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_command_post(f->board, 99, NETRA_CMD_KEY_FRAME,
					    0, 0), NETRA_ERR_NOT_FOUND);
	for (int i = 0; !error && i < 100; i++)
		error = netra_command_post(f->board, 1, NETRA_CMD_KEY_FRAME, 0,
					   0);
	assert_int_equal(error, NETRA_ERR_BUSY);
	assert_true(netra_now_ns() - begin < NETRA_COMMAND_MS * NETRA_NS_PER_MS / 2);
}

static void posted_commands_arrive(void **state)
{
	struct fixture *f = *state;
	struct netra_board_stats stats;

	f->pci->last_command.opcode = 0;
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(netra_command_post(f->board, 1,
						    NETRA_CMD_BIT_RATE, i, 0),
				 NETRA_OK);
		run(f, 5, NULL);
		assert_int_equal(f->pci->last_command.opcode,
				 NETRA_CMD_BIT_RATE);
		assert_int_equal(f->pci->last_command.arg[0], i);
	}
	netra_board_get_stats(f->board, &stats);
	assert_int_equal(stats.command_timeouts, 0);
	/* Refused or not: who waits for its own has its own. */
	f->pci->command_status = NETRA_REPLY_UNSUPPORTED;
	assert_int_equal(netra_command_post(f->board, 1, NETRA_CMD_KEY_FRAME, 0,
					    0), NETRA_OK);
	run(f, 5, NULL);
	f->pci->command_status = NETRA_REPLY_OK;
	assert_int_equal(netra_command(f->board, 1, NETRA_CMD_GOP, 30, 0),
			 NETRA_OK);
}

static void events_come_with_words(void **state)
{
	static const uint32_t format[4] = { 704, 576, 25, 1 };
	struct fixture *f = *state;

	netra_producer_event(&f->pci->producer, NETRA_EVENT_SIGNAL_LOST, 1,
			     NULL);
	netra_producer_event(&f->pci->producer, NETRA_EVENT_FORMAT, 0, format);
	run(f, 20, NULL);
	told(f, "0/1 signal lost");
	told(f, "0/0 format is 704x576, 25/1 frames/s");
}

/* Nobody listens: the oldest go, and are counted. */
static void events_are_not_kept_for_ever(void **state)
{
	struct fixture *f = *state;
	struct netra_board_stats stats;
	struct netra_event event;
	int kept = 0;

	for (int i = 0; i < 300; i++) {
		netra_producer_event(&f->pci->producer,
				     NETRA_EVENT_SIGNAL_LOST, 0, NULL);
		netra_dispatch(f->board, 0);
	}
	while (!netra_next_event(f->board, &event))
		kept++;
	assert_int_equal(kept, 256);
	netra_board_get_stats(f->board, &stats);
	assert_int_equal(stats.events_lost, 300 - 256);
}

/* Everything the board can write is noise: no read outside, no hang. */
static void host_area_is_noise(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 1;

	for (int round = 0; round < 300; round++) {
		uint32_t *word = (uint32_t *)f->pci->host;
		struct netra_frame frame;

		for (int i = 0; i < 0x4000 / 4; i++) {
			seed = seed * 1664525 + 1013904223;
			if (seed >> 28 == 0)
				word[i] = seed >> (seed >> 8 & 31);
		}
		netra_dispatch(f->board, 0);
		listen_to(f);
		for (int i = 0; i < 2; i++) {
			while (!netra_reader_next(f->reader[i], &frame))
				netra_reader_release(f->reader[i], &frame);
		}
		f->told[0] = 0;
	}
}

static void a_reset_board_starts_again(void **state)
{
	struct fixture *f = *state;
	uint32_t generation = f->board->host.generation;
	struct netra_frame held, frame;
	struct netra_reader *late;
	uint32_t records;

	put(f, 0);
	run(f, 20, NULL);
	assert_int_equal(netra_reader_next(f->reader[0], &held), NETRA_OK);
	assert_int_equal(netra_reset(f->board), NETRA_OK);
	assert_int_equal(netra_dispatch(f->board, 0), NETRA_ERR_AGAIN);
	records = f->pci->producer.channel[0].layout.records_offset;
	fake_pci_restart(f->pci);
	assert_int_not_equal(((struct netra_record *)(f->pci->host +
		records))->record_crc32c, 0);
	assert_int_equal(netra_start(f->board), NETRA_OK);
	/* No record of before can be taken for one of now. */
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(f->pci->host[records + i], 0);
	assert_int_not_equal(f->board->host.generation, generation);
	assert_int_equal(netra_reader_release(f->reader[0], &held),
			 NETRA_ERR_OVERWRITTEN);
	assert_int_equal(netra_reader_open(f->board, 0, NETRA_READER_ALL, &late),
			 NETRA_OK);
	f->dts = 0;
	put(f, 0);
	run(f, 20, NULL);
	frame = take(f, 0);
	assert_int_equal(frame.lost, 1);
	assert_true(frame.dts_90k > held.dts_90k);
	/* Who came after the reset has lost nothing by it. */
	assert_int_equal(netra_reader_next(late, &frame), NETRA_OK);
	assert_int_equal(frame.lost, 0);
	netra_reader_close(late);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(head_jumps),
		TEST(head_runs_back),
		TEST(held_frames_do_not_outlive_a_resync),
		TEST(record_is_torn),
		TEST(heart_stops),
		TEST(gives_up_with_words),
		TEST(resets_itself),
		TEST(leaves_the_bus),
		TEST(command_is_refused),
		TEST(command_is_not_answered),
		TEST(nobody_waits_for_what_is_posted),
		TEST(posted_commands_arrive),
		TEST(events_come_with_words),
		TEST(events_are_not_kept_for_ever),
		TEST(host_area_is_noise),
		TEST(a_reset_board_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
