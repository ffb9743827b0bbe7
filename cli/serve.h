/* SPDX-License-Identifier: BSD-2-Clause */
/* netra serve: what its files share. One thread, the loop's. */
#ifndef NETRA_CLI_SERVE_H
#define NETRA_CLI_SERVE_H

#include "board_open.h"
#include "config.h"
#include "recorder/recorder.h"
#include "serve_attempt.h"
#include "streamer/rtsp_server.h"
#include "streamer/web.h"

/* As given; texts belong to `words`. */
struct serve_options {
	struct cli_words words;
	const char *board[NETRA_STREAM_BOARDS_MAX];
	uint32_t boards;
	const char *config;
	struct cli_list channels;
	const char *rtsp, *rtsps;	/* addresses; NULL = default */
	const char *certificate, *key;
	const char *users;
	const char *web;		/* addresses; NULL = default */
	const char *store;		/* record there; NULL = nowhere */
	uint64_t keep_bytes, keep_ms, free_bytes;
	uint64_t clients, timeout_ms, udp_port;
	const char *multicast, *multicast_interface;
	uint64_t ttl;
	uint64_t buffer_bytes, late_ms;
	uint64_t duration_ms, interval_ms;
	struct cli_board_options start;
	bool quiet, json;
};

/* What is recorded of a board. */
struct serve_recording {
	struct serve *serve;
	uint32_t board;
	char store[448];
	struct netra_recorder *recorder;	/* NULL: none */
	uv_timer_t due;			/* when it is to be pumped at the latest */
	uint64_t looked_ns;
	char said[NETRA_CHANNELS_MAX][160];
};

/* One of the boards. */
struct serve_board {
	struct serve *serve;
	uint32_t index;
	struct netra_board *board;	/* to be closed; NULL: none */
	struct serve_attempt *attempt;	/* to open it again; NULL: none under way */
	uv_async_t ready;		/* it is done */
	uv_timer_t again;
	uint64_t wait_ms;		/* before the next one */
	uint64_t since_ns;		/* it is there, or lost */
};

struct serve {
	const struct cli_verb *verb;
	int argc;			/* to read the options again */
	char **argv;
	struct serve_options options;
	uv_loop_t loop;
	struct netra_hub hub;
	struct serve_board board[NETRA_STREAM_BOARDS_MAX];
	struct netra_rtsp_server *rtsp;
	struct netra_web *web;		/* NULL: none */
	struct serve_recording recording[NETRA_STREAM_BOARDS_MAX];
	struct netra_users users;
	SSL_CTX *tls;
	uv_signal_t signal[3];
	uv_timer_t watchdog, show, end;
	int status;
	bool ending;
	uint64_t start_ns;
	char address[8][96];		/* "rtsp://127.0.0.1:8554" */
	unsigned int addresses;
	bool exposed;			/* one of them is not this machine's own */
	char web_address[8][96];
	unsigned int web_addresses;
	uint64_t shown_bytes, shown_ns;
};

/* verb_serve.c: options of a command line, and of the file it names. */
int serve_parse(const struct cli_verb *verb, int argc, char **argv,
		struct serve_options *options);

/* serve.c: everything between the options and the exit status. */
int serve_run(struct serve *serve);
/* Read again who may see what, and the certificate. Errors are said. */
int serve_load_users(struct serve *serve, const struct serve_options *options);
int serve_load_tls(struct serve *serve, const struct serve_options *options);

/* serve_board.c: boards, lost ones too. */
int serve_boards_open(struct serve *serve);
int serve_boards_start(struct serve *serve);
/* The hub's: something was found; it is lost. */
void serve_board_dispatched(void *context, struct netra_hub_board *board);
void serve_board_lost(void *context, struct netra_hub_board *board);
/* No more attempts; then, without anybody who reads them, … */
void serve_boards_stop(struct serve *serve);
void serve_boards_close(struct serve *serve);

/* serve_listen.c: sockets of the service manager, else those of the options. */
int serve_listen(struct serve *serve);
/* "239.255.42.0:5004" into the server's options. */
int serve_multicast(const struct serve_options *options,
		    struct netra_rtsp_options *rtsp);

/* One address or several, as the options have them; "none" is none. @add takes
 * each socket. */
int serve_listen_all(struct serve *serve, const char *option, const char *text,
		     int (*add)(struct serve *serve, int fd, bool tls), bool tls);
/* "http://127.0.0.1:8080" of a listening socket; false: it has none. */
bool serve_name_address(struct serve *serve, int fd, const char *scheme,
			char *text, size_t size);

/* serve_web.c: the web server, if it is wanted. */
int serve_web_open(struct serve *serve);
void serve_web_dispatched(struct serve *serve, struct netra_hub_board *b);
/* What the board tells: to standard error, too. */
void serve_web_events(struct serve *serve, struct netra_hub_board *b);
/* It is lost, or back; @text says so. */
void serve_web_board(struct serve *serve, uint32_t board, bool back,
		     const char *text);
/* Goodbyes, for a moment at most; then it is gone. */
void serve_web_close(struct serve *serve);

/*
 * serve_record.c: recording beside serving, if it is wanted. The first board's
 * store is the folder that was given, board B's its sub-folder "boardB".
 */
int serve_record_name(struct serve *serve);
int serve_record_open(struct serve *serve);
void serve_record_pump(struct serve_recording *recording);
void serve_record_lost(struct serve_recording *recording);
void serve_record_back(struct serve_recording *recording,
		       struct netra_board *board);
/* Waits for the disk. */
int serve_record_close(struct serve *serve);
/* Of each board, for those who read them; NULL: none. */
void serve_record_stores(const struct serve *serve,
			 const char *store[NETRA_STREAM_BOARDS_MAX]);

/* serve_show.c: what is seen of it. */
void serve_show_ready(const struct serve *serve);
void serve_show(struct serve *serve);
void serve_show_end(struct serve *serve);

#endif
