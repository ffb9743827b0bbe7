/* SPDX-License-Identifier: BSD-2-Clause */
/* What a channel is, for DESCRIBE (RFC 4566, RFC 6184 8.2). */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rtsp_internal.h"

struct text {
	char *data;
	size_t used, size;	/* used == size: it did not fit */
};

static void add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->data + text->used, text->size - text->used, format,
		      args);
	va_end(args);
	if (n < 0 || (size_t)n >= text->size - text->used)
		text->used = text->size;
	else
		text->used += (size_t)n;
}

static void add_sets(struct text *text, const struct netra_sets *sets)
{
	unsigned char base64[NETRA_SETS_BYTES / 3 * 4 + 8];
	struct netra_sps sps;

	for (uint32_t i = 0; i < sets->count; i++) {
		struct netra_nal nal = netra_sets_nal(sets, i);

		if (i == 0 && netra_sps_parse(&nal, &sps))
			add(text, ";profile-level-id=%02x%02x%02x",
			    nal.data[1], nal.data[2], nal.data[3]);
		EVP_EncodeBlock(base64, nal.data, (int)nal.length);
		add(text, "%s%s", i ? "," : ";sprop-parameter-sets=",
		    (const char *)base64);
	}
}

/* Live, or how long what the URL names is. */
static void add_range(struct text *text, const struct rtsp_connection *c,
		      const struct netra_feed *feed)
{
	if (!feed->recorded)
		add(text, "a=range:npt=now-\r\n");
	else if (c->end_ns == NETRA_PLAYBACK_OPEN_END)
		add(text, "a=range:npt=0-\r\n");
	else
		add(text, "a=range:npt=0-%.3f\r\n",
		    (double)(c->end_ns - c->begin_ns) / 1e9);
}

size_t rtsp_describe(const struct rtsp_connection *c,
		     const struct netra_feed *feed, char *data, size_t size)
{
	const struct netra_address *own = &c->own;
	struct text text = { .data = data, .size = size };
	const struct netra_sets *sets = &feed->packetiser.sets;
	struct netra_channel_stats stats;
	bool v6 = own->any.sa_family == AF_INET6;
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(own->any.sa_family, v6 ? (const void *)&own->v6.sin6_addr :
					   (const void *)&own->v4.sin_addr,
		  address, sizeof(address));
	add(&text, "v=0\r\n"
	    "o=- %u 1 IN IP%d %s\r\n"
	    "s=netra channel %u",
	    feed->packetiser.ssrc, v6 ? 6 : 4, address, feed->channel);
	if (feed->board_index)
		add(&text, " of board %u", feed->board_index);
	add(&text, "\r\nc=IN IP%d %s\r\n"
	    "t=0 0\r\n"
	    "a=tool:netra " NETRA_VERSION "\r\n"
	    "a=control:*\r\n", v6 ? 6 : 4, v6 ? "::" : "0.0.0.0");
	add_range(&text, c, feed);
	add(&text, "m=video 0 RTP/AVP %u\r\n"
	    "a=rtpmap:%u H264/%u\r\n"
	    "a=fmtp:%u packetization-mode=1",
	    NETRA_RTP_PAYLOAD_TYPE, NETRA_RTP_PAYLOAD_TYPE, NETRA_RTP_CLOCK_HZ,
	    NETRA_RTP_PAYLOAD_TYPE);
	/* Without them a client waits for the first key frame, which has them. */
	if (netra_sets_complete(sets))
		add_sets(&text, sets);
	add(&text, "\r\n");
	if (feed->board &&
	    !netra_channel_get_stats(feed->board, feed->channel, &stats) &&
	    stats.rate_den && stats.rate_num)
		add(&text, "a=framerate:%.3f\r\n",
		    (double)stats.rate_num / stats.rate_den);
	add(&text, "a=control:track0\r\n");
	return text.used == text.size ? 0 : text.used;
}
