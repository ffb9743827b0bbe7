/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A raw H.264 stream as a source: mapped, cut once when opened, given out
 * byte for byte. Such a file has no times. Decode times are even; a picture
 * is presented at its rank in picture order count among the pictures of its
 * coded video sequence, later by the same delay in the whole file so that
 * none is presented before it is decoded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "source_internal.h"

#define LEADING_ZEROS_MAX	64u
#define REORDER_MAX		16u	/* MaxDpbFrames (A.3.1) */
#define PROFILE_BASELINE	66u

struct entry {
	uint64_t offset;
	uint32_t length;
	uint32_t flags;
	int32_t poc;
	uint32_t rank;		/* in presentation order, in the whole file */
};

struct annex_b {
	struct netra_source source;
	uint8_t *data;
	size_t size;
	struct entry *entry;
	size_t count;
	size_t room;
	size_t next;
	uint32_t delay;		/* pictures */
};

bool netra_source_is_annex_b(const uint8_t *data, size_t size)
{
	size_t i = 0;
	uint8_t type, ref_idc;

	while (i < size && i < LEADING_ZEROS_MAX && !data[i])
		i++;
	if (i < 2 || size - i < 2 || data[i] != 1 || data[i + 1] & 0x80)
		return false;
	type = data[i + 1] & 31;
	ref_idc = data[i + 1] >> 5;
	/* nal_ref_idc is what tells it from H.265 and MPEG-4 Part 2 (7.4.1) */
	switch (type) {
	case NETRA_NAL_SLICE:
	case NETRA_NAL_PARTITION_A:
		return true;
	case NETRA_NAL_IDR:
	case NETRA_NAL_SPS:
	case NETRA_NAL_PPS:
		return ref_idc != 0;
	case NETRA_NAL_SEI:
	case NETRA_NAL_DELIMITER:
	case NETRA_NAL_FILLER:
		return ref_idc == 0;
	default:
		return false;
	}
}

static int by_poc(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a;
	const struct entry *y = *(const struct entry *const *)b;

	if (x->poc != y->poc)
		return x->poc < y->poc ? -1 : 1;
	return x < y ? -1 : x > y;
}

/*
 * Rank the pictures [begin, end) of one coded video sequence. @reorder_max
 * is what the stream may reorder; if order counts ask for more, pictures are
 * lost or damaged, and the order of the file is the better guess.
 */
static enum netra_error rank_sequence(struct annex_b *a, size_t begin,
				      size_t end, uint32_t reorder_max)
{
	size_t count = end - begin;
	struct entry **order = calloc(count, sizeof(*order));
	size_t late = 0;

	if (!order)
		return NETRA_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		order[i] = &a->entry[begin + i];
	qsort(order, count, sizeof(*order), by_poc);
	for (size_t i = 0; i < count; i++) {
		size_t index = (size_t)(order[i] - a->entry);

		order[i]->rank = (uint32_t)(begin + i);
		if (index > begin + i && late < index - begin - i)
			late = index - begin - i;
	}
	if (late > reorder_max) {
		for (size_t i = begin; i < end; i++)
			a->entry[i].rank = (uint32_t)i;
		late = 0;
	}
	if (a->delay < late)
		a->delay = (uint32_t)late;
	free(order);
	return NETRA_OK;
}

static uint32_t reorder_max(const struct netra_sps *sps)
{
	if (sps->max_reorder_frames >= 0)
		return (uint32_t)sps->max_reorder_frames;
	return sps->profile_idc == PROFILE_BASELINE || sps->poc_type == 2 ?
	       0 : REORDER_MAX;
}

static enum netra_error append(struct annex_b *a,
			       const struct netra_unit_info *info)
{
	struct entry *entry;

	if (a->count == a->room) {
		size_t room = a->room ? 2 * a->room : 1024;

		entry = reallocarray(a->entry, room, sizeof(*entry));
		if (!entry)
			return NETRA_ERR_NO_MEMORY;
		a->entry = entry;
		a->room = room;
	}
	entry = &a->entry[a->count++];
	*entry = (struct entry){
		.offset = info->offset,
		.length = (uint32_t)info->length,
		.flags = (info->key ? NETRA_FRAME_KEY : 0u) |
			 (info->parameters ? NETRA_FRAME_PARAMETERS : 0u),
		.poc = info->poc,
	};
	/* A damaged picture is taken to follow the one before it. */
	if (!info->has_poc && a->count > 1)
		entry->poc = entry[-1].poc;
	return NETRA_OK;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void take_format(struct netra_source_format *format,
			const struct netra_sps *sps)
{
	uint64_t fields = sps->time_scale, units = 2ull * sps->units_in_tick;
	uint64_t divisor;

	if (format->width)
		return;
	format->width = sps->width;
	format->height = sps->height;
	/* Between 1 and 240 frames per second, or it is not meant. */
	if (units && fields >= units && fields <= 240 * units) {
		divisor = common_divisor(fields, units);
		format->rate_num = (uint32_t)(fields / divisor);
		format->rate_den = (uint32_t)(units / divisor);
	}
}

static enum netra_error cut(struct annex_b *a, struct netra_cutter *cutter)
{
	struct netra_unit_info info;
	enum netra_error error;
	size_t begin = 0;
	uint32_t reorder = REORDER_MAX;

	netra_cutter_init(cutter);
	while (netra_cutter_next(cutter, a->data + cutter->consumed,
				 a->size - cutter->consumed, true, &info)) {
		const struct netra_sps *sps;

		if (info.length > UINT32_MAX)
			return NETRA_ERR_UNSUPPORTED;
		if (!info.picture) {
			/* Only the last unit can be without a picture. */
			if (a->count && info.length <=
			    UINT32_MAX - a->entry[a->count - 1].length)
				a->entry[a->count - 1].length +=
					(uint32_t)info.length;
			break;
		}
		if (info.sequence_start && a->count > begin) {
			error = rank_sequence(a, begin, a->count, reorder);
			if (error)
				return error;
			begin = a->count;
		}
		error = append(a, &info);
		if (error)
			return error;
		if (info.has_poc) {
			sps = &cutter->sets.sps[cutter->last.sps_id];
			reorder = reorder_max(sps);
			take_format(&a->source.format, sps);
		}
	}
	return begin < a->count ?
	       rank_sequence(a, begin, a->count, reorder) : NETRA_OK;
}

/* @index frames of the source's rate in 90 kHz ticks */
static int64_t ticks(const struct annex_b *a, uint64_t index)
{
	uint64_t num = a->source.format.rate_num;
	uint64_t frame = 90000ull * a->source.format.rate_den;

	/* Whole seconds' worth first: nothing overflows in a file's length. */
	return (int64_t)(index / num * frame + index % num * frame / num);
}

static enum netra_error annex_b_next(struct netra_source *source,
				     struct netra_access_unit *unit)
{
	struct annex_b *a = (struct annex_b *)source;
	const struct entry *entry;

	if (a->next == a->count)
		return NETRA_ERR_ENDED;
	entry = &a->entry[a->next];
	unit->data = a->data + entry->offset;
	unit->length = entry->length;
	unit->flags = entry->flags;
	unit->dts_90k = ticks(a, a->next);
	unit->pts_90k = ticks(a, (uint64_t)entry->rank + a->delay);
	unit->duration_90k = (uint32_t)(ticks(a, a->next + 1) - unit->dts_90k);
	a->next++;
	return NETRA_OK;
}

static enum netra_error annex_b_rewind(struct netra_source *source)
{
	struct annex_b *a = (struct annex_b *)source;

	a->next = 0;
	return NETRA_OK;
}

static void annex_b_close(struct netra_source *source)
{
	struct annex_b *a = (struct annex_b *)source;

	munmap(a->data, a->size);
	free(a->entry);
	free(a);
}

static const struct netra_source_ops annex_b_ops = {
	.next = annex_b_next,
	.rewind = annex_b_rewind,
	.close = annex_b_close,
};

enum netra_error netra_source_open_annex_b(const char *path, uint8_t *data,
					   size_t size,
					   struct netra_source **source,
					   char *why, size_t why_size)
{
	struct netra_cutter *cutter = malloc(sizeof(*cutter));
	struct annex_b *a = calloc(1, sizeof(*a));
	enum netra_error error = NETRA_ERR_NO_MEMORY;
	struct netra_source_format *format;

	if (!cutter || !a)
		goto err_memory;
	a->source.ops = &annex_b_ops;
	a->data = data;
	a->size = size;
	error = cut(a, cutter);
	if (error == NETRA_ERR_NO_MEMORY)
		goto err_memory;
	format = &a->source.format;
	if (error || !a->count || !format->width) {
		snprintf(why, why_size, "%s has no H.264 pictures in it", path);
		error = NETRA_ERR_UNSUPPORTED;
		goto err_free;
	}
	if (!format->rate_num) {
		format->rate_num = 25;
		format->rate_den = 1;
	}
	format->bit_rate = (uint32_t)(size * 8 * 90000 /
				      (uint64_t)ticks(a, a->count));
	free(cutter);
	*source = &a->source;
	return NETRA_OK;

err_memory:
	snprintf(why, why_size, "not enough memory to cut %s", path);
err_free:
	free(cutter);
	if (a)
		free(a->entry);
	free(a);
	return error;
}
