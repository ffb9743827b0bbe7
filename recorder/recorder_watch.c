/* SPDX-License-Identifier: BSD-2-Clause */
#include "recorder_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S	1000000000ull
#define LOOK_NS		(NS_PER_S / 4)
#define METRICS_NS	(5 * NS_PER_S)

static void tell(struct netra_recorder_watch *watch, int channel,
		 const char *kind, int64_t wall_ns, const char *text)
{
	struct netra_keeper_event event = { .time_ns = wall_ns,
					    .channel = channel };

	snprintf(event.kind, sizeof(event.kind), "%s", kind);
	snprintf(event.text, sizeof(event.text), "%.100s", text);
	netra_store_keeper_event(watch->keeper, &event);
}

static void look_at(struct netra_recorder_watch *watch, uint32_t index,
		    const struct netra_recorder_channel *channel,
		    uint64_t now_ns, int64_t wall_ns)
{
	uint64_t bit = UINT64_C(1) << index;
	uint64_t since = channel->durable_ns ? channel->durable_ns
					     : watch->begin_ns;
	bool alarm = !channel->ended && now_ns > since &&
		     now_ns - since > watch->alarm_ns;

	if (alarm == !!(watch->alarms & bit))
		return;
	watch->alarms ^= bit;
	tell(watch, (int)channel->channel, alarm ? "alarm" : "alarm-end",
	     wall_ns, alarm ? *channel->error ? channel->error :
	     "nothing is recorded" : "");
}

/* A family of samples, one a channel. */
static void family(FILE *file, struct netra_recorder *recorder,
		   const char *name, const char *type, const char *help,
		   double (*value)(const struct netra_recorder_channel *c))
{
	struct netra_recorder_channel channel;

	fprintf(file, "# HELP netra_%s %s\n# TYPE netra_%s %s\n", name, help,
		name, type);
	for (uint32_t i = 0; i < netra_recorder_channels(recorder); i++) {
		netra_recorder_channel(recorder, i, &channel);
		fprintf(file, "netra_%s{channel=\"%u\"} %.15g\n", name,
			channel.channel, value(&channel));
	}
}

static double frames(const struct netra_recorder_channel *c)
{
	return (double)c->frames;
}

static double lost(const struct netra_recorder_channel *c)
{
	return (double)c->lost;
}

static double gaps(const struct netra_recorder_channel *c)
{
	return (double)c->gaps;
}

static double bytes(const struct netra_recorder_channel *c)
{
	return (double)c->bytes;
}

static double recording(const struct netra_recorder_channel *c)
{
	return !c->alarm && c->durable_ns;
}

static double trouble(const struct netra_recorder_channel *c)
{
	return c->failed;
}

static void single(FILE *file, const char *name, const char *type,
		   const char *help, double value)
{
	fprintf(file, "# HELP netra_%s %s\n# TYPE netra_%s %s\nnetra_%s %.15g\n",
		name, help, name, type, name, value);
}

static void write_metrics(struct netra_recorder_watch *watch,
			  struct netra_recorder *recorder, int64_t wall_ns)
{
	struct netra_keeper_status status;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	netra_store_keeper_status(watch->keeper, &status);
	family(file, recorder, "frames_total", "counter",
	       "Frames written.", frames);
	family(file, recorder, "frames_lost_total", "counter",
	       "Frames lost, all causes.", lost);
	family(file, recorder, "gaps_total", "counter",
	       "Gaps in the recordings.", gaps);
	family(file, recorder, "bytes_total", "counter",
	       "Bytes written.", bytes);
	family(file, recorder, "recording", "gauge",
	       "1 while what comes becomes durable; 0 is an alarm.", recording);
	family(file, recorder, "channel_trouble", "gauge",
	       "1 if anything of the channel could not be written.", trouble);
	single(file, "exposed_seconds", "gauge",
	       "Age of the oldest frame that was not durable, at most, lately.",
	       (double)watch->exposed_ns / 1e9);
	single(file, "index_trouble", "gauge",
	       "1 if the index cannot be kept.", *status.index_trouble != 0);
	single(file, "retention_trouble", "gauge",
	       "1 if limits cannot be kept.", *status.retention_trouble != 0);
	single(file, "files_deleted_total", "counter",
	       "Files deleted by retention.", (double)status.deleted);
	single(file, "written_timestamp_seconds", "gauge",
	       "When this was written.", (double)wall_ns / 1e9);
	if (fclose(file))
		free(text);
	else
		netra_store_keeper_metrics(watch->keeper, text);
}

void netra_recorder_watch_look(struct netra_recorder_watch *watch,
			       struct netra_recorder *recorder,
			       uint64_t now_ns, int64_t wall_ns)
{
	struct netra_recorder_channel channel;
	uint64_t exposed;

	if (now_ns - watch->looked_ns < LOOK_NS)
		return;
	watch->looked_ns = now_ns;
	exposed = netra_recorder_exposed_ns(recorder);
	if (exposed > watch->exposed_ns)
		watch->exposed_ns = exposed;
	for (uint32_t i = 0; i < netra_recorder_channels(recorder); i++) {
		netra_recorder_channel(recorder, i, &channel);
		look_at(watch, i, &channel, now_ns, wall_ns);
	}
	if (!watch->metrics || now_ns - watch->metrics_ns < METRICS_NS)
		return;
	write_metrics(watch, recorder, wall_ns);
	watch->metrics_ns = now_ns;
	watch->exposed_ns = 0;
}
