/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the library share on Linux: the board, its channels and
 * readers. What does not depend on the system is in common.h.
 *
 * One mutex per board guards all of it. Functions here are called with it
 * held unless their comment says otherwise; none of them waits longer than
 * the transport's bound.
 */
#ifndef NETRA_LIB_INTERNAL_H
#define NETRA_LIB_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common.h"
#include "transport.h"

#define NS_PER_S	1000000000ull
#define EVENTS_KEPT	256u

/* ---- memory the board writes (arena.c) ---------------------------------- */

struct arena {
	int fd;			/* -1 = none */
	uint64_t bytes;
	uint64_t page_bytes;
	const uint8_t *view;	/* all of it, read-only: what readers get */
	struct netra_host_area *area;	/* its first page, writable */
	uint64_t iova;
	bool mapped;		/* the board's side */
	char memory[64];
};

/** netra_arena_create() - @why: one sentence on failure. */
enum netra_error netra_arena_create(struct arena *arena, uint64_t bytes,
				    char *why, size_t why_size);
enum netra_error netra_arena_dma_map(struct arena *arena, struct transport *t,
				     uint64_t align);
/** netra_arena_clear() - All zeros: nothing of a former generation is left. */
enum netra_error netra_arena_clear(struct arena *arena);
/** netra_arena_destroy() - @t may be NULL when the board cannot reach it any more. */
void netra_arena_destroy(struct arena *arena, struct transport *t);

/* ---- configuration space (bus.c) ---------------------------------------- */

struct bus {
	uint16_t vendor_id;
	uint16_t device_id;
	uint32_t class_code;
	uint8_t msi_cap;	/* offsets; 0 = absent */
	uint8_t pcie_cap;
	bool prepared;
};

enum netra_error netra_bus_identify(struct netra_board *board);
/**
 * netra_bus_prepare() - Addresses in BARs, memory and bus mastering on, MSI routed.
 *
 * Also after a reset: what was assigned before is written again.
 */
enum netra_error netra_bus_prepare(struct netra_board *board);
void netra_bus_link(struct netra_board *board, uint32_t *width, uint32_t *mtps);

/** netra_bus_silence() - Take the board's right to write to memory. */
void netra_bus_silence(struct netra_board *board);

/** netra_bus_present() - Does the board answer configuration cycles? */
bool netra_bus_present(struct netra_board *board);

/* ---- firmware images (firmware.c) --------------------------------------- */

/** netra_images_load() - From @dir, else from where netra_boot() says. No lock. */
enum netra_error netra_images_load(struct netra_board *board, const char *dir);
void netra_images_free(struct netra_board *board);

/* ---- an emulated board of our own (emulated.c) -------------------------- */

struct emulated;

enum netra_error netra_emulated_start(const char *options,
				      struct emulated **emulated, int *socket,
				      char *why, size_t why_size);
/** netra_emulated_said() - What it complained of when it ended by itself. */
void netra_emulated_said(struct emulated *emulated, char *text, size_t size);
void netra_emulated_stop(struct emulated *emulated);
/** netra_beside_us() - Path of @relative to the running program's folder. */
bool netra_beside_us(const char *relative, char *path, size_t size);

/* ---- events (events.c) -------------------------------------------------- */

void netra_queue_event(struct netra_board *board,
		       const struct netra_event_info *info, uint64_t host_ns);
void netra_queue_notice(struct netra_board *board, enum netra_host_notice kind,
			uint32_t channel, const char *text);

/* ---- the board ---------------------------------------------------------- */

struct epoll_event;

/* What netra_dispatch() is woken by, with the lock. Return: did anything come of it? */
typedef bool board_handler(struct netra_board *board,
			   const struct epoll_event *event, int count);

/** netra_board_allocate() - With nothing but its name, options and lock. */
struct netra_board *netra_board_allocate(const char *name,
					 const struct netra_options *options,
					 const struct board_ops *ops,
					 board_handler *handle);

/** netra_board_watch() - Wake netra_dispatch() by @fd. Without the lock. */
enum netra_error netra_board_watch(struct netra_board *board, int fd,
				   uint32_t events);

/** netra_board_release() - All that a board may have but windows, and itself. */
void netra_board_release(struct netra_board *board);

/**
 * netra_board_make() - A board over an open transport, which it then owns.
 * @emulated: The process behind it, or NULL.
 *
 * @why: one sentence on failure; both are closed then.
 */
enum netra_error netra_board_make(const char *name,
				  const struct netra_options *options,
				  struct transport *transport,
				  struct emulated *emulated,
				  struct netra_board **board, char *why,
				  size_t why_size);

struct netra_board {
	const struct board_ops *ops;	/* struct board_head */
	board_handler *handle;
	pthread_mutex_t lock;
	pthread_cond_t dispatched;	/* CLOCK_MONOTONIC */
	bool dispatching;	/* a thread is in epoll_wait or at work */
	uint32_t waiters;
	uint64_t work;		/* rises when dispatch found something */

	char name[128];
	struct netra_options options;
	char *firmware_dir;
	struct transport *transport;
	struct emulated *emulated;
	struct bus bus;
	uint8_t *image[NETRA_IMAGE_COUNT];
	struct arena arena;

	int kernel_fd;		/* of a board the kernel drives, else -1 */
	char boot_waiting_for[64];	/* by it; netra_boot_status points here */
	uint64_t kernel_ready;	/* bit per id: readers worth a call (kernel_reader.c) */

	int epoll_fd;
	int irq_fd;
	int timer_fd;
	uint64_t timer_ns;	/* when it is armed for; 0 = not */

	struct netra_event event[EVENTS_KEPT];
	uint32_t event_head;
	uint32_t event_tail;

	uint64_t interrupts;
	uint64_t wakeups;

	struct netra_host host;
};

/** netra_lib_ops - What core/ asks of this driver (host_ops.c). */
extern const struct netra_host_ops netra_lib_ops;

/** netra_fail() - Keep the sentence for netra_error_text(), return the error. */
#define netra_fail(board, ...) netra_host_fail(&(board)->host, __VA_ARGS__)

/** netra_fail_transport() - The transport's sentence; a board found gone is lost. */
enum netra_error netra_fail_transport(struct netra_board *board,
				      enum netra_error error);

/* ---- a board that this process drives ----------------------------------- */

enum netra_error netra_own_boot(struct netra_board *board,
				const char *firmware_dir, bool force,
				netra_boot_callback *callback, void *context);
enum netra_error netra_own_start(struct netra_board *board);
enum netra_error netra_own_reset(struct netra_board *board);
board_handler netra_own_handle;
enum netra_error netra_own_command(struct netra_board *board, uint32_t channel,
				   enum netra_opcode opcode, uint32_t arg0,
				   uint32_t arg1);
enum netra_error netra_own_post(struct netra_board *board, uint32_t channel,
				enum netra_opcode opcode, uint32_t arg0,
				uint32_t arg1);
enum netra_error netra_own_next_event(struct netra_board *board,
				      struct netra_event *event);
void netra_own_details(struct netra_board *board,
		       struct netra_board_details *details);
void netra_own_stats(struct netra_board *board,
		     struct netra_board_stats *stats);
enum netra_error netra_own_channel_stats(struct netra_board *board,
					 uint32_t channel,
					 struct netra_channel_stats *stats);
void netra_own_dump(struct text *text, struct netra_board *board);
enum netra_error netra_own_reader_open(struct netra_board *board,
				       uint32_t channel, uint32_t flags,
				       struct netra_reader **reader);

/** netra_detach() - Windows down and drained. Called without the lock. */
void netra_detach(struct netra_board *board);

/** netra_dispatch_once() - netra_dispatch() with the lock held on entry and exit. */
enum netra_error netra_dispatch_once(struct netra_board *board, int timeout_ms);

#endif
