/* SPDX-License-Identifier: BSD-2-Clause */
#include "scan.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "lib/checksum.h"

#define FIRST_READ	1024u		/* a usual header fits */
#define CHUNK		(64u << 10)

/* Reads up to @length bytes; how many came, or -1 (errno). */
static ssize_t read_at(int fd, void *data, size_t length, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < length) {
		n = pread(fd, (char *)data + done, length - done,
			  (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

enum netra_error netra_store_scan_open(struct netra_store_scan *scan, int fd)
{
	enum netra_error err;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return NETRA_ERR_IO;
	scan->fd = fd;
	scan->size = (uint64_t)st.st_size;
	n = read_at(fd, scan->init, sizeof(scan->init), 0);
	if (n < 0)
		return NETRA_ERR_IO;
	err = netra_mp4_head_read(&scan->head, scan->init, (size_t)n);
	scan->position = scan->head.bytes;
	scan->at = scan->position;
	return err;
}

/* Reads the header at @position, all of it if it is one. */
static enum netra_error read_moof(struct netra_store_scan *scan,
				  uint64_t position, struct netra_mp4_moof *moof)
{
	size_t wanted = FIRST_READ;
	enum netra_error err;
	ssize_t n;

	for (int tries = 0;; tries++) {
		n = read_at(scan->fd, scan->header, wanted, position);
		if (n < 0)
			return NETRA_ERR_IO;
		err = netra_mp4_moof_read(moof, scan->header, (size_t)n);
		if (err != NETRA_ERR_AGAIN)
			return err;
		if ((size_t)n < wanted || tries)
			return NETRA_ERR_CORRUPT;
		wanted = moof->header_bytes;
	}
}

enum netra_error netra_store_scan_next(struct netra_store_scan *scan,
				       struct netra_mp4_moof *moof)
{
	enum netra_error err;
	uint64_t end;

	scan->at = scan->position;
	if (scan->position == scan->size)
		return NETRA_ERR_ENDED;
	err = read_moof(scan, scan->position, moof);
	if (err == NETRA_ERR_CORRUPT && !memcmp(scan->header + 4, "mfra", 4))
		return NETRA_ERR_ENDED;
	if (err)
		return err;
	end = scan->position + moof->header_bytes + moof->payload_bytes;
	if (moof->note.position != scan->position || end > scan->size)
		return NETRA_ERR_CORRUPT;
	scan->position = end;
	return NETRA_OK;
}

enum netra_error netra_store_scan_payload(const struct netra_store_scan *scan,
					  const struct netra_mp4_moof *moof)
{
	uint64_t offset = scan->at + moof->header_bytes;
	uint32_t left = moof->payload_bytes, crc = 0;
	uint8_t chunk[CHUNK];
	size_t part;

	while (left) {
		part = left < sizeof(chunk) ? left : sizeof(chunk);
		if (read_at(scan->fd, chunk, part, offset) != (ssize_t)part)
			return NETRA_ERR_IO;
		crc = netra_checksum(crc, chunk, part);
		offset += part;
		left -= (uint32_t)part;
	}
	return crc == moof->note.payload_crc32c ? NETRA_OK : NETRA_ERR_CORRUPT;
}

/* Is the note at @offset of the file that of a whole header? */
static bool note_holds(struct netra_store_scan *scan,
		       const struct netra_mp4_note *note, uint64_t offset,
		       struct netra_mp4_moof *moof)
{
	return note->position < offset &&
	       offset - note->position < NETRA_MP4_HEADER_BYTES(
						 NETRA_MP4_SAMPLES_MAX) &&
	       note->position >= scan->head.bytes &&
	       !read_moof(scan, note->position, moof) &&
	       moof->note.position == note->position &&
	       note->position + moof->header_bytes - 8 -
			       NETRA_MP4_NOTE_BYTES == offset;
}

enum netra_error netra_store_scan_last(struct netra_store_scan *scan)
{
	uint64_t begin, end = scan->size;
	struct netra_mp4_moof moof;
	struct netra_mp4_note note;
	uint8_t chunk[CHUNK];
	size_t length;
	int64_t at;

	scan->position = scan->head.bytes;
	/* Chunks overlap by what a note may reach over their border. */
	while (end > scan->head.bytes) {
		begin = end > CHUNK ? end - CHUNK : 0;
		length = (size_t)(end - begin);
		if (read_at(scan->fd, chunk, length, begin) != (ssize_t)length)
			return NETRA_ERR_IO;
		at = (int64_t)length;
		while ((at = netra_mp4_note_find(chunk, length,
						 (uint64_t)at)) >= 0) {
			if (!netra_mp4_note_read(&note, chunk + at) ||
			    !note_holds(scan, &note, begin + (uint64_t)at,
					&moof))
				continue;
			if (note.durable >= scan->head.bytes &&
			    note.durable <= note.position)
				scan->position = note.durable;
			return NETRA_OK;
		}
		end = begin ? begin + NETRA_MP4_NOTE_BYTES - 1 : 0;
	}
	return NETRA_ERR_ENDED;
}

/* The first fragment behind @after whose note lies in the chunk; 0 = none. */
static uint64_t first_in(struct netra_store_scan *scan, const uint8_t *chunk,
			 size_t length, uint64_t begin, uint64_t after)
{
	struct netra_mp4_note note;
	struct netra_mp4_moof moof;
	uint64_t found = 0;
	int64_t at = (int64_t)length;

	while ((at = netra_mp4_note_find(chunk, length, (uint64_t)at)) >= 0)
		if (netra_mp4_note_read(&note, chunk + at) &&
		    note.position > after &&
		    note_holds(scan, &note, begin + (uint64_t)at, &moof))
			found = note.position;
	return found;
}

enum netra_error netra_store_scan_resync(struct netra_store_scan *scan)
{
	uint64_t begin = scan->at, found;
	uint8_t chunk[CHUNK];
	ssize_t n;

	while (begin < scan->size) {
		n = read_at(scan->fd, chunk, sizeof(chunk), begin);
		if (n < 0)
			return NETRA_ERR_IO;
		found = first_in(scan, chunk, (size_t)n, begin, scan->at);
		if (found) {
			scan->position = found;
			return NETRA_OK;
		}
		if ((size_t)n < sizeof(chunk))
			break;
		begin += sizeof(chunk) - NETRA_MP4_NOTE_BYTES + 1;
	}
	return NETRA_ERR_ENDED;
}

enum netra_error netra_store_scan_next_whole(struct netra_store_scan *scan,
					     struct netra_mp4_moof *moof)
{
	enum netra_error err;

	do {
		err = netra_store_scan_next(scan, moof);
		if (err != NETRA_ERR_CORRUPT)
			return err;
		err = netra_store_scan_resync(scan);
	} while (!err);
	return err;
}
