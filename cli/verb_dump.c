/* SPDX-License-Identifier: BSD-2-Clause */
/* netra dump: a support bundle, as text that can be mailed. */
#include "board_open.h"
#include "outfile.h"

struct sink {
	struct cli_outfile file;
	bool failed;
};

static void write_piece(void *context, const char *text, size_t length)
{
	struct sink *sink = context;
	size_t written;

	while (length && !sink->failed && !sink->file.closed) {
		sink->failed = cli_outfile_write(&sink->file, text, length,
						 true, &written);
		text += written;
		length -= written;
		if (!written)
			cli_outfile_ready(&sink->file, 1000);
	}
}

static int write_dump(struct netra_board *board, const char *name,
		      const char *path)
{
	struct sink sink = { 0 };

	if (cli_outfile_open(&sink.file, path))
		return CLI_FAILED;
	if (netra_dump(board, write_piece, &sink) != NETRA_OK) {
		cli_board_failed(board, name);
		sink.failed = true;
	}
	if (!sink.failed)
		return cli_outfile_finish(&sink.file) ? CLI_FAILED : CLI_OK;
	cli_outfile_abandon(&sink.file, false);
	return CLI_FAILED;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_board_options wanted = { 0 };
	const char *path = NULL, *name;
	const struct cli_option options[] = {
		{ "output", 'o', CLI_STRING, &path, "FILE",
		  "write to FILE instead of standard output", 0, 0, NULL },
		CLI_BOARD_OPTIONS(&wanted),
		{ 0 }
	};
	struct netra_board *board;
	int status = cli_parse(verb, options, argc, argv, &name);

	if (status >= 0)
		return status;
	board = cli_board_look(name, &wanted);
	if (!board)
		return CLI_FAILED;
	status = write_dump(board, name, path);
	netra_close(board);
	return status;
}

const struct cli_verb cli_verb_dump = {
	.name = "dump",
	.operand = "BOARD",
	.synopsis = "[-o FILE]",
	.summary = "Write a support bundle",
	.description =
"Collects what someone who helps needs to know: ids, BARs, link, registers,\n"
"windows, rings, counters, boot and recovery history. It holds no pictures. A\n"
"board that is not running is not booted, only one made by 'emulated'.\n",
	.run = run,
};
