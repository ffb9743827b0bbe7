/* SPDX-License-Identifier: BSD-2-Clause */
/* netra boot: upload the firmware images and see the board come up. */
#include <stdio.h>
#include <string.h>

#include "board_open.h"
#include "output.h"
#include "progress.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct netra_options wanted = { .size = sizeof(wanted) };
	struct cli_board_options given = { 0 };
	bool force = false, json = false, quiet = false;
	uint64_t timeout_ms = 0;
	const struct cli_option options[] = {
		CLI_BOARD_FIRMWARE(&given),
		{ "force", 'f', CLI_FLAG, &force, NULL,
		  "reset and boot a board that runs already", 0, 0, NULL },
		{ "boot-timeout", 0, CLI_DURATION, &timeout_ms, "TIME",
		  "bound on each stage (default: 5s to 30s by stage)", 100,
		  600000, NULL },
		{ "quiet", 'q', CLI_FLAG, &quiet, NULL, "say nothing", 0, 0,
		  NULL },
		{ "json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, NULL },
		{ 0 }
	};
	struct netra_board_details details;
	struct netra_board *board;
	const char *name;
	double seconds;
	uint64_t start_ns;
	int status;

	status = cli_parse(verb, options, argc, argv, &name);
	if (status >= 0)
		return status;
	wanted.firmware_dir = given.firmware;
	wanted.boot_timeout_ms = (uint32_t)timeout_ms;
	if (netra_open(name, &wanted, &board) != NETRA_OK) {
		cli_error("%s: %s", name, netra_open_error());
		return CLI_FAILED;
	}
	start_ns = cli_now_ns();
	status = cli_board_boot(board, name, given.firmware, force);
	if (status != CLI_OK)
		goto out_close;
	seconds = (double)(cli_now_ns() - start_ns) / 1e9;
	netra_board_get_details(board, &details);
	if (json)
		status = cli_json_print(json_pack(
			"{s:s, s:s, s:s, s:i, s:f}", "board", name,
			"state", details.state, "firmware", details.firmware,
			"channels", (int)details.channels, "seconds", seconds));
	else if (!quiet)
		printf("%s: %s runs on %u channels (%.1f s)\n", name,
		       *details.firmware ? details.firmware : "the firmware",
		       details.channels, seconds);
out_close:
	netra_close(board);
	return status;
}

const struct cli_verb cli_verb_boot = {
	.name = "boot",
	.operand = "BOARD",
	.synopsis = "[--firmware DIR] [--force]",
	.summary = "Boot a board",
	.description =
"Uploads boot loader, boot script, kernel and file system through the board's\n"
"BARs and waits, within bounds, until its firmware answers. A board whose\n"
"firmware runs already is left as it is. It goes on running afterwards.\n"
"\n"
"The images u-boot.bin, boot.scr, uImage and ramdisk.img are looked for in\n"
"--firmware, else in /lib/firmware/netra and /usr/share/netra/firmware, else,\n"
"for an emulated board, among those of the build.\n",
	.run = run,
};
