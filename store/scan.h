/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the fragments of a file, by their headers alone or with their
 * payload, and finds a file's last one from its end. One thread.
 */
#ifndef NETRA_STORE_SCAN_H
#define NETRA_STORE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "mp4/mp4_init.h"
#include "mp4/mp4_read.h"

struct netra_store_scan {
	int fd;				/* the caller's */
	uint64_t size;			/* of the file, when it was opened */
	uint64_t position;		/* of the next fragment */
	uint64_t at;			/* of the one read last */
	struct netra_mp4_head head;
	uint8_t init[NETRA_MP4_INIT_MAX_BYTES];
	uint8_t header[NETRA_MP4_HEADER_BYTES(NETRA_MP4_SAMPLES_MAX)];
};

/**
 * netra_store_scan_open() - Read a file's beginning.
 * @fd: Readable; stays the caller's.
 *
 * NETRA_ERR_CORRUPT: it does not begin as our files do. NETRA_ERR_IO.
 */
enum netra_error netra_store_scan_open(struct netra_store_scan *scan, int fd);

/**
 * netra_store_scan_next() - The header of the next fragment.
 * @moof: Points into @scan; valid until the next call.
 *
 * NETRA_ERR_ENDED: there are no more; scan->position is where they end (mfra
 * may follow). NETRA_ERR_CORRUPT: what is there is no whole fragment.
 * NETRA_ERR_IO.
 */
enum netra_error netra_store_scan_next(struct netra_store_scan *scan,
				       struct netra_mp4_moof *moof);

/**
 * netra_store_scan_payload() - Does the payload's checksum hold?
 * NETRA_ERR_CORRUPT: no. NETRA_ERR_IO.
 */
enum netra_error netra_store_scan_payload(const struct netra_store_scan *scan,
					  const struct netra_mp4_moof *moof);

/**
 * netra_store_scan_resync() - After NETRA_ERR_CORRUPT: go on with the next whole
 * header, if there is one.
 * NETRA_ERR_ENDED: there is none. NETRA_ERR_IO.
 */
enum netra_error netra_store_scan_resync(struct netra_store_scan *scan);

/**
 * netra_store_scan_next_whole() - As netra_store_scan_next(), but what is no
 * fragment is stepped over.
 */
enum netra_error netra_store_scan_next_whole(struct netra_store_scan *scan,
					     struct netra_mp4_moof *moof);

/**
 * netra_store_scan_last() - Find the last fragment whose header is whole.
 *
 * Reads backwards from the end, so it takes no longer for a long file. Sets
 * the scan to where what that fragment calls durable ends, or to the first
 * fragment if it knows nothing durable; netra_store_scan_next() goes on there.
 * NETRA_ERR_ENDED: there is none. NETRA_ERR_IO.
 */
enum netra_error netra_store_scan_last(struct netra_store_scan *scan);

#endif
