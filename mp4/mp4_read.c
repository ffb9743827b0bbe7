/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsers of our own files; each field of them is untrusted. */
#include "mp4_read.h"

#include <string.h>

#include "core/bytes.h"
#include "mp4_box.h"
#include "mp4_init.h"

#define ENTRY_BYTES	16u
#define SAMPLE_IS_DELTA	0x00010000u	/* sample_is_non_sync_sample */
#define DTS_MAX		(INT64_MAX / 4)

static bool is_box(const uint8_t *box, uint32_t size, const char *type)
{
	return netra_get_be32(box) == size && !memcmp(box + 4, type, 4);
}

/* The sizes and types of all boxes are known once the size of moof is. */
static bool shape_ok(const uint8_t *data, uint32_t moof, uint32_t samples)
{
	uint32_t table = samples * ENTRY_BYTES;

	return is_box(data, moof, "moof") && is_box(data + 8, 16, "mfhd") &&
	       is_box(data + 24, 64 + table, "traf") &&
	       is_box(data + 32, 16, "tfhd") && is_box(data + 48, 20, "tfdt") &&
	       is_box(data + 68, 20 + table, "trun") &&
	       netra_get_be32(data + 80) == samples &&
	       netra_get_be32(data + 84) == moof + 8 &&
	       !memcmp(data + moof + 4, "mdat", 4) &&
	       netra_get_be32(data + moof) >= 8;
}

void netra_mp4_moof_sample(const struct netra_mp4_moof *moof, uint32_t i,
			   struct netra_mp4_sample *sample)
{
	const uint8_t *entry = moof->table + (size_t)i * ENTRY_BYTES;

	sample->duration_90k = netra_get_be32(entry);
	sample->bytes = netra_get_be32(entry + 4);
	sample->key = !(netra_get_be32(entry + 8) & SAMPLE_IS_DELTA);
	sample->delay_90k = (int32_t)netra_get_be32(entry + 12);
}

static bool samples_ok(struct netra_mp4_moof *moof)
{
	struct netra_mp4_sample sample;
	uint64_t bytes = 0;

	if (moof->dts_90k < 0 || moof->dts_90k > DTS_MAX)
		return false;
	moof->end_dts_90k = moof->dts_90k;
	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		bytes += sample.bytes;
		moof->end_dts_90k += sample.duration_90k;
	}
	return bytes == moof->payload_bytes;
}

enum netra_error netra_mp4_moof_read(struct netra_mp4_moof *moof,
				     const uint8_t *data, size_t length)
{
	uint32_t bytes, least = NETRA_MP4_HEADER_BYTES(0) - 8;

	memset(moof, 0, sizeof(*moof));
	moof->header_bytes = NETRA_MP4_HEADER_BYTES(1);
	if (length < 8)
		return NETRA_ERR_AGAIN;
	bytes = netra_get_be32(data);
	if (memcmp(data + 4, "moof", 4) != 0 || bytes <= least ||
	    (bytes - least) % ENTRY_BYTES ||
	    (bytes - least) / ENTRY_BYTES > NETRA_MP4_SAMPLES_MAX)
		return NETRA_ERR_CORRUPT;
	moof->header_bytes = bytes + 8;
	if (length < moof->header_bytes)
		return NETRA_ERR_AGAIN;

	moof->samples = (bytes - least) / ENTRY_BYTES;
	if (!shape_ok(data, bytes, moof->samples) ||
	    !netra_mp4_note_read(&moof->note,
				 data + bytes - NETRA_MP4_NOTE_BYTES) ||
	    moof->note.header_crc32c !=
		    netra_mp4_note_checksum(data, moof->header_bytes) ||
	    moof->note.sequence != netra_get_be32(data + 20))
		return NETRA_ERR_CORRUPT;
	moof->payload_bytes = netra_get_be32(data + bytes) - 8;
	moof->dts_90k = (int64_t)netra_get_be64(data + 60);
	moof->table = data + NETRA_MP4_TABLE_OFFSET;
	return samples_ok(moof) ? NETRA_OK : NETRA_ERR_CORRUPT;
}

/* A span of a file's beginning: one box's content. */
struct span {
	uint32_t at, bytes;
};

/* The first box of @type in a span; {0, 0} if there is none. */
static struct span find(const uint8_t *data, struct span in, const char *type)
{
	uint32_t size;

	while (in.bytes >= 8) {
		size = netra_get_be32(data + in.at);
		if (size < 8 || size > in.bytes)
			break;
		if (!memcmp(data + in.at + 4, type, 4))
			return (struct span){ in.at + 8, size - 8 };
		in.at += size;
		in.bytes -= size;
	}
	return (struct span){ 0, 0 };
}

/* Likewise down a path; @least bytes must be in the last one. */
static struct span find_path(const uint8_t *data, struct span in,
			     const char *const *path, uint32_t least)
{
	for (; *path; path++)
		in = find(data, in, *path);
	return in.bytes >= least ? in : (struct span){ 0, 0 };
}

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum netra_error netra_mp4_head_read(struct netra_mp4_head *head,
				     const uint8_t *data, size_t length)
{
	struct span all = { 0, (uint32_t)length }, moov, found;

	memset(head, 0, sizeof(*head));
	if (length > NETRA_MP4_INIT_MAX_BYTES)
		all.bytes = NETRA_MP4_INIT_MAX_BYTES;
	if (!find(data, all, "ftyp").at)
		return NETRA_ERR_CORRUPT;
	moov = find(data, all, "moov");
	head->bytes = moov.at + moov.bytes;

	found = find_path(data, moov, PATH("mvex", "mehd"), 12);
	head->duration_offset = found.at + 4;
	if (!found.at || data[found.at] != 1)
		return NETRA_ERR_CORRUPT;
	head->duration_90k = netra_get_be64(data + head->duration_offset);

	found = find_path(data, moov, PATH("trak", "tkhd"), 96);
	head->tkhd_offset = found.at - 8;
	if (!found.at || data[found.at] != 1)
		return NETRA_ERR_CORRUPT;

	found = find_path(data, moov, PATH("trak", "edts", "elst"), 28);
	if (!found.at || data[found.at] != 1)
		return NETRA_ERR_CORRUPT;
	head->media_start_90k = (int64_t)netra_get_be64(data + found.at + 16);

	found = find_path(data, moov,
			  PATH("trak", "mdia", "minf", "stbl", "stsd"), 8);
	if (!found.at)
		return NETRA_ERR_CORRUPT;
	found = find(data, (struct span){ found.at + 8, found.bytes - 8 },
		     "avc1");
	if (found.bytes < 78)
		return NETRA_ERR_CORRUPT;
	head->entry_offset = found.at - 8;
	head->entry_bytes = found.bytes + 8;
	if (head->duration_90k > DTS_MAX || head->media_start_90k < 0 ||
	    head->media_start_90k > DTS_MAX)
		return NETRA_ERR_CORRUPT;
	return NETRA_OK;
}
