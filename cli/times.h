/* SPDX-License-Identifier: BSD-2-Clause */
/* Clock times and time zones on the command line. */
#ifndef NETRA_CLI_TIMES_H
#define NETRA_CLI_TIMES_H

#include <jansson.h>
#include <stdint.h>

/**
 * cli_timezone() - Times without an offset are of this zone from now on.
 * @name: As in /usr/share/zoneinfo; NULL: the system's.
 * Says if there is none of that name. Return: enum cli_status.
 */
int cli_timezone(const char *name);

/**
 * cli_time() - A time that was given for an option.
 * @text: NULL: @ns stays as it is.
 * Says what is wrong with it. Return: enum cli_status.
 */
int cli_time(const char *option, const char *text, int64_t *ns);

/** cli_json_time() - ISO 8601 with the zone's offset; @ns INT64_MIN: null. */
json_t *cli_json_time(int64_t ns);

#endif
