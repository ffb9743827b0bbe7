/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra serve: from the options to the end, and the signals and time-outs in
 * between.
 */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "loop.h"
#include "output.h"
#include "progress.h"
#include "streamer/service.h"

/* Gathers frames of several cameras; nobody sees it in a picture. */
#define HOLDOFF_US 10000

int serve_load_users(struct serve *s, const struct serve_options *o)
{
	struct netra_users fresh = { 0 };
	char why[200];

	if (!o->users && s->users.count)
		cli_error("reload: no --users any more: those there were stay in "
			  "force until it is started again");
	if (!o->users)
		return CLI_OK;
	if (!netra_users_read(&fresh, o->users, why, sizeof(why))) {
		cli_error("%s: %s: see 'netra user --help'", o->users, why);
		return CLI_FAILED;
	}
	netra_rtsp_users(s->rtsp, &fresh);
	netra_users_free(&s->users);
	s->users = fresh;
	netra_rtsp_users(s->rtsp, &s->users);
	if (s->web)
		netra_web_users(s->web, &s->users);
	return CLI_OK;
}

int serve_load_tls(struct serve *s, const struct serve_options *o)
{
	char why[300];
	SSL_CTX *fresh;

	if (!o->certificate)
		return CLI_OK;
	fresh = netra_tls_new(o->certificate, o->key, why, sizeof(why));
	if (!fresh) {
		cli_error("%s: check --cert and --key", why);
		return CLI_FAILED;
	}
	netra_rtsp_tls(s->rtsp, fresh);
	if (s->web)
		netra_web_tls(s->web, fresh);
	/* Those who are connected keep theirs: it counts its users. */
	netra_tls_free(s->tls);
	s->tls = fresh;
	return CLI_OK;
}

static void all_gone(void *context)
{
	struct serve *s = context;

	uv_stop(&s->loop);
}

static void end(struct serve *s, int status)
{
	s->status |= status;
	if (s->ending) {
		uv_stop(&s->loop);
		return;
	}
	s->ending = true;
	netra_service_notify("STOPPING=1");
	netra_rtsp_end(s->rtsp, all_gone, s);
}

static void reload(struct serve *s)
{
	struct serve_options fresh;
	char text[80];
	struct timespec now;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)now.tv_sec * 1000000u +
		 (unsigned long long)now.tv_nsec / 1000u);
	netra_service_notify(text);
	status = serve_parse(s->verb, s->argc, s->argv, &fresh);
	if (status < 0) {
		status = serve_load_users(s, &fresh);
		if (!status)
			status = serve_load_tls(s, &fresh);
	}
	cli_config_free(&fresh.words);
	if (status)
		cli_error("reload: something above is wrong: what was in force "
			  "stays, put it right and send SIGHUP again");
	netra_service_notify("READY=1");
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct serve *s = handle->data;

	if (number == SIGHUP)
		reload(s);
	else
		end(s, CLI_OK);
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	netra_service_notify("WATCHDOG=1");
}

static void on_show(uv_timer_t *timer)
{
	serve_show(timer->data);
}

static void on_end(uv_timer_t *timer)
{
	end(timer->data, CLI_OK);
}

static void on_news(void *context, struct netra_feed *feed)
{
	struct serve *s = context;

	netra_rtsp_news(s->rtsp, feed);
}

/* ---- from beginning to end ---------------------------------------------- */

/* Each client takes a descriptor. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_server(struct serve *s)
{
	const struct serve_options *o = &s->options;
	struct netra_rtsp_options rtsp = {
		.loop = &s->loop,
		.hub = &s->hub,
		.clients_max = (uint32_t)o->clients,
		.session_s = (uint32_t)(o->timeout_ms / 1000u),
		.udp_port = (uint16_t)o->udp_port,
	};
	char why[160];
	int status = serve_multicast(o, &rtsp);

	if (status)
		return status;
	serve_record_stores(s, rtsp.store);
	s->rtsp = netra_rtsp_open(&rtsp, why, sizeof(why));
	if (!s->rtsp) {
		cli_error("%s: choose another --udp-port or "
			  "--multicast-interface", why);
		return CLI_FAILED;
	}
	status = serve_load_users(s, o);
	if (!status)
		status = serve_load_tls(s, o);
	if (!status)
		status = serve_listen(s);
	return status;
}

static void watch_signals(struct serve *s)
{
	static const int number[] = { SIGINT, SIGTERM, SIGHUP };

	for (unsigned int i = 0; i < 3; i++) {
		s->signal[i].data = s;
		uv_signal_init(&s->loop, &s->signal[i]);
		uv_signal_start(&s->signal[i], on_signal, number[i]);
	}
}

static void start_timers(struct serve *s)
{
	const struct serve_options *o = &s->options;
	uint64_t watchdog_ms = netra_service_watchdog_ms();
	uint64_t interval_ms = o->interval_ms ? o->interval_ms :
			       cli_terminal(stderr) && !o->json ? 1000 : 10000;

	s->watchdog.data = s;
	s->show.data = s;
	s->end.data = s;
	uv_timer_init(&s->loop, &s->watchdog);
	uv_timer_init(&s->loop, &s->show);
	uv_timer_init(&s->loop, &s->end);
	if (watchdog_ms)
		uv_timer_start(&s->watchdog, on_watchdog, 0, watchdog_ms);
	uv_timer_start(&s->show, on_show, interval_ms, interval_ms);
	if (o->duration_ms)
		uv_timer_start(&s->end, on_end, o->duration_ms, 0);
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void warn_if_open(const struct serve *s)
{
	if (s->exposed && !s->options.users && !s->options.quiet)
		cli_error("serve: anybody who gets here may watch: make users "
			  "with 'netra user' and add --users FILE");
}

static int serve(struct serve *s)
{
	int status = serve_record_name(s);

	if (!status)
		status = serve_boards_open(s);
	if (!status)
		status = open_server(s);
	if (status)
		return status;
	status = serve_record_open(s);
	if (!status)
		status = serve_web_open(s);
	if (status)
		return status;
	watch_signals(s);
	status = serve_boards_start(s);
	if (status)
		return status;
	start_timers(s);
	warn_if_open(s);
	serve_show_ready(s);
	netra_service_notify("READY=1");
	uv_run(&s->loop, UV_RUN_DEFAULT);
	serve_show_end(s);
	return s->status;
}

int serve_run(struct serve *s)
{
	int status;

	raise_limit();
	s->start_ns = cli_now_ns();
	s->shown_ns = s->start_ns;
	s->options.start.irq_holdoff_us = HOLDOFF_US;
	uv_loop_init(&s->loop);
	s->hub = (struct netra_hub){
		.loop = &s->loop,
		.limit_bytes = s->options.buffer_bytes,
		.late_ns = s->options.late_ms * 1000000u,
		.context = s,
		.news = on_news,
		.dispatched = serve_board_dispatched,
		.lost = serve_board_lost,
	};
	status = serve(s);
	serve_boards_stop(s);
	serve_web_close(s);
	status |= serve_record_close(s);
	if (s->rtsp)
		netra_rtsp_close(s->rtsp);
	netra_hub_close(&s->hub);
	uv_walk(&s->loop, close_handle, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	if (s->rtsp)
		netra_rtsp_free(s->rtsp);
	netra_users_free(&s->users);
	netra_tls_free(s->tls);
	serve_boards_close(s);
	return status;
}
