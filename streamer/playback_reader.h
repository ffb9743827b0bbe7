/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of one channel out of a store, from a moment on, fragment by
 * fragment. Reads from disk: call it where waiting does not matter. One thread
 * at a time.
 */
#ifndef NETRA_STREAMER_PLAYBACK_READER_H
#define NETRA_STREAMER_PLAYBACK_READER_H

#include "store/folder.h"
#include "store/scan.h"

struct netra_playback_frame {
	size_t offset, length;		/* Annex B, in the batch's data */
	int64_t wall_ns;		/* of its decode time */
	int64_t dts_90k;		/* in its file */
	int32_t delay_90k;		/* presentation - decode time */
	bool key;
	bool new_file;			/* decode times begin anew */
};

/* One fragment's frames. Zero it to begin. */
struct netra_playback_batch {
	uint8_t *data;
	size_t room;
	struct netra_playback_frame *frame;
	uint32_t count, frame_room;
};

void netra_playback_batch_free(struct netra_playback_batch *batch);

struct netra_playback_reader {
	struct netra_store_folder folder;
	uint32_t channel;
	struct netra_store_entry *files;
	size_t count, file;		/* file: the one that is open */
	int fd;				/* -1: none */
	bool new_file, key_wanted;
	uint32_t skip;			/* samples of the next fragment */
	struct netra_store_scan scan;
};

/**
 * netra_playback_reader_open() - NETRA_ERR_NOT_FOUND: there is no store there;
 * NETRA_ERR_IO, NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_playback_reader_open(struct netra_playback_reader **reader,
					    const char *store, uint32_t channel);

/** netra_playback_reader_close() - NULL is allowed. */
void netra_playback_reader_close(struct netra_playback_reader *reader);

/**
 * netra_playback_reader_seek() - To the last key frame not after @wall_ns; if
 * there is none, or nothing was recorded then, to the first one after it.
 * NETRA_ERR_ENDED: nothing is recorded from then on.
 */
enum netra_error netra_playback_reader_seek(struct netra_playback_reader *reader,
					    int64_t wall_ns);

/**
 * netra_playback_reader_next() - The next fragment's frames.
 *
 * What is damaged is left out up to the next key frame. What is recorded at
 * this moment can be read up to its last whole fragment.
 * NETRA_ERR_ENDED: there is no more, for now.
 */
enum netra_error netra_playback_reader_next(struct netra_playback_reader *reader,
					    struct netra_playback_batch *batch);

#endif
