/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the board's memory is compared with: ordinary memory that somebody else,
 * on another CPU, has just written with frames of the same lengths in the same
 * order, as the board has written its own. So the reference starts with its data
 * in the same caches as the board's frames, however large they are.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/protocol.h"

#define PATTERN_BYTES (4u << 20)
#define TARGET_BYTES (1u << 20)

struct bench_memory {
	struct bench_batch *batch;	/* the writer's, too */
	uint8_t *base;			/* and so this */
	size_t bytes;
	uint8_t *pattern;
	uint8_t *target;
	size_t target_bytes;
	struct bench_writer *writer;
};

/* As frames lie in a ring: on cache lines, one behind the other. */
static size_t place(size_t length)
{
	return (length + NETRA_FRAME_ALIGN - 1) & ~(size_t)(NETRA_FRAME_ALIGN - 1);
}

/* The writer's work. */
static void write_frames(void *context)
{
	struct bench_memory *m = context;
	size_t at = 0, from = 0;

	for (uint32_t i = 0; i < m->batch->count; i++) {
		size_t length = m->batch->length[i];

		if (from + length > PATTERN_BYTES)
			from = 0;
		memcpy(m->base + at, m->pattern + from, length);
		at += place(length);
		from += place(length);
	}
}

static void free_memory(struct bench_memory *m)
{
	bench_unmap(m->target, m->target_bytes);
	bench_unmap(m->pattern, PATTERN_BYTES);
	bench_unmap(m->base, m->bytes);
	bench_unmap(m->batch, sizeof(*m->batch));
	free(m);
}

struct bench_memory *bench_memory_open(size_t bytes)
{
	struct bench_memory *m = calloc(1, sizeof(*m));

	if (!m)
		goto err_memory;
	m->bytes = bytes;
	m->target_bytes = TARGET_BYTES;
	m->batch = bench_map(sizeof(*m->batch), true);
	m->base = bench_map(bytes, true);
	m->pattern = bench_map(PATTERN_BYTES, false);
	m->target = bench_map(m->target_bytes, false);
	if (!m->batch || !m->base || !m->pattern || !m->target)
		goto err_free;
	m->writer = bench_writer_start(write_frames, m);
	if (!m->writer)
		goto err_free;
	return m;

err_free:
	free_memory(m);
err_memory:
	cli_error("bench: out of memory: close other programs");
	return NULL;
}

void bench_memory_close(struct bench_memory *m)
{
	if (!m)
		return;
	bench_writer_stop(m->writer);
	free_memory(m);
}

struct bench_batch *bench_memory_batch(struct bench_memory *m)
{
	return m->batch;
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
	larger = bench_map(bytes, false);
	if (!larger) {
		cli_error("bench: out of memory: close other programs");
		return NULL;
	}
	bench_unmap(m->target, m->target_bytes);
	m->target = larger;
	m->target_bytes = bytes;
	return larger;
}

void bench_memory_write(struct bench_memory *m)
{
	bench_writer_run(m->writer);
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
	const struct bench_batch *batch = m->batch;
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
	const struct bench_batch *batch = m->batch;
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
