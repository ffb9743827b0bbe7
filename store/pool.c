/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of fragments that were written are used again last in, first out, by
 * whoever needs one next: so little more memory is touched than there are
 * bytes on their way.
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK NETRA_MP4_BLOCK_BYTES
#define FREE_MAX 128u	/* fragments: all channels, twice */
#define FRAGMENT_BYTES	(sizeof(struct netra_store_fragment) + \
			 NETRA_MP4_HEADER_BYTES(NETRA_STORE_FRAGMENT_SAMPLES))

void netra_store_pool_init(struct netra_store_pool *pool, uint64_t bytes_max,
			   uint64_t free_bytes_max)
{
	memset(pool, 0, sizeof(*pool));
	pthread_mutex_init(&pool->mutex, NULL);
	pool->bytes_max = bytes_max;
	pool->free_bytes_max = free_bytes_max;
}

/* With the mutex held. */
static void *pop_block(struct netra_store_pool *pool)
{
	struct netra_free_block *block = pool->block;

	if (block) {
		pool->block = block->next;
		pool->free_bytes -= BLOCK;
	}
	return block;
}

static void push_block(struct netra_store_pool *pool, void *memory)
{
	struct netra_free_block *block = memory;

	if (pool->free_bytes + BLOCK > pool->free_bytes_max) {
		pool->bytes -= BLOCK;
		free(block);
		return;
	}
	block->next = pool->block;
	pool->block = block;
	pool->free_bytes += BLOCK;
}

static struct netra_store_fragment *pop(struct netra_store_pool *pool)
{
	struct netra_store_fragment *fragment = pool->free;

	if (fragment) {
		pool->free = fragment->next;
		pool->free_count--;
	}
	return fragment;
}

/* With the mutex held, or no one else about. */
static void drop(struct netra_store_pool *pool,
		 struct netra_store_fragment *fragment)
{
	netra_mp4_fragment_free(&fragment->mp4);
	free(fragment);
	pool->bytes -= FRAGMENT_BYTES;
}

void netra_store_pool_free(struct netra_store_pool *pool)
{
	struct netra_store_fragment *fragment;
	void *block;

	while ((fragment = pop(pool)))
		drop(pool, fragment);
	while ((block = pop_block(pool))) {
		pool->bytes -= BLOCK;
		free(block);
	}
	pthread_mutex_destroy(&pool->mutex);
}

/* With the mutex held. */
static struct netra_store_fragment *make(struct netra_store_pool *pool)
{
	struct netra_store_fragment *fragment = calloc(1, sizeof(*fragment));

	if (!fragment)
		return NULL;
	if (netra_mp4_fragment_init(&fragment->mp4,
				    NETRA_STORE_FRAGMENT_SAMPLES)) {
		free(fragment);
		return NULL;
	}
	pool->bytes += FRAGMENT_BYTES;
	return fragment;
}

struct netra_store_fragment *netra_store_pool_take(struct netra_store_pool *pool)
{
	struct netra_store_fragment *fragment;

	pthread_mutex_lock(&pool->mutex);
	fragment = pop(pool);
	if (!fragment && pool->bytes + FRAGMENT_BYTES <= pool->bytes_max)
		fragment = make(pool);
	pthread_mutex_unlock(&pool->mutex);
	return fragment;
}

/* With the mutex held. */
static enum netra_error lend_block(struct netra_store_pool *pool,
				   struct netra_mp4_fragment *mp4)
{
	void *block = pop_block(pool);

	if (!block && pool->bytes + BLOCK <= pool->bytes_max) {
		block = malloc(BLOCK);
		if (block)
			pool->bytes += BLOCK;
	}
	if (!block)
		return NETRA_ERR_NO_MEMORY;
	if (!netra_mp4_fragment_lend(mp4, block))
		return NETRA_OK;
	push_block(pool, block);
	return NETRA_ERR_NO_MEMORY;
}

enum netra_error netra_store_pool_reserve(struct netra_store_pool *pool,
					  struct netra_store_fragment *fragment,
					  uint64_t bytes)
{
	struct netra_mp4_fragment *mp4 = &fragment->mp4;
	uint64_t wanted = mp4->payload_bytes + bytes;
	enum netra_error err = NETRA_OK;
	uint64_t missing, to_be_had;

	if (wanted <= netra_mp4_fragment_holds(mp4))
		return NETRA_OK;
	missing = (wanted - netra_mp4_fragment_holds(mp4) + BLOCK - 1) / BLOCK;
	pthread_mutex_lock(&pool->mutex);
	/* All of it or nothing: what one waits with, others could use. */
	to_be_had = pool->free_bytes / BLOCK +
		    (pool->bytes_max - pool->bytes) / BLOCK;
	if (missing > to_be_had)
		err = NETRA_ERR_NO_MEMORY;
	while (!err && missing--)
		err = lend_block(pool, mp4);
	pthread_mutex_unlock(&pool->mutex);
	return err;
}

/* With the mutex held. */
static void take_back(struct netra_store_pool *pool,
		      struct netra_store_fragment *fragment)
{
	void *block;

	while ((block = netra_mp4_fragment_take_back(&fragment->mp4)))
		push_block(pool, block);
}

void netra_store_pool_trim(struct netra_store_pool *pool,
			   struct netra_store_fragment *fragment)
{
	pthread_mutex_lock(&pool->mutex);
	take_back(pool, fragment);
	pthread_mutex_unlock(&pool->mutex);
}

void netra_store_pool_give(struct netra_store_pool *pool,
			   struct netra_store_fragment *fragment)
{
	if (!fragment)
		return;
	free(fragment->init);
	fragment->init = NULL;
	fragment->ends = false;
	memset(&fragment->note, 0, sizeof(fragment->note));
	netra_mp4_fragment_reset(&fragment->mp4);
	pthread_mutex_lock(&pool->mutex);
	take_back(pool, fragment);
	if (pool->free_count < FREE_MAX) {
		fragment->next = pool->free;
		pool->free = fragment;
		pool->free_count++;
	} else {
		drop(pool, fragment);
	}
	pthread_mutex_unlock(&pool->mutex);
}
