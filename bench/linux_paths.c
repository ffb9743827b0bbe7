/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways to a board's frames under the Linux driver, side by side in one
 * run: netra-linux-paths SECONDS ROUNDS. bench/linux-paths runs it in a test
 * guest; docs/bench.md has how to read the table.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/netra.h"

#define CHANNELS_MAX 16u
#define BUFFERS 8u
#define BATCH_MAX 4096u
#define ROUNDS_MAX 31u
#define ORDINARY_BYTES (32u << 20)
#define UNCACHED_BYTES (4u << 20)
#define TARGET_BYTES (4u << 20)
#define BOARD "/dev/netra0"
#define BOARD_FOLDER "/sys/class/video4linux/video0/device/netra/"

/* A way to the frames. take: all that are there. */
struct way {
	const char *name;
	void (*open)(void);
	void (*take)(void);
	void (*close)(void);
};

struct cost {
	double rate[ROUNDS_MAX], copy_rate[ROUNDS_MAX], ratio[ROUNDS_MAX];
	double frames, wakeups, interrupts, process_ns, kernel_ns, seconds;
};

static uint32_t lengths[BATCH_MAX], batch;
static uint8_t *target, *ordinary, *uncached;
static uint64_t sink;
static uint32_t channels;
static struct netra_board *board;
static struct netra_reader *reader[CHANNELS_MAX];
static struct pollfd polled[CHANNELS_MAX];
static uint32_t polled_count;
static struct { void *start; size_t length; } buffer[CHANNELS_MAX][BUFFERS];
static char schedstat[300];

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "netra-linux-paths: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void touch(const uint8_t *data, size_t length)
{
	const uint8_t *end = data + (length & ~(size_t)7);
	uint64_t sum = 0, word;

	for (; data < end; data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += word;
	}
	sink += sum;
}

static void took(size_t length)
{
	if (length && batch < BATCH_MAX)
		lengths[batch++] = (uint32_t)length;
}

/* ---- /dev/netra0 ------------------------------------------------------------ */

static void board_open(void)
{
	uint32_t i;

	check(netra_open(BOARD, NULL, &board) == NETRA_OK &&
	      netra_start(board) == NETRA_OK, BOARD);
	for (i = 0; i < channels; i++)
		check(netra_reader_open(board, i, NETRA_READER_ALL,
					&reader[i]) == NETRA_OK &&
		      netra_channel_start(board, i) == NETRA_OK,
		      "start a channel");
	polled[0] = (struct pollfd){ netra_fd(board), POLLIN, 0 };
	polled_count = 1;
}

static void board_close(void)
{
	uint32_t i;

	for (i = 0; i < channels; i++)
		netra_reader_close(reader[i]);
	netra_close(board);
}

static void board_by_reference(void)
{
	struct netra_frame frame;
	uint32_t i;

	netra_dispatch(board, 0);
	for (i = 0; i < channels; i++) {
		while (netra_reader_next(reader[i], &frame) == NETRA_OK) {
			touch(frame.data, frame.length);
			netra_reader_release(reader[i], &frame);
			took(frame.length);
		}
	}
}

static void board_by_copy(void)
{
	struct netra_frame frame;
	uint32_t i;

	netra_dispatch(board, 0);
	for (i = 0; i < channels; i++)
		while (netra_reader_copy(reader[i], target, TARGET_BYTES,
					 &frame) == NETRA_OK)
			took(frame.length);
}

/* ---- V4L2 ------------------------------------------------------------------- */

static void nodes_open(void)
{
	char name[32];
	uint32_t i;

	for (i = 0; i < channels; i++) {
		snprintf(name, sizeof(name), "/dev/video%u", i);
		polled[i] = (struct pollfd){
			open(name, O_RDWR | O_NONBLOCK), POLLIN, 0
		};
		check(polled[i].fd >= 0, name);
	}
	polled_count = channels;
}

static void nodes_close(void)
{
	uint32_t i;

	for (i = 0; i < channels; i++)
		close(polled[i].fd);
}

static struct v4l2_buffer a_buffer(uint32_t index)
{
	return (struct v4l2_buffer){ .index = index,
				     .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
				     .memory = V4L2_MEMORY_MMAP };
}

static void mmap_open(void)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	uint32_t i, k;

	nodes_open();
	for (i = 0; i < channels; i++) {
		struct v4l2_requestbuffers wanted = {
			.count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.memory = V4L2_MEMORY_MMAP
		};
		int fd = polled[i].fd;

		check(!ioctl(fd, VIDIOC_REQBUFS, &wanted) &&
		      wanted.count == BUFFERS, "VIDIOC_REQBUFS");
		for (k = 0; k < BUFFERS; k++) {
			struct v4l2_buffer b = a_buffer(k);

			check(!ioctl(fd, VIDIOC_QUERYBUF, &b), "VIDIOC_QUERYBUF");
			buffer[i][k].length = b.length;
			buffer[i][k].start = mmap(NULL, b.length, PROT_READ,
						  MAP_SHARED, fd, b.m.offset);
			check(buffer[i][k].start != MAP_FAILED, "mmap");
			check(!ioctl(fd, VIDIOC_QBUF, &b), "VIDIOC_QBUF");
		}
		check(!ioctl(fd, VIDIOC_STREAMON, &type), "VIDIOC_STREAMON");
	}
}

static void mmap_close(void)
{
	uint32_t i, k;

	for (i = 0; i < channels; i++)
		for (k = 0; k < BUFFERS; k++)
			munmap(buffer[i][k].start, buffer[i][k].length);
	nodes_close();
}

static void nodes_by_mmap(void)
{
	uint32_t i;

	for (i = 0; i < channels; i++) {
		struct v4l2_buffer b = a_buffer(0);

		while (polled[i].revents && !ioctl(polled[i].fd, VIDIOC_DQBUF, &b)) {
			touch(buffer[i][b.index].start, b.bytesused);
			took(b.bytesused);
			check(!ioctl(polled[i].fd, VIDIOC_QBUF, &b), "VIDIOC_QBUF");
		}
	}
}

static void nodes_by_read(void)
{
	ssize_t length;
	uint32_t i;

	for (i = 0; i < channels; i++)
		while (polled[i].revents &&
		       (length = read(polled[i].fd, target, TARGET_BYTES)) > 0)
			took((size_t)length);
}

/* ---- what is measured ------------------------------------------------------- */

/* Frames of the batch's lengths, one behind the other in memory. */
static double use(const uint8_t *memory, size_t bytes, bool copy)
{
	uint64_t start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	static size_t at;
	uint32_t i;

	for (i = 0; i < batch; i++) {
		if (at + lengths[i] > bytes)
			at = 0;
		if (copy)
			memcpy(target, memory + at, lengths[i]);
		else
			touch(memory + at, lengths[i]);
		sink += target[0];
		at = (at + lengths[i] + 63) & ~(size_t)63;
	}
	return (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - start);
}

static double read_number(const char *file, const char *format)
{
	double number = 0;
	FILE *f = fopen(file, "r");

	check(f && fscanf(f, format, &number) == 1, file);
	fclose(f);
	return number;
}

/* Where the kernel says how long the driver's thread has run. */
static void find_thread(void)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	if (!folder) {
		perror("netra-linux-paths: /proc");
		exit(1);
	}
	while ((entry = readdir(folder))) {
		char name[300], comm[32] = "";
		FILE *f;

		snprintf(name, sizeof(name), "/proc/%s/comm", entry->d_name);
		f = fopen(name, "r");
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f) && !strcmp(comm, "netra0\n"))
			snprintf(schedstat, sizeof(schedstat), "/proc/%s/schedstat",
				 entry->d_name);
		fclose(f);
	}
	closedir(folder);
	check(*schedstat, "the driver's thread netra0");
}

static double bytes(void)
{
	double sum = 0;
	uint32_t i;

	for (i = 0; i < batch; i++)
		sum += lengths[i];
	return sum;
}

/* Each batch, and after it memcpy() of as much ordinary memory. */
static void beside_memcpy(const struct way *way, struct cost *cost,
			  uint32_t round, double seconds)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
	double way_ns = 0, copy_ns = 0, sum = 0;

	while (now_ns(CLOCK_MONOTONIC) < end) {
		uint64_t start;

		if (poll(polled, polled_count, 100) <= 0)
			continue;
		batch = 0;
		start = now_ns(CLOCK_THREAD_CPUTIME_ID);
		way->take();
		way_ns += (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - start);
		copy_ns += use(ordinary, ORDINARY_BYTES, true);
		sum += bytes();
	}
	check(sum > 0, way->name);
	cost->rate[round] = sum / way_ns * 1e3;
	cost->copy_rate[round] = sum / copy_ns * 1e3;
	cost->ratio[round] = copy_ns / way_ns;
}

/* As a program would do it. */
static void plainly(const struct way *way, struct cost *cost, double seconds)
{
	double interrupts = read_number(BOARD_FOLDER "interrupts", "%*s %lf");
	double kernel_ns = read_number(schedstat, "%lf");
	uint64_t process_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t start = now_ns(CLOCK_MONOTONIC), now;

	do {
		if (poll(polled, polled_count, 100) > 0) {
			batch = 0;
			way->take();
			cost->wakeups++;
			cost->frames += batch;
		}
		now = now_ns(CLOCK_MONOTONIC);
	} while ((double)(now - start) < seconds * 1e9);
	cost->seconds += (double)(now - start) / 1e9;
	cost->process_ns += (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - process_ns);
	cost->kernel_ns += read_number(schedstat, "%lf") - kernel_ns;
	cost->interrupts += read_number(BOARD_FOLDER "interrupts", "%*s %lf") - interrupts;
}

/* Memory alone, with the last batch's lengths. */
static void memory_beside_memcpy(const uint8_t *memory, size_t size, bool copy,
				 struct cost *cost, uint32_t round, double seconds)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
	double way_ns = 0, copy_ns = 0, sum = 0;

	while (now_ns(CLOCK_MONOTONIC) < end) {
		way_ns += use(memory, size, copy);
		copy_ns += use(ordinary, ORDINARY_BYTES, true);
		sum += bytes();
	}
	cost->rate[round] = sum / way_ns * 1e3;
	cost->copy_rate[round] = sum / copy_ns * 1e3;
	cost->ratio[round] = copy_ns / way_ns;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *numbers, uint32_t count)
{
	qsort(numbers, count, sizeof(*numbers), by_size);
	return numbers[count / 2];
}

static void print_cost(const char *name, struct cost *cost, uint32_t rounds)
{
	double least, most, ratio = median(cost->ratio, rounds);

	least = cost->ratio[0];
	most = cost->ratio[rounds - 1];
	printf("%-28s %7.0f %7.0f  %4.2f (%4.2f to %4.2f)", name,
	       median(cost->rate, rounds), median(cost->copy_rate, rounds),
	       ratio, least, most);
	if (cost->frames > 0)
		printf(" %7.0f %6.2f %6.2f %8.2f %8.2f",
		       cost->frames / cost->seconds,
		       cost->interrupts / cost->frames,
		       cost->wakeups / cost->frames,
		       cost->process_ns / 1e6 / cost->seconds / channels,
		       cost->kernel_ns / 1e6 / cost->seconds / channels);
	printf("\n");
}

static uint8_t *map(size_t size)
{
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED, "memory");
	memset(memory, 0x5a, size);
	return memory;
}

int main(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "/dev/netra0, zero-copy", board_open, board_by_reference, board_close },
		{ "/dev/netra0, copy", board_open, board_by_copy, board_close },
		{ "V4L2 MMAP", mmap_open, nodes_by_mmap, mmap_close },
		{ "V4L2 read()", nodes_open, nodes_by_read, nodes_close },
	};
	enum { WAYS = sizeof(ways) / sizeof(*ways) };
	static struct cost cost[WAYS], ordinary_cost, uncached_cost;
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 3, w, r;
	int fd = open("/dev/netra_uncached", O_RDONLY);

	check(rounds >= 1 && rounds <= ROUNDS_MAX, "ROUNDS");
	while (channels < CHANNELS_MAX) {
		char name[32];

		snprintf(name, sizeof(name), "/dev/video%u", channels);
		if (access(name, F_OK))
			break;
		channels++;
	}
	check(channels > 0, "/dev/video0");
	find_thread();
	target = map(TARGET_BYTES);
	ordinary = map(ORDINARY_BYTES);
	if (fd >= 0) {
		uncached = mmap(NULL, UNCACHED_BYTES, PROT_READ, MAP_SHARED, fd, 0);
		check(uncached != MAP_FAILED, "/dev/netra_uncached");
	}
	for (r = 0; r < rounds; r++) {
		for (w = 0; w < WAYS; w++) {
			ways[w].open();
			beside_memcpy(&ways[w], &cost[w], r, seconds);
			plainly(&ways[w], &cost[w], seconds);
			ways[w].close();
		}
		memory_beside_memcpy(ordinary, ORDINARY_BYTES, false, &ordinary_cost, r, seconds / 2);
		if (uncached)
			memory_beside_memcpy(uncached, UNCACHED_BYTES, true, &uncached_cost, r, seconds / 2);
	}
	printf("%u channels, %u rounds of %.1f s for each way; bytes a frame: %.0f\n\n",
	       channels, rounds, seconds, bytes() / batch);
	printf("%-28s %7s %7s  %-19s %7s %6s %6s %8s %8s\n", "", "MB/s", "memcpy",
	       "RATIO", "FRAME/S", "IRQ", "WAKE", "READER", "KERNEL");
	for (w = 0; w < WAYS; w++)
		print_cost(ways[w].name, &cost[w], rounds);
	print_cost("ordinary memory, read", &ordinary_cost, rounds);
	if (uncached)
		print_cost("uncached memory, memcpy", &uncached_cost, rounds);
	return sink == 1;	/* used, so that nothing is optimised away */
}
