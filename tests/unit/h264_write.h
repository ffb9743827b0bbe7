/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hand-made H.264 for tests: a bit writer with emulation prevention, and the
 * few headers that the parsers look at.
 */
#ifndef NETRA_TEST_H264_WRITE_H
#define NETRA_TEST_H264_WRITE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
	uint8_t bytes[4096];
	size_t length;
	uint32_t bits;		/* of the byte under way */
	uint8_t byte;
	uint32_t zeros;
};

static inline void put_raw(struct writer *w, uint8_t byte)
{
	assert(w->length < sizeof(w->bytes));
	w->bytes[w->length++] = byte;
}

static inline void put(struct writer *w, uint32_t count, uint32_t value)
{
	while (count--) {
		w->byte = (uint8_t)((uint32_t)w->byte << 1 |
				    (value >> count & 1));
		if (++w->bits < 8)
			continue;
		if (w->zeros >= 2 && w->byte <= 3) {
			put_raw(w, 3);
			w->zeros = 0;
		}
		put_raw(w, w->byte);
		w->zeros = w->byte ? 0 : w->zeros + 1;
		w->bits = 0;
		w->byte = 0;
	}
}

static inline void put_ue(struct writer *w, uint32_t value)
{
	uint64_t code = (uint64_t)value + 1;
	uint32_t length = 64 - (uint32_t)__builtin_clzll(code);

	put(w, length - 1, 0);
	put(w, length, (uint32_t)code);
}

static inline void put_se(struct writer *w, int32_t value)
{
	put_ue(w, value > 0 ? (uint32_t)(2 * value - 1) :
			      (uint32_t)(-2 * value));
}

static inline void begin_nal(struct writer *w, uint32_t ref_idc, uint32_t type)
{
	put_raw(w, 0);
	put_raw(w, 0);
	put_raw(w, 0);
	put_raw(w, 1);
	w->zeros = 0;
	put(w, 8, ref_idc << 5 | type);
}

static inline void end_nal(struct writer *w)
{
	put(w, 1, 1);
	while (w->bits)
		put(w, 1, 0);
}

/* A NAL unit of which only the type matters. */
static inline void put_nal(struct writer *w, uint32_t ref_idc, uint32_t type)
{
	begin_nal(w, ref_idc, type);
	put(w, 8, 0xa5);
	end_nal(w);
}

struct sps_choice {
	uint32_t profile, constraints;
	uint32_t poc_type;
	bool interlaced;
	bool vui;
};

/* 176 x 144 (interlaced: 176 x 288), 4-bit frame_num, 4-bit POC. */
static inline void put_sps(struct writer *w, const struct sps_choice *choice)
{
	begin_nal(w, 3, 7);
	put(w, 8, choice->profile);
	put(w, 8, choice->constraints);
	put(w, 8, 30);
	put_ue(w, 0);			/* id */
	if (choice->profile == 100) {
		put_ue(w, 1);		/* 4:2:0 */
		put_ue(w, 0);
		put_ue(w, 0);
		put(w, 1, 0);
		put(w, 1, 1);		/* scaling matrix: three lists of eight */
		for (uint32_t i = 0; i < 8; i++) {
			put(w, 1, i == 0 || i >= 6);
			if (i == 0 || i == 6) {
				for (uint32_t j = 0; j < (i ? 64 : 16); j++)
					put_se(w, 1);
			} else if (i == 7) {
				put_se(w, -8);	/* ends at once */
			}
		}
	}
	put_ue(w, 0);			/* log2_max_frame_num - 4 */
	put_ue(w, choice->poc_type);
	if (choice->poc_type == 0) {
		put_ue(w, 0);
	} else if (choice->poc_type == 1) {
		put(w, 1, 0);
		put_se(w, -1);		/* offset_for_non_ref_pic */
		put_se(w, 1);		/* offset_for_top_to_bottom */
		put_ue(w, 2);
		put_se(w, 2);
		put_se(w, 4);
	}
	put_ue(w, 4);			/* reference frames */
	put(w, 1, 0);
	put_ue(w, 10);
	put_ue(w, 8);
	put(w, 1, !choice->interlaced);
	if (choice->interlaced)
		put(w, 1, 0);
	put(w, 1, 1);
	put(w, 1, 1);			/* cropping */
	put_ue(w, 1);
	put_ue(w, 2);
	put_ue(w, 0);
	put_ue(w, 3);
	put(w, 1, choice->vui);
	if (choice->vui) {
		put(w, 1, 1);
		put(w, 8, 255);
		put(w, 16, 12);
		put(w, 16, 11);
		put(w, 1, 0);
		put(w, 1, 1);
		put(w, 4, 0xa);
		put(w, 1, 1);
		put(w, 24, 0x010101);
		put(w, 1, 0);
		put(w, 1, 1);
		put(w, 32, 1001);
		put(w, 32, 60000);
		put(w, 1, 1);
		put(w, 1, 1);		/* NAL HRD */
		put_ue(w, 1);
		put(w, 8, 0x11);
		for (uint32_t i = 0; i < 2; i++) {
			put_ue(w, 1000);
			put_ue(w, 2000);
			put(w, 1, 0);
		}
		put(w, 20, 0);
		put(w, 1, 0);
		put(w, 1, 0);		/* low delay */
		put(w, 1, 1);		/* pic_struct */
		put(w, 1, 1);		/* restriction */
		put(w, 1, 1);
		put_ue(w, 0);
		put_ue(w, 0);
		put_ue(w, 10);
		put_ue(w, 10);
		put_ue(w, 3);
		put_ue(w, 4);
	}
	end_nal(w);
}

struct pps_choice {
	uint32_t id;
	uint32_t slice_groups;		/* 0 and 1: none */
	uint32_t group_type;
	bool bottom_field_pic_order;
	bool weighted_pred;
	uint32_t weighted_bipred;
	bool redundant;
};

static inline void put_pps(struct writer *w, const struct pps_choice *choice)
{
	uint32_t groups = choice->slice_groups;

	begin_nal(w, 3, 8);
	put_ue(w, choice->id);
	put_ue(w, 0);
	put(w, 1, 0);
	put(w, 1, choice->bottom_field_pic_order);
	put_ue(w, groups > 1 ? groups - 1 : 0);
	if (groups > 1) {
		put_ue(w, choice->group_type);
		switch (choice->group_type) {
		case 0:
			for (uint32_t i = 0; i < groups; i++)
				put_ue(w, 5);
			break;
		case 2:
			for (uint32_t i = 0; i + 1 < groups; i++) {
				put_ue(w, 3);
				put_ue(w, 30);
			}
			break;
		case 3: case 4: case 5:
			put(w, 1, 1);
			put_ue(w, 7);
			break;
		case 6:
			put_ue(w, 98);
			for (uint32_t i = 0; i < 99; i++)
				put(w, groups > 4 ? 3 : groups > 2 ? 2 : 1, 1);
			break;
		default:
			break;
		}
	}
	put_ue(w, 1);
	put_ue(w, 0);
	put(w, 1, choice->weighted_pred);
	put(w, 2, choice->weighted_bipred);
	put_se(w, 0);
	put_se(w, 0);
	put_se(w, -2);
	put(w, 1, 1);
	put(w, 1, 0);
	put(w, 1, choice->redundant);
	end_nal(w);
}

/* A slice of put_sps() and put_pps() with poc_type 0 or 2. */
struct slice_choice {
	uint32_t type;			/* NAL type: 1, 2 or 5 */
	uint32_t ref_idc;
	uint32_t kind;			/* 0 P, 1 B, 2 I */
	uint32_t first_mb;
	uint32_t pps_id;
	uint32_t frame_num;
	uint32_t idr_pic_id;
	uint32_t poc_lsb;
	bool poc_type_0;
	bool interlaced, field, bottom;
	bool redundant_present;
	uint32_t redundant;
	bool weights;
	bool list_commands;
	bool mmco5;
};

static inline void put_slice(struct writer *w, const struct slice_choice *s)
{
	begin_nal(w, s->ref_idc, s->type);
	put_ue(w, s->first_mb);
	put_ue(w, s->kind);
	put_ue(w, s->pps_id);
	put(w, 4, s->frame_num);
	if (s->interlaced) {
		put(w, 1, s->field);
		if (s->field)
			put(w, 1, s->bottom);
	}
	if (s->type == 5)
		put_ue(w, s->idr_pic_id);
	if (s->poc_type_0)
		put(w, 4, s->poc_lsb);
	if (s->redundant_present)
		put_ue(w, s->redundant);
	if (s->kind == 1)
		put(w, 1, 1);
	if (s->kind < 2) {
		put(w, 1, 1);			/* one reference a list */
		for (uint32_t i = 0; i <= s->kind; i++)
			put_ue(w, 0);
		for (uint32_t i = 0; i <= s->kind; i++) {
			put(w, 1, s->list_commands);
			if (s->list_commands) {
				put_ue(w, 0);
				put_ue(w, 2);
				put_ue(w, 3);
			}
		}
		if (s->weights) {
			put_ue(w, 5);
			put_ue(w, 5);
			for (uint32_t i = 0; i <= s->kind; i++) {
				put(w, 1, 1);
				put_se(w, 30);
				put_se(w, -3);
				put(w, 1, 1);
				for (uint32_t j = 0; j < 4; j++)
					put_se(w, 20);
			}
		}
	}
	if (s->ref_idc) {
		if (s->type == 5) {
			put(w, 2, 0);
		} else {
			put(w, 1, s->mmco5);
			if (s->mmco5) {
				put_ue(w, 1);
				put_ue(w, 0);
				put_ue(w, 5);
				put_ue(w, 0);
			}
		}
	}
	put(w, 32, 0x5ca1ab1e);		/* slice data */
	put(w, 24, 0);
	end_nal(w);
}

#endif
