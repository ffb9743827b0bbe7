/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the fuzzer of /dev/netraN share. */
#ifndef FUZZ_LINUX_IOCTL_H
#define FUZZ_LINUX_IOCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/linux/netra_ioctl.h"

#define FILES	8
#define TOKENS	64

struct thread {
	uint64_t random;
	uint8_t *map;		/* of the arena, or NULL */
	size_t map_bytes;
	uint64_t token[TOKENS];	/* taken; some of them */
	unsigned int tokens;
};

/* Of all processes, in memory that they share. */
struct total {
	unsigned long calls, worked;
};

extern struct total *total;
extern const char *node;
extern bool may_boot;		/* reset the board, now and then */
extern int file[FILES];		/* of a process */
extern uint64_t arena_bytes;

/** any() - A number below @below. */
uint32_t any(struct thread *t, uint32_t below);

/** step() - One call, or what goes with them. */
void step(struct thread *t);

#endif
