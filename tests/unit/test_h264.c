/* SPDX-License-Identifier: BSD-2-Clause */
/* NAL units, parameter sets, slice headers and picture order counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "h264_write.h"
#include "media/h264.h"

static size_t plain_start_code(const uint8_t *data, size_t size, size_t from)
{
	for (size_t i = from; i + 3 <= size; i++) {
		if (!data[i] && !data[i + 1] && data[i + 2] == 1)
			return i;
	}
	return size;
}

/* Copies end exactly where the data does, so that ASan sees an overrun. */
static void start_code_is_found_everywhere(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t size = 0; size < 80; size++) {
		for (uint32_t round = 0; round < 40; round++) {
			uint8_t *data = malloc(size ? size : 1);

			assert_non_null(data);
			for (size_t i = 0; i < size; i++) {
				random = random * 1664525 + 1013904223;
				data[i] = (uint8_t)(random >> 24 & 3) % 3;
			}
			for (size_t from = 0; from <= size; from++) {
				assert_int_equal(
					netra_start_code(data, size, from),
					plain_start_code(data, size, from));
			}
			free(data);
		}
	}
}

static void nal_walk_skips_what_is_none(void **state)
{
	static const uint8_t data[] = {
		9, 9, 0, 0, 0, 1, 0x67, 1, 0, 0, 0,
		0, 0, 1,			/* empty */
		0, 0, 1, 0x25, 0, 0, 3,
		0, 0, 1,			/* empty, at the end */
	};
	struct netra_nal nal;
	size_t position = 0;

	(void)state;
	assert_true(netra_nal_next(data, sizeof(data), &position, &nal));
	assert_int_equal(nal.type, 7);
	assert_int_equal(nal.ref_idc, 3);
	assert_int_equal(nal.length, 2);
	assert_ptr_equal(nal.data, data + 6);
	assert_true(netra_nal_next(data, sizeof(data), &position, &nal));
	assert_int_equal(nal.type, 5);
	assert_int_equal(nal.ref_idc, 1);
	assert_int_equal(nal.length, 4);
	assert_false(netra_nal_next(data, sizeof(data), &position, &nal));
	assert_false(netra_nal_next(data, sizeof(data), &position, &nal));
}

static struct netra_nal only_nal(const struct writer *w)
{
	struct netra_nal nal;
	size_t position = 0;

	assert_true(netra_nal_next(w->bytes, w->length, &position, &nal));
	assert_int_equal(position, w->length);
	return nal;
}

static struct netra_sps sps_of(const struct sps_choice *choice)
{
	struct writer w = { 0 };
	struct netra_sps sps;
	struct netra_nal nal;

	put_sps(&w, choice);
	nal = only_nal(&w);
	assert_true(netra_sps_parse(&nal, &sps));
	return sps;
}

static void sps_fields(void **state)
{
	struct netra_sps sps;
	char text[12];

	(void)state;
	sps = sps_of(&(struct sps_choice){ .profile = 66, .constraints = 0xe0 });
	assert_int_equal(sps.profile_idc, 66);
	assert_int_equal(sps.width, 176 - 6);
	assert_int_equal(sps.height, 144 - 6);
	assert_int_equal(sps.log2_max_frame_num, 4);
	assert_int_equal(sps.poc_type, 0);
	assert_int_equal(sps.log2_max_poc_lsb, 4);
	assert_int_equal(sps.max_ref_frames, 4);
	assert_int_equal(sps.max_reorder_frames, -1);
	assert_int_equal(sps.time_scale, 0);
	assert_int_equal(sps.sar_width, 0);
	assert_int_equal(sps.bit_depth_luma, 8);
	assert_true(sps.frame_mbs_only);
	netra_codec_string(&sps, text);
	assert_string_equal(text, "avc1.42e01e");

	sps = sps_of(&(struct sps_choice){ .profile = 100, .poc_type = 1,
					   .interlaced = true, .vui = true });
	assert_int_equal(sps.width, 176 - 6);
	assert_int_equal(sps.height, 288 - 12);
	assert_int_equal(sps.poc_type, 1);
	assert_int_equal(sps.offset_for_non_ref_pic, -1);
	assert_int_equal(sps.offset_for_top_to_bottom, 1);
	assert_int_equal(sps.poc_cycle_length, 2);
	assert_int_equal(sps.poc_cycle[1], 4);
	assert_int_equal(sps.sar_width, 12);
	assert_int_equal(sps.sar_height, 11);
	assert_int_equal(sps.units_in_tick, 1001);
	assert_int_equal(sps.time_scale, 60000);
	assert_int_equal(sps.max_reorder_frames, 3);
	assert_false(sps.frame_mbs_only);
}

/* Every shorter SPS: refused, or taken without the part that is missing. */
static void cut_sps_is_refused(void **state)
{
	const struct sps_choice choices[] = {
		{ .profile = 66 },
		{ .profile = 100, .poc_type = 1, .vui = true },
	};

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		struct sps_choice plain = choices[c];
		struct writer w = { 0 }, without = { 0 };
		struct netra_nal whole;
		size_t needed;

		put_sps(&w, &choices[c]);
		whole = only_nal(&w);
		plain.vui = false;
		put_sps(&without, &plain);
		needed = only_nal(&without).length;
		for (size_t length = 0; length < whole.length; length++) {
			uint8_t *copy = malloc(length ? length : 1);
			struct netra_nal nal = whole;
			struct netra_sps sps;

			assert_non_null(copy);
			memcpy(copy, whole.data, length);
			nal.data = copy;
			nal.length = length;
			if (netra_sps_parse(&nal, &sps)) {
				/* Only stop bit or VUI may be gone. */
				assert_true(choices[c].vui ||
					    length + 1 == whole.length);
				assert_int_equal(sps.width, 170);
				assert_true(length + 1 == whole.length ||
					    sps.max_reorder_frames == -1);
			} else {
				assert_true(length <= needed);
			}
			free(copy);
		}
	}
}

static void pps_behind_slice_groups(void **state)
{
	(void)state;
	for (uint32_t type = 0; type <= 6; type++) {
		for (uint32_t groups = 1; groups <= 8; groups++) {
			struct pps_choice choice = {
				.id = 200 + type, .slice_groups = groups,
				.group_type = type, .redundant = groups & 1,
				.weighted_pred = groups & 2,
				.weighted_bipred = 2,
				.bottom_field_pic_order = groups & 4,
			};
			struct writer w = { 0 };
			struct netra_nal nal;
			struct netra_pps pps;

			put_pps(&w, &choice);
			nal = only_nal(&w);
			assert_true(netra_pps_parse(&nal, &pps));
			assert_int_equal(pps.id, 200 + type);
			assert_int_equal(pps.sps_id, 0);
			assert_int_equal(pps.num_ref_idx[0], 2);
			assert_int_equal(pps.num_ref_idx[1], 1);
			assert_int_equal(pps.weighted_bipred, 2);
			assert_int_equal(pps.weighted_pred, !!(groups & 2));
			assert_int_equal(pps.redundant_pic_cnt, groups & 1);
			assert_int_equal(pps.bottom_field_pic_order,
					 !!(groups & 4));
			nal.length = 4;
			assert_false(netra_pps_parse(&nal, &pps));
		}
	}
}

static void learn(struct netra_parameter_sets *sets,
		  const struct sps_choice *sps, const struct pps_choice *pps)
{
	struct writer w = { 0 };
	struct netra_nal nal;

	sets->sps[0] = sps_of(sps);
	sets->have_sps[0] = true;
	put_pps(&w, pps);
	nal = only_nal(&w);
	assert_true(netra_pps_parse(&nal, &sets->pps[pps->id]));
	sets->have_pps[pps->id] = true;
}

static bool parse_slice(const struct netra_parameter_sets *sets,
			const struct slice_choice *choice,
			struct netra_slice *slice)
{
	struct writer w = { 0 };
	struct netra_nal nal;

	put_slice(&w, choice);
	nal = only_nal(&w);
	return netra_slice_parse(&nal, sets, slice);
}

static void slice_header_up_to_the_marking(void **state)
{
	static struct netra_parameter_sets sets;
	const struct sps_choice sps = { .profile = 77, .interlaced = true };
	const struct pps_choice pps = {
		.id = 7, .weighted_pred = true, .weighted_bipred = 1,
		.redundant = true,
	};
	struct slice_choice choice = {
		.type = 1, .ref_idc = 2, .first_mb = 33, .pps_id = 7,
		.frame_num = 11, .poc_type_0 = true, .poc_lsb = 9,
		.interlaced = true, .field = true, .bottom = true,
		.redundant_present = true, .redundant = 3, .weights = true,
		.list_commands = true, .mmco5 = true,
	};
	struct netra_slice slice;

	(void)state;
	assert_false(parse_slice(&sets, &choice, &slice));
	learn(&sets, &sps, &pps);
	for (uint32_t kind = 0; kind < 2; kind++) {
		choice.kind = kind;
		assert_true(parse_slice(&sets, &choice, &slice));
		assert_int_equal(slice.first_mb, 33);
		assert_int_equal(slice.slice_type, kind);
		assert_int_equal(slice.pps_id, 7);
		assert_int_equal(slice.frame_num, 11);
		assert_true(slice.field && slice.bottom);
		assert_int_equal(slice.poc_lsb, 9);
		assert_int_equal(slice.redundant_pic_cnt, 3);
		assert_true(slice.reference && !slice.idr);
		assert_true(slice.clears_references);
	}
	choice.mmco5 = false;
	assert_true(parse_slice(&sets, &choice, &slice));
	assert_false(slice.clears_references);
	choice.type = 5;
	choice.kind = 2;
	choice.idr_pic_id = 65535;
	assert_true(parse_slice(&sets, &choice, &slice));
	assert_true(slice.idr);
	assert_int_equal(slice.idr_pic_id, 65535);
	choice.pps_id = 6;
	assert_false(parse_slice(&sets, &choice, &slice));
}

static void new_picture_by_each_rule(void **state)
{
	const struct netra_slice a = { .frame_num = 1, .reference = true };
	struct netra_slice b = a;

	(void)state;
	b.first_mb = 40;
	b.slice_type = 7;
	assert_false(netra_slice_begins_picture(&a, &b));
#define DIFFERS(field, value) do { \
		b = a; \
		b.field = value; \
		assert_true(netra_slice_begins_picture(&a, &b)); \
	} while (0)
	DIFFERS(frame_num, 2);
	DIFFERS(pps_id, 1);
	DIFFERS(field, true);
	DIFFERS(bottom, true);
	DIFFERS(reference, false);
	DIFFERS(poc_lsb, 2);
	DIFFERS(delta_poc_bottom, -1);
	DIFFERS(delta_poc[0], 1);
	DIFFERS(delta_poc[1], 1);
	DIFFERS(idr, true);
	b = a;
	b.idr_pic_id = 1;	/* means nothing outside an IDR picture */
	assert_false(netra_slice_begins_picture(&a, &b));
}

static void poc_type_0_wraps(void **state)
{
	const struct netra_sps sps = { .log2_max_poc_lsb = 4 };
	struct netra_poc poc = { 0 };
	struct netra_slice s = { .idr = true, .reference = true };

	(void)state;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 0);
	s.idr = false;
	/* I P B B: 6 2 4 12 8 10 18 14 16, lsb modulo 16 */
	static const int32_t order[] = { 6, 2, 4, 12, 8, 10, 18, 14, 16, 24 };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		s.reference = i % 3 == 0;
		s.poc_lsb = (uint32_t)order[i] & 15;
		assert_int_equal(netra_poc_next(&poc, &s, &sps), order[i]);
	}
	/* A step of just half the range is up from above, and up from below. */
	s.reference = true;
	s.poc_lsb = 0;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 32);
	s.poc_lsb = 8;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 40);
	/* The smaller of the two fields; MMCO 5 leaves 0 behind. */
	s.reference = true;
	s.poc_lsb = 44 & 15;
	s.delta_poc_bottom = -2;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 42);
	s.poc_lsb = 46 & 15;
	s.clears_references = true;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 0);
	s.clears_references = false;
	s.delta_poc_bottom = 0;
	s.poc_lsb = 4;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 4);
}

static void poc_type_1_follows_the_cycle(void **state)
{
	struct netra_sps sps = {
		.poc_type = 1, .log2_max_frame_num = 4, .poc_cycle_length = 2,
		.poc_cycle = { 2, 4 }, .offset_for_non_ref_pic = -1,
		.offset_for_top_to_bottom = 1,
	};
	struct netra_poc poc = { 0 };
	struct netra_slice s = { .idr = true, .reference = true };
	int32_t expected = 0;

	(void)state;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 0);
	s.idr = false;
	for (uint32_t i = 1; i < 40; i++) {
		expected += i % 2 ? 2 : 4;
		s.frame_num = i & 15;
		s.reference = true;
		assert_int_equal(netra_poc_next(&poc, &s, &sps), expected);
	}
	/* Bottom fields, a picture that is no reference, delta_pic_order_cnt */
	s.field = true;
	s.bottom = true;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), expected + 1);
	s.field = false;
	s.bottom = false;
	s.delta_poc[0] = 5;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), expected + 5);
	s.delta_poc[0] = 0;
	s.reference = false;
	s.frame_num = 40 & 15;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), expected - 1);
}

static void poc_type_2_is_decode_order(void **state)
{
	const struct netra_sps sps = { .poc_type = 2, .log2_max_frame_num = 4 };
	struct netra_poc poc = { 0 };
	struct netra_slice s = { .idr = true, .reference = true };

	(void)state;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 0);
	s.idr = false;
	for (uint32_t i = 1; i < 50; i++) {
		s.frame_num = i & 15;
		s.reference = i % 2;
		assert_int_equal(netra_poc_next(&poc, &s, &sps),
				 (int32_t)(2 * i - !s.reference));
	}
	s.frame_num = 3;
	s.reference = true;
	s.clears_references = true;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 0);
	s.clears_references = false;
	s.frame_num = 1;
	assert_int_equal(netra_poc_next(&poc, &s, &sps), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_code_is_found_everywhere),
		cmocka_unit_test(nal_walk_skips_what_is_none),
		cmocka_unit_test(sps_fields),
		cmocka_unit_test(cut_sps_is_refused),
		cmocka_unit_test(pps_behind_slice_groups),
		cmocka_unit_test(slice_header_up_to_the_marking),
		cmocka_unit_test(new_picture_by_each_rule),
		cmocka_unit_test(poc_type_0_wraps),
		cmocka_unit_test(poc_type_1_follows_the_cycle),
		cmocka_unit_test(poc_type_2_is_decode_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
