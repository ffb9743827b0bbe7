/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ftyp and moov of a plain MP4 file: all samples in tables, their bytes in one
 * mdat behind it, an edit list that shows a part of them exactly.
 */
#ifndef NETRA_MP4_MOVIE_H
#define NETRA_MP4_MOVIE_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "mp4_read.h"

#define NETRA_MP4_TKHD_BYTES 104u

/* Samples that lie one behind the other in mdat and share an entry. */
struct netra_mp4_chunk {
	uint64_t offset;	/* from mdat's content on */
	uint32_t samples;
	uint32_t entry;		/* from 0 */
};

/* A sample entry (avc1 box), in the caller's memory. */
struct netra_mp4_entry {
	const uint8_t *data;
	uint32_t bytes;
};

struct netra_mp4_movie {
	const struct netra_mp4_sample *samples;
	uint32_t sample_count;
	const struct netra_mp4_chunk *chunks;
	uint32_t chunk_count;
	const struct netra_mp4_entry *entries;
	uint32_t entry_count;
	const uint8_t *tkhd;		/* the whole box: NETRA_MP4_TKHD_BYTES */
	uint64_t mdat_bytes;		/* content */
	int64_t media_start_90k;	/* first moment shown, from the first decode time */
	uint64_t shown_90k;		/* how long */
	int64_t created_unix_s;
};

/**
 * netra_mp4_movie_build() - Build ftyp, moov and mdat's header.
 * @data: Receives memory to be freed by the caller.
 * NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_mp4_movie_build(const struct netra_mp4_movie *movie,
				       uint8_t **data, size_t *length);

#endif
