/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ftyp and moov of a file whose samples all lie in fragments. Section numbers
 * are those of ISO/IEC 14496-12 (8.x, 12.x) and 14496-15 (5.x).
 */
#include "mp4_init.h"

#include <string.h>

#include "mp4_box.h"
#include "mp4_common.h"

void netra_mp4_sets_init(struct netra_mp4_sets *sets)
{
	memset(sets, 0, sizeof(*sets));
}

static void add_sps(struct netra_mp4_sets *sets, const struct netra_nal *nal)
{
	struct netra_sps sps;

	/* avcC copies profile and level from bytes 1 to 3. */
	if (nal->length < 4 || !netra_sps_parse(nal, &sps) || sps.id > 31)
		return;
	if (sets->have_sps >> sps.id & 1 || sets->sps_count == 31)
		return;
	if (!sets->sps_count)
		sets->first = sps;
	sets->have_sps |= 1u << sps.id;
	sets->sps[sets->sps_count++] = *nal;
	sets->bytes += nal->length + 2;
}

static void add_pps(struct netra_mp4_sets *sets, const struct netra_nal *nal)
{
	struct netra_pps pps;
	uint32_t *word, bit;

	if (!netra_pps_parse(nal, &pps))
		return;
	word = &sets->have_pps[pps.id / 32];
	bit = 1u << (pps.id % 32);
	if (*word & bit || sets->pps_count == 255)
		return;
	*word |= bit;
	sets->pps[sets->pps_count++] = *nal;
	sets->bytes += nal->length + 2;
}

void netra_mp4_sets_add(struct netra_mp4_sets *sets,
			const struct netra_nal *nal)
{
	if (nal->length > NETRA_MP4_SETS_MAX_BYTES - 2 ||
	    sets->bytes + nal->length + 2 > NETRA_MP4_SETS_MAX_BYTES)
		return;
	if (nal->type == NETRA_NAL_SPS)
		add_sps(sets, nal);
	else if (nal->type == NETRA_NAL_PPS)
		add_pps(sets, nal);
}

static void put_ftyp(struct netra_boxes *b)
{
	size_t box = netra_box_begin(b, "ftyp");

	netra_box_bytes(b, "iso6", 4);	/* tfdt, base is moof */
	netra_box_u32(b, 0);
	netra_box_bytes(b, "iso6iso5isomavc1mp41", 20);
	netra_box_end(b, box);
}

/* Pixels as shown: width stretched by the sample aspect ratio, 16.16. */
static uint32_t shown_width(const struct netra_sps *sps)
{
	uint64_t width = (uint64_t)sps->width << 16;

	if (sps->sar_width && sps->sar_height)
		width = width * sps->sar_width / sps->sar_height;
	return width > UINT32_MAX ? UINT32_MAX : (uint32_t)width;
}

static uint16_t clamp16(uint32_t value)
{
	return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

static void put_tkhd(struct netra_boxes *b, const struct netra_sps *sps,
		     uint64_t created)
{
	size_t box = netra_box_begin_full(b, "tkhd", 1, 3); /* enabled, shown */

	netra_box_u64(b, created);
	netra_box_u64(b, created);
	netra_box_u32(b, NETRA_MP4_TRACK);
	netra_box_u32(b, 0);
	netra_box_u64(b, 0);		/* duration */
	netra_box_zeros(b, 16);		/* layer, group, volume */
	netra_mp4_put_matrix(b);
	netra_box_u32(b, shown_width(sps));
	netra_box_u32(b, (uint32_t)clamp16(sps->height) << 16);
	netra_box_end(b, box);
}

static void put_sets(struct netra_boxes *b, const struct netra_nal *nal,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		netra_box_u16(b, (uint16_t)nal[i].length);
		netra_box_bytes(b, nal[i].data, nal[i].length);
	}
}

/* AVCDecoderConfigurationRecord, 5.3.3.1. */
static void put_avcc(struct netra_boxes *b, const struct netra_mp4_sets *sets)
{
	const struct netra_sps *sps = &sets->first;
	size_t box = netra_box_begin(b, "avcC");

	netra_box_u8(b, 1);
	netra_box_bytes(b, sets->sps[0].data + 1, 3);	/* profile .. level */
	netra_box_u8(b, 0xfc | 3);	/* length prefixes of 4 bytes */
	netra_box_u8(b, (uint8_t)(0xe0 | sets->sps_count));
	put_sets(b, sets->sps, sets->sps_count);
	netra_box_u8(b, sets->pps_count);
	put_sets(b, sets->pps, sets->pps_count);
	if (sps->profile_idc != 66 && sps->profile_idc != 77 &&
	    sps->profile_idc != 88) {
		netra_box_u8(b, 0xfc | (sps->chroma_format_idc & 3));
		netra_box_u8(b, (uint8_t)(0xf8 | ((sps->bit_depth_luma - 8) & 7)));
		netra_box_u8(b, (uint8_t)(0xf8 | ((sps->bit_depth_chroma - 8) & 7)));
		netra_box_u8(b, 0);	/* SPS extensions stay in band */
	}
	netra_box_end(b, box);
}

/* 12.1.3 and 5.4.2. */
static void put_avc1(struct netra_boxes *b, const struct netra_mp4_sets *sets)
{
	const struct netra_sps *sps = &sets->first;
	size_t box = netra_box_begin(b, "avc1"), pasp;

	netra_box_zeros(b, 6);
	netra_box_u16(b, 1);		/* data reference */
	netra_box_zeros(b, 16);
	netra_box_u16(b, clamp16(sps->width));
	netra_box_u16(b, clamp16(sps->height));
	netra_box_u32(b, 0x480000);	/* 72 dpi, as everyone writes */
	netra_box_u32(b, 0x480000);
	netra_box_u32(b, 0);
	netra_box_u16(b, 1);		/* one picture a sample */
	netra_box_zeros(b, 32);		/* compressor's name */
	netra_box_u16(b, 24);		/* colour, no alpha */
	netra_box_u16(b, 0xffff);
	put_avcc(b, sets);
	if (sps->sar_width && sps->sar_height) {
		pasp = netra_box_begin(b, "pasp");
		netra_box_u32(b, sps->sar_width);
		netra_box_u32(b, sps->sar_height);
		netra_box_end(b, pasp);
	}
	netra_box_end(b, box);
}

/* The sample table: a description and empty tables, each of them mandatory. */
static void put_stbl(struct netra_boxes *b, const struct netra_mp4_sets *sets)
{
	static const struct {
		char type[5];
		uint8_t zeros;
	} empty[] = { { "stts", 4 }, { "stsc", 4 }, { "stsz", 8 }, { "stco", 4 } };
	size_t stbl = netra_box_begin(b, "stbl");
	size_t box = netra_box_begin_full(b, "stsd", 0, 0);

	netra_box_u32(b, 1);
	put_avc1(b, sets);
	netra_box_end(b, box);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		box = netra_box_begin_full(b, empty[i].type, 0, 0);
		netra_box_zeros(b, empty[i].zeros);
		netra_box_end(b, box);
	}
	netra_box_end(b, stbl);
}

static void put_mdia(struct netra_boxes *b, const struct netra_mp4_sets *sets,
		     uint64_t created)
{
	size_t mdia = netra_box_begin(b, "mdia"), minf;

	netra_mp4_put_mdhd(b, created, 0);
	minf = netra_box_begin(b, "minf");
	netra_mp4_put_vmhd(b);
	put_stbl(b, sets);
	netra_box_end(b, minf);
	netra_box_end(b, mdia);
}

/* 8.8.1 to 8.8.3. Returns where the duration lies. */
static size_t put_mvex(struct netra_boxes *b)
{
	size_t mvex = netra_box_begin(b, "mvex");
	size_t box = netra_box_begin_full(b, "mehd", 1, 0), duration;

	duration = b->length;
	netra_box_u64(b, 0);		/* not known yet */
	netra_box_end(b, box);
	box = netra_box_begin_full(b, "trex", 0, 0);
	netra_box_u32(b, NETRA_MP4_TRACK);
	netra_box_u32(b, 1);		/* sample description */
	netra_box_zeros(b, 12);		/* each run says the rest itself */
	netra_box_end(b, box);
	netra_box_end(b, mvex);
	return duration;
}

enum netra_error netra_mp4_init_build(struct netra_mp4_init *init,
				      const struct netra_mp4_sets *sets,
				      int64_t media_start_90k,
				      int64_t created_unix_s)
{
	uint64_t created = netra_mp4_time(created_unix_s);
	struct netra_boxes b;
	size_t moov, trak;

	if (!netra_mp4_sets_usable(sets) || media_start_90k < 0)
		return NETRA_ERR_INVALID;
	netra_boxes_init(&b, init->data, sizeof(init->data));
	put_ftyp(&b);
	moov = netra_box_begin(&b, "moov");
	netra_mp4_put_mvhd(&b, created, 0);	/* no samples are in moov */
	trak = netra_box_begin(&b, "trak");
	put_tkhd(&b, &sets->first, created);
	/* Up to the end, however long the fragments go on. */
	netra_mp4_put_edts(&b, 0, media_start_90k);
	put_mdia(&b, sets, created);
	netra_box_end(&b, trak);
	init->duration_offset = put_mvex(&b);
	netra_box_end(&b, moov);
	init->length = b.length;
	return b.overflow ? NETRA_ERR_NO_MEMORY : NETRA_OK;
}
