/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings without a board: scripts say what frames come and what becomes
 * of them; files are read back. Calls that make things durable are counted
 * and can be made to fail.
 */
#ifndef NETRA_TEST_SCRIPT_H
#define NETRA_TEST_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/recorder.h"
#include "recorder/recorder_channel.h"
#include "tests/recorder/fake_netra.h"

#define FRAMES_MAX 2048

/* Of fdatasync(), fsync() and syncfs(), which here do nothing else. */
extern uint32_t file_syncs, folder_syncs, whole_syncs;
extern bool syncs_fail;		/* not those of folders */
extern uint32_t syncs_to_fail;	/* then they are well again; 0 = all of them */
extern bool folder_syncs_fail;
extern uint32_t whole_sync_ms;	/* how long syncfs() takes */

/* What a channel gives, frame by frame. */
struct script {
	struct netra_frame frame[FRAMES_MAX];	/* no data: made by kind */
	bool sets[FRAMES_MAX];			/* SPS and PPS go before */
	bool torn[FRAMES_MAX];
	bool junk[FRAMES_MAX];			/* zeros instead of NAL units */
	uint32_t count;
	uint32_t next;
	uint32_t ready;		/* so many are there already; 0 = all */
	enum netra_error then;
	uint8_t bytes[1 << 18];
};

struct fixture {
	char store[64];
	struct netra_board board;
	struct script *script[4];
};

/** set_up(), clean_up() - Of each CMocka test: a store's folder, four channels. */
int set_up(void **state);
int clean_up(void **state);

/** add_frame() - One more; @key: an IDR picture with parameter sets. */
struct netra_frame *add_frame(struct script *s, int64_t dts, bool key);

/** add_stream() - @count frames at 30 a second, a key frame each second. */
void add_stream(struct script *s, int64_t dts, uint32_t count);

/** files_in() - How many files, of any kind, a channel has. */
uint32_t files_in(const struct fixture *f, uint32_t channel);

/** limit_files() - The "disk" is full at so many bytes a file. */
void limit_files(uint64_t bytes);

/* A recording read back. */
struct recording {
	size_t size;
	uint32_t fragments;
	uint32_t samples;
	int64_t first_dts;	/* of the file */
	int64_t hole;		/* sum of time between fragments */
	int64_t end;		/* decode time after the last sample */
	uint64_t duration;	/* as the file says */
	int64_t media_start;	/* of the edit list */
	int32_t least_delay;	/* composition offsets */
	int32_t most_delay;
	uint32_t fragment_samples[64];
};

struct recording read_recording(const char *path);

/* Channel 0 alone, with the test's own clock and no thread. */
struct single {
	const char *store;
	struct netra_store_folder folder;
	struct netra_store_pool pool;
	struct netra_store_writer writer;
	struct netra_recording_shared shared;
	struct netra_recording recording;
	struct netra_store_account account;	/* as of the last commit */
};

/** open_single() - A commit each second; files of a minute. */
struct single *open_single(struct fixture *f, bool sync);

/** commit_single() - Cut, write, sync. */
void commit_single(struct single *single);

/** end_single() - Finish; the account is the last one. */
void end_single(struct single *single);

/** single_path() - Of its last file. */
const char *single_path(const struct single *single);

/** run_seconds() - Frames in real time, a commit each second, up to the script's end. */
#define SINGLE_START_NS 5000000000ull
void run_seconds(struct single *single, uint32_t seconds);

/** ends() - Does the path end so? */
bool ends(const char *path, const char *suffix);

#endif
