/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stretch of time of one channel as a plain MP4 file: first a plan, of the
 * files' headers, then its bytes, in one go from front to end. One thread.
 */
#ifndef NETRA_STORE_EXPORT_H
#define NETRA_STORE_EXPORT_H

#include "folder.h"
#include "mp4/mp4_movie.h"

/* Where a chunk's bytes are. */
struct netra_export_piece {
	uint32_t file;
	uint64_t offset;
	uint32_t bytes;
};

struct netra_export {
	struct netra_store_folder *folder;
	uint32_t channel;
	int64_t from_ns, to_ns;		/* as asked for */
	const bool *cancelled;		/* any thread may set it; NULL: nobody does */

	int64_t shown_from_ns;		/* as it is */
	int64_t shown_to_ns;
	uint64_t frames;		/* in the file, from the key frame on */
	uint64_t shown;			/* of these, not before shown_from_ns */
	uint64_t lost;			/* missing in between, as far as is known */
	uint32_t gaps;
	uint32_t damaged;		/* fragments left out */

	struct netra_store_entry *files;
	uint32_t file_count;
	struct netra_mp4_sample *samples;
	struct netra_mp4_chunk *chunks;
	struct netra_export_piece *pieces;	/* one a chunk */
	struct netra_mp4_entry *entries;
	struct netra_mp4_movie movie;
	uint8_t tkhd[NETRA_MP4_TKHD_BYTES];
};

/**
 * netra_export_plan() - What the file will hold.
 * @from_ns, @to_ns: Since 1970, UTC; from < to.
 * @cancelled: Looked at now and then, also while it is written: true ends it.
 *             NULL, or set by netra_export_cancel() in any thread.
 * @export: Free it with netra_export_free(), whatever is returned.
 *
 * Begins with the last key frame not after @from_ns, so that decoding starts
 * there; the edit list shows from @from_ns to @to_ns exactly, or as far as
 * there is something. Where frames are missing the last picture stays.
 * Payload checksums are looked at: damaged fragments are left out up to the
 * next key frame.
 * NETRA_ERR_NOT_FOUND: nothing is recorded then. NETRA_ERR_ENDED: cancelled.
 * NETRA_ERR_IO, NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_export_plan(struct netra_export *export,
				   struct netra_store_folder *folder,
				   uint32_t channel, int64_t from_ns,
				   int64_t to_ns, const bool *cancelled);

static inline void netra_export_cancel(bool *cancelled)
{
	__atomic_store_n(cancelled, true, __ATOMIC_RELAXED);
}

static inline bool netra_export_is_cancelled(const struct netra_export *export)
{
	return export->cancelled &&
	       __atomic_load_n(export->cancelled, __ATOMIC_RELAXED);
}

/**
 * netra_export_write() - Write it to a file or a pipe.
 * @progress: Called now and then with bytes written; may be NULL.
 * Return: 0 or an errno; ENOENT: a source file has been deleted meanwhile;
 * ECANCELED.
 */
int netra_export_write(struct netra_export *export, int fd,
		       void (*progress)(void *context, uint64_t bytes),
		       void *context);

void netra_export_free(struct netra_export *export);

#endif
