/* SPDX-License-Identifier: BSD-2-Clause */
/* netra serve: its options. */
#include <stdlib.h>
#include <string.h>

#include "serve.h"

/* A file that is whole at a key frame, and some: 30 s at 2 Mb/s. */
#define BUFFER_BYTES (8u << 20)
#define LATE_MS 5000u

int serve_parse(const struct cli_verb *verb, int argc, char **argv,
		struct serve_options *o)
{
	const struct cli_option options[] = {
		{ "channels", 'c', CLI_LIST, &o->channels, "LIST",
		  "which channels of each board, like 0-3,7 (default: all)", 0,
		  NETRA_CHANNELS_MAX - 1, NULL },
		{ "rtsp", 0, CLI_STRING, &o->rtsp, "ADDR",
		  "where to listen: HOST:PORT, :PORT for all addresses, several "
		  "with commas, or none (default: :8554 with --users, else "
		  "localhost:8554)", 0, 0, NULL },
		{ "rtsps", 0, CLI_STRING, &o->rtsps, "ADDR",
		  "the same with TLS (default: none; usual is :322)", 0, 0,
		  NULL },
		{ "web", 0, CLI_STRING, &o->web, "ADDR",
		  "where browsers are served, with TLS if there is a --cert "
		  "(default: :8080 with --users, else localhost:8080)", 0, 0,
		  NULL },
		{ "store", 's', CLI_STRING, &o->store, "DIR",
		  "record there, too, and play what is recorded; of a second "
		  "board in DIR/board1", 0, 0, NULL },
		{ "keep-bytes", 0, CLI_SIZE, &o->keep_bytes, "SIZE",
		  "delete a channel's oldest files beyond this (default: never)",
		  1u << 20, UINT64_C(1) << 50, NULL },
		{ "keep", 0, CLI_DURATION, &o->keep_ms, "TIME",
		  "delete files older than this, like 30d (default: never)",
		  1000, UINT64_C(3153600000000), NULL },
		{ "free", 0, CLI_SIZE, &o->free_bytes, "SIZE",
		  "delete the oldest files when the file system has less left "
		  "(default: 1G, a tenth of a small one; 0: never)", 0,
		  UINT64_C(1) << 50, NULL },
		{ "cert", 0, CLI_STRING, &o->certificate, "FILE",
		  "certificate and chain for TLS, PEM", 0, 0, NULL },
		{ "key", 0, CLI_STRING, &o->key, "FILE",
		  "its private key, PEM (default: the --cert file)", 0, 0,
		  NULL },
		{ "users", 'u', CLI_STRING, &o->users, "FILE",
		  "who may see what; 'netra user' makes it", 0, 0, NULL },
		{ "clients", 0, CLI_NUMBER, &o->clients, "N",
		  "most connections at a time (default: 256)", 1, 10000, NULL },
		{ "timeout", 0, CLI_DURATION, &o->timeout_ms, "TIME",
		  "life of a session that is silent; half of it without a "
		  "session, a sixth for a request (default: 60s)", 6000,
		  3600000, NULL },
		{ "udp-port", 0, CLI_NUMBER, &o->udp_port, "N",
		  "even port that RTP comes from; RTCP has the next one "
		  "(default: any)", 1, 65534, NULL },
		{ "multicast", 0, CLI_STRING, &o->multicast, "GROUP:PORT",
		  "offer multicast; channel N gets address GROUP + N", 0, 0,
		  NULL },
		{ "multicast-interface", 0, CLI_STRING,
		  &o->multicast_interface, "ADDR",
		  "address of the interface that multicast leaves by", 0, 0,
		  NULL },
		{ "ttl", 0, CLI_NUMBER, &o->ttl, "N",
		  "routers that multicast may pass, and one (default: 1)", 1,
		  255, NULL },
		{ "buffer", 0, CLI_SIZE, &o->buffer_bytes, "SIZE",
		  "most memory per channel for what clients have still to get "
		  "(default: 8M)", 256u << 10, 1u << 30, NULL },
		{ "late", 0, CLI_DURATION, &o->late_ms, "TIME",
		  "a client further behind goes on at the next key frame "
		  "(default: 5s)", 100, 3600000, NULL },
		{ "duration", 'd', CLI_DURATION, &o->duration_ms, "TIME",
		  "end after TIME", 1, UINT64_C(3153600000000), NULL },
		{ "config", 0, CLI_STRING, &o->config, "FILE",
		  "options as 'option = value' lines, boards as 'board = NAME'; "
		  "those given here win", 0, 0, NULL },
		CLI_BOARD_OPTIONS(&o->start),
		{ "interval", 'i', CLI_DURATION, &o->interval_ms, "TIME",
		  "time between two status lines (default: 1s on a terminal, "
		  "else 10s)", 100, 3600000, NULL },
		{ "quiet", 'q', CLI_FLAG, &o->quiet, NULL,
		  "print nothing but errors", 0, 0, NULL },
		{ "json", 0, CLI_FLAG, &o->json, NULL,
		  "addresses and status as lines of JSON", 0, 0, NULL },
		{ 0 }
	};
	int status;

	memset(o, 0, sizeof(*o));
	o->free_bytes = NETRA_FREE_DEFAULT;
	status = cli_config(argc, argv, &o->words);
	if (status)
		return status;
	status = cli_parse(verb, options, o->words.count, o->words.word,
			   o->board);
	if (status >= 0)
		return status;
	while (o->boards < NETRA_STREAM_BOARDS_MAX && o->board[o->boards])
		o->boards++;
	if (!o->buffer_bytes)
		o->buffer_bytes = BUFFER_BYTES;
	if (!o->late_ms)
		o->late_ms = LATE_MS;
	if (!o->ttl)
		o->ttl = 1;
	if (!o->key)
		o->key = o->certificate;
	if (o->udp_port & 1) {
		cli_error("--udp-port %u: RTP wants an even one: give %u",
			  (unsigned int)o->udp_port,
			  (unsigned int)o->udp_port + 1);
		return CLI_USAGE;
	}
	if (o->rtsps && !o->certificate) {
		cli_error("--rtsps: TLS takes a certificate: add --cert FILE "
			  "and --key FILE");
		return CLI_USAGE;
	}
	return -1;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	int status;

	if (!serve) {
		cli_error("serve: out of memory: close other programs");
		return CLI_FAILED;
	}
	serve->verb = verb;
	serve->argc = argc;
	serve->argv = argv;
	status = serve_parse(verb, argc, argv, &serve->options);
	if (status < 0)
		status = serve_run(serve);
	cli_config_free(&serve->options.words);
	free(serve);
	return status;
}

const struct cli_verb cli_verb_serve = {
	.name = "serve",
	.operand = "BOARD...",
	.boards_max = NETRA_STREAM_BOARDS_MAX,
	.synopsis = "[--store DIR] [--users FILE]",
	.summary = "Send channels to players and browsers, record them",
	.description =
"Serves rtsp://HOST:8554/ch/N, for channels of a second board\n"
"rtsp://HOST:8554/board/1/ch/N, over UDP, TCP and multicast, to any number of\n"
"clients, and to browsers a page with all of it. Each client begins at the last\n"
"key frame, at once. Boots boards that are not running. Without --users anybody\n"
"may watch; it listens on this machine only then, unless --rtsp or --web say\n"
"otherwise. Ends at --duration or at a signal; boards that are lost are tried\n"
"until they are back. SIGHUP reads users, certificate and --config again.\n",
	.run = run,
};
