/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board that the Windows driver drives: \\.\NetraN. This process asks; the
 * calls are described in os/windows/netra_ioctl.h.
 *
 * The lock guards what is kept here, and is not held over a call. Functions
 * are called without it unless their comment says otherwise.
 */
#ifndef NETRA_LIB_WINDOWS_BOARD_H
#define NETRA_LIB_WINDOWS_BOARD_H

#include <windows.h>

#include "common.h"
#include "os/windows/netra_ioctl.h"

#define WINDOWS_EVENTS_KEPT 256u
#define WINDOWS_SPARE_EVENTS 8u

struct netra_board {
	const struct board_ops *ops;	/* struct board_head */
	CRITICAL_SECTION lock;
	HANDLE file;			/* overlapped */
	char name[128];
	struct netra_options options;
	bool firmware_named;
	char boot_waiting_for[64];	/* netra_boot_status points here */

	/* The wait that is kept with the driver; the event is netra_fd(). */
	HANDLE ready;
	OVERLAPPED wait;
	struct netra_ioc_wait found;
	DWORD wait_error;		/* it could not even be sent */
	bool waiting;

	/* For calls, which each need one of their own. */
	HANDLE spare[WINDOWS_SPARE_EVENTS];
	uint32_t spares;

	const uint8_t *view;		/* of the board's memory; NULL = none */

	struct netra_event event[WINDOWS_EVENTS_KEPT];
	uint32_t event_head;
	uint32_t event_tail;
	uint64_t events_lost;

	enum netra_error lost;		/* for good, until it is booted again */
	char error_text[NETRA_ERROR_TEXT];
};

/** netra_windows_fail() - Keep a sentence for netra_error_text(), return @error. */
enum netra_error netra_windows_fail(struct netra_board *board,
				    enum netra_error error, const char *text);

/** netra_windows_error() - What an error of the driver stands for. */
enum netra_error netra_windows_error(DWORD code);

/** netra_windows_text() - What it says where there are no words of the driver. */
void netra_windows_text(DWORD code, char *text, size_t size);

/**
 * netra_windows_ioctl() - One call, and its end.
 * @bytes: Receives how much output there is; NULL if it does not matter.
 * Return: 0 or an error of Windows. Nothing is kept of a failure.
 */
DWORD netra_windows_ioctl(struct netra_board *board, DWORD code, const void *in,
			  size_t in_bytes, void *out, size_t out_bytes,
			  size_t *bytes);

/** netra_windows_call() - The same, of a structure that is its own output; failures are kept. */
enum netra_error netra_windows_call(struct netra_board *board, DWORD code,
				    void *argument, size_t in_bytes,
				    size_t out_bytes);

/** netra_windows_look() - Status of a board that is open anywhere: 0 or an error of Windows. */
DWORD netra_windows_look(HANDLE file, struct netra_ioc_status *status);

/* windows_dispatch.c */

/** netra_windows_arm() - Have the driver tell when there is something. With the lock. */
void netra_windows_arm(struct netra_board *board);
enum netra_error netra_windows_next_event(struct netra_board *board,
					  struct netra_event *event);

/* windows_start.c */
enum netra_error netra_windows_boot(struct netra_board *board,
				    const char *firmware_dir, bool force,
				    netra_boot_callback *callback,
				    void *context);
enum netra_error netra_windows_start(struct netra_board *board);
enum netra_error netra_windows_reset(struct netra_board *board);

/* windows_status.c */
enum netra_error netra_windows_status(struct netra_board *board,
				      struct netra_ioc_status *status);
void netra_windows_details(struct netra_board *board,
			   struct netra_board_details *details);
void netra_windows_stats(struct netra_board *board,
			 struct netra_board_stats *stats);
enum netra_error netra_windows_channel_stats(struct netra_board *board,
					     uint32_t channel,
					     struct netra_channel_stats *stats);
void netra_windows_dump(struct text *text, struct netra_board *board);

/* windows_reader.c, windows_copy.c */
enum netra_error netra_windows_reader_open(struct netra_board *board,
					   uint32_t channel, uint32_t flags,
					   struct netra_reader **reader);
extern const struct reader_ops netra_windows_copy_ops;

/* The beginning of both kinds of readers. */
struct windows_reader {
	struct netra_reader reader;
	uint32_t id;			/* the driver's */
	bool pending;			/* taken, but too large for the buffer given */
	struct netra_host_frame frame;	/* that one */
	struct batch *batch;		/* windows_copy.c */
};

void netra_windows_fill(const struct netra_ioc_frame *from,
			struct netra_host_frame *frame);

/** netra_windows_nothing() - A reader found nothing, or it failed: say which. */
enum netra_error netra_windows_nothing(struct netra_board *board, DWORD code);
void netra_windows_reader_stats(struct netra_reader *reader,
				struct netra_reader_stats *stats);
void netra_windows_reader_close(struct netra_reader *reader);

#endif
