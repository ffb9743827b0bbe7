/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One movie fragment (moof and mdat, ISO/IEC 14496-12 8.8) of access units
 * that stay where they are: the fragment is a header and a list of pieces of
 * the caller's memory, fit for writev() or a socket. No file, no clock; no
 * allocation once it has seen the stream's largest fragment. Not locked.
 */
#ifndef NETRA_MP4_FRAGMENT_H
#define NETRA_MP4_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/error.h"

#define NETRA_MP4_SAMPLES_MAX	1024u
#define NETRA_MP4_PIECES_MAX	16384u	/* NAL units in a fragment */

/* A NAL unit and the length that goes before it in MP4. */
struct netra_mp4_piece {
	const uint8_t *data;
	uint32_t length;
	uint8_t prefix[4];
};

struct netra_mp4_fragment {
	uint8_t *header;		/* moof and mdat's header, being built */
	struct netra_mp4_piece *pieces;
	uint32_t samples_max;
	uint32_t pieces_max;
	uint32_t samples;
	uint32_t piece_count;
	uint32_t payload_bytes;		/* of mdat */
	uint32_t header_bytes;		/* known once finished */
	uint32_t key_sample;		/* first sync sample, from 1; 0 = none */
	int64_t first_dts_90k;
	int64_t last_dts_90k;
	int64_t key_pts_90k;
};

/**
 * netra_mp4_fragment_init() - Get memory for @samples_max samples.
 */
enum netra_error netra_mp4_fragment_init(struct netra_mp4_fragment *fragment,
					 uint32_t samples_max);

void netra_mp4_fragment_free(struct netra_mp4_fragment *fragment);

/** netra_mp4_fragment_reset() - Begin anew; frames added are forgotten. */
void netra_mp4_fragment_reset(struct netra_mp4_fragment *fragment);

/**
 * netra_mp4_fragment_add() - Append an access unit in Annex B form.
 * @data: Must stay until the fragment is reset. Start codes and zero bytes
 *	around NAL units are left out, everything else goes in.
 * @dts_90k: Not negative; above that of the sample before by at most
 *	UINT32_MAX.
 * @pts_90k: Within INT32_MAX of the decode time.
 *
 * NETRA_ERR_AGAIN: the fragment is full; finish, reset, then add again.
 * NETRA_ERR_CORRUPT: no NAL unit in it, or more than any picture can have.
 * NETRA_ERR_INVALID: times out of range. NETRA_ERR_NO_MEMORY. The fragment is
 * unchanged by a failure.
 */
enum netra_error netra_mp4_fragment_add(struct netra_mp4_fragment *fragment,
					const uint8_t *data, size_t length,
					int64_t dts_90k, int64_t pts_90k);

/**
 * netra_mp4_fragment_finish() - Complete the header.
 * @sequence: Number of the fragment in its file, from 1.
 * @last_duration_90k: Of the last sample.
 * Return: bytes of the whole fragment; 0 if it is empty.
 *
 * May be called again with other values.
 */
uint64_t netra_mp4_fragment_finish(struct netra_mp4_fragment *fragment,
				   uint32_t sequence,
				   uint32_t last_duration_90k);

/**
 * netra_mp4_fragment_gather() - The next pieces of a finished fragment.
 * @position: 0 to begin with; kept by the walk.
 * @iov: Receives up to @count entries.
 * Return: entries filled; 0 at the end.
 */
size_t netra_mp4_fragment_gather(const struct netra_mp4_fragment *fragment,
				 size_t *position, struct iovec *iov,
				 size_t count);

#endif
