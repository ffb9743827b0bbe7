/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's half of a board: what a driver does with it, whatever system the
 * driver runs on. It boots the board, gives it windows, learns of frames, hands
 * them to cursors, watches the board and climbs the ladder of recovery.
 *
 * The driver brings the mechanisms: struct netra_host_ops, a lock, a clock, and
 * threads or interrupts that call netra_host_service() when something happened
 * or a time it asked for has come. All functions are called with the driver's
 * lock for the board held, never at interrupt level; none waits or sleeps, but
 * for what the operations do. Operations are called with the lock held, too.
 */
#ifndef NETRA_HOST_H
#define NETRA_HOST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach.h"
#include "board_state.h"
#include "boot.h"
#include "clock.h"
#include "layout.h"
#include "lock.h"
#include "mailbox.h"
#include "protocol.h"
#include "registers.h"
#include "ring.h"
#include "watchdog.h"

#define NETRA_NS_PER_MS		UINT64_C(1000000)
#define NETRA_COMMAND_MS	1000u	/* bound on a command's answer */
#define NETRA_ERROR_TEXT	320u

struct netra_host;
struct netra_cursor;

/* What netra_host_ops.notice tells of. */
enum netra_host_notice {
	NETRA_HOST_TROUBLE,	/* the watchdog found something */
	NETRA_HOST_RECOVERY,	/* a rung is tried */
	NETRA_HOST_RECOVERED,
};

/*
 * An operation that fails has said why with netra_host_fail(), or with
 * netra_host_gone() where the board cannot be reached any more.
 */
struct netra_host_ops {
	/** One uncached 32-bit access to a BAR. */
	enum netra_error (*read32)(struct netra_host *host, unsigned int bar,
				   uint32_t offset, uint32_t *value);
	enum netra_error (*write32)(struct netra_host *host, unsigned int bar,
				    uint32_t offset, uint32_t value);
	/** NETRA_ACT_UPLOAD; @arrived: the last word read back matches. */
	enum netra_error (*upload)(struct netra_host *host,
				   const struct netra_action *action,
				   bool *arrived);
	/** Write a word of struct netra_host_posts, after all stores before. */
	void (*post)(struct netra_host *host, uint32_t offset, uint32_t value);
	/** Does the board answer configuration cycles? */
	bool (*present)(struct netra_host *host);
	/** Function-level reset; afterwards as after prepare(). */
	enum netra_error (*reset)(struct netra_host *host);
	/** BARs, bus mastering and interrupts on; fills host->bar_address. */
	enum netra_error (*prepare)(struct netra_host *host);
	/** Images for the next boot; fills host->image_bytes. */
	enum netra_error (*load_images)(struct netra_host *host);
	void (*free_images)(struct netra_host *host);
	/**
	 * Memory of the next generation. The first time: plan with
	 * netra_host_plan(), allocate the arena (view, area, arena_bytes) and
	 * for each channel the array ring frames need. Every time: have the
	 * board reach it (attach.bus), and clear it.
	 */
	enum netra_error (*arena)(struct netra_host *host);
	/** Call netra_host_service() at @at_ns at the latest. */
	void (*wake_at)(struct netra_host *host, uint64_t at_ns);
	/** The board sent an event; @host_ns: when, by the host's clock. */
	void (*event)(struct netra_host *host,
		      const struct netra_event_info *info, uint64_t host_ns);
	void (*notice)(struct netra_host *host, enum netra_host_notice notice,
		       uint32_t channel, const char *text);
	/** As vsnprintf(); core/ has no formatting of its own. */
	void (*format)(char *buffer, size_t size, const char *format,
		       va_list arguments) __attribute__((format(printf, 3, 0)));
};

/* Zero means the default everywhere. */
struct netra_host_options {
	uint32_t channels;		/* rings to make; 0 = all the board has */
	uint64_t arena_bytes;		/* least; 0 = 2 MB a channel */
	uint32_t window_log2;		/* 20..23; 0 = chosen */
	enum netra_sync_mode sync_mode;
	uint32_t irq_holdoff_us;
	uint32_t heartbeat_timeout_ms;	/* 0 = 1000 */
	uint32_t stall_timeout_ms;	/* 0 = 3000 */
	uint32_t boot_timeout_ms;	/* bound on each boot stage; 0 = per stage */
};

/* One machine of core/ being carried out (host_run.c). */
struct netra_runner {
	bool attaching;			/* which machine */
	union {
		struct netra_boot boot;
		struct netra_attach_machine attach;
	} m;
	uint32_t result;
	uint64_t wait_until_ns;
};

enum netra_run { NETRA_RUN_AGAIN, NETRA_RUN_WAIT, NETRA_RUN_DONE, NETRA_RUN_FAILED };

struct netra_channel {
	struct netra_ring ring;
	struct netra_ring_frame *frames;	/* 1 << records_log2; the driver's */
	struct netra_lock lock;		/* Peterson mode */
	struct netra_cursor *cursors;
	uint32_t cursor_count;
	uint32_t epoch;		/* counts resyncs; tokens of older ones are stale */
	uint32_t posted_tail;
	uint64_t found_round;	/* host's round of the last discovery */
	uint32_t tick_head;	/* head at the last tick */
	bool tail_due;		/* Peterson: to be written under the lock */
	uint64_t lock_busy_ns;	/* since when the board holds it; 0 = does not */
	uint32_t lock_beat;
	bool started;		/* frames are wanted */
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

enum netra_recovery_step {
	NETRA_RECOVER_NONE,
	NETRA_RECOVER_PROBE,		/* all-ones: reset, or gone? */
	NETRA_RECOVER_RESTARTED,	/* wait for the agent to come up again */
	NETRA_RECOVER_RESET,
	NETRA_RECOVER_RUN,		/* boot or attach machine */
	NETRA_RECOVER_CHANNELS,		/* start what was running */
};

struct netra_recovery {
	enum netra_recovery_step step;
	enum netra_trouble trouble;
	enum netra_rung rung;
	uint32_t boot_count;
	uint64_t until_ns;
	uint64_t next_ns;
	uint32_t next_channel;
	char tried[128];	/* rungs so far, for the last word */
};

enum netra_command_owner {
	NETRA_OWNER_NONE,	/* nobody waits: netra_host_tell(), or the answer is late */
	NETRA_OWNER_CALLER,	/* netra_host_command() */
	NETRA_OWNER_RESYNC,
	NETRA_OWNER_RESTART,	/* START after a recovery */
};

struct netra_command_slot {
	enum netra_command_owner owner;
	uint32_t channel;
	uint32_t opcode;
	bool was_started;	/* the channel, before a START or STOP */
	bool done;
	struct netra_command_result result;
};

struct netra_host {
	const struct netra_host_ops *ops;
	struct netra_host_options options;
	const struct netra_soc *soc;
	uint64_t bar_bytes[6];		/* 0 = absent */
	uint64_t bar_address[6];	/* bus addresses; from prepare() */
	uint32_t image_bytes[NETRA_IMAGE_COUNT];	/* from load_images() */

	enum netra_board_state state;
	enum netra_error lost;	/* what FAILED or GONE is to callers */
	char error_text[NETRA_ERROR_TEXT];	/* "why: what to do" */

	/* From the board block, after a boot. */
	uint32_t block_bar;
	uint32_t block_offset;
	uint32_t board_channels;
	uint32_t sync_modes;
	uint32_t boot_count;
	char firmware[33];

	/* Memory; from arena(). */
	const uint8_t *view;	/* NULL = none yet */
	struct netra_host_area *area;	/* its beginning, writable */
	uint64_t arena_bytes;
	struct netra_attach_config attach;
	bool attached;		/* windows are up: detach before freeing */
	uint32_t generation;
	uint32_t generation_seed;

	uint32_t channels;
	struct netra_channel channel[NETRA_CHANNELS_MAX];
	struct netra_mailbox mailbox;
	struct netra_command_slot command[NETRA_COMMAND_SLOTS];
	struct netra_events events;
	struct netra_clock clock;
	struct netra_watchdog watchdog;
	struct netra_recovery recovery;
	struct netra_runner runner;	/* of boot, attach, detach, recovery */

	uint32_t heartbeat;	/* last one sampled */
	uint32_t host_beat;
	uint64_t host_beat_ns;
	uint64_t tick_ns;	/* when the next tick is due */
	bool interrupted;	/* since the last tick */
	uint32_t silent_ticks;	/* ticks that found frames no interrupt told of */
	uint64_t now_ns;	/* when it was last served */
	uint64_t rounds;	/* rises each time that readers had their chance */

	uint64_t told;		/* events and notices */
	uint64_t heartbeats;
	uint64_t events_lost;
	uint64_t dma_faults;	/* outbound transfers refused, as told by the board */
	uint32_t resyncs;	/* rungs taken */
	uint32_t firmware_restarts;
	uint32_t resets;
};

/* ---- life (host.c) ------------------------------------------------------- */

/**
 * netra_host_init() - A cold board, zeroed but for what is given here.
 * @seed: Random: no answer to a generation of anybody else may match ours.
 */
void netra_host_init(struct netra_host *host, const struct netra_host_ops *ops,
		     const struct netra_host_options *options,
		     const struct netra_soc *soc, uint32_t seed);

/** netra_host_fail() - Keep a sentence "why: what to do", return @error. */
enum netra_error netra_host_fail(struct netra_host *host,
				 enum netra_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** netra_host_set_state() - Checked against netra_board_may(). */
void netra_host_set_state(struct netra_host *host, enum netra_board_state state);

/** netra_host_gone() - Off the bus: final, until the driver makes a new host. */
void netra_host_gone(struct netra_host *host, const char *why);

/**
 * netra_host_service() - Do what is due: new frames, ticks, recovery.
 * @interrupted: The board sent an interrupt since the last call.
 *
 * Steady state reads nothing over the bus. What it finds last is safe from
 * being reclaimed until host->rounds was raised by the driver, when it knows
 * that readers had a chance to take it. Return: did anything come of it?
 */
bool netra_host_service(struct netra_host *host, uint64_t now_ns,
			bool interrupted);

/** netra_host_scan() - Look at everything the board may have written. New? */
bool netra_host_scan(struct netra_host *host, uint64_t now_ns);

/* ---- machines (host_run.c, host_start.c) --------------------------------- */

/** netra_host_run_boot() - Prepare host->runner to boot, or to look if it runs. */
void netra_host_run_boot(struct netra_host *host, bool attach_only);
void netra_host_run_attach(struct netra_host *host);
void netra_host_run_detach(struct netra_host *host);

/**
 * netra_host_run() - One action of host->runner's machine.
 *
 * NETRA_RUN_WAIT: go on at host->runner.wait_until_ns. NETRA_RUN_FAILED:
 * host->error_text and *@error say why.
 */
enum netra_run netra_host_run(struct netra_host *host, uint64_t now_ns,
			      enum netra_error *error);

/** netra_host_may_boot() - Is this a state to boot or start from? Clears lost. */
enum netra_error netra_host_may_boot(struct netra_host *host);

/** netra_host_booted() - After a boot: where the board block is, what it says. */
enum netra_error netra_host_booted(struct netra_host *host);

/**
 * netra_host_plan() - Windows and rings; for the operation arena().
 * @window_log2: 20..23, or 0 for the option's or the smallest that fits.
 *
 * Plans for the channels wanted of those that the firmware has.
 */
enum netra_error netra_host_plan(struct netra_host *host, uint32_t window_log2);

/** netra_host_begin_generation() - Memory and rings of a fresh attach, before it. */
enum netra_error netra_host_begin_generation(struct netra_host *host);

/** netra_host_attached() - The board answered a first attach: watch it. */
void netra_host_attached(struct netra_host *host, uint64_t now_ns);

/** netra_host_resume() - After netra_host_attached(): start what was started. */
void netra_host_resume(struct netra_host *host, uint64_t now_ns);

/** netra_host_was_reset() - The driver reset the board: it is cold. */
void netra_host_was_reset(struct netra_host *host);

/* ---- commands (host_command.c) ------------------------------------------- */

/**
 * netra_host_command() - Post a command for somebody who waits for its answer.
 * @id: Receives what netra_host_answer() wants to know.
 */
enum netra_error netra_host_command(struct netra_host *host, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1, uint64_t now_ns,
				    uint32_t *id);

/**
 * netra_host_tell() - Post a command whose answer nobody waits for. Not for
 * NETRA_CMD_START and NETRA_CMD_STOP: who sends those wants to know.
 *
 * A board that does not answer it is found and recovered as ever.
 */
enum netra_error netra_host_tell(struct netra_host *host, uint32_t channel,
				 enum netra_opcode opcode, uint32_t arg0,
				 uint32_t arg1, uint64_t now_ns);

/**
 * netra_host_answer() - Is there an answer?
 * @generation: host->generation when the command was posted.
 * Return: NETRA_ERR_AGAIN until then; after NETRA_COMMAND_MS there is one.
 */
enum netra_error netra_host_answer(struct netra_host *host, uint32_t generation,
				   uint32_t id);

/* ---- frames (host_channel.c, host_cursor.c) ------------------------------ */

/* A frame handed to a reader, in host byte order. */
struct netra_host_frame {
	uint32_t offset;		/* in the arena */
	uint32_t length;
	uint32_t flags;
	uint32_t duration_90k;
	uint64_t sequence;
	uint64_t lost;			/* frames this reader missed just before */
	int64_t pts_90k;
	int64_t dts_90k;
	uint64_t board_time_ns;
	uint64_t host_time_ns;		/* 0 = not known yet */
	uint64_t token;
	uint32_t data_crc32c;
};

enum netra_cursor_flags {
	NETRA_CURSOR_FROM_KEY = 1 << 1,	/* begin at the newest key frame in memory */
	NETRA_CURSOR_ALL = 1 << 2,	/* begin with whatever frame comes */
};

struct netra_cursor_stats {
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;		/* never delivered to this reader, all causes */
	uint64_t corrupt;	/* of these: checksum wrong */
	uint64_t overwritten;	/* held too long */
};

/*
 * An independent reader of one channel. A position identifies a frame within
 * one epoch; a resync or a new generation begins another one, and what was
 * held before counts as overwritten.
 */
struct netra_cursor {
	struct netra_host *host;
	struct netra_cursor *sibling;
	uint32_t channel;
	uint32_t flags;
	uint32_t epoch;
	uint32_t next;		/* position of the next unread frame */
	uint32_t oldest;	/* oldest held, or next */
	bool wait_key;
	bool waited;		/* what is skipped now was never due to it */
	uint64_t expected;	/* public sequence of the next frame */
	uint64_t owed;		/* lost already, to be said with the next frame */
	struct netra_cursor_stats stats;
	uint64_t held[];	/* bit per ring entry */
};

/** netra_cursor_bytes() - Memory one takes on this channel, zeroed. */
size_t netra_cursor_bytes(const struct netra_host *host, uint32_t channel);

/** netra_cursor_check() - Could one be opened now? Says why not. */
enum netra_error netra_cursor_check(struct netra_host *host, uint32_t channel);

/** netra_cursor_open() - After netra_cursor_check(); @cursor: as much as bytes(). */
void netra_cursor_open(struct netra_host *host, uint32_t channel,
		       uint32_t flags, struct netra_cursor *cursor);

/** netra_cursor_close() - Also gives back what is held; the caller frees it. */
void netra_cursor_close(struct netra_cursor *cursor);

/**
 * netra_cursor_take() - Take the next frame, held until given back.
 * @limit: Largest frame wanted.
 *
 * NETRA_ERR_NO_MEMORY: it is larger than @limit and stays unread, see
 * frame->length. NETRA_ERR_AGAIN, NETRA_ERR_ENDED, or what host->lost says.
 */
enum netra_error netra_cursor_take(struct netra_cursor *cursor, size_t limit,
				   struct netra_host_frame *frame);

/**
 * netra_cursor_give_back() - NETRA_ERR_OVERWRITTEN: it was held too long.
 * @token: The frame's.
 */
enum netra_error netra_cursor_give_back(struct netra_cursor *cursor,
					uint64_t token);

/** netra_cursor_unread() - Did anything come that it did not look at yet? */
static inline bool netra_cursor_unread(const struct netra_cursor *cursor)
{
	const struct netra_channel *c = &cursor->host->channel[cursor->channel];

	return cursor->epoch != c->epoch || cursor->next != c->ring.head;
}

/** netra_cursor_delivered() - The reader really got it: statistics. */
void netra_cursor_delivered(struct netra_cursor *cursor,
			    struct netra_host_frame *frame);

/**
 * netra_cursor_spoilt() - Its bytes are not, or no longer, what the board sent.
 * @corrupt: Their checksum is wrong, and the frame is still held.
 *
 * It goes among those lost before the next frame, which will be a key frame.
 */
void netra_cursor_spoilt(struct netra_cursor *cursor,
			 const struct netra_host_frame *frame, bool corrupt);

#endif
