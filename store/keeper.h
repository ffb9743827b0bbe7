/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that keeps a store in order beside its writer, and that nothing
 * waits for: it completes what crashes and failures left, keeps the index,
 * deletes by the retention's rules, and writes the metrics' file.
 */
#ifndef NETRA_STORE_KEEPER_H
#define NETRA_STORE_KEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "folder.h"
#include "index.h"
#include "retention.h"

#define NETRA_KEEPER_EVENTS	256u
#define NETRA_KEEPER_LEFT	128u

struct netra_keeper_options {
	struct netra_retention_limits limits;
	const char *metrics;	/* file; NULL = none */
	bool sync;
};

/* An event for the index; its kind and text are copied. */
struct netra_keeper_event {
	int64_t time_ns;
	int64_t end_ns;		/* 0 = a moment */
	int channel;		/* -1 = all */
	uint64_t lost;
	char kind[16];
	char text[120];
};

/* Of a channel: its files as last listed. The keeper's thread only. */
struct netra_keeper_channel {
	struct netra_store_entry *entries;
	size_t count;
	bool listed;
	bool index_due;		/* the index does not know all of it */
};

struct netra_store_keeper {
	struct netra_store_folder folder;	/* a view */
	struct netra_keeper_options options;
	pthread_t thread;
	bool threaded;

	pthread_mutex_t mutex;		/* the fields up to the next blank line */
	pthread_cond_t wake;
	clockid_t wake_clock;		/* of its waits; set once */
	bool stop;
	uint64_t changed;		/* channels to be listed anew; bit per channel */
	struct netra_keeper_event event[NETRA_KEEPER_EVENTS];
	uint32_t event_first, event_count;
	uint64_t events_lost;
	struct { uint32_t channel; int64_t start_ms; } left[NETRA_KEEPER_LEFT];
	uint32_t left_count;
	char *metrics;			/* to be written; NULL = nothing new */
	char index_trouble[160];	/* "" = the index is fine */
	char retention_trouble[160];
	char metrics_trouble[160];
	uint64_t deleted;		/* files, by retention */

	struct netra_store_index *index;
	uint64_t index_retry_ns;
	uint64_t forget_ns;		/* when old events go again */
	uint64_t left_retry_ns;
	uint64_t retention_ns;		/* when it looks again */
	struct netra_protected *ranges;
	size_t range_count;
	struct netra_keeper_channel channel[NETRA_STORE_CHANNELS];

	struct netra_store_keeper *next;	/* keeper_floor.c's, with its mutex */
	uint64_t device;
	int64_t oldest_ms;
};

struct netra_keeper_status {
	char index_trouble[160];
	char retention_trouble[160];
	char metrics_trouble[160];
	uint64_t deleted;
	uint64_t events_lost;
};

/** netra_store_keeper_init() - Of an open store. NETRA_ERR_IO. */
enum netra_error
netra_store_keeper_init(struct netra_store_keeper *keeper,
			const struct netra_store_folder *folder,
			const struct netra_keeper_options *options);

/** netra_store_keeper_floor_fits() - Can the file system have so much free at all? */
bool netra_store_keeper_floor_fits(const struct netra_store_keeper *keeper);

/** netra_store_keeper_start() - Have its thread run. NETRA_ERR_NO_MEMORY. */
enum netra_error netra_store_keeper_start(struct netra_store_keeper *keeper);

/** netra_store_keeper_left() - A ".part" that nobody writes any more. */
void netra_store_keeper_left(struct netra_store_keeper *keeper,
			     uint32_t channel, int64_t start_ms);

/** netra_store_keeper_changed() - A channel's files are not what they were. */
void netra_store_keeper_changed(struct netra_store_keeper *keeper,
				uint32_t channel);

/** netra_store_keeper_event() - For the index. When 256 wait, it is counted only. */
void netra_store_keeper_event(struct netra_store_keeper *keeper,
			      const struct netra_keeper_event *event);

/** netra_store_keeper_metrics() - Text for the metrics' file; freed by the keeper. */
void netra_store_keeper_metrics(struct netra_store_keeper *keeper, char *text);

void netra_store_keeper_status(struct netra_store_keeper *keeper,
			       struct netra_keeper_status *status);

/** netra_store_keeper_step() - One round; true if there is more to do at once. */
bool netra_store_keeper_step(struct netra_store_keeper *keeper,
			     uint64_t now_ns);

/** netra_store_keeper_finish() - A last round, and the thread's end. */
void netra_store_keeper_finish(struct netra_store_keeper *keeper);

/* ---- between the files keeper*.c ------------------------------------------ */

#define NETRA_KEEPER_WHY 160u
/* So many files that cannot be deleted are passed over in a round. */
#define NETRA_KEEPER_STUCK 8u

/** netra_keeper_list() - The channel's files as they are now. */
bool netra_keeper_list(struct netra_store_keeper *keeper, uint32_t channel);

/** netra_keeper_write_metrics() - If there are new ones. */
void netra_keeper_write_metrics(struct netra_store_keeper *keeper);

/** netra_keeper_retain() - Delete what has to go. */
void netra_keeper_retain(struct netra_store_keeper *keeper);

/**
 * netra_keeper_oldest() - The oldest file of a channel that may go.
 * @end: When it ended, at the latest.
 * Return: its place in the channel's entries; -1 = none.
 */
int64_t netra_keeper_oldest(struct netra_store_keeper *keeper,
			    uint32_t channel, int64_t *end);

/**
 * netra_keeper_delete() - false: @why it could not be deleted. It is passed over
 * for the rest of the round.
 */
bool netra_keeper_delete(struct netra_store_keeper *keeper, uint32_t channel,
			 size_t at, char why[NETRA_KEEPER_WHY]);

/** netra_keeper_retain_floor() - Keep so much of the disk free. @why: why not. */
void netra_keeper_retain_floor(struct netra_store_keeper *keeper,
			       char why[NETRA_KEEPER_WHY]);

/**
 * netra_keeper_oldest_elsewhere() - Beginning of the oldest file that may go in
 * another store of this program on the same disk; INT64_MAX = none.
 * @oldest_ms: The same of this one, for the others to know.
 */
int64_t netra_keeper_oldest_elsewhere(struct netra_store_keeper *keeper,
				      int64_t oldest_ms);

/** netra_keeper_join() - Be one of those that share disks, until … */
void netra_keeper_join(struct netra_store_keeper *keeper);
void netra_keeper_leave(struct netra_store_keeper *keeper);

#endif
