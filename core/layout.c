/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows for an arena, and rings in it. Pure functions; any context may
 * call. All windows have one size (OB_SIZE) and window 31 sends MSIs, so 31
 * windows of 8 MB, 248 MB, are the most an arena can have; every offset in it
 * fits 32 bits.
 */
#include <stdbool.h>

#include "bytes.h"
#include "layout.h"

#define LOG2_MIN		20u
#define LOG2_MAX		23u
#define ARENA_DEFAULT_BYTES	(32u << 20)
#define CHANNEL_DEFAULT_BYTES	(2u << 20)
#define RECORDS_LOG2_LEAST	6u
#define RECORDS_LOG2_MOST	12u
#define BYTES_PER_RECORD	2048u
#define DATA_LEAST_BYTES	4096u
#define RECORD_BYTES		((uint32_t)sizeof(struct netra_record))

enum netra_error netra_window_plan(uint64_t wanted_bytes, uint32_t channels,
				   uint32_t window_log2,
				   struct netra_window_plan *plan)
{
	uint32_t log2 = window_log2 ? window_log2 : LOG2_MIN;
	uint64_t most_bytes;

	if (!channels || channels > NETRA_CHANNELS_MAX ||
	    log2 < LOG2_MIN || log2 > LOG2_MAX)
		return NETRA_ERR_INVALID;
	most_bytes = (uint64_t)NETRA_DATA_WINDOWS_MAX << log2;
	if (!wanted_bytes) {
		/* From 16 channels on they share, 512 KB each with 64. */
		wanted_bytes = (uint64_t)channels * CHANNEL_DEFAULT_BYTES;
		if (wanted_bytes > ARENA_DEFAULT_BYTES)
			wanted_bytes = ARENA_DEFAULT_BYTES;
		/* A default gives way to a size of window that was asked for. */
		if (window_log2 && wanted_bytes > most_bytes)
			wanted_bytes = most_bytes;
	}
	while (!window_log2 && log2 < LOG2_MAX && wanted_bytes > most_bytes) {
		log2++;
		most_bytes *= 2;
	}
	if (wanted_bytes > most_bytes)
		return NETRA_ERR_INVALID;
	plan->log2 = log2;
	plan->count = (uint32_t)((wanted_bytes + (1u << log2) - 1) >> log2);
	return NETRA_OK;
}

enum netra_error netra_window_check(const struct netra_window_plan *plan,
				    uint64_t bus)
{
	uint64_t mask = (UINT64_C(1) << plan->log2) - 1;

	return (bus & mask) ? NETRA_ERR_INVALID : NETRA_OK;
}

/* The power of two nearest to one record per 2 KB of a channel's share. */
static uint32_t records_log2(uint32_t share)
{
	uint32_t wanted = share / (BYTES_PER_RECORD + RECORD_BYTES);
	uint32_t log2 = RECORDS_LOG2_LEAST;

	while (log2 < RECORDS_LOG2_MOST &&
	       wanted > (1u << log2) + (1u << log2) / 2)
		log2++;
	return log2;
}

enum netra_error netra_layout_plan(const struct netra_window_plan *plan,
				   uint32_t channels,
				   struct netra_channel_layout *channel)
{
	uint32_t offset = sizeof(struct netra_host_area);
	uint32_t arena, share, log2, records_bytes;

	if (!channels || channels > NETRA_CHANNELS_MAX ||
	    plan->log2 < LOG2_MIN || plan->log2 > LOG2_MAX ||
	    !plan->count || plan->count > NETRA_DATA_WINDOWS_MAX)
		return NETRA_ERR_INVALID;
	arena = plan->count << plan->log2;
	share = (arena - offset) / channels & ~(NETRA_FRAME_ALIGN - 1);
	log2 = records_log2(share);
	records_bytes = RECORD_BYTES << log2;
	if (share < records_bytes + DATA_LEAST_BYTES)
		return NETRA_ERR_INVALID;
	for (uint32_t i = 0; i < channels; i++) {
		channel[i].records_offset = offset;
		channel[i].records_log2 = log2;
		channel[i].data_offset = offset + records_bytes;
		channel[i].data_size = share - records_bytes;
		offset += share;
	}
	return NETRA_OK;
}

struct span {
	uint64_t offset;
	uint64_t bytes;
};

static bool apart(struct span a, struct span b)
{
	return a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
}

/* Even spans are record rings, odd ones data. */
static struct span span_of(const struct netra_channel_layout *channel,
			   uint32_t i)
{
	const struct netra_channel_layout *c = &channel[i / 2];

	if (i & 1)
		return (struct span){ c->data_offset, c->data_size };
	return (struct span){ c->records_offset,
			      (uint64_t)RECORD_BYTES << c->records_log2 };
}

static bool numbers_ok(const struct netra_channel_layout *c)
{
	return c->records_log2 >= NETRA_RECORDS_LOG2_MIN &&
	       c->records_log2 <= NETRA_RECORDS_LOG2_MAX && c->data_size &&
	       !((c->records_offset | c->data_offset | c->data_size) &
		 (NETRA_FRAME_ALIGN - 1));
}

enum netra_error netra_layout_check(uint64_t arena_bytes, uint32_t channels,
				    const struct netra_channel_layout *channel)
{
	if (!channels || channels > NETRA_CHANNELS_MAX)
		return NETRA_ERR_INVALID;
	for (uint32_t i = 0; i < channels; i++)
		if (!numbers_ok(&channel[i]))
			return NETRA_ERR_INVALID;
	for (uint32_t i = 0; i < 2 * channels; i++) {
		struct span a = span_of(channel, i);

		if (a.offset < sizeof(struct netra_host_area) ||
		    !netra_range_ok(a.offset, a.bytes, arena_bytes))
			return NETRA_ERR_INVALID;
		for (uint32_t j = 0; j < i; j++)
			if (!apart(a, span_of(channel, j)))
				return NETRA_ERR_INVALID;
	}
	return NETRA_OK;
}
