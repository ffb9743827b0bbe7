/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated boards under test: made anew for every number of channels and size
 * of windows, once as fast as it can and once in real time.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define CLIP_FRAMES 150u
#define CLIP_FRAME_BYTES 8192u	/* least: 2 Mb/s at 30 frames a second */

/* "emulated:OPTIONS,channels=N,pace=PACE,source=FILE" */
static void emulated_name(const struct bench *bench, char *name, size_t size,
			  uint32_t channels, const char *pace)
{
	/* A clock without drift: two seconds are too short to learn of it. */
	snprintf(name, size, "%s%schannels=%u,pace=%s,clock-drift-ppb=0%s%s",
		 bench->name,
		 strchr(bench->name, ':') ? "," : ":", channels, pace,
		 *bench->source ? ",source=" : "", bench->source);
}

static int measure_emulated(struct bench *bench, uint32_t channels,
			    uint32_t window_mb)
{
	struct bench_result *result = &bench->results[bench->count];
	struct cli_board_options wanted = bench->wanted;
	struct bench_board board;
	char name[1000];
	int status;

	for (wanted.window = 1; 1u << (wanted.window - 1) < window_mb;)
		wanted.window++;
	emulated_name(bench, name, sizeof(name), channels, "free");
	status = bench_board_open(&board, name, &wanted);
	if (status)
		return status;
	bench_describe(&board, result);
	bench_say(bench, "bandwidth", channels, window_mb);
	status = bench_rates(&board, bench->memory, bench->seconds,
			     &result->rates);
	bench_say(bench, "as fast as it can", channels, window_mb);
	if (!status)
		status = bench_stream(&board, bench->seconds, &result->full);
	bench_board_close(&board);
	if (status)
		return status;
	result->have_full = true;

	emulated_name(bench, name, sizeof(name), channels, "realtime");
	status = bench_board_open(&board, name, &wanted);
	if (status)
		return status;
	bench_say(bench, "in real time", channels, window_mb);
	status = bench_stream(&board, bench->seconds, &result->live);
	bench_board_close(&board);
	result->have_live = true;
	bench->count++;
	return status;
}

/* A frame, filled up as an encoder at constant bit rate fills up. */
static int write_padded(int fd, const struct netra_frame *frame)
{
	static const uint8_t begin[] = { 0, 0, 0, 1, 12 };	/* filler data */
	uint8_t filler[CLIP_FRAME_BYTES];
	size_t length = 0;

	if (frame->length + sizeof(begin) + 1 < CLIP_FRAME_BYTES) {
		length = CLIP_FRAME_BYTES - frame->length;
		memset(filler, 0xff, length);
		memcpy(filler, begin, sizeof(begin));
		filler[length - 1] = 0x80;
	}
	if (write(fd, frame->data, frame->length) != (ssize_t)frame->length ||
	    write(fd, filler, length) != (ssize_t)length)
		return -1;
	return 0;
}

/*
 * An emulated camera has to code its pictures, which is slower than anything
 * measured here: take some of them once, and let all boards play those.
 * Return: a descriptor whose /proc name is the source, or -1, said.
 */
static int make_clip(struct bench *bench)
{
	struct cli_board_options plain = { .firmware = bench->wanted.firmware };
	struct bench_board board;
	uint32_t frames = 0;
	bool failed = false;
	char name[600];
	int fd;

	emulated_name(bench, name, sizeof(name), 1, "free");
	if (bench_board_open(&board, name, &plain))
		return -1;
	fd = memfd_create("netra-bench", MFD_CLOEXEC);
	failed = fd < 0;
	while (!failed && frames < CLIP_FRAMES) {
		enum netra_error error = netra_dispatch(board.board, 1000);
		struct netra_frame frame;

		failed = error != NETRA_OK;
		while (!failed && frames < CLIP_FRAMES &&
		       netra_reader_next(board.reader[0], &frame) == NETRA_OK) {
			failed = write_padded(fd, &frame) ||
				 netra_reader_release(board.reader[0], &frame);
			frames++;
		}
	}
	bench_board_close(&board);
	if (failed) {
		cli_error("bench: no clip could be taken from an emulated "
			  "camera: give one with --source");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(bench->source, sizeof(bench->source), "/proc/%d/fd/%d",
		 getpid(), fd);
	return fd;
}

int bench_emulated(struct bench *bench)
{
	int status = CLI_OK, clip = -1;

	if (!*bench->source && !strstr(bench->name, "source=")) {
		clip = make_clip(bench);
		if (clip < 0)
			return CLI_FAILED;
	}
	for (uint32_t c = 0; !status && c < bench->channels.count; c++)
		for (uint32_t w = 0; !status && w < bench->windows.count; w++)
			status = measure_emulated(bench,
						  bench->channels.item[c],
						  bench->windows.item[w]);
	if (clip >= 0)
		close(clip);
	return status;
}
