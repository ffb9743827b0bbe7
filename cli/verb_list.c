/* SPDX-License-Identifier: BSD-2-Clause */
/* netra list: the boards of the family on this machine's PCI bus. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lib/netra.h"
#include "options.h"
#include "output.h"

static void format_link(char *text, size_t size, uint32_t width, uint32_t mtps)
{
	if (!width)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "x%u %g GT/s", width,
			 (double)mtps / 1000.0);
}

static void format_bars(char *text, size_t size, const uint64_t bar[6])
{
	size_t used = 0;

	snprintf(text, size, "-");
	for (unsigned int i = 0; i < 6; i++) {
		char one[24];

		if (!bar[i])
			continue;
		/* "8 MB" as "8M": a line of 80 columns has to hold six. */
		cli_format_memory(one, sizeof(one), bar[i]);
		*strchr(one, ' ') = strchr(one, ' ')[1];
		one[strcspn(one, "KMGTb") + 1] = '\0';
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used ? " " : "", one);
		if (used >= size)
			return;
	}
}

static json_t *entry_json(const struct netra_list_entry *entry)
{
	json_t *bars = json_array();

	for (unsigned int i = 0; i < 6; i++)
		json_array_append_new(bars,
				      json_integer((json_int_t)entry->bar_bytes[i]));
	return json_pack("{s:s, s:i, s:i, s:s, s:s, s:o, s:i, s:i, s:s}",
			 "board", entry->name,
			 "vendor_id", (int)entry->vendor_id,
			 "device_id", (int)entry->device_id,
			 "soc", entry->soc, "driver", entry->driver,
			 "bar_bytes", bars,
			 "link_width", (int)entry->link_width,
			 "link_mtps", (int)entry->link_mtps,
			 "state", entry->state);
}

static bool is_well(const char *state)
{
	return !strcmp(state, "ready") || !strcmp(state, "attached");
}

static void print_table(const struct netra_list_entry *entries, size_t count)
{
	struct cli_table table = { 0 };

	cli_column(&table, "BOARD", true);
	cli_column(&table, "ID", true);
	cli_column(&table, "BARS", true);
	cli_column(&table, "LINK", true);
	cli_column(&table, "DRIVER", true);
	cli_column(&table, "STATE", true);
	for (size_t i = 0; i < count; i++) {
		const struct netra_list_entry *e = &entries[i];
		char bars[64], speed[32];

		format_bars(bars, sizeof(bars), e->bar_bytes);
		format_link(speed, sizeof(speed), e->link_width, e->link_mtps);
		cli_cell(&table, CLI_PLAIN, "%s", e->name);
		cli_cell(&table, CLI_PLAIN, "%04x:%04x", e->vendor_id,
			 e->device_id);
		cli_cell(&table, CLI_PLAIN, "%s", bars);
		cli_cell(&table, CLI_PLAIN, "%s", speed);
		cli_cell(&table, CLI_PLAIN, "%s", *e->driver ? e->driver : "-");
		cli_cell(&table, is_well(e->state) ? CLI_GREEN : CLI_YELLOW,
			 "%s", e->state);
	}
	cli_table_print(&table, stdout, cli_colour_on(stdout));
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = {
		{ "json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, NULL },
		{ 0 }
	};
	struct netra_list_entry *entries = NULL;
	int status = cli_parse(verb, options, argc, argv, NULL);
	size_t count, room;

	if (status >= 0)
		return status;
	room = netra_list(NULL, 0);
	if (room) {
		entries = calloc(room, sizeof(*entries));
		if (!entries) {
			cli_error("list: out of memory: close other programs");
			return CLI_FAILED;
		}
	}
	count = netra_list(entries, room);
	if (count > room)	/* one was plugged in just now */
		count = room;
	if (json) {
		json_t *list = json_array();

		for (size_t i = 0; i < count; i++)
			json_array_append_new(list, entry_json(&entries[i]));
		status = cli_json_print(list);
	} else if (!count) {
		fprintf(stderr, "No board of the DM816x family on the PCI bus. "
			"%s\n", cli_no_board);
		status = CLI_OK;
	} else {
		print_table(entries, count);
		status = CLI_OK;
	}
	free(entries);
	return status;
}

const struct cli_verb cli_verb_list = {
	.name = "list",
	.synopsis = "[--json]",
	.summary = "List the boards of this machine",
	.description =
"Shows each board's name for the other verbs, its ids, the sizes of its BARs,\n"
"its link, the kernel driver bound to it, and what keeps it from being opened.\n"
"A board of the netra driver is listed as /dev/netraN (on Windows \\\\.\\NetraN),\n"
"with its state.\n",
	.run = run,
};
