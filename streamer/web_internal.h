/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The web server's parts to each other. All in the loop's thread but for
 * jobs' work().
 */
#ifndef NETRA_STREAMER_WEB_INTERNAL_H
#define NETRA_STREAMER_WEB_INTERNAL_H

#include <jansson.h>
#include <libwebsockets.h>

#include "web.h"
#include "web_live.h"
#include "web_parse.h"
#include "web_session.h"

#define NETRA_WEB_LISTENERS	8u
#define NETRA_WEB_LEAVING_MAX	16u	/* closed, and not gone yet */
#define NETRA_WEB_NOTES		256u	/* kept for the page */
#define NETRA_WEB_HEAD_MAX	8192u
#define NETRA_WEB_BODY_MAX	4096u	/* of a request */
#define NETRA_WEB_AHEAD_MAX	16384	/* of requests while one is answered */
#define NETRA_WEB_CHUNK_BYTES	65536u	/* of an answer at a time */
#define NETRA_WEB_ANSWER_S	20	/* for a client to take the next piece */
#define NETRA_WEB_JOBS_MAX	32u	/* under way at once */
#define NETRA_WEB_EXPORTS_MAX	2u	/* of these; the others wait for them */
#define NETRA_WEB_PROTOCOL	"netra-live"

struct netra_web_client;

struct netra_web_channel {
	struct netra_web *web;
	uint32_t board, channel;
	struct netra_reader *reader;	/* NULL: ended or lost */
	struct netra_live live;
	struct netra_web_client *clients;
	uint32_t client_count;
	uint64_t sent_bytes;
	uint64_t skipped;		/* frames that slow clients did not get */
	uint64_t frames, bytes, lost;	/* from the reader */
	uint64_t frames_before, bytes_before;	/* a second ago */
	uint32_t frame_rate, bit_rate;	/* in the last second */
	uint64_t frame_ns;		/* when the last one came */
};

struct netra_web_note {
	int64_t time_ms;
	int32_t board, channel;		/* -1: none in particular */
	char kind[16];
	char text[112];
};

/* A WebSocket: one channel, live. */
struct netra_web_client {
	struct lws *wsi;
	struct netra_web_channel *channel;	/* NULL: not let in */
	struct netra_web_client *next;
	struct netra_live_cursor cursor;
	bool told;			/* what the init segment is of */
	bool ended;			/* to be closed */
	uint64_t sent_bytes;
	uint64_t number;		/* tells two of one user apart */
	char user[NETRA_USER_NAME_MAX + 1];	/* "": there were none */
	char secret[NETRA_HEX_MAX];	/* the user's when it was let in */
	char token[NETRA_TOKEN_BYTES];	/* of the session that let it in; "": a password did */
	char peer[64];
};

/* Work on the store, away from the loop. */
struct netra_web_job {
	uv_work_t work;
	struct netra_web_job *next;	/* an export that waits */
	struct netra_web *web;
	struct netra_web_exchange *exchange;	/* NULL: the client has gone */
	void (*run)(struct netra_web_job *job);	/* in a worker */
	const char *store;		/* of the board that is asked for */
	uint32_t board, channel;
	uint64_t channels[NETRA_STREAM_BOARDS_MAX];	/* that may be seen */
	int64_t from_ms, to_ms;
	char name[80];			/* of a file; for a browser to save it by */
	bool attachment;		/* it is to save it */
	bool cancelled;			/* for the worker: nobody wants it any more */
	/* what comes out */
	unsigned int status;		/* of HTTP */
	json_t *json;
	int fd;				/* -1: none */
	uint64_t size, free_bytes;
	const char *type;
};

/* A file on its way to a client. */
struct netra_web_file {
	uv_fs_t read;
	uv_loop_t *loop;
	struct netra_web_exchange *exchange;	/* NULL: the client has gone */
	int fd;
	uint64_t offset, left;
	bool busy;
	ssize_t held;			/* bytes read, to be sent */
	uint8_t data[LWS_PRE + NETRA_WEB_CHUNK_BYTES];
};

/* An HTTP request and its answer. */
struct netra_web_exchange {
	struct lws *wsi;
	struct netra_web *web;
	struct netra_web_route route;
	const struct netra_user *user;
	bool head, post, answered;
	bool broken;			/* to be closed */
	bool hurry;			/* to be closed rather than waited for */
	char range[64];
	char body[NETRA_WEB_BODY_MAX + 1];
	size_t body_length;
	struct netra_web_job *job;
	struct netra_web_hangup *hangup;	/* while it is answered */
	struct netra_web_file *file;
	const uint8_t *data;		/* of the answer */
	size_t length, sent;
	char *owned;			/* data, if it is to be freed */
};

struct netra_web {
	uv_loop_t *loop;
	struct netra_web_options options;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct netra_web_channel *channel;
	uint32_t channels;
	uint8_t *frame;			/* one frame at a time */
	size_t frame_room;
	uv_poll_t *listener[NETRA_WEB_LISTENERS];
	uint32_t listeners;
	uv_timer_t *second;
	struct netra_sessions sessions;
	struct netra_web_note event[NETRA_WEB_NOTES];
	uint64_t events;		/* ever */
	char alarm[NETRA_STREAM_BOARDS_MAX][160];
	int64_t started_ms;
	uint64_t disk_bytes, disk_free;
	uint32_t connections, connections_max;
	struct lws_dll2_owner idle;	/* of these, the longest first */
	uint32_t leaving;		/* of these, closed to make room */
	uint64_t displaced;		/* of these, ever */
	uint32_t jobs;
	uint32_t exports;		/* of these, at work */
	struct netra_web_job *waiting;	/* exports, the oldest first */
	bool disk_looked_at;
	uint64_t disk_due_ns;
	uint64_t requests, refused, unauthorised;
	uint32_t seconds;
	uint64_t clients_ever;
	bool paused;			/* listening, until the next second */
	bool closing, gone;
};

/** netra_web_free() - Free all, if it is gone and no job is under way. */
void netra_web_free(struct netra_web *web);

/* ---- web_frames.c ------------------------------------------------------- */

int64_t netra_web_wall_ns(void);
/** netra_web_read() - Open a channel's reader. */
enum netra_error netra_web_read(struct netra_web_channel *channel,
				struct netra_board *board);
/** netra_web_note() - For the page's list of events. @board, @channel: -1: none. */
void netra_web_note(struct netra_web *web, const char *kind, int board,
		    int channel, const char *text);

/* ---- web_listen.c -------------------------------------------------------- */

/** netra_web_connection_made() - One more. Return: as a callback. */
int netra_web_connection_made(struct netra_web *web, struct lws *wsi);
void netra_web_connection_gone(struct netra_web *web, struct lws *wsi);
/** netra_web_connection_busy() - It has asked, and keeps its place for the answer. */
void netra_web_connection_busy(struct lws *wsi);
/** netra_web_connection_idle() - It has its answer, and may have to make room. */
void netra_web_connection_idle(struct netra_web *web, struct lws *wsi);
/** netra_web_listen_again() - After a pause, for want of descriptors. */
void netra_web_listen_again(struct netra_web *web);
void netra_web_stop_listening(struct netra_web *web);

/* ---- web_http.c ---------------------------------------------------------- */

extern const struct lws_protocols netra_web_protocols[];
/** netra_web_argument() - A number of the query; @otherwise if it is absent. */
int64_t netra_web_argument(struct lws *wsi, const char *name, int64_t otherwise);

/* ---- web_answer.c -------------------------------------------------------- */

/**
 * netra_web_answer() - Answer with bytes that stay, or that are given away.
 * @owned: malloc()ed memory to be freed once it is sent (then @data points into it), or NULL.
 * @extra: Further header lines, "name: value\n" each; NULL for none.
 * Return: as a callback of libwebsockets: nonzero closes.
 */
int netra_web_answer(struct netra_web_exchange *exchange, unsigned int status,
		     const char *type, const void *data, size_t length,
		     char *owned, const char *extra);
/** netra_web_answer_json() - Releases @json; NULL means out of memory. */
int netra_web_answer_json(struct netra_web_exchange *exchange,
			  unsigned int status, json_t *json, const char *extra);
/** netra_web_fail() - {"error": TEXT}. */
int netra_web_fail(struct netra_web_exchange *exchange, unsigned int status,
		   const char *text);
/** netra_web_file_begin() - Answer with an open file, honouring a range. */
int netra_web_file_begin(struct netra_web_exchange *exchange, int fd,
			 uint64_t size, const char *type, const char *extra);
/** netra_web_answer_go_on() - The next piece. Return: as a callback. */
int netra_web_answer_go_on(struct netra_web_exchange *exchange);
/** netra_web_answer_forget() - Let go of what an answer is made of. */
void netra_web_answer_forget(struct netra_web_exchange *exchange);

/* ---- web_file.c ---------------------------------------------------------- */

int netra_web_file_send(struct netra_web_exchange *exchange);
void netra_web_file_forget(struct netra_web_exchange *exchange);
/**
 * netra_web_close_fd() - Close a file away from the loop: one without a name is
 * deleted then, which takes its time.
 */
void netra_web_close_fd(uv_loop_t *loop, int fd);

/* ---- web_access.c -------------------------------------------------------- */

/** netra_web_open_to_all() - There are no users. */
bool netra_web_open_to_all(const struct netra_web *web);
/**
 * netra_web_who() - By cookie or password.
 * Return: false: nobody we know. With true, @user is NULL if all may see all.
 */
bool netra_web_who(struct netra_web *web, struct lws *wsi,
		   const struct netra_user **user);
/** netra_web_cookie_token() - The session a request names; "": none. */
void netra_web_cookie_token(struct lws *wsi, char token[NETRA_TOKEN_BYTES]);
bool netra_web_may(const struct netra_web *web, const struct netra_user *user,
		   uint32_t board, uint32_t channel);
/** netra_web_from_here() - Was this sent by our own page (or by no page)? */
bool netra_web_from_here(const struct netra_web *web, struct lws *wsi);
/** netra_web_host_fine() - Without users: was a page of another name made to ask us? */
bool netra_web_host_fine(const struct netra_web *web, struct lws *wsi);
int netra_web_login(struct netra_web_exchange *exchange);
int netra_web_logout(struct netra_web_exchange *exchange);
json_t *netra_web_session_json(const struct netra_web *web,
			       const struct netra_user *user, bool known);

/* ---- web_socket.c -------------------------------------------------------- */

int netra_web_socket(struct lws *wsi, enum lws_callback_reasons reason,
		     void *user, void *in, size_t length);
/** netra_web_socket_end() - Close those of a session; NULL: all. */
void netra_web_socket_end(struct netra_web *web, const char *token);
/** netra_web_socket_check() - Close those of whoever may no longer watch. */
void netra_web_socket_check(struct netra_web *web);
/** netra_web_socket_wake() - A channel has a new fragment. */
void netra_web_socket_wake(struct netra_web_channel *channel);
struct netra_web_channel *netra_web_channel_find(struct netra_web *web,
						 uint32_t board,
						 uint32_t channel);

/* ---- web_status.c, web_metrics.c ------------------------------------------ */

/** netra_web_channel_stats() - All zero while its board is lost. */
void netra_web_channel_stats(const struct netra_web *web,
			     const struct netra_web_channel *channel,
			     struct netra_channel_stats *stats);
json_t *netra_web_status(struct netra_web *web, const struct netra_user *user);
json_t *netra_web_events(const struct netra_web *web,
			 const struct netra_user *user);
/** netra_web_metrics() - Prometheus text; free() it. NULL: out of memory. */
char *netra_web_metrics(struct netra_web *web);

/* ---- web_hangup.c -------------------------------------------------------- */

/**
 * netra_web_hangup_watch() - While it is answered, close a client that has gone
 * or has said NETRA_WEB_AHEAD_MAX bytes more. Till netra_web_hangup_forget().
 */
void netra_web_hangup_watch(struct netra_web_exchange *exchange);
void netra_web_hangup_forget(struct netra_web_exchange *exchange);

/* ---- web_store.c --------------------------------------------------------- */

/** netra_web_job() - Have a worker do exchange->route. */
int netra_web_job(struct netra_web_exchange *exchange);
void netra_web_job_forget(struct netra_web_exchange *exchange);
/** netra_web_records() - Is there any store? */
bool netra_web_records(const struct netra_web *web);
/** netra_web_disk_look() - Learn now and then how full the disk is. */
void netra_web_disk_look(struct netra_web *web);

/* ---- the page, made from web/ by the build ------------------------------- */

struct netra_web_page {
	const char *name, *type, *tag;
	const uint8_t *data;
	size_t length;
};

extern const struct netra_web_page netra_web_pages[];
extern const size_t netra_web_page_count;

#endif
