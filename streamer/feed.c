/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Clocks are compared frame by frame; a jump of more than this is one. */
#define CLOCK_JUMP_90K 9000
#define CLOCK_SHARE 16
#define ASK_KEY_NS UINT64_C(2000000000)

int64_t netra_feed_90k(uint64_t ns)
{
	return (int64_t)(ns / 100000u * 9u + ns % 100000u * 9u / 100000u);
}

bool netra_feed_init(struct netra_feed *feed, uint32_t channel,
		     uint64_t limit_bytes, uint64_t late_ns)
{
	uint32_t random[3];

	memset(feed, 0, sizeof(*feed));
	feed->channel = channel;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	netra_packetiser_init(&feed->packetiser, random);
	netra_log_init(&feed->log, limit_bytes, late_ns);
	return true;
}

enum netra_error netra_feed_open(struct netra_feed *feed,
				 struct netra_board *board, uint32_t channel,
				 uint64_t limit_bytes, uint64_t late_ns)
{
	if (!netra_feed_init(feed, channel, limit_bytes, late_ns))
		return NETRA_ERR_IO;
	return netra_feed_attach(feed, board);
}

enum netra_error netra_feed_attach(struct netra_feed *feed,
				   struct netra_board *board)
{
	feed->board = board;
	feed->ended = false;
	return netra_reader_open(board, feed->channel,
				 NETRA_READER_CHECK | NETRA_READER_FROM_KEY,
				 &feed->reader);
}

void netra_feed_detach(struct netra_feed *feed)
{
	netra_reader_close(feed->reader);
	feed->reader = NULL;
	feed->board = NULL;
	feed->wait_key = true;
	feed->changed = feed->timed;
	netra_log_break(&feed->log);
}

void netra_feed_close(struct netra_feed *feed)
{
	netra_reader_close(feed->reader);
	feed->reader = NULL;
	netra_log_free(&feed->log);
	netra_packetiser_free(&feed->packetiser);
}

/* CLOCK_MONOTONIC when the board's decode time was 0, by this frame. */
static int64_t base_of(const struct netra_frame *frame, uint64_t now_ns)
{
	uint64_t taken_ns = frame->host_time_ns ? frame->host_time_ns : now_ns;

	return netra_feed_90k(taken_ns) - frame->dts_90k;
}

/* Another board's decode times: RTP time goes on with our clock all the same. */
static void take_clock_over(struct netra_feed *feed,
			    const struct netra_frame *frame, uint64_t now_ns)
{
	int64_t base = base_of(frame, now_ns);

	feed->packetiser.time_offset += (uint32_t)(base - feed->time_base_90k);
	feed->time_base_90k = base;
	feed->changed = false;
}

static void compare_clocks(struct netra_feed *feed,
			   const struct netra_frame *frame, uint64_t now_ns)
{
	int64_t base = base_of(frame, now_ns);
	int64_t off = base - feed->time_base_90k;

	if (!feed->timed || off > CLOCK_JUMP_90K || off < -CLOCK_JUMP_90K)
		feed->time_base_90k = base;
	else
		feed->time_base_90k += off / CLOCK_SHARE;
	feed->timed = true;
}

/* Returns true if the frame is in the log. */
static bool take(struct netra_feed *feed, const struct netra_frame *frame,
		 uint64_t now_ns)
{
	struct netra_unit *unit;
	bool torn;

	if (feed->changed)
		take_clock_over(feed, frame, now_ns);
	unit = netra_packetise(&feed->packetiser, frame->data, frame->length,
			       frame->pts_90k);
	torn = netra_reader_release(feed->reader, frame) ==
	       NETRA_ERR_OVERWRITTEN;
	feed->lost += frame->lost;
	if (!unit && !torn) {
		feed->unfit++;
		return false;
	}
	if (torn)
		feed->wait_key = true;
	else if (unit->key)
		feed->wait_key = false;
	if (feed->wait_key) {
		/* Its sequence numbers were not sent: nobody shall miss them. */
		if (unit)
			feed->packetiser.sequence = unit->sequence;
		feed->lost++;
		free(unit);
		return false;
	}
	feed->frames++;
	feed->bytes += frame->length;
	compare_clocks(feed, frame, now_ns);
	netra_log_append(&feed->log, unit, now_ns);
	return true;
}

bool netra_feed_pump(struct netra_feed *feed, uint64_t now_ns)
{
	struct netra_frame frame;
	enum netra_error error;
	bool any = false;

	if (feed->ended || !feed->reader)
		return false;
	while (!(error = netra_reader_next(feed->reader, &frame)))
		any |= take(feed, &frame, now_ns);
	/* A board that is lost may come back: who has it hears of that, too. */
	if (error == NETRA_ERR_AGAIN || error == NETRA_ERR_GONE ||
	    error == NETRA_ERR_BOOT)
		return any;
	feed->ended = true;
	return true;
}

uint32_t netra_feed_time(const struct netra_feed *feed, uint64_t now_ns)
{
	return (uint32_t)(netra_feed_90k(now_ns) - feed->time_base_90k) +
	       feed->packetiser.time_offset;
}

void netra_feed_need_key(struct netra_feed *feed, uint64_t now_ns)
{
	if (!feed->board || feed->ended ||
	    now_ns - feed->asked_key_ns < ASK_KEY_NS)
		return;
	/* A board that cannot: then the next one of its own has to do. */
	if (netra_command_post(feed->board, feed->channel, NETRA_CMD_KEY_FRAME,
			       0, 0) != NETRA_ERR_BUSY)
		feed->asked_key_ns = now_ns;
}

void netra_feed_tick(struct netra_feed *feed)
{
	feed->rate = feed->bytes - feed->rate_bytes;
	feed->rate_bytes = feed->bytes;
}
