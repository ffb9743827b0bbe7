/* SPDX-License-Identifier: BSD-2-Clause */
#include "store_protect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "store/protect.h"
#include "store/timestamp.h"
#include "times.h"

/* "FROM..TO" */
static int read_range(const char *option, const char *text, int64_t *from_ns,
		      int64_t *to_ns)
{
	const char *dots = strstr(text, "..");
	char from[NETRA_TIMESTAMP_BYTES];
	int status;

	if (!dots || (size_t)(dots - text) >= sizeof(from)) {
		cli_error("--%s %s: not a range: write it like "
			  "2026-11-23T10:15:00..2026-11-23T10:20:00", option,
			  text);
		return CLI_USAGE;
	}
	snprintf(from, sizeof(from), "%.*s", (int)(dots - text), text);
	status = cli_time(option, from, from_ns);
	if (!status)
		status = cli_time(option, dots + 2, to_ns);
	if (!status && *from_ns >= *to_ns) {
		cli_error("--%s %s: ends before it begins: swap the times",
			  option, text);
		status = CLI_USAGE;
	}
	return status;
}

static int say_edit(const struct netra_store_folder *folder,
		    enum netra_error err)
{
	if (!err)
		return CLI_OK;
	cli_error("%s/protected: %s: check who may write there",
		  folder->path, strerror(errno));
	return CLI_FAILED;
}

int cli_store_protect(struct netra_store_folder *folder, const char *text,
		      const struct cli_list *channels, const char *remark)
{
	char line[600], from[NETRA_TIMESTAMP_BYTES], to[NETRA_TIMESTAMP_BYTES];
	int64_t from_ns = 0, to_ns = 0;
	int status = read_range("protect", text, &from_ns, &to_ns);
	size_t used;

	if (status)
		return status;
	netra_timestamp_write(from, from_ns, true);
	netra_timestamp_write(to, to_ns, true);
	used = (size_t)snprintf(line, sizeof(line), "%s %s ", from, to);
	for (uint32_t i = 0; i < channels->count; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
					 "%s%u", i ? "," : "",
					 channels->item[i]);
	snprintf(line + used, sizeof(line) - used, "%s %.200s",
		 channels->count ? "" : "*", remark ? remark : "");
	line[strcspn(line, "\r\n")] = '\0';
	return say_edit(folder, netra_store_protect(folder, line));
}

int cli_store_unprotect(struct netra_store_folder *folder, const char *text)
{
	int64_t from_ns = 0, to_ns = 0;
	int status = read_range("unprotect", text, &from_ns, &to_ns);
	uint32_t removed;

	if (status)
		return status;
	status = say_edit(folder, netra_store_unprotect(
		folder, from_ns / 1000000, to_ns / 1000000 + 1,
		&removed));
	if (status || removed)
		return status;
	cli_error("--unprotect %s: no protected range lies within it: see the "
		  "file %s/protected", text, folder->path);
	return CLI_FAILED;
}
