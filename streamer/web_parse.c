/* SPDX-License-Identifier: BSD-2-Clause */
#include "web_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHANNEL_MAX 63u
#define BOARD_MAX 7u

static bool digits(const char **text, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (digit > max || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*text = p;
	*value = v;
	return true;
}

bool netra_web_number(const char *text, uint64_t max, uint64_t *value)
{
	return digits(&text, max, value) && !*text;
}

/* A board and its channel, and then @after. */
static bool take_channel(const char **path, char after,
			 struct netra_web_route *route)
{
	uint64_t board, channel;

	if (!digits(path, BOARD_MAX, &board) || **path != '/')
		return false;
	(*path)++;
	if (!digits(path, CHANNEL_MAX, &channel) || **path != after)
		return false;
	if (after)
		(*path)++;
	route->board = (uint32_t)board;
	route->channel = (uint32_t)channel;
	return true;
}

static bool take_name(const char *name, struct netra_web_route *route)
{
	size_t length = strlen(name);

	if (!length || length >= sizeof(route->name) || name[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr(".-_", name[i]))
			return false;
	memcpy(route->name, name, length + 1);
	return true;
}

static const char *after(const char *path, const char *start)
{
	size_t length = strlen(start);

	return strncmp(path, start, length) == 0 ? path + length : NULL;
}

bool netra_web_route(const char *path, struct netra_web_route *route)
{
	static const struct {
		const char *path;
		enum netra_web_place place;
	} exact[] = {
		{ "/api/session", NETRA_WEB_SESSION },
		{ "/api/login", NETRA_WEB_LOGIN },
		{ "/api/logout", NETRA_WEB_LOGOUT },
		{ "/api/status", NETRA_WEB_STATUS },
		{ "/api/events", NETRA_WEB_EVENTS },
		{ "/api/timeline", NETRA_WEB_TIMELINE },
		{ "/metrics", NETRA_WEB_METRICS },
	};
	const char *rest;
	bool known = false;

	memset(route, 0, sizeof(*route));
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (strcmp(path, exact[i].path) == 0) {
			route->place = exact[i].place;
			return true;
		}
	}
	if ((rest = after(path, "/api/recordings/"))) {
		route->place = NETRA_WEB_RECORDINGS;
		known = take_channel(&rest, '\0', route);
	} else if ((rest = after(path, "/api/media/"))) {
		route->place = NETRA_WEB_MEDIA;
		known = take_channel(&rest, '/', route) && take_name(rest, route);
	} else if ((rest = after(path, "/api/export/"))) {
		route->place = NETRA_WEB_EXPORT;
		known = take_channel(&rest, '\0', route);
	} else if ((rest = after(path, "/live/"))) {
		route->place = NETRA_WEB_LIVE;
		known = take_channel(&rest, '\0', route);
	} else if (path[0] == '/') {
		route->place = NETRA_WEB_PAGE;
		known = take_name(path[1] ? path + 1 : "index.html", route);
	}
	if (!known)
		route->place = NETRA_WEB_NOWHERE;
	return known;
}

enum netra_web_range netra_web_range(const char *header, uint64_t size,
				     uint64_t *from, uint64_t *length)
{
	const char *p = after(header, "bytes=");
	uint64_t first, last = UINT64_MAX - 1;
	bool suffix;

	*from = 0;
	*length = size;
	if (!p)
		return NETRA_WEB_RANGE_NONE;
	suffix = *p == '-';
	p += suffix;
	if (!digits(&p, UINT64_MAX, &first))
		return NETRA_WEB_RANGE_NONE;
	if (suffix) {
		if (*p)
			return NETRA_WEB_RANGE_NONE;
		if (!first || !size)
			return NETRA_WEB_RANGE_WRONG;
		*length = first < size ? first : size;
		*from = size - *length;
		return NETRA_WEB_RANGE_PART;
	}
	if (*p != '-')
		return NETRA_WEB_RANGE_NONE;
	p++;
	if ((*p && (!digits(&p, UINT64_MAX, &last) || *p)) || last < first)
		return NETRA_WEB_RANGE_NONE;
	if (first >= size)
		return NETRA_WEB_RANGE_WRONG;
	if (last > size - 1)
		last = size - 1;
	*from = first;
	*length = last - first + 1;
	return NETRA_WEB_RANGE_PART;
}

bool netra_web_cookie(const char *header, const char *name, char *value,
		      size_t size)
{
	size_t name_length = strlen(name);

	while (*header) {
		size_t length;

		header += strspn(header, " ;");
		length = strcspn(header, ";");
		if (length > name_length && header[name_length] == '=' &&
		    memcmp(header, name, name_length) == 0) {
			length -= name_length + 1;
			if (length >= size)
				return false;
			memcpy(value, header + name_length + 1, length);
			value[length] = '\0';
			return true;
		}
		header += length;
	}
	return false;
}

bool netra_web_same_origin(const char *origin, const char *host, bool tls)
{
	const char *rest = after(origin, tls ? "https://" : "http://");
	const char *usual = tls ? ":443" : ":80";
	size_t length = strlen(host);

	/* Browsers leave the usual port out on both sides; others may not. */
	if (length > strlen(usual) &&
	    strcmp(host + length - strlen(usual), usual) == 0)
		length -= strlen(usual);
	return rest && length && strncasecmp(rest, host, length) == 0 &&
	       (!rest[length] || strcmp(rest + length, usual) == 0);
}

bool netra_web_literal_host(const char *host)
{
	size_t length = strcspn(host, ":");

	if (*host == '[') {
		length = strspn(host + 1, "0123456789abcdefABCDEF:.%");
		return length && host[1 + length] == ']' &&
		       (!host[2 + length] || host[2 + length] == ':');
	}
	if (length == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	return length && strspn(host, "0123456789.") == length;
}

static int base64_value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

bool netra_web_basic(const char *header, char *user, size_t user_bytes,
		     char *password, size_t password_bytes)
{
	char text[256], *colon;
	size_t length = 0, bits = 0;
	uint32_t held = 0;

	if (strncasecmp(header, "Basic ", 6) != 0)
		return false;
	for (header += 6; *header && *header != '='; header++) {
		int value = base64_value(*header);

		if (value < 0 || length >= sizeof(text) - 1)
			return false;
		held = held << 6 | (uint32_t)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			text[length++] = (char)(held >> bits & 0xff);
		}
	}
	text[length] = '\0';
	colon = strchr(text, ':');
	if (strlen(text) != length || !colon)
		return false;
	*colon = '\0';
	length -= (size_t)(colon - text) + 1;
	if ((size_t)(colon - text) >= user_bytes || length >= password_bytes)
		return false;
	memcpy(user, text, (size_t)(colon - text) + 1);
	memcpy(password, colon + 1, length + 1);
	return true;
}
