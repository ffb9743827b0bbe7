/* SPDX-License-Identifier: BSD-2-Clause */
/* netra serve: the web server beside RTSP. */
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "serve.h"
#include "streamer/service.h"

#define GOODBYE_MS 300

static int add_socket(struct serve *s, int fd, bool tls)
{
	char address[sizeof(s->web_address[0])];
	bool named = serve_name_address(s, fd, tls ? "https" : "http", address,
					sizeof(address));

	if (netra_web_listen(s->web, fd)) {
		cli_error("--web: a socket cannot be watched: give fewer "
			  "addresses");
		return CLI_FAILED;
	}
	if (named && s->web_addresses < sizeof(s->web_address) /
					sizeof(s->web_address[0]))
		memcpy(s->web_address[s->web_addresses++], address,
		       sizeof(address));
	return CLI_OK;
}

int serve_web_open(struct serve *s)
{
	const struct serve_options *o = &s->options;
	struct netra_web_options web = {
		.hub = &s->hub, .board_name = o->board,
		.users = o->users ? &s->users : NULL,
		.throttle = netra_rtsp_throttle(s->rtsp),
		.certificate = o->certificate, .key = o->key, .tls = s->tls,
		.clients_max = (uint32_t)o->clients,
	};
	const char *address = o->web;
	char why[300], name[32];
	bool given = false;
	int fd;

	if (!address)
		address = o->users ? ":8080" : "localhost:8080";
	if (strcmp(address, "none") == 0)
		return CLI_OK;
	serve_record_stores(s, web.store);
	if (netra_web_open(&s->web, &s->loop, &web, why, sizeof(why))) {
		cli_error("%s", why);
		return CLI_FAILED;
	}
	for (unsigned int i = 0; (fd = netra_service_socket(i, name)) >= 0; i++) {
		if (strcmp(name, "web") != 0)
			continue;
		given = true;
		if (add_socket(s, fd, o->certificate))
			return CLI_FAILED;
	}
	if (given)
		return CLI_OK;
	return serve_listen_all(s, "web", address, add_socket, o->certificate);
}

void serve_web_dispatched(struct serve *s, struct netra_hub_board *b)
{
	if (s->web)
		netra_web_pump(s->web, b->index, uv_hrtime());
	serve_web_events(s, b);
}

void serve_web_board(struct serve *s, uint32_t board, bool back,
		     const char *text)
{
	if (!s->web)
		return;
	if (back)
		netra_web_board_back(s->web, board);
	else
		netra_web_board_lost(s->web, board);
	netra_web_event(s->web, board, -1, text);
}

void serve_web_events(struct serve *s, struct netra_hub_board *b)
{
	json_t *list = json_array(), *event;
	size_t i;

	cli_report_events(b->board, list);
	json_array_foreach(list, i, event) {
		const char *text = "";
		int channel = -1;

		json_unpack(event, "{s:i, s:s}", "channel", &channel, "text",
			    &text);
		if (s->web)
			netra_web_event(s->web, b->index, channel, text);
	}
	json_decref(list);
}

void serve_web_close(struct serve *s)
{
	uint64_t end_ns = cli_now_ns() + GOODBYE_MS * UINT64_C(1000000);

	if (!s->web)
		return;
	while (netra_web_end(s->web) && cli_now_ns() < end_ns) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		usleep(2000);
	}
	netra_web_close(s->web);
	s->web = NULL;
}
