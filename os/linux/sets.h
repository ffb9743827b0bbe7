/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* As much of H.264 as the driver looks into: parameter sets, picture types. */
#ifndef NETRA_LINUX_SETS_H
#define NETRA_LINUX_SETS_H

#include <linux/types.h>

#include "core/types.h"

#define NETRA_SETS_COUNT	64
#define NETRA_HEAD_BYTES	NETRA_SETS_BYTES	/* of a frame, to look in */

/*
 * The newest SPS and PPS of each id, the oldest first. A stream with more than
 * fit loses the oldest of them.
 */
struct netra_kept_sets {
	u32 count;
	u32 bytes;
	struct {
		u8 type;
		u8 id;
		u16 length;	/* with its start code */
	} set[NETRA_SETS_COUNT];
	u8 data[NETRA_SETS_BYTES];
	u8 profile_idc;		/* of the newest SPS; 0 = none seen */
	u8 constraints;
	u8 level_idc;
};

/* What the beginning of an access unit says, up to its first slice. */
struct netra_unit_head {
	bool has_sps;
	bool has_pps;
	u32 sets_at;		/* where missing parameter sets belong */
	u32 picture;		/* V4L2_BUF_FLAG_PFRAME, …_BFRAME or 0 */
};

/**
 * netra_sets_look() - Read an access unit's head, and keep its parameter sets.
 * @data: Annex B. Any bytes are safe, but they must not change meanwhile: a copy
 * of what the board sent that no program can write to.
 * @whole: All of the access unit, and not only its beginning.
 */
void netra_sets_look(struct netra_kept_sets *sets, const u8 *data,
		     u32 length, bool whole, struct netra_unit_head *head);

/**
 * netra_sets_copy() - The kept parameter sets, SPS first.
 * @to: Room for @sets->bytes.
 */
void netra_sets_copy(const struct netra_kept_sets *sets, u8 *to);

/**
 * netra_sets_join() - Put the kept parameter sets in front of an access unit.
 * @data: What was looked at, or begins with it; it has room for @size bytes.
 *
 * Return: its length then, or 0 without a change if there is no room.
 */
u32 netra_sets_join(const struct netra_kept_sets *sets,
		    const struct netra_unit_head *head, u8 *data, u32 length,
		    u32 size);

#endif
