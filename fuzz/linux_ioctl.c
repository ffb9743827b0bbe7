/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls on /dev/netraN as no program should make them: random ones and nearly
 * right ones, from processes with two threads each that share descriptors, fork
 * and are killed in the middle. Right or wrong, none may give a writable mapping,
 * name bytes outside the arena, or end in an errno that the interface lacks.
 *	linux_ioctl NODE SECONDS SEED [boot]
 * What it does to the kernel shows in the kernel's log. Also built for 32 bits.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "linux_ioctl.h"

#define WORKERS	4

static void *forever(void *context)
{
	for (;;)
		step(context);
	return NULL;
}

/* A process: two threads over the same files, and children that inherit them. */
static void work(uint64_t seed)
{
	struct thread one = { .random = seed | 1 }, two = { .random = ~seed | 1 };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < FILES; i++)
		file[i] = open(node, i % 3 ? O_RDWR : O_RDONLY);
	pthread_create(&thread, NULL, forever, &two);
	for (unsigned int i = 0;; i++) {
		step(&one);
		if (i % 500 == 499) {
			pid_t child = fork();

			if (!child) {
				for (int n = 0; n < 50; n++)
					step(&one);
				_exit(0);
			}
			if (any(&one, 2))
				kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
	}
}

static pid_t begin(uint64_t seed)
{
	pid_t child = fork();

	if (!child)
		work(seed);
	return child;
}

int main(int argc, char **argv)
{
	struct netra_ioc_status status;
	pid_t worker[WORKERS];
	unsigned int killed = 0;
	time_t end;
	uint64_t seed;
	int fd;

	if (argc < 4)
		return 2;
	node = argv[1];
	end = time(NULL) + atoi(argv[2]);
	seed = strtoull(argv[3], NULL, 0) * 0x9e3779b97f4a7c15ull;
	may_boot = argc > 4;
	fd = open(node, O_RDONLY);
	if (fd < 0 || ioctl(fd, NETRA_IOC_STATUS, &status)) {
		perror(node);
		return 1;
	}
	arena_bytes = status.arena_bytes;
	close(fd);
	total = mmap(NULL, sizeof(*total), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < WORKERS; i++)
		worker[i] = begin(seed += 2);
	while (time(NULL) < end) {
		int which = (int)(killed % WORKERS), result;
		pid_t ended;

		usleep(700000);
		ended = waitpid(-1, &result, WNOHANG);
		if (ended > 0 && !WIFSIGNALED(result))
			goto err_broken;
		if (ended > 0) {
			fprintf(stderr, "linux_ioctl: signal %d\n",
				WTERMSIG(result));
			goto err_broken;
		}
		kill(worker[which], SIGKILL);
		waitpid(worker[which], NULL, 0);
		worker[which] = begin(seed += 2);
		killed++;
	}
	for (int i = 0; i < WORKERS; i++) {
		kill(worker[i], SIGKILL);
		waitpid(worker[i], NULL, 0);
	}
	printf("%lu calls, %lu worked, %u workers killed\n", total->calls,
	       total->worked, killed);
	return 0;

err_broken:
	for (int i = 0; i < WORKERS; i++)
		kill(worker[i], SIGKILL);
	return 1;
}
