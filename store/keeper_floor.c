/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The free-space floor: the oldest file of all channels goes first, and of all
 * stores that this program keeps on the same disk. Else one of them would be
 * eaten up, whichever looks first each time.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "keeper.h"

#define FLOOR_BYTES (UINT64_C(1) << 30)

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct netra_store_keeper *list;

void netra_keeper_join(struct netra_store_keeper *keeper)
{
	struct stat st;

	keeper->oldest_ms = INT64_MAX;
	if (fstat(keeper->folder.fd, &st))
		return;
	pthread_mutex_lock(&list_mutex);
	keeper->device = (uint64_t)st.st_dev;
	keeper->next = list;
	list = keeper;
	pthread_mutex_unlock(&list_mutex);
}

void netra_keeper_leave(struct netra_store_keeper *keeper)
{
	pthread_mutex_lock(&list_mutex);
	for (struct netra_store_keeper **at = &list; *at; at = &(*at)->next) {
		if (*at == keeper) {
			*at = keeper->next;
			break;
		}
	}
	pthread_mutex_unlock(&list_mutex);
}

int64_t netra_keeper_oldest_elsewhere(struct netra_store_keeper *keeper,
				      int64_t oldest_ms)
{
	int64_t elsewhere_ms = INT64_MAX;

	pthread_mutex_lock(&list_mutex);
	keeper->oldest_ms = oldest_ms;
	for (const struct netra_store_keeper *k = list; k; k = k->next)
		if (k != keeper && k->device == keeper->device &&
		    k->oldest_ms < elsewhere_ms)
			elsewhere_ms = k->oldest_ms;
	pthread_mutex_unlock(&list_mutex);
	return elsewhere_ms;
}

/* Not the better part of a small disk. */
static uint64_t default_floor(const struct statvfs *fs)
{
	uint64_t tenth = (uint64_t)fs->f_blocks * fs->f_frsize / 10;

	return tenth < FLOOR_BYTES ? tenth : FLOOR_BYTES;
}

bool netra_store_keeper_floor_fits(const struct netra_store_keeper *keeper)
{
	uint64_t floor = keeper->options.limits.free_bytes;
	struct statvfs fs;

	return !floor || floor == NETRA_FREE_DEFAULT ||
	       fstatvfs(keeper->folder.fd, &fs) ||
	       floor < (uint64_t)fs.f_blocks * fs.f_frsize;
}

/* Bytes that are missing to the floor. */
static uint64_t missing_bytes(const struct netra_store_keeper *keeper)
{
	uint64_t floor = keeper->options.limits.free_bytes, available;
	struct statvfs fs;

	if (!floor || fstatvfs(keeper->folder.fd, &fs))
		return 0;
	available = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (floor == NETRA_FREE_DEFAULT)
		floor = default_floor(&fs);
	return available < floor ? floor - available : 0;
}

/* The oldest file of all channels; false: none may go. */
static bool choose(struct netra_store_keeper *keeper, uint32_t *channel,
		   size_t *at, int64_t *oldest_ms)
{
	int64_t found, end;

	*oldest_ms = INT64_MAX;
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		found = netra_keeper_oldest(keeper, i, &end);
		if (found < 0 || keeper->channel[i].entries[found].start_ms >=
					 *oldest_ms)
			continue;
		*channel = i;
		*at = (size_t)found;
		*oldest_ms = keeper->channel[i].entries[found].start_ms;
	}
	return *oldest_ms != INT64_MAX;
}

void netra_keeper_retain_floor(struct netra_store_keeper *keeper,
			       char why[NETRA_KEEPER_WHY])
{
	uint64_t missing = missing_bytes(keeper), bytes;
	int64_t oldest_ms, elsewhere_ms;
	uint32_t channel = 0, stuck = 0;
	size_t at = 0;
	bool any;

	/* Without a floor of its own: nobody is to wait for it. */
	if (!keeper->options.limits.free_bytes)
		return;
	while (stuck < NETRA_KEEPER_STUCK) {
		any = choose(keeper, &channel, &at, &oldest_ms);
		elsewhere_ms = netra_keeper_oldest_elsewhere(keeper, oldest_ms);
		/* An older one goes first: its keeper looks soon. */
		if (!missing || elsewhere_ms < oldest_ms)
			return;
		if (!any) {
			if (!stuck)
				snprintf(why, NETRA_KEEPER_WHY, "too little free space, "
					 "and nothing that may be deleted");
			return;
		}
		bytes = keeper->channel[channel].entries[at].bytes;
		if (!netra_keeper_delete(keeper, channel, at, why))
			stuck++;
		else
			missing = missing > bytes ? missing - bytes : 0;
	}
	netra_keeper_oldest_elsewhere(keeper, INT64_MAX);
}
