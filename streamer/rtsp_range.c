/* SPDX-License-Identifier: BSD-2-Clause */
/* Times in requests: Range and Scale (RFC 2326, 3.5 to 3.7, 12.29, 12.34). */
#include <string.h>
#include <strings.h>

#include "rtsp_header.h"

#define NS_PER_S INT64_C(1000000000)

/* @count digits at @at as a number. */
static bool digits(struct netra_text text, size_t at, size_t count,
		   uint32_t *value)
{
	return at + count <= text.length &&
	       netra_text_number((struct netra_text){ text.data + at, count },
				 UINT32_MAX, value);
}

/* What follows seconds: nothing, or "." and digits. */
static bool fraction(struct netra_text text, int64_t *ns)
{
	int64_t unit = NS_PER_S;

	*ns = 0;
	if (!text.length)
		return true;
	if (text.data[0] != '.' || text.length > 10)
		return false;
	for (size_t i = 1; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		unit /= 10;
		*ns += (text.data[i] - '0') * unit;
	}
	return true;
}

/* Days since 1970 of a date in the Gregorian calendar. */
static int64_t days(uint32_t year, uint32_t month, uint32_t day)
{
	/* Years that begin in March: the leap day is their last. */
	uint32_t y = month <= 2 ? year - 1 : year;
	uint32_t m = month <= 2 ? month + 9 : month - 3;

	return (int64_t)(365 * y + y / 4 - y / 100 + y / 400 +
			 (153 * m + 2) / 5 + day - 1) - 719468;
}

bool netra_rtsp_parse_clock(struct netra_text text, int64_t *ns)
{
	uint32_t year, month, day, hour, minute, second;
	int64_t part;

	if (text.length < 16 || text.data[8] != 'T' ||
	    text.data[text.length - 1] != 'Z' || !digits(text, 0, 4, &year) ||
	    !digits(text, 4, 2, &month) || !digits(text, 6, 2, &day) ||
	    !digits(text, 9, 2, &hour) || !digits(text, 11, 2, &minute) ||
	    !digits(text, 13, 2, &second) ||
	    !fraction((struct netra_text){ text.data + 15, text.length - 16 },
		      &part))
		return false;
	if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 ||
	    day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	*ns = (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 +
	       second) * NS_PER_S + part;
	return true;
}

/* "12.5", or "1:02:03.25". */
static bool parse_npt(struct netra_text text, int64_t *ns)
{
	uint32_t number;
	int64_t seconds = 0, part;
	struct netra_text whole;
	const char *point = memchr(text.data, '.', text.length);

	whole = text;
	if (point)
		whole.length = (size_t)(point - text.data);
	if (!fraction((struct netra_text){ text.data + whole.length,
					   text.length - whole.length }, &part))
		return false;
	for (unsigned int i = 0; i < 3 && whole.length; i++) {
		if (!netra_text_number(netra_text_cut(&whole, ':'), 100000,
				       &number))
			return false;
		seconds = seconds * 60 + number;
	}
	*ns = seconds * NS_PER_S + part;
	return !whole.length;
}

bool netra_rtsp_parse_range(struct netra_text field,
			    struct netra_rtsp_range *range)
{
	struct netra_text rest, unit, from;
	bool clock;

	memset(range, 0, sizeof(*range));
	if (!field.length)
		return true;
	/* "; time=…" is of no use: it is done at once. */
	rest = netra_text_cut(&field, ';');
	unit = netra_text_cut(&rest, '=');
	clock = netra_text_is(unit, "clock");
	if (!clock && !netra_text_is(unit, "npt"))
		return false;
	from = netra_text_cut(&rest, '-');
	if (!clock && netra_text_is(from, "now")) {
		range->kind = NETRA_RTSP_RANGE_NOW;
		return true;
	}
	range->kind = clock ? NETRA_RTSP_RANGE_CLOCK : NETRA_RTSP_RANGE_NPT;
	range->has_from = from.length;
	range->has_to = rest.length;
	if (from.length && !(clock ?
			     netra_rtsp_parse_clock(from, &range->from_ns) :
			     parse_npt(from, &range->from_ns)))
		return false;
	if (rest.length && !(clock ?
			     netra_rtsp_parse_clock(rest, &range->to_ns) :
			     parse_npt(rest, &range->to_ns)))
		return false;
	return from.length || rest.length;
}

bool netra_rtsp_parse_scale(struct netra_text field, double *scale)
{
	int64_t ns;

	*scale = 1.0;
	if (!field.length)
		return true;
	if (!parse_npt(field, &ns) || ns < NS_PER_S / 10 || ns > 16 * NS_PER_S)
		return false;
	*scale = (double)ns / 1e9;
	return true;
}
