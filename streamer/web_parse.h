/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients say in paths and headers, taken apart. Pure; input is
 * untrusted and terminated.
 */
#ifndef NETRA_STREAMER_WEB_PARSE_H
#define NETRA_STREAMER_WEB_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum netra_web_place {
	NETRA_WEB_NOWHERE,
	NETRA_WEB_PAGE,		/* a file of the page; name */
	NETRA_WEB_SESSION,
	NETRA_WEB_LOGIN,
	NETRA_WEB_LOGOUT,
	NETRA_WEB_STATUS,
	NETRA_WEB_EVENTS,
	NETRA_WEB_TIMELINE,
	NETRA_WEB_RECORDINGS,	/* board and channel */
	NETRA_WEB_MEDIA,	/* board, channel and name */
	NETRA_WEB_EXPORT,	/* board and channel */
	NETRA_WEB_METRICS,
	NETRA_WEB_LIVE,		/* board and channel; a WebSocket */
};

struct netra_web_route {
	enum netra_web_place place;
	uint32_t board;
	uint32_t channel;
	char name[64];
};

/** netra_web_route() - Where a path leads; false: nowhere. */
bool netra_web_route(const char *path, struct netra_web_route *route);

enum netra_web_range {
	NETRA_WEB_RANGE_NONE,	/* no range, or one we do not do: all of it */
	NETRA_WEB_RANGE_PART,
	NETRA_WEB_RANGE_WRONG,	/* beyond the end */
};

/**
 * netra_web_range() - A Range header ("bytes=0-99", "bytes=5-", "bytes=-5").
 * @size: Of the whole.
 * @from, @length: Receive the part.
 */
enum netra_web_range netra_web_range(const char *header, uint64_t size,
				     uint64_t *from, uint64_t *length);

/** netra_web_cookie() - A cookie's value; false if it is not there or too long. */
bool netra_web_cookie(const char *header, const char *name, char *value,
		      size_t size);

/** netra_web_same_origin() - Is "https://host:port" the origin of @host? */
bool netra_web_same_origin(const char *origin, const char *host, bool tls);

/**
 * netra_web_literal_host() - An IP address or localhost, with or without port.
 *
 * A name that a foreign page has bound to our address is none.
 */
bool netra_web_literal_host(const char *host);

/** netra_web_basic() - User and password of "Basic …" (RFC 7617). */
bool netra_web_basic(const char *header, char *user, size_t user_bytes,
		     char *password, size_t password_bytes);

/** netra_web_number() - A decimal number, nothing else, at most @max. */
bool netra_web_number(const char *text, uint64_t max, uint64_t *value);

#endif
