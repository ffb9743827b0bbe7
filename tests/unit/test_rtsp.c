/* SPDX-License-Identifier: BSD-2-Clause */
/* RTSP requests and their fields, RTCP, users and digests, without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "streamer/be.h"
#include "streamer/digest.h"
#include "streamer/rtcp.h"
#include "streamer/throttle.h"

static enum netra_rtsp_result parse(const char *text,
				    struct netra_rtsp_request *request)
{
	return netra_rtsp_parse(text, strlen(text), request);
}

static struct netra_text text(const char *word)
{
	return (struct netra_text){ word, strlen(word) };
}

static void whole_requests(void **state)
{
	static const char setup[] =
		"\r\nSETUP rtsp://h/ch/3/track0 RTSP/1.0\r\ncseq: 7\r\n"
		"Transport:  RTP/AVP;unicast;client_port=4000-4001 \r\n"
		"Session: abc;timeout=60\r\nContent-Length: 3\r\n\r\nxyzOPTIONS";
	struct netra_rtsp_request r;

	(void)state;
	assert_int_equal(parse(setup, &r), NETRA_RTSP_WHOLE);
	assert_int_equal(r.method, NETRA_RTSP_SETUP);
	assert_int_equal(r.cseq, 7);
	assert_int_equal(r.bytes, strlen(setup) - 7);
	assert_true(netra_text_same(r.session, "abc"));
	assert_true(netra_text_same(r.transport,
				    "RTP/AVP;unicast;client_port=4000-4001"));
	/* Every shorter piece of it is not all of it. */
	for (size_t n = 0; n < strlen(setup) - 7; n++)
		assert_int_equal(netra_rtsp_parse(setup, n, &r),
				 NETRA_RTSP_MORE);
	assert_int_equal(parse("OPTIONS * RTSP/1.0\nCSeq: 1\n\n", &r),
			 NETRA_RTSP_WHOLE);
}

static void bad_requests(void **state)
{
	static const struct {
		const char *request;
		unsigned int status;
	} bad[] = {
		{ "hello\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505 },
		{ "OPTIONS * RTSP/1.0\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: 99999999999\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nno colon\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n folded: 1\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nA: \1\r\n\r\n", 400 },
		{ "OPTIONS *\1 RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4097\r\n"
		  "\r\n", 413 },
		{ "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n"
		  "\r\n", 400 },
	};
	static char large[NETRA_RTSP_HEAD_MAX + 1];
	struct netra_rtsp_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].request, &r), NETRA_RTSP_BAD);
		assert_int_equal(r.status, bad[i].status);
	}
	memset(large, 'A', sizeof(large));
	assert_int_equal(netra_rtsp_parse(large, NETRA_RTSP_HEAD_MAX - 1, &r),
			 NETRA_RTSP_MORE);
	assert_int_equal(netra_rtsp_parse(large, sizeof(large), &r),
			 NETRA_RTSP_BAD);
	assert_int_equal(r.status, 413);
}

static void paths(void **state)
{
	struct netra_rtsp_path p;

	(void)state;
	assert_true(netra_rtsp_parse_path(text("rtsp://[::1]:8554/ch/3"), &p));
	assert_true(p.board == 0 && p.channel == 3 && !p.track);
	assert_true(netra_rtsp_parse_path(text("rtsps://h/board/2/ch/15/track0"), &p));
	assert_true(p.board == 2 && p.channel == 15 && p.track);
	assert_true(netra_rtsp_parse_path(text("/ch/0/"), &p));
	assert_true(netra_rtsp_parse_path(text("rtsp://h/ch/1?x=/ch/2"), &p));
	assert_int_equal(p.channel, 1);
	for (const char *const *bad = (const char *const []){ "*", "", "rtsp://",
	     "rtsp://h", "rtsp://h/", "/ch", "/ch/", "/ch/x", "/ch/-1", "/ch/256",
	     "/ch/1/track1", "/ch/1/track0/x", "/board/1", "/board//ch/1", "ch/1",
	     "/../ch/1", NULL }; *bad; bad++)
		assert_false(netra_rtsp_parse_path(text(*bad), &p));
}

static void times(void **state)
{
	struct netra_rtsp_range r;
	struct netra_rtsp_path p;
	double scale;
	int64_t ns;

	(void)state;
	assert_true(netra_rtsp_parse_clock(text("19700101T000000Z"), &ns));
	assert_int_equal(ns, 0);
	assert_true(netra_rtsp_parse_clock(text("20240229T235959.25Z"), &ns));
	assert_int_equal(ns, INT64_C(1709251199250000000));
	assert_true(netra_rtsp_parse_clock(text("20261123T101500.123456789Z"), &ns));
	assert_int_equal(ns, INT64_C(1795428900123456789));
	for (const char *const *bad = (const char *const []){ "", "now",
	     "20261123T101500", "20261123101500Z", "20261323T101500Z",
	     "20261123T251500Z", "20261123T101500.1234567890Z",
	     "20261123T101500.x", "20261123T1015Z", NULL }; *bad; bad++)
		assert_false(netra_rtsp_parse_clock(text(*bad), &ns));
	assert_true(netra_rtsp_parse_range(text(""), &r));
	assert_int_equal(r.kind, NETRA_RTSP_RANGE_NONE);
	assert_true(netra_rtsp_parse_range(text("npt=now-"), &r));
	assert_int_equal(r.kind, NETRA_RTSP_RANGE_NOW);
	assert_true(netra_rtsp_parse_range(text("npt=0:01:02.5-90;time=x"), &r));
	assert_true(r.has_from && r.from_ns == INT64_C(62500000000) &&
		    r.has_to && r.to_ns == INT64_C(90000000000));
	assert_true(netra_rtsp_parse_range(text("clock=19700101T000001Z-"), &r));
	assert_true(r.kind == NETRA_RTSP_RANGE_CLOCK && r.has_from &&
		    r.from_ns == 1000000000 && !r.has_to);
	for (const char *const *bad = (const char *const []){ "smpte=0-", "npt=",
	     "npt=-", "npt=x-", "npt=1.2.3-", "npt=1:2:3:4-", "clock=5-",
	     "npt", NULL }; *bad; bad++)
		assert_false(netra_rtsp_parse_range(text(*bad), &r));
	assert_true(netra_rtsp_parse_scale(text("2.5"), &scale));
	assert_true(scale > 2.49 && scale < 2.51);
	assert_false(netra_rtsp_parse_scale(text("-1"), &scale));
	assert_false(netra_rtsp_parse_scale(text("0"), &scale));
	assert_false(netra_rtsp_parse_scale(text("nan"), &scale));
	assert_true(netra_rtsp_parse_path(text("rtsp://h/board/1/ch/2/from/"
		"19700101T000001Z/to/19700101T000002Z/track0"), &p));
	assert_true(p.recorded && p.track && p.board == 1 && p.channel == 2 &&
		    p.from_ns == 1000000000 && p.to_ns == 2000000000);
	/* An end before its beginning is no stretch of time. */
	assert_false(netra_rtsp_parse_path(text("/ch/2/from/19700101T000002Z/to/"
						"19700101T000002Z"), &p));
	assert_true(netra_rtsp_parse_path(text("/ch/2/from/19700101T000001Z"), &p));
	assert_true(p.recorded && p.to_ns == INT64_MAX);
	assert_false(netra_rtsp_parse_path(text("/ch/2/to/19700101T000001Z"), &p));
	assert_false(netra_rtsp_parse_path(text("/ch/2/from"), &p));
}

static void transports(void **state)
{
	struct netra_text list = text("RTP/SAVP;unicast;client_port=1-2,"
		"RTP/AVP;multicast,RTP/AVP/TCP;unicast;interleaved=4-5;mode=\"PLAY\","
		"RTP/AVP;unicast;client_port=65534,RTP/AVP;unicast");
	struct netra_rtsp_transport t;

	(void)state;
	assert_true(netra_rtsp_next_transport(&list, &t));
	assert_false(t.known);
	assert_true(netra_rtsp_next_transport(&list, &t));
	assert_true(t.known && t.multicast);
	assert_true(netra_rtsp_next_transport(&list, &t));
	assert_true(t.known && t.tcp && t.interleaved[0] == 4 &&
		    t.interleaved[1] == 5);
	assert_true(netra_rtsp_next_transport(&list, &t));
	assert_true(t.known && !t.tcp && t.port[0] == 65534 &&
		    t.port[1] == 65535);
	assert_true(netra_rtsp_next_transport(&list, &t));
	assert_false(t.known);
	assert_false(netra_rtsp_next_transport(&list, &t));
	for (const char *const *bad = (const char *const []){
	     "RTP/AVP;unicast;client_port=0-1", "RTP/AVP;unicast;client_port=65535",
	     "RTP/AVP;unicast;client_port=70000-1", "RTP/AVP/TCP;interleaved=255",
	     "RTP/AVP/TCP;interleaved=3-3", "RTP/AVP;unicast;client_port=",
	     "RTP/AVP;unicast;client_port=2-3;mode=record", NULL }; *bad; bad++) {
		list = text(*bad);
		assert_true(netra_rtsp_next_transport(&list, &t));
		assert_false(t.known);
	}
}

static void rtcp(void **state)
{
	const struct netra_rtcp_sender sender = {
		.ssrc = 0x11223344, .wall_ns = UINT64_C(1700000000500000000),
		.time = 5, .packets = 6, .bytes = 7, .bye = true,
	};
	uint8_t packet[NETRA_RTCP_MAX], answer[32] = { 0x81, 201, 0, 7 };
	size_t size = netra_rtcp_write(packet, &sender);
	struct netra_rtcp_report report;

	(void)state;
	assert_int_equal(size, 28 + 20 + 8);
	assert_int_equal(netra_get_be32(packet + 8), 1700000000u + 2208988800u);
	assert_int_equal(netra_get_be32(packet + 12), 0x80000000u);
	assert_true(netra_rtcp_read(packet, size, 1, &report));
	assert_true(report.bye && !report.has_loss);
	for (size_t n = 0; n < size; n++)
		if (n != 28 && n != 48)
			assert_false(netra_rtcp_read(packet, n, 1, &report));
	netra_put_be32(answer + 8, 0x11223344);
	netra_put_be32(answer + 12, 0x40fffffeu);
	assert_true(netra_rtcp_read(answer, 32, 0x11223344, &report));
	assert_true(report.has_loss && report.fraction_lost == 0x40 &&
		    report.lost == -2);
	assert_true(netra_rtcp_read(answer, 32, 5, &report));
	assert_false(report.has_loss);
}

static void wrong_passwords_cost(void **state)
{
	static struct netra_throttle t;
	const uint8_t a[16] = { 1 }, b[16] = { 2 };
	const uint64_t ms = 1000000, now = 5000 * ms;

	(void)state;
	for (int i = 0; i < 3; i++)
		netra_throttle_wrong(&t, a, now);
	assert_int_equal(netra_throttle_until(&t, a), 0);
	netra_throttle_wrong(&t, a, now);
	assert_int_equal(netra_throttle_until(&t, a), now + 250 * ms);
	/* Tries at the same time wait one after the other. */
	netra_throttle_wrong(&t, a, now);
	assert_int_equal(netra_throttle_until(&t, a), now + 750 * ms);
	assert_int_equal(netra_throttle_until(&t, b), 0);
	for (int i = 0; i < 20; i++)
		netra_throttle_wrong(&t, a, now + 1000000 * ms);
	assert_true(netra_throttle_until(&t, a) <=
		    now + 1000000 * ms + 20 * 4000 * ms);
	netra_throttle_right(&t, a);
	assert_int_equal(netra_throttle_until(&t, a), 0);
	/* More addresses than there is room for: nothing breaks. */
	for (unsigned int i = 0; i < 1000; i++) {
		uint8_t c[16] = { 3, (uint8_t)i, (uint8_t)(i >> 8) };

		netra_throttle_wrong(&t, c, now + i);
	}
}

static void throttle_address(const char *text, uint8_t address[16])
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		netra_throttle_address((struct sockaddr *)&v4, address);
		return;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	netra_throttle_address((struct sockaddr *)&v6, address);
}

/* Who has many addresses does not have many tries. */
static void one_address(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pair[] = {
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
		{ "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
	};
	uint8_t a[16], b[16];

	(void)state;
	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		throttle_address(pair[i].a, a);
		throttle_address(pair[i].b, b);
		assert_int_equal(memcmp(a, b, 16) == 0, pair[i].same);
	}
}

/* RFC 7616, 3.9.1, with a nonce of ours: what clients compute. */
static void digests(void **state)
{
	static const char *const password[] = { "right", "wrong" };
	struct netra_users users = { 0 };
	struct netra_user one;
	struct netra_digest digest;
	const struct netra_user *who;
	char nonce[NETRA_NONCE_MAX];

	(void)state;
	assert_true(netra_digest_init(&digest));
	assert_null(netra_user_set(&one, "anna", "right", "0-3,1/7"));
	assert_int_equal(one.channels[0], 15);
	assert_int_equal(one.channels[1], 128);
	users = (struct netra_users){ 1, &one };
	netra_digest_nonce(&digest, "192.0.2.1", 1000000000, nonce);
	for (int n = 0; n < 8; n++) {
		enum netra_hash hash = n & 1 ? NETRA_HASH_SHA256 : NETRA_HASH_MD5;
		const char *word = password[n >> 1 & 1];
		const char *qop = n & 4 ? "auth" : "";
		const char *uri = "rtsp://h/ch/1/";
		char ha1[NETRA_HEX_MAX], ha2[NETRA_HEX_MAX], proof[NETRA_HEX_MAX];
		char request[1024];
		struct netra_rtsp_request r;
		const char *a[] = { "anna", NETRA_REALM, word };
		const char *b[] = { "DESCRIBE", uri };
		const char *c[] = { ha1, nonce, ha2 };
		const char *d[] = { ha1, nonce, "00000001", "xyz", qop, ha2 };
		size_t length[6];

#define HASH(hex, list) do {						\
	for (size_t k = 0; k < sizeof(list) / sizeof(list[0]); k++)	\
		length[k] = strlen(list[k]);				\
	netra_hash_hex(hash, hex, list, length,				\
		       sizeof(list) / sizeof(list[0]));			\
} while (0)
		HASH(ha1, a);
		HASH(ha2, b);
		if (*qop)
			HASH(proof, d);
		else
			HASH(proof, c);
		snprintf(request, sizeof(request),
			 "DESCRIBE rtsp://h/ch/1 RTSP/1.0\r\nCSeq: 1\r\n"
			 "Authorization: Digest username=\"anna\", realm=\""
			 NETRA_REALM "\", nonce=\"%s\", uri=\"%s\", "
			 "response=\"%s\"%s%s\r\n\r\n", nonce, uri, proof,
			 n & 1 ? ", algorithm=SHA-256" : "",
			 *qop ? ", qop=auth, nc=00000001, cnonce=\"xyz\"" : "");
		assert_int_equal(parse(request, &r), NETRA_RTSP_WHOLE);
		assert_int_equal(netra_digest_check(&digest, &users, &r,
				 "192.0.2.1", 2000000000, &who),
				 n & 2 ? NETRA_DIGEST_WRONG : NETRA_DIGEST_RIGHT);
		/* A nonce is good for one address and ten minutes. */
		assert_int_equal(netra_digest_check(&digest, &users, &r,
				 "192.0.2.2", 2000000000, &who),
				 NETRA_DIGEST_STALE);
		assert_int_equal(netra_digest_check(&digest, &users, &r,
				 "192.0.2.1", UINT64_C(602000000000), &who),
				 NETRA_DIGEST_STALE);
		/* A proof for one channel is none for another. */
		r.uri = text("rtsp://h/ch/2");
		assert_int_equal(netra_digest_check(&digest, &users, &r,
				 "192.0.2.1", 2000000000, &who),
				 NETRA_DIGEST_WRONG);
	}
}

static void users_file(void **state)
{
	static struct netra_user list[2];
	char path[] = "/tmp/netra-users-XXXXXX", why[200];
	struct netra_users users = { 2, list }, read = { 0 };
	struct stat info;
	FILE *file;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_null(netra_user_set(&list[0], "anna", "a", "*"));
	assert_null(netra_user_set(&list[1], "gate", "b", "0-3,7"));
	assert_true(netra_users_write(&users, path, why, sizeof(why)));
	assert_true(netra_users_read(&read, path, why, sizeof(why)));
	assert_int_equal(read.count, 2);
	assert_memory_equal(read.user, list, sizeof(list));
	/* Damaged, or for all to see: refused, and what was read stays. */
	file = fopen(path, "a");
	fputs("eve:123\n", file);
	fclose(file);
	assert_false(netra_users_read(&read, path, why, sizeof(why)));
	assert_non_null(strstr(why, "line 4"));
	assert_true(netra_users_write(&users, path, why, sizeof(why)));
	chmod(path, 0644);
	assert_false(netra_users_read(&read, path, why, sizeof(why)));
	assert_int_equal(read.count, 2);
	/* A service's group may read it, also after a change. */
	chmod(path, 0640);
	assert_true(netra_users_write(&users, path, why, sizeof(why)));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	netra_users_free(&read);
	unlink(path);
	for (const char *const *bad = (const char *const []){ "", "a b", "a:b",
	     "a\"b", NULL }; *bad; bad++)
		assert_non_null(netra_user_set(&list[0], *bad, "x", "*"));
	for (const char *const *bad = (const char *const []){ "x", "3-1", "64",
	     "1,", "8/1", "1//2", "-1", NULL }; *bad; bad++)
		assert_non_null(netra_user_set(&list[0], "a", "x", *bad));
	assert_non_null(netra_user_set(&list[0], "a", "", "*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_requests),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(paths),
		cmocka_unit_test(times),
		cmocka_unit_test(transports),
		cmocka_unit_test(rtcp),
		cmocka_unit_test(wrong_passwords_cost),
		cmocka_unit_test(one_address),
		cmocka_unit_test(digests),
		cmocka_unit_test(users_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
