/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the fake NT tell each other. */
#ifndef TESTS_WINDOWS_NT_H
#define TESTS_WINDOWS_NT_H

#include "fake.h"

#define malloc __builtin_malloc
#define calloc __builtin_calloc
#define free __builtin_free

struct process {
	bool is_process;
	bool ended;
	int references;
};

/* nt.c: handles of threads are the threads. */
bool fake_is_thread(void *object);
void fake_thread_put(void *thread);

#endif
