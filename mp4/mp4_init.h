/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The initialization segment of a fragmented MP4 file with one H.264 track:
 * ftyp and moov (ISO/IEC 14496-12, 14496-15).
 */
#ifndef NETRA_MP4_INIT_H
#define NETRA_MP4_INIT_H

#include "core/error.h"
#include "media/h264.h"

#define NETRA_MP4_TIMESCALE	90000u
#define NETRA_MP4_TRACK		1u
#define NETRA_MP4_SETS_MAX_BYTES 8192u
/* An init segment with sets of that size fits into this. */
#define NETRA_MP4_INIT_MAX_BYTES (NETRA_MP4_SETS_MAX_BYTES + 2048u)

/* Parameter sets for the avcC box. They point into the caller's frames. */
struct netra_mp4_sets {
	struct netra_nal sps[31];
	struct netra_nal pps[255];
	uint8_t sps_count;
	uint8_t pps_count;
	uint32_t have_sps;		/* bit per id */
	uint32_t have_pps[8];		/* bit per id */
	size_t bytes;
	struct netra_sps first;		/* what the track's sizes come from */
};

/** netra_mp4_sets_init() - No set known yet. */
void netra_mp4_sets_init(struct netra_mp4_sets *sets);

/**
 * netra_mp4_sets_add() - Take a NAL unit in if it is a parameter set.
 *
 * The first set of each id wins: later ones of the same id take effect in
 * band, where they also are. Damaged sets, and what passes
 * NETRA_MP4_SETS_MAX_BYTES, stay in band only.
 */
void netra_mp4_sets_add(struct netra_mp4_sets *sets,
			const struct netra_nal *nal);

/** netra_mp4_sets_usable() - Enough for an init segment? */
static inline bool netra_mp4_sets_usable(const struct netra_mp4_sets *sets)
{
	return sets->sps_count && sets->pps_count;
}

struct netra_mp4_init {
	size_t length;
	size_t duration_offset;	/* of mehd's 64-bit big-endian duration */
	uint8_t data[NETRA_MP4_INIT_MAX_BYTES];	/* last: may be cut to its length */
};

/**
 * netra_mp4_init_build() - Build the segment.
 * @media_start_90k: Composition time of the picture shown first, on the time
 *	line of the fragments' decode times; an edit list makes it 0.
 * @created_unix_s: When the recording began; 0 = not said.
 *
 * NETRA_ERR_INVALID without usable sets or with a negative start.
 */
enum netra_error netra_mp4_init_build(struct netra_mp4_init *init,
				      const struct netra_mp4_sets *sets,
				      int64_t media_start_90k,
				      int64_t created_unix_s);

#endif
