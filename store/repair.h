/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a crash or a power cut has left: files called ".part" whose ends may be
 * torn. The caller holds the store's lock.
 */
#ifndef NETRA_STORE_REPAIR_H
#define NETRA_STORE_REPAIR_H

#include "folder.h"

struct netra_store_repair {
	uint32_t files;		/* that were looked at */
	uint32_t cut;		/* of these, with an end cut off */
	uint32_t damaged;	/* without one whole fragment: set aside */
	uint32_t failed;	/* could not be repaired; see why */
	uint64_t cut_bytes;
	char why[160];		/* of the last failure, with the file's name */
};

/**
 * netra_store_repair() - Cut the ends of a channel's files to whole fragments.
 * @repair: Counts on.
 *
 * Bounded by what was not durable, not by the files' length. They keep the
 * name ".part": netra_store_adopt() completes them.
 */
void netra_store_repair(struct netra_store_folder *folder, uint32_t channel,
			struct netra_store_repair *repair);

/** netra_store_repair_file() - Likewise one file, by the time in its name. */
void netra_store_repair_file(struct netra_store_folder *folder,
			     uint32_t channel, int64_t start_ms,
			     struct netra_store_repair *repair);

/**
 * netra_store_adopt() - Complete one repaired file: index, duration, name.
 * @start_ms: As its name says.
 * @why: Receives why not.
 *
 * Reads all headers of the file. NETRA_ERR_CORRUPT, NETRA_ERR_IO.
 */
enum netra_error netra_store_adopt(struct netra_store_folder *folder,
				   uint32_t channel, int64_t start_ms,
				   bool sync, char *why, uint32_t why_bytes);

#endif
