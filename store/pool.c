/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Free fragments are used again last in, first out, so that few pages are
 * touched. When the bound is near, free ones lose their memory first.
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

void netra_store_pool_init(struct netra_store_pool *pool, uint64_t bytes_max,
			   uint32_t free_max)
{
	memset(pool, 0, sizeof(*pool));
	pthread_mutex_init(&pool->mutex, NULL);
	pool->bytes_max = bytes_max;
	pool->free_max = free_max;
}

/* With the mutex held. */
static void drop(struct netra_store_pool *pool,
		 struct netra_store_fragment *fragment)
{
	pool->bytes -= fragment->mp4.payload_room;
	netra_mp4_fragment_free(&fragment->mp4);
	free(fragment);
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

void netra_store_pool_free(struct netra_store_pool *pool)
{
	while (pool->free)
		drop(pool, pop(pool));
	pthread_mutex_destroy(&pool->mutex);
}

struct netra_store_fragment *netra_store_pool_take(struct netra_store_pool *pool)
{
	struct netra_store_fragment *fragment;

	pthread_mutex_lock(&pool->mutex);
	fragment = pop(pool);
	pthread_mutex_unlock(&pool->mutex);
	if (fragment)
		return fragment;
	fragment = calloc(1, sizeof(*fragment));
	if (fragment && netra_mp4_fragment_init(&fragment->mp4,
						NETRA_STORE_FRAGMENT_SAMPLES)) {
		free(fragment);
		return NULL;
	}
	return fragment;
}

enum netra_error netra_store_pool_reserve(struct netra_store_pool *pool,
					  struct netra_store_fragment *fragment,
					  uint64_t bytes)
{
	struct netra_mp4_fragment *mp4 = &fragment->mp4;
	uint64_t wanted = mp4->payload_bytes + bytes, more;
	enum netra_error err = NETRA_ERR_NO_MEMORY;
	uint32_t before = mp4->payload_room;

	if (wanted <= before)
		return NETRA_OK;
	more = wanted - before;
	pthread_mutex_lock(&pool->mutex);
	while (pool->bytes + more > pool->bytes_max && pool->free)
		drop(pool, pop(pool));
	if (pool->bytes + more <= pool->bytes_max) {
		err = netra_mp4_fragment_reserve(mp4, wanted);
		pool->bytes += mp4->payload_room - before;
	}
	pthread_mutex_unlock(&pool->mutex);
	return err;
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
	if (pool->free_count < pool->free_max) {
		fragment->next = pool->free;
		pool->free = fragment;
		pool->free_count++;
	} else {
		drop(pool, fragment);
	}
	pthread_mutex_unlock(&pool->mutex);
}
