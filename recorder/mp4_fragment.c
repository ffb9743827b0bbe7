/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragment header and list of pieces. The header's shape is fixed, so that
 * entries of the sample table (trun) are written in place as samples come and
 * only sizes and numbers are filled in at the end:
 *
 *	moof  mfhd  traf( tfhd tfdt trun(entry...) )  mdat-header
 *
 * An access unit is untrusted: any bytes may come.
 */
#include "mp4_fragment.h"

#include <stdlib.h>
#include <string.h>

#include "media/h264.h"
#include "mp4_box.h"
#include "mp4_init.h"

#define MFHD_BYTES	16u
#define TFHD_BYTES	16u
#define TFDT_BYTES	20u
#define TRUN_BYTES	20u		/* without entries */
#define ENTRY_BYTES	16u
#define TRAF_BYTES	(8u + TFHD_BYTES + TFDT_BYTES + TRUN_BYTES)
#define TABLE_OFFSET	(8u + MFHD_BYTES + TRAF_BYTES)
#define PIECES_MIN	256u
#define PAYLOAD_MAX	0x7fffffffu

/* 8.8.3.1: depends on no other sample; depends on others and is not sync. */
#define SAMPLE_SYNC	0x02000000u
#define SAMPLE_DELTA	0x01010000u

#define TFHD_BASE_IS_MOOF 0x020000u
#define TRUN_FLAGS	(0x001u | 0x100u | 0x200u | 0x400u | 0x800u)
			/* data offset; duration, size, flags, composition */

static uint8_t *entry(const struct netra_mp4_fragment *fragment, uint32_t i)
{
	return fragment->header + TABLE_OFFSET + (size_t)i * ENTRY_BYTES;
}

enum netra_error netra_mp4_fragment_init(struct netra_mp4_fragment *fragment,
					 uint32_t samples_max)
{
	memset(fragment, 0, sizeof(*fragment));
	if (!samples_max || samples_max > NETRA_MP4_SAMPLES_MAX)
		return NETRA_ERR_INVALID;
	fragment->samples_max = samples_max;
	fragment->pieces_max = PIECES_MIN;
	fragment->header = malloc(TABLE_OFFSET +
				  (size_t)samples_max * ENTRY_BYTES + 8);
	if (!fragment->header)
		return NETRA_ERR_NO_MEMORY;
	fragment->pieces = malloc(PIECES_MIN * sizeof(*fragment->pieces));
	if (!fragment->pieces)
		goto err_header;
	return NETRA_OK;

err_header:
	free(fragment->header);
	fragment->header = NULL;
	return NETRA_ERR_NO_MEMORY;
}

void netra_mp4_fragment_free(struct netra_mp4_fragment *fragment)
{
	free(fragment->pieces);
	free(fragment->header);
	memset(fragment, 0, sizeof(*fragment));
}

void netra_mp4_fragment_reset(struct netra_mp4_fragment *fragment)
{
	fragment->samples = 0;
	fragment->piece_count = 0;
	fragment->payload_bytes = 0;
	fragment->header_bytes = 0;
	fragment->key_sample = 0;
}

/*
 * More room for pieces. A fragment with samples is rather written early; only
 * a single picture of many slices makes the list grow, and it stays so.
 */
static enum netra_error grow(struct netra_mp4_fragment *fragment)
{
	uint32_t count = fragment->pieces_max * 2;
	struct netra_mp4_piece *pieces;

	if (fragment->samples)
		return NETRA_ERR_AGAIN;
	if (count > NETRA_MP4_PIECES_MAX)
		return NETRA_ERR_CORRUPT;
	pieces = realloc(fragment->pieces, count * sizeof(*pieces));
	if (!pieces)
		return NETRA_ERR_NO_MEMORY;
	fragment->pieces = pieces;
	fragment->pieces_max = count;
	return NETRA_OK;
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

/* The pieces of an access unit, from fragment->piece_count on. */
static enum netra_error add_pieces(struct netra_mp4_fragment *fragment,
				   const uint8_t *data, size_t length,
				   uint32_t *count, uint32_t *bytes, bool *key)
{
	struct netra_mp4_piece *piece;
	struct netra_nal nal;
	size_t position = 0;
	enum netra_error err;

	while (netra_nal_next(data, length, &position, &nal)) {
		if (!nal.length)
			continue;
		if (fragment->piece_count + *count == fragment->pieces_max) {
			err = grow(fragment);
			if (err)
				return err;
		}
		piece = &fragment->pieces[fragment->piece_count + *count];
		piece->data = nal.data;
		piece->length = (uint32_t)nal.length;
		netra_put_be32(piece->prefix, piece->length);
		*bytes += 4 + piece->length;
		*key |= nal.type == NETRA_NAL_IDR;
		(*count)++;
	}
	return *count ? NETRA_OK : NETRA_ERR_CORRUPT;
}

enum netra_error netra_mp4_fragment_add(struct netra_mp4_fragment *fragment,
					const uint8_t *data, size_t length,
					int64_t dts_90k, int64_t pts_90k)
{
	uint32_t count = 0, bytes = 0;
	enum netra_error err;
	bool key = false;
	uint8_t *p;

	if (!times_ok(fragment, dts_90k, pts_90k))
		return NETRA_ERR_INVALID;
	if (fragment->samples == fragment->samples_max)
		return NETRA_ERR_AGAIN;
	/* A start code is 3 bytes, a length 4: payload grows by a third at most. */
	if (length > PAYLOAD_MAX / 2)
		return NETRA_ERR_CORRUPT;
	if (length * 2 > PAYLOAD_MAX - fragment->payload_bytes)
		return NETRA_ERR_AGAIN;
	err = add_pieces(fragment, data, length, &count, &bytes, &key);
	if (err)
		return err;

	if (fragment->samples)
		netra_put_be32(entry(fragment, fragment->samples - 1),
			       (uint32_t)(dts_90k - fragment->last_dts_90k));
	else
		fragment->first_dts_90k = dts_90k;
	p = entry(fragment, fragment->samples);
	netra_put_be32(p + 4, bytes);
	netra_put_be32(p + 8, key ? SAMPLE_SYNC : SAMPLE_DELTA);
	netra_put_be32(p + 12, (uint32_t)(pts_90k - dts_90k));

	fragment->samples++;
	fragment->piece_count += count;
	fragment->payload_bytes += bytes;
	fragment->last_dts_90k = dts_90k;
	if (key && !fragment->key_sample) {
		fragment->key_sample = fragment->samples;
		fragment->key_pts_90k = pts_90k;
	}
	return NETRA_OK;
}

uint64_t netra_mp4_fragment_finish(struct netra_mp4_fragment *fragment,
				   uint32_t sequence,
				   uint32_t last_duration_90k)
{
	uint32_t table = fragment->samples * ENTRY_BYTES;
	uint32_t moof = TABLE_OFFSET + table;
	struct netra_boxes b;

	if (!fragment->samples)
		return 0;
	netra_put_be32(entry(fragment, fragment->samples - 1),
		       last_duration_90k);

	/* Sizes are known beforehand, so boxes need not be closed. */
	netra_boxes_init(&b, fragment->header, TABLE_OFFSET);
	netra_box_u32(&b, moof);
	netra_box_bytes(&b, "moof", 4);
	netra_box_u32(&b, MFHD_BYTES);
	netra_box_bytes(&b, "mfhd\0\0\0\0", 8);
	netra_box_u32(&b, sequence);
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

	netra_put_be32(fragment->header + moof, 8 + fragment->payload_bytes);
	memcpy(fragment->header + moof + 4, "mdat", 4);
	fragment->header_bytes = moof + 8;
	return (uint64_t)fragment->header_bytes + fragment->payload_bytes;
}

/* iovec is made for reading too; nobody writes through these. */
static void set(struct iovec *iov, const void *data, size_t length)
{
	iov->iov_base = (void *)(uintptr_t)data;
	iov->iov_len = length;
}

size_t netra_mp4_fragment_gather(const struct netra_mp4_fragment *fragment,
				 size_t *position, struct iovec *iov,
				 size_t count)
{
	const struct netra_mp4_piece *piece;
	size_t n = 0;

	if (!fragment->header_bytes)
		return 0;
	/* Position 0 is the header, then two for each piece. */
	for (; n < count && *position <= 2 * (size_t)fragment->piece_count;
	     n++, (*position)++) {
		if (!*position) {
			set(&iov[n], fragment->header, fragment->header_bytes);
			continue;
		}
		piece = &fragment->pieces[(*position - 1) / 2];
		if (*position & 1)
			set(&iov[n], piece->prefix, sizeof(piece->prefix));
		else
			set(&iov[n], piece->data, piece->length);
	}
	return n;
}
