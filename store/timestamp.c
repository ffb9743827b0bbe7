/* SPDX-License-Identifier: BSD-2-Clause */
#include "timestamp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

/* Reads @digits decimal digits; moves @at behind them. */
static bool digits(const char **at, int count, int *value)
{
	*value = 0;
	for (; count--; (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool literal(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* ".25": up to nine digits, more are not times that we keep. */
static bool fraction(const char **at, int64_t *ns)
{
	int64_t scale = NS_PER_S / 10;

	*ns = 0;
	if (!literal(at, '.'))
		return true;
	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++, scale /= 10) {
		if (!scale)
			return false;
		*ns += scale * (**at - '0');
	}
	return true;
}

static bool time_of_day(const char **at, struct tm *tm, int64_t *ns)
{
	*ns = 0;
	if (**at != 'T' && **at != ' ')
		return true;
	(*at)++;
	if (!digits(at, 2, &tm->tm_hour) || !literal(at, ':') ||
	    !digits(at, 2, &tm->tm_min))
		return false;
	if (literal(at, ':') &&
	    (!digits(at, 2, &tm->tm_sec) || !fraction(at, ns)))
		return false;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* "Z", "+01:00" or nothing; false if it is something else. */
static bool offset(const char **at, bool *given, int *seconds)
{
	int hours, minutes, sign;

	*given = true;
	*seconds = 0;
	if (literal(at, 'Z') || literal(at, 'z'))
		return true;
	*given = **at == '+' || **at == '-';
	if (!*given)
		return true;
	sign = *(*at)++ == '-' ? -1 : 1;
	if (!digits(at, 2, &hours))
		return false;
	literal(at, ':');
	if (!digits(at, 2, &minutes) || hours > 18 || minutes > 59)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool same_time(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon &&
	       a->tm_mday == b->tm_mday && a->tm_hour == b->tm_hour &&
	       a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* The moment with this local time, as summer or winter time; false: none. */
static bool local(const struct tm *wanted, int summer, time_t *moment)
{
	struct tm tm = *wanted, back;

	tm.tm_isdst = summer;
	*moment = mktime(&tm);
	return *moment != (time_t)-1 && localtime_r(moment, &back) &&
	       same_time(&back, wanted);
}

static enum netra_timestamp_fault to_moment(const struct tm *tm, time_t *moment)
{
	time_t winter, summer, other;
	bool is_winter = local(tm, 0, &winter), is_summer = local(tm, 1, &summer);

	if (!is_winter && !is_summer)
		return NETRA_TIMESTAMP_SKIPPED;
	*moment = is_winter ? winter : summer;
	other = is_summer ? summer : winter;
	return *moment == other ? NETRA_TIMESTAMP_OK : NETRA_TIMESTAMP_TWICE;
}

enum netra_timestamp_fault netra_timestamp_read(const char *text, int64_t *ns)
{
	enum netra_timestamp_fault fault = NETRA_TIMESTAMP_OK;
	struct tm tm = { 0 }, day;
	int64_t part_ns;
	int seconds;
	time_t moment;
	bool given;

	if (!digits(&text, 4, &tm.tm_year) || !literal(&text, '-') ||
	    !digits(&text, 2, &tm.tm_mon) || !literal(&text, '-') ||
	    !digits(&text, 2, &tm.tm_mday) ||
	    !time_of_day(&text, &tm, &part_ns) ||
	    !offset(&text, &given, &seconds) || *text)
		return NETRA_TIMESTAMP_SYNTAX;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	/* The 30th of February is none; ns reach from 1970 to 2262. */
	day = tm;
	moment = timegm(&day);
	if (!same_time(&day, &tm) || tm.tm_year < 70 || tm.tm_year > 300)
		return NETRA_TIMESTAMP_SYNTAX;
	if (given)
		moment -= seconds;
	else
		fault = to_moment(&tm, &moment);
	*ns = (int64_t)moment * NS_PER_S + part_ns;
	return fault;
}

bool netra_timestamp_read_utc(const char *text, size_t length, int64_t *ns)
{
	char copy[NETRA_TIMESTAMP_BYTES];

	if (length < 11 || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	/* An offset stands behind the date's own two dashes. */
	if (!strpbrk(copy + 10, "Zz+-"))
		return false;
	return netra_timestamp_read(copy, ns) == NETRA_TIMESTAMP_OK;
}

void netra_timestamp_write(char text[NETRA_TIMESTAMP_BYTES], int64_t ns,
			   bool utc)
{
	int64_t ms = ns / 1000000 - (ns % 1000000 < 0);
	int milliseconds = (int)((ms % 1000 + 1000) % 1000);
	time_t seconds = (time_t)((ms - milliseconds) / 1000);
	char zone[16] = "Z", date[24];
	struct tm tm;

	if (utc)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	if (!utc) {
		/* timegm() takes it as UTC: what is left is the zone. */
		long ahead = (long)(timegm(&tm) - seconds);

		snprintf(zone, sizeof(zone), "%c%02ld:%02ld",
			 ahead < 0 ? '-' : '+', labs(ahead) / 3600 % 100,
			 labs(ahead) / 60 % 60);
	}
	snprintf(text, NETRA_TIMESTAMP_BYTES, "%s.%03d%s", date, milliseconds,
		 zone);
}
