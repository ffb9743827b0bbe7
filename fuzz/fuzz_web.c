/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the web server takes apart by itself of a request: path, range, cookie,
 * origin, password. Results stay inside what they may be.
 */
#include <stdlib.h>
#include <string.h>

#include "streamer/web_parse.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_range(const char *text, uint64_t size)
{
	uint64_t from, length;

	if (netra_web_range(text, size, &from, &length) == NETRA_WEB_RANGE_PART)
		CHECK(length && from < size && length <= size - from);
	else
		CHECK(from == 0 && length == size);
}

static void check_route(const char *text)
{
	struct netra_web_route route;

	if (!netra_web_route(text, &route)) {
		CHECK(route.place == NETRA_WEB_NOWHERE);
		return;
	}
	CHECK(route.channel < 64 && route.board < 8);
	/* It may become part of a file's path. */
	CHECK(memchr(route.name, '\0', sizeof(route.name)));
	CHECK(route.name[0] != '.' && !strchr(route.name, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own, so that a byte too many is seen. */
	char *text = malloc(size + 1), *second;
	char user[8], password[8], value[8];
	uint64_t number;

	CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	second = strchr(text, '\n');
	if (second)
		*second++ = '\0';
	check_route(text);
	check_range(text, 0);
	check_range(text, 1000);
	check_range(text, UINT64_MAX);
	if (netra_web_cookie(text, "netra", value, sizeof(value)))
		CHECK(strlen(value) < sizeof(value));
	if (netra_web_basic(text, user, sizeof(user), password, sizeof(password)))
		CHECK(strlen(user) < sizeof(user) &&
		      strlen(password) < sizeof(password));
	if (netra_web_number(text, 1000, &number))
		CHECK(number <= 1000);
	netra_web_literal_host(text);
	if (second) {
		netra_web_same_origin(text, second, true);
		netra_web_same_origin(text, second, false);
	}
	free(text);
	return 0;
}
