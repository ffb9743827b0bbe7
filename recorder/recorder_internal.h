/* SPDX-License-Identifier: BSD-2-Clause */
/* Between recorder.c and recorder_open.c. */
#ifndef NETRA_RECORDER_INTERNAL_H
#define NETRA_RECORDER_INTERNAL_H

#include <time.h>

#include "recorder.h"
#include "recorder_channel.h"
#include "recorder_watch.h"

struct netra_recorder {
	struct netra_store_folder folder;
	struct netra_store_pool pool;
	struct netra_store_writer writer;
	struct netra_store_keeper keeper;
	struct netra_recording_shared shared;
	struct netra_recorder_watch watch;
	uint32_t repaired;
	uint64_t tick_ns;	/* the next one */
	uint64_t look_ns;	/* when they may all have been ended by a frame; 0 = past */
	uint64_t cut_ns;	/* when fragments that are due are cut; 0 = none are */
	uint32_t count;
	struct netra_recording *recordings;
};

static inline uint64_t netra_recorder_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/** netra_recorder_free() - What netra_recorder_open() has made. Waits for the disk. */
void netra_recorder_free(struct netra_recorder *recorder);

#endif
