/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library is made of on every system: the public functions hand on to
 * whoever drives the board. Each system has a struct netra_board of its own
 * (internal.h for Linux, windows_board.h), which begins with its operations.
 */
#ifndef NETRA_LIB_COMMON_H
#define NETRA_LIB_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/host.h"
#include "netra.h"
#include "text.h"

/*
 * On Linux a board is driven by this process (netra_own_*), or by the kernel,
 * which this process asks (kernel*.c); on Windows always by the driver
 * (windows*.c). Called without the board's lock.
 */
struct board_ops {
	void (*close)(struct netra_board *board);
	enum netra_error (*boot)(struct netra_board *board,
				 const char *firmware_dir, bool force,
				 netra_boot_callback *callback, void *context);
	enum netra_error (*start)(struct netra_board *board);
	enum netra_error (*reset)(struct netra_board *board);
	enum netra_error (*command)(struct netra_board *board, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1);
	/* As netra_command_post(). */
	enum netra_error (*post)(struct netra_board *board, uint32_t channel,
				 enum netra_opcode opcode, uint32_t arg0,
				 uint32_t arg1);
	enum netra_error (*next_event)(struct netra_board *board,
				       struct netra_event *event);
	void (*details)(struct netra_board *board,
			struct netra_board_details *details);
	void (*stats)(struct netra_board *board,
		      struct netra_board_stats *stats);
	enum netra_error (*channel_stats)(struct netra_board *board,
					  uint32_t channel,
					  struct netra_channel_stats *stats);
	void (*dump)(struct text *text, struct netra_board *board);
	/* As netra_channel_sets(); NULL = none are kept. */
	size_t (*sets)(struct netra_board *board, uint32_t channel,
		       void *buffer);
	enum netra_error (*reader_open)(struct netra_board *board,
					uint32_t channel, uint32_t flags,
					struct netra_reader **reader);
};

struct reader_ops {
	/* As netra_cursor_take(), and it counts as delivered. */
	enum netra_error (*take)(struct netra_reader *reader, size_t limit,
				 struct netra_host_frame *frame);
	enum netra_error (*give_back)(struct netra_reader *reader,
				      uint64_t token);
	/* As netra_cursor_spoilt(), for the last one taken. */
	void (*discard)(struct netra_reader *reader,
			const struct netra_host_frame *frame, bool corrupt);
	void (*stats)(struct netra_reader *reader,
		      struct netra_reader_stats *stats);
	void (*close)(struct netra_reader *reader);	/* and free */
};

/* The common part of readers, first in theirs. */
struct netra_reader {
	const struct reader_ops *ops;
	struct netra_board *board;
	const uint8_t *view;		/* what offsets of frames are from */
	uint32_t channel;
	bool check;
};

/* The beginning of every struct netra_board. */
struct board_head {
	const struct board_ops *ops;
};

static inline const struct board_ops *netra_ops(const struct netra_board *board)
{
	return ((const struct board_head *)board)->ops;
}

/* ---- what each system has ------------------------------------------------- */

/** netra_open_name() - netra_open() with options that were checked; @why: one sentence. */
enum netra_error netra_open_name(const char *name,
				 const struct netra_options *options,
				 struct netra_board **board, char *why,
				 size_t why_size);

/** netra_now_ns() - The clock of netra_frame.host_time_ns. */
uint64_t netra_now_ns(void);

/** netra_dump_system() - A line on the operating system. */
void netra_dump_system(struct text *text);

/* ---- events.c, boot_report.c ---------------------------------------------- */

/** netra_describe_event() - The text of an event of the board. */
void netra_describe_event(struct netra_event *event);

/**
 * netra_boot_report() - Tell of progress; @last: what was told before.
 *
 * A small image is whole before it was ever seen half: that is said all the
 * same when the next one begins, so that each one's bar reaches its end.
 */
void netra_boot_report(const struct netra_boot_progress *now,
		       struct netra_boot_progress *last,
		       netra_boot_callback *callback, void *context);

#endif
