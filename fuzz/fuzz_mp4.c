/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MP4 writer fed with any bytes as access units: whatever it makes must be
 * boxes that add up, with the samples it says, inside their mdat.
 */
#include <stdlib.h>
#include <string.h>

#include "recorder/mp4_fragment.h"
#include "recorder/mp4_init.h"
#include "tests/mp4_read.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fragment(const struct netra_mp4_fragment *fragment,
			   uint64_t size)
{
	uint8_t *flat = malloc(size + 1);
	struct box trun, mdat;
	struct iovec iov[3];
	size_t position = 0, length = 0, n;
	uint64_t bytes = 0;

	CHECK(flat);
	while ((n = netra_mp4_fragment_gather(fragment, &position, iov, 3))) {
		for (size_t i = 0; i < n; i++) {
			CHECK(iov[i].iov_len <= size - length);
			memcpy(flat + length, iov[i].iov_base, iov[i].iov_len);
			length += iov[i].iov_len;
		}
	}
	CHECK(length == size && boxes_whole(flat, length));
	trun = find_box(flat, length, "moof/traf/trun");
	mdat = find_box(flat, length, "mdat");
	CHECK(trun.data && mdat.data);
	CHECK(be32(trun.data + 4) == fragment->samples);
	CHECK(flat + be32(trun.data + 8) == mdat.data);
	CHECK(trun.length == 12 + 16 * (size_t)fragment->samples);
	for (uint32_t i = 0; i < fragment->samples; i++)
		bytes += be32(trun.data + 16 + i * 16);
	CHECK(bytes == mdat.length);
	/* Length after length, NAL units fill mdat. */
	for (size_t at = 0; at < mdat.length; at += 4 + be32(mdat.data + at)) {
		CHECK(mdat.length - at > 4);
		CHECK(be32(mdat.data + at) <= mdat.length - at - 4);
	}
	free(flat);
}

static void check_init(const struct netra_mp4_fragment *fragment, int64_t start)
{
	struct netra_mp4_sets sets;
	struct netra_mp4_init init;
	struct netra_nal nal;

	netra_mp4_sets_init(&sets);
	for (uint32_t i = 0; i < fragment->piece_count; i++) {
		nal.data = fragment->pieces[i].data;
		nal.length = fragment->pieces[i].length;
		nal.type = nal.data[0] & 31;
		nal.ref_idc = nal.data[0] >> 5 & 3;
		netra_mp4_sets_add(&sets, &nal);
	}
	if (netra_mp4_init_build(&init, &sets, start, start))
		return;
	CHECK(boxes_whole(init.data, init.length));
	CHECK(find_box(init.data, init.length,
		       "moov/trak/mdia/minf/stbl/stsd/avc1/avcC").data);
}

/* Input: frames, each a length (2), times (1 + 1), then its bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netra_mp4_fragment fragment;
	int64_t dts = 0, pts;
	enum netra_error err;
	uint64_t before, after;
	size_t length;

	CHECK(!netra_mp4_fragment_init(&fragment, 16));
	before = 0;
	while (size >= 4) {
		length = (size_t)(data[0] << 8 | data[1]);
		pts = dts + (int64_t)(int8_t)data[2] * (data[3] << 17 | 1);
		dts += data[3] > 250 ? INT64_MAX / 2 - dts : data[3];
		data += 4;
		size -= 4;
		if (length > size)
			length = size;
		err = netra_mp4_fragment_add(&fragment, data, length, dts, pts);
		after = netra_mp4_fragment_finish(&fragment, 1, 1);
		if (err)
			CHECK(after == before);
		if (err == NETRA_ERR_AGAIN) {
			check_fragment(&fragment, after);
			netra_mp4_fragment_reset(&fragment);
			after = 0;
		}
		before = after;
		data += length;
		size -= length;
	}
	if (before)
		check_fragment(&fragment, before);
	check_init(&fragment, dts);
	netra_mp4_fragment_free(&fragment);
	return 0;
}
