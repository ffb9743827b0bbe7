/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MP4 writer fed with any bytes as access units: whatever it makes must be
 * boxes that add up, with the samples it says, inside their mdat.
 */
#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "mp4/mp4_fragment.h"
#include "mp4/mp4_init.h"
#include "mp4/mp4_read.h"
#include "tests/mp4_read.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fragment(const struct netra_mp4_fragment *fragment,
			   uint64_t size)
{
	uint8_t *flat = malloc(size + 1);
	struct netra_mp4_moof moof;
	struct box trun, mdat;
	uint64_t bytes = 0;

	CHECK(flat && fragment->header_bytes +
			      (uint64_t)fragment->payload_bytes == size);
	netra_mp4_fragment_flatten(fragment, flat);
	CHECK(boxes_whole(flat, size));
	trun = find_box(flat, size, "moof/traf/trun");
	mdat = find_box(flat, size, "mdat");
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
	/* And it is read as it was written. */
	CHECK(!netra_mp4_moof_read(&moof, flat, size));
	CHECK(moof.samples == fragment->samples);
	CHECK(moof.header_bytes + moof.payload_bytes == size);
	CHECK(moof.note.payload_crc32c ==
	      netra_crc32c(0, mdat.data, mdat.length));
	free(flat);
}

/* Any bytes as a file's beginning, or as a fragment's header. */
static void check_readers(const uint8_t *data, size_t size)
{
	struct netra_mp4_moof moof;
	struct netra_mp4_head head;
	struct netra_mp4_note note;
	int64_t at;

	if (!netra_mp4_head_read(&head, data, size))
		CHECK(head.bytes <= size && head.entry_bytes <= size &&
		      head.duration_offset + 8 <= size);
	if (!netra_mp4_moof_read(&moof, data, size))
		CHECK(moof.header_bytes <= size);
	at = netra_mp4_note_find(data, size, size);
	if (at >= 0) {
		CHECK((uint64_t)at + NETRA_MP4_NOTE_BYTES <= size);
		netra_mp4_note_read(&note, data + at);
	}
}

/* Parameter sets are looked for in all of the input. */
static void check_init(const uint8_t *data, size_t size, int64_t start)
{
	struct netra_mp4_sets sets;
	struct netra_mp4_init init;
	struct netra_mp4_head head;
	struct netra_nal nal;
	size_t position = 0;

	netra_mp4_sets_init(&sets);
	while (netra_nal_next(data, size, &position, &nal))
		if (nal.length)
			netra_mp4_sets_add(&sets, &nal);
	if (netra_mp4_init_build(&init, &sets, start, start))
		return;
	CHECK(boxes_whole(init.data, init.length));
	CHECK(find_box(init.data, init.length,
		       "moov/trak/mdia/minf/stbl/stsd/avc1/avcC").data);
	CHECK(!netra_mp4_head_read(&head, init.data, init.length));
	CHECK(head.bytes == init.length && head.media_start_90k == start);
}

/* Input: frames, each a length (2), times (1 + 1), then its bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct netra_mp4_note note = { .sequence = 1 };
	struct netra_mp4_fragment fragment;
	int64_t dts = 0, pts;
	enum netra_error err;
	uint64_t before, after;
	size_t length;

	check_readers(data, size);
	check_init(data, size, (int64_t)size);
	CHECK(!netra_mp4_fragment_init(&fragment, 16));
	before = 0;
	while (size >= 4) {
		length = (size_t)(data[0] << 8 | data[1]);
		pts = dts + (int64_t)(int8_t)data[2] * (data[3] << 17 | 1);
		dts += data[3] > 250 ? INT64_MAX / 8 - dts : data[3];
		data += 4;
		size -= 4;
		if (length > size)
			length = size;
		CHECK(!netra_mp4_fragment_reserve(&fragment,
				fragment.payload_bytes +
				netra_mp4_fragment_room(length)));
		err = netra_mp4_fragment_add(&fragment, data, length, dts, pts);
		after = netra_mp4_fragment_finish(&fragment, &note);
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
	netra_mp4_fragment_free(&fragment);
	return 0;
}
