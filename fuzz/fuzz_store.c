/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repair, index and export of files that a crash, a bad disk or somebody
 * hostile has left: a recording with the input's changes in it. Nothing may
 * be read or written out of bounds; what is repaired must verify; what was
 * durable and is untouched must be kept.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mp4/mp4_box.h"
#include "store/export.h"
#include "store/file.h"
#include "store/index.h"
#include "store/repair.h"
#include "store/verify.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)
#define FRAGMENTS 6u
#define START_NS INT64_C(1795428900000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];
static struct netra_store_folder folder;
static struct netra_store_index *store_index;
static uint8_t *whole;			/* the recording, before changes */
static size_t whole_bytes, durable_bytes;

static void remove_folder(void)
{
	char command[100];

	netra_store_index_close(store_index);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	CHECK(!system(command));
}

/* An SPS and a PPS of a small Baseline stream, then a picture. */
static const uint8_t unit[] = {
	0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xf4, 0x16, 0x27, 0x22,
	0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
	0, 0, 0, 1, 0x65, 0x88, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
};

static void make_recording(void)
{
	struct netra_store_fragment fragment = { 0 };
	static struct netra_mp4_index index;
	struct netra_store_file file = { .fd = -1, .index = &index };
	struct netra_mp4_sets sets;
	struct netra_nal nal;
	size_t position = 0;

	netra_mp4_sets_init(&sets);
	while (netra_nal_next(unit, sizeof(unit), &position, &nal))
		netra_mp4_sets_add(&sets, &nal);
	fragment.init = malloc(sizeof(*fragment.init));
	CHECK(fragment.init &&
	      !netra_mp4_init_build(fragment.init, &sets, 0, 0));
	CHECK(!netra_mp4_fragment_init(&fragment.mp4, 8));
	CHECK(!netra_mp4_fragment_reserve(&fragment.mp4, 1000));
	fragment.note.wall_ns = START_NS;
	CHECK(!netra_store_file_create(&file, folder.channel[0], &fragment));
	for (uint32_t i = 0; i < FRAGMENTS; i++) {
		netra_mp4_fragment_reset(&fragment.mp4);
		for (uint32_t k = 0; k < 3; k++)
			CHECK(!netra_mp4_fragment_add(&fragment.mp4, unit,
				sizeof(unit), i * 9000 + k * 3000,
				i * 9000 + k * 3000));
		netra_mp4_fragment_end(&fragment.mp4, 3000);
		fragment.note.wall_ns = START_NS + i * INT64_C(100000000);
		fragment.end_pts_90k = i * 9000 + 9000;
		CHECK(!netra_store_file_append(&file, &fragment));
		/* The last two are not durable. */
		if (i < FRAGMENTS - 2) {
			file.durable = file.bytes;
			durable_bytes = file.bytes;
		}
	}
	whole_bytes = file.bytes;
	whole = malloc(whole_bytes);
	CHECK(whole && pread(file.fd, whole, whole_bytes, 0) ==
	      (ssize_t)whole_bytes);
	netra_store_file_remove(&file);
	netra_mp4_fragment_free(&fragment.mp4);
	free(fragment.init);
}

static void open_store(void)
{
	char why[200];

	snprintf(path, sizeof(path), "%s/netra-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	CHECK(mkdtemp(path));
	atexit(remove_folder);
	CHECK(!netra_store_open(&folder, path, false, why, sizeof(why)));
	CHECK(!netra_store_channel(&folder, 0, true, false));
	CHECK(!netra_store_index_open(&store_index, &folder, true, why,
				      sizeof(why)));
	make_recording();
}

/*
 * The input: a byte of ways, then changes: position (2 bytes), what to do (1).
 * Headers that are changed are sealed again if asked for, so that the fields
 * behind the checksum are reached. Return: the first byte that was changed.
 */
static size_t change(uint8_t *file, size_t *bytes, const uint8_t *data,
		     size_t size)
{
	bool seal = size && data[0] & 1;
	size_t first = *bytes, at;
	uint32_t moof;

	for (size_t i = 1; i + 3 <= size; i += 3) {
		at = (size_t)(data[i] << 8 | data[i + 1]);
		if (at >= *bytes)
			continue;
		if (at < first)
			first = at;
		if (size && data[0] & 2 && i + 6 > size)
			*bytes = at;	/* the last one cuts */
		else
			file[at] ^= data[i + 2];
	}
	for (at = 0; seal && at + 8 < *bytes; at++) {
		if (memcmp(file + at + 4, "moof", 4) != 0)
			continue;
		moof = netra_get_be32(file + at);
		if (moof >= 200 && moof < 20000 && at + moof + 8 <= *bytes)
			netra_mp4_note_seal(file + at, moof + 8);
	}
	return first;
}

static void count_fault(void *context, const char *name, uint64_t offset,
			const char *what)
{
	(void)context;
	(void)offset;
	CHECK(*name && *what);
}

static void put_file(const uint8_t *data, size_t bytes)
{
	char name[NETRA_STORE_NAME_BYTES];
	int fd;

	netra_store_name(name, START_NS / 1000000, NETRA_STORE_PART);
	fd = openat(folder.channel[0], name, O_WRONLY | O_CREAT | O_TRUNC,
		    0644);
	CHECK(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
	close(fd);
}

static void look_at_all(uint64_t kept, bool durable_untouched)
{
	struct netra_store_verify verify = { .fault = count_fault };
	struct netra_store_entry *entries;
	struct netra_export export;
	char name[NETRA_STORE_NAME_BYTES];
	size_t count;

	CHECK(!netra_store_list(&folder, 0, &entries, &count));
	for (size_t i = 0; i < count; i++) {
		netra_store_verify_file(&verify, &folder, 0, &entries[i]);
		if (durable_untouched)
			CHECK(!verify.faults && verify.frames >= kept);
	}
	if (!netra_export_plan(&export, &folder, 0, START_NS + 50000000,
			       START_NS + 450000000, NULL))
		CHECK(export.movie.sample_count && export.movie.chunk_count);
	netra_export_free(&export);
	for (size_t i = 0; i < count; i++) {
		netra_store_name(name, entries[i].start_ms,
				 netra_store_suffix(entries[i].kind));
		CHECK(!unlinkat(folder.channel[0], name, 0));
	}
	free(entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netra_store_repair repair = { 0 };
	size_t bytes, first;
	char why[160];
	uint8_t *file;

	if (!whole)
		open_store();
	bytes = whole_bytes;
	file = malloc(bytes);
	CHECK(file);
	memcpy(file, whole, bytes);
	first = change(file, &bytes, data, size);
	put_file(file, bytes);
	free(file);

	netra_store_repair(&folder, 0, &repair);
	CHECK(!repair.failed);
	if (!repair.damaged)
		netra_store_adopt(&folder, 0, START_NS / 1000000, false, why,
				  sizeof(why));
	CHECK(!netra_store_index_update(store_index, 0, 10));
	/* Nothing durable was touched, and no seal is forged: all of it is there. */
	look_at_all(3 * (FRAGMENTS - 2), first >= durable_bytes &&
				     !(size && data[0] & 1));
	/* The file is gone again, and so is its row. */
	CHECK(!netra_store_index_update(store_index, 0, 0));
	return 0;
}
