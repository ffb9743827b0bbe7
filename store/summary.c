/* SPDX-License-Identifier: BSD-2-Clause */
#include "summary.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "mp4/mp4_note.h"
#include "scan.h"

#define HOLE_NS 500000000ll	/* less without a frame lost is jitter */

static int64_t ns_of(int64_t ticks)
{
	return ticks / 9 * 100000 + ticks % 9 * 100000 / 9;
}

/* Room for one more element; doubles when @count is a power of two. */
static void *extend(void *list, size_t count, size_t size)
{
	if (count && (count & (count - 1)))
		return list;
	return realloc(list, (count ? 2 * count : 1) * size);
}

static enum netra_error add_key(struct netra_store_summary *summary,
				const struct netra_store_scan *scan,
				const struct netra_mp4_moof *moof)
{
	struct netra_mp4_sample sample;
	struct netra_store_key *keys;
	int64_t dts = 0;

	for (uint32_t i = 0; i < moof->samples; i++) {
		netra_mp4_moof_sample(moof, i, &sample);
		if (!sample.key) {
			dts += sample.duration_90k;
			continue;
		}
		keys = extend(summary->keys, summary->key_count, sizeof(*keys));
		if (!keys)
			return NETRA_ERR_NO_MEMORY;
		summary->keys = keys;
		keys[summary->key_count++] = (struct netra_store_key){
			moof->note.wall_ns + ns_of(dts), scan->at, i + 1
		};
		break;
	}
	return NETRA_OK;
}

static enum netra_error add_gap(struct netra_store_summary *summary,
				const struct netra_mp4_note *note)
{
	int64_t from = summary->fragments ? summary->end_ns : note->wall_ns;
	struct netra_store_gap *gaps;

	if (!note->lost && !(note->flags & (NETRA_NOTE_GAP | NETRA_NOTE_CLOCK |
					    NETRA_NOTE_START)) &&
	    note->wall_ns - from < HOLE_NS && from - note->wall_ns < HOLE_NS)
		return NETRA_OK;
	gaps = extend(summary->gaps, summary->gap_count, sizeof(*gaps));
	if (!gaps)
		return NETRA_ERR_NO_MEMORY;
	summary->gaps = gaps;
	gaps[summary->gap_count++] = (struct netra_store_gap){
		from, note->wall_ns, note->lost, note->flags
	};
	return NETRA_OK;
}

static enum netra_error add(struct netra_store_summary *summary,
			    const struct netra_store_scan *scan,
			    const struct netra_mp4_moof *moof)
{
	const struct netra_mp4_note *note = &moof->note;
	enum netra_error err = add_gap(summary, note);

	if (err)
		return err;
	if (!summary->fragments)
		summary->start_ns = note->wall_ns;
	summary->fragments++;
	summary->frames += moof->samples;
	summary->lost += note->lost;
	summary->end_ns = note->wall_ns +
			  ns_of(moof->end_dts_90k - moof->dts_90k);
	return add_key(summary, scan, moof);
}

enum netra_error netra_store_summarize(int fd,
				       struct netra_store_summary *summary)
{
	struct netra_store_scan *scan = malloc(sizeof(*scan));
	struct netra_mp4_moof moof;
	enum netra_error err;

	memset(summary, 0, sizeof(*summary));
	if (!scan)
		return NETRA_ERR_NO_MEMORY;
	/* Headers only: what lies between them need not be read. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	err = netra_store_scan_open(scan, fd);
	summary->bytes = scan->size;
	while (!err) {
		err = netra_store_scan_next_whole(scan, &moof);
		if (!err)
			err = add(summary, scan, &moof);
	}
	free(scan);
	if (err == NETRA_ERR_ENDED)
		return summary->fragments ? NETRA_OK : NETRA_ERR_CORRUPT;
	return err;
}

void netra_store_summary_free(struct netra_store_summary *summary)
{
	free(summary->keys);
	free(summary->gaps);
	memset(summary, 0, sizeof(*summary));
}

const char *netra_store_gap_kind(uint32_t flags)
{
	return flags & NETRA_NOTE_DISK ? "disk" :
	       flags & NETRA_NOTE_OVERRUN ? "overrun" :
	       flags & NETRA_NOTE_NO_SIGNAL ? "no-signal" :
	       flags & NETRA_NOTE_START ? "start" :
	       flags & NETRA_NOTE_CLOCK ? "clock" : "gap";
}
