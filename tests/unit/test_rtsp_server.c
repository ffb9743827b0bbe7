/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RTSP server to clients on loopback that no player is like: its loop must
 * neither stand still for one of them nor turn for nothing. Its one channel has
 * no board.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "streamer/rtsp_server.h"

#define URL "rtsp://127.0.0.1/ch/0"
#define DESCRIBE "DESCRIBE " URL " RTSP/1.0\r\nCSeq: 1\r\n\r\n"
#define PATIENCE_NS UINT64_C(20000000000)

struct stage {
	uv_loop_t loop;
	struct netra_hub hub;
	struct netra_feed feed;
	struct netra_rtsp_server *server;
	struct sockaddr_in address;
	struct netra_users users;
	struct netra_user user;
};

static int listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)address, length), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
	return fd;
}

static int set_up(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct netra_rtsp_options options = { .loop = &s->loop,
					      .hub = &s->hub };
	char why[160];

	uv_loop_init(&s->loop);
	assert_true(netra_feed_init(&s->feed, 0, 1 << 20, UINT64_MAX));
	s->hub.loop = &s->loop;
	s->hub.boards = 1;
	s->hub.board[0].channels = 1;
	s->hub.board[0].feed[0] = &s->feed;
	s->server = netra_rtsp_open(&options, why, sizeof(why));
	assert_non_null(s->server);
	assert_int_equal(netra_rtsp_listen(s->server, listener(&s->address),
					   false), 0);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	netra_rtsp_close(s->server);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	netra_rtsp_free(s->server);
	netra_feed_close(&s->feed);
	free(s);
	return 0;
}

static int visit(const struct stage *s)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&s->address,
				 sizeof(s->address)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

/* Answers with this status, until there are @count or the server closes. */
static unsigned int hear(struct stage *s, int fd, const char *status,
			 unsigned int count)
{
	uint64_t end_ns = uv_hrtime() + PATIENCE_NS;
	static char text[1 << 20];
	size_t used = 0;
	unsigned int found = 0;

	while (found < count && uv_hrtime() < end_ns) {
		ssize_t n;

		uv_run(&s->loop, UV_RUN_NOWAIT);
		n = recv(fd, text + used, sizeof(text) - 1 - used, 0);
		if (n == 0)
			break;
		used += n > 0 ? (size_t)n : 0;
		text[used] = '\0';
		found = 0;
		for (const char *at = text; (at = strstr(at, status)); at++)
			found++;
	}
	return found;
}

static void over(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* How often the loop turns in 200 ms. */
static unsigned int turns(struct stage *s)
{
	unsigned int count = 0;
	bool done = false;
	uv_timer_t timer;

	uv_timer_init(&s->loop, &timer);
	timer.data = &done;
	uv_timer_start(&timer, over, 200, 0);
	for (; !done; count++)
		uv_run(&s->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	return count;
}

/* Answers fill the buffer; what else was asked for must not be forgotten then. */
static void many_requests_at_once(void **state)
{
	struct stage *s = *state;
	int fd = visit(s);
	char text[12000] = "";

	for (int i = 0; i < 150; i++)
		strcat(text, DESCRIBE);
	say(fd, text);
	assert_int_equal(hear(s, fd, "RTSP/1.0 200 OK", 150), 150);
	close(fd);
}

/* It asks, and says that it will ask no more. */
static void an_answer_after_the_last_word(void **state)
{
	struct stage *s = *state;
	int fd = visit(s);

	say(fd, DESCRIBE DESCRIBE);
	shutdown(fd, SHUT_WR);
	assert_int_equal(hear(s, fd, "RTSP/1.0 200 OK", 3), 2);
	close(fd);
}

/* Of packets that are as small as can be: the server is slower than we. */
static void *flood(void *context)
{
	static char junk[65536];
	int fd = *(int *)context;
	uint64_t end_ns = uv_hrtime() + 2000000000u;

	for (size_t i = 0; i < sizeof(junk); i += 4)
		memcpy(junk + i, "$\11\0\0", 4);
	while (uv_hrtime() < end_ns && send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

/* Packets without end, that are nothing: others are answered all the while. */
static void a_flood(void **state)
{
	struct stage *s = *state;
	int fd = visit(s), other = visit(s);
	uint64_t begin_ns, longest_ns = 0;
	pthread_t thread[2];

	fcntl(fd, F_SETFL, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, flood, &fd), 0);
	for (int i = 0; i < 50; i++) {
		usleep(1000);
		begin_ns = uv_hrtime();
		say(other, DESCRIBE);
		assert_int_equal(hear(s, other, "RTSP/1.0 200 OK", 1), 1);
		if (uv_hrtime() - begin_ns > longest_ns)
			longest_ns = uv_hrtime() - begin_ns;
	}
	shutdown(fd, SHUT_RDWR);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	print_message("the longest wait was %u ms\n",
		      (unsigned int)(longest_ns / 1000000u));
	assert_true(longest_ns < 1000000000u);
	close(fd);
	close(other);
}

/* What it asks has to wait, for its wrong passwords: so nothing is read from it. */
static void a_guesser_that_hangs_up(void **state)
{
	static const char guess[] = "DESCRIBE " URL " RTSP/1.0\r\nCSeq: 1\r\n"
		"Authorization: Digest username=\"x\"\r\n\r\n";
	struct stage *s = *state;
	int fd = visit(s);

	assert_null(netra_user_set(&s->user, "anna", "right", "*"));
	s->users = (struct netra_users){ 1, &s->user };
	netra_rtsp_users(s->server, &s->users);
	for (int i = 0; i < 8; i++)
		say(fd, guess);
	assert_int_equal(hear(s, fd, "RTSP/1.0 401 ", 4), 4);
	shutdown(fd, SHUT_WR);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_in_range(turns(s), 1, 50);
	close(fd);
}

/* No descriptor is left for who comes: it waits, and is let in when there is one. */
static void out_of_descriptors(void **state)
{
	struct stage *s = *state;
	struct rlimit before, limit;
	int fd = visit(s), spare = dup(fd);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)spare;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_in_range(turns(s), 1, 50);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	say(fd, DESCRIBE);
	assert_int_equal(hear(s, fd, "RTSP/1.0 200 OK", 1), 1);
	close(fd);
	close(spare);
}

/* Nothing of a server that could not be opened is left in the loop. */
static void a_port_that_is_taken(void **state)
{
	struct stage *s = *state;
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t length = sizeof(any);
	struct netra_rtsp_options options = { .loop = &s->loop,
					      .hub = &s->hub };
	int fd = -1;
	char why[160];

	do {
		if (fd >= 0)
			close(fd);
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		any.sin_port = 0;
		assert_int_equal(bind(fd, (struct sockaddr *)&any, length), 0);
		getsockname(fd, (struct sockaddr *)&any, &length);
	} while (ntohs(any.sin_port) & 1);
	options.udp_port = ntohs(any.sin_port);
	assert_null(netra_rtsp_open(&options, why, sizeof(why)));
	assert_string_equal(why, "UDP ports: Address already in use");
	uv_run(&s->loop, UV_RUN_NOWAIT);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_requests_at_once),
		TEST(an_answer_after_the_last_word),
		TEST(a_flood),
		TEST(a_guesser_that_hangs_up),
		TEST(out_of_descriptors),
		TEST(a_port_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
