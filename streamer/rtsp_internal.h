/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files rtsp_*.c. */
#ifndef NETRA_STREAMER_RTSP_INTERNAL_H
#define NETRA_STREAMER_RTSP_INTERNAL_H

#include <arpa/inet.h>

#include "digest.h"
#include "playback.h"
#include "rtsp_header.h"
#include "rtsp_server.h"
#include "sink_udp.h"
#include "throttle.h"

#define RTSP_SESSION_S 60u	/* by default */
#define RTSP_IDLE_SHARE 2u	/* of it: a connection without a session */
#define RTSP_REQUEST_SHARE 6u	/* from a request's first byte to its last */
#define RTSP_REPORT_S 5u
#define RTSP_URI_MAX 1024u
#define RTSP_IN_MAX (NETRA_RTSP_HEAD_MAX + NETRA_RTSP_BODY_MAX)
#define RTSP_OUT_PAUSE 16384u	/* more than this to send: no further requests */
#define RTSP_OUT_MAX 262144u
#define NS_PER_S UINT64_C(1000000000)

/* A channel's multicast group. */
struct rtsp_group {
	struct netra_sink sink;
	uint32_t users;
};

struct rtsp_listener {
	struct netra_rtsp_server *server;
	struct rtsp_listener *next;
	uv_poll_t poll;
	int fd;
	bool tls;
	bool paused;			/* until the next second */
};

enum rtsp_state {
	RTSP_NO_SESSION,
	RTSP_READY,
	RTSP_PLAYING,
};

struct rtsp_connection {
	struct netra_rtsp_server *server;
	struct rtsp_connection *older, *newer;
	uv_poll_t poll;
	uv_timer_t hold;		/* runs: nothing is taken from it */
	unsigned int handles;		/* of these two, still open */
	int fd;
	int events;			/* polled for */
	bool gone;			/* closed; freed when its handles are */
	bool finishing;			/* closes when all is sent */
	bool waiting;			/* its request waits for a recording */
	bool held;			/* or because of wrong passwords */
	bool more;			/* there may be input that no event tells of */
	bool hung_up;			/* its peer will say no more */
	bool tls_wants_write;
	SSL *tls;
	struct netra_address peer, own;
	char peer_text[INET6_ADDRSTRLEN];
	uint8_t peer_bytes[16];

	char *in;
	size_t in_used, in_room;
	size_t skip_bytes;		/* of what comes, to be left out */
	uint8_t *out;
	size_t out_begin, out_end, out_room;

	uint64_t heard_ns;		/* last sign of life */
	uint64_t begun_ns;		/* a request is under way since; 0: none */

	bool proven;			/* a user it is, while these hold: */
	char user[NETRA_USER_NAME_MAX + 1];
	char secret[NETRA_HEX_MAX];

	enum rtsp_state state;
	char session[17];
	struct netra_feed *feed;	/* a board's, or playback's */
	struct netra_playback *playback;
	int64_t begin_ns, end_ns;	/* of the recording its URL names */
	struct rtsp_group *group;	/* NULL: its own sink */
	struct netra_sink sink;
};

struct netra_rtsp_server {
	struct netra_rtsp_options options;
	struct netra_udp udp;
	struct rtsp_listener *listeners;
	struct rtsp_connection *oldest, *newest;
	uint32_t connections;
	struct rtsp_group *group[NETRA_STREAM_BOARDS_MAX][NETRA_CHANNELS_MAX];
	const struct netra_users *users;
	SSL_CTX *tls;
	struct netra_digest digest;
	struct netra_throttle throttle;
	uv_timer_t tick;
	uint64_t ending_ns;
	void (*done)(void *context);
	void *done_context;
	struct netra_rtsp_stats stats;	/* of those who have left, too */
};

/* rtsp_server.c */
void rtsp_left(struct rtsp_connection *connection);

/* rtsp_listen.c */
void rtsp_listen_again(struct netra_rtsp_server *server);
void rtsp_stop_listening(struct netra_rtsp_server *server);

/* rtsp_connection.c */
void rtsp_accept(struct netra_rtsp_server *server, int fd, bool tls);
void rtsp_close(struct rtsp_connection *connection);
/* Poll for what it waits for now. */
void rtsp_watch(struct rtsp_connection *connection);
/* Look at requests again after @ns. */
void rtsp_hold(struct rtsp_connection *connection, uint64_t ns);

/* rtsp_output.c */
void rtsp_put(struct rtsp_connection *connection, const void *data, size_t size);
/* An RTCP packet on an interleaved channel. */
void rtsp_put_report(struct rtsp_connection *connection, bool bye);
/* Send what the socket takes; closes the connection if it is broken. */
void rtsp_pump(struct rtsp_connection *connection);

/* rtsp_answer.c: @format adds further fields, each with its line's end. */
void rtsp_answer(struct rtsp_connection *connection,
		 const struct netra_rtsp_request *request, unsigned int status,
		 const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void rtsp_answer_bad(struct rtsp_connection *connection,
		     const struct netra_rtsp_request *request);

/* rtsp_method.c: false: not now, ask again after the hold. */
bool rtsp_handle(struct rtsp_connection *connection,
		 const struct netra_rtsp_request *request);

/* rtsp_session.c */
bool rtsp_setup(struct rtsp_connection *connection, struct netra_feed *feed,
		struct netra_text transport, char *header, size_t size);
void rtsp_play(struct rtsp_connection *connection);
void rtsp_pause(struct rtsp_connection *connection);
void rtsp_end_session(struct rtsp_connection *connection);

/* rtsp_sdp.c: returns the length, 0 if it does not fit. */
size_t rtsp_describe(const struct rtsp_connection *connection,
		     const struct netra_feed *feed, char *text, size_t size);

/*
 * rtsp_playback.c: 1: the recording stands where it must, 0: there is none (an
 * answer is due), -1: ask again later.
 */
int rtsp_find_recording(struct rtsp_connection *connection,
			const struct netra_rtsp_path *path);
int rtsp_seek(struct rtsp_connection *connection, uint32_t board,
	      uint32_t channel, int64_t wall_ns);
void rtsp_drop_playback(struct rtsp_connection *connection);
/*
 * What a PLAY asks for becomes the connection's feed. @recorded: its URL names
 * a recording. 1, 0 and -1 likewise.
 */
int rtsp_choose_time(struct rtsp_connection *connection,
		     const struct netra_rtsp_range *range, bool recorded);
void rtsp_clock_text(int64_t ns, char text[32]);

/* rtsp_connection.c: go on with what waited. */
void rtsp_resume(struct rtsp_connection *connection);

#endif
