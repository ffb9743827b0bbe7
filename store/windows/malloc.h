/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_MALLOC_H
#define NETRA_STORE_WINDOWS_MALLOC_H
#include_next <malloc.h>

/* Windows' heap gives large blocks back by itself, and threads share it. */
#define M_MMAP_THRESHOLD	0
#define M_ARENA_MAX		0
#define mallopt(what, value)	((void)(value))
#endif
