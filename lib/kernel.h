/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board that the Linux driver drives: /dev/netraN. This process asks; the
 * calls are described in os/linux/netra_ioctl.h.
 */
#ifndef NETRA_LIB_KERNEL_H
#define NETRA_LIB_KERNEL_H

#include "internal.h"
#include "os/linux/netra_ioctl.h"

/** netra_kernel_open() - @why: one sentence on failure. */
enum netra_error netra_kernel_open(const char *path,
				   const struct netra_options *options,
				   struct netra_board **board, char *why,
				   size_t why_size);

/** netra_kernel_error() - What an errno of the driver stands for. */
enum netra_error netra_kernel_error(int code);

/**
 * netra_kernel_call() - One ioctl; @text: the driver's words, "" or NULL if it
 * has none. Keeps a sentence for netra_error_text() on failure.
 */
enum netra_error netra_kernel_call(struct netra_board *board,
				   unsigned long request, void *argument,
				   const char *text);

/** netra_kernel_state() - Of a node that is open anywhere; false if it is none. */
bool netra_kernel_state(int fd, struct netra_ioc_status *status);

/* kernel_start.c */
enum netra_error netra_kernel_boot(struct netra_board *board,
				   const char *firmware_dir, bool force,
				   netra_boot_callback *callback, void *context);
enum netra_error netra_kernel_start(struct netra_board *board);
enum netra_error netra_kernel_reset(struct netra_board *board);

/* kernel_status.c */
void netra_kernel_details(struct netra_board *board,
			  struct netra_board_details *details);
void netra_kernel_stats(struct netra_board *board,
			struct netra_board_stats *stats);
enum netra_error netra_kernel_channel_stats(struct netra_board *board,
					    uint32_t channel,
					    struct netra_channel_stats *stats);
void netra_kernel_dump(struct text *text, struct netra_board *board);

/* kernel_reader.c */

/** netra_kernel_look() - Ask which readers have something. With the lock. */
void netra_kernel_look(struct netra_board *board);

enum netra_error netra_kernel_reader_open(struct netra_board *board,
					  uint32_t channel, uint32_t flags,
					  struct netra_reader **reader);

#endif
