/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The note: a uuid box, last in each moof, that lets a fragment be checked,
 * placed in time and found from a file's end. docs/store.md has its layout.
 */
#ifndef NETRA_MP4_NOTE_H
#define NETRA_MP4_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#define NETRA_MP4_NOTE_BYTES	76u
#define NETRA_MP4_NOTE_VERSION	1u
/* In 2116: so differences of clock times, and times a file later, are numbers. */
#define NETRA_MP4_WALL_MAX_NS	(INT64_C(1) << 62)

enum netra_mp4_note_flags {
	NETRA_NOTE_GAP = 1 << 0,	/* frames are missing before */
	NETRA_NOTE_START = 1 << 1,	/* first of a recorder's run */
	NETRA_NOTE_NO_SIGNAL = 1 << 2,	/* of a lost input, or after one */
	NETRA_NOTE_OVERRUN = 1 << 3,	/* what is missing found no memory */
	NETRA_NOTE_DISK = 1 << 4,	/* what is missing could not be written */
	NETRA_NOTE_CLOCK = 1 << 5,	/* the system's clock was set before */
};

struct netra_mp4_note {
	uint32_t flags;		/* NETRA_NOTE_* */
	uint32_t channel;
	uint32_t sequence;	/* of the fragment in its file, from 1 */
	uint64_t position;	/* of its moof in the file */
	uint64_t durable;	/* bytes of the file known durable; 0 = unknown */
	int64_t wall_ns;	/* since 1970, UTC, at the first decode time;
				 * 0 to NETRA_MP4_WALL_MAX_NS */
	uint32_t lost;		/* frames missing before */
	uint32_t payload_crc32c;
	uint32_t header_crc32c;
};

/**
 * netra_mp4_note_write() - Build the box.
 * @box: NETRA_MP4_NOTE_BYTES. The header checksum is written as it is; a clock
 * time that cannot be is written as the nearest that can.
 */
void netra_mp4_note_write(const struct netra_mp4_note *note, uint8_t *box);

/**
 * netra_mp4_note_read() - Take a box apart.
 * @box: NETRA_MP4_NOTE_BYTES.
 * Return: false if it is no such box, of another version, or of no time.
 * Checksums are the caller's to compare.
 */
bool netra_mp4_note_read(struct netra_mp4_note *note, const uint8_t *box);

/**
 * netra_mp4_note_checksum() - Of a fragment's header.
 * @header: moof, which ends with the note, and mdat's header, 8 bytes.
 * @length: Of both; at least NETRA_MP4_NOTE_BYTES + 8.
 */
uint32_t netra_mp4_note_checksum(const uint8_t *header, uint32_t length);

/** netra_mp4_note_seal() - Put that checksum into its place. */
void netra_mp4_note_seal(uint8_t *header, uint32_t length);

/**
 * netra_mp4_note_find() - The last place in @data where a note might begin.
 * @from: Look before this offset only.
 * Return: its offset, or -1.
 */
int64_t netra_mp4_note_find(const uint8_t *data, uint64_t length,
			    uint64_t from);

#endif
