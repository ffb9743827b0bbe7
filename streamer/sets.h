/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameter sets in force on a channel: for its description, and for key
 * frames that come without. Pure.
 */
#ifndef NETRA_STREAMER_SETS_H
#define NETRA_STREAMER_SETS_H

#include "media/h264.h"

#define NETRA_SETS_MAX 32u
#define NETRA_SETS_BYTES 4096u

/* Zero it to begin. */
struct netra_sets {
	uint32_t count;
	uint32_t used;
	struct netra_set {
		uint8_t type;		/* NETRA_NAL_SPS or NETRA_NAL_PPS */
		uint8_t id;
		uint16_t length;
		uint32_t offset;
	} set[NETRA_SETS_MAX];		/* SPS first */
	uint8_t bytes[NETRA_SETS_BYTES];
};

/**
 * netra_sets_add() - Remember @nal instead of the one with its type and id.
 *
 * What is no parameter set, is damaged, or does not fit is left out.
 */
void netra_sets_add(struct netra_sets *sets, const struct netra_nal *nal);

/** netra_sets_nal() - Set number @index as a NAL unit. */
struct netra_nal netra_sets_nal(const struct netra_sets *sets, uint32_t index);

/** netra_sets_complete() - Is there an SPS and a PPS? */
bool netra_sets_complete(const struct netra_sets *sets);

#endif
