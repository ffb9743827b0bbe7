/* SPDX-License-Identifier: BSD-2-Clause */
#include "store_open.h"

#include <string.h>

#include "cli.h"

int cli_store_open(struct netra_store_folder *folder, const char *path,
		   const char *verb)
{
	char why[256];

	if (!path) {
		cli_error("%s: no store given: add --store DIR", verb);
		return CLI_USAGE;
	}
	if (!netra_store_look(folder, path, why, sizeof(why)))
		return CLI_OK;
	cli_error("%s: name the folder that 'netra record' was given", why);
	return CLI_FAILED;
}

int cli_store_channels(struct netra_store_folder *folder,
		       const struct cli_list *wanted, struct cli_list *list)
{
	uint32_t count = wanted->count ? wanted->count : NETRA_STORE_CHANNELS;

	list->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t channel = wanted->count ? wanted->item[i] : i;

		if (!netra_store_channel(folder, channel, false, false)) {
			list->item[list->count++] = channel;
			continue;
		}
		if (!wanted->count)
			continue;
		cli_error("channel %u: %s holds nothing of it: 'netra store' "
			  "lists what there is", channel, folder->path);
		return CLI_FAILED;
	}
	return CLI_OK;
}
