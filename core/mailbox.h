/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to the board: up to NETRA_COMMAND_SLOTS under way, each answered
 * within its bound or failed; and the ring of events from the board.
 */
#ifndef NETRA_MAILBOX_H
#define NETRA_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "protocol.h"

struct netra_mailbox {
	uint32_t head;		/* commands posted, free-running */
	uint32_t tail;		/* commands settled */
	uint32_t generation;
	struct {
		bool pending;
		uint64_t deadline_ns;
	} slot[NETRA_COMMAND_SLOTS];
	uint64_t timeouts;
	uint64_t bad_replies;	/* wrong checksum, id or generation */
};

struct netra_command_request {
	uint32_t opcode;
	uint32_t channel;
	uint32_t arg[4];
};

struct netra_command_result {
	uint32_t id;
	enum netra_error error;	/* OK, TIMEOUT or REFUSED */
	uint32_t status;	/* enum netra_reply_status when REFUSED */
	uint32_t detail;
};

/** netra_mailbox_init() - For a new generation; nothing is pending. */
void netra_mailbox_init(struct netra_mailbox *mailbox, uint32_t generation);

/**
 * netra_mailbox_post() - Build the next command.
 * @wire: Receives the command; the caller copies it to command[id % slots] of
 *	the board block, then writes command_head = id + 1, then rings
 *	NETRA_DOORBELL_COMMAND.
 * Return: NETRA_ERR_AGAIN if all slots are under way.
 */
enum netra_error netra_mailbox_post(struct netra_mailbox *mailbox,
				    const struct netra_command_request *request,
				    uint64_t deadline_ns,
				    struct netra_command *wire, uint32_t *id);

/**
 * netra_mailbox_settle() - Take one finished or overdue command.
 * @replies: The host area's reply slots (shared memory).
 * Return: true and *@result, false if none.
 */
bool netra_mailbox_settle(struct netra_mailbox *mailbox,
			  const struct netra_reply *replies, uint64_t now_ns,
			  struct netra_command_result *result);

/** netra_mailbox_deadline() - Earliest deadline under way, 0 if none. */
uint64_t netra_mailbox_deadline(const struct netra_mailbox *mailbox);

/* A checked event. */
struct netra_event_info {
	enum netra_event_type type;
	uint32_t channel;	/* or NETRA_EVENT_BOARD */
	uint32_t lost;		/* events dropped before this one */
	uint64_t board_time_ns;
	uint32_t arg[4];
};

struct netra_events {
	uint32_t position;	/* events consumed, free-running */
	uint32_t generation;
	uint64_t lost;
	uint64_t bad;		/* records that failed their checks and were skipped */
};

/** netra_events_init() - Nothing consumed yet. */
void netra_events_init(struct netra_events *events, uint32_t generation);

/**
 * netra_events_next() - Take one event.
 * @head: The board's event_head, read once by the caller.
 *
 * Bad records are skipped and counted. After it returned false the caller
 * posts events->position as event_tail.
 */
bool netra_events_next(struct netra_events *events,
		       const struct netra_event_record *ring, uint32_t head,
		       uint32_t channels, struct netra_event_info *info);

#endif
