/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the board's memory is compared with: ordinary private memory, as
 * malloc() gives it, that another CPU has just written with frames of the same
 * lengths in the same order. So the reference starts with
 * its data in the same caches as the board's frames, however large they are.
 *
 * The writer is a thread of its own; it touches the memory only between
 * bench_memory_write()'s two semaphore operations.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "cli.h"
#include "core/protocol.h"

#define PATTERN_BYTES (4u << 20)

struct bench_memory {
	uint8_t *base;
	size_t bytes;
	uint8_t *pattern;	/* what the writer copies from */
	uint8_t *target;
	size_t target_bytes;
	const struct bench_batch *batch;
	bool stop;
	sem_t go, done;
	pthread_t writer;
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

static void *write_frames(void *context)
{
	struct bench_memory *m = context;

	bench_pin(false);
	for (;;) {
		size_t at = 0, from = 0;

		while (sem_wait(&m->go))
			;
		if (m->stop)
			return NULL;
		for (uint32_t i = 0; i < m->batch->count; i++) {
			size_t length = m->batch->frame[i].length;

			if (from + length > PATTERN_BYTES)
				from = 0;
			memcpy(m->base + at, m->pattern + from, length);
			at += place(length);
			from += place(length);
		}
		sem_post(&m->done);
	}
}

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	memset(p, 0x5a, bytes);
	return p;
}

struct bench_memory *bench_memory_open(size_t bytes)
{
	struct bench_memory *m = calloc(1, sizeof(*m));

	if (!m)
		goto err_memory;
	m->bytes = bytes;
	m->target_bytes = 1u << 20;
	m->base = map(bytes);
	m->pattern = map(PATTERN_BYTES);
	m->target = map(m->target_bytes);
	if (!m->base || !m->pattern || !m->target)
		goto err_unmap;
	for (size_t i = 0; i < PATTERN_BYTES; i++)
		m->pattern[i] = (uint8_t)(i * 2654435761u >> 13);
	sem_init(&m->go, 0, 0);
	sem_init(&m->done, 0, 0);
	if (pthread_create(&m->writer, NULL, write_frames, m))
		goto err_unmap;
	return m;

err_unmap:
	if (m->base)
		munmap(m->base, m->bytes);
	if (m->pattern)
		munmap(m->pattern, PATTERN_BYTES);
	if (m->target)
		munmap(m->target, m->target_bytes);
	free(m);
err_memory:
	cli_error("bench: out of memory: close other programs");
	return NULL;
}

void bench_memory_close(struct bench_memory *m)
{
	if (!m)
		return;
	m->stop = true;
	sem_post(&m->go);
	pthread_join(m->writer, NULL);
	sem_destroy(&m->go);
	sem_destroy(&m->done);
	munmap(m->base, m->bytes);
	munmap(m->pattern, PATTERN_BYTES);
	munmap(m->target, m->target_bytes);
	free(m);
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
	larger = map(bytes);
	if (!larger) {
		cli_error("bench: out of memory: close other programs");
		return NULL;
	}
	munmap(m->target, m->target_bytes);
	m->target = larger;
	m->target_bytes = bytes;
	return larger;
}

void bench_memory_write(struct bench_memory *m, const struct bench_batch *batch)
{
	m->batch = batch;
	sem_post(&m->go);
	while (sem_wait(&m->done))
		;
}

double bench_memory_read(struct bench_memory *m, const struct bench_batch *batch)
{
	uint64_t start_ns = cli_now_ns(), sum = 0;
	size_t at = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		sum += bench_touch(m->base + at, batch->frame[i].length);
		at += place(batch->frame[i].length);
	}
	bench_sink(sum);
	return (double)(cli_now_ns() - start_ns) / 1e9;
}

double bench_memory_copy(struct bench_memory *m, const struct bench_batch *batch)
{
	uint64_t start_ns = cli_now_ns();
	size_t at = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		memcpy(m->target, m->base + at, batch->frame[i].length);
		bench_sink(m->target[0]);
		at += place(batch->frame[i].length);
	}
	return (double)(cli_now_ns() - start_ns) / 1e9;
}

typedef uint64_t words __attribute__((vector_size(16), aligned(1), may_alias));

#define AHEAD 512u	/* bytes; the hardware does not prefetch over a frame's start */

uint64_t bench_touch(const uint8_t *data, size_t length)
{
	words a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	uint64_t rest = 0;

	for (; length >= 8 * sizeof(words); length -= 8 * sizeof(words)) {
		const words *p = (const words *)data;

		__builtin_prefetch(data + AHEAD);
		__builtin_prefetch(data + AHEAD + 64);
		a += p[0];
		b += p[1];
		c += p[2];
		d += p[3];
		a += p[4];
		b += p[5];
		c += p[6];
		d += p[7];
		data += 8 * sizeof(words);
	}
	for (; length >= sizeof(words); length -= sizeof(words)) {
		a += *(const words *)data;
		data += sizeof(words);
	}
	for (; length; length--)
		rest += *data++;
	a += b + c + d;
	return rest + a[0] + a[1];
}

void bench_sink(uint64_t value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}
