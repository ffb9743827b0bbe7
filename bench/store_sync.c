/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it costs to make all channels of a recorder durable at every tick:
 * netra-store-sync FOLDER WAY CHANNELS BITS SECONDS TICK_MS. Prints one JSON
 * object, after it has said "ready" and been given a line. bench/store-sync runs
 * it for each way and adds what the device saw.
 *
 * At each tick every channel's file grows by a fragment, gathered from pieces
 * as the recorder gathers it, and then all of them are made durable. Nothing
 * is received meanwhile, so all CPU time is the writing's and the syncing's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CHANNELS_MAX 64u
#define FRAMES_A_SECOND 30u
#define FRAMES_MAX 256u
#define TICKS_MAX 4096u
#define BLOCK 4096u
#define JOURNAL_BYTES (64u << 20)
#define SOURCE_BYTES (8u << 20)
#define NS 1000000000ull

static const char *folder_name;
static uint32_t channels, frames, frame_bytes;
static int folder, file[CHANNELS_MAX];
static uint64_t length[CHANNELS_MAX], payload_bytes, calls;
static uint8_t *source;
static size_t source_at;
static struct iovec pieces[2 * FRAMES_MAX];

static int journal;
static uint8_t *journal_block;
static uint64_t journal_at, journal_since_sync;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "netra: store-sync: %s: %s: %s\n", folder_name, what,
		strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* The next fragment: a length and a NAL unit for each frame. */
static size_t gather(void)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < frames; i++) {
		if (source_at + frame_bytes > SOURCE_BYTES)
			source_at = 0;
		pieces[2 * i] = (struct iovec){ source + source_at, 4 };
		pieces[2 * i + 1] = (struct iovec){ source + source_at + 4,
						    frame_bytes - 4 };
		source_at += frame_bytes;
		bytes += frame_bytes;
	}
	return bytes;
}

static void append(uint32_t channel, size_t bytes)
{
	ssize_t n = pwritev(file[channel], pieces, (int)(2 * frames),
			    (off_t)length[channel]);

	calls++;
	check(n == (ssize_t)bytes, "pwritev");
	length[channel] += bytes;
	payload_bytes += bytes;
}

static void append_all(void)
{
	for (uint32_t i = 0; i < channels; i++)
		append(i, gather());
}

static void commit_none(void)
{
	append_all();
}

static void commit_syncfs(void)
{
	append_all();
	calls++;
	check(!syncfs(folder), "syncfs");
}

static void commit_fdatasync(void)
{
	append_all();
	for (uint32_t i = 0; i < channels; i++, calls++)
		check(!fdatasync(file[i]), "fdatasync");
}

/* All writes are started before the first one is waited for. */
static void commit_started(void)
{
	append_all();
	for (uint32_t i = 0; i < channels; i++, calls++)
		check(!sync_file_range(file[i], 0, 0, SYNC_FILE_RANGE_WRITE),
		      "sync_file_range");
	for (uint32_t i = 0; i < channels; i++, calls++)
		check(!fdatasync(file[i]), "fdatasync");
}

/*
 * The fragments of all channels go into the journal in one write; the files
 * are left to the kernel, and synced before the journal overwrites what they
 * might still lack.
 */
static void commit_journal(void)
{
	size_t bytes = 0, n, padded;

	for (uint32_t i = 0; i < channels; i++) {
		n = gather();
		check(bytes + n <= JOURNAL_BYTES / 2, "a tick is too large");
		for (uint32_t k = 0; k < 2 * frames; k++) {
			memcpy(journal_block + bytes, pieces[k].iov_base,
			       pieces[k].iov_len);
			bytes += pieces[k].iov_len;
		}
		append(i, n);
	}
	padded = (bytes + BLOCK - 1) / BLOCK * BLOCK;
	if (journal_since_sync + padded > JOURNAL_BYTES / 2) {
		calls++;
		check(!syncfs(folder), "syncfs");
		journal_since_sync = 0;
	}
	if (journal_at + padded > JOURNAL_BYTES)
		journal_at = 0;
	calls += 2;
	check(pwrite(journal, journal_block, padded, (off_t)journal_at) ==
	      (ssize_t)padded, "writing the journal");
	check(!fdatasync(journal), "syncing the journal");
	journal_at += padded;
	journal_since_sync += padded;
}

static const struct way {
	const char *name;
	void (*commit)(void);
} ways[] = {
	{ "none", commit_none },
	{ "syncfs", commit_syncfs },
	{ "fdatasync", commit_fdatasync },
	{ "started", commit_started },
	{ "journal", commit_journal },
};

static void open_journal(void)
{
	check(!posix_memalign((void **)&journal_block, BLOCK, JOURNAL_BYTES / 2),
	      "memory");
	memset(journal_block, 0x5a, JOURNAL_BYTES / 2);
	journal = openat(folder, "journal", O_RDWR | O_CREAT | O_DIRECT, 0644);
	check(journal >= 0, "journal");
	/* Written once, so that later writes change no metadata. */
	for (int half = 0; half < 2; half++)
		check(pwrite(journal, journal_block, JOURNAL_BYTES / 2,
			     half * (off_t)(JOURNAL_BYTES / 2)) ==
		      JOURNAL_BYTES / 2, "filling the journal");
	check(!fsync(journal), "syncing the journal");
}

static void open_all(uint64_t bits, uint64_t tick_ns)
{
	char name[32];

	frames = (uint32_t)((FRAMES_A_SECOND * tick_ns + NS / 2) / NS);
	frame_bytes = (uint32_t)(bits / 8 / FRAMES_A_SECOND);
	check(frames && frames <= FRAMES_MAX && frame_bytes > 8 &&
	      frame_bytes < SOURCE_BYTES, "length of tick, bit rate");
	source = malloc(SOURCE_BYTES);
	check(source, "memory");
	for (size_t i = 0; i < SOURCE_BYTES; i++)
		source[i] = (uint8_t)(i * 2654435761u >> 24);
	folder = open(folder_name, O_RDONLY | O_DIRECTORY);
	check(folder >= 0, "folder");
	for (uint32_t i = 0; i < channels; i++) {
		snprintf(name, sizeof(name), "ch%02u", i);
		file[i] = openat(folder, name, O_RDWR | O_CREAT | O_TRUNC, 0644);
		check(file[i] >= 0, name);
	}
	open_journal();
	check(!syncfs(folder), "syncfs");
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / NS), (long)(ns % NS) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static double cpu_ms(const struct timeval *begin, const struct timeval *end)
{
	return (double)(end->tv_sec - begin->tv_sec) * 1e3 +
	       (double)(end->tv_usec - begin->tv_usec) / 1e3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run(const struct way *way, uint64_t seconds, uint64_t tick_ns)
{
	static double took_ms[TICKS_MAX];
	uint64_t begin = now_ns(), due, start;
	uint32_t ticks = (uint32_t)(seconds * NS / tick_ns), late = 0;
	struct rusage before, after;

	check(ticks && ticks <= TICKS_MAX, "length of the run");
	getrusage(RUSAGE_SELF, &before);
	for (uint32_t i = 0; i < ticks; i++) {
		due = begin + (i + 1) * tick_ns;
		sleep_until(due);
		start = now_ns();
		late += start > due + tick_ns / 2;
		way->commit();
		took_ms[i] = (double)(now_ns() - start) / 1e6;
	}
	getrusage(RUSAGE_SELF, &after);
	qsort(took_ms, ticks, sizeof(*took_ms), ascending);
	printf("{\"way\": \"%s\", \"channels\": %u, \"seconds\": %.3f, "
	       "\"payload_bytes\": %llu, \"calls\": %llu, "
	       "\"user_ms\": %.3f, \"system_ms\": %.3f, \"ticks\": %u, "
	       "\"late\": %u, \"median_ms\": %.3f, \"p99_ms\": %.3f, "
	       "\"max_ms\": %.3f}\n",
	       way->name, channels, (double)(ticks * tick_ns) / 1e9,
	       (unsigned long long)payload_bytes, (unsigned long long)calls,
	       cpu_ms(&before.ru_utime, &after.ru_utime),
	       cpu_ms(&before.ru_stime, &after.ru_stime), ticks, late,
	       took_ms[ticks / 2], took_ms[ticks * 99 / 100], took_ms[ticks - 1]);
}

int main(int argc, char **argv)
{
	const struct way *way = ways;
	const struct way *end = ways + sizeof(ways) / sizeof(*ways);
	uint64_t bits, seconds, tick_ns;

	if (argc != 7) {
		fprintf(stderr, "usage: %s FOLDER WAY CHANNELS BITS SECONDS "
			"TICK_MS\n", argv[0]);
		return 2;
	}
	folder_name = argv[1];
	channels = (uint32_t)strtoul(argv[3], NULL, 10);
	bits = strtoull(argv[4], NULL, 10);
	seconds = strtoull(argv[5], NULL, 10);
	tick_ns = strtoull(argv[6], NULL, 10) * 1000000u;
	while (way < end && strcmp(way->name, argv[2]) != 0)
		way++;
	if (way == end || !channels || channels > CHANNELS_MAX || !tick_ns) {
		fprintf(stderr, "netra: store-sync: %s, %s channels, %s ms: "
			"no such measurement: see bench/store-sync --help\n",
			argv[2], argv[3], argv[6]);
		return 2;
	}
	open_all(bits, tick_ns);
	/* What has been written so far is not to be counted. */
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	run(way, seconds, tick_ns);
	return 0;
}
