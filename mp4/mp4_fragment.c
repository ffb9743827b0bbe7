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
#define PAYLOAD_STEP	(64u << 10)	/* memory grows by */

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
	free(fragment->payload);
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
	uint8_t *payload;

	if (bytes <= fragment->payload_room)
		return NETRA_OK;
	if (bytes > PAYLOAD_MAX - PAYLOAD_STEP)
		return NETRA_ERR_NO_MEMORY;
	bytes = (bytes + PAYLOAD_STEP - 1) & ~(uint64_t)(PAYLOAD_STEP - 1);
	payload = realloc(fragment->payload, bytes);
	if (!payload)
		return NETRA_ERR_NO_MEMORY;
	fragment->payload = payload;
	fragment->payload_room = (uint32_t)bytes;
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

/* Copies behind the payload, where there is room; counts the bytes. */
static enum netra_error copy_nals(struct netra_mp4_fragment *fragment,
				  const uint8_t *data, size_t length,
				  uint32_t *bytes, bool *key)
{
	uint8_t *to = fragment->payload + fragment->payload_bytes;
	struct netra_nal nal;
	size_t position = 0;
	uint32_t nals = 0;

	while (netra_nal_next(data, length, &position, &nal)) {
		if (!nal.length)
			continue;
		if (nals++ == NETRA_MP4_NALS_MAX)
			return NETRA_ERR_CORRUPT;
		netra_put_be32(to + *bytes, (uint32_t)nal.length);
		memcpy(to + *bytes + 4, nal.data, nal.length);
		*bytes += 4 + (uint32_t)nal.length;
		*key |= nal.type == NETRA_NAL_IDR;
	}
	return nals ? NETRA_OK : NETRA_ERR_CORRUPT;
}

enum netra_error netra_mp4_fragment_add(struct netra_mp4_fragment *fragment,
					const uint8_t *data, size_t length,
					int64_t dts_90k, int64_t pts_90k)
{
	uint32_t bytes = 0;
	enum netra_error err;
	bool key = false;
	uint8_t *p;

	if (!times_ok(fragment, dts_90k, pts_90k))
		return NETRA_ERR_INVALID;
	if (length > PAYLOAD_MAX / 2)
		return NETRA_ERR_CORRUPT;
	if (fragment->samples == fragment->samples_max ||
	    netra_mp4_fragment_room(length) >
		    fragment->payload_room - fragment->payload_bytes)
		return NETRA_ERR_AGAIN;
	err = copy_nals(fragment, data, length, &bytes, &key);
	if (err)
		return err;

	if (fragment->samples)
		netra_put_be32(entry(fragment, fragment->samples - 1),
			       (uint32_t)(dts_90k - fragment->last_dts_90k));
	else
		fragment->first_dts_90k = dts_90k;
	p = entry(fragment, fragment->samples);
	netra_put_be32(p, 0);
	netra_put_be32(p + 4, bytes);
	netra_put_be32(p + 8, key ? SAMPLE_SYNC : SAMPLE_DELTA);
	netra_put_be32(p + 12, (uint32_t)(pts_90k - dts_90k));

	fragment->payload_crc32c =
		netra_checksum(fragment->payload_crc32c,
			       fragment->payload + fragment->payload_bytes,
			       bytes);
	fragment->samples++;
	fragment->payload_bytes += bytes;
	fragment->last_dts_90k = dts_90k;
	if (key && !fragment->key_sample) {
		fragment->key_sample = fragment->samples;
		fragment->key_pts_90k = pts_90k;
	}
	return NETRA_OK;
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

void netra_mp4_fragment_pieces(const struct netra_mp4_fragment *fragment,
			       struct iovec pieces[2])
{
	pieces[0] = (struct iovec){ fragment->header, fragment->header_bytes };
	pieces[1] = (struct iovec){ fragment->payload, fragment->payload_bytes };
}
