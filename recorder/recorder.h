/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records channels of a board into a store (docs/store.md). Uses libnetra's
 * public interface only. All calls come from one thread, which never waits for
 * a disk but in open and finish; threads of the recorder's own do the rest.
 */
#ifndef NETRA_RECORDER_H
#define NETRA_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netra.h"
#include "store/retention.h"

struct netra_recorder;

struct netra_recorder_options {
	const char *store;		/* folder; made if missing */
	const uint32_t *channels;	/* NULL = all of the board */
	uint32_t channel_count;
	uint32_t fragment_ms;		/* between commits; 0 = 500 */
	uint32_t rotate_ms;		/* length of a file; 0 = 10 minutes */
	uint64_t buffer_bytes;		/* for frames while a disk is slow; 0 = 64 MB */
	bool no_sync;			/* leave durability to the system */
	uint64_t keep_bytes;		/* of each channel; 0 = all */
	uint64_t keep_ms;		/* age of what is kept; 0 = any */
	uint64_t free_bytes;		/* of the file system, or NETRA_FREE_DEFAULT; 0 = no floor */
	uint32_t alarm_ms;		/* without anything durable; 0 = 10000 */
	const char *metrics;		/* Prometheus text file; NULL = none */
};

/**
 * netra_recorder_open() - Lock and repair the store, open readers; files appear
 * with their first fragments.
 *
 * Open before netra_channel_start() to miss nothing. NETRA_ERR_BUSY: another
 * recorder has the store. netra_recorder_open_error() has the whole sentence
 * for a failure.
 */
enum netra_error netra_recorder_open(struct netra_board *board,
				     const struct netra_recorder_options *options,
				     struct netra_recorder **recorder);

/**
 * netra_recorder_open_error() - Why the last netra_recorder_open() of this
 * thread failed: "what: why".
 */
const char *netra_recorder_open_error(void);

/**
 * netra_recorder_pump() - Take all frames that are there, hand over what is due.
 *
 * Call after every netra_dispatch(), and when netra_recorder_due_ns() is
 * reached. Return: NETRA_OK; NETRA_ERR_ENDED when every channel has ended; see
 * the channel's state.
 */
enum netra_error netra_recorder_pump(struct netra_recorder *recorder);

/**
 * netra_recorder_pump_early() - The same while channels are still being started:
 * an end that is heard then, and for a second, may be that of a stream before.
 */
void netra_recorder_pump_early(struct netra_recorder *recorder);

/**
 * netra_recorder_detach() - The board is going, and is not touched any more: files
 * are completed. The store is kept all the same; what is not recorded is an
 * alarm after a while …
 */
void netra_recorder_detach(struct netra_recorder *recorder);

/**
 * netra_recorder_attach() - … until there is a board again: all channels go on in
 * new files, after a gap. Return: the first error of a channel, if any; the
 * channel has failed then, the others go on.
 */
enum netra_error netra_recorder_attach(struct netra_recorder *recorder,
				       struct netra_board *board);

/** netra_recorder_due_ns() - When to pump at the latest, CLOCK_MONOTONIC. */
uint64_t netra_recorder_due_ns(const struct netra_recorder *recorder);

/**
 * netra_recorder_exposed_ns() - Age of the oldest frame that was taken and is
 * not durable: what a power cut would cost now.
 */
uint64_t netra_recorder_exposed_ns(struct netra_recorder *recorder);

struct netra_recorder_channel {
	uint32_t channel;
	uint64_t frames;	/* in files */
	uint64_t lost;		/* missed, all causes */
	uint64_t gaps;
	uint64_t bytes;		/* of all files */
	uint32_t files;
	int64_t duration_90k;	/* recorded */
	uint64_t durable_ns;	/* when last made durable; CLOCK_MONOTONIC, 0 = never */
	bool alarm;		/* should be recorded, and is not */
	bool ended;
	bool failed;		/* something is not as it should be; see error */
	char error[160];	/* why, without the path */
	char path[512];		/* of the last file, as it is called now; "" = none */
};

uint32_t netra_recorder_channels(const struct netra_recorder *recorder);
void netra_recorder_channel(struct netra_recorder *recorder,
			    uint32_t index,
			    struct netra_recorder_channel *channel);

struct netra_recorder_health {
	uint32_t repaired;		/* files with torn ends, at the start */
	uint64_t deleted;		/* files, by retention */
	char index_trouble[160];	/* "" = the index is kept */
	char retention_trouble[160];	/* "" = limits are kept */
	char metrics_trouble[160];	/* "" = their file is written, or none is wanted */
};

/** netra_recorder_health() - What is not of one channel. */
void netra_recorder_health(struct netra_recorder *recorder,
			   struct netra_recorder_health *health);

/**
 * netra_recorder_finish() - Write the last fragments, complete and name all
 * files, close readers. Waits for the disk. A file that could not be written to
 * its end keeps the name ".part", cut to whole fragments.
 *
 * netra_recorder_channel() tells the outcome until netra_recorder_close().
 * Return: the first error met, if any.
 */
enum netra_error netra_recorder_finish(struct netra_recorder *recorder);

/**
 * netra_recorder_close() - netra_recorder_finish() if not done yet, and free.
 * Return: as netra_recorder_finish(). NULL is allowed.
 */
enum netra_error netra_recorder_close(struct netra_recorder *recorder);

#endif
