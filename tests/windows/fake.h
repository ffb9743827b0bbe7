/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Windows for one driver: as much of NT and KMDF as the driver uses, with
 * their rules (levels, locks, pools, MDLs, who frees what) as assertions, over
 * an emulated board. This file is what tests see of it, and what its two halves
 * share: nt*.c and wdf*.c are compiled with the DDK's headers, as the driver is,
 * machine*.c with Linux's.
 *
 * Driver and tests run in this process; threads are real. What is broken ends
 * the process with a sentence: a Windows would have ended with a blue screen.
 */
#ifndef TESTS_WINDOWS_FAKE_H
#define TESTS_WINDOWS_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- rules (machine.c) --------------------------------------------------- */

#define PASSIVE 0
#define APC 1
#define DISPATCH 2
#define DEVICE 5	/* any above DISPATCH */

struct fake_thread {
	int level;		/* IRQL */
	int locks;		/* wait locks held */
	void *process;		/* current one, after attaching */
	bool in_try;		/* an exception has somewhere to go */
	bool never_fails;	/* of a test that looks on */
};

struct fake_thread *fake_self(void);

/** fake_stop() - A rule was broken. */
void fake_stop(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define RULE(condition, ...) ((condition) ? (void)0 : fake_stop(__VA_ARGS__))
#define AT_MOST(most) RULE(fake_self()->level <= (most),			\
	"%s at level %d, allowed up to %d", __func__, fake_self()->level, (most))

/* Everything that must be given back, by kind; 0 of each at the end. */
enum fake_kind {
	FAKE_POOL, FAKE_MDL, FAKE_PAGES, FAKE_IO_MAPPING, FAKE_MAPPING, FAKE_LIST,
	FAKE_OBJECT, FAKE_REQUEST, FAKE_REFERENCE, FAKE_HANDLE, FAKE_INTERFACE, FAKE_KINDS
};
void fake_count(enum fake_kind kind, int change);
/** fake_leaks() - Is anything left? Says what on stderr. */
bool fake_leaks(void);

/**
 * fake_fails() - Shall this call fail? For each call that can fail.
 *
 * The @n-th since fake_fail_at(@n) does; 0 = none.
 */
bool fake_fails(const char *what);
void fake_fail_at(unsigned int n);
/** fake_calls() - How many there were since then; the last one failed is told. */
unsigned int fake_calls(void);
const char *fake_failed(void);

/* ---- the machine underneath (machine*.c) --------------------------------- */

struct fake_options {
	const char *socket;	/* of the emulated board */
	bool line;		/* no MSI is granted */
	bool misaligned;	/* the adapter gives unaligned addresses */
	int late_list_ms;	/* the adapter calls back later */
	unsigned int chunks_max;/* contiguous memory there is, in MB; 0 = enough */
};

extern struct fake_options fake_options;

bool machine_connect(void);
void machine_disconnect(void);
uint32_t machine_config_read(uint32_t offset, void *to, uint32_t bytes);
uint32_t machine_config_write(uint32_t offset, const void *from, uint32_t bytes);
uint64_t machine_bar(unsigned int bar, uint64_t *bytes);	/* its bus address */
uint32_t machine_register(uint32_t offset);	/* of BAR 0, for tests */
/* Mapping of a part of a BAR, from its bus address; register access through it. */
void *machine_io_map(uint64_t address, size_t bytes, bool cached_or_combined);
void machine_io_unmap(void *at, size_t bytes);
uint32_t machine_read32(const volatile void *at);
void machine_write32(volatile void *at, uint32_t value);
/* The board's interrupts: @handler in a thread of its own until stopped. */
void machine_interrupts(void (*handler)(void));
void machine_interrupts_stop(void);

struct chunk {			/* contiguous memory */
	int fd;
	uint64_t bus;
	size_t bytes;
};
bool machine_chunk_make(struct chunk *chunk, size_t bytes);
void machine_chunk_free(struct chunk *chunk);
void *machine_chunks_map(const struct chunk *chunk, unsigned int count, bool writable);
void machine_chunks_unmap(void *at, size_t bytes);
bool machine_dma_map(const struct chunk *chunk);
void machine_dma_unmap(const struct chunk *chunk);

/* Threads and time for the other half. */
uint64_t machine_now_ns(void);
void machine_sleep_ns(uint64_t ns);
void machine_lock(void);	/* one for all of nt.c's and wdf.c's state */
void machine_unlock(void);
void machine_changed(void);	/* wake those in machine_wait() */
bool machine_wait(uint64_t until_ns);	/* with the lock; false: it is later */
bool machine_thread(void (*function)(void *), void *context, void **thread);
void machine_join(void *thread);
void machine_thread_end(void) __attribute__((noreturn));
uint64_t machine_thread_id(void);
int machine_format(char *to, size_t size, const char *format, __builtin_va_list arguments);
int machine_file_open(const char *path);
long machine_file_size(int fd);
long machine_file_read(int fd, void *to, size_t bytes);
void machine_file_close(int fd);

/* ---- nt*.c --------------------------------------------------------------- */

/* What the registry has under Parameters; NULL name ends the list. */
struct fake_value {
	const char *name;
	const char *text;	/* REG_SZ, or NULL */
	uint32_t number;
};
extern const struct fake_value *fake_registry;

void *fake_process_new(void);
/** fake_process_end() - It exits; whoever still has it referenced may ask. */
void fake_process_end(void *process);
void fake_process_put(void *process);
/** fake_kernel_view() - The driver's own mapping of the arena; NULL = none. */
uint8_t *fake_kernel_view(void);
/** fake_is_mapped() - Is this memory mapped for user mode in @process? */
bool fake_is_mapped(void *process, const void *at);

/* ---- wdf.c: the Plug and Play manager and the I/O manager ---------------- */

/* All return an NTSTATUS. */
int32_t fake_load(void);		/* DriverEntry */
void fake_unload(void);
int32_t fake_add(void);			/* EvtDriverDeviceAdd, then start */
int32_t fake_power_down(void);
int32_t fake_power_up(void);
int32_t fake_rebalance(void);		/* resources taken away, and given again */
void fake_surprise(void);		/* the first half of a surprise removal */
void fake_remove(void);			/* handles must be closed */

struct fake_handle;
int32_t fake_open(void *process, bool write, struct fake_handle **handle);
void fake_close(struct fake_handle *handle, void *process);

struct fake_request;
struct fake_io {
	uint32_t code;
	const void *in;
	size_t in_bytes;
	void *out;
	size_t out_bytes;
	bool fails_mapping;	/* of a direct output */
};
/** fake_begin() - DeviceIoControl, overlapped; in the context of @process. */
struct fake_request *fake_begin(struct fake_handle *handle, void *process,
				const struct fake_io *io);
/** fake_done() - Has it ended? */
bool fake_done(struct fake_request *request);
void fake_cancel(struct fake_request *request);
/** fake_end() - Await it, at most @ms, and free it. */
int32_t fake_end(struct fake_request *request, unsigned int ms, size_t *done);
/** fake_call() - Begin and end. */
int32_t fake_call(struct fake_handle *handle, void *process, const struct fake_io *io,
		  size_t *done);

#endif
