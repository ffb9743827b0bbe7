/* SPDX-License-Identifier: BSD-2-Clause */
#include "recorder_sets.h"

#include <string.h>

void netra_recorder_sets_init(struct netra_recorder_sets *sets)
{
	netra_mp4_sets_init(&sets->sets);
}

static bool same(const struct netra_nal *a, const struct netra_nal *b)
{
	return a->length == b->length && !memcmp(a->data, b->data, a->length);
}

static bool known(const struct netra_mp4_sets *sets,
		  const struct netra_nal *nal)
{
	if (nal->type == NETRA_NAL_SPS) {
		for (uint32_t i = 0; i < sets->sps_count; i++)
			if (same(&sets->sps[i], nal))
				return true;
	} else {
		for (uint32_t i = 0; i < sets->pps_count; i++)
			if (same(&sets->pps[i], nal))
				return true;
	}
	return false;
}

/* Copies a set behind the others and adds it; of one id the first wins. */
static void add(struct netra_mp4_sets *to, uint8_t *bytes, size_t *used,
		const struct netra_nal *nal)
{
	struct netra_nal copy = *nal;

	if (nal->length > NETRA_MP4_SETS_MAX_BYTES - *used)
		return;
	memcpy(bytes + *used, nal->data, nal->length);
	copy.data = bytes + *used;
	*used += nal->length;
	netra_mp4_sets_add(to, &copy);
}

/* A set that changes is rare: all are put together anew, it first. */
static void replace(struct netra_recorder_sets *sets,
		    const struct netra_nal *nal)
{
	struct netra_recorder_sets now;
	struct netra_nal *moved;
	size_t used = 0;

	netra_mp4_sets_init(&now.sets);
	add(&now.sets, now.bytes, &used, nal);
	for (uint32_t i = 0; i < sets->sets.sps_count; i++)
		add(&now.sets, now.bytes, &used, &sets->sets.sps[i]);
	for (uint32_t i = 0; i < sets->sets.pps_count; i++)
		add(&now.sets, now.bytes, &used, &sets->sets.pps[i]);
	*sets = now;
	for (uint32_t i = 0; i < now.sets.sps_count; i++) {
		moved = &sets->sets.sps[i];
		moved->data = sets->bytes + (moved->data - now.bytes);
	}
	for (uint32_t i = 0; i < now.sets.pps_count; i++) {
		moved = &sets->sets.pps[i];
		moved->data = sets->bytes + (moved->data - now.bytes);
	}
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
		    nal.length && !known(&sets->sets, &nal))
			replace(sets, &nal);
	}
	return false;
}
