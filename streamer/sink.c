/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink.h"

#include <time.h>

void netra_sink_play(struct netra_sink *sink, struct netra_feed *feed)
{
	sink->feed = feed;
	sink->next = feed->sinks;
	feed->sinks = sink;
	sink->report_ns = 0;
	sink->goodbye = false;
	netra_log_join(&feed->log, &sink->cursor);
}

void netra_sink_stop(struct netra_sink *sink)
{
	struct netra_sink **at;

	if (!sink->feed)
		return;
	netra_log_leave(&sink->feed->log, &sink->cursor);
	for (at = &sink->feed->sinks; *at != sink; at = &(*at)->next)
		;
	*at = sink->next;
	sink->feed = NULL;
}

size_t netra_sink_report(struct netra_sink *sink, uint64_t now_ns, bool bye,
			 uint8_t to[NETRA_RTCP_MAX])
{
	struct netra_rtcp_sender sender = {
		.ssrc = sink->feed->packetiser.ssrc,
		.time = netra_feed_time(sink->feed, now_ns),
		.packets = sink->packets,
		.bytes = sink->bytes,
		.bye = bye,
	};
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	sender.wall_ns = (uint64_t)wall.tv_sec * 1000000000u +
			 (uint64_t)wall.tv_nsec;
	sink->report_ns = now_ns;
	sink->goodbye |= bye;
	return netra_rtcp_write(to, &sender);
}

void netra_sink_passed(struct netra_sink *sink, const struct netra_unit *unit,
		       uint32_t first, uint32_t count)
{
	uint32_t framed = unit->offset[first + count] - unit->offset[first];

	sink->packets += count;
	sink->bytes += framed - count * (NETRA_RTP_FRAME_BYTES +
					 NETRA_RTP_HEADER_BYTES);
	sink->sent_bytes += framed;
}

bool netra_sink_finished(const struct netra_sink *sink)
{
	const struct netra_unit *unit = sink->cursor.unit;

	return sink->feed && sink->feed->ended &&
	       (!unit || (!unit->next && sink->cursor.packet == unit->packets));
}
