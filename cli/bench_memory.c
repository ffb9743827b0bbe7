/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the board's memory is compared with: ordinary memory that another
 * process, on another CPU, has just written with frames of the same lengths in
 * the same order, as the board has written its own. So the reference starts
 * with its data in the same caches as the board's frames, however large they
 * are.
 *
 * The writer is a process and not a thread: in a program without threads
 * the C library takes locks without atomic operations, and so that is how
 * libnetra is measured, as the recorder uses it.
 */
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "cli.h"
#include "core/protocol.h"

#define PATTERN_BYTES (4u << 20)
#define TARGET_BYTES (1u << 20)

/* Shared with the writer, who touches it between the two semaphores only. */
struct shared {
	sem_t go, done;
	struct bench_batch batch;
};

struct bench_memory {
	struct shared *shared;
	uint8_t *base;		/* shared, too */
	size_t bytes;
	uint8_t *target;
	size_t target_bytes;
	pid_t writer;
};

/* As frames lie in a ring: on cache lines, one behind the other. */
static size_t place(size_t length)
{
	return (length + NETRA_FRAME_ALIGN - 1) & ~(size_t)(NETRA_FRAME_ALIGN - 1);
}

void bench_pin(bool reader)
{
	static cpu_set_t all;
	static bool known;
	cpu_set_t set;
	size_t last = 0;

	if (!known && sched_getaffinity(0, sizeof(all), &all))
		return;
	known = true;
	if (CPU_COUNT(&all) < 2)
		return;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all))
			last = cpu;
	set = all;
	CPU_CLR(last, &set);
	if (reader) {
		CPU_ZERO(&set);
		CPU_SET(last, &set);
	}
	sched_setaffinity(0, sizeof(set), &set);
}

static void *map(size_t bytes, int kind)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       kind | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	memset(p, 0x5a, bytes);
	return p;
}

static void unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

/* The writer's life: ends with its parent. */
static void __attribute__((noreturn)) write_frames(struct bench_memory *m)
{
	const struct bench_batch *batch = &m->shared->batch;
	uint8_t *pattern = map(PATTERN_BYTES, MAP_PRIVATE);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_pin(false);
	while (pattern && sem_wait(&m->shared->go) == 0) {
		size_t at = 0, from = 0;

		for (uint32_t i = 0; i < batch->count; i++) {
			size_t length = batch->length[i];

			if (from + length > PATTERN_BYTES)
				from = 0;
			memcpy(m->base + at, pattern + from, length);
			at += place(length);
			from += place(length);
		}
		sem_post(&m->shared->done);
	}
	_exit(EXIT_FAILURE);
}

struct bench_memory *bench_memory_open(size_t bytes)
{
	struct bench_memory *m = calloc(1, sizeof(*m));

	if (!m)
		goto err_memory;
	m->bytes = bytes;
	m->target_bytes = TARGET_BYTES;
	m->shared = map(sizeof(*m->shared), MAP_SHARED);
	m->base = map(bytes, MAP_SHARED);
	m->target = map(m->target_bytes, MAP_PRIVATE);
	if (!m->shared || !m->base || !m->target)
		goto err_unmap;
	sem_init(&m->shared->go, 1, 0);
	sem_init(&m->shared->done, 1, 0);
	m->writer = fork();
	if (m->writer == 0)
		write_frames(m);
	if (m->writer < 0)
		goto err_unmap;
	return m;

err_unmap:
	unmap(m->target, m->target_bytes);
	unmap(m->base, m->bytes);
	unmap(m->shared, sizeof(*m->shared));
	free(m);
err_memory:
	cli_error("bench: out of memory: close other programs");
	return NULL;
}

void bench_memory_close(struct bench_memory *m)
{
	if (!m)
		return;
	kill(m->writer, SIGKILL);
	waitpid(m->writer, NULL, 0);
	unmap(m->target, m->target_bytes);
	unmap(m->base, m->bytes);
	unmap(m->shared, sizeof(*m->shared));
	free(m);
}

struct bench_batch *bench_memory_batch(struct bench_memory *m)
{
	return &m->shared->batch;
}

size_t bench_memory_bytes(const struct bench_memory *m)
{
	return m->bytes;
}

uint8_t *bench_memory_copy_target(struct bench_memory *m, size_t bytes)
{
	uint8_t *larger;

	if (bytes <= m->target_bytes)
		return m->target;
	larger = map(bytes, MAP_PRIVATE);
	if (!larger) {
		cli_error("bench: out of memory: close other programs");
		return NULL;
	}
	munmap(m->target, m->target_bytes);
	m->target = larger;
	m->target_bytes = bytes;
	return larger;
}

uint64_t bench_thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_memory_write(struct bench_memory *m)
{
	sem_post(&m->shared->go);
	while (sem_wait(&m->shared->done))
		;
}

/*
 * Plain on purpose: the compiler makes wide loads of it, the hardware reads
 * ahead. Prefetches by hand made it slower, in ordinary memory as well.
 */
uint64_t bench_touch(const uint8_t *data, size_t length)
{
	uint64_t sum = 0, word;

	for (; length >= sizeof(word); length -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += word;
		data += sizeof(word);
	}
	for (; length; length--)
		sum += *data++;
	return sum;
}

double bench_memory_read(struct bench_memory *m)
{
	const struct bench_batch *batch = &m->shared->batch;
	uint64_t start_ns = bench_thread_ns(), sum = 0;
	size_t at = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		sum += bench_touch(m->base + at, batch->length[i]);
		at += place(batch->length[i]);
	}
	bench_sink(sum);
	return (double)(bench_thread_ns() - start_ns) / 1e9;
}

double bench_memory_copy(struct bench_memory *m)
{
	const struct bench_batch *batch = &m->shared->batch;
	uint64_t start_ns = bench_thread_ns();
	size_t at = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		memcpy(m->target, m->base + at, batch->length[i]);
		bench_sink(m->target[0]);
		at += place(batch->length[i]);
	}
	return (double)(bench_thread_ns() - start_ns) / 1e9;
}

void bench_sink(uint64_t value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}
