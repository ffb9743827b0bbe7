/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in a request's fields. Pure, as rtsp_message.h. */
#ifndef NETRA_STREAMER_RTSP_HEADER_H
#define NETRA_STREAMER_RTSP_HEADER_H

#include "rtsp_message.h"

/* Where a URL points. */
struct netra_rtsp_path {
	uint32_t board;
	uint32_t channel;
	bool track;		/* names the stream inside, not the whole */
	bool recorded;		/* a recording: from when, and until when */
	int64_t from_ns, to_ns;	/* since 1970, UTC; to: INT64_MAX = no end */
};

/**
 * netra_rtsp_parse_path() - Of "rtsp://host/ch/3", "/board/1/ch/3/track0",
 * "/ch/3/from/20261123T101500Z/to/20261123T101600Z", …
 * Return: false if it is no address of a channel.
 */
bool netra_rtsp_parse_path(struct netra_text uri, struct netra_rtsp_path *path);

/**
 * netra_rtsp_parse_clock() - "20261123T101500.25Z" (RFC 2326, 3.7).
 * @ns: Since 1970.
 */
bool netra_rtsp_parse_clock(struct netra_text text, int64_t *ns);

enum netra_rtsp_range_kind {
	NETRA_RTSP_RANGE_NONE,
	NETRA_RTSP_RANGE_NOW,	/* live */
	NETRA_RTSP_RANGE_NPT,	/* ns since the beginning */
	NETRA_RTSP_RANGE_CLOCK,	/* ns since 1970 */
};

struct netra_rtsp_range {
	enum netra_rtsp_range_kind kind;
	bool has_from, has_to;
	int64_t from_ns, to_ns;
};

/** netra_rtsp_parse_range() - Return: false if it is none that is known. */
bool netra_rtsp_parse_range(struct netra_text field,
			    struct netra_rtsp_range *range);

/** netra_rtsp_parse_scale() - "2.0"; false beyond 0.1 to 16. */
bool netra_rtsp_parse_scale(struct netra_text field, double *scale);

/* One way to send, of those a client offers. */
struct netra_rtsp_transport {
	bool known;		/* H.264 over RTP/AVP in a way told below */
	bool tcp;
	bool multicast;
	bool has_ports;		/* client_port */
	uint16_t port[2];
	bool has_interleaved;
	uint8_t interleaved[2];
};

/**
 * netra_rtsp_next_transport() - The next one of a Transport field.
 * @rest: The field's value; loses what is taken.
 * Return: false at the end.
 */
bool netra_rtsp_next_transport(struct netra_text *rest,
			       struct netra_rtsp_transport *transport);

/* What an Authorization field says (RFC 7616); quotes are taken off. */
struct netra_rtsp_credentials {
	struct netra_text user, realm, nonce, uri, response, algorithm;
	struct netra_text cnonce, nc, qop;
};

/** netra_rtsp_parse_digest() - Return: false if it is no Digest. */
bool netra_rtsp_parse_digest(struct netra_text field,
			     struct netra_rtsp_credentials *credentials);

#endif
