/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access units of an Annex B stream (7.4.1.2.3, 7.4.1.2.4). No byte is looked
 * at twice for start codes, however small the pieces it comes in.
 *
 * Where a stream is damaged the standard's rules do not find every boundary:
 * slices whose parameter sets are missing cannot be told apart by them, and
 * when the pictures between two are lost, both may carry the same numbers.
 * So a slice that does not lie behind the one before it in the picture also
 * begins a new one, unless the profile allows slices in any order.
 */
#include "h264_bits.h"
#include "media/h264.h"

#define PROFILE_BASELINE	66u
#define PROFILE_EXTENDED	88u

enum verdict {
	WAIT,		/* more bytes needed */
	JOINS,		/* belongs to the unit under way */
	PENDING,	/* belongs to it or to the next: a slice will tell */
	BEGINS,		/* begins a new unit, or what was pending did */
};

void netra_cutter_init(struct netra_cutter *cutter)
{
	*cutter = (struct netra_cutter){ 0 };
}

/* May slices of a picture come in any order (A.2.1, A.2.3)? */
static bool arbitrary_order(const struct netra_sps *sps)
{
	/* constraint_set1_flag: the stream is Main profile as well */
	return (sps->profile_idc == PROFILE_BASELINE &&
		!(sps->constraints & 0x40)) ||
	       sps->profile_idc == PROFILE_EXTENDED;
}

static bool begins_picture(const struct netra_cutter *c,
			   const struct netra_slice *now, bool parsed)
{
	if (!parsed || !c->have_last)
		return now->first_mb <= c->last.first_mb;
	if (now->redundant_pic_cnt)
		return false;
	if (netra_slice_begins_picture(&c->last, now))
		return true;
	if (arbitrary_order(&c->sets.sps[now->sps_id]))
		return now->first_mb == 0 && c->last.first_mb == 0;
	return now->first_mb <= c->last.first_mb;
}

/* The other field of the same frame (3.30, 3.31: complementary pairs)? */
static bool second_field(const struct netra_cutter *c,
			 const struct netra_slice *now, bool parsed)
{
	return parsed && c->have_last && !c->unit.field_pair &&
	       c->last.field && now->field && c->last.bottom != now->bottom &&
	       c->last.frame_num == now->frame_num &&
	       c->last.reference == now->reference &&
	       (c->last.idr || !now->idr) && !now->clears_references;
}

/* Enter a picture, or a second field, in the unit by a slice of it. */
static void enter_picture(struct netra_cutter *c,
			  const struct netra_slice *slice, bool parsed)
{
	struct netra_unit_info *unit = &c->unit;
	int32_t count;

	c->last = *slice;
	c->have_last = parsed;
	unit->picture = true;
	unit->key |= slice->idr;
	unit->sequence_start |= slice->idr || slice->clears_references;
	if (!parsed)
		return;
	count = netra_poc_next(&c->poc, slice, &c->sets.sps[slice->sps_id]);
	if (!unit->has_poc || count < unit->poc)
		unit->poc = count;
	unit->has_poc = true;
}

static enum verdict judge_slice(struct netra_cutter *c,
				const struct netra_nal *nal, bool whole)
{
	struct netra_slice slice;
	struct bits b;
	bool parsed = netra_slice_parse(nal, &c->sets, &slice);

	if (!parsed) {
		if (!whole)
			return WAIT;
		slice = (struct netra_slice){
			.idr = nal->type == NETRA_NAL_IDR,
			.reference = nal->ref_idc != 0,
		};
		bits_init(&b, nal->data + 1, nal->length - 1);
		slice.first_mb = bits_ue(&b);
	}
	if (!c->unit.picture) {
		enter_picture(c, &slice, parsed);
		return JOINS;
	}
	if (!begins_picture(c, &slice, parsed)) {
		/* The first slice may have been the damaged one. */
		if (parsed && !c->have_last)
			enter_picture(c, &slice, parsed);
		else if (!slice.redundant_pic_cnt)
			c->last.first_mb = slice.first_mb;
		return JOINS;
	}
	if (!second_field(c, &slice, parsed))
		return BEGINS;
	c->unit.field_pair = true;
	enter_picture(c, &slice, parsed);
	return JOINS;
}

/* @nal may end early when it is not @whole. */
static enum verdict judge(struct netra_cutter *c, const struct netra_nal *nal,
			  bool whole)
{
	switch (nal->type) {
	case NETRA_NAL_SLICE:
	case NETRA_NAL_PARTITION_A:
	case NETRA_NAL_IDR:
		return judge_slice(c, nal, whole);
	case NETRA_NAL_SEI:
	case NETRA_NAL_SPS:
	case NETRA_NAL_PPS:
	case NETRA_NAL_DELIMITER:
	case 15: case 16: case 17: case 18:
		if (!c->unit.picture)
			return JOINS;
		/* Between two fields these may come as well. */
		return c->have_last && c->last.field && !c->unit.field_pair ?
		       PENDING : BEGINS;
	case 14:
		/* The prefix of a slice, new picture or not. */
		return c->unit.picture ? PENDING : JOINS;
	default:
		return c->have_next_unit ? PENDING : JOINS;
	}
}

/* The NAL unit under way ends at @end: keep it if it is a parameter set. */
static void learn_parameters(struct netra_cutter *c, const uint8_t *data,
			     size_t end)
{
	size_t position = c->nal - c->consumed;
	struct netra_nal nal;
	struct netra_sps sps;
	struct netra_pps pps;

	if (!netra_nal_next(data, end, &position, &nal))
		return;
	if (netra_sps_parse(&nal, &sps)) {
		c->sets.sps[sps.id] = sps;
		c->sets.have_sps[sps.id] = true;
	} else if (netra_pps_parse(&nal, &pps)) {
		c->sets.pps[pps.id] = pps;
		c->sets.have_pps[pps.id] = true;
	}
}

/* Give the unit under way out: it ends at @end, offset in the stream. */
static void finish(struct netra_cutter *c, size_t end,
		   struct netra_unit_info *info)
{
	c->unit.parameters = c->sps && c->pps;
	c->unit.length = end - c->consumed;
	*info = c->unit;
	c->consumed = end;
	c->unit = (struct netra_unit_info){ .offset = end };
	c->sps = c->have_next_unit && c->next_sps;
	c->pps = c->have_next_unit && c->next_pps;
	c->have_next_unit = false;
	c->have_last = false;
}

/* Look at the NAL unit under way; true when it shows the unit's end. */
static bool place(struct netra_cutter *c, const uint8_t *data, size_t end,
		  bool whole, struct netra_unit_info *info)
{
	size_t at = c->nal - c->consumed;
	struct netra_nal nal = { .data = data + at + 3 };
	enum verdict verdict;

	nal.length = end - at - 3;
	/* Zeros at the end of what is there may begin a start code. */
	for (int i = 0; i < 2 && !whole && nal.length; i++)
		nal.length -= !nal.data[nal.length - 1];
	if (!nal.length) {
		c->judged = whole;
		return false;
	}
	nal.type = nal.data[0] & 31;
	nal.ref_idc = nal.data[0] >> 5 & 3;
	verdict = judge(c, &nal, whole);
	/* One zero byte before a start code belongs to it (B.1.1). */
	if (at && !data[at - 1])
		at--;
	if ((verdict == PENDING || verdict == BEGINS) && !c->have_next_unit) {
		c->have_next_unit = true;
		c->next_unit = c->consumed + at;
		c->next_sps = false;
		c->next_pps = false;
	}
	if (verdict == BEGINS) {
		/* Judged again, as part of the new unit. */
		finish(c, c->next_unit, info);
		return true;
	}
	if (verdict == JOINS && c->have_next_unit) {
		c->have_next_unit = false;
		c->sps |= c->next_sps;
		c->pps |= c->next_pps;
	}
	c->judged = verdict != WAIT;
	if (nal.type == NETRA_NAL_SPS)
		*(c->have_next_unit ? &c->next_sps : &c->sps) = true;
	if (nal.type == NETRA_NAL_PPS)
		*(c->have_next_unit ? &c->next_pps : &c->pps) = true;
	c->parameter_set = nal.type == NETRA_NAL_SPS ||
			   nal.type == NETRA_NAL_PPS;
	return false;
}

bool netra_cutter_next(struct netra_cutter *cutter, const uint8_t *data,
		       size_t size, bool end, struct netra_unit_info *info)
{
	struct netra_cutter *c = cutter;
	size_t base, next;

	for (;;) {
		base = c->consumed;
		next = netra_start_code(data, size, c->scanned - base);
		/* The end of the data may cut a start code in two. */
		c->scanned = base + next;
		if (next == size)
			c->scanned -= size < 2 ? size : 2;
		if (c->have_nal && !c->judged &&
		    place(c, data, next, next < size || end, info))
			return true;
		if (next == size)
			break;
		if (c->have_nal && c->parameter_set)
			learn_parameters(c, data, next);
		c->nal = base + next;
		c->have_nal = true;
		c->judged = false;
		c->scanned = c->nal + 3;
	}
	if (!end || !size)
		return false;
	c->have_next_unit = false;
	c->have_nal = false;
	finish(c, base + size, info);
	return true;
}
