/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store kept in order: index, retention, what was left. Stores are recorded
 * with the test's own clock, and looked at through the keeper and the readers.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/export.h"
#include "store/keeper.h"
#include "store/protect.h"
#include "store/timeline.h"
#include "store/verify.h"
#include "tests/recorder/script.h"

#define SECOND 1000000000ull
#define START_S INT64_C(1795428900)	/* 2026-11-23T10:15:00Z */

/* A disk with so much left, if a test says so; else the real one. */
#define DISK_FLOOR (1u << 20)
static uint64_t disk_free;

int fstatvfs(int fd, struct statvfs *fs)
{
	struct statfs real;

	memset(fs, 0, sizeof(*fs));
	if (fstatfs(fd, &real))
		return -1;
	fs->f_frsize = disk_free ? 1 : (unsigned long)real.f_bsize;
	fs->f_blocks = disk_free ? 100 * DISK_FLOOR : real.f_blocks;
	fs->f_bavail = disk_free ? disk_free : real.f_bavail;
	return 0;
}

/* Records channel 0 for so many seconds, in files of two. */
static void record(struct fixture *f, int64_t start_s, uint32_t seconds)
{
	struct single *single = open_single(f, true);
	uint64_t now = 100 * SECOND;

	netra_recorder_wall_update(&single->shared.wall, now,
				   start_s * (int64_t)SECOND);
	single->shared.rotate_ns = SECOND + SECOND / 2;
	f->script[0]->next = f->script[0]->count = 0;
	add_stream(f->script[0], 0, 30 * seconds);
	for (uint32_t i = 0; i < 30 * seconds; i++, now += SECOND / 30) {
		f->script[0]->frame[i].length = 1000;
		netra_recording_pump(&single->recording, 1, now);
		if (i % 30 == 29)
			commit_single(single);
	}
	end_single(single);
	assert_false(single->account.failed);
}

static void look(struct fixture *f, struct netra_store_folder *folder)
{
	char why[200];

	assert_int_equal(netra_store_look(folder, f->store, why, sizeof(why)),
			 0);
}

/* One round of a keeper with these limits; what became of it. */
static struct netra_keeper_status keep(struct fixture *f, uint64_t keep_bytes,
				       int64_t keep_ms)
{
	struct netra_keeper_options options = {
		.limits = { .keep_bytes = keep_bytes, .keep_ms = keep_ms },
		.sync = true,
	};
	struct netra_keeper_status status;
	static struct netra_store_keeper keeper;
	struct netra_store_folder folder;
	uint64_t now = 100 * SECOND;

	look(f, &folder);
	assert_int_equal(netra_store_keeper_init(&keeper, &folder, &options),
			 0);
	while (netra_store_keeper_step(&keeper, now))
		now += SECOND;
	netra_store_keeper_status(&keeper, &status);
	netra_store_keeper_finish(&keeper);
	netra_store_close(&folder);
	return status;
}

struct rows {
	uint32_t count;
	uint64_t frames, bytes;
	int64_t first_ms, end_ns;
};

static void count_row(void *context, const struct netra_store_row *row)
{
	struct rows *rows = context;

	if (!rows->count++)
		rows->first_ms = row->start_ms;
	rows->frames += row->frames;
	rows->bytes += row->bytes;
	rows->end_ns = row->end_ns;
}

static struct rows index_rows(struct fixture *f)
{
	struct netra_store_index *index;
	struct netra_store_folder folder;
	struct rows rows = { 0 };
	char why[200];

	look(f, &folder);
	assert_int_equal(netra_store_index_open(&index, &folder, false, why,
						sizeof(why)), 0);
	assert_int_equal(netra_store_index_files(index, 0, count_row, &rows), 0);
	netra_store_index_close(index);
	netra_store_close(&folder);
	return rows;
}

static void the_index_is_what_the_files_are(void **state)
{
	struct fixture *f = *state;
	struct rows rows;
	char path[200];

	record(f, START_S, 10);
	assert_string_equal(keep(f, 0, 0).index_trouble, "");
	rows = index_rows(f);
	assert_int_equal(rows.count, 5);
	assert_int_equal(rows.frames, 300);
	assert_int_equal(rows.first_ms, START_S * 1000);
	assert_in_range(rows.end_ns / 1000000, START_S * 1000 + 9998,
			START_S * 1000 + 10002);
	/* What is deleted and what is new. */
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.000Z.mp4",
		 f->store);
	assert_int_equal(unlink(path), 0);
	record(f, START_S + 100, 2);
	keep(f, 0, 0);
	rows = index_rows(f);
	assert_int_equal(rows.count, 5);
	assert_int_equal(rows.frames, 300);
}

static void a_damaged_index_is_made_anew(void **state)
{
	struct fixture *f = *state;
	char path[200];
	FILE *file;

	record(f, START_S, 4);
	keep(f, 0, 0);
	snprintf(path, sizeof(path), "%s/index.sqlite", f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("nonsense", file);
	fclose(file);
	/* Found out, and removed; the next try makes it. */
	assert_string_not_equal(keep(f, 0, 0).index_trouble, "");
	assert_string_equal(keep(f, 0, 0).index_trouble, "");
	assert_int_equal(index_rows(f).frames, 120);
	assert_int_equal(unlink(path), 0);
	keep(f, 0, 0);
	assert_int_equal(index_rows(f).frames, 120);
}

static uint64_t bytes_of(struct fixture *f, uint32_t *count)
{
	struct netra_store_entry *entries;
	struct netra_store_folder folder;
	uint64_t bytes = 0;
	size_t n;

	look(f, &folder);
	assert_int_equal(netra_store_list(&folder, 0, &entries, &n), 0);
	*count = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		bytes += entries[i].bytes;
	free(entries);
	netra_store_close(&folder);
	return bytes;
}

static void no_more_is_deleted_than_must_be(void **state)
{
	struct fixture *f = *state;
	uint64_t all, one;
	uint32_t count;

	record(f, START_S, 20);
	all = bytes_of(f, &count);
	assert_int_equal(count, 10);
	one = all / 10;
	assert_int_equal(keep(f, all, 0).deleted, 0);
	assert_int_equal(keep(f, all - 1, 0).deleted, 1);
	assert_int_equal(keep(f, 5 * one + 500, 0).deleted, 4);
	assert_in_range(bytes_of(f, &count), 1, 5 * one + 500);
	assert_int_equal(count, 5);
	/* The oldest went; the index knows, and works without it, too. */
	assert_in_range(index_rows(f).first_ms, (START_S + 10) * 1000 - 2,
			(START_S + 10) * 1000);
	assert_int_equal(index_rows(f).count, 5);
}

static void age_counts_from_the_last_frame(void **state)
{
	struct fixture *f = *state;
	struct timespec now;
	uint32_t count;

	/* At the beginning of a second, for the test has a second to run. */
	clock_gettime(CLOCK_REALTIME, &now);
	usleep((uint32_t)(1000000 - now.tv_nsec / 1000));
	clock_gettime(CLOCK_REALTIME, &now);
	record(f, now.tv_sec - 1000, 10);
	assert_int_equal(keep(f, 0, 1100 * 1000).deleted, 0);
	assert_int_equal(keep(f, 0, 993900).deleted, 3);
	bytes_of(f, &count);
	assert_int_equal(count, 2);
}

static void protected_ranges_stay(void **state)
{
	struct fixture *f = *state;
	struct netra_keeper_status status;
	struct netra_store_folder folder;
	uint32_t count, removed;
	struct rows rows;

	record(f, START_S, 10);
	look(f, &folder);
	assert_int_equal(netra_store_protect(&folder,
		"2026-11-23T10:15:04.500Z 2026-11-23T10:15:05Z 0 gate"), 0);
	assert_int_equal(netra_store_protect(&folder,
		"2026-11-23T10:15:00Z 2026-11-23T10:15:10Z 1"), 0);
	status = keep(f, 1, 0);
	assert_int_equal(status.deleted, 4);
	assert_string_equal(status.retention_trouble,
			    "channel 0: over its limit: what is left is "
			    "protected");
	rows = index_rows(f);
	assert_int_equal(rows.count, 1);
	assert_in_range(rows.first_ms, START_S * 1000 + 3998,
			START_S * 1000 + 4000);
	assert_int_equal(netra_store_unprotect(&folder, 0, INT64_MAX, &removed),
			 0);
	assert_int_equal(removed, 2);
	netra_store_close(&folder);
	assert_int_equal(keep(f, 1, 0).deleted, 1);
	bytes_of(f, &count);
	assert_int_equal(count, 0);
}

/* A keeper of a store that has files of two seconds from here on. */
static void begin_keeping(struct fixture *f, struct netra_store_keeper *keeper,
			  const char *store, int64_t start_s)
{
	const struct netra_keeper_options options = {
		.limits = { .free_bytes = DISK_FLOOR },
	};
	struct netra_store_folder folder;

	snprintf(f->store, sizeof(f->store), "%s", store);
	record(f, start_s, 10);
	look(f, &folder);
	assert_int_equal(netra_store_keeper_init(keeper, &folder, &options), 0);
	netra_store_close(&folder);
	while (netra_store_keeper_step(keeper, 1))
		;
}

/* How many it deletes when a byte is missing. */
static uint64_t squeeze(struct netra_store_keeper *keeper)
{
	uint64_t before = keeper->deleted;

	disk_free = DISK_FLOOR - 1;
	keeper->retention_ns = 0;
	netra_store_keeper_step(keeper, 1);
	disk_free = 0;
	return keeper->deleted - before;
}

static void the_oldest_of_all_stores_goes_first(void **state)
{
	struct fixture *f = *state;
	static struct netra_store_keeper first, second;
	char store[sizeof(f->store)], other[sizeof(f->store) + 8];

	memcpy(store, f->store, sizeof(store));
	snprintf(other, sizeof(other), "%s/board1", store);
	begin_keeping(f, &first, store, START_S);
	begin_keeping(f, &second, other, START_S + 3);
	memcpy(f->store, store, sizeof(store));
	/* 0 and 2 s against 3 s, then 4 s against it. */
	assert_int_equal(squeeze(&second), 0);
	assert_int_equal(squeeze(&first), 1);
	assert_int_equal(squeeze(&second), 0);
	assert_int_equal(squeeze(&first), 1);
	assert_int_equal(squeeze(&first), 0);
	assert_int_equal(squeeze(&second), 1);
	/* What is no longer kept is waited for by nobody. */
	netra_store_keeper_finish(&first);
	assert_int_equal(squeeze(&second), 1);
	netra_store_keeper_finish(&second);
}

static void what_cannot_be_understood_is_said(void **state)
{
	struct fixture *f = *state;
	struct netra_keeper_status status;
	char path[200];
	FILE *file;

	record(f, START_S, 6);
	snprintf(path, sizeof(path), "%s/protected", f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("yesterday\n2026-11-23T10:15Z 2026-11-23T10:16Z *", file);
	fclose(file);
	status = keep(f, 1, 0);
	assert_int_equal(status.deleted, 0);	/* the other line holds */
	assert_string_not_equal(status.retention_trouble, "");
}

static void holes_are_found(void **state)
{
	struct fixture *f = *state;
	struct netra_store_timeline with, without;
	struct netra_store_index *index;
	struct netra_store_folder folder;
	char why[200];

	record(f, START_S, 4);
	record(f, START_S + 60, 4);
	keep(f, 0, 0);
	look(f, &folder);
	assert_int_equal(netra_store_index_open(&index, &folder, false, why,
						sizeof(why)), 0);
	assert_int_equal(netra_store_timeline(&folder, index, 0, &with), 0);
	assert_int_equal(netra_store_timeline(&folder, NULL, 0, &without), 0);
	assert_int_equal(with.segment_count, 4);
	assert_int_equal(without.segment_count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(with.segments[i].start_ns,
				 without.segments[i].start_ns);
		assert_int_equal(with.segments[i].end_ns,
				 without.segments[i].end_ns);
		assert_int_equal(with.segments[i].frames,
				 without.segments[i].frames);
	}
	assert_int_equal(with.hole_count, 1);
	assert_int_equal(without.hole_count, 1);
	assert_memory_equal(with.holes, without.holes, sizeof(*with.holes));
	assert_string_equal(with.holes->kind, "start");
	assert_in_range((with.holes->to_ns - with.holes->from_ns) / 1000000,
			55998, 56002);
	netra_store_timeline_free(&with);
	netra_store_timeline_free(&without);
	netra_store_index_close(index);
	netra_store_close(&folder);
}

/* Any stretch of time, to a tick: from the key frame before on. */
static void exports_begin_and_end_where_asked(void **state)
{
	struct fixture *f = *state;
	struct netra_store_folder folder;
	struct netra_export export;
	int64_t begin = START_S * (int64_t)SECOND, from, to, ticks;
	uint32_t random = 1;

	record(f, START_S, 20);
	look(f, &folder);
	for (uint32_t i = 0; i < 300; i++) {
		random = random * 1664525 + 1013904223;
		from = begin + random % 19000 * 1000000;
		random = random * 1664525 + 1013904223;
		to = from + (random % 5000 + 1) * 1000000;
		if (to > begin + 19900 * 1000000ll)
			to = begin + 19900 * 1000000ll;
		if (to <= from)
			continue;
		assert_int_equal(netra_export_plan(&export, &folder, 0, from,
						   to), 0);
		assert_int_equal(export.shown_from_ns, from);
		assert_int_equal(export.shown_to_ns, to);
		assert_true(export.samples[0].key);
		ticks = (to - from) / 1000 * 9 / 100;
		assert_in_range(export.movie.shown_90k, ticks - 1, ticks + 1);
		/* Less than a second of it is not shown. */
		assert_in_range(export.movie.media_start_90k, 0, 90090);
		assert_in_range(export.shown, ticks / 3000, ticks / 3000 + 2);
		assert_in_range(export.frames, export.shown, export.shown + 30);
		assert_int_equal(export.gaps + export.damaged, 0);
		netra_export_free(&export);
	}
	/* Before and after there is nothing; around all there is all. */
	assert_int_equal(netra_export_plan(&export, &folder, 0, 0, begin -
					   (int64_t)SECOND), NETRA_ERR_NOT_FOUND);
	netra_export_free(&export);
	assert_int_equal(netra_export_plan(&export, &folder, 0, begin +
			30 * (int64_t)SECOND, INT64_MAX), NETRA_ERR_NOT_FOUND);
	netra_export_free(&export);
	assert_int_equal(netra_export_plan(&export, &folder, 0, 0, INT64_MAX),
			 0);
	assert_int_equal(export.frames, 600);
	assert_int_equal(export.movie.shown_90k, 20 * 90000);
	netra_export_free(&export);
	netra_store_close(&folder);
}

static void exports_keep_gaps(void **state)
{
	struct fixture *f = *state;
	int64_t begin = START_S * (int64_t)SECOND;
	struct netra_store_folder folder;
	struct netra_export export;

	record(f, START_S, 4);
	record(f, START_S + 60, 4);
	look(f, &folder);
	assert_int_equal(netra_export_plan(&export, &folder, 0, begin, begin +
					   62 * (int64_t)SECOND), 0);
	assert_int_equal(export.gaps, 1);
	assert_in_range(export.frames, 178, 182);
	assert_in_range(export.movie.shown_90k, 62 * 90000 - 90,
			62 * 90000 + 90);
	netra_export_free(&export);
	/* Asked for the middle of the gap: what comes after it. */
	assert_int_equal(netra_export_plan(&export, &folder, 0, begin +
					   30 * (int64_t)SECOND, begin +
					   62 * (int64_t)SECOND), 0);
	assert_in_range(export.shown_from_ns, begin + 60 * (int64_t)SECOND -
			5000000, begin + 60 * (int64_t)SECOND + 5000000);
	assert_in_range(export.frames, 58, 62);
	netra_export_free(&export);
	netra_store_close(&folder);
}

static void count_fault(void *context, const char *file, uint64_t offset,
			const char *what)
{
	(void)context;
	(void)file;
	(void)offset;
	assert_true(*what);
}

/* One bit of a file flips: verify says so, wherever it is. */
static void any_flipped_bit_is_found(void **state)
{
	struct fixture *f = *state;
	struct netra_store_verify verify = { .fault = count_fault };
	struct netra_store_entry *entries;
	struct netra_store_folder folder;
	char name[NETRA_STORE_NAME_BYTES];
	uint64_t before;
	size_t count;
	uint8_t byte;
	int fd;

	record(f, START_S, 2);
	look(f, &folder);
	assert_int_equal(netra_store_list(&folder, 0, &entries, &count), 0);
	assert_int_equal(count, 1);
	netra_store_verify_file(&verify, &folder, 0, entries);
	assert_int_equal(verify.faults, 0);
	assert_int_equal(verify.frames, 60);
	netra_store_name(name, entries->start_ms, NETRA_STORE_WHOLE);
	fd = openat(folder.channel[0], name, O_RDWR);
	/* From the first fragment on, up to the index at the end. */
	for (off_t at = 800; at < (off_t)entries->bytes - 150; at += 37) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		before = verify.faults;
		netra_store_verify_file(&verify, &folder, 0, entries);
		assert_true(verify.faults > before);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	free(entries);
	netra_store_close(&folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_index_is_what_the_files_are),
		TEST(a_damaged_index_is_made_anew),
		TEST(no_more_is_deleted_than_must_be),
		TEST(age_counts_from_the_last_frame),
		TEST(protected_ranges_stay),
		TEST(the_oldest_of_all_stores_goes_first),
		TEST(what_cannot_be_understood_is_said),
		TEST(holes_are_found),
		TEST(exports_begin_and_end_where_asked),
		TEST(exports_keep_gaps),
		TEST(any_flipped_bit_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
