/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.exe BOARD CHANNEL map|copy|hold FILE: one channel to its end, as Annex B.
 * map: by reference to the board's memory; copy: by copies of the driver; hold: by
 * reference, a second's frames held before they are given back.
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netra.h"

#define HELD_MAX 25
#define START_MS 10000	/* for the first frame of a channel that had ended before */

static struct netra_board *board;
static struct netra_frame held[HELD_MAX];
static unsigned int held_count;

static int fail(const char *what)
{
	char text[400];

	fprintf(stderr, "%s: %s\n", what,
		board ? netra_error_text(board, text, sizeof(text)) : netra_open_error());
	return 1;
}

/* Return: how many of them were overwritten meanwhile. */
static int give_back(struct netra_reader *reader)
{
	int stale = 0;

	while (held_count)
		stale += netra_reader_release(reader, &held[--held_count]) != NETRA_OK;
	return stale;
}

/* Return: -1 at the end, 0 nothing now, 1 a frame, or look again. */
static int take(struct netra_reader *reader, unsigned int hold, FILE *file, int *stale)
{
	static ULONGLONG begun;
	static bool any;
	struct netra_frame frame;
	enum netra_error error = netra_reader_next(reader, &frame);

	begun = begun ? begun : GetTickCount64();
	if (error == NETRA_ERR_AGAIN)
		return 0;
	/* Until its first frame a channel that was started again still says that it has ended. */
	if (error == NETRA_ERR_ENDED && !any && GetTickCount64() - begun < START_MS) {
		netra_dispatch(board, 1);
		return 1;
	}
	if (error)
		return -1;
	any = true;
	fwrite(frame.data, 1, frame.length, file);
	held[held_count++] = frame;
	if (held_count >= hold)
		*stale += give_back(reader);
	return 1;
}

int main(int argc, char **argv)
{
	struct netra_options options = { .size = sizeof(options) };
	struct netra_reader_stats stats;
	struct netra_reader *reader;
	unsigned int hold = 1;
	int got, stale = 0;
	uint32_t channel;
	FILE *file;

	if (argc != 5)
		return 2;
	options.copy_frames = !strcmp(argv[3], "copy");
	if (!strcmp(argv[3], "hold"))
		hold = HELD_MAX;
	channel = (uint32_t)atoi(argv[2]);
	file = fopen(argv[4], "wb");
	if (!file)
		return 2;
	if (netra_open(argv[1], &options, &board))
		return fail("open");
	if (netra_start(board))
		return fail("start");
	if (netra_reader_open(board, channel, NETRA_READER_ALL | NETRA_READER_CHECK, &reader))
		return fail("reader");
	if (netra_channel_start(board, channel))
		return fail("channel");
	do {
		while ((got = take(reader, hold, file, &stale)) > 0)
			;
		/* Its handle, as a program with other things to wait for has it. */
		if (!got && WaitForSingleObject(netra_fd(board), 10000))
			return fail("nothing for ten seconds");
		if (!got)
			netra_dispatch(board, 0);
	} while (got >= 0);
	stale += give_back(reader);
	netra_reader_stats(reader, &stats);
	printf("{\"frames\": %llu, \"lost\": %llu, \"stale\": %d}\n",
	       (unsigned long long)stats.frames, (unsigned long long)stats.lost, stale);
	netra_reader_close(reader);
	netra_close(board);
	return fclose(file) ? 1 : 0;
}
