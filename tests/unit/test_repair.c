/* SPDX-License-Identifier: BSD-2-Clause */
/* What a crash leaves of a file, and what is made of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/repair.h"
#include "store/scan.h"
#include "tests/recorder/script.h"

/* The recorder is gone between two commits; its file is as it was. */
static const char *abandon(struct single *single)
{
	static char path[600];

	memcpy(path, single_path(single), sizeof(path));
	if (single->recording.fragment)
		netra_store_pool_give(&single->pool,
				      single->recording.fragment);
	single->recording.fragment = NULL;
	if (single->recording.pending)
		netra_reader_release(single->recording.reader,
				     &single->recording.frame);
	netra_reader_close(single->recording.reader);
	netra_store_file_leave(&single->writer.channel[0].file);
	netra_recording_free(&single->recording);
	netra_store_writer_free(&single->writer);
	netra_store_pool_free(&single->pool);
	netra_store_close(&single->folder);
	return path;
}

static struct netra_store_repair repair(struct fixture *f)
{
	struct netra_store_repair result = { 0 };
	struct netra_store_folder folder;
	struct netra_store_entry *entries;
	char why[200] = "";
	size_t count;

	assert_int_equal(netra_store_open(&folder, f->store, true, why,
					  sizeof(why)), 0);
	netra_store_repair(&folder, 0, &result);
	assert_int_equal(result.failed, 0);
	assert_int_equal(netra_store_list(&folder, 0, &entries, &count), 0);
	for (size_t i = 0; i < count; i++)
		if (entries[i].kind == NETRA_STORE_FILE_PART)
			assert_int_equal(netra_store_adopt(&folder, 0,
					entries[i].start_ms, true, why,
					sizeof(why)), 0);
	free(entries);
	netra_store_close(&folder);
	return result;
}

static void torn_ends_are_cut(void **state)
{
	struct fixture *f = *state;
	static const char ends_with[][5] = { "", "x", "moof", "\0\0\0\0" };
	struct netra_store_repair result;
	struct single *single;
	struct recording r;
	const char *path;
	char whole[600];
	struct stat st;
	int fd;

	for (uint32_t i = 0; i < 4; i++) {
		single = open_single(f, true);
		f->script[0]->next = f->script[0]->count = 0;
		add_stream(f->script[0], 0, 200);
		run_seconds(single, 5);
		path = abandon(single);
		assert_int_equal(stat(path, &st), 0);
		fd = open(path, O_RDWR | O_APPEND);
		assert_int_equal(write(fd, ends_with[i], i ? 4u : 0u),
				 i ? 4 : 0);
		close(fd);
		result = repair(f);
		assert_int_equal(result.files, 1);
		assert_int_equal(result.cut, i ? 1 : 0);
		assert_int_equal(result.cut_bytes, i ? 4 : 0);
		snprintf(whole, sizeof(whole), "%.*s", (int)strlen(path) - 5,
			 path);
		r = read_recording(whole);
		assert_int_equal(r.samples, 150);
		assert_int_equal(r.duration, 150 * 3000);
		assert_int_equal(unlink(whole), 0);
	}
}

/* Whatever is cut off or changed in the last commit: the rest is kept. */
static void what_was_durable_is_kept(void **state)
{
	struct fixture *f = *state;
	struct netra_store_repair result;
	struct single *single;
	struct recording r;
	const char *path;
	char whole[600];
	struct stat before, after;
	uint8_t byte;
	int fd;

	for (uint32_t i = 0; i < 60; i++) {
		single = open_single(f, true);
		f->script[0]->next = f->script[0]->count = 0;
		add_stream(f->script[0], 0, 200);
		run_seconds(single, 3);
		assert_int_equal(stat(single_path(single), &before), 0);
		run_seconds(single, 1);
		path = abandon(single);
		assert_int_equal(stat(path, &after), 0);
		fd = open(path, O_RDWR);
		if (i % 2) {
			assert_int_equal(ftruncate(fd, before.st_size +
				(after.st_size - before.st_size) * i / 60), 0);
		} else {
			off_t at = before.st_size +
				   (after.st_size - before.st_size) * i / 60;

			assert_int_equal(pread(fd, &byte, 1, at), 1);
			byte ^= 0x10;
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		close(fd);
		result = repair(f);
		assert_int_equal(result.cut, 1);
		snprintf(whole, sizeof(whole), "%.*s", (int)strlen(path) - 5,
			 path);
		r = read_recording(whole);
		assert_int_equal(r.samples, 90);
		assert_int_equal(unlink(whole), 0);
	}
}

static void what_is_no_recording_is_set_aside(void **state)
{
	struct fixture *f = *state;
	struct netra_store_repair result;
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/ch00", f->store);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.250Z.mp4.part",
		 f->store);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("not a recording", file);
	fclose(file);
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.251Z.mp4.part",
		 f->store);
	fclose(fopen(path, "w"));
	result = repair(f);
	assert_int_equal(result.damaged, 2);
	/* The empty one is gone. */
	assert_int_equal(files_in(f, 0), 1);
	snprintf(path, sizeof(path), "%s/ch00/20261123T101500.250Z.mp4.damaged",
		 f->store);
	assert_int_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(torn_ends_are_cut),
		TEST(what_was_durable_is_kept),
		TEST(what_is_no_recording_is_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
