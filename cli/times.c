/* SPDX-License-Identifier: BSD-2-Clause */
#include "times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "store/timestamp.h"

int cli_timezone(const char *name)
{
	char path[300];

	if (!name) {
		tzset();
		return CLI_OK;
	}
	/* The C library takes an unknown zone for UTC, silently. */
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	if (strcmp(name, "UTC") != 0 &&
	    (strstr(name, "..") || access(path, R_OK))) {
		cli_error("--timezone %s: no such time zone: write it like "
			  "Europe/Berlin (package tzdata has them)", name);
		return CLI_USAGE;
	}
	setenv("TZ", name, 1);
	tzset();
	return CLI_OK;
}

int cli_time(const char *option, const char *text, int64_t *ns)
{
	if (!text)
		return CLI_OK;
	switch (netra_timestamp_read(text, ns)) {
	case NETRA_TIMESTAMP_OK:
		return CLI_OK;
	case NETRA_TIMESTAMP_SKIPPED:
		cli_error("--%s %s: daylight saving skips this time: give "
			  "another, or one with an offset like +01:00", option,
			  text);
		break;
	case NETRA_TIMESTAMP_TWICE:
		cli_error("--%s %s: with daylight saving this time comes twice: "
			  "add an offset like +01:00", option, text);
		break;
	default:
		cli_error("--%s %s: not a time: write it like "
			  "2026-11-23T10:15:00", option, text);
	}
	return CLI_USAGE;
}

json_t *cli_json_time(int64_t ns)
{
	char text[NETRA_TIMESTAMP_BYTES];

	if (ns == INT64_MIN)
		return json_null();
	netra_timestamp_write(text, ns, false);
	return json_string(text);
}
