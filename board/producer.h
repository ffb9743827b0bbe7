/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's half of docs/protocol.md: attach, commands, rings, heartbeat.
 * One copy, linked by the firmware's agent and by the emulator.
 *
 * Threads: one thread per producer. Allocates nothing; time comes in through
 * the operations.
 */
#ifndef NETRA_PRODUCER_H
#define NETRA_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/protocol.h"

/* Most records all rings together may have; covers every netra_layout_plan. */
#define NETRA_PRODUCER_RECORDS 262144u
/* A host that holds a Peterson lock this long without a sign is dead. */
#define NETRA_PRODUCER_LOCK_DEAD_MS 500u

/* What the producer needs of the board it runs on. */
struct netra_producer_ops {
	/*
	 * Posted write to the arena; never crosses a window's end. An aligned
	 * write of 4 bytes is one store: an index must not tear.
	 */
	enum netra_error (*host_write)(void *context, uint32_t arena_offset,
				       const void *data, uint32_t length);
	/* Read from the arena: Peterson mode only, it costs a bus round trip. */
	enum netra_error (*host_read)(void *context, uint32_t arena_offset,
				      void *data, uint32_t length);
	/*
	 * All writes so far (EDMA, posted stores) reach the host before any
	 * later host_write and are visible before any later host_read.
	 */
	void (*fence)(void *context);
	/* One MSI, through window 31. */
	enum netra_error (*interrupt)(void *context);
	/* PCIESS application register, to check the windows on attach. */
	uint32_t (*register_read)(void *context, uint32_t offset);
	uint64_t (*now_ns)(void *context);
	/*
	 * A command for the sources; returns enum netra_reply_status. Channel
	 * is checked. PING and RESYNC are answered by the producer and do not
	 * come here. STOP also comes, with id 0xffffffff, for each channel
	 * not stopped when the host detaches or attaches anew.
	 */
	uint32_t (*command)(void *context, const struct netra_command *command,
			    uint32_t *detail);
};

/* One H.264 access unit to be sent. */
struct netra_access_unit {
	const uint8_t *data;	/* Annex B */
	uint32_t length;
	uint32_t flags;		/* NETRA_FRAME_KEY, _PARAMETERS, _NO_SIGNAL, _END */
	int64_t pts_90k;
	int64_t dts_90k;
	uint32_t duration_90k;
	uint64_t board_time_ns;	/* capture of the picture */
};

/* What a fault injector may bend; all NULL in firmware. */
struct netra_producer_hooks {
	/* Last look at a record before it is written. */
	void (*record)(void *context, uint32_t channel,
		       struct netra_record *record);
	/* Last look at a head index before it is written. */
	uint32_t (*head)(void *context, uint32_t channel, uint32_t head);
	/* False: the heartbeat is not written this time. */
	bool (*heartbeat)(void *context);
};

struct netra_producer_channel {
	struct netra_channel_layout layout;
	/*
	 * Sent with each heartbeat. The producer counts and keeps the state
	 * (START, STOP, NO_SIGNAL, END); size, rates are the caller's to set.
	 */
	struct netra_channel_status status;
	bool wait_key;		/* after a loss: only a key frame may come next */
	uint32_t head;
	uint32_t tail;
	uint32_t data_head;	/* next byte in the data region */
	uint32_t data_count;	/* bytes ever taken, padding included; wraps */
	uint32_t *began;	/* data_count before each record, in the pool */
	uint32_t lost_now;	/* dropped since the last record */
	uint64_t sequence;
	uint64_t bad_tails;	/* posted tails outside [tail, head], ignored */
	/* Peterson mode: since when, and at which beat, the host has the lock */
	bool lock_waiting;
	uint32_t lock_beat;
	uint64_t lock_since_ns;
	uint32_t own_beat;	/* the board's acquisitions */
};

struct netra_producer {
	struct netra_board_block *block;	/* local memory, host writes it */
	const struct netra_producer_ops *ops;
	const struct netra_producer_hooks *hooks;
	void *context;
	uint32_t channels;
	uint32_t seen_generation;	/* last one answered */
	struct netra_attach attach;	/* checked copy; generation 0 = detached */
	struct netra_producer_channel channel[NETRA_CHANNELS_MAX];
	uint32_t command_tail;
	uint32_t event_head;
	uint32_t events_lost;
	uint32_t heartbeat;
	uint32_t fault;
	uint32_t host_beat;
	uint64_t host_beat_ns;
	bool paused;
	bool interrupt_due;
	uint64_t interrupt_ns;		/* when the last one was sent */
	uint64_t interrupts;
	uint64_t next_heartbeat_ns;
	uint64_t transfer_faults;
	uint64_t transfer_faults_told;	/* when the last heartbeat was written */
	uint64_t bad_commands;		/* checksum, id or head out of range */
	uint32_t pool[NETRA_PRODUCER_RECORDS];	/* 1 MB: not for the stack */
};

/**
 * netra_producer_init() - Fill the board block in; the agent is then ready to
 * set NETRA_STAGE_AGENT and GPR2.
 * @channels: 1..NETRA_CHANNELS_MAX; more are cut.
 * @firmware: Name and version, cut at 31 characters.
 * @boot_count: Differs from the last start's.
 *
 * Clears the whole block: what a host wrote for an earlier start is void.
 */
void netra_producer_init(struct netra_producer *producer,
			 struct netra_board_block *block,
			 const struct netra_producer_ops *ops,
			 const struct netra_producer_hooks *hooks, void *context,
			 uint32_t channels, uint16_t device_id,
			 const char *firmware, uint32_t boot_count);

/**
 * netra_producer_poll() - Attach, commands, heartbeat, pending interrupt.
 *
 * Call on every doorbell, after puts before sleeping, and at the time it
 * returns at the latest.
 * Return: when to call again, in the clock of ops->now_ns.
 */
uint64_t netra_producer_poll(struct netra_producer *producer);

/**
 * netra_producer_put() - Send an access unit.
 *
 * Return: NETRA_OK: it is in the ring, or was counted as lost because a loss
 * before it waits for a key frame. NETRA_ERR_AGAIN: no room; the caller
 * either tries again later or calls netra_producer_drop(). NETRA_ERR_STATE:
 * not attached, channel without ring, or paused; paused counts as lost.
 * NETRA_ERR_INVALID: larger than the ring can ever hold, unknown flags, no
 * data without NETRA_FRAME_END, or dts above pts; which counts as lost.
 * A transfer that the board's windows refuse loses the frame, too (NETRA_OK,
 * transfer_faults counts it). An end mark is never lost: where a frame would
 * be, it gets NETRA_ERR_AGAIN.
 */
enum netra_error netra_producer_put(struct netra_producer *producer,
				    uint32_t channel,
				    const struct netra_access_unit *unit);

/** netra_producer_drop() - Count a frame as lost; next must be a key frame. */
void netra_producer_drop(struct netra_producer *producer, uint32_t channel);

/** netra_producer_event() - Tell the host something; arg may be NULL. */
void netra_producer_event(struct netra_producer *producer,
			  enum netra_event_type type, uint32_t channel,
			  const uint32_t arg[4]);

/** netra_producer_attached() - True while a host has windows up. */
bool netra_producer_attached(const struct netra_producer *producer);

#endif
