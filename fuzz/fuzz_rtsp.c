/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that reads what an RTSP client sent: requests, their fields, and
 * receiver reports. Whatever comes, results lie inside what was given.
 */
#include <stdlib.h>
#include <string.h>

#include "streamer/rtcp.h"
#include "streamer/rtsp_header.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *begin, *end;

static void inside(struct netra_text text)
{
	if (text.length)
		CHECK(text.data >= begin && text.data <= end &&
		      text.length <= (size_t)(end - text.data));
}

static void check_fields(const struct netra_rtsp_request *r)
{
	struct netra_rtsp_credentials c;
	struct netra_rtsp_transport t;
	struct netra_rtsp_path path;
	struct netra_rtsp_range range;
	struct netra_text rest = r->transport;
	double scale;
	unsigned int count = 0;

	inside(r->method_text);
	inside(r->uri);
	inside(r->session);
	inside(r->require);
	inside(r->range);
	if (netra_rtsp_parse_path(r->uri, &path))
		CHECK(path.board < 256 && path.channel < 256);
	netra_rtsp_parse_range(r->range, &range);
	if (netra_rtsp_parse_scale(r->scale, &scale))
		CHECK(scale >= 0.1 && scale <= 16.0);
	while (netra_rtsp_next_transport(&rest, &t)) {
		CHECK(++count <= r->transport.length);
		if (t.known && !t.tcp && !t.multicast)
			CHECK(t.port[0] && t.port[1]);
	}
	if (netra_rtsp_parse_digest(r->authorization, &c)) {
		inside(c.user);
		inside(c.nonce);
		inside(c.uri);
		inside(c.response);
		inside(c.qop);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netra_rtcp_report report;
	struct netra_rtsp_request r;
	/* Of its own, so that a byte too many is seen. */
	char *copy = malloc(size + !size);
	size_t at = 0;

	CHECK(copy);
	memcpy(copy, data, size);
	while (at < size) {
		begin = copy + at;
		end = copy + size;
		if (netra_rtsp_parse(begin, size - at, &r) != NETRA_RTSP_WHOLE)
			break;
		CHECK(r.bytes && r.bytes <= size - at);
		CHECK(r.bytes <= NETRA_RTSP_HEAD_MAX + NETRA_RTSP_BODY_MAX);
		check_fields(&r);
		at += r.bytes;
	}
	netra_rtcp_read((uint8_t *)copy, size, 0x11223344, &report);
	free(copy);
	return 0;
}
