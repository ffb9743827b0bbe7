/* SPDX-License-Identifier: BSD-2-Clause */
#include "timeline.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "summary.h"

#define HOLE_NS 1000000000ll	/* between files; less is their jitter */

/* What the index says, gathered row by row. */
struct gather {
	struct netra_store_row *rows;
	size_t row_count;
	struct netra_store_hole *holes;
	size_t hole_count;
	bool failed;
};

/* Room for one more element; doubles when @count is a power of two. */
static void *extend(void *list, size_t count, size_t size)
{
	if (count && (count & (count - 1)))
		return list;
	return reallocarray(list, count ? 2 * count : 1, size);
}

static void take_row(void *context, const struct netra_store_row *row)
{
	struct gather *gather = context;
	struct netra_store_row *rows;

	rows = extend(gather->rows, gather->row_count, sizeof(*rows));
	if (!rows) {
		gather->failed = true;
		return;
	}
	gather->rows = rows;
	rows[gather->row_count++] = *row;
}

static void take_hole(void *context, const struct netra_store_gap *gap,
		      const char *kind)
{
	struct gather *gather = context;
	struct netra_store_hole *holes;

	holes = extend(gather->holes, gather->hole_count, sizeof(*holes));
	if (!holes) {
		gather->failed = true;
		return;
	}
	gather->holes = holes;
	holes += gather->hole_count++;
	*holes = (struct netra_store_hole){ gap->from_ns, gap->to_ns, gap->lost,
					    "" };
	snprintf(holes->kind, sizeof(holes->kind), "%s", kind);
}

static const struct netra_store_row *find_row(const struct gather *gather,
					      const struct netra_store_entry *entry)
{
	size_t low = 0, high = gather->row_count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (gather->rows[middle].start_ms < entry->start_ms)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < gather->row_count &&
	    gather->rows[low].start_ms == entry->start_ms &&
	    gather->rows[low].bytes == entry->bytes)
		return &gather->rows[low];
	return NULL;
}

static void read_file(struct netra_store_folder *folder, uint32_t channel,
		      struct netra_store_segment *segment,
		      struct gather *gather)
{
	struct netra_store_summary summary;
	char name[NETRA_STORE_NAME_BYTES];
	int fd;

	netra_store_name(name, segment->entry.start_ms,
			 netra_store_suffix(segment->entry.kind));
	segment->start_ns = segment->end_ns = segment->entry.start_ms * 1000000;
	fd = openat(folder->channel[channel], name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	if (!netra_store_summarize(fd, &summary)) {
		segment->start_ns = summary.start_ns;
		segment->end_ns = summary.end_ns;
		segment->frames = summary.frames;
		segment->lost = summary.lost;
		for (size_t i = 0; i < summary.gap_count; i++)
			take_hole(gather, &summary.gaps[i],
				  netra_store_gap_kind(summary.gaps[i].flags));
	}
	netra_store_summary_free(&summary);
	close(fd);
}

static int by_time(const void *a, const void *b)
{
	const struct netra_store_hole *x = a, *y = b;

	return x->to_ns < y->to_ns ? -1 : x->to_ns > y->to_ns;
}

/* What the file that begins after a hole says of it; else it is a gap. */
static struct netra_store_hole between(const struct gather *gather,
				       const struct netra_store_segment *before,
				       const struct netra_store_segment *after)
{
	struct netra_store_hole hole = { before->end_ns, after->start_ns, 0,
					 "gap" };

	for (size_t i = 0; i < gather->hole_count; i++) {
		if (gather->holes[i].to_ns != after->start_ns)
			continue;
		hole.lost = gather->holes[i].lost;
		memcpy(hole.kind, gather->holes[i].kind, sizeof(hole.kind));
	}
	return hole;
}

/* Holes inside files and between them, by time. */
static enum netra_error find_holes(struct netra_store_timeline *timeline,
				   const struct gather *gather)
{
	const struct netra_store_segment *s = timeline->segments;
	struct netra_store_hole *holes;
	size_t n = 0;

	holes = calloc(gather->hole_count + timeline->segment_count + 1,
		       sizeof(*holes));
	if (!holes)
		return NETRA_ERR_NO_MEMORY;
	for (size_t i = 0; i < gather->hole_count; i++)
		if (gather->holes[i].from_ns < gather->holes[i].to_ns)
			holes[n++] = gather->holes[i];
	for (size_t i = 1; i < timeline->segment_count; i++)
		if (s[i].start_ns - s[i - 1].end_ns > HOLE_NS)
			holes[n++] = between(gather, &s[i - 1], &s[i]);
	qsort(holes, n, sizeof(*holes), by_time);
	timeline->holes = holes;
	timeline->hole_count = n;
	return NETRA_OK;
}

static enum netra_error collect(struct netra_store_folder *folder,
				uint32_t channel,
				const struct netra_store_entry *entries,
				size_t count, struct gather *gather,
				struct netra_store_timeline *timeline)
{
	const struct netra_store_row *row;
	struct netra_store_segment *segment;

	timeline->segments = calloc(count + 1, sizeof(*segment));
	if (!timeline->segments)
		return NETRA_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		timeline->bytes += entries[i].bytes;
		if (entries[i].kind == NETRA_STORE_FILE_DAMAGED)
			continue;
		segment = &timeline->segments[timeline->segment_count++];
		segment->entry = entries[i];
		row = find_row(gather, &entries[i]);
		if (row) {
			segment->start_ns = row->start_ns;
			segment->end_ns = row->end_ns;
			segment->frames = row->frames;
			segment->lost = row->lost;
		} else {
			read_file(folder, channel, segment, gather);
		}
	}
	return gather->failed ? NETRA_ERR_NO_MEMORY
			      : find_holes(timeline, gather);
}

enum netra_error netra_store_timeline(struct netra_store_folder *folder,
				      struct netra_store_index *index,
				      uint32_t channel,
				      struct netra_store_timeline *timeline)
{
	struct netra_store_entry *entries;
	struct gather gather = { 0 };
	enum netra_error err;
	size_t count;

	memset(timeline, 0, sizeof(*timeline));
	err = netra_store_list(folder, channel, &entries, &count);
	if (err)
		return err;
	/* An index that fails in the middle is as good as none. */
	if (index && (netra_store_index_files(index, channel, take_row,
					      &gather) ||
		      netra_store_index_gaps(index, channel, take_hole,
					     &gather)))
		gather.row_count = gather.hole_count = 0;
	err = collect(folder, channel, entries, count, &gather, timeline);
	free(gather.rows);
	free(gather.holes);
	free(entries);
	return err;
}

void netra_store_timeline_free(struct netra_store_timeline *timeline)
{
	free(timeline->segments);
	free(timeline->holes);
	memset(timeline, 0, sizeof(*timeline));
}
