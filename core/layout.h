/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two plans made before anything runs: which outbound windows the arena is
 * made of, and where in the arena each ring lies.
 */
#ifndef NETRA_LAYOUT_H
#define NETRA_LAYOUT_H

#include <stdint.h>

#include "error.h"
#include "protocol.h"

/* The outbound windows: count windows of (1 << log2) bytes each. */
struct netra_window_plan {
	uint32_t log2;		/* 20..23 */
	uint32_t count;		/* 1..NETRA_DATA_WINDOWS_MAX */
};

/**
 * netra_window_plan() - Choose windows for a wanted arena size.
 * @wanted_bytes: Least size of the arena; 0 = default for @channels
 *	(2 MB a channel up to 16, then less, at least 512 KB).
 * @window_log2: 20..23 to insist on a size (a default arena then shrinks to
 *	31 windows), 0 to choose: the smallest size with which the arena fits.
 * Return: NETRA_ERR_INVALID if it cannot fit or a number is out of range.
 */
enum netra_error netra_window_plan(uint64_t wanted_bytes, uint32_t channels,
				   uint32_t window_log2,
				   struct netra_window_plan *plan);

/**
 * netra_window_check() - May this bus address back a window?
 *
 * Return: NETRA_ERR_INVALID unless @bus is aligned to the window's size: the
 * hardware ignores lower address bits, silently.
 */
enum netra_error netra_window_check(const struct netra_window_plan *plan,
				    uint64_t bus);

/**
 * netra_layout_plan() - Deal an arena out to channels.
 * @channel: Receives @channels entries; record rings have the power of two
 *	of entries that is nearest one record per 2 KB of data, 64..4096.
 */
enum netra_error netra_layout_plan(const struct netra_window_plan *plan,
				   uint32_t channels,
				   struct netra_channel_layout *channel);

/**
 * netra_layout_check() - Is a layout sane? Used by the board on attach.
 *
 * Every ring lies inside the arena behind the host area, record rings are
 * powers of two and 64-byte aligned, nothing overlaps.
 */
enum netra_error netra_layout_check(uint64_t arena_bytes, uint32_t channels,
				    const struct netra_channel_layout *channel);

#endif
