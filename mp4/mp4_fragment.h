/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One movie fragment (moof and mdat, ISO/IEC 14496-12 8.8): access units are
 * copied in, and pieces of memory come out, header and payload, fit for
 * writev() or a socket. No file, no clock. Not locked.
 *
 * The payload lies in blocks, which can go from one fragment to another: so many
 * fragments take no more memory than their bytes do.
 */
#ifndef NETRA_MP4_FRAGMENT_H
#define NETRA_MP4_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/error.h"
#include "mp4_note.h"

#define NETRA_MP4_SAMPLES_MAX	1024u
#define NETRA_MP4_NALS_MAX	16384u	/* in an access unit */
/* A header of @samples: moof, with its note, and mdat's header. */
#define NETRA_MP4_HEADER_BYTES(samples) \
	(NETRA_MP4_TABLE_OFFSET + 16u * (samples) + NETRA_MP4_NOTE_BYTES + 8u)
#define NETRA_MP4_TABLE_OFFSET	88u
#define NETRA_MP4_BLOCK_BYTES	(8u << 10)

struct netra_mp4_fragment {
	uint8_t *header;
	uint8_t **block;		/* of the payload */
	uint32_t blocks;
	uint32_t blocks_max;		/* that the table has room for */
	uint32_t samples_max;
	uint32_t samples;
	uint32_t payload_bytes;
	uint32_t payload_crc32c;
	uint32_t header_bytes;		/* known once finished */
	uint32_t key_sample;		/* first sync sample, from 1; 0 = none */
	int64_t first_dts_90k;
	int64_t last_dts_90k;
	int64_t key_pts_90k;
};

/** netra_mp4_fragment_init() - For up to @samples_max samples. */
enum netra_error netra_mp4_fragment_init(struct netra_mp4_fragment *fragment,
					 uint32_t samples_max);

void netra_mp4_fragment_free(struct netra_mp4_fragment *fragment);

/** netra_mp4_fragment_reset() - Begin anew; blocks are kept. */
void netra_mp4_fragment_reset(struct netra_mp4_fragment *fragment);

/**
 * netra_mp4_fragment_room() - Payload that an access unit may take at most; as a
 * rule a few bytes more than its length.
 * @length: Of it, in Annex B form: a start code is 3 bytes, a length 4.
 */
static inline uint64_t netra_mp4_fragment_room(size_t length)
{
	return (uint64_t)length + length / 3 + 4;
}

/** netra_mp4_fragment_holds() - Payload that its blocks have room for, in all. */
static inline uint64_t
netra_mp4_fragment_holds(const struct netra_mp4_fragment *fragment)
{
	return (uint64_t)fragment->blocks * NETRA_MP4_BLOCK_BYTES;
}

/**
 * netra_mp4_fragment_reserve() - Get memory for @bytes of payload in all.
 * Return: NETRA_ERR_NO_MEMORY; what was there stays.
 */
enum netra_error netra_mp4_fragment_reserve(struct netra_mp4_fragment *fragment,
					    uint64_t bytes);

/**
 * netra_mp4_fragment_lend() - Give it a block, which it frees in the end.
 * @block: NETRA_MP4_BLOCK_BYTES from malloc().
 * Return: NETRA_ERR_NO_MEMORY; the block stays the caller's.
 */
enum netra_error netra_mp4_fragment_lend(struct netra_mp4_fragment *fragment,
					 void *block);

/**
 * netra_mp4_fragment_take_back() - Its last block becomes the caller's; NULL:
 * there is none without payload in it.
 */
void *netra_mp4_fragment_take_back(struct netra_mp4_fragment *fragment);

/**
 * netra_mp4_fragment_add() - Append an access unit in Annex B form.
 * @data: Copied. Start codes and zero bytes around NAL units are left out,
 *	everything else goes in.
 * @dts_90k: Not negative; above that of the sample before by at most
 *	UINT32_MAX.
 * @pts_90k: Within INT32_MAX of the decode time.
 *
 * NETRA_ERR_AGAIN: no room for its samples or bytes; reserve, or finish and
 * begin anew, then add again.
 * NETRA_ERR_CORRUPT: no NAL unit in it, or more than any picture can have.
 * NETRA_ERR_INVALID: times out of range. The fragment is unchanged by a failure.
 */
enum netra_error netra_mp4_fragment_add(struct netra_mp4_fragment *fragment,
					const uint8_t *data, size_t length,
					int64_t dts_90k, int64_t pts_90k);

/**
 * netra_mp4_fragment_restore() - Take out again what was added last.
 * @before: A copy of it from before that. Blocks stay.
 */
void netra_mp4_fragment_restore(struct netra_mp4_fragment *fragment,
				const struct netra_mp4_fragment *before);

/** netra_mp4_fragment_end() - Say how long the last sample lasts. */
void netra_mp4_fragment_end(struct netra_mp4_fragment *fragment,
			    uint32_t duration_90k);

/**
 * netra_mp4_fragment_finish() - Complete the header.
 * @note: Its checksums are filled in.
 * Return: bytes of the whole fragment; 0 if it is empty.
 *
 * May be called again with other values.
 */
uint64_t netra_mp4_fragment_finish(struct netra_mp4_fragment *fragment,
				   const struct netra_mp4_note *note);

/**
 * netra_mp4_fragment_pieces() - The bytes of a finished fragment.
 * @first: The number of the first piece wanted; 0 is the header.
 * @max: So many at most.
 * Return: how many there are from @first on, @max at most; 0 = no more.
 */
uint32_t netra_mp4_fragment_pieces(const struct netra_mp4_fragment *fragment,
				   uint32_t first, struct iovec *pieces,
				   uint32_t max);

/** netra_mp4_fragment_flatten() - All of them, one behind the other. */
void netra_mp4_fragment_flatten(const struct netra_mp4_fragment *fragment,
				uint8_t *to);

#endif
