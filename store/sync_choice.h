/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One sync of all, or one of each file? The first costs less, but waits for what
 * others write to the same file system. No times are taken here: callers pass
 * them in ns of one clock.
 */
#ifndef NETRA_STORE_SYNC_CHOICE_H
#define NETRA_STORE_SYNC_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros at first. */
struct netra_sync_choice {
	uint64_t apart_until_ns;
	uint64_t together_ns;	/* how long the last slow sync of all took */
	uint64_t apart_ns;	/* how long the last sync file by file took */
};

/** netra_sync_choice_together() - Is it time for a sync of all? */
bool netra_sync_choice_together(const struct netra_sync_choice *choice,
				uint64_t now_ns);

/**
 * netra_sync_choice_took_together() - A sync of all has ended at @end_ns. One
 * that was slow is not tried again for 20 times as long, a minute at most.
 */
void netra_sync_choice_took_together(struct netra_sync_choice *choice,
				     uint64_t begin_ns, uint64_t end_ns);

/**
 * netra_sync_choice_took_apart() - All files were synced by themselves. Where
 * that was no quicker, the disk is slow, not others in the way.
 */
void netra_sync_choice_took_apart(struct netra_sync_choice *choice,
				  uint64_t begin_ns, uint64_t end_ns);

#endif
