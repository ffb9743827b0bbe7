/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments on their way to the disk, and the bound on their memory: what the
 * recorder holds while a disk is slow. Any thread.
 */
#ifndef NETRA_STORE_POOL_H
#define NETRA_STORE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "mp4/mp4_fragment.h"
#include "mp4/mp4_init.h"

#define NETRA_STORE_FRAGMENT_SAMPLES 64u	/* half a second of 120 a second */

struct netra_store_fragment {
	struct netra_store_fragment *next;	/* in a queue */
	struct netra_mp4_fragment mp4;
	struct netra_mp4_init *init;	/* begins a file with it; NULL: goes on */
	struct netra_mp4_note note;	/* channel, flags, wall_ns and lost */
	bool ends;			/* no fragment: the file is complete */
	uint32_t file_number;		/* which of its channel's, from 1 */
	uint32_t last_duration_90k;	/* if no frame follows */
	int64_t first_pts_90k;		/* least of the fragment */
	int64_t end_pts_90k;		/* when its last picture ends */
	uint64_t taken_ns;		/* its oldest frame, CLOCK_MONOTONIC */
};

struct netra_free_block {
	struct netra_free_block *next;
};

struct netra_store_pool {
	pthread_mutex_t mutex;
	struct netra_store_fragment *free;	/* without blocks */
	uint32_t free_count;
	struct netra_free_block *block;
	uint64_t free_bytes;		/* of blocks that nobody uses */
	uint64_t free_bytes_max;
	uint64_t bytes;			/* of all blocks and fragments */
	uint64_t bytes_max;
};

/**
 * netra_store_pool_init() - An empty pool.
 * @bytes_max: Bound on its memory.
 * @free_bytes_max: So much of it is kept while nobody uses it.
 */
void netra_store_pool_init(struct netra_store_pool *pool, uint64_t bytes_max,
			   uint64_t free_bytes_max);

/** netra_store_pool_free() - All fragments must have been given back. */
void netra_store_pool_free(struct netra_store_pool *pool);

/** netra_store_pool_take() - An empty fragment; NULL: as netra_store_pool_reserve(). */
struct netra_store_fragment *netra_store_pool_take(struct netra_store_pool *pool);

/**
 * netra_store_pool_reserve() - Room for @bytes more of payload.
 *
 * NETRA_ERR_NO_MEMORY: the bound is reached, or the system's memory is; the
 * fragment has got nothing of what others could use.
 */
enum netra_error netra_store_pool_reserve(struct netra_store_pool *pool,
					  struct netra_store_fragment *fragment,
					  uint64_t bytes);

/** netra_store_pool_trim() - Nothing more comes in: what is free of it can go. */
void netra_store_pool_trim(struct netra_store_pool *pool,
			   struct netra_store_fragment *fragment);

/** netra_store_pool_give() - Give a fragment back; NULL is allowed. */
void netra_store_pool_give(struct netra_store_pool *pool,
			   struct netra_store_fragment *fragment);

#endif
