/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCIe link as a vfio-user server (QEMU docs/interop/vfio-user.rst).
 * Server thread; messages are untrusted.
 */
#ifndef NETRA_EMULATOR_SERVER_H
#define NETRA_EMULATOR_SERVER_H

#include "emulator.h"
#include "lib/vfio_user.h"

#define NETRA_EMU_TRANSFER_MAX	(1u << 20)	/* bytes in one region access */
#define NETRA_EMU_MESSAGE_MAX	(NETRA_EMU_TRANSFER_MAX + 64u)
#define NETRA_EMU_FDS_MAX	16u

/* One connection. */
struct netra_emu_link {
	struct netra_emu *emu;
	bool negotiated;
};

struct netra_emu_reply {
	uint8_t *data;		/* room for NETRA_EMU_MESSAGE_MAX bytes */
	size_t length;		/* 0 = send nothing */
	int fd;			/* passed along, not closed; -1 = none */
	bool hang_up;		/* the client broke the protocol beyond repair */
};

/**
 * netra_emu_message() - Answer one message.
 * @message, @length: As received: header and all. @length need not agree with
 *	the header; the message is then refused.
 * @fds, @fd_count: Descriptors that came with it. Those that are kept are set
 *	to -1; the caller closes the others.
 * @reply: Receives the answer.
 *
 * Needs no socket: tests and fuzzers call it as it is.
 */
void netra_emu_message(struct netra_emu_link *link, const uint8_t *message,
		       size_t length, int *fds, size_t fd_count,
		       struct netra_emu_reply *reply);

/**
 * netra_emu_listen() - Make a listening socket named @path.
 * @why: Receives one sentence on failure.
 *
 * Takes a socket's place that nobody serves any more.
 * Return: its descriptor, or -1.
 */
int netra_emu_listen(const char *path, char *why, size_t why_size);

/**
 * netra_emu_serve() - Serve clients, one at a time, until told to end.
 * @why: Receives one sentence on failure.
 *
 * Ends on SIGTERM, SIGINT, the parent's end if asked for, and, when the
 * inherited descriptor is a connected socket, with its client. SIGUSR1 writes
 * the counters.
 */
enum netra_error netra_emu_serve(struct netra_emu *emu, char *why,
				 size_t why_size);

#endif
