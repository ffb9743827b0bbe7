/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings of a client: found by URL ("/ch/3/from/…") or by PLAY with
 * "Range: clock=…". Reading takes a while; the request waits meanwhile, and is
 * handled again.
 */
#include <stdio.h>
#include <time.h>

#include "rtsp_internal.h"

static void on_sought(void *context)
{
	rtsp_resume(context);
}

static void on_news(void *context, struct netra_feed *feed)
{
	struct rtsp_connection *c = context;

	netra_rtsp_news(c->server, feed);
}

void rtsp_drop_playback(struct rtsp_connection *c)
{
	if (!c->playback)
		return;
	if (c->sink.feed == &c->playback->feed)
		netra_sink_stop(&c->sink);
	/* A session has a feed always: live it is, until something is sought. */
	if (c->feed == &c->playback->feed) {
		c->feed = netra_hub_feed(c->server->options.hub,
					 c->feed->board_index,
					 c->feed->channel);
		if (c->state == RTSP_PLAYING)
			c->state = RTSP_READY;
	}
	netra_playback_close(c->playback);
	c->playback = NULL;
}

/* Packets that have not left are not sent: numbers go on where they end. */
static void forget_unsent(struct rtsp_connection *c)
{
	struct netra_feed *feed = &c->playback->feed;
	const struct netra_log_cursor *cursor = &c->sink.cursor;
	uint64_t limit_bytes = feed->log.limit_bytes;
	uint64_t late_ns = feed->log.late_ns;

	if (c->sink.feed != feed)
		return;
	if (c->state == RTSP_PLAYING)
		c->state = RTSP_READY;
	if (cursor->unit)
		feed->packetiser.sequence =
			(uint16_t)(cursor->unit->sequence + cursor->packet);
	netra_sink_stop(&c->sink);
	netra_log_free(&feed->log);
	netra_log_init(&feed->log, limit_bytes, late_ns);
}

int rtsp_seek(struct rtsp_connection *c, uint32_t board, uint32_t channel,
	      int64_t wall_ns)
{
	const struct netra_rtsp_options *options = &c->server->options;
	struct netra_playback *p = c->playback;

	if (p && (p->feed.channel != channel || p->feed.board_index != board)) {
		rtsp_drop_playback(c);
		p = NULL;
	}
	/* Has it been sought just now? Then this is the second time round. */
	if (p && p->seek_ns == wall_ns && (p->fresh || p->sought_result)) {
		if (!p->sought_result)
			return 1;
		rtsp_drop_playback(c);
		return 0;
	}
	if (!options->store[board])
		return 0;
	if (!p) {
		p = netra_playback_new(options->loop, options->store[board],
				       board, channel);
		if (!p)
			return 0;
		p->context = c;
		p->sought = on_sought;
		p->news = on_news;
		c->playback = p;
	}
	forget_unsent(c);
	c->waiting = true;
	netra_playback_seek(p, wall_ns);
	return -1;
}

int rtsp_find_recording(struct rtsp_connection *c,
			const struct netra_rtsp_path *path)
{
	const struct netra_playback *p = c->playback;

	/* It is open already, and may have been played since. */
	if (p && c->begin_ns == path->from_ns &&
	    p->feed.channel == path->channel &&
	    p->feed.board_index == path->board &&
	    (!p->sought_result || p->seek_ns != path->from_ns))
		return 1;
	c->begin_ns = path->from_ns;
	c->end_ns = path->to_ns;
	return rtsp_seek(c, path->board, path->channel, path->from_ns);
}

/* PLAY names a time: to the recording, and there. As rtsp_find_recording(). */
static int go_there(struct rtsp_connection *c,
		    const struct netra_rtsp_range *range, int64_t base_ns)
{
	int found = rtsp_seek(c, c->feed->board_index, c->feed->channel,
			      base_ns + range->from_ns);

	if (found != 1 || c->feed == &c->playback->feed)
		return found;
	/* From live to recorded. */
	rtsp_pause(c);
	c->feed = &c->playback->feed;
	return 1;
}

/* From recorded to live. */
static void go_live(struct rtsp_connection *c)
{
	struct netra_feed *live = netra_hub_feed(c->server->options.hub,
						 c->feed->board_index,
						 c->feed->channel);

	if (!live)
		return;
	rtsp_pause(c);
	rtsp_drop_playback(c);
	c->feed = live;
}

int rtsp_choose_time(struct rtsp_connection *c,
		     const struct netra_rtsp_range *range, bool recorded)
{
	bool playback = c->playback && c->feed == &c->playback->feed;
	/* What a URL without a time calls 0 is now. */
	int64_t base_ns = range->kind == NETRA_RTSP_RANGE_NPT ? c->begin_ns : 0;
	int found = 1;

	if (range->kind == NETRA_RTSP_RANGE_NOW && playback && !recorded)
		go_live(c);
	if (range->kind != NETRA_RTSP_RANGE_CLOCK &&
	    !(recorded && range->kind == NETRA_RTSP_RANGE_NPT))
		return 1;
	if (c->group)
		return 0;
	if (range->has_from)
		found = go_there(c, range, base_ns);
	if (found == 1 && range->has_to && c->playback)
		c->playback->end_ns = base_ns + range->to_ns;
	else if (found == 1 && c->playback)
		c->playback->end_ns = recorded ? c->end_ns :
						 NETRA_PLAYBACK_OPEN_END;
	return found;
}

void rtsp_clock_text(int64_t ns, char text[32])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm utc;
	size_t used;

	gmtime_r(&seconds, &utc);
	used = strftime(text, 32, "%Y%m%dT%H%M%S", &utc);
	snprintf(text + used, 32 - used, ".%03uZ",
		 (unsigned int)(ns % 1000000000 / 1000000));
}
