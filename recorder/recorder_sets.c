/* SPDX-License-Identifier: BSD-2-Clause */
#include "recorder_sets.h"

#include <stdlib.h>
#include <string.h>

#define START_CODE_BYTES 3u

void netra_recorder_sets_free(struct netra_recorder_sets *sets)
{
	free(sets->bytes);
	memset(sets, 0, sizeof(*sets));
}

/* Of one id the first wins. */
static void add_all(const struct netra_recorder_sets *sets,
		    struct netra_mp4_sets *to)
{
	size_t position = 0;
	struct netra_nal nal;

	while (netra_nal_next(sets->bytes, sets->length, &position, &nal))
		netra_mp4_sets_add(to, &nal);
}

void netra_recorder_sets_get(const struct netra_recorder_sets *sets,
			     struct netra_mp4_sets *to)
{
	netra_mp4_sets_init(to);
	add_all(sets, to);
}

static bool known(const struct netra_recorder_sets *sets,
		  const struct netra_nal *wanted)
{
	size_t position = 0;
	struct netra_nal nal;

	while (netra_nal_next(sets->bytes, sets->length, &position, &nal))
		if (nal.length == wanted->length &&
		    !memcmp(nal.data, wanted->data, nal.length))
			return true;
	return false;
}

static void put(struct netra_recorder_sets *to, const struct netra_nal *nal,
		uint32_t count)
{
	static const uint8_t start_code[START_CODE_BYTES] = { 0, 0, 1 };

	for (; count; count--, nal++) {
		memcpy(to->bytes + to->length, start_code, START_CODE_BYTES);
		to->length += START_CODE_BYTES;
		memcpy(to->bytes + to->length, nal->data, nal->length);
		to->length += nal->length;
	}
}

/* A set that changes is rare: all are put together anew, it first. */
static void replace(struct netra_recorder_sets *sets,
		    const struct netra_nal *nal)
{
	struct netra_recorder_sets made = { 0 };
	struct netra_mp4_sets now;

	netra_mp4_sets_init(&now);
	netra_mp4_sets_add(&now, nal);
	add_all(sets, &now);
	/* @bytes has two of each set's length, and 8192 are the most. */
	made.bytes = malloc(now.bytes + now.sps_count + now.pps_count + 1);
	if (!made.bytes)
		return;
	put(&made, now.sps, now.sps_count);
	put(&made, now.pps, now.pps_count);
	made.usable = netra_mp4_sets_usable(&now);
	free(sets->bytes);
	*sets = made;
}

bool netra_recorder_sets_look(struct netra_recorder_sets *sets,
			      const uint8_t *data, size_t length)
{
	size_t at = netra_start_code(data, length, 0), position;
	struct netra_nal nal;
	uint8_t type;

	/* Up to the first slice: what follows need not be looked through. */
	for (; length - at > 3; at = netra_start_code(data, length, at + 3)) {
		type = data[at + 3] & 31;
		if (type >= NETRA_NAL_SLICE && type <= NETRA_NAL_IDR)
			return type == NETRA_NAL_IDR;
		if (type != NETRA_NAL_SPS && type != NETRA_NAL_PPS)
			continue;
		position = at;
		if (netra_nal_next(data, length, &position, &nal) &&
		    nal.length && !known(sets, &nal))
			replace(sets, &nal);
	}
	return false;
}
