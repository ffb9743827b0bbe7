/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What writes a store: fragments of all channels come in through one queue,
 * are appended to files, and made durable together. Only netra_store_writer_step()
 * touches a disk; one thread calls it, usually that of
 * netra_store_writer_start(). All else may be called from any thread and
 * never waits for a disk.
 */
#ifndef NETRA_STORE_WRITER_H
#define NETRA_STORE_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "file.h"
#include "folder.h"
#include "keeper.h"
#include "pool.h"
#include "sync_choice.h"

/* So much is written before a commit is due. */
#define NETRA_STORE_QUEUED_BYTES (1u << 20)

/* How a channel stands; a snapshot. */
struct netra_store_account {
	uint64_t frames;	/* written */
	uint64_t lost;		/* handed over, but not written or durable */
	uint64_t bytes;		/* of all its files */
	uint32_t files;
	uint32_t failed_file;	/* number of the last that failed; 0 = none */
	int64_t duration_90k;	/* recorded, gaps inside files included */
	uint64_t durable_ns;	/* when last made durable; 0 = never */
	bool failed;		/* something could not be written as it should */
	char error[160];	/* why; "" = nothing failed */
	char name[64];		/* of its last file: "ch00/….mp4.part"; "" = none */
};

/* The writing thread's view of a channel. */
struct netra_store_channel {
	struct netra_store_file file;
	struct netra_store_file closing;	/* ended, to be synced and named */
	struct netra_store_account account;
	uint64_t closed_bytes;		/* of files before this one */
	int64_t closed_90k;
	uint32_t file_number;
	uint64_t untold;		/* lost, and in no fragment's note yet */
	bool folder_dirty;		/* names have changed */
	bool changed;			/* the account is to be published */
	struct netra_mp4_index index;	/* of file; last: little of it is touched */
};

struct netra_store_writer {
	struct netra_store_folder *folder;
	struct netra_store_pool *pool;
	struct netra_store_keeper *keeper;	/* is told of files; NULL = nobody */
	bool sync;
	pthread_t thread;
	bool threaded;

	pthread_mutex_t mutex;		/* the fields up to the next blank line */
	pthread_cond_t wake;
	struct netra_store_fragment *first, *last;
	uint64_t queued_bytes;
	uint64_t queued_ns;		/* oldest frame in the queue */
	uint64_t writing_ns;		/* oldest frame taken off the queue, not durable */
	bool commit;
	bool stop;
	struct netra_store_account account[NETRA_STORE_CHANNELS];

	uint64_t undurable_ns;		/* oldest frame written, not durable */
	bool together;			/* one sync of the file system will do */
	struct netra_sync_choice choice;	/* but is it quick? */
	struct netra_store_channel channel[NETRA_STORE_CHANNELS];
};

/**
 * netra_store_writer_init() - No file yet.
 * @writer: All zeros: what is never used of it shall take no memory.
 * @folder, @pool: The caller's, for as long as the writer lives.
 * @sync: Make what is written durable; else leave that to the system.
 */
void netra_store_writer_init(struct netra_store_writer *writer,
			     struct netra_store_folder *folder,
			     struct netra_store_pool *pool, bool sync);

/**
 * netra_store_writer_start() - Have a thread of its own do the work.
 * NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_store_writer_start(struct netra_store_writer *writer);

/** netra_store_writer_queue() - Hand a fragment over; it goes back to the pool. */
void netra_store_writer_queue(struct netra_store_writer *writer,
			      struct netra_store_fragment *fragment);

/** netra_store_writer_commit() - Make durable all that is queued up to now. */
void netra_store_writer_commit(struct netra_store_writer *writer);

/** netra_store_writer_account() - How a channel stands. */
void netra_store_writer_account(struct netra_store_writer *writer,
				uint32_t channel,
				struct netra_store_account *account);

/** netra_store_writer_failed_file() - The number alone: cheap enough for each pump. */
uint32_t netra_store_writer_failed_file(struct netra_store_writer *writer,
					uint32_t channel);

/**
 * netra_store_writer_oldest_ns() - When the oldest frame that was handed over
 * and is not durable yet was taken; 0 = all are.
 */
uint64_t netra_store_writer_oldest_ns(struct netra_store_writer *writer);

/** netra_store_writer_step() - Do what is queued; returns at once if nothing is. */
void netra_store_writer_step(struct netra_store_writer *writer);

/**
 * netra_store_writer_finish() - Write the rest, complete all files, end the
 * thread. Waits for the disk.
 */
void netra_store_writer_finish(struct netra_store_writer *writer);

/** netra_store_writer_free() - After netra_store_writer_finish(). */
void netra_store_writer_free(struct netra_store_writer *writer);

/* ---- between writer.c and writer_commit.c ------------------------------- */

/** netra_store_commit() - Sync all channels, name ended files. */
void netra_store_commit(struct netra_store_writer *writer);

/** netra_store_end_file() - The channel's file is complete; the next commit names it. */
void netra_store_end_file(struct netra_store_writer *writer, uint32_t channel);

/** netra_store_count_file() - Nothing more comes to the account from its file. */
void netra_store_count_file(struct netra_store_channel *channel);

/** netra_store_fail() - Count and say that something went wrong. */
void netra_store_fail(struct netra_store_channel *channel, const char *why);

#endif
