/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is read of a store: its index, its holes, exports, damage. Stores are
 * recorded with the test's own clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/export.h"
#include "store/timeline.h"
#include "store/verify.h"
#include "tests/recorder/stores.h"

#define SECOND STORES_SECOND
#define START_S STORES_START_S

static void the_index_is_what_the_files_are(void **state)
{
	struct fixture *f = *state;
	struct rows rows;
	char path[200];

	record_store(f, START_S, 10);
	assert_string_equal(keep_store(f, 0, 0).index_trouble, "");
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
	record_store(f, START_S + 100, 2);
	keep_store(f, 0, 0);
	rows = index_rows(f);
	assert_int_equal(rows.count, 5);
	assert_int_equal(rows.frames, 300);
}

static void a_damaged_index_is_made_anew(void **state)
{
	struct fixture *f = *state;
	char path[200];
	FILE *file;

	record_store(f, START_S, 4);
	keep_store(f, 0, 0);
	snprintf(path, sizeof(path), "%s/index.sqlite", f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("nonsense", file);
	fclose(file);
	/* Found out, and removed; the next try makes it. */
	assert_string_not_equal(keep_store(f, 0, 0).index_trouble, "");
	assert_string_equal(keep_store(f, 0, 0).index_trouble, "");
	assert_int_equal(index_rows(f).frames, 120);
	assert_int_equal(unlink(path), 0);
	keep_store(f, 0, 0);
	assert_int_equal(index_rows(f).frames, 120);
}

static void holes_are_found(void **state)
{
	struct fixture *f = *state;
	struct netra_store_timeline with, without;
	struct netra_store_index *index;
	struct netra_store_folder folder;
	char why[200];

	record_store(f, START_S, 4);
	record_store(f, START_S + 60, 4);
	keep_store(f, 0, 0);
	look_at_store(f, &folder);
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

	record_store(f, START_S, 20);
	look_at_store(f, &folder);
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
						   to, NULL), 0);
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
					   (int64_t)SECOND, NULL), NETRA_ERR_NOT_FOUND);
	netra_export_free(&export);
	assert_int_equal(netra_export_plan(&export, &folder, 0, begin +
			30 * (int64_t)SECOND, INT64_MAX, NULL), NETRA_ERR_NOT_FOUND);
	netra_export_free(&export);
	assert_int_equal(netra_export_plan(&export, &folder, 0, 0, INT64_MAX, NULL),
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

	record_store(f, START_S, 4);
	record_store(f, START_S + 60, 4);
	look_at_store(f, &folder);
	assert_int_equal(netra_export_plan(&export, &folder, 0, begin, begin +
					   62 * (int64_t)SECOND, NULL), 0);
	assert_int_equal(export.gaps, 1);
	assert_in_range(export.frames, 178, 182);
	assert_in_range(export.movie.shown_90k, 62 * 90000 - 90,
			62 * 90000 + 90);
	netra_export_free(&export);
	/* Asked for the middle of the gap: what comes after it. */
	assert_int_equal(netra_export_plan(&export, &folder, 0, begin +
					   30 * (int64_t)SECOND, begin +
					   62 * (int64_t)SECOND, NULL), 0);
	assert_in_range(export.shown_from_ns, begin + 60 * (int64_t)SECOND -
			5000000, begin + 60 * (int64_t)SECOND + 5000000);
	assert_in_range(export.frames, 58, 62);
	netra_export_free(&export);
	netra_store_close(&folder);
}

static void cancel(void *context, uint64_t bytes)
{
	(void)bytes;
	netra_export_cancel(context);
}

/* Whoever has cancelled an export gets neither a plan nor the rest of the file. */
static void exports_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct netra_store_folder folder;
	struct netra_export export;
	bool cancelled = false;
	off_t written;
	int fd;

	record_store(f, START_S, 20);
	look_at_store(f, &folder);
	assert_int_equal(netra_export_plan(&export, &folder, 0, 0, INT64_MAX,
					   &cancelled), 0);
	assert_true(export.movie.chunk_count > 2);
	fd = open(f->store, O_TMPFILE | O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(netra_export_write(&export, fd, cancel, &cancelled),
			 ECANCELED);
	written = lseek(fd, 0, SEEK_END);
	assert_true((uint64_t)written < export.movie.mdat_bytes);
	close(fd);
	netra_export_free(&export);
	assert_int_equal(netra_export_plan(&export, &folder, 0, 0, INT64_MAX,
					   &cancelled), NETRA_ERR_ENDED);
	assert_int_equal(export.movie.sample_count, 0);
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

	record_store(f, START_S, 2);
	look_at_store(f, &folder);
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
		TEST(holes_are_found),
		TEST(exports_begin_and_end_where_asked),
		TEST(exports_keep_gaps),
		TEST(exports_can_be_cancelled),
		TEST(any_flipped_bit_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
