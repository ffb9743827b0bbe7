/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program as anybody would write it, with what is installed and nothing
 * else: opens the board named, prints the length of channel 0's first frame.
 * install.py builds and runs it.
 */
#include <netra.h>
#include <stdio.h>

static int show(struct netra_board *board)
{
	enum netra_error error = NETRA_ERR_AGAIN;
	struct netra_reader *reader;
	struct netra_frame frame;

	if (netra_start(board) || netra_reader_open(board, 0, 0, &reader))
		return 1;
	if (!netra_channel_start(board, 0)) {
		do {
			error = netra_reader_next(reader, &frame);
		} while (error == NETRA_ERR_AGAIN &&
			 !netra_dispatch(board, 10000));
	}
	if (!error) {
		printf("%s %zu\n", netra_version(), frame.length);
		error = netra_reader_release(reader, &frame);
	}
	netra_reader_close(reader);
	return error != NETRA_OK;
}

int main(int argc, char **argv)
{
	struct netra_options options = { .size = sizeof(options) };
	struct netra_board *board;
	char text[400];
	int status;

	if (argc != 3)
		return 2;
	options.firmware_dir = argv[2];
	if (netra_open(argv[1], &options, &board)) {
		fprintf(stderr, "%s\n", netra_open_error());
		return 1;
	}
	status = show(board);
	if (status)
		fprintf(stderr, "%s\n",
			netra_error_text(board, text, sizeof(text)));
	netra_close(board);
	return status;
}
