/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an H.264 stream: NAL walk, parameter sets, slice headers and
 * order counts stay inside the buffer, and the cutter gives every byte out
 * once, the same units whether the stream comes whole or in pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void parse(const uint8_t *data, size_t size)
{
	static struct netra_parameter_sets sets;
	struct netra_poc poc = { 0 };
	struct netra_slice slice, before = { 0 };
	struct netra_nal nal;
	struct netra_sps sps;
	struct netra_pps pps;
	size_t position = 0, last = 0;
	char text[12];

	memset(&sets, 0, sizeof(sets));
	while (netra_nal_next(data, size, &position, &nal)) {
		require(nal.length > 0 && nal.data >= data + last + 3);
		require(nal.data + nal.length <= data + position);
		require(position <= size);
		last = position;
		if (netra_sps_parse(&nal, &sps)) {
			require(sps.width && sps.height && sps.id < 32);
			require(sps.log2_max_frame_num <= 16);
			netra_codec_string(&sps, text);
			require(strlen(text) == 11);
			sets.sps[sps.id] = sps;
			sets.have_sps[sps.id] = true;
		}
		if (netra_pps_parse(&nal, &pps)) {
			require(pps.sps_id < 32);
			sets.pps[pps.id] = pps;
			sets.have_pps[pps.id] = true;
		}
		if (netra_slice_parse(&nal, &sets, &slice)) {
			require(slice.slice_type < 10);
			netra_poc_next(&poc, &slice, &sets.sps[slice.sps_id]);
			netra_slice_begins_picture(&before, &slice);
			before = slice;
		}
	}
}

/* @piece: most bytes that come at once. Each piece has a buffer of its own. */
static size_t cut(const uint8_t *data, size_t size, size_t piece,
		  struct netra_unit_info *units)
{
	static struct netra_cutter cutter;
	size_t have = 0, sum = 0, count = 0;

	netra_cutter_init(&cutter);
	for (;;) {
		size_t length = have - sum;
		uint8_t *copy = malloc(length ? length : 1);
		struct netra_unit_info info;
		bool found;

		require(copy);
		memcpy(copy, data + sum, length);
		found = netra_cutter_next(&cutter, copy, length, have == size,
					  &info);
		free(copy);
		if (found) {
			require(info.length > 0 && info.length <= length);
			require(info.offset == sum);
			sum += info.length;
			require(cutter.consumed == sum);
			units[count++] = info;
		} else if (have == size) {
			break;
		} else {
			have += size - have < piece ? size - have : piece;
		}
	}
	require(sum == size);
	return count;
}

static bool same(const struct netra_unit_info *a,
		 const struct netra_unit_info *b)
{
	return a->offset == b->offset && a->length == b->length &&
	       a->key == b->key && a->parameters == b->parameters &&
	       a->picture == b->picture && a->field_pair == b->field_pair &&
	       a->has_poc == b->has_poc && a->poc == b->poc &&
	       a->sequence_start == b->sequence_start;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netra_unit_info *whole, *pieces;
	size_t count, piece;

	if (size < 1 || size > 1 << 16)
		return 0;
	/* The first byte says how large the pieces are. */
	piece = 1 + data[0] % 64;
	data++;
	size--;
	whole = calloc(size + 1, sizeof(*whole));
	pieces = calloc(size + 1, sizeof(*pieces));
	require(whole && pieces);
	parse(data, size);
	count = cut(data, size, size ? size : 1, whole);
	require(cut(data, size, piece, pieces) == count);
	for (size_t i = 0; i < count; i++)
		require(same(&whole[i], &pieces[i]));
	free(whole);
	free(pieces);
	return 0;
}
