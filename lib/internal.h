/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the library share: the board, its channels and readers.
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

#include "core/attach.h"
#include "core/board_state.h"
#include "core/boot.h"
#include "core/clock.h"
#include "core/layout.h"
#include "core/lock.h"
#include "core/mailbox.h"
#include "core/protocol.h"
#include "core/registers.h"
#include "core/ring.h"
#include "core/watchdog.h"
#include "netra.h"
#include "transport.h"

#define NS_PER_MS	1000000ull
#define NS_PER_S	1000000000ull
#define EVENTS_KEPT	256u
#define HOST_BEAT_MS	250u
#define COMMAND_MS	1000u
#define ERROR_TEXT	320u

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
	uint64_t bar_address[TRANSPORT_BARS];
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

struct images {
	uint8_t *data[NETRA_IMAGE_COUNT];
	uint32_t bytes[NETRA_IMAGE_COUNT];
};

/** netra_images_load() - From @dir, else from where netra_boot() says. No lock. */
enum netra_error netra_images_load(struct netra_board *board, const char *dir);
void netra_images_free(struct images *images);

/* ---- carrying out what a machine of core/ asks for (execute.c) ---------- */

struct runner {
	bool attaching;			/* which machine */
	union {
		struct netra_boot boot;
		struct netra_attach_machine attach;
	} m;
	uint32_t result;
	uint64_t wait_until_ns;
};

enum run_state { RUN_AGAIN, RUN_WAIT, RUN_DONE, RUN_FAILED };

void netra_runner_boot(struct netra_board *board, struct runner *runner,
		       bool attach_only);
void netra_runner_attach(struct netra_board *board, struct runner *runner);
void netra_runner_detach(struct netra_board *board, struct runner *runner);

/**
 * netra_runner_step() - One action of the machine.
 * Return: RUN_FAILED leaves the reason in the board's error text and *error.
 */
enum run_state netra_runner_step(struct netra_board *board,
				 struct runner *runner,
				 enum netra_error *error);

/**
 * netra_runner_finish() - Step until the machine is done, sleeping as it asks.
 *
 * Called without the lock; takes it for each step.
 */
enum netra_error netra_runner_finish(struct netra_board *board,
				     struct runner *runner,
				     netra_boot_callback *callback,
				     void *context);

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

/* ---- channels and readers ----------------------------------------------- */

struct channel {
	struct netra_ring ring;
	struct netra_ring_frame *frames;
	struct netra_lock lock;		/* Peterson mode */
	struct netra_reader *readers;
	uint32_t reader_count;
	uint32_t epoch;		/* counts resyncs; tokens of older ones are stale */
	uint32_t posted_tail;
	uint64_t found_round;	/* board's round of the last discovery */
	uint32_t tick_head;	/* head at the last tick */
	bool tail_due;		/* Peterson: to be written under the lock */
	uint64_t lock_busy_ns;	/* since when the board holds it; 0 = does not */
	uint32_t lock_beat;
	bool started;		/* the application wants frames */
	bool resyncing;
	/* What makes sequences and times go on over a new generation. */
	uint64_t sequence_base;
	uint64_t sequence_next;	/* public */
	int64_t time_shift_90k;
	int64_t last_dts_90k;	/* public */
	uint64_t last_ns;	/* host time of the last discovery */
	bool have_last;
	/* Totals of former generations. */
	uint64_t old_frames, old_bytes, old_lost;
	uint64_t ring_faults;
};

struct netra_reader {
	struct netra_board *board;
	struct netra_reader *sibling;
	uint32_t channel;
	uint32_t flags;
	uint32_t epoch;
	uint32_t next;		/* position of the next unread frame */
	uint32_t oldest;	/* oldest held, or next */
	bool wait_key;
	bool waited;		/* what is skipped now was never due to it */
	uint64_t expected;	/* public sequence of the next frame */
	uint64_t owed;		/* lost already, to be said with the next frame */
	struct netra_reader_stats stats;
	uint64_t held[];	/* bit per ring entry */
};

/** netra_channel_new_generation() - Fresh ring over the attached layout. */
void netra_channel_new_generation(struct netra_board *board, uint32_t channel);
/** netra_channel_resynced() - Both sides are back at position 0. */
void netra_channel_resynced(struct netra_board *board, uint32_t channel);
/** netra_channel_scan() - Learn of new frames. Return: how many. */
uint32_t netra_channel_scan(struct netra_board *board, uint32_t channel,
			    uint64_t now_ns);
/** netra_channel_release() - A reader gave something back: make room at once. */
void netra_channel_release(struct netra_board *board, uint32_t channel);
/** netra_channel_tick() - From time to time, for channels that give nothing. */
void netra_channel_tick(struct netra_board *board, uint32_t channel);

/* ---- recovery (recover.c) ----------------------------------------------- */

enum recovery_step {
	RECOVER_NONE,
	RECOVER_PROBE,		/* all-ones: reset, or gone? */
	RECOVER_RESTARTED,	/* wait for the agent to come up again */
	RECOVER_RESET,
	RECOVER_RUN,		/* boot or attach machine */
	RECOVER_CHANNELS,	/* start what was running */
};

struct recovery {
	enum recovery_step step;
	enum netra_trouble trouble;
	enum netra_rung rung;
	uint32_t boot_count;
	uint64_t until_ns;
	uint64_t next_ns;
	uint32_t next_channel;
	struct runner runner;
	char tried[128];	/* rungs so far, for the last word */
};

/** netra_recover_trouble() - Climb the ladder for @trouble. */
void netra_recover_trouble(struct netra_board *board,
			   enum netra_trouble trouble, uint32_t channel,
			   uint64_t now_ns);
/** netra_recover_step() - Go on with what is under way; a few milliseconds. */
bool netra_recover_step(struct netra_board *board, uint64_t now_ns);
/** netra_recover_resynced() - The board answered a RESYNC command. */
void netra_recover_resynced(struct netra_board *board, uint32_t channel,
			    enum netra_error error, uint64_t now_ns);
/** netra_board_gone() - Off the bus: final. */
void netra_board_gone(struct netra_board *board, const char *why);

/* ---- commands (command.c) ----------------------------------------------- */

enum command_owner {
	OWNER_NONE,		/* nobody waits: a late answer is dropped */
	OWNER_CALLER,		/* netra_command() */
	OWNER_RESYNC,
	OWNER_RESTART,		/* START after a recovery */
};

struct command_slot {
	enum command_owner owner;
	uint32_t channel;
	bool done;
	struct netra_command_result result;
};

enum netra_error netra_command_post(struct netra_board *board,
				    enum command_owner owner,
				    const struct netra_command_request *request,
				    uint32_t *id, uint64_t now_ns);
/** netra_command_settle() - Hand answers to their owners. Return: any settled? */
bool netra_command_settle(struct netra_board *board, uint64_t now_ns);

/* ---- the board ---------------------------------------------------------- */

/**
 * netra_board_make() - A board over an open transport, which it then owns.
 * @emulated: The process behind it, or NULL.
 *
 * On failure both are closed, and netra_open_error() says why.
 */
enum netra_error netra_board_make(const char *name,
				  const struct netra_options *options,
				  struct transport *transport,
				  struct emulated *emulated,
				  struct netra_board **board);

struct netra_board {
	pthread_mutex_t lock;
	pthread_cond_t dispatched;	/* CLOCK_MONOTONIC */
	bool dispatching;	/* a thread is in epoll_wait or at work */
	uint32_t waiters;
	uint64_t work;		/* rises when dispatch found something */
	uint64_t rounds;	/* returns of netra_dispatch(), after which callers read */

	char name[128];
	struct netra_options options;
	char *firmware_dir;
	struct transport *transport;
	struct emulated *emulated;
	const struct netra_soc *soc;
	struct bus bus;
	enum netra_board_state state;
	enum netra_error lost;	/* what FAILED or GONE is to the caller */
	char error_text[ERROR_TEXT];

	int epoll_fd;
	int irq_fd;
	int timer_fd;
	uint64_t timer_ns;	/* when it is armed for; 0 = not */
	uint64_t tick_ns;	/* when the next tick is due */
	bool interrupted;	/* since the last tick */
	uint32_t silent_ticks;	/* ticks that found frames no interrupt told of */

	struct images images;
	uint32_t block_bar;
	uint32_t block_offset;
	uint32_t board_channels;
	uint32_t sync_modes;
	uint32_t boot_count;
	char firmware[33];

	struct netra_attach_config attach;
	bool attached;		/* windows are up: detach before unmapping */
	struct arena arena;
	volatile struct netra_host_posts *posts;	/* NULL = by message */
	uint32_t generation;
	uint32_t host_beat;
	uint64_t host_beat_ns;

	uint32_t channels;
	struct channel channel[NETRA_CHANNELS_MAX];
	struct netra_mailbox mailbox;
	struct command_slot command[NETRA_COMMAND_SLOTS];
	struct netra_events events;
	struct netra_clock clock;
	uint32_t heartbeat;	/* last one sampled */
	struct netra_watchdog watchdog;
	struct recovery recovery;

	struct netra_event event[EVENTS_KEPT];
	uint32_t event_head;
	uint32_t event_tail;

	uint64_t interrupts;
	uint64_t wakeups;
	uint64_t heartbeats;
	uint64_t events_lost;
	uint64_t dma_faults;
	uint32_t resyncs;
	uint32_t firmware_restarts;
	uint32_t resets;
};

/** netra_fail() - Keep the sentence for netra_error_text(), return @error. */
enum netra_error netra_fail(struct netra_board *board, enum netra_error error,
			    const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** netra_fail_transport() - The transport's sentence; a board found gone is lost. */
enum netra_error netra_fail_transport(struct netra_board *board,
				      enum netra_error error);

uint64_t netra_now_ns(void);

/** netra_timer_at() - Have netra_fd() wake at @at_ns at the latest. */
void netra_timer_at(struct netra_board *board, uint64_t at_ns);

/** netra_post_word() - Write a word of the host's posts into the board block. */
void netra_post_word(struct netra_board *board, uint32_t offset, uint32_t value);

/** netra_post_tail() - Post a channel's tail (ring mode). */
static inline void netra_post_tail(struct netra_board *board, uint32_t channel,
				   uint32_t tail)
{
	size_t offset = offsetof(struct netra_host_posts, tail) +
		channel * sizeof(uint32_t);

	netra_post_word(board, (uint32_t)offset, tail);
}

/** netra_notify() - Queue an event for netra_next_event(). */
void netra_notify(struct netra_board *board, enum netra_notice kind,
		  uint32_t channel, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/** netra_scan_events() - Take the board's new events. Return: any? */
bool netra_scan_events(struct netra_board *board, uint64_t now_ns);

/** netra_load_firmware_info() - Read the board block's head over the bus. */
enum netra_error netra_load_firmware_info(struct netra_board *board);

/** netra_begin_generation() - Memory and rings of a fresh attach, before it. */
enum netra_error netra_begin_generation(struct netra_board *board);
/** netra_attached() - The board answered: watch it from now on. */
void netra_attached(struct netra_board *board, uint64_t now);

/** netra_dispatch_once() - netra_dispatch() with the lock held on entry and exit. */
enum netra_error netra_dispatch_once(struct netra_board *board, int timeout_ms);

/** netra_scan_heartbeat() - A new beat tells the board's time. */
void netra_scan_heartbeat(struct netra_board *board, uint64_t now_ns);

/** netra_scan() - Look at everything the board may have written. Anything new? */
bool netra_scan(struct netra_board *board, uint64_t now_ns);

/** netra_set_state() - Checked against netra_board_may(). */
void netra_set_state(struct netra_board *board, enum netra_board_state state);

#endif
