/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of netra bench; docs/bench.md says what is measured and why so. */
#ifndef NETRA_CLI_BENCH_H
#define NETRA_CLI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board_open.h"

#define BENCH_BATCH_MAX 65536u

struct bench_memory;
struct bench_result;

/* Lengths of the frames of one batch, in the order they were read. */
struct bench_batch {
	uint32_t count;
	uint64_t bytes;		/* with room for rounding up to cache lines */
	uint32_t length[BENCH_BATCH_MAX];
};

/* A board under test, with a reader on every channel. */
struct bench_board {
	struct netra_board *board;
	uint32_t channels;
	struct netra_reader *reader[NETRA_CHANNELS_MAX];
	struct netra_reader *holder[NETRA_CHANNELS_MAX];	/* of the oldest frame */
};

/* What is asked for, and what came of it. */
struct bench {
	const char *name;		/* of the board */
	struct cli_board_options wanted;
	double seconds;			/* of each measurement */
	struct cli_list channels;	/* of emulated boards, from here */
	struct cli_list windows;	/* MB */
	char source[300];		/* "" = what the name says */
	struct bench_memory *memory;	/* of bench_run(), from here */
	struct bench_result *results;
	size_t count;
};

/* ---- bench_board.c: a run, and a real board ------------------------------ */

/**
 * bench_run() - Measure and report.
 * @measure: bench_real() or bench_emulated(): fills bench->results.
 * Return: the exit status; errors are said.
 */
int bench_run(struct bench *bench, int (*measure)(struct bench *bench), bool json);

/** bench_real() - One board, as it is. */
int bench_real(struct bench *bench);

/** bench_board_open() - Open and start a board with a reader on each channel. */
int bench_board_open(struct bench_board *b, const char *name,
		     const struct cli_board_options *wanted);
void bench_board_close(struct bench_board *b);

void bench_describe(struct bench_board *b, struct bench_result *result);

/** bench_say() - On a terminal: what is being measured. */
void bench_say(const struct bench *bench, const char *what, uint32_t channels,
	       uint32_t window_mb);

/* ---- bench_emulated.c: Linux only ---------------------------------------- */

/** bench_emulated() - A board for each number of channels and size of windows. */
int bench_emulated(struct bench *bench);

/* ---- bench_memory.c: ordinary memory to compare with --------------------- */

/**
 * bench_memory_open() - Memory of @bytes and one who writes it.
 * Return: NULL on failure, said.
 */
struct bench_memory *bench_memory_open(size_t bytes);
void bench_memory_close(struct bench_memory *memory);

/** bench_memory_bytes() - How much of it there is. */
size_t bench_memory_bytes(const struct bench_memory *memory);

/** bench_memory_batch() - The batch all functions here are about. */
struct bench_batch *bench_memory_batch(struct bench_memory *memory);

/** bench_memory_copy_target() - Where all copies go; large enough for @bytes. */
uint8_t *bench_memory_copy_target(struct bench_memory *memory, size_t bytes);

/**
 * bench_memory_write() - Have frames of the batch's lengths written, by
 * another CPU, one behind the other as the board does.
 */
void bench_memory_write(struct bench_memory *memory);

/** bench_memory_read() - Read what was written; seconds it took. */
double bench_memory_read(struct bench_memory *memory);

/** bench_memory_copy() - memcpy() each frame to the target; seconds it took. */
double bench_memory_copy(struct bench_memory *memory);

/** bench_touch() - Read every byte; the sum keeps the compiler honest. */
uint64_t bench_touch(const uint8_t *data, size_t length);

/** bench_sink() - Use a value in a way that is not optimised away. */
void bench_sink(uint64_t value);

/* ---- bench_system.c, bench_system_windows.c ------------------------------ */

/**
 * bench_map() - Memory of whole pages, all of them there; NULL = none.
 * @shared: With the writer.
 */
void *bench_map(size_t bytes, bool shared);
void bench_unmap(void *p, size_t bytes);

struct bench_writer;

/**
 * bench_writer_start() - One who calls @write on another CPU than the reader's.
 *
 * On Linux it is a process: in a program without threads the C library takes
 * locks without atomic operations, and so that is how libnetra is measured. On
 * Windows, where all locks have them, it is a thread.
 *
 * Return: NULL on failure.
 */
struct bench_writer *bench_writer_start(void (*write)(void *context), void *context);
void bench_writer_stop(struct bench_writer *writer);

/** bench_writer_run() - Have it call @write, once, to its end. */
void bench_writer_run(struct bench_writer *writer);

/**
 * bench_thread_ns() - CPU time of this thread.
 *
 * Rates are taken by it: time in which another program had the CPU says
 * nothing about the way to the data. On an idle machine it is the wall's time.
 * So it is on Windows, which counts CPU time in ticks longer than a batch.
 */
uint64_t bench_thread_ns(void);

/** bench_cpu_seconds() - Of this process alone, user and system. */
double bench_cpu_seconds(void);

/**
 * bench_pin() - Run this thread, and what it starts, on one side only.
 * @reader: On the CPU of the reader, else on all the others.
 *
 * Board and reader then never share a CPU, and so no first-level cache, in
 * any measurement. Does nothing on a machine with one CPU.
 */
void bench_pin(bool reader);

/** bench_rest() - Sleep. */
void bench_rest(uint32_t ms);

/** bench_wait() - For something to be dispatched; false: not within @ms. */
bool bench_wait(const struct netra_board *board, uint32_t ms);

/** bench_advise() - Print how @bytes would be had faster, if there is a way. */
void bench_advise(uint64_t bytes);

/* ---- bench_rates.c: bandwidth of each way to the data -------------------- */

struct bench_rates {
	uint32_t rounds;
	uint64_t frames;		/* read by reference, all rounds */
	double frame_bytes;		/* mean */
	double batch_bytes;		/* mean */
	double copy_reference;		/* bytes a second, medians from here */
	double read_reference;
	double zero_copy;
	double copy;
	double zero_copy_ratio;		/* to the memcpy beside it */
	double copy_ratio;
	uint64_t overwritten;		/* frames reclaimed while held */
};

/**
 * bench_rates() - Rounds of every way, side by side, for about @seconds.
 * Return: CLI_OK, or CLI_FAILED, said.
 */
int bench_rates(struct bench_board *b, struct bench_memory *memory,
		double seconds, struct bench_rates *rates);

/* ---- bench_stream.c: a program that reads all channels ------------------- */

struct bench_stream {
	double seconds;
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;
	uint64_t wakeups;
	double cpu_seconds;
	bool latency_known;
	double latency_median_us;
	double latency_99_us;
};

/** bench_stream() - Read as frames come, for @seconds. As bench_rates(). */
int bench_stream(struct bench_board *b, double seconds,
		 struct bench_stream *stream);

/* ---- bench_report.c ------------------------------------------------------ */

struct bench_result {
	uint32_t channels;
	uint32_t window_bytes;
	uint32_t window_count;
	char memory[64];
	char cache_mode[32];
	struct bench_rates rates;
	struct bench_stream full;	/* as fast as the board can */
	struct bench_stream live;	/* in real time */
	bool have_full;
	bool have_live;
};

void bench_report(const char *name, const struct bench_result *results,
		  size_t count);
int bench_report_json(const char *name, const struct bench_result *results,
		      size_t count);

/** bench_median() - Sorts @values. 0 of none. */
double bench_median(double *values, size_t count);

/** bench_percentile() - Of sorted values, nearest rank; 0 of none. */
double bench_percentile(const double *sorted, size_t count, double percent);

#endif
