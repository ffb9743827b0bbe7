/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages to a vfio-user server and their replies, over a connected socket.
 * One request at a time; the server is trusted with nothing: lengths,
 * descriptors and time are bounded.
 */
#ifndef NETRA_LIB_VFIO_USER_CLIENT_H
#define NETRA_LIB_VFIO_USER_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

#define WIRE_FDS_MAX 8u
#define WIRE_MESSAGE_MAX (1u << 20)

struct wire {
	int fd;
	uint16_t next_id;
	uint32_t max_transfer;	/* bytes of data in one region access */
	enum netra_error dead;	/* not OK: stream out of step or closed */
};

struct wire_call {
	uint16_t command;
	const void *head;	/* after the message header */
	uint32_t head_bytes;
	const void *data;	/* after @head; may be NULL */
	uint32_t data_bytes;
	int send_fd;		/* -1 = none */
	void *reply;		/* what follows the header in the reply */
	uint32_t reply_size;
	uint32_t reply_bytes;	/* received */
	int fd[WIRE_FDS_MAX];	/* received; the caller closes them */
	uint32_t fds;
	int refusal;		/* errno of the server, with NETRA_ERR_REFUSED */
};

/** netra_wire_call() - One request and its reply, in TRANSPORT_REPLY_MS. */
enum netra_error netra_wire_call(struct wire *wire, struct wire_call *call);

/** netra_wire_hello() - Agree on the version; also learns max_transfer. */
enum netra_error netra_wire_hello(struct wire *wire);

/** netra_wire_close_fds() - Close what a reply brought along. */
void netra_wire_close_fds(struct wire_call *call);

#endif
