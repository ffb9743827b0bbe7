// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Parameter sets joined to key frames: a reader that begins at any of them can
 * decode, also if the encoder sent its SPS and PPS only once. Pure functions
 * on private copies of what the board sent.
 */
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/videodev2.h>

#include "media/h264.h"
#include "media/h264_bits.h"
#include "sets.h"

static const u8 start_code[] = { 0, 0, 0, 1 };

static void forget(struct netra_kept_sets *sets, u32 index, u32 offset)
{
	u32 length = sets->set[index].length;

	memmove(&sets->data[offset], &sets->data[offset + length],
		sets->bytes - offset - length);
	memmove(&sets->set[index], &sets->set[index + 1],
		(sets->count - index - 1) * sizeof(sets->set[0]));
	sets->bytes -= length;
	sets->count--;
}

static void forget_older(struct netra_kept_sets *sets, u8 type, u8 id)
{
	u32 i, offset = 0;

	for (i = 0; i < sets->count; offset += sets->set[i++].length) {
		if (sets->set[i].type == type && sets->set[i].id == id) {
			forget(sets, i, offset);
			return;
		}
	}
}

static void keep(struct netra_kept_sets *sets, const u8 *nal, u32 length)
{
	u32 needed = length + sizeof(start_code);
	u8 type = nal[0] & 31;
	struct bits bits;
	u32 id;

	if (type == NETRA_NAL_SPS) {
		if (length < 5)
			return;
		sets->profile_idc = nal[1];
		sets->constraints = nal[2];
		sets->level_idc = nal[3];
		bits_init(&bits, nal + 4, length - 4);
	} else {
		bits_init(&bits, nal + 1, length - 1);
	}
	id = bits_ue(&bits);
	if (bits.overrun || id > 255)
		return;
	forget_older(sets, type, id);
	if (needed > NETRA_SETS_BYTES)
		return;
	while (sets->count == NETRA_SETS_COUNT ||
	       sets->bytes + needed > NETRA_SETS_BYTES)
		forget(sets, 0, 0);
	sets->set[sets->count].type = type;
	sets->set[sets->count].id = id;
	sets->set[sets->count].length = needed;
	memcpy(&sets->data[sets->bytes], start_code, sizeof(start_code));
	memcpy(&sets->data[sets->bytes + sizeof(start_code)], nal, length);
	sets->bytes += needed;
	sets->count++;
}

/* 7.3.3: first_mb_in_slice, slice_type. The first slice stands for them all. */
static u32 picture_type(const u8 *nal, u32 length)
{
	struct bits bits;

	bits_init(&bits, nal + 1, length - 1);
	bits_ue(&bits);
	switch (bits_ue(&bits)) {
	case 0:
	case 5:
		return bits.overrun ? 0 : V4L2_BUF_FLAG_PFRAME;
	case 1:
	case 6:
		return V4L2_BUF_FLAG_BFRAME;
	default:
		return 0;
	}
}

void netra_sets_look(struct netra_kept_sets *sets, const u8 *data,
		     u32 length, bool whole, struct netra_unit_head *head)
{
	size_t begin = netra_start_code(data, length, 0) + 3;

	memset(head, 0, sizeof(*head));
	while (begin < length) {
		u8 type = data[begin] & 31;
		size_t next, end;

		/* Nothing wanted comes behind a slice, which is long to search. */
		if (type >= NETRA_NAL_SLICE && type <= NETRA_NAL_IDR) {
			head->picture = picture_type(data + begin, length - begin);
			return;
		}
		next = netra_start_code(data, length, begin);
		if (next == length && !whole)
			return;		/* cut short */
		for (end = next; end > begin && !data[end - 1]; end--)
			;
		if (end > begin && type == NETRA_NAL_DELIMITER)
			head->sets_at = end;	/* nothing comes before it */
		if (end > begin &&
		    (type == NETRA_NAL_SPS || type == NETRA_NAL_PPS)) {
			head->has_sps |= type == NETRA_NAL_SPS;
			head->has_pps |= type == NETRA_NAL_PPS;
			keep(sets, data + begin, end - begin);
		}
		begin = next + 3;
	}
}

void netra_sets_copy(const struct netra_kept_sets *sets, u8 *to)
{
	u32 i, offset, pass;

	/* A PPS is read by means of its SPS: those first. */
	for (pass = 0; pass < 2; pass++) {
		u8 type = pass ? NETRA_NAL_PPS : NETRA_NAL_SPS;

		for (i = 0, offset = 0; i < sets->count;
		     offset += sets->set[i++].length) {
			if (sets->set[i].type != type)
				continue;
			memcpy(to, &sets->data[offset], sets->set[i].length);
			to += sets->set[i].length;
		}
	}
}

u32 netra_sets_join(const struct netra_kept_sets *sets,
		    const struct netra_unit_head *head, u8 *data, u32 length,
		    u32 size)
{
	u32 at = head->sets_at;

	if (sets->bytes > size - length)
		return 0;
	memmove(&data[at + sets->bytes], &data[at], length - at);
	netra_sets_copy(sets, &data[at]);
	return length + sets->bytes;
}
