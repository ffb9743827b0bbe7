/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STAMP "20261123T101500.250Z"
#define STAMP_LENGTH (sizeof(STAMP) - 1)
#define LAST_MS 253402300799999		/* of the year 9999 */

void netra_store_name(char name[NETRA_STORE_NAME_BYTES], int64_t start_ms,
		      const char *suffix)
{
	char stamp[STAMP_LENGTH];
	time_t seconds;
	struct tm tm;

	if (start_ms < 0)
		start_ms = 0;
	if (start_ms > LAST_MS)
		start_ms = LAST_MS;
	seconds = (time_t)(start_ms / 1000);
	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &tm);
	snprintf(name, NETRA_STORE_NAME_BYTES, "%s.%03dZ%s", stamp,
		 (int)(start_ms % 1000), suffix);
}

/* A number of @digits decimal digits. */
static int number(const char *text, int digits)
{
	int value = 0;

	while (digits--)
		value = value * 10 + (*text++ - '0');
	return value;
}

bool netra_store_name_read(const char *name, int64_t *start_ms,
			   enum netra_store_kind *kind)
{
	static const char *const suffix[] = {
		[NETRA_STORE_FILE_WHOLE] = NETRA_STORE_WHOLE,
		[NETRA_STORE_FILE_PART] = NETRA_STORE_PART,
		[NETRA_STORE_FILE_DAMAGED] = NETRA_STORE_DAMAGED,
	};
	char again[NETRA_STORE_NAME_BYTES];
	struct tm tm = { 0 };

	if (strlen(name) <= STAMP_LENGTH || strlen(name) >= sizeof(again))
		return false;
	for (size_t i = 0; i < STAMP_LENGTH; i++)
		if (isdigit((unsigned char)STAMP[i]) ?
		    !isdigit((unsigned char)name[i]) : name[i] != STAMP[i])
			return false;
	tm.tm_year = number(name, 4) - 1900;
	tm.tm_mon = number(name + 4, 2) - 1;
	tm.tm_mday = number(name + 6, 2);
	tm.tm_hour = number(name + 9, 2);
	tm.tm_min = number(name + 11, 2);
	tm.tm_sec = number(name + 13, 2);
	*start_ms = (int64_t)timegm(&tm) * 1000 + number(name + 16, 3);
	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		/* The 31st of February is no name. */
		netra_store_name(again, *start_ms, suffix[i]);
		if (!strcmp(name, again)) {
			*kind = (enum netra_store_kind)i;
			return true;
		}
	}
	return false;
}

int netra_store_channel_read(const char *name)
{
	if (name[0] != 'c' || name[1] != 'h' ||
	    !isdigit((unsigned char)name[2]) ||
	    !isdigit((unsigned char)name[3]) || name[4])
		return -1;
	return number(name + 2, 2);
}
