/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock times as people write them: "2026-11-23T10:15:00.5+01:00". Without an
 * offset a time is of the zone in TZ (tzset()), whose rules are the system's.
 */
#ifndef NETRA_STORE_TIMESTAMP_H
#define NETRA_STORE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETRA_TIMESTAMP_BYTES 40u

enum netra_timestamp_fault {
	NETRA_TIMESTAMP_OK,
	NETRA_TIMESTAMP_SYNTAX,		/* it is none */
	NETRA_TIMESTAMP_SKIPPED,	/* daylight saving leaves it out */
	NETRA_TIMESTAMP_TWICE,		/* it comes twice: an offset would tell */
};

/**
 * netra_timestamp_read() - Take a time apart.
 * @text: Date, "T" or a space, time, a fraction of up to nine digits if any,
 *	"Z" or an offset if any; seconds may be left out, and the time, too.
 * @ns: Since 1970, UTC.
 */
enum netra_timestamp_fault netra_timestamp_read(const char *text, int64_t *ns);

/** netra_timestamp_read_utc() - Likewise @length bytes; an offset must be there. */
bool netra_timestamp_read_utc(const char *text, size_t length, int64_t *ns);

/**
 * netra_timestamp_write() - "2026-11-23T10:15:00.250+01:00", in TZ's zone.
 * @utc: "2026-11-23T10:15:00.250Z".
 */
void netra_timestamp_write(char text[NETRA_TIMESTAMP_BYTES], int64_t ns,
			   bool utc);

#endif
