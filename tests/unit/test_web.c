/* SPDX-License-Identifier: BSD-2-Clause */
/* The web server's parsers, sessions and live fragments, without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "h264_write.h"
#include "mp4/mp4_read.h"
#include "streamer/web_live.h"
#include "streamer/web_parse.h"
#include "streamer/web_session.h"

static void routes(void **state)
{
	static const char *const nowhere[] = {
		"", "live/0/1", "/live/0", "/live/0/64", "/live/8/0", "/live/0/1/",
		"/live/0/1x", "/live//1", "/live/-1/1", "/api/media/0/1/",
		"/api/media/0/1/../users", "/api/media/0/1/a/b", "/api/media/0/x/a",
		"/api/media/0/1/.hidden", "/api/media/8/1/a", "/api/media/1/a",
		"/api/export/1", "/api/export/0/1/", "/api/recordings/0/64", "/..", "/a/b", "/a%2f", "/api/status/",
		"/api/recordings/", "/api/recordings/0/99999999999999999999",
	};
	struct netra_web_route r;

	(void)state;
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		if (netra_web_route(nowhere[i], &r))
			fail_msg("%s leads somewhere", nowhere[i]);
		assert_int_equal(r.place, NETRA_WEB_NOWHERE);
	}
	assert_true(netra_web_route("/", &r));
	assert_int_equal(r.place, NETRA_WEB_PAGE);
	assert_string_equal(r.name, "index.html");
	assert_true(netra_web_route("/live/7/63", &r));
	assert_int_equal(r.place, NETRA_WEB_LIVE);
	assert_int_equal(r.board, 7);
	assert_int_equal(r.channel, 63);
	assert_true(netra_web_route("/api/media/1/3/20261123T101500.250Z.mp4", &r));
	assert_int_equal(r.place, NETRA_WEB_MEDIA);
	assert_int_equal(r.board, 1);
	assert_int_equal(r.channel, 3);
	assert_string_equal(r.name, "20261123T101500.250Z.mp4");
}

static void ranges(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
		enum netra_web_range result;
		uint64_t from, length;
	} cases[] = {
		{ "", 100, NETRA_WEB_RANGE_NONE, 0, 100 },
		{ "bytes=0-0", 100, NETRA_WEB_RANGE_PART, 0, 1 },
		{ "bytes=10-19", 100, NETRA_WEB_RANGE_PART, 10, 10 },
		{ "bytes=10-", 100, NETRA_WEB_RANGE_PART, 10, 90 },
		{ "bytes=-10", 100, NETRA_WEB_RANGE_PART, 90, 10 },
		{ "bytes=-200", 100, NETRA_WEB_RANGE_PART, 0, 100 },
		{ "bytes=90-500", 100, NETRA_WEB_RANGE_PART, 90, 10 },
		{ "bytes=100-", 100, NETRA_WEB_RANGE_WRONG, 0, 100 },
		{ "bytes=-0", 100, NETRA_WEB_RANGE_WRONG, 0, 100 },
		{ "bytes=0-", 0, NETRA_WEB_RANGE_WRONG, 0, 0 },
		{ "bytes=5-4", 100, NETRA_WEB_RANGE_NONE, 0, 100 },
		{ "bytes=1-2,4-5", 100, NETRA_WEB_RANGE_NONE, 0, 100 },
		{ "bytes=99999999999999999999-", 100, NETRA_WEB_RANGE_NONE, 0, 100 },
		{ "bytes=--1", 100, NETRA_WEB_RANGE_NONE, 0, 100 },
		{ "items=0-1", 100, NETRA_WEB_RANGE_NONE, 0, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t from, length;

		if (netra_web_range(cases[i].text, cases[i].size, &from,
				    &length) != cases[i].result ||
		    from != cases[i].from || length != cases[i].length)
			fail_msg("%s of %u: from %u, %u bytes", cases[i].text,
				 (unsigned int)cases[i].size,
				 (unsigned int)from, (unsigned int)length);
	}
}

static void cookies_and_passwords(void **state)
{
	char value[8], user[8], password[8];

	(void)state;
	assert_true(netra_web_cookie("a=1; netra=abc; b=2", "netra", value, 8));
	assert_string_equal(value, "abc");
	assert_true(netra_web_cookie("netra=x", "netra", value, 8));
	assert_false(netra_web_cookie("xnetra=abc", "netra", value, 8));
	assert_false(netra_web_cookie("netra", "netra", value, 8));
	assert_false(netra_web_cookie("netra=12345678", "netra", value, 8));
	/* "a:b:c": a password may hold colons, a name may not. */
	assert_true(netra_web_basic("Basic YTpiOmM=", user, 8, password, 8));
	assert_string_equal(user, "a");
	assert_string_equal(password, "b:c");
	assert_false(netra_web_basic("Basic YWJj", user, 8, password, 8));
	assert_false(netra_web_basic("Basic Y!Jj", user, 8, password, 8));
	assert_false(netra_web_basic("Digest YTpi", user, 8, password, 8));
	/* A zero inside would make two names of one. */
	assert_false(netra_web_basic("Basic YQA6Yg==", user, 8, password, 8));
	assert_false(netra_web_basic("Basic YTpiYmJiYmJiYmI=", user, 8, password, 8));
}

static void origins(void **state)
{
	(void)state;
	assert_true(netra_web_same_origin("http://h:8080", "h:8080", false));
	assert_true(netra_web_same_origin("https://H.x", "h.X", true));
	assert_true(netra_web_same_origin("https://h", "h:443", true));
	assert_true(netra_web_same_origin("http://h:80", "h", false));
	assert_false(netra_web_same_origin("http://h", "h", true));
	assert_false(netra_web_same_origin("http://h:8081", "h:8080", false));
	assert_false(netra_web_same_origin("http://h.evil", "h", false));
	assert_false(netra_web_same_origin("http://evil", "h", false));
	assert_false(netra_web_same_origin("null", "h", false));
	assert_false(netra_web_same_origin("http://", "", false));
	assert_true(netra_web_literal_host("127.0.0.1:8080"));
	assert_true(netra_web_literal_host("[::1]:8080"));
	assert_true(netra_web_literal_host("LOCALHOST"));
	assert_false(netra_web_literal_host("localhost.evil.example"));
	assert_false(netra_web_literal_host("127.0.0.1.evil.example"));
	assert_false(netra_web_literal_host("evil.example"));
	assert_false(netra_web_literal_host("[evil]"));
	assert_false(netra_web_literal_host("[::1].evil.example"));
	assert_false(netra_web_literal_host("[::1"));
	assert_false(netra_web_literal_host(""));
}

static void sessions(void **state)
{
	static struct netra_sessions sessions;
	struct netra_user user[2];
	struct netra_users users = { 2, user };
	char token[NETRA_TOKEN_BYTES], other[NETRA_TOKEN_BYTES];

	(void)state;
	assert_null(netra_user_set(&user[0], "anna", "secret", "*"));
	assert_null(netra_user_set(&user[1], "gate", "other", "0-3"));
	assert_true(netra_password_right(&user[0], "secret"));
	assert_false(netra_password_right(&user[0], "other"));
	assert_false(netra_password_right(&user[0], ""));
	assert_false(netra_password_right(NULL, "secret"));
	strcpy(token, netra_session_begin(&sessions, &user[0], 1));
	strcpy(other, netra_session_begin(&sessions, &user[1], 1));
	assert_string_not_equal(token, other);
	assert_ptr_equal(netra_session_user(&sessions, &users, token, 2), &user[0]);
	assert_null(netra_session_user(&sessions, &users, "", 2));
	token[0] = token[0] == 'a' ? 'b' : 'a';
	assert_null(netra_session_user(&sessions, &users, token, 2));
	/* Too old. */
	assert_null(netra_session_user(&sessions, &users, other,
				       NETRA_SESSION_NS + 10));
	/* A changed password ends what began with the old one. */
	strcpy(other, netra_session_begin(&sessions, &user[1], 1));
	assert_null(netra_user_set(&user[1], "gate", "new", "0-3"));
	assert_null(netra_session_user(&sessions, &users, other, 2));
	/* A table full of sessions: the one unused longest goes. */
	strcpy(token, netra_session_begin(&sessions, &user[0], 5));
	for (uint64_t i = 0; i < NETRA_SESSIONS_MAX; i++)
		strcpy(other, netra_session_begin(&sessions, &user[0], 10 + i));
	assert_null(netra_session_user(&sessions, &users, token, 500));
	assert_non_null(netra_session_user(&sessions, &users, other, 500));
	netra_session_end(&sessions, other);
	assert_null(netra_session_user(&sessions, &users, other, 501));
}

/* ---- live ------------------------------------------------------------------ */

#define FRAME_90K 9000	/* ten a second: two in a fragment */

static struct netra_live live;

static bool add_frame(bool key, int64_t dts_90k, size_t bytes)
{
	static uint8_t data[6u << 20];
	struct writer w = { .length = 0 };
	const struct sps_choice sps = { .profile = 66 };
	const struct pps_choice pps = { 0 };
	struct netra_frame frame = { 0 };

	if (key) {
		put_sps(&w, &sps);
		put_pps(&w, &pps);
	}
	put_nal(&w, 3, key ? 5 : 1);
	memcpy(data, w.bytes, w.length);
	memset(data + w.length, 0x55, bytes);
	frame.data = data;
	frame.length = w.length + bytes;
	frame.flags = key ? NETRA_FRAME_KEY : 0;
	frame.dts_90k = frame.pts_90k = dts_90k;
	frame.duration_90k = FRAME_90K;
	return netra_live_add(&live, &frame, dts_90k * 100000 / 9);
}

static void begin_live(void)
{
	assert_int_equal(netra_live_init(&live, 2, 16), NETRA_OK);
}

static void live_begins_at_a_key_frame(void **state)
{
	struct netra_live_cursor cursor = { 0 };
	const struct netra_live_fragment *f;
	struct netra_mp4_moof moof;
	uint64_t skipped;

	(void)state;
	begin_live();
	assert_false(add_frame(false, 0, 100));
	assert_int_equal(live.epoch, 0);
	assert_null(netra_live_next(&live, &cursor, &skipped));
	assert_false(add_frame(true, 900000, 100));
	assert_int_equal(live.epoch, 1);
	assert_true(add_frame(false, 909000, 100));
	f = netra_live_next(&live, &cursor, &skipped);
	assert_non_null(f);
	assert_true(f->key);
	assert_int_equal(f->frames, 2);
	assert_int_equal(f->room, 16);
	assert_int_equal(netra_mp4_moof_read(&moof, f->data + 16, f->length),
			 NETRA_OK);
	assert_int_equal(moof.dts_90k, 0);
	assert_int_equal(moof.end_dts_90k, 18000);
	assert_int_equal(moof.note.channel, 2);
	assert_int_equal(moof.note.wall_ns, INT64_C(10000000000));
	assert_null(netra_live_next(&live, &cursor, &skipped));
	netra_live_free(&live);
}

/* Ten frames a second, a key frame a second. */
static void seconds(int64_t from, int64_t to, size_t bytes)
{
	for (int64_t i = from * 10; i < to * 10; i++)
		add_frame(i % 10 == 0, i * FRAME_90K, bytes);
}

static void slow_ones_go_on_at_a_key_frame(void **state)
{
	struct netra_live_cursor slow = { 0 }, quick = { 0 };
	const struct netra_live_fragment *f;
	uint64_t skipped, got = 0;

	(void)state;
	begin_live();
	seconds(0, 1, 100);
	assert_non_null(netra_live_next(&live, &slow, &skipped));
	for (int64_t s = 1; s < 30; s++) {
		seconds(s, s + 1, 100);
		while ((f = netra_live_next(&live, &quick, &skipped))) {
			assert_int_equal(skipped, 0);
			got += f->frames;
		}
	}
	assert_int_equal(got, 290);
	f = netra_live_next(&live, &slow, &skipped);
	assert_true(f->key);
	assert_int_equal(f->start_90k, 29 * 90000);
	/* It had 2 of 290 frames before. */
	assert_int_equal(skipped, 288);
	assert_int_equal(slow.skipped, 288);
	assert_int_equal(netra_live_next(&live, &slow, &skipped)->start_90k,
			 29 * 90000 + 2 * FRAME_90K);
	assert_int_equal(skipped, 0);
	netra_live_free(&live);
}

static void live_is_bounded(void **state)
{
	struct netra_live_cursor cursor = { 0 };
	uint64_t skipped;

	(void)state;
	begin_live();
	/* A GOP that never ends does not fit: nobody can begin any more. */
	add_frame(true, 0, 100);
	for (int64_t i = 1; i < 100; i++) {
		add_frame(false, i * FRAME_90K, 400000);
		assert_true(live.bytes <= NETRA_LIVE_BYTES);
		assert_true(live.next - live.oldest <= NETRA_LIVE_FRAGMENTS);
	}
	assert_null(netra_live_next(&live, &cursor, &skipped));
	seconds(100, 101, 100);
	assert_non_null(netra_live_next(&live, &cursor, &skipped));
	/* A frame too large is left out, and all that need it. */
	assert_int_equal(live.unfit, 0);
	add_frame(true, 101 * 90000, 5u << 20);
	add_frame(false, 101 * 90000 + FRAME_90K, 100);
	assert_int_equal(live.unfit, 2);
	add_frame(true, 102 * 90000, 100);
	assert_int_equal(live.unfit, 2);
	netra_live_free(&live);
}

static void time_that_jumps_begins_anew(void **state)
{
	struct netra_live_cursor cursor = { 0 };
	uint64_t skipped;

	(void)state;
	begin_live();
	seconds(10, 12, 100);
	assert_int_equal(live.epoch, 1);
	/* Back in time: only a key frame can begin again. */
	add_frame(false, 0, 100);
	assert_int_equal(live.epoch, 1);
	seconds(1, 2, 100);
	assert_int_equal(live.epoch, 2);
	assert_int_equal(live.base_90k, 90000);
	assert_int_equal(netra_live_next(&live, &cursor, &skipped)->start_90k, 0);
	netra_live_free(&live);
}

static void nothing_stale_is_shown_after_a_break(void **state)
{
	struct netra_live_cursor cursor = { 0 }, late = { 0 };
	uint64_t skipped;

	(void)state;
	begin_live();
	seconds(0, 2, 100);
	assert_non_null(netra_live_next(&live, &cursor, &skipped));
	netra_live_break(&live);
	assert_null(netra_live_next(&live, &cursor, &skipped));
	assert_null(netra_live_next(&live, &late, &skipped));
	/* Times go on as if nothing had been; the stream is another all the same. */
	add_frame(false, 2 * 90000, 100);
	assert_int_equal(live.epoch, 1);
	seconds(3, 4, 100);
	assert_int_equal(live.epoch, 2);
	assert_int_equal(live.base_90k, 270000);
	assert_int_equal(netra_live_next(&live, &late, &skipped)->start_90k, 0);
	netra_live_free(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes),
		cmocka_unit_test(ranges),
		cmocka_unit_test(cookies_and_passwords),
		cmocka_unit_test(origins),
		cmocka_unit_test(sessions),
		cmocka_unit_test(live_begins_at_a_key_frame),
		cmocka_unit_test(slow_ones_go_on_at_a_key_frame),
		cmocka_unit_test(live_is_bounded),
		cmocka_unit_test(time_that_jumps_begins_anew),
		cmocka_unit_test(nothing_stale_is_shown_after_a_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
