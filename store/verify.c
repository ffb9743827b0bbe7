/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"

/* One file under way. */
struct look {
	struct netra_store_verify *verify;
	struct netra_store_scan *scan;
	uint32_t channel;
	bool part;
	uint32_t sequence;	/* of the fragment before */
	int64_t dts;		/* of its first sample; -1 = there is none */
	char name[64];
};

static void fault(struct look *look, uint64_t offset, const char *what)
{
	look->verify->faults++;
	look->verify->fault(look->verify->context, look->name, offset, what);
}

static void look_at(struct look *look, const struct netra_mp4_moof *moof)
{
	struct netra_store_verify *verify = look->verify;
	uint64_t at = look->scan->at;
	enum netra_error err;

	verify->fragments++;
	verify->frames += moof->samples;
	if (moof->note.channel != look->channel)
		fault(look, at, "of another channel");
	if (moof->note.sequence != look->sequence + 1)
		fault(look, at, "fragments are missing before it");
	if (moof->dts_90k <= look->dts)
		fault(look, at, "times do not rise");
	look->sequence = moof->note.sequence;
	look->dts = moof->dts_90k;
	err = netra_store_scan_payload(look->scan, moof);
	if (err == NETRA_ERR_CORRUPT)
		fault(look, at, "pictures are damaged (checksum)");
	else if (err)
		fault(look, at, "cannot be read");
	if (verify->progress)
		verify->progress(verify->context, moof->header_bytes +
						  moof->payload_bytes);
}

/* What follows the last fragment: nothing, or an index that fills the rest. */
static void look_at_end(struct look *look)
{
	struct netra_store_scan *scan = look->scan;
	uint64_t left = scan->size - scan->position;
	uint8_t size[4];

	if (look->part)
		return;
	if (!scan->head.duration_90k)
		fault(look, 0, "its length is not filled in");
	if (!left)
		return;
	if (left < 8 || pread(scan->fd, size, 4, (off_t)scan->position) != 4 ||
	    ((uint32_t)size[0] << 24 | (uint32_t)size[1] << 16 |
	     (uint32_t)size[2] << 8 | size[3]) != left)
		fault(look, scan->position, "something else is at its end");
}

static void walk(struct look *look)
{
	struct netra_store_scan *scan = look->scan;
	struct netra_mp4_moof moof;
	enum netra_error err;

	for (;;) {
		err = netra_store_scan_next(scan, &moof);
		if (!err) {
			look_at(look, &moof);
			continue;
		}
		if (err != NETRA_ERR_CORRUPT)
			break;
		/* The torn end of a file that is not complete is no fault. */
		err = netra_store_scan_resync(scan);
		if (err == NETRA_ERR_ENDED && look->part)
			break;
		fault(look, scan->at, err ? "its end is damaged"
					  : "a fragment is damaged");
		if (err) {
			err = NETRA_ERR_CORRUPT;
			break;
		}
		look->sequence = UINT32_MAX;
	}
	if (err == NETRA_ERR_IO)
		fault(look, scan->at, "cannot be read");
	else if (err == NETRA_ERR_ENDED && scan->at == scan->position)
		look_at_end(look);
}

void netra_store_verify_file(struct netra_store_verify *verify,
			     struct netra_store_folder *folder,
			     uint32_t channel,
			     const struct netra_store_entry *entry)
{
	struct look look = { .verify = verify, .channel = channel, .dts = -1,
			     .part = entry->kind == NETRA_STORE_FILE_PART };
	char name[NETRA_STORE_NAME_BYTES];
	enum netra_error err;
	int fd;

	look.scan = malloc(sizeof(*look.scan));
	netra_store_name(name, entry->start_ms, netra_store_suffix(entry->kind));
	snprintf(look.name, sizeof(look.name), "ch%02u/%s", channel, name);
	fd = openat(folder->channel[channel], name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		goto out;
	verify->files++;
	if (fd < 0 || !look.scan) {
		fault(&look, 0, "cannot be opened");
		goto out;
	}
	err = netra_store_scan_open(look.scan, fd);
	verify->bytes += look.scan->size;
	if (!err)
		walk(&look);
	else if (err == NETRA_ERR_IO)
		fault(&look, 0, "cannot be read");
	else if (!look.part || look.scan->size > NETRA_MP4_INIT_MAX_BYTES)
		fault(&look, 0, "it does not begin as recordings do");
out:
	if (fd >= 0)
		close(fd);
	free(look.scan);
}
