/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the fake Windows: the rules' bookkeeping, threads, time and
 * files. The board and the memory it reaches are in machine_board.c.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

struct fake_options fake_options;

/* ---- rules --------------------------------------------------------------- */

static __thread struct fake_thread self;
static int counts[FAKE_KINDS];
static unsigned int calls, fail_at;
static const char *failed;

struct fake_thread *fake_self(void)
{
	return &self;
}

void fake_stop(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("STOP: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	abort();
}

void fake_count(enum fake_kind kind, int change)
{
	RULE(__atomic_add_fetch(&counts[kind], change, __ATOMIC_SEQ_CST) >= 0,
	     "freed twice: kind %d", (int)kind);
}

bool fake_leaks(void)
{
	static const char *const names[] = { "pool blocks", "MDLs", "page allocations",
		"BAR mappings", "mappings of MDLs", "scatter/gather lists", "framework objects",
		"requests", "references", "handles", "bus interfaces" };
	bool any = false;

	for (int i = 0; i < FAKE_KINDS; i++) {
		if (counts[i])
			fprintf(stderr, "left: %d %s\n", counts[i], names[i]);
		any |= counts[i] != 0;
	}
	return any;
}

bool fake_fails(const char *what)
{
	unsigned int n;

	if (self.never_fails)
		return false;
	n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
	if (n != fail_at)
		return false;
	failed = what;
	return true;
}

void fake_fail_at(unsigned int n)
{
	calls = 0;
	failed = NULL;
	fail_at = n;
}

unsigned int fake_calls(void)
{
	return calls;
}

const char *fake_failed(void)
{
	return failed ? failed : "nothing";
}

/* ---- threads, time, files ------------------------------------------------ */

static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t big_change;

__attribute__((constructor)) static void set_up(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&big_change, &attributes);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

uint64_t machine_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void machine_sleep_ns(uint64_t ns)
{
	struct timespec time = timespec_of(ns);

	nanosleep(&time, NULL);
}

void machine_lock(void)
{
	pthread_mutex_lock(&big_lock);
}

void machine_unlock(void)
{
	pthread_mutex_unlock(&big_lock);
}

void machine_changed(void)
{
	pthread_cond_broadcast(&big_change);
}

bool machine_wait(uint64_t until_ns)
{
	struct timespec time = timespec_of(until_ns);

	if (until_ns == UINT64_MAX)
		return !pthread_cond_wait(&big_change, &big_lock);
	return !pthread_cond_timedwait(&big_change, &big_lock, &time);
}

struct start {
	void (*function)(void *);
	void *context;
};

static void *enter(void *data)
{
	struct start start = *(struct start *)data;

	free(data);
	start.function(start.context);
	return NULL;
}

bool machine_thread(void (*function)(void *), void *context, void **thread)
{
	struct start *start = malloc(sizeof(*start));
	pthread_t id;

	*start = (struct start){ function, context };
	if (pthread_create(&id, NULL, enter, start))
		return false;
	*thread = (void *)id;
	return true;
}

void machine_join(void *thread)
{
	pthread_join((pthread_t)thread, NULL);
}

void machine_thread_end(void)
{
	pthread_exit(NULL);
}

uint64_t machine_thread_id(void)
{
	return (uint64_t)pthread_self();
}

int machine_format(char *to, size_t size, const char *format, va_list arguments)
{
	return vsnprintf(to, size, format, arguments);
}

int machine_file_open(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

long machine_file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)st.st_size;
}

long machine_file_read(int fd, void *to, size_t bytes)
{
	return read(fd, to, bytes);
}

void machine_file_close(int fd)
{
	close(fd);
}
