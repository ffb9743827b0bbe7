/* SPDX-License-Identifier: BSD-2-Clause */
#include "retention.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

bool netra_retention_due(const struct netra_retention_limits *limits,
			 const struct netra_store_entry *entry, int64_t end_ms,
			 uint64_t bytes, int64_t now_ms)
{
	if (entry->kind == NETRA_STORE_FILE_PART)
		return false;
	if (limits->keep_bytes && bytes > limits->keep_bytes)
		return true;
	/* A clock that was set back makes files of the future: they stay. */
	return limits->keep_ms && end_ms < now_ms - limits->keep_ms;
}

bool netra_retention_protected(const struct netra_protected *ranges,
			       size_t count, uint32_t channel,
			       int64_t start_ms, int64_t end_ms)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].channels >> channel & 1 &&
		    start_ms < ranges[i].to_ms && end_ms >= ranges[i].from_ms)
			return true;
	return false;
}

/* "*", or numbers and ranges with commas between. */
static bool read_channels(const char *word, size_t length, uint64_t *channels)
{
	const char *at = word, *end = word + length;
	unsigned long first, last;
	char *next;

	*channels = 0;
	if (length == 1 && *word == '*') {
		*channels = UINT64_MAX;
		return true;
	}
	for (;;) {
		if (at == end || !isdigit((unsigned char)*at))
			return false;
		first = last = strtoul(at, &next, 10);
		if (*next == '-' && isdigit((unsigned char)next[1]))
			last = strtoul(next + 1, &next, 10);
		if (first > last || last >= NETRA_STORE_CHANNELS || next > end)
			return false;
		for (; first <= last; first++)
			*channels |= UINT64_C(1) << first;
		if (next == end)
			return true;
		if (*next != ',')
			return false;
		at = next + 1;
	}
}

int netra_protected_read(struct netra_protected *range, const char *line)
{
	static const char blank[] = " \t\r";
	size_t length[3];
	const char *word[3];
	int64_t from_ns, to_ns;

	line += strspn(line, blank);
	if (!*line || *line == '#')
		return 0;
	for (int i = 0; i < 3; i++) {
		word[i] = line;
		length[i] = strcspn(line, blank);
		line += length[i];
		line += strspn(line, blank);
	}
	if (!netra_timestamp_read_utc(word[0], length[0], &from_ns) ||
	    !netra_timestamp_read_utc(word[1], length[1], &to_ns) ||
	    !read_channels(word[2], length[2], &range->channels))
		return -1;
	/* To whole milliseconds, outwards. */
	range->from_ms = from_ns / 1000000 - (from_ns < 0);
	range->to_ms = to_ns / 1000000 + 1;
	return range->from_ms < range->to_ms ? 1 : -1;
}
