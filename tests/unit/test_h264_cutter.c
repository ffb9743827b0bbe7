/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access units: hand-made cases for each rule, and every stream of the shared
 * videos, whole and in pieces of any size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "h264_write.h"
#include "media/h264.h"

#define UNITS_MAX 2048u

struct cut {
	struct netra_unit_info unit[UNITS_MAX];
	size_t count;
};

/* Feed in pieces of 1..@piece bytes; 0: all at once. Checks the byte sum. */
static void cut(const uint8_t *data, size_t size, uint32_t piece,
		struct cut *out)
{
	static struct netra_cutter cutter;
	struct netra_unit_info info;
	size_t have = piece ? 0 : size, sum = 0;
	uint32_t random = piece;

	netra_cutter_init(&cutter);
	out->count = 0;
	for (;;) {
		while (netra_cutter_next(&cutter, data + cutter.consumed,
					 have - cutter.consumed, have == size,
					 &info)) {
			assert_int_equal(info.offset, sum);
			assert_true(info.length > 0);
			assert_true(info.length <= have - sum);
			sum += info.length;
			assert_int_equal(cutter.consumed, sum);
			assert_true(out->count < UNITS_MAX);
			out->unit[out->count++] = info;
		}
		if (have == size)
			break;
		random = random * 1664525 + 1013904223;
		have += 1 + (random >> 8) % piece;
		if (have > size)
			have = size;
	}
	assert_int_equal(sum, size);
}

static void same_units(const struct cut *a, const struct cut *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct netra_unit_info *x = &a->unit[i];
		const struct netra_unit_info *y = &b->unit[i];

		assert_int_equal(x->length, y->length);
		assert_int_equal(x->key, y->key);
		assert_int_equal(x->parameters, y->parameters);
		assert_int_equal(x->picture, y->picture);
		assert_int_equal(x->field_pair, y->field_pair);
		assert_int_equal(x->has_poc, y->has_poc);
		assert_int_equal(x->poc, y->poc);
		assert_int_equal(x->sequence_start, y->sequence_start);
	}
}

/* The stream of @w has units that end at @ends; in pieces as well. */
static void check_ends(const struct writer *w, const size_t *ends, size_t count,
		       struct cut *out)
{
	static struct cut pieces;

	cut(w->bytes, w->length, 0, out);
	assert_int_equal(out->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(out->unit[i].offset + out->unit[i].length,
				 ends[i]);
	for (uint32_t piece = 1; piece < 40; piece += 3) {
		cut(w->bytes, w->length, piece, &pieces);
		same_units(out, &pieces);
	}
}

static struct cut result;

static void start(struct writer *w, uint32_t profile, bool interlaced,
		  bool redundant)
{
	*w = (struct writer){ .length = 0 };
	put_sps(w, &(struct sps_choice){ .profile = profile,
					 .interlaced = interlaced });
	put_pps(w, &(struct pps_choice){ .redundant = redundant });
}

static void prefixes_begin_a_unit(void **state)
{
	static const uint8_t prefix[] = { 6, 9, 15, 16, 17, 18 };
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true };
	struct writer w;
	size_t ends[16], n = 0;

	(void)state;
	start(&w, 77, false, false);
	put_slice(&w, &s);
	s.first_mb = 50;
	put_slice(&w, &s);
	s.type = 1;
	for (size_t i = 0; i < sizeof(prefix); i++) {
		ends[n++] = w.length;
		put_nal(&w, 0, prefix[i]);
		put_nal(&w, 0, 6);
		s.frame_num++;
		s.poc_lsb += 2;
		s.first_mb = 0;
		put_slice(&w, &s);
		s.first_mb = 50;
		put_slice(&w, &s);
		put_nal(&w, 0, 12);	/* filler belongs to what precedes */
	}
	ends[n++] = w.length;
	put_sps(&w, &(struct sps_choice){ .profile = 77 });
	put_slice(&w, &s);
	ends[n++] = w.length;
	put_pps(&w, &(struct pps_choice){ .id = 0 });
	put_slice(&w, &s);
	put_nal(&w, 0, 11);
	ends[n++] = w.length;
	check_ends(&w, ends, n, &result);
	assert_true(result.unit[0].key && result.unit[0].parameters);
	assert_true(result.unit[0].sequence_start);
	for (size_t i = 1; i < n; i++) {
		assert_false(result.unit[i].key);
		assert_false(result.unit[i].parameters);
		assert_true(result.unit[i].picture);
	}
	assert_int_equal(result.unit[1].poc, 2);
}

static void prefix_nal_goes_with_its_slice(void **state)
{
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true };
	struct writer w;
	size_t ends[2];

	(void)state;
	start(&w, 77, false, false);
	for (uint32_t i = 0; i < 2; i++) {
		put_nal(&w, 3, 14);
		s.first_mb = 0;
		put_slice(&w, &s);
		put_nal(&w, 3, 14);
		s.first_mb = 40;
		put_slice(&w, &s);
		ends[i] = w.length;
		s.type = 1;
		s.frame_num++;
	}
	check_ends(&w, ends, 2, &result);
}

static void fields_pair_up(void **state)
{
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true, .interlaced = true,
				  .field = true };
	struct writer w;
	size_t ends[6];

	(void)state;
	start(&w, 77, true, false);
	put_slice(&w, &s);
	put_nal(&w, 0, 9);		/* access unit delimiter between fields */
	put_nal(&w, 0, 6);
	s.type = 1;
	s.kind = 0;
	s.bottom = true;
	s.poc_lsb = 1;
	put_slice(&w, &s);
	ends[0] = w.length;
	put_nal(&w, 0, 9);		/* and without one */
	s.frame_num = 1;
	s.bottom = false;
	s.poc_lsb = 3;
	put_slice(&w, &s);
	s.bottom = true;
	s.poc_lsb = 2;
	put_slice(&w, &s);
	ends[1] = w.length;
	s.frame_num = 2;		/* a field whose partner is lost */
	s.poc_lsb = 5;
	put_slice(&w, &s);
	ends[2] = w.length;
	s.poc_lsb = 7;			/* the same parity is no partner */
	put_slice(&w, &s);
	ends[3] = w.length;
	put_sps(&w, &(struct sps_choice){ .profile = 77, .interlaced = true });
	put_pps(&w, &(struct pps_choice){ .id = 0 });
	s.frame_num = 3;
	s.poc_lsb = 8;
	put_slice(&w, &s);
	ends[4] = w.length;
	s.frame_num = 4;
	s.poc_lsb = 10;
	put_slice(&w, &s);
	put_sps(&w, &(struct sps_choice){ .profile = 77, .interlaced = true });
	put_pps(&w, &(struct pps_choice){ .id = 0 });
	s.bottom = false;
	s.poc_lsb = 11;
	put_slice(&w, &s);
	ends[5] = w.length;
	check_ends(&w, ends, 6, &result);
	assert_true(result.unit[0].field_pair && result.unit[0].key);
	assert_false(result.unit[3].field_pair || result.unit[3].parameters);
	assert_true(result.unit[4].parameters && !result.unit[4].field_pair);
	assert_true(result.unit[5].parameters && result.unit[5].field_pair);
	assert_int_equal(result.unit[0].poc, 0);
	assert_true(result.unit[1].field_pair);
	assert_int_equal(result.unit[1].poc, 2);
	assert_false(result.unit[2].field_pair);
}

static void redundant_pictures_join(void **state)
{
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true,
				  .redundant_present = true };
	struct writer w;
	size_t ends[2];

	(void)state;
	start(&w, 66, false, true);
	for (uint32_t i = 0; i < 2; i++) {
		s.redundant = 0;
		put_slice(&w, &s);
		s.redundant = 1;
		put_slice(&w, &s);
		s.type = 1;
		s.frame_num++;
		ends[i] = w.length;
	}
	check_ends(&w, ends, 2, &result);
}

/* Pictures whose parameter sets never came, told apart by first_mb alone. */
static void without_parameter_sets(void **state)
{
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2 };
	struct writer w = { 0 };
	size_t ends[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		s.first_mb = 0;
		put_slice(&w, &s);
		s.first_mb = 40;
		put_slice(&w, &s);
		ends[i] = w.length;
		s.type = 1;
	}
	check_ends(&w, ends, 3, &result);
	assert_true(result.unit[0].key);
	assert_false(result.unit[1].key);
	assert_false(result.unit[0].has_poc);
}

/* What lay between was lost: numbers equal, but the picture starts again. */
static void repeated_numbers_after_a_loss(void **state)
{
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true };
	struct writer w;
	size_t ends[2];

	(void)state;
	start(&w, 77, false, false);
	for (uint32_t i = 0; i < 2; i++) {
		s.first_mb = 0;
		put_slice(&w, &s);
		s.first_mb = 40;
		put_slice(&w, &s);
		ends[i] = w.length;
	}
	check_ends(&w, ends, 2, &result);
	/* Baseline: slices in any order are one picture. */
	start(&w, 66, false, false);
	s.first_mb = 40;
	put_slice(&w, &s);
	s.first_mb = 20;
	put_slice(&w, &s);
	s.first_mb = 0;
	put_slice(&w, &s);
	ends[0] = w.length;
	check_ends(&w, ends, 1, &result);
}

static void odd_bytes_are_kept(void **state)
{
	static const uint8_t garbage[] = { 1, 2, 3, 4, 0, 0 };
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true };
	struct writer w = { 0 };
	size_t ends[2];

	(void)state;
	cut(garbage, sizeof(garbage), 1, &result);
	assert_int_equal(result.count, 1);
	assert_false(result.unit[0].picture);
	cut(garbage, 0, 0, &result);
	assert_int_equal(result.count, 0);
	for (size_t i = 0; i < sizeof(garbage); i++)
		put_raw(&w, garbage[i]);
	put_sps(&w, &(struct sps_choice){ .profile = 77 });
	put_pps(&w, &(struct pps_choice){ .id = 0 });
	put_slice(&w, &s);
	put_raw(&w, 0);
	put_raw(&w, 0);
	ends[0] = w.length;		/* the next start code has four bytes */
	s.type = 1;
	s.frame_num = 1;
	put_slice(&w, &s);
	put_raw(&w, 0);
	ends[1] = w.length;
	check_ends(&w, ends, 2, &result);
}

/* The zeros of the next start code are not taken for the rest of a header. */
static void slice_that_breaks_off(void **state)
{
	static struct cut pieces;
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true };

	(void)state;
	for (size_t gone = 0; gone < 12; gone++) {
		struct writer w;

		start(&w, 77, false, false);
		put_slice(&w, &s);
		put_slice(&w, &(struct slice_choice){
			.type = 1, .ref_idc = 1, .first_mb = 90,
			.poc_type_0 = true });
		w.length -= gone;
		put_nal(&w, 0, 12);
		cut(w.bytes, w.length, 0, &result);
		cut(w.bytes, w.length, 1, &pieces);
		same_units(&result, &pieces);
	}
}

/* Given out when the header of the next is there, not when it is whole. */
static void unit_comes_without_delay(void **state)
{
	static struct netra_cutter cutter;
	struct slice_choice s = { .type = 5, .ref_idc = 3, .kind = 2,
				  .poc_type_0 = true };
	struct netra_unit_info info;
	struct writer w;
	size_t end;

	(void)state;
	start(&w, 77, false, false);
	put_slice(&w, &s);
	end = w.length;
	s.type = 1;
	s.frame_num = 1;
	put_slice(&w, &s);
	netra_cutter_init(&cutter);
	assert_false(netra_cutter_next(&cutter, w.bytes, end + 5, false,
				       &info));
	assert_true(netra_cutter_next(&cutter, w.bytes, end + 9, false,
				      &info));
	assert_int_equal(info.length, end);
}

/* Pictures as counted by ffmpeg's parser; both damaged streams included. */
static const struct {
	const char *name;
	size_t units, keys;
} videos[] = {
	{ "BA1_FT_C.264", 299, 2 },
	{ "BA_MW_D.264", 100, 4 },
	{ "BA_MW_D_IDR_LOST.264", 97, 3 },
	{ "CVFC1_Sony_C.jsv", 50, 1 },
	{ "Error_I_P.264", 6, 3 },
	{ "LS_SVA_D.264", 1700, 1 },
	{ "MIDR_MW_D.264", 100, 2 },
	{ "MPS_MW_A.264", 150, 5 },
	{ "MR1_BT_A.h264", 62, 1 },
	{ "NL1_Sony_D.jsv", 17, 1 },
	{ "QCIF_2P_I_allIPCM.264", 2, 1 },
	{ "SVA_BA2_D.264", 17, 1 },
	{ "SarVui.264", 17, 1 },
	{ "VID_1280x720_cabac_temporal_direct.264", 300, 2 },
	{ "VID_1920x1080_cabac_temporal_direct.264", 54, 1 },
	{ "test_cif_P_CABAC_slice.264", 300, 1 },
};

static uint8_t *load(const char *name, size_t *size)
{
	const char *folder = getenv("NETRA_VIDEO");
	char path[512];
	uint8_t *data;
	FILE *file;
	long end;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : NETRA_VIDEO,
		 name);
	file = fopen(path, "rb");
	if (!file)
		return NULL;
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	end = ftell(file);
	assert_true(end > 0);
	*size = (size_t)end;
	rewind(file);
	data = malloc(*size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, file), *size);
	fclose(file);
	return data;
}

static void shared_videos(void **state)
{
	static struct cut pieces;

	(void)state;
	for (size_t v = 0; v < sizeof(videos) / sizeof(videos[0]); v++) {
		size_t size = 0, keys = 0;
		uint8_t *data = load(videos[v].name, &size);

		if (!data) {
			print_message("no %s: put the shared videos beside the project or set NETRA_VIDEO\n",
				      videos[v].name);
			skip();
		}
		cut(data, size, 0, &result);
		for (size_t i = 0; i < result.count; i++) {
			keys += result.unit[i].key;
			assert_true(result.unit[i].picture);
		}
		if (result.count != videos[v].units || keys != videos[v].keys)
			fail_msg("%s: %zu units, %zu of them key",
				 videos[v].name, result.count, keys);
		cut(data, size, 20000, &pieces);
		same_units(&result, &pieces);
		if (size < 100000) {
			cut(data, size, 3, &pieces);
			same_units(&result, &pieces);
		}
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_begin_a_unit),
		cmocka_unit_test(prefix_nal_goes_with_its_slice),
		cmocka_unit_test(fields_pair_up),
		cmocka_unit_test(redundant_pictures_join),
		cmocka_unit_test(without_parameter_sets),
		cmocka_unit_test(repeated_numbers_after_a_loss),
		cmocka_unit_test(odd_bytes_are_kept),
		cmocka_unit_test(slice_that_breaks_off),
		cmocka_unit_test(unit_comes_without_delay),
		cmocka_unit_test(shared_videos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
