/* SPDX-License-Identifier: BSD-2-Clause */
/* What a benchmark asks of Linux. */
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define HUGE_BYTES (2u << 20)

/* Shared with it, who works between the two semaphores only. */
struct bench_writer {
	sem_t go, done;
	pid_t process;		/* the reader's to set and to use */
};

void *bench_map(size_t bytes, bool shared)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	memset(p, 0x5a, bytes);
	return p;
}

void bench_unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

/* The writer's life: ends with its parent. */
static void __attribute__((noreturn)) live(struct bench_writer *w,
					   void (*write)(void *context), void *context)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_pin(false);
	while (sem_wait(&w->go) == 0) {
		write(context);
		sem_post(&w->done);
	}
	_exit(EXIT_FAILURE);
}

struct bench_writer *bench_writer_start(void (*write)(void *context), void *context)
{
	struct bench_writer *w = bench_map(sizeof(*w), true);
	pid_t process;

	if (!w)
		return NULL;
	sem_init(&w->go, 1, 0);
	sem_init(&w->done, 1, 0);
	process = fork();
	if (process == 0)
		live(w, write, context);
	if (process < 0) {
		bench_unmap(w, sizeof(*w));
		return NULL;
	}
	w->process = process;
	return w;
}

void bench_writer_run(struct bench_writer *w)
{
	sem_post(&w->go);
	while (sem_wait(&w->done))
		;
}

void bench_writer_stop(struct bench_writer *w)
{
	kill(w->process, SIGKILL);
	waitpid(w->process, NULL, 0);
	bench_unmap(w, sizeof(*w));
}

uint64_t bench_thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double bench_cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
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

void bench_rest(uint32_t ms)
{
	struct timespec wait = { .tv_sec = ms / 1000,
				 .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&wait, NULL);
}

bool bench_wait(const struct netra_board *board, uint32_t ms)
{
	struct pollfd fd = { .fd = netra_fd(board), .events = POLLIN };

	return poll(&fd, 1, (int)ms) > 0;
}

void bench_advise(uint64_t bytes)
{
	printf("For huge pages, which are faster: sysctl -w vm.nr_hugepages=%llu\n",
	       (unsigned long long)((bytes + HUGE_BYTES - 1) / HUGE_BYTES));
}
