/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragment header and payload. The header's shape is fixed, so that entries of
 * the sample table (trun) are written in place as samples come and only sizes
 * and numbers are filled in at the end:
 *
 *	moof  mfhd  traf( tfhd tfdt trun(entry...) )  uuid  mdat-header
 *
 * The payload's checksum is taken while its bytes are in the cache. An access
 * unit is untrusted: any bytes may come.
 */
#include "mp4_fragment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checksum.h"
#include "media/h264.h"
#include "mp4_box.h"
#include "mp4_init.h"

#define MFHD_BYTES	16u
#define TFHD_BYTES	16u
#define TFDT_BYTES	20u
#define TRUN_BYTES	20u		/* without entries */
#define ENTRY_BYTES	16u
#define TRAF_BYTES	(8u + TFHD_BYTES + TFDT_BYTES + TRUN_BYTES)
#define PAYLOAD_MAX	0x7fffffffu
#define BLOCK		NETRA_MP4_BLOCK_BYTES

_Static_assert(NETRA_MP4_TABLE_OFFSET == 8u + MFHD_BYTES + TRAF_BYTES,
	       "the sample table's place");

/* 8.8.3.1: depends on no other sample; depends on others and is not sync. */
#define SAMPLE_SYNC	0x02000000u
#define SAMPLE_DELTA	0x01010000u

#define TFHD_BASE_IS_MOOF 0x020000u
#define TRUN_FLAGS	(0x001u | 0x100u | 0x200u | 0x400u | 0x800u)
			/* data offset; duration, size, flags, composition */

static uint8_t *entry(const struct netra_mp4_fragment *fragment, uint32_t i)
{
	return fragment->header + NETRA_MP4_TABLE_OFFSET +
	       (size_t)i * ENTRY_BYTES;
}

enum netra_error netra_mp4_fragment_init(struct netra_mp4_fragment *fragment,
					 uint32_t samples_max)
{
	memset(fragment, 0, sizeof(*fragment));
	if (!samples_max || samples_max > NETRA_MP4_SAMPLES_MAX)
		return NETRA_ERR_INVALID;
	fragment->samples_max = samples_max;
	fragment->header = malloc(NETRA_MP4_HEADER_BYTES(samples_max));
	return fragment->header ? NETRA_OK : NETRA_ERR_NO_MEMORY;
}

void netra_mp4_fragment_free(struct netra_mp4_fragment *fragment)
{
	while (fragment->blocks)
		free(fragment->block[--fragment->blocks]);
	free(fragment->block);
	free(fragment->header);
	memset(fragment, 0, sizeof(*fragment));
}

void netra_mp4_fragment_reset(struct netra_mp4_fragment *fragment)
{
	fragment->samples = 0;
	fragment->payload_bytes = 0;
	fragment->payload_crc32c = 0;
	fragment->header_bytes = 0;
	fragment->key_sample = 0;
}

enum netra_error netra_mp4_fragment_reserve(struct netra_mp4_fragment *fragment,
					    uint64_t bytes)
{
	if (bytes > PAYLOAD_MAX)
		return NETRA_ERR_NO_MEMORY;
	while (netra_mp4_fragment_holds(fragment) < bytes) {
		void *block = malloc(BLOCK);

		if (!block || netra_mp4_fragment_lend(fragment, block)) {
			free(block);
			return NETRA_ERR_NO_MEMORY;
		}
	}
	return NETRA_OK;
}

enum netra_error netra_mp4_fragment_lend(struct netra_mp4_fragment *fragment,
					 void *block)
{
	if (fragment->blocks == fragment->blocks_max) {
		uint32_t max = fragment->blocks_max ? 2 * fragment->blocks_max :
						      8;
		uint8_t **larger = realloc(fragment->block,
					   max * sizeof(*larger));

		if (!larger)
			return NETRA_ERR_NO_MEMORY;
		fragment->block = larger;
		fragment->blocks_max = max;
	}
	fragment->block[fragment->blocks++] = block;
	return NETRA_OK;
}

void *netra_mp4_fragment_take_back(struct netra_mp4_fragment *fragment)
{
	if (netra_mp4_fragment_holds(fragment) <
	    (uint64_t)fragment->payload_bytes + BLOCK)
		return NULL;
	return fragment->block[--fragment->blocks];
}

static bool times_ok(const struct netra_mp4_fragment *fragment, int64_t dts,
		     int64_t pts)
{
	int64_t step;

	if (dts < 0 || __builtin_sub_overflow(pts, dts, &step) ||
	    step < INT32_MIN || step > INT32_MAX)
		return false;
	step = dts - fragment->last_dts_90k;
	return !fragment->samples || (step > 0 && step <= UINT32_MAX);
}

/* A sample behind the payload, as far as it has come. */
struct sample {
	uint32_t bytes;
	uint32_t crc32c;	/* of all the payload */
	bool key;
};

/* Return: is there room? */
static bool put(struct netra_mp4_fragment *fragment, struct sample *sample,
		const uint8_t *data, size_t length)
{
	if (length > netra_mp4_fragment_holds(fragment) -
			     fragment->payload_bytes - sample->bytes)
		return false;
	while (length) {
		uint32_t at = fragment->payload_bytes + sample->bytes;
		uint8_t *to = fragment->block[at / BLOCK] + at % BLOCK;
		size_t part = BLOCK - at % BLOCK;

		if (part > length)
			part = length;
		memcpy(to, data, part);
		sample->crc32c = netra_checksum(sample->crc32c, to, part);
		sample->bytes += (uint32_t)part;
		data += part;
		length -= part;
	}
	return true;
}

static enum netra_error copy_nals(struct netra_mp4_fragment *fragment,
				  const uint8_t *data, size_t length,
				  struct sample *sample)
{
	struct netra_nal nal;
	uint8_t size[4];
	size_t position = 0;
	uint32_t nals = 0;

	while (netra_nal_next(data, length, &position, &nal)) {
		if (!nal.length)
			continue;
		if (nals++ == NETRA_MP4_NALS_MAX)
			return NETRA_ERR_CORRUPT;
		netra_put_be32(size, (uint32_t)nal.length);
		if (!put(fragment, sample, size, sizeof(size)) ||
		    !put(fragment, sample, nal.data, nal.length))
			return NETRA_ERR_AGAIN;
		sample->key |= nal.type == NETRA_NAL_IDR;
	}
	return nals ? NETRA_OK : NETRA_ERR_CORRUPT;
}

enum netra_error netra_mp4_fragment_add(struct netra_mp4_fragment *fragment,
					const uint8_t *data, size_t length,
					int64_t dts_90k, int64_t pts_90k)
{
	struct sample sample = { .crc32c = fragment->payload_crc32c };
	enum netra_error err;
	uint8_t *p;

	if (!times_ok(fragment, dts_90k, pts_90k))
		return NETRA_ERR_INVALID;
	if (length > PAYLOAD_MAX / 2)
		return NETRA_ERR_CORRUPT;
	if (fragment->samples == fragment->samples_max)
		return NETRA_ERR_AGAIN;
	err = copy_nals(fragment, data, length, &sample);
	if (err)
		return err;

	if (fragment->samples)
		netra_put_be32(entry(fragment, fragment->samples - 1),
			       (uint32_t)(dts_90k - fragment->last_dts_90k));
	else
		fragment->first_dts_90k = dts_90k;
	p = entry(fragment, fragment->samples);
	netra_put_be32(p, 0);
	netra_put_be32(p + 4, sample.bytes);
	netra_put_be32(p + 8, sample.key ? SAMPLE_SYNC : SAMPLE_DELTA);
	netra_put_be32(p + 12, (uint32_t)(pts_90k - dts_90k));

	fragment->payload_crc32c = sample.crc32c;
	fragment->samples++;
	fragment->payload_bytes += sample.bytes;
	fragment->last_dts_90k = dts_90k;
	if (sample.key && !fragment->key_sample) {
		fragment->key_sample = fragment->samples;
		fragment->key_pts_90k = pts_90k;
	}
	return NETRA_OK;
}

void netra_mp4_fragment_restore(struct netra_mp4_fragment *fragment,
				const struct netra_mp4_fragment *before)
{
	struct netra_mp4_fragment now = *fragment;

	*fragment = *before;
	fragment->block = now.block;
	fragment->blocks = now.blocks;
	fragment->blocks_max = now.blocks_max;
}

void netra_mp4_fragment_end(struct netra_mp4_fragment *fragment,
			    uint32_t duration_90k)
{
	if (fragment->samples)
		netra_put_be32(entry(fragment, fragment->samples - 1),
			       duration_90k);
}

uint64_t netra_mp4_fragment_finish(struct netra_mp4_fragment *fragment,
				   const struct netra_mp4_note *note)
{
	uint32_t table = fragment->samples * ENTRY_BYTES;
	uint32_t moof = NETRA_MP4_TABLE_OFFSET + table + NETRA_MP4_NOTE_BYTES;
	struct netra_mp4_note sealed = *note;
	struct netra_boxes b;

	if (!fragment->samples)
		return 0;
	/* Sizes are known beforehand, so boxes need not be closed. */
	netra_boxes_init(&b, fragment->header, NETRA_MP4_TABLE_OFFSET);
	netra_box_u32(&b, moof);
	netra_box_bytes(&b, "moof", 4);
	netra_box_u32(&b, MFHD_BYTES);
	netra_box_bytes(&b, "mfhd\0\0\0\0", 8);
	netra_box_u32(&b, note->sequence);
	netra_box_u32(&b, TRAF_BYTES + table);
	netra_box_bytes(&b, "traf", 4);
	netra_box_u32(&b, TFHD_BYTES);
	netra_box_bytes(&b, "tfhd", 4);
	netra_box_u32(&b, TFHD_BASE_IS_MOOF);
	netra_box_u32(&b, NETRA_MP4_TRACK);
	netra_box_u32(&b, TFDT_BYTES);
	netra_box_bytes(&b, "tfdt", 4);
	netra_box_u32(&b, 1u << 24);	/* version 1: 64 bits */
	netra_box_u64(&b, (uint64_t)fragment->first_dts_90k);
	netra_box_u32(&b, TRUN_BYTES + table);
	netra_box_bytes(&b, "trun", 4);
	netra_box_u32(&b, 1u << 24 | TRUN_FLAGS);	/* version 1: signed */
	netra_box_u32(&b, fragment->samples);
	netra_box_u32(&b, moof + 8);	/* first sample, from moof's start */

	sealed.payload_crc32c = fragment->payload_crc32c;
	sealed.header_crc32c = 0;
	netra_mp4_note_write(&sealed, fragment->header + moof -
					      NETRA_MP4_NOTE_BYTES);
	netra_put_be32(fragment->header + moof, 8 + fragment->payload_bytes);
	memcpy(fragment->header + moof + 4, "mdat", 4);
	fragment->header_bytes = moof + 8;
	netra_mp4_note_seal(fragment->header, fragment->header_bytes);
	return (uint64_t)fragment->header_bytes + fragment->payload_bytes;
}

uint32_t netra_mp4_fragment_pieces(const struct netra_mp4_fragment *fragment,
				   uint32_t first, struct iovec *pieces,
				   uint32_t max)
{
	uint32_t count = 0;

	if (!first && max)
		pieces[count++] = (struct iovec){ fragment->header,
						  fragment->header_bytes };
	for (uint32_t i = first ? first - 1 : 0; count < max; i++) {
		uint64_t at = (uint64_t)i * BLOCK;
		uint64_t left = fragment->payload_bytes - at;

		if (at >= fragment->payload_bytes)
			break;
		pieces[count++] = (struct iovec){ fragment->block[i],
						  left < BLOCK ? left : BLOCK };
	}
	return count;
}

void netra_mp4_fragment_flatten(const struct netra_mp4_fragment *fragment,
				uint8_t *to)
{
	struct iovec piece;

	for (uint32_t i = 0; netra_mp4_fragment_pieces(fragment, i, &piece, 1);
	     i++) {
		memcpy(to, piece.iov_base, piece.iov_len);
		to += piece.iov_len;
	}
}
