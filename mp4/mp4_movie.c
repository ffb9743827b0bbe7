/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sample tables (ISO/IEC 14496-12 8.6, 8.7). Runs of the same duration, delay
 * or chunk shape are one entry each.
 */
#include "mp4_movie.h"

#include <stdlib.h>
#include <string.h>

#include "mp4_box.h"
#include "mp4_common.h"
#include "mp4_init.h"

#define TKHD_DURATION	36u	/* from the box's first byte */
#define MDAT_BYTES	16u	/* header with a size of 64 bits */
#define FIXED_BYTES	4096u	/* all but tables and entries */
#define SAMPLE_BYTES	24u	/* stts 8, ctts 8, stsz 4, stss 4, at most */
#define CHUNK_BYTES	20u	/* stsc 12, co64 8, at most */

static void put_ftyp(struct netra_boxes *b)
{
	size_t box = netra_box_begin(b, "ftyp");

	netra_box_bytes(b, "isom", 4);
	netra_box_u32(b, 0x200);
	netra_box_bytes(b, "isomiso2avc1mp41", 16);
	netra_box_end(b, box);
}

/* A table of (count, value) runs; entries are counted at its front. */
static void put_runs(struct netra_boxes *b, const char *type, uint8_t version,
		     const struct netra_mp4_movie *movie,
		     uint32_t (*value)(const struct netra_mp4_sample *sample))
{
	size_t box = netra_box_begin_full(b, type, version, 0), at = b->length;
	uint32_t runs = 0, length = 0, now, next;

	netra_box_u32(b, 0);
	for (uint32_t i = 0; i < movie->sample_count; i++) {
		now = value(&movie->samples[i]);
		length++;
		next = i + 1 < movie->sample_count ?
		       value(&movie->samples[i + 1]) : ~now;
		if (next == now)
			continue;
		netra_box_u32(b, length);
		netra_box_u32(b, now);
		length = 0;
		runs++;
	}
	if (!b->overflow)
		netra_put_be32(b->data + at, runs);
	netra_box_end(b, box);
}

static uint32_t duration_of(const struct netra_mp4_sample *sample)
{
	return sample->duration_90k;
}

static uint32_t delay_of(const struct netra_mp4_sample *sample)
{
	return (uint32_t)sample->delay_90k;
}

static void put_delays(struct netra_boxes *b,
		       const struct netra_mp4_movie *movie)
{
	for (uint32_t i = 0; i < movie->sample_count; i++) {
		if (!movie->samples[i].delay_90k)
			continue;
		put_runs(b, "ctts", 1, movie, delay_of);
		return;
	}
}

static void put_keys(struct netra_boxes *b, const struct netra_mp4_movie *movie)
{
	size_t box = netra_box_begin_full(b, "stss", 0, 0), at = b->length;
	uint32_t count = 0;

	netra_box_u32(b, 0);
	for (uint32_t i = 0; i < movie->sample_count; i++) {
		if (!movie->samples[i].key)
			continue;
		netra_box_u32(b, i + 1);
		count++;
	}
	if (!b->overflow)
		netra_put_be32(b->data + at, count);
	netra_box_end(b, box);
}

static void put_sizes(struct netra_boxes *b,
		      const struct netra_mp4_movie *movie)
{
	size_t box = netra_box_begin_full(b, "stsz", 0, 0);

	netra_box_u32(b, 0);
	netra_box_u32(b, movie->sample_count);
	for (uint32_t i = 0; i < movie->sample_count; i++)
		netra_box_u32(b, movie->samples[i].bytes);
	netra_box_end(b, box);
}

static void put_chunks(struct netra_boxes *b,
		       const struct netra_mp4_movie *movie, uint64_t base)
{
	size_t box = netra_box_begin_full(b, "stsc", 0, 0), at = b->length;
	const struct netra_mp4_chunk *chunk, *before = NULL;
	uint32_t runs = 0;

	netra_box_u32(b, 0);
	for (uint32_t i = 0; i < movie->chunk_count; i++) {
		chunk = &movie->chunks[i];
		if (before && before->samples == chunk->samples &&
		    before->entry == chunk->entry)
			continue;
		before = chunk;
		netra_box_u32(b, i + 1);
		netra_box_u32(b, chunk->samples);
		netra_box_u32(b, chunk->entry + 1);
		runs++;
	}
	if (!b->overflow)
		netra_put_be32(b->data + at, runs);
	netra_box_end(b, box);

	box = netra_box_begin_full(b, "co64", 0, 0);
	netra_box_u32(b, movie->chunk_count);
	for (uint32_t i = 0; i < movie->chunk_count; i++)
		netra_box_u64(b, base + movie->chunks[i].offset);
	netra_box_end(b, box);
}

static void put_stbl(struct netra_boxes *b,
		     const struct netra_mp4_movie *movie, uint64_t base)
{
	size_t stbl = netra_box_begin(b, "stbl");
	size_t box = netra_box_begin_full(b, "stsd", 0, 0);

	netra_box_u32(b, movie->entry_count);
	for (uint32_t i = 0; i < movie->entry_count; i++)
		netra_box_bytes(b, movie->entries[i].data,
				movie->entries[i].bytes);
	netra_box_end(b, box);
	put_runs(b, "stts", 0, movie, duration_of);
	put_delays(b, movie);
	put_keys(b, movie);
	put_sizes(b, movie);
	put_chunks(b, movie, base);
	netra_box_end(b, stbl);
}

static void put_trak(struct netra_boxes *b,
		     const struct netra_mp4_movie *movie, uint64_t base,
		     uint64_t created)
{
	size_t trak = netra_box_begin(b, "trak"), box, minf, at = b->length;
	uint64_t duration = 0;

	netra_box_bytes(b, movie->tkhd, NETRA_MP4_TKHD_BYTES);
	if (!b->overflow) {
		netra_put_be32(b->data + at + TKHD_DURATION,
			       (uint32_t)(movie->shown_90k >> 32));
		netra_put_be32(b->data + at + TKHD_DURATION + 4,
			       (uint32_t)movie->shown_90k);
	}
	netra_mp4_put_edts(b, movie->shown_90k, movie->media_start_90k);
	for (uint32_t i = 0; i < movie->sample_count; i++)
		duration += movie->samples[i].duration_90k;
	box = netra_box_begin(b, "mdia");
	netra_mp4_put_mdhd(b, created, duration);
	minf = netra_box_begin(b, "minf");
	netra_mp4_put_vmhd(b);
	put_stbl(b, movie, base);
	netra_box_end(b, minf);
	netra_box_end(b, box);
	netra_box_end(b, trak);
}

static void build(struct netra_boxes *b, const struct netra_mp4_movie *movie,
		  uint64_t base)
{
	uint64_t created = netra_mp4_time(movie->created_unix_s);
	size_t moov;

	put_ftyp(b);
	moov = netra_box_begin(b, "moov");
	netra_mp4_put_mvhd(b, created, movie->shown_90k);
	put_trak(b, movie, base, created);
	netra_box_end(b, moov);
	netra_box_u32(b, 1);
	netra_box_bytes(b, "mdat", 4);
	netra_box_u64(b, MDAT_BYTES + movie->mdat_bytes);
}

enum netra_error netra_mp4_movie_build(const struct netra_mp4_movie *movie,
				       uint8_t **data, size_t *length)
{
	size_t size = FIXED_BYTES + NETRA_MP4_TKHD_BYTES;
	struct netra_boxes b;

	size += (size_t)movie->sample_count * SAMPLE_BYTES;
	size += (size_t)movie->chunk_count * CHUNK_BYTES;
	for (uint32_t i = 0; i < movie->entry_count; i++)
		size += movie->entries[i].bytes;
	*data = malloc(size);
	if (!*data)
		return NETRA_ERR_NO_MEMORY;
	/* Once to learn where the samples begin, once to say so. */
	netra_boxes_init(&b, *data, size);
	build(&b, movie, 0);
	*length = b.length;
	netra_boxes_init(&b, *data, size);
	build(&b, movie, *length);
	if (!b.overflow)
		return NETRA_OK;
	free(*data);
	*data = NULL;
	return NETRA_ERR_NO_MEMORY;
}
