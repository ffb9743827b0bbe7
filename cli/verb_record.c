/* SPDX-License-Identifier: BSD-2-Clause */
/* netra record: channels into fragmented MP4 files, with live progress. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "board_open.h"
#include "config.h"
#include "loop.h"
#include "output.h"
#include "progress.h"
#include "record.h"

/*
 * Nobody sees these frames live, and each wake-up costs more than a frame. Rings
 * hold more than a second; when fragments are cut all frames are looked for.
 */
#define HOLDOFF_US 200000

/* A channel's trouble is said when it begins, and when it changes. */
static void report_failure(struct cli_record *r, uint32_t i,
			   const struct netra_recorder_channel *c)
{
	if (!c->failed || !strcmp(r->said[i], c->error))
		return;
	memcpy(r->said[i], c->error, sizeof(r->said[i]));
	cli_error("channel %u: %s", c->channel, c->error);
}

static void report_health(char said[160], const char *trouble)
{
	if (!strcmp(said, trouble))
		return;
	snprintf(said, 160, "%s", trouble);
	if (*trouble)
		cli_error("%s: recording goes on", trouble);
}

static void report_failures(struct cli_record *r)
{
	uint32_t count = netra_recorder_channels(r->recorder);
	struct netra_recorder_health health;
	struct netra_recorder_channel c;

	if (cli_now_ns() - r->looked_ns < CLI_RECORD_REDRAW_NS)
		return;
	r->looked_ns = cli_now_ns();
	for (uint32_t i = 0; i < count; i++) {
		netra_recorder_channel(r->recorder, i, &c);
		report_failure(r, i, &c);
		if (c.alarm != r->alarm[i])
			cli_error("channel %u: %s", c.channel, c.alarm ?
				  "alarm: nothing is recorded: check camera "
				  "and disk" : "is recorded again");
		r->alarm[i] = c.alarm;
	}
	netra_recorder_health(r->recorder, &health);
	report_health(r->index_trouble, health.index_trouble);
	report_health(r->retention_trouble, health.retention_trouble);
	report_health(r->metrics_trouble, health.metrics_trouble);
}

/* A board that is lost ends all channels, too: readers may be the first to hear of it. */
static int ended(struct cli_record *r)
{
	enum netra_error error = netra_dispatch(r->board, 0);

	cli_report_events(r->board, r->events);
	if (error == NETRA_OK || error == NETRA_ERR_AGAIN)
		return CLI_OK;
	cli_board_failed(r->board, r->name);
	return CLI_FAILED;
}

/* Until the time is up, a signal comes, all has ended or the board is lost. */
static int stream(struct cli_record *r, int stop_fd)
{
	uint64_t end_ns = r->duration_ms ?
			  r->start_ns + r->duration_ms * 1000000u : UINT64_MAX;
	uint64_t due_ns;

	r->drawn_ns = r->start_ns;
	for (;;) {
		unsigned int wake;

		if (netra_recorder_pump(r->recorder) == NETRA_ERR_ENDED)
			return ended(r);
		due_ns = netra_recorder_due_ns(r->recorder);
		wake = cli_wait(r->board, stop_fd, NULL,
				due_ns < end_ns ? due_ns : end_ns);
		cli_report_events(r->board, r->events);
		if (wake & CLI_WAKE_LOST) {
			netra_recorder_pump(r->recorder);
			cli_board_failed(r->board, r->name);
			return CLI_FAILED;
		}
		if (wake & CLI_WAKE_STOP || cli_now_ns() >= end_ns) {
			netra_recorder_pump(r->recorder);
			return CLI_OK;
		}
		report_failures(r);
		cli_record_draw(r);
	}
}

/* What became of each channel, once all files are closed. */
static void judge(struct cli_record *r, struct cli_record_result *result)
{
	result->count = netra_recorder_channels(r->recorder);
	for (uint32_t i = 0; i < result->count; i++) {
		struct netra_recorder_channel *c = &result->channel[i];

		netra_recorder_channel(r->recorder, i, c);
		result->lost += c->lost;
		if (!c->failed && !*c->path) {
			c->failed = true;
			snprintf(c->error, sizeof(c->error), "%s",
				 "no frame came: check the camera");
		}
		if (!c->failed && c->alarm) {
			c->failed = true;
			snprintf(c->error, sizeof(c->error), "%s",
				 "nothing is recorded: check the camera");
		}
		report_failure(r, i, c);
		result->whole += !c->failed;
	}
}

static bool channels_known(struct cli_record *r)
{
	for (uint32_t i = 0; i < r->channels.count; i++)
		if (!cli_channel_known(r->board, "channels",
				       r->channels.item[i]))
			return false;
	return true;
}

/* Return: how many channels could not be started; each is said. */
static uint32_t start_channels(struct cli_record *r)
{
	struct netra_recorder_channel c;
	uint32_t count = netra_recorder_channels(r->recorder);
	uint32_t failed = 0;

	for (uint32_t i = 0; i < count; i++) {
		netra_recorder_channel(r->recorder, i, &c);
		failed += cli_channel_start(r->board, c.channel) != CLI_OK;
		/* With many channels the first have come far before the last. */
		netra_recorder_pump_early(r->recorder);
	}
	return failed;
}

static const char *advice(enum netra_error refused)
{
	switch (refused) {
	case NETRA_ERR_BUSY:
		return "end that one, or choose another folder";
	case NETRA_ERR_PERMISSION:
		return "choose a folder you may write to";
	case NETRA_ERR_NO_MEMORY:
		return "close other programs";
	case NETRA_ERR_IO:
	case NETRA_ERR_INVALID:
	case NETRA_ERR_UNSUPPORTED:
		return "choose another folder";
	default:
		return "'netra status' shows how the board is";
	}
}

static int record(struct cli_record *r, struct cli_record_result *result)
{
	int stop_fd, status = CLI_OK;
	enum netra_error err;
	uint32_t failed;

	err = netra_recorder_open(r->board, &r->options, &r->recorder);
	if (err) {
		cli_error("%s: %s", netra_recorder_open_error(), advice(err));
		return CLI_FAILED;
	}
	stop_fd = cli_stop_begin();
	if (stop_fd < 0) {
		netra_recorder_close(r->recorder);
		return CLI_FAILED;
	}
	failed = start_channels(r);
	r->start_ns = cli_now_ns();
	if (failed < netra_recorder_channels(r->recorder))
		status = stream(r, stop_fd);
	cli_stop_end(stop_fd);
	cli_progress_clear();
	/* What fails here shows per channel. */
	netra_recorder_finish(r->recorder);
	judge(r, result);
	netra_recorder_close(r->recorder);
	return result->whole == result->count && !failed ? status : CLI_FAILED;
}

static int run_words(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_board_options wanted = { .irq_holdoff_us = HOLDOFF_US };
	const char *config = NULL;
	struct cli_record r = {
		.options.free_bytes = NETRA_FREE_DEFAULT,
		.live = cli_terminal(stderr),
	};
	struct cli_record_result *result;
	bool json = false, strict = false;
	uint64_t fragment_ms = 0, rotate_ms = 0, alarm_ms = 0;
	const struct cli_option options[] = {
		{ "store", 's', CLI_STRING, &r.options.store, "DIR",
		  "folder of the store; made if missing", 0, 0, NULL },
		{ "channels", 'c', CLI_LIST, &r.channels, "LIST",
		  "which channels, like 0-3,7 (default: all)", 0,
		  NETRA_CHANNELS_MAX - 1, NULL },
		{ "duration", 'd', CLI_DURATION, &r.duration_ms, "TIME",
		  "end TIME after the channels were started", 1,
		  UINT64_C(3153600000000), NULL },
		{ "fragment", 0, CLI_DURATION, &fragment_ms, "TIME",
		  "time between commits (default: 500ms); a power cut costs "
		  "twice this at most", 100, 60000, NULL },
		{ "rotate", 0, CLI_DURATION, &rotate_ms, "TIME",
		  "length of a file (default: 10m)", 1000, 86400000, NULL },
		{ "buffer", 0, CLI_SIZE, &r.options.buffer_bytes, "SIZE",
		  "most memory that holds frames while the disk is slow "
		  "(default: 64M)", 8u << 20, UINT64_C(16) << 30, NULL },
		{ "keep-bytes", 0, CLI_SIZE, &r.options.keep_bytes, "SIZE",
		  "delete a channel's oldest files beyond this (default: never)",
		  1u << 20, UINT64_C(1) << 50, NULL },
		{ "keep", 0, CLI_DURATION, &r.options.keep_ms, "TIME",
		  "delete files older than this, like 30d (default: never)",
		  1000, UINT64_C(3153600000000), NULL },
		{ "free", 0, CLI_SIZE, &r.options.free_bytes, "SIZE",
		  "delete the oldest files when the file system has less left "
		  "(default: 1G, a tenth of a small one; 0: never)", 0,
		  UINT64_C(1) << 50, NULL },
		{ "alarm", 0, CLI_DURATION, &alarm_ms, "TIME",
		  "a channel of which nothing became durable for so long is an "
		  "alarm (default: 10s)", 1000, 86400000, NULL },
		{ "metrics", 0, CLI_STRING, &r.options.metrics, "FILE",
		  "write figures for Prometheus every 5 s", 0, 0, NULL },
		{ "no-sync", 0, CLI_FLAG, &r.options.no_sync, NULL,
		  "leave it to the system when files become durable", 0, 0,
		  NULL },
		{ "strict", 0, CLI_FLAG, &strict, NULL,
		  "exit status 1 also if frames were dropped", 0, 0, NULL },
		{ "config", 0, CLI_STRING, &config, "FILE",
		  "take options from a file, as 'rotate = 10m' lines; 'board = "
		  "NAME' names the board", 0, 0, NULL },
		CLI_BOARD_OPTIONS(&wanted),
		{ "quiet", 'q', CLI_FLAG, &r.quiet, NULL,
		  "no progress and no table", 0, 0, NULL },
		{ "json", 0, CLI_FLAG, &json, NULL,
		  "the final account as JSON", 0, 0, NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &r.name);

	if (status >= 0)
		return status;
	if (!r.options.store) {
		cli_error("record: no folder given: add --store DIR");
		return CLI_USAGE;
	}
	r.options.fragment_ms = (uint32_t)fragment_ms;
	r.options.rotate_ms = (uint32_t)rotate_ms;
	r.options.alarm_ms = (uint32_t)alarm_ms;
	r.options.channels = r.channels.count ? r.channels.item : NULL;
	r.options.channel_count = r.channels.count;
	result = calloc(1, sizeof(*result));
	r.events = json ? json_array() : NULL;
	if (!result || (json && !r.events)) {
		cli_error("record: out of memory: close other programs");
		free(result);
		return CLI_FAILED;
	}
	status = CLI_FAILED;
	r.board = cli_board_open(r.name, &wanted);
	if (!r.board)
		goto out_free;
	if (!channels_known(&r)) {
		status = CLI_USAGE;
		goto out_close;
	}
	status = record(&r, result);
	if (result->count && json)
		status |= cli_record_print_json(&r, result, (double)(cli_now_ns() -
							  r.start_ns) / 1e9);
	else if (result->count && !r.quiet)
		cli_record_print_table(&r, result);
	/* The kernel takes a minute to close a board that has left. */
	fflush(stdout);
	if (strict && result->lost)
		status = CLI_FAILED;
out_close:
	netra_close(r.board);
out_free:
	json_decref(r.events);
	free(result);
	return status;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_words words;
	int status = cli_config(argc, argv, &words);

	if (status)
		return status;
	/* Fragments grow and come and go: in a heap their holes would stay. */
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
	mallopt(M_ARENA_MAX, 1);	/* what another thread frees, all can use */
	status = run_words(verb, words.count, words.word);
	cli_config_free(&words);
	return status;
}

const struct cli_verb cli_verb_record = {
	.name = "record",
	.operand = "BOARD",
	.synopsis = "--store DIR [--channels LIST] [--duration TIME]",
	.summary = "Record channels into a store of MP4 files",
	.description =
"Writes DIR/chNN/TIME.mp4: fragmented MP4, a new file every --rotate, all\n"
"channels made durable together every --fragment. A file ends in .part until it\n"
"is whole. What a crash or a power cut left is repaired first. Boots the board if\n"
"it is not running. Ends at --duration, at a signal, or when all channels have\n"
"ended. Exit status 0 means that every channel's files are whole; frames that\n"
"were dropped show in the table, and fail only with --strict.\n",
	.run = run,
};
