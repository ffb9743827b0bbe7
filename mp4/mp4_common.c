/* SPDX-License-Identifier: BSD-2-Clause */
#include "mp4_common.h"

#include "mp4_init.h"

#define UNIX_EPOCH_1904 2082844800	/* seconds from 1904 to 1970 */

uint64_t netra_mp4_time(int64_t unix_s)
{
	return unix_s > 0 ? (uint64_t)unix_s + UNIX_EPOCH_1904 : 0;
}

void netra_mp4_put_matrix(struct netra_boxes *b)
{
	static const uint32_t unity[9] = {
		0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000
	};

	for (int i = 0; i < 9; i++)
		netra_box_u32(b, unity[i]);
}

void netra_mp4_put_mvhd(struct netra_boxes *b, uint64_t created,
			uint64_t duration)
{
	size_t box = netra_box_begin_full(b, "mvhd", 1, 0);

	netra_box_u64(b, created);
	netra_box_u64(b, created);
	netra_box_u32(b, NETRA_MP4_TIMESCALE);
	netra_box_u64(b, duration);
	netra_box_u32(b, 0x10000);	/* rate 1.0 */
	netra_box_u16(b, 0x100);	/* volume */
	netra_box_zeros(b, 10);
	netra_mp4_put_matrix(b);
	netra_box_zeros(b, 24);
	netra_box_u32(b, NETRA_MP4_TRACK + 1);	/* next track id */
	netra_box_end(b, box);
}

void netra_mp4_put_edts(struct netra_boxes *b, uint64_t duration,
			int64_t media_start)
{
	size_t edts = netra_box_begin(b, "edts");
	size_t elst = netra_box_begin_full(b, "elst", 1, 0);

	netra_box_u32(b, 1);
	netra_box_u64(b, duration);
	netra_box_u64(b, (uint64_t)media_start);
	netra_box_u32(b, 0x10000);
	netra_box_end(b, elst);
	netra_box_end(b, edts);
}

void netra_mp4_put_mdhd(struct netra_boxes *b, uint64_t created,
			uint64_t duration)
{
	size_t box = netra_box_begin_full(b, "mdhd", 1, 0);

	netra_box_u64(b, created);
	netra_box_u64(b, created);
	netra_box_u32(b, NETRA_MP4_TIMESCALE);
	netra_box_u64(b, duration);
	netra_box_u16(b, 0x55c4);	/* language "und" */
	netra_box_u16(b, 0);
	netra_box_end(b, box);

	box = netra_box_begin_full(b, "hdlr", 0, 0);
	netra_box_u32(b, 0);
	netra_box_bytes(b, "vide", 4);
	netra_box_zeros(b, 12);
	netra_box_bytes(b, "netra", 6);
	netra_box_end(b, box);
}

void netra_mp4_put_vmhd(struct netra_boxes *b)
{
	size_t box = netra_box_begin_full(b, "vmhd", 0, 1), dref, url;

	netra_box_zeros(b, 8);
	netra_box_end(b, box);

	box = netra_box_begin(b, "dinf");
	dref = netra_box_begin_full(b, "dref", 0, 0);
	netra_box_u32(b, 1);
	url = netra_box_begin_full(b, "url ", 0, 1);	/* this very file */
	netra_box_end(b, url);
	netra_box_end(b, dref);
	netra_box_end(b, box);
}
