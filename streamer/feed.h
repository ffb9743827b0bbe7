/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One channel of a board: takes its frames, once, and keeps them as packets in
 * a log. Whoever sends them further is a sink. One thread, the loop's.
 */
#ifndef NETRA_STREAMER_FEED_H
#define NETRA_STREAMER_FEED_H

#include "lib/netra.h"
#include "log.h"

struct netra_sink;

struct netra_feed {
	struct netra_board *board;	/* NULL: it is lost, or: */
	bool recorded;			/* it plays a recording */
	uint32_t board_index;
	uint32_t channel;
	struct netra_reader *reader;	/* NULL: without a board */
	struct netra_packetiser packetiser;
	struct netra_log log;
	struct netra_sink *sinks;
	bool ended;			/* nothing will come any more */
	bool wait_key;			/* a frame was torn: the next ones need it */
	bool timed;			/* time_base_90k holds */
	bool changed;			/* the next frame is another board's: its clock is another */
	int64_t time_base_90k;		/* CLOCK_MONOTONIC when the decode time was 0 */
	uint64_t asked_key_ns;		/* when a key frame was last asked for */
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;			/* never seen here */
	uint64_t unfit;			/* nothing in them that could be sent */
	uint64_t rate;			/* bytes in the last second */
	uint64_t rate_bytes;		/* `bytes` a second ago */
};

/**
 * netra_feed_open() - Open before netra_channel_start() to miss nothing.
 * @limit_bytes: Of memory for packets.
 * @late_ns: Who is further behind jumps to the next key frame.
 */
enum netra_error netra_feed_open(struct netra_feed *feed,
				 struct netra_board *board, uint32_t channel,
				 uint64_t limit_bytes, uint64_t late_ns);

/**
 * netra_feed_init() - Without a board: its owner puts units into the log.
 * Return: false if the system has no random numbers.
 */
bool netra_feed_init(struct netra_feed *feed, uint32_t channel,
		     uint64_t limit_bytes, uint64_t late_ns);

/**
 * netra_feed_detach() - The board is going: its reader is closed. Sinks stay, and
 * get what comes after …
 */
void netra_feed_detach(struct netra_feed *feed);

/**
 * netra_feed_attach() - … a board is there again. Packets and their times go on
 * as if nothing had been sent for a while, beginning with a key frame.
 */
enum netra_error netra_feed_attach(struct netra_feed *feed,
				   struct netra_board *board);

/** netra_feed_close() - Its sinks must have gone. */
void netra_feed_close(struct netra_feed *feed);

/**
 * netra_feed_pump() - Take all frames that are there.
 * Return: true if there is anything new for its sinks, its end included.
 */
bool netra_feed_pump(struct netra_feed *feed, uint64_t now_ns);

/** netra_feed_90k() - ns in ticks of 1/90000 s. */
int64_t netra_feed_90k(uint64_t ns);

/** netra_feed_time() - The RTP time of a moment on CLOCK_MONOTONIC. */
uint32_t netra_feed_time(const struct netra_feed *feed, uint64_t now_ns);

/** netra_feed_need_key() - A sink waits for a key frame: ask the board for one, now and then. */
void netra_feed_need_key(struct netra_feed *feed, uint64_t now_ns);

/** netra_feed_tick() - Once a second. */
void netra_feed_tick(struct netra_feed *feed);

#endif
