/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the board alive, and what to try when it is not: the ladder restart
 * channel, restart firmware, reset and boot, give up. One ladder per board
 * and one rung per channel; each rung has a bound, and good behaviour for a
 * while climbs back down.
 */
#ifndef NETRA_WATCHDOG_H
#define NETRA_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

enum netra_rung {
	NETRA_RUNG_NONE = 0,
	NETRA_RUNG_RESYNC_CHANNEL,	/* channel argument names it */
	NETRA_RUNG_RESTART_FIRMWARE,
	NETRA_RUNG_RESET_AND_BOOT,
	NETRA_RUNG_GIVE_UP,
};

/* Why the ladder was climbed. */
enum netra_trouble {
	NETRA_TROUBLE_NONE = 0,
	NETRA_TROUBLE_RING_FAULT,	/* a channel's ring is inconsistent */
	NETRA_TROUBLE_CHANNEL_STALLED,	/* running, room in its ring, no frames */
	NETRA_TROUBLE_HEARTBEAT,	/* no heartbeat within the bound */
	NETRA_TROUBLE_COMMAND,		/* a command was not answered */
	NETRA_TROUBLE_LOCK,		/* Peterson lock held by a dead owner */
	NETRA_TROUBLE_RESET,		/* the board reset itself */
	NETRA_TROUBLE_GONE,		/* all-ones or transport closed: no ladder, final */
	NETRA_TROUBLE_COUNT
};

struct netra_watchdog_config {
	uint32_t heartbeat_ms;		/* bound on silence; 0 = 1000 */
	uint32_t stall_ms;		/* bound on a running channel's silence; 0 = 3000 */
	uint32_t calm_ms;		/* good behaviour that resets the ladder; 0 = 30000 */
	uint32_t channel_tries;		/* resyncs before the next rung; 0 = 2 */
	uint32_t firmware_tries;	/* 0 = 1 */
	uint32_t reset_tries;		/* 0 = 2 */
};

struct netra_watchdog {
	struct netra_watchdog_config config;
	uint32_t heartbeat;
	uint64_t heartbeat_ns;		/* when it last changed */
	uint64_t calm_since_ns;
	uint32_t channels;
	uint32_t firmware_tried;
	uint32_t reset_tried;
	struct {
		bool running;
		uint32_t head;
		uint64_t moved_ns;
		uint32_t tried;
	} channel[NETRA_CHANNELS_MAX];
};

/** netra_watchdog_init() - Start watching at @now_ns; ladder at the bottom. */
void netra_watchdog_init(struct netra_watchdog *watchdog,
			 const struct netra_watchdog_config *config,
			 uint32_t channels, uint64_t now_ns);

/**
 * netra_watchdog_rearm() - After a recovery: clocks start anew, tries stay.
 */
void netra_watchdog_rearm(struct netra_watchdog *watchdog, uint64_t now_ns);

/** netra_watchdog_heartbeat() - Tell it the heartbeat word as read now. */
void netra_watchdog_heartbeat(struct netra_watchdog *watchdog,
			      uint32_t heartbeat, uint64_t now_ns);

/**
 * netra_watchdog_channel() - Tell it of one channel.
 * @running: Frames are expected: started, signal present, ring not full.
 */
void netra_watchdog_channel(struct netra_watchdog *watchdog, uint32_t channel,
			    bool running, uint32_t head, uint64_t now_ns);

/**
 * netra_watchdog_check() - Anything overdue?
 * @channel: Receives the channel concerned, or NETRA_EVENT_BOARD.
 * Return: the trouble found, NETRA_TROUBLE_NONE if all is well.
 */
enum netra_trouble netra_watchdog_check(struct netra_watchdog *watchdog,
					uint64_t now_ns, uint32_t *channel);

/**
 * netra_watchdog_climb() - Which rung answers this trouble?
 *
 * Counts the try. NETRA_TROUBLE_GONE gives NETRA_RUNG_GIVE_UP at once.
 */
enum netra_rung netra_watchdog_climb(struct netra_watchdog *watchdog,
				     enum netra_trouble trouble,
				     uint32_t channel, uint64_t now_ns);

/** netra_watchdog_deadline() - When to call check next, at the latest. */
uint64_t netra_watchdog_deadline(const struct netra_watchdog *watchdog);

const char *netra_trouble_text(enum netra_trouble trouble);
const char *netra_rung_text(enum netra_rung rung);

#endif
