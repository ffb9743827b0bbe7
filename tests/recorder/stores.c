/* SPDX-License-Identifier: BSD-2-Clause */
#include "stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND STORES_SECOND

void record_store(struct fixture *f, int64_t start_s, uint32_t seconds)
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

void look_at_store(struct fixture *f, struct netra_store_folder *folder)
{
	char why[200];

	assert_int_equal(netra_store_look(folder, f->store, why, sizeof(why)),
			 0);
}

struct netra_keeper_status keep_store(struct fixture *f, uint64_t keep_bytes,
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

	look_at_store(f, &folder);
	assert_int_equal(netra_store_keeper_init(&keeper, &folder, &options),
			 0);
	while (netra_store_keeper_step(&keeper, now))
		now += SECOND;
	netra_store_keeper_status(&keeper, &status);
	netra_store_keeper_finish(&keeper);
	netra_store_close(&folder);
	return status;
}

static void count_row(void *context, const struct netra_store_row *row)
{
	struct rows *rows = context;

	if (!rows->count++)
		rows->first_ms = row->start_ms;
	rows->frames += row->frames;
	rows->bytes += row->bytes;
	rows->end_ns = row->end_ns;
}

struct rows index_rows(struct fixture *f)
{
	struct netra_store_index *index;
	struct netra_store_folder folder;
	struct rows rows = { 0 };
	char why[200];

	look_at_store(f, &folder);
	assert_int_equal(netra_store_index_open(&index, &folder, false, why,
						sizeof(why)), 0);
	assert_int_equal(netra_store_index_files(index, 0, count_row, &rows), 0);
	netra_store_index_close(index);
	netra_store_close(&folder);
	return rows;
}

uint64_t bytes_of(struct fixture *f, uint32_t *count)
{
	struct netra_store_entry *entries;
	struct netra_store_folder folder;
	uint64_t bytes = 0;
	size_t n;

	look_at_store(f, &folder);
	assert_int_equal(netra_store_list(&folder, 0, &entries, &n), 0);
	*count = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		bytes += entries[i].bytes;
	free(entries);
	netra_store_close(&folder);
	return bytes;
}
