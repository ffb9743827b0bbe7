/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store kept in order: retention, the floor of free space, what was left,
 * metrics.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/protect.h"
#include "tests/recorder/stores.h"

#define SECOND STORES_SECOND
#define START_S STORES_START_S

/* A disk with so much left, if a test says so; else the real one. */
#define DISK_FLOOR (1u << 20)
static uint64_t disk_free, disk_bytes = 100 * DISK_FLOOR;

int fstatvfs(int fd, struct statvfs *fs)
{
	struct statfs real;

	memset(fs, 0, sizeof(*fs));
	if (fstatfs(fd, &real))
		return -1;
	fs->f_frsize = disk_free ? 1 : (unsigned long)real.f_bsize;
	fs->f_blocks = disk_free ? disk_bytes : real.f_blocks;
	fs->f_bavail = disk_free ? disk_free : real.f_bavail;
	return 0;
}

/* A file that cannot be deleted. */
static const char *undeletable;

int unlinkat(int folder, const char *name, int flags)
{
	if (undeletable && !strcmp(name, undeletable)) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_unlinkat, folder, name, flags);
}

/* So much ahead of the kernel's is the clock that programs see. */
static volatile int64_t clock_ahead_s;

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int failed = (int)syscall(SYS_clock_gettime, clock, time);

	if (clock == CLOCK_REALTIME)
		time->tv_sec += clock_ahead_s;
	return failed;
}

static void no_more_is_deleted_than_must_be(void **state)
{
	struct fixture *f = *state;
	uint64_t all, one;
	uint32_t count;

	record_store(f, START_S, 20);
	all = bytes_of(f, &count);
	assert_int_equal(count, 10);
	one = all / 10;
	assert_int_equal(keep_store(f, all, 0).deleted, 0);
	assert_int_equal(keep_store(f, all - 1, 0).deleted, 1);
	assert_int_equal(keep_store(f, 5 * one + 500, 0).deleted, 4);
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
	record_store(f, now.tv_sec - 1000, 10);
	assert_int_equal(keep_store(f, 0, 1100 * 1000).deleted, 0);
	assert_int_equal(keep_store(f, 0, 993900).deleted, 3);
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

	record_store(f, START_S, 10);
	look_at_store(f, &folder);
	assert_int_equal(netra_store_protect(&folder,
		"2026-11-23T10:15:04.500Z 2026-11-23T10:15:05Z 0 gate"), 0);
	assert_int_equal(netra_store_protect(&folder,
		"2026-11-23T10:15:00Z 2026-11-23T10:15:10Z 1"), 0);
	status = keep_store(f, 1, 0);
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
	assert_int_equal(keep_store(f, 1, 0).deleted, 1);
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

	assert_true(strlen(store) < sizeof(f->store));
	memcpy(f->store, store, strlen(store) + 1);
	record_store(f, start_s, 10);
	look_at_store(f, &folder);
	assert_int_equal(netra_store_keeper_init(keeper, &folder, &options), 0);
	netra_store_close(&folder);
	while (netra_store_keeper_step(keeper, 1))
		;
}

/* How many go when there is so much free. */
static uint64_t deleted_at(struct netra_store_keeper *keeper, uint64_t bytes)
{
	uint64_t before = keeper->deleted;

	disk_free = bytes;
	keeper->retention_ns = 0;
	netra_store_keeper_step(keeper, 1);
	disk_free = 0;
	return keeper->deleted - before;
}

/* How many it deletes when a byte is missing. */
static uint64_t squeeze(struct netra_store_keeper *keeper)
{
	return deleted_at(keeper, DISK_FLOOR - 1);
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

/* Two channels, the second one's files three seconds newer. */
static void the_oldest_of_all_channels_goes_first(void **state)
{
	struct fixture *f = *state;
	static struct netra_store_keeper keeper;
	char one[sizeof(f->store) + 8], other[sizeof(f->store) + 8];
	char store[sizeof(f->store)];

	memcpy(store, f->store, sizeof(store));
	record_store(f, START_S + 3, 6);
	snprintf(one, sizeof(one), "%s/ch00", f->store);
	snprintf(other, sizeof(other), "%s/ch01", f->store);
	assert_int_equal(rename(one, other), 0);
	begin_keeping(f, &keeper, store, START_S);
	/* 0, 2, 4, 6, 8 s and 3, 5, 7 s. */
	assert_int_equal(squeeze(&keeper) + squeeze(&keeper), 2);
	assert_int_equal(files_in(f, 0), 3);
	assert_int_equal(files_in(f, 1), 3);
	assert_int_equal(squeeze(&keeper), 1);
	assert_int_equal(files_in(f, 1), 2);
	assert_int_equal(squeeze(&keeper), 1);
	assert_int_equal(files_in(f, 0), 2);
	netra_store_keeper_finish(&keeper);
}

static void the_usual_floor_is_a_gigabyte_or_a_tenth(void **state)
{
	struct fixture *f = *state;
	static struct netra_store_keeper keeper;
	char store[sizeof(f->store)];
	const uint64_t gigabyte = 1 << 30;

	memcpy(store, f->store, sizeof(store));
	begin_keeping(f, &keeper, store, START_S);
	keeper.options.limits.free_bytes = NETRA_FREE_DEFAULT;
	assert_int_equal(deleted_at(&keeper, 10 * DISK_FLOOR), 0);
	assert_int_equal(deleted_at(&keeper, 10 * DISK_FLOOR - 1), 1);
	disk_bytes = 100 * gigabyte;
	assert_int_equal(deleted_at(&keeper, gigabyte), 0);
	assert_int_equal(deleted_at(&keeper, gigabyte - 1), 1);
	keeper.options.limits.free_bytes = 0;
	assert_int_equal(deleted_at(&keeper, 1), 0);
	/* What no disk of this size can have free. */
	disk_free = 1;
	assert_true(netra_store_keeper_floor_fits(&keeper));
	keeper.options.limits.free_bytes = disk_bytes - 1;
	assert_true(netra_store_keeper_floor_fits(&keeper));
	keeper.options.limits.free_bytes = disk_bytes;
	assert_false(netra_store_keeper_floor_fits(&keeper));
	disk_free = 0;
	disk_bytes = 100 * DISK_FLOOR;
	netra_store_keeper_finish(&keeper);
}

static void what_cannot_be_understood_is_said(void **state)
{
	struct fixture *f = *state;
	struct netra_keeper_status status;
	char path[200];
	FILE *file;

	record_store(f, START_S, 6);
	snprintf(path, sizeof(path), "%s/protected", f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("yesterday\n2026-11-23T10:15Z 2026-11-23T10:16Z *", file);
	fclose(file);
	status = keep_store(f, 1, 0);
	assert_int_equal(status.deleted, 0);	/* the other line holds */
	assert_string_not_equal(status.retention_trouble, "");
}


static struct netra_store_keeper *open_keeper(struct fixture *f,
					      const struct netra_keeper_options *options)
{
	static struct netra_store_keeper keeper;
	struct netra_store_folder folder;

	look_at_store(f, &folder);
	assert_int_equal(netra_store_keeper_init(&keeper, &folder, options), 0);
	netra_store_close(&folder);
	return &keeper;
}

/* A file of channel 0, by the second it began in. */
static void path_of(const struct fixture *f, uint32_t second, const char *suffix,
		    char path[200])
{
	char name[NETRA_STORE_NAME_BYTES];

	netra_store_name(name, (START_S + second) * 1000, suffix);
	snprintf(path, 200, "%s/ch00/%s", f->store, name);
}

static void what_cannot_be_deleted_keeps_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct netra_keeper_status status;
	uint64_t all, one;
	uint32_t count;

	record_store(f, START_S, 20);
	all = bytes_of(f, &count);
	one = all / 10;
	undeletable = "20261123T101500.000Z.mp4";
	status = keep_store(f, 5 * one + 500, 0);
	undeletable = NULL;
	assert_int_equal(status.deleted, 5);
	assert_string_equal(status.retention_trouble,
			    "ch00/20261123T101500.000Z.mp4: cannot be deleted: "
			    "Operation not permitted");
	assert_in_range(bytes_of(f, &count), 1, 5 * one + 500);
	/* It is tried again. */
	assert_int_equal(keep_store(f, 4 * one + 500, 0).deleted, 1);
}

static void nobody_waits_for_a_store_that_deletes_nothing(void **state)
{
	struct fixture *f = *state;
	static struct netra_store_keeper first, second;
	char store[sizeof(f->store)], other[sizeof(f->store) + 8];
	char path[200];

	memcpy(store, f->store, sizeof(store));
	snprintf(other, sizeof(other), "%s/board1", store);
	begin_keeping(f, &first, store, START_S);
	begin_keeping(f, &second, other, START_S + 3);
	memcpy(f->store, store, sizeof(store));
	assert_int_equal(squeeze(&second), 0);
	/* Its oldest file cannot be deleted: its next one is newer. */
	undeletable = "20261123T101500.000Z.mp4";
	assert_int_equal(squeeze(&first), 1);
	assert_int_equal(squeeze(&first), 0);
	undeletable = NULL;
	assert_int_equal(squeeze(&second), 1);
	/* It is tried again. */
	assert_int_equal(squeeze(&first), 1);
	path_of(f, 0, NETRA_STORE_WHOLE, path);
	assert_int_not_equal(access(path, F_OK), 0);
	/* It cannot read what is protected. */
	snprintf(path, sizeof(path), "%s/protected", store);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(squeeze(&first), 0);
	assert_string_not_equal(first.retention_trouble, "");
	assert_int_equal(squeeze(&second), 1);
	/* It has no floor of its own. */
	assert_int_equal(rmdir(path), 0);
	first.options.limits.free_bytes = 0;
	assert_int_equal(squeeze(&first), 0);
	assert_int_equal(squeeze(&second), 1);
	netra_store_keeper_finish(&first);
	netra_store_keeper_finish(&second);
}

/* A crash's leftovers: one that cannot be opened is nobody else's trouble. */
static void what_is_left_does_not_wait_for_what_fails(void **state)
{
	const struct netra_keeper_options options = { .sync = true };
	struct fixture *f = *state;
	struct netra_store_keeper *keeper;
	char part[200], whole[200];
	uint64_t now = 100 * SECOND;

	record_store(f, START_S, 4);
	path_of(f, 0, NETRA_STORE_WHOLE, whole);
	path_of(f, 0, NETRA_STORE_PART, part);
	assert_int_equal(rename(whole, part), 0);
	path_of(f, 100, NETRA_STORE_PART, part);
	assert_int_equal(mkdir(part, 0755), 0);
	keeper = open_keeper(f, &options);
	netra_store_keeper_left(keeper, 0, START_S * 1000);
	/* This one is not there any more. */
	netra_store_keeper_left(keeper, 0, (START_S + 200) * 1000);
	netra_store_keeper_left(keeper, 0, (START_S + 100) * 1000);
	for (int i = 0; i < 40; i++, now += SECOND)
		netra_store_keeper_step(keeper, now);
	assert_int_equal(access(whole, F_OK), 0);
	assert_int_equal(keeper->left_count, 1);
	assert_int_equal(keeper->left[0].start_ms, (START_S + 100) * 1000);
	assert_int_equal(rmdir(part), 0);
	for (int i = 0; i < 12; i++, now += SECOND)
		netra_store_keeper_step(keeper, now);
	assert_int_equal(keeper->left_count, 0);
	netra_store_keeper_finish(keeper);
}

static void metrics_that_cannot_be_written_are_said(void **state)
{
	struct fixture *f = *state;
	char folder[200], path[240];
	const struct netra_keeper_options options = { .metrics = path };
	struct netra_keeper_status status;
	struct netra_store_keeper *keeper;

	snprintf(folder, sizeof(folder), "%s/metrics", f->store);
	snprintf(path, sizeof(path), "%s/netra.prom", folder);
	record_store(f, START_S, 2);
	keeper = open_keeper(f, &options);
	netra_store_keeper_metrics(keeper, strdup("netra 1\n"));
	netra_store_keeper_step(keeper, SECOND);
	netra_store_keeper_status(keeper, &status);
	assert_non_null(strstr(status.metrics_trouble,
			       "No such file or directory"));
	assert_int_equal(mkdir(folder, 0755), 0);
	netra_store_keeper_metrics(keeper, strdup("netra 1\n"));
	netra_store_keeper_step(keeper, SECOND);
	netra_store_keeper_status(keeper, &status);
	assert_string_equal(status.metrics_trouble, "");
	assert_int_equal(access(path, F_OK), 0);
	netra_store_keeper_finish(keeper);
}

/* Its thread waits for a second, whatever the clock says. */
static void a_clock_that_is_set_stops_no_keeper(void **state)
{
	struct fixture *f = *state;
	char path[240];
	const struct netra_keeper_options options = { .metrics = path };
	struct netra_store_keeper *keeper;
	int tries = 0;

	snprintf(path, sizeof(path), "%s/netra.prom", f->store);
	record_store(f, START_S, 2);
	keeper = open_keeper(f, &options);
	/* As if it was set back by an hour right after it was looked at. */
	clock_ahead_s = 3600;
	assert_int_equal(netra_store_keeper_start(keeper), 0);
	usleep(500000);
	netra_store_keeper_metrics(keeper, strdup("netra 1\n"));
	while (access(path, F_OK) && tries++ < 300)
		usleep(100000);
	clock_ahead_s = 0;
	assert_int_equal(access(path, F_OK), 0);
	netra_store_keeper_finish(keeper);
}

static void count_gap(void *context, const struct netra_store_gap *gap,
		      const char *kind)
{
	(void)kind;
	*(uint32_t *)context += gap->to_ns == 1;
}

static void old_events_are_forgotten(void **state)
{
	const struct netra_keeper_options options = { 0 };
	struct netra_keeper_event event = { .kind = "gap", .end_ns = 1 };
	struct fixture *f = *state;
	struct netra_store_keeper *keeper;
	uint32_t gaps = 0;

	record_store(f, START_S, 2);
	keeper = open_keeper(f, &options);
	for (int64_t s = -5; s < 1; s++) {
		event.time_ns = (START_S + s) * (int64_t)SECOND + 500000000;
		netra_store_keeper_event(keeper, &event);
	}
	netra_store_keeper_step(keeper, SECOND);
	assert_int_equal(netra_store_index_gaps(keeper->index, 0, count_gap,
						&gaps), 0);
	assert_int_equal(gaps, 1);
	netra_store_keeper_finish(keeper);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_more_is_deleted_than_must_be),
		TEST(age_counts_from_the_last_frame),
		TEST(protected_ranges_stay),
		TEST(the_oldest_of_all_stores_goes_first),
		TEST(the_oldest_of_all_channels_goes_first),
		TEST(the_usual_floor_is_a_gigabyte_or_a_tenth),
		TEST(what_cannot_be_understood_is_said),
		TEST(what_cannot_be_deleted_keeps_nothing_else),
		TEST(nobody_waits_for_a_store_that_deletes_nothing),
		TEST(what_is_left_does_not_wait_for_what_fails),
		TEST(metrics_that_cannot_be_written_are_said),
		TEST(a_clock_that_is_set_stops_no_keeper),
		TEST(old_events_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
