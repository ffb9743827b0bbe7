/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MP4 writer, read back: boxes, init segment, fragments, index.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "h264_write.h"
#include "core/crc32c.h"
#include "mp4/mp4_box.h"
#include "mp4/mp4_fragment.h"
#include "mp4/mp4_index.h"
#include "mp4/mp4_init.h"
#include "mp4/mp4_read.h"
#include "tests/mp4_read.h"

static void boxes_never_pass_the_end(void **state)
{
	uint8_t data[64], want[64];
	struct netra_boxes b;
	size_t outer, inner;

	(void)state;
	memset(want, 0xee, sizeof(want));
	for (size_t size = 0; size <= 40; size++) {
		memset(data, 0xee, sizeof(data));
		netra_boxes_init(&b, data, size);
		outer = netra_box_begin(&b, "moov");
		inner = netra_box_begin_full(&b, "free", 1, 0x123456);
		netra_box_u8(&b, 1);
		netra_box_u16(&b, 2);
		netra_box_u32(&b, 3);
		netra_box_u64(&b, 4);
		netra_box_bytes(&b, "abc", 3);
		netra_box_end(&b, inner);
		netra_box_end(&b, outer);
		assert_int_equal(b.overflow, size < 38);
		assert_true(b.length <= size);
		assert_memory_equal(data + size, want, sizeof(data) - size);
	}
	assert_true(boxes_whole(data, 38));
	assert_int_equal(be32(data + 16), 0x01123456);
}

/* Everything of @w in one go. */
static void add_all(struct netra_mp4_sets *sets, const struct writer *w)
{
	struct netra_nal nal;
	size_t position = 0;

	while (netra_nal_next(w->bytes, w->length, &position, &nal))
		netra_mp4_sets_add(sets, &nal);
}

static void init_segment_describes_the_stream(void **state)
{
	static const uint8_t tail[] = { 0xfd, 0xf8, 0xf8, 0 };
	struct netra_mp4_head head;
	struct netra_mp4_init init;
	struct netra_mp4_sets sets;
	struct writer w = { 0 };
	struct box box;
	size_t sps_length, pps_length;

	(void)state;
	netra_mp4_sets_init(&sets);
	put_sps(&w, &(struct sps_choice){ .profile = 100, .vui = true });
	put_pps(&w, &(struct pps_choice){ .id = 0 });
	put_pps(&w, &(struct pps_choice){ .id = 200 });
	put_nal(&w, 3, NETRA_NAL_IDR);
	/* The same ids once more, with other contents: these are not taken. */
	put_sps(&w, &(struct sps_choice){ .profile = 66 });
	put_pps(&w, &(struct pps_choice){ .id = 200, .redundant = true });
	add_all(&sets, &w);
	assert_int_equal(sets.sps_count, 1);
	assert_int_equal(sets.pps_count, 2);
	assert_int_equal(netra_mp4_init_build(&init, &sets, 6006, 1000), 0);
	assert_int_equal(netra_mp4_head_read(&head, init.data, sizeof(init.data)),
			 NETRA_OK);
	assert_int_equal(head.bytes, init.length);
	assert_int_equal(head.duration_offset, init.duration_offset);
	assert_int_equal(head.media_start_90k, 6006);
	assert_memory_equal(init.data + head.entry_offset + 4, "avc1", 4);
	assert_int_equal(be32(init.data + head.entry_offset), head.entry_bytes);
	assert_memory_equal(init.data + head.tkhd_offset + 4, "tkhd", 4);
	for (size_t n = 0; n < init.length; n++)
		assert_int_equal(netra_mp4_head_read(&head, init.data, n),
				 NETRA_ERR_CORRUPT);
	assert_true(boxes_whole(init.data, init.length));

	box = find_box(init.data, init.length, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC");
	assert_non_null(box.data);
	sps_length = sets.sps[0].length;
	pps_length = sets.pps[0].length;
	assert_int_equal(box.data[0], 1);
	assert_memory_equal(box.data + 1, sets.sps[0].data + 1, 3);
	assert_int_equal(box.data[4], 0xff);
	assert_int_equal(box.data[5], 0xe1);
	assert_int_equal(box.data[6] << 8 | box.data[7], sps_length);
	assert_memory_equal(box.data + 8, sets.sps[0].data, sps_length);
	assert_int_equal(box.data[8 + sps_length], 2);
	assert_memory_equal(box.data + 11 + sps_length, sets.pps[0].data,
			    pps_length);
	assert_memory_equal(box.data + box.length - 4, tail, 4);

	box = find_box(init.data, init.length, "moov/trak/mdia/minf/stbl/stsd/avc1");
	assert_int_equal(be32(box.data + 24), sets.first.width << 16 |
					      sets.first.height);
	/* avcC, then pasp at the end: 12:11 */
	assert_int_equal(be32(box.data + box.length - 8), 12);
	assert_int_equal(be32(box.data + box.length - 4), 11);
	box = find_box(init.data, init.length, "moov/trak/tkhd");
	assert_int_equal(be32(box.data + box.length - 8) >> 16,
			 sets.first.width * 12 / 11);
	assert_int_equal(be32(box.data + box.length - 4),
			 sets.first.height << 16);
	assert_int_equal(be64(box.data + 4), 1000 + 2082844800);

	box = find_box(init.data, init.length, "moov/trak/edts/elst");
	assert_int_equal(be32(box.data + 4), 1);
	assert_int_equal(be64(box.data + 16), 6006);
	box = find_box(init.data, init.length, "moov/mvex/mehd");
	assert_ptr_equal(box.data + 4, init.data + init.duration_offset);
	box = find_box(init.data, init.length, "moov/mvex/trex");
	assert_int_equal(be32(box.data + 4), NETRA_MP4_TRACK);
	box = find_box(init.data, init.length, "moov/trak/mdia/mdhd");
	assert_int_equal(be32(box.data + 20), 90000);
}

static void baseline_has_no_extension(void **state)
{
	struct netra_mp4_init init;
	struct netra_mp4_sets sets;
	struct writer w = { 0 };
	struct box box;

	(void)state;
	netra_mp4_sets_init(&sets);
	put_sps(&w, &(struct sps_choice){ .profile = 66 });
	put_pps(&w, &(struct pps_choice){ 0 });
	add_all(&sets, &w);
	assert_int_equal(netra_mp4_init_build(&init, &sets, 0, 0), 0);
	box = find_box(init.data, init.length, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC");
	assert_int_equal(box.length, 6 + 2 + sets.sps[0].length + 1 + 2 +
				     sets.pps[0].length);
	box = find_box(init.data, init.length, "moov/trak/mdia/minf/stbl/stsd/avc1");
	assert_memory_equal(box.data + 82, "avcC", 4);
	assert_int_equal(be32(box.data + 78) + 78, box.length); /* no pasp */
}

static void init_segment_needs_both_sets(void **state)
{
	struct netra_mp4_init init;
	struct netra_mp4_sets sets;
	struct writer w = { 0 };

	(void)state;
	netra_mp4_sets_init(&sets);
	put_sps(&w, &(struct sps_choice){ .profile = 66 });
	add_all(&sets, &w);
	assert_int_equal(netra_mp4_init_build(&init, &sets, 0, 0),
			 NETRA_ERR_INVALID);
	put_pps(&w, &(struct pps_choice){ 0 });
	add_all(&sets, &w);
	assert_int_equal(netra_mp4_init_build(&init, &sets, -1, 0),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_init_build(&init, &sets, 0, 0), NETRA_OK);
}

static void too_many_sets_stay_in_band(void **state)
{
	static struct writer w;
	struct netra_mp4_init init;
	struct netra_mp4_sets sets;
	struct netra_nal nal;
	uint8_t *big;

	(void)state;
	netra_mp4_sets_init(&sets);
	put_sps(&w, &(struct sps_choice){ .profile = 77 });
	put_pps(&w, &(struct pps_choice){ 0 });
	add_all(&sets, &w);
	/* A parameter set may have anything behind what is understood. */
	big = calloc(1, 4000);
	assert_non_null(big);
	for (uint32_t id = 0; id < 256; id++) {
		w.length = 0;
		put_pps(&w, &(struct pps_choice){ .id = id });
		memcpy(big, w.bytes + 4, w.length - 4);
		big[3999] = 0x80;
		nal = (struct netra_nal){ .data = big, .length = 4000,
					  .type = NETRA_NAL_PPS, .ref_idc = 3 };
		netra_mp4_sets_add(&sets, &nal);
	}
	assert_true(sets.bytes <= NETRA_MP4_SETS_MAX_BYTES);
	assert_int_equal(sets.pps_count, 3);	/* the small one and two big */
	assert_int_equal(netra_mp4_init_build(&init, &sets, 0, 0), NETRA_OK);
	assert_true(boxes_whole(init.data, init.length));
	free(big);
}

/* Bytes of a finished fragment. */
static size_t flatten(const struct netra_mp4_fragment *fragment, uint8_t *data,
		      size_t size)
{
	size_t bytes = (size_t)fragment->header_bytes + fragment->payload_bytes;

	assert_true(bytes <= size);
	netra_mp4_fragment_flatten(fragment, data);
	return bytes;
}

struct sample {
	uint32_t duration, size, flags;
	int32_t composition;
};

static struct sample read_sample(struct box trun, uint32_t i)
{
	const uint8_t *p = trun.data + 12 + (size_t)i * 16;

	return (struct sample){ be32(p), be32(p + 4), be32(p + 8),
				(int32_t)be32(p + 12) };
}

/* Junk, three NAL units with zeros around them; then one; then one. */
static const uint8_t unit_idr[] = {
	0x77, 0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x06, 5, 0x80, 0, 0, 0,
	0, 0, 1, 0x65, 1, 2, 3, 0, 0
};
static const uint8_t unit_p[] = { 0, 0, 1, 0x41, 9, 8, 7, 6 };
static const uint8_t unit_b[] = { 0, 0, 0, 1, 0x01, 5, 0, 0, 3, 0, 0 };
static const uint8_t payload[] = {
	0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 3, 0x06, 5, 0x80,
	0, 0, 0, 4, 0x65, 1, 2, 3,
	0, 0, 0, 5, 0x41, 9, 8, 7, 6,
	0, 0, 0, 5, 0x01, 5, 0, 0, 3
};

static void fragment_says_what_the_frames_are(void **state)
{
	static const struct sample want[] = {
		{ 3000, 21, 0x02000000, 6000 },
		{ 4500, 9, 0x01010000, 9000 },
		{ 2999, 9, 0x01010000, -500 },
	};
	const struct netra_mp4_note note = {
		.flags = NETRA_NOTE_GAP | NETRA_NOTE_DISK, .channel = 63,
		.sequence = 7, .position = 0x123456789a, .durable = 0x1200000000,
		.wall_ns = 0x1122334455667788, .lost = 12,
	};
	struct netra_mp4_fragment f;
	struct netra_mp4_note found = { 0 };
	uint8_t data[512];
	struct sample sample;
	struct box box;
	uint64_t size;

	(void)state;
	assert_int_equal(netra_mp4_fragment_init(&f, 8), 0);
	assert_int_equal(netra_mp4_fragment_reserve(&f, 200), 0);
	assert_int_equal(netra_mp4_fragment_finish(&f, &note), 0);
	for (int round = 0; round < 2; round++) {
		netra_mp4_fragment_reset(&f);
		assert_int_equal(netra_mp4_fragment_add(&f, unit_idr,
				sizeof(unit_idr), 0x123456789a, 0x123456789a + 6000), 0);
		assert_int_equal(netra_mp4_fragment_add(&f, unit_p,
				sizeof(unit_p), 0x123456789a + 3000,
				0x123456789a + 12000), 0);
		assert_int_equal(netra_mp4_fragment_add(&f, unit_b,
				sizeof(unit_b), 0x123456789a + 7500,
				0x123456789a + 7000), 0);
		netra_mp4_fragment_end(&f, 2999);
		size = netra_mp4_fragment_finish(&f, &note);
		assert_int_equal(flatten(&f, data, sizeof(data)), size);
		assert_true(boxes_whole(data, size));

		box = find_box(data, size, "moof/mfhd");
		assert_int_equal(be32(box.data + 4), 7);
		box = find_box(data, size, "moof/traf/tfhd");
		assert_int_equal(be32(box.data), 0x020000);
		assert_int_equal(be32(box.data + 4), NETRA_MP4_TRACK);
		box = find_box(data, size, "moof/traf/tfdt");
		assert_int_equal(be32(box.data), 0x01000000);
		assert_int_equal(be64(box.data + 4), 0x123456789a);
		box = find_box(data, size, "moof/traf/trun");
		assert_int_equal(be32(box.data), 0x01000f01);
		assert_int_equal(be32(box.data + 4), 3);
		assert_int_equal(box.length, 12 + 3 * 16);
		for (uint32_t i = 0; i < 3; i++) {
			sample = read_sample(box, i);
			assert_memory_equal(&sample, &want[i], sizeof(sample));
		}
		/* The data offset counts from moof's first byte. */
		assert_memory_equal(data + be32(box.data + 8), payload,
				    sizeof(payload));
		assert_int_equal(be32(box.data + 8) + sizeof(payload), size);
		box = find_box(data, size, "moof/uuid");
		assert_true(netra_mp4_note_read(&found, box.data - 8));
		assert_int_equal(found.payload_crc32c,
				 netra_crc32c(0, payload, sizeof(payload)));
		assert_int_equal(found.header_crc32c, netra_mp4_note_checksum(
					 data, (uint32_t)(size - sizeof(payload))));
		found.payload_crc32c = found.header_crc32c = 0;
		assert_memory_equal(&found, &note, sizeof(note));
		assert_int_equal(f.key_sample, 1);
		assert_int_equal(f.key_pts_90k, 0x123456789a + 6000);
	}
	/* Nothing of a fragment is left in the next one. */
	netra_mp4_fragment_reset(&f);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, sizeof(unit_p), 0, 0),
			 0);
	assert_int_equal(f.key_sample, 0);
	assert_int_equal(netra_mp4_fragment_finish(&f, &note),
			 88 + 16 + 76 + 8 + 9);
	netra_mp4_fragment_free(&f);
}

static void fragment_has_bounds(void **state)
{
	const struct netra_mp4_note note = { .sequence = 1 };
	struct netra_mp4_fragment f;
	uint64_t before;

	(void)state;
	assert_int_equal(netra_mp4_fragment_init(&f, 0), NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_fragment_init(&f, 2), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 5, 5),
			 NETRA_ERR_AGAIN);
	assert_int_equal(netra_mp4_fragment_reserve(&f, UINT64_MAX),
			 NETRA_ERR_NO_MEMORY);
	assert_int_equal(netra_mp4_fragment_reserve(&f, 1000), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, -1, 0),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 0, 1ll << 31),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 5, INT64_MIN),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 5, 5), 0);
	before = netra_mp4_fragment_finish(&f, &note);
	/* Not rising, a step too long, no NAL unit: nothing changes. */
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 5, 5),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 6 + (1ll << 32),
						6 + (1ll << 32)),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 0, 6, 6),
			 NETRA_ERR_CORRUPT);
	assert_int_equal(netra_mp4_fragment_add(&f, payload, 4, 6, 6),
			 NETRA_ERR_CORRUPT);
	assert_int_equal(netra_mp4_fragment_finish(&f, &note), before);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 6, 6), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_p, 8, 7, 7),
			 NETRA_ERR_AGAIN);
	assert_int_equal(f.samples, 2);
	netra_mp4_fragment_free(&f);
}

/* @count NAL units of one byte. */
static uint8_t *crumbs(uint32_t count)
{
	uint8_t *data = malloc((size_t)count * 4);

	assert_non_null(data);
	for (uint32_t i = 0; i < count; i++)
		memcpy(data + (size_t)i * 4, "\0\0\1\x41", 4);
	return data;
}

/* @max at a time, the pieces are @flat. */
static void assert_pieces(const struct netra_mp4_fragment *f,
			  const uint8_t *flat, uint64_t size, uint32_t max)
{
	uint32_t first = 0, count;
	struct iovec iov[64];
	uint64_t at = 0;

	while ((count = netra_mp4_fragment_pieces(f, first, iov, max))) {
		assert_in_range(count, 1, max);
		for (uint32_t i = 0; i < count; i++) {
			assert_memory_equal(flat + at, iov[i].iov_base,
					    iov[i].iov_len);
			at += iov[i].iov_len;
		}
		first += count;
	}
	assert_true(at == size);
}

static void pictures_of_very_many_slices(void **state)
{
	const struct netra_mp4_note note = { .sequence = 1 };
	uint32_t most = NETRA_MP4_NALS_MAX;
	uint8_t *data = crumbs(most + 1), *flat;
	struct netra_mp4_fragment f;
	uint64_t size;

	(void)state;
	assert_int_equal(netra_mp4_fragment_init(&f, 4), 0);
	/* The room that is said to be enough is. */
	assert_int_equal(netra_mp4_fragment_reserve(&f,
			netra_mp4_fragment_room((size_t)most * 4)), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, data, (size_t)most * 4, 1, 1),
			 0);
	assert_int_equal(f.payload_bytes, most * 5);
	size = netra_mp4_fragment_finish(&f, &note);
	flat = malloc(size);
	assert_non_null(flat);
	assert_int_equal(flatten(&f, flat, size), size);
	assert_true(boxes_whole(flat, size));
	for (uint32_t i = 0; i < most; i++)
		assert_memory_equal(flat + f.header_bytes + i * 5,
				    "\0\0\0\1\x41", 5);
	assert_pieces(&f, flat, size, 1);
	assert_pieces(&f, flat, size, 2);
	assert_pieces(&f, flat, size, 64);
	free(flat);
	/* More than any picture can have. */
	netra_mp4_fragment_reset(&f);
	assert_int_equal(netra_mp4_fragment_reserve(&f, (size_t)most * 6), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, data,
						((size_t)most + 1) * 4, 2, 2),
			 NETRA_ERR_CORRUPT);
	assert_int_equal(f.samples, 0);
	netra_mp4_fragment_free(&f);
	free(data);
}

/* A fragment with two samples, written and read. */
static uint32_t make_fragment(uint8_t *data, size_t room)
{
	const struct netra_mp4_note note = { .sequence = 3, .position = 99,
					     .wall_ns = 5 };
	struct netra_mp4_fragment f;
	uint32_t size;

	assert_int_equal(netra_mp4_fragment_init(&f, 2), 0);
	assert_int_equal(netra_mp4_fragment_reserve(&f, 100), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_idr, sizeof(unit_idr),
						10, 3010), 0);
	assert_int_equal(netra_mp4_fragment_add(&f, unit_b, sizeof(unit_b),
						3010, 2000), 0);
	netra_mp4_fragment_end(&f, 2000);
	size = (uint32_t)netra_mp4_fragment_finish(&f, &note);
	assert_int_equal(flatten(&f, data, room), size);
	netra_mp4_fragment_free(&f);
	return size;
}

static void fragments_are_read_back(void **state)
{
	struct netra_mp4_sample sample;
	struct netra_mp4_moof moof;
	uint8_t data[512];
	uint32_t size = make_fragment(data, sizeof(data));
	uint32_t header = NETRA_MP4_HEADER_BYTES(2);

	(void)state;
	assert_int_equal(netra_mp4_moof_read(&moof, data, sizeof(data)), 0);
	assert_int_equal(moof.header_bytes, header);
	assert_int_equal(moof.payload_bytes, size - header);
	assert_int_equal(moof.samples, 2);
	assert_int_equal(moof.dts_90k, 10);
	assert_int_equal(moof.end_dts_90k, 5010);
	assert_int_equal(moof.note.position, 99);
	netra_mp4_moof_sample(&moof, 0, &sample);
	assert_true(sample.key);
	assert_int_equal(sample.duration_90k, 3000);
	assert_int_equal(sample.delay_90k, 3000);
	netra_mp4_moof_sample(&moof, 1, &sample);
	assert_false(sample.key);
	assert_int_equal(sample.bytes, 9);
	assert_int_equal(sample.delay_90k, -1010);

	assert_int_equal(netra_mp4_moof_read(&moof, data, 7), NETRA_ERR_AGAIN);
	assert_int_equal(netra_mp4_moof_read(&moof, data, header - 1),
			 NETRA_ERR_AGAIN);
	assert_int_equal(moof.header_bytes, header);
	assert_int_equal(netra_mp4_note_find(data, size, size), header - 84);
	assert_int_equal(netra_mp4_note_find(data, size, header - 84), -1);
}

/* Whichever bit of a header flips, it is no header any more. */
static void any_flipped_bit_is_seen(void **state)
{
	struct netra_mp4_moof moof;
	uint8_t data[512];
	uint32_t header = NETRA_MP4_HEADER_BYTES(2);

	(void)state;
	make_fragment(data, sizeof(data));
	for (uint32_t bit = 0; bit < header * 8; bit++) {
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(netra_mp4_moof_read(&moof, data, header),
				     NETRA_OK);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(netra_mp4_moof_read(&moof, data, header), NETRA_OK);
}

/* No clock shows them, and sums of them would be no numbers. */
static void impossible_times_are_no_notes(void **state)
{
	static const int64_t bad[] = { INT64_MIN, -1, INT64_MAX,
				       NETRA_MP4_WALL_MAX_NS + 1 };
	struct netra_mp4_note note = { 0 }, read;
	uint8_t box[NETRA_MP4_NOTE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		note.wall_ns = bad[i];
		netra_mp4_note_write(&note, box);
		assert_true(netra_mp4_note_read(&read, box));
		assert_int_equal(read.wall_ns,
				 bad[i] < 0 ? 0 : NETRA_MP4_WALL_MAX_NS);
		netra_put_be32(box + 56, (uint32_t)((uint64_t)bad[i] >> 32));
		netra_put_be32(box + 60, (uint32_t)bad[i]);
		assert_false(netra_mp4_note_read(&read, box));
	}
}

static void index_stays_small(void **state)
{
	static struct netra_mp4_index index;
	static uint8_t data[NETRA_MP4_INDEX_MAX_BYTES];
	uint64_t offset, before = 0;
	struct box box;
	size_t length;
	uint32_t count;

	(void)state;
	netra_mp4_index_init(&index);
	assert_int_equal(netra_mp4_index_write(&index, data, sizeof(data)), 0);
	for (uint32_t i = 0; i < 100000; i++) {
		netra_mp4_index_add(&index, i * 90000ull + 77, 1000 + i * 64ull,
				    i % 3 + 1);
		if (i > 2)
			continue;
		length = netra_mp4_index_write(&index, data, sizeof(data));
		assert_int_equal(length, 8 + 24 + 20 * (i + 1) + 16);
	}
	length = netra_mp4_index_write(&index, data, sizeof(data));
	assert_true(length && boxes_whole(data, length));
	assert_int_equal(be32(data + length - 4), length);
	assert_int_equal(netra_mp4_index_write(&index, data, length - 1), 0);
	length = netra_mp4_index_write(&index, data, sizeof(data));

	box = find_box(data, length, "mfra/tfra");
	count = be32(box.data + 12);
	assert_in_range(count, NETRA_MP4_INDEX_ENTRIES / 2,
			NETRA_MP4_INDEX_ENTRIES);
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *p = box.data + 16 + i * 20;
		uint64_t n = (be64(p) - 77) / 90000;

		offset = be64(p + 8);
		assert_int_equal(offset, 1000 + n * 64);
		assert_int_equal(p[18] << 8 | p[19], n % 3 + 1);
		/* Evenly spread, from the first on. */
		assert_int_equal(n, i * (uint64_t)index.stride);
		assert_true(!i || offset > before);
		before = offset;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes_never_pass_the_end),
		cmocka_unit_test(init_segment_describes_the_stream),
		cmocka_unit_test(baseline_has_no_extension),
		cmocka_unit_test(init_segment_needs_both_sets),
		cmocka_unit_test(too_many_sets_stay_in_band),
		cmocka_unit_test(fragment_says_what_the_frames_are),
		cmocka_unit_test(fragment_has_bounds),
		cmocka_unit_test(pictures_of_very_many_slices),
		cmocka_unit_test(fragments_are_read_back),
		cmocka_unit_test(any_flipped_bit_is_seen),
		cmocka_unit_test(impossible_times_are_no_notes),
		cmocka_unit_test(index_stays_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
