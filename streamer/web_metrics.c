/* SPDX-License-Identifier: BSD-2-Clause */
/* Prometheus' text format, version 0.0.4. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web_internal.h"

struct metric {
	const char *name, *kind, *help;
	uint64_t (*value)(const struct netra_web_channel *channel,
			  const struct netra_channel_stats *stats);
};

#define FROM_CHANNEL(field)						\
	static uint64_t get_##field(const struct netra_web_channel *c,	\
				    const struct netra_channel_stats *s) \
	{								\
		(void)s;						\
		return c->field;					\
	}
FROM_CHANNEL(frames)
FROM_CHANNEL(bytes)
FROM_CHANNEL(lost)
FROM_CHANNEL(skipped)
FROM_CHANNEL(sent_bytes)
FROM_CHANNEL(client_count)

static uint64_t get_board_lost(const struct netra_web_channel *c,
			       const struct netra_channel_stats *s)
{
	(void)c;
	return s->lost;
}

static uint64_t get_running(const struct netra_web_channel *c,
			    const struct netra_channel_stats *s)
{
	(void)c;
	return s->state == NETRA_CHANNEL_RUNNING;
}

static const struct metric metrics[] = {
	{ "netra_channel_running", "gauge", "1 if pictures with a signal come", get_running },
	{ "netra_channel_frames_total", "counter", "Frames taken from the board", get_frames },
	{ "netra_channel_bytes_total", "counter", "Bytes of these frames", get_bytes },
	{ "netra_channel_lost_total", "counter", "Frames the web server missed", get_lost },
	{ "netra_channel_board_lost_total", "counter", "Frames the board dropped", get_board_lost },
	{ "netra_web_clients", "gauge", "Browsers that watch the channel", get_client_count },
	{ "netra_web_sent_bytes_total", "counter", "Bytes sent to them", get_sent_bytes },
	{ "netra_web_skipped_total", "counter", "Frames that slow ones did not get", get_skipped },
};

/* A label's value: quotes, backslashes and line ends are escaped. */
static void label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value == '\n' ? ' ' : *value, out);
	}
	fputc('"', out);
}

static void channel_metrics(FILE *out, const struct netra_web *web)
{
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[m].name,
			metrics[m].help, metrics[m].name, metrics[m].kind);
		for (uint32_t i = 0; i < web->channels; i++) {
			const struct netra_web_channel *c = &web->channel[i];
			struct netra_channel_stats stats;

			netra_web_channel_stats(web, c, &stats);
			fprintf(out, "%s{board=\"%u\",channel=\"%u\"} %" PRIu64 "\n",
				metrics[m].name, c->board, c->channel,
				metrics[m].value(c, &stats));
		}
	}
}

static uint64_t board_up(const struct netra_hub_board *b)
{
	return b->board != NULL;
}

static uint64_t board_losses(const struct netra_hub_board *b)
{
	return b->losses;
}

static uint64_t board_attempts(const struct netra_hub_board *b)
{
	return b->attempts;
}

static void board_metric(FILE *out, const struct netra_web *web,
			 const char *name, const char *kind, const char *help,
			 uint64_t (*value)(const struct netra_hub_board *b))
{
	const struct netra_hub *hub = web->options.hub;

	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
	for (uint32_t i = 0; i < hub->boards; i++)
		fprintf(out, "%s{board=\"%u\"} %" PRIu64 "\n", name, i,
			value(&hub->board[i]));
}

static void client_metric(FILE *out, const struct netra_web *web,
			  const char *name, const char *help, bool skipped)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
	for (uint32_t i = 0; i < web->channels; i++) {
		const struct netra_web_channel *channel = &web->channel[i];

		for (const struct netra_web_client *c = channel->clients; c;
		     c = c->next) {
			fprintf(out, "%s{board=\"%u\",channel=\"%u\",", name,
				channel->board, channel->channel);
			label(out, "user", c->user);
			fputc(',', out);
			label(out, "peer", c->peer);
			fprintf(out, ",client=\"%" PRIu64 "\"} %" PRIu64 "\n",
				c->number, skipped ? c->cursor.skipped :
						     c->sent_bytes);
		}
	}
}

static void one(FILE *out, const char *name, const char *kind, const char *help,
		uint64_t value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help,
		name, kind, name, value);
}

char *netra_web_metrics(struct netra_web *web)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	board_metric(out, web, "netra_board_up", "gauge",
		     "0 while the board is lost", board_up);
	board_metric(out, web, "netra_board_losses_total", "counter",
		     "How often it was lost for good", board_losses);
	board_metric(out, web, "netra_board_attempts_total", "counter",
		     "Attempts to open it again", board_attempts);
	channel_metrics(out, web);
	client_metric(out, web, "netra_web_client_sent_bytes_total",
		      "Bytes sent to a browser for a channel", false);
	client_metric(out, web, "netra_web_client_skipped_total",
		      "Frames it did not get because it was slow", true);
	one(out, "netra_web_connections", "gauge", "Connections open",
	    web->connections);
	one(out, "netra_web_displaced_total", "counter",
	    "Idle connections closed to make room for others",
	    web->displaced);
	one(out, "netra_web_requests_total", "counter", "Requests taken",
	    web->requests);
	one(out, "netra_web_refused_total", "counter",
	    "Requests answered with an error, connections turned away",
	    web->refused);
	one(out, "netra_web_wrong_passwords_total", "counter",
	    "Wrong passwords", web->unauthorised);
	if (netra_web_records(web)) {
		one(out, "netra_store_bytes", "gauge", "Bytes of recordings",
		    web->disk_bytes);
		one(out, "netra_store_free_bytes", "gauge",
		    "Bytes free where they are", web->disk_free);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
