/* SPDX-License-Identifier: BSD-2-Clause */
#include "sets.h"

#include <string.h>

static bool set_id(const struct netra_nal *nal, uint8_t *id)
{
	struct netra_sps sps;
	struct netra_pps pps;

	if (nal->type == NETRA_NAL_SPS && netra_sps_parse(nal, &sps)) {
		*id = sps.id;
		return true;
	}
	if (nal->type == NETRA_NAL_PPS && netra_pps_parse(nal, &pps)) {
		*id = pps.id;
		return true;
	}
	return false;
}

static void remove_set(struct netra_sets *sets, uint32_t index)
{
	struct netra_set gone = sets->set[index];

	memmove(sets->bytes + gone.offset,
		sets->bytes + gone.offset + gone.length,
		sets->used - gone.offset - gone.length);
	sets->used -= gone.length;
	sets->count--;
	memmove(&sets->set[index], &sets->set[index + 1],
		(sets->count - index) * sizeof(sets->set[0]));
	for (uint32_t i = 0; i < sets->count; i++)
		if (sets->set[i].offset > gone.offset)
			sets->set[i].offset -= gone.length;
}

/* Where a set of this type and id stands, or belongs. */
static uint32_t place(const struct netra_sets *sets, uint8_t type, uint8_t id)
{
	uint32_t i = 0;

	while (i < sets->count &&
	       (sets->set[i].type < type ||
		(sets->set[i].type == type && sets->set[i].id < id)))
		i++;
	return i;
}

void netra_sets_add(struct netra_sets *sets, const struct netra_nal *nal)
{
	uint32_t at;
	uint8_t id;

	if (nal->length > NETRA_SETS_BYTES || !set_id(nal, &id))
		return;
	at = place(sets, nal->type, id);
	if (at < sets->count && sets->set[at].type == nal->type &&
	    sets->set[at].id == id) {
		const struct netra_set *old = &sets->set[at];

		if (old->length == nal->length &&
		    !memcmp(sets->bytes + old->offset, nal->data, nal->length))
			return;
		remove_set(sets, at);
	}
	if (sets->count == NETRA_SETS_MAX ||
	    nal->length > NETRA_SETS_BYTES - sets->used)
		return;
	memmove(&sets->set[at + 1], &sets->set[at],
		(sets->count - at) * sizeof(sets->set[0]));
	sets->set[at] = (struct netra_set){ nal->type, id,
					    (uint16_t)nal->length, sets->used };
	memcpy(sets->bytes + sets->used, nal->data, nal->length);
	sets->used += (uint32_t)nal->length;
	sets->count++;
}

struct netra_nal netra_sets_nal(const struct netra_sets *sets, uint32_t index)
{
	const struct netra_set *set = &sets->set[index];
	const uint8_t *data = sets->bytes + set->offset;

	return (struct netra_nal){ data, set->length, set->type,
				   data[0] >> 5 & 3 };
}

bool netra_sets_complete(const struct netra_sets *sets)
{
	/* SPS stand in front. */
	return sets->count && sets->set[0].type == NETRA_NAL_SPS &&
	       sets->set[sets->count - 1].type == NETRA_NAL_PPS;
}
