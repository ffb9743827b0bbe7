/* SPDX-License-Identifier: BSD-2-Clause */
/* A board, the driver started on it, and programs that use it. */
#ifndef TESTS_WINDOWS_BENCH_H
#define TESTS_WINDOWS_BENCH_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What a program for Windows has from winioctl.h. */
#define CTL_CODE(device, function, method, access)	\
	((uint32_t)((device) << 16 | (access) << 14 | (function) << 2 | (method)))
#define METHOD_BUFFERED 0u
#define METHOD_OUT_DIRECT 2u
#define FILE_READ_DATA 1u
#define FILE_WRITE_DATA 2u

#include "fake.h"
#include "os/windows/netra_ioctl.h"
#include "tests/lib/emulator.h"

/* Statuses, as numbers: tests and driver do not share the names' definition. */
#define OK			0
#define NO_MORE_ENTRIES		((int32_t)0x8000001a)
#define BUFFER_OVERFLOW		((int32_t)0x80000005)
#define INVALID_PARAMETER	((int32_t)0xc000000d)
#define INVALID_HANDLE		((int32_t)0xc0000008)
#define INVALID_DEVICE_REQUEST	((int32_t)0xc0000010)
#define END_OF_FILE		((int32_t)0xc0000011)
#define ACCESS_DENIED		((int32_t)0xc0000022)
#define BUFFER_TOO_SMALL	((int32_t)0xc0000023)
#define INSUFFICIENT_RESOURCES	((int32_t)0xc000009a)
#define DEVICE_NOT_READY	((int32_t)0xc00000a3)
#define TOO_MANY_OPENED_FILES	((int32_t)0xc000011f)
#define CANCELLED		((int32_t)0xc0000120)
#define NOT_FOUND		((int32_t)0xc0000225)
#define DEVICE_REMOVED		((int32_t)0xc00002b6)
#define IO_DEVICE_ERROR		((int32_t)0xc0000185)
#define DEVICE_BUSY		((int32_t)0x80000011)

enum { COLD, BOOTING, READY, ATTACHED, RECOVERING, FAILED, GONE };

struct program {
	void *process;
	struct fake_handle *handle;
};

/** bench_board() - An emulated board; words as of emulator_start(). */
void bench_board(struct emulator *e, const char *const words[]);
/** bench_registry() - The images' names, and @more (terminated) first. */
void bench_registry(const struct fake_value *more);
/** bench_start() - Driver loaded, board added. */
void bench_start(void);
/** bench_end() - Removed and unloaded; nothing is left. */
void bench_end(void);
/** TEST() - One that stops the program if it fails half-way. */
int bench_stopped(void **state);
#define TEST(name) cmocka_unit_test_setup(name, bench_stopped)

void program_start(struct program *p);
void program_end(struct program *p);
/** call() - One structure, in and out. */
int32_t call(struct program *p, uint32_t code, void *data, size_t bytes);

struct netra_ioc_status status(struct program *p);
/** wait_for_state() - Bounded; prints what there was instead. */
void wait_for_state(struct program *p, uint32_t state);
enum netra_error command(struct program *p, uint32_t channel, uint32_t opcode, char *text);
void start_channel(struct program *p, uint32_t channel);
uint32_t open_reader(struct program *p, uint32_t channel, uint32_t flags);
/** read_chunks() - Of all readers into @buffer; bytes, 0 = nothing, or a status. */
int64_t read_chunks(struct program *p, uint32_t reader, void *buffer, size_t size);
/** heard() - Wait until an event's text has all of these words. */
bool heard(struct program *p, const char *words, unsigned int ms);

uint64_t now_ms(void);

#endif
