/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra capture: one channel's access units, as they come, to a file or a
 * pipe. Frames are taken by copy: what was written cannot be taken back when
 * a frame turns out to have been overwritten meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board_open.h"
#include "media/h264.h"
#include "loop.h"
#include "outfile.h"
#include "output.h"

#define FRAME_ROOM_FIRST 262144u
#define FINISH_MS 1000		/* patience with a pipe's reader at the end */

struct capture {
	struct netra_board *board;
	struct netra_reader *reader;
	uint32_t channel;
	const char *name;
	struct cli_outfile file;
	uint8_t *buffer;
	size_t room;
	size_t length;		/* of the frame in the buffer */
	size_t written;		/* of it */
	uint64_t frames;
	uint64_t frames_wanted;	/* 0 = no end */
	uint64_t first_ns, last_ns;
	uint64_t end_ns;
	bool ended;		/* nothing more will come */
};

/* Room for @size bytes; -1 if there is no memory, said. */
static int grow(struct capture *c, size_t size)
{
	uint8_t *larger;

	if (size <= c->room)
		return 0;
	larger = realloc(c->buffer, size);
	if (!larger) {
		cli_error("%s: out of memory for a frame of %zu bytes: "
			  "close other programs", c->name, size);
		return -1;
	}
	c->buffer = larger;
	c->room = size;
	return 0;
}

/* Parameter sets that came before we did, in front of the first key frame. */
static int add_sets(struct capture *c)
{
	uint8_t sets[NETRA_SETS_BYTES];
	size_t bytes = netra_channel_sets(c->board, c->channel, sets);
	size_t at = 0, position = 0;
	struct netra_nal nal;

	if (grow(c, c->length + bytes))
		return -1;
	/* Nothing comes before a delimiter. */
	if (netra_nal_next(c->buffer, c->length, &position, &nal) &&
	    nal.type == NETRA_NAL_DELIMITER)
		at = (size_t)(nal.data - c->buffer) + nal.length;
	memmove(c->buffer + at + bytes, c->buffer + at, c->length - at);
	memcpy(c->buffer + at, sets, bytes);
	c->length += bytes;
	return 0;
}

/* The next frame into the buffer. Return: 1 there is one, 0 none, -1 said. */
static int take(struct capture *c)
{
	struct netra_frame frame;

	for (;;) {
		enum netra_error error = netra_reader_copy(c->reader, c->buffer,
							   c->room, &frame);

		if (error == NETRA_OK)
			break;
		if (error == NETRA_ERR_AGAIN)
			return 0;
		if (error == NETRA_ERR_ENDED) {
			c->ended = true;
			return 0;
		}
		if (error != NETRA_ERR_NO_MEMORY || frame.length <= c->room) {
			cli_board_failed(c->board, c->name);
			return -1;
		}
		if (grow(c, frame.length))
			return -1;
	}
	c->length = frame.length;
	c->written = 0;
	if (!c->frames && frame.flags & NETRA_FRAME_KEY &&
	    !(frame.flags & NETRA_FRAME_PARAMETERS) && add_sets(c))
		return -1;
	c->last_ns = cli_now_ns();
	if (!c->frames++)
		c->first_ns = c->last_ns;
	return 1;
}

/* As much of the frame as goes without waiting. -1 on failure, said. */
static int put(struct capture *c, bool writable)
{
	size_t written;
	int failed = cli_outfile_write(&c->file, c->buffer + c->written,
				       c->length - c->written, writable,
				       &written);

	c->written += written;
	return failed;
}

static bool complete(const struct capture *c)
{
	if (c->file.closed)
		return true;
	if (c->written < c->length)
		return false;
	return c->ended || (c->frames_wanted && c->frames >= c->frames_wanted);
}

/* All that is there, as far as it can be written. -1 on failure, said. */
static int pump(struct capture *c, bool writable)
{
	if (put(c, writable))
		return -1;
	while (c->written == c->length && !complete(c)) {
		int got = take(c);

		if (got < 0 || (got && put(c, false)))
			return -1;
		if (!got)
			return 0;
	}
	return 0;
}

/* A frame begun is finished, so that a pipe, too, ends on a whole one. */
static int finish_frame(struct capture *c)
{
	while (c->written < c->length && !c->file.closed) {
		if (!cli_outfile_ready(&c->file, FINISH_MS))
			return 0;
		if (put(c, true))
			return -1;
	}
	return 0;
}

static int stream(struct capture *c, int stop_fd)
{
	unsigned int wake = 0;

	for (;;) {
		if (pump(c, wake & CLI_WAKE_EXTRA))
			return -1;
		if (complete(c))
			return 0;
		wake = cli_wait_output(c->board, stop_fd,
				       c->written < c->length ? &c->file : NULL,
				       c->end_ns);
		cli_report_events(c->board, NULL);
		if (wake & CLI_WAKE_LOST) {
			cli_board_failed(c->board, c->name);
			return -1;
		}
		if (wake & CLI_WAKE_STOP || cli_now_ns() >= c->end_ns)
			return finish_frame(c);
	}
}

static int report(const struct capture *c, bool json, bool quiet)
{
	struct netra_reader_stats stats;
	double seconds = (double)(c->last_ns - c->first_ns) / 1e9;

	netra_reader_stats(c->reader, &stats);
	if (json)
		return cli_json_print(json_pack(
			"{s:I, s:I, s:I, s:I, s:f, s:s, s:b}",
			"channel", (json_int_t)c->channel,
			"frames", (json_int_t)c->frames,
			"bytes", (json_int_t)c->file.bytes,
			"dropped", (json_int_t)stats.lost, "seconds", seconds,
			"file", c->file.name, "ended", (int)c->ended));
	if (!quiet)
		fprintf(stderr, "channel %u: %llu frames, %.2f MB in %.1f s, "
			"%llu dropped\n", c->channel,
			(unsigned long long)c->frames,
			(double)c->file.bytes / 1e6, seconds,
			(unsigned long long)stats.lost);
	return CLI_OK;
}

static int capture(struct capture *c, uint64_t duration_ms)
{
	/* A channel of our own starting is taken from its very first frame. */
	bool running = cli_channel_running(c->board, c->channel);
	int stop_fd, result;

	if (netra_reader_open(c->board, c->channel, running ?
			      NETRA_READER_FROM_KEY : NETRA_READER_ALL,
			      &c->reader) != NETRA_OK) {
		cli_board_failed(c->board, c->name);
		return -1;
	}
	stop_fd = cli_stop_begin();
	if (stop_fd < 0)
		return -1;
	result = cli_channel_start(c->board, c->channel) ? -1 : 0;
	c->end_ns = duration_ms ? cli_now_ns() + duration_ms * 1000000u :
				  UINT64_MAX;
	if (!result)
		result = stream(c, stop_fd);
	cli_stop_end(stop_fd);
	return result;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_board_options wanted = { 0 };
	struct capture c = { .room = FRAME_ROOM_FIRST };
	uint64_t channel = UINT64_MAX, duration_ms = 0;
	bool json = false, quiet = false;
	const char *path = NULL;
	const struct cli_option options[] = {
		{ "channel", 'c', CLI_NUMBER, &channel, "N",
		  "which channel, from 0", 0, NETRA_CHANNELS_MAX - 1, NULL },
		{ "output", 'o', CLI_STRING, &path, "FILE",
		  "write to FILE; '-' or nothing: standard output", 0, 0, NULL },
		{ "duration", 'd', CLI_DURATION, &duration_ms, "TIME",
		  "end after TIME", 1, UINT64_C(3153600000000), NULL },
		{ "frames", 'n', CLI_NUMBER, &c.frames_wanted, "N",
		  "end after N frames", 1, UINT64_MAX, NULL },
		CLI_BOARD_OPTIONS(&wanted),
		{ "quiet", 'q', CLI_FLAG, &quiet, NULL,
		  "no summary at the end", 0, 0, NULL },
		{ "json", 0, CLI_FLAG, &json, NULL,
		  "the summary as JSON on standard output (needs -o)", 0, 0,
		  NULL },
		{ 0 }
	};
	int failed = -1, status = cli_parse(verb, options, argc, argv, &c.name);
	bool to_stdout;

	if (status >= 0)
		return status;
	to_stdout = !path || strcmp(path, "-") == 0;
	if (channel == UINT64_MAX) {
		cli_error("capture: no channel given: add --channel N");
		return CLI_USAGE;
	}
	if (to_stdout && json) {
		cli_error("--json: standard output carries the stream: write "
			  "it to a file with -o");
		return CLI_USAGE;
	}
	if (to_stdout && isatty(fileno(stdout))) {
		cli_error("capture: video does not go to a terminal: add -o "
			  "FILE or send it through a pipe");
		return CLI_USAGE;
	}
	status = CLI_FAILED;
	c.buffer = malloc(c.room);
	if (!c.buffer) {
		cli_error("capture: out of memory: close other programs");
		return CLI_FAILED;
	}
	c.board = cli_board_open(c.name, &wanted);
	if (!c.board)
		goto out_free;
	if (!cli_channel_known(c.board, "channel", (uint32_t)channel)) {
		status = CLI_USAGE;
		goto out_close;
	}
	if (cli_outfile_open(&c.file, path))
		goto out_close;
	c.channel = (uint32_t)channel;
	failed = capture(&c, duration_ms);
	if (failed)
		cli_outfile_abandon(&c.file, true);
	else
		failed = cli_outfile_finish(&c.file);
	if (!failed)
		status = report(&c, json, quiet);
	netra_reader_close(c.reader);
out_close:
	netra_close(c.board);
out_free:
	free(c.buffer);
	return status;
}

const struct cli_verb cli_verb_capture = {
	.name = "capture",
	.operand = "BOARD",
	.synopsis = "--channel N [-o FILE]",
	.summary = "Write one channel as H.264 (Annex B)",
	.description =
"Writes the access units of one channel byte for byte as the board sent them.\n"
"Boots the board if it is not running. Ends at --duration, after --frames, at a\n"
"signal, or when the stream ends. FILE is called FILE.part until it is whole;\n"
"after a failure it keeps that name. A reader of standard output that is too\n"
"slow loses frames, which are counted; one that goes away ends the command.\n",
	.run = run,
};
