/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signs of life and the ladder of recovery. The caller serialises calls for
 * one board and tells the time; all times are of one monotonic clock.
 *
 * The ladder ends: each rung has a number of tries, and only a calm spell
 * gives them back. So a board that fails again and again is given up after
 * channel_tries, firmware_tries and reset_tries, in this order.
 */
#include "watchdog.h"

#define NS_PER_MS	UINT64_C(1000000)

static uint32_t or_default(uint32_t value, uint32_t standard)
{
	return value ? value : standard;
}

void netra_watchdog_init(struct netra_watchdog *watchdog,
			 const struct netra_watchdog_config *config,
			 uint32_t channels, uint64_t now_ns)
{
	struct netra_watchdog_config *c = &watchdog->config;

	__builtin_memset(watchdog, 0, sizeof(*watchdog));
	c->heartbeat_ms = or_default(config->heartbeat_ms, 1000);
	c->stall_ms = or_default(config->stall_ms, 3000);
	c->calm_ms = or_default(config->calm_ms, 30000);
	c->channel_tries = or_default(config->channel_tries, 2);
	c->firmware_tries = or_default(config->firmware_tries, 1);
	c->reset_tries = or_default(config->reset_tries, 2);
	watchdog->channels = channels < NETRA_CHANNELS_MAX ? channels :
							     NETRA_CHANNELS_MAX;
	netra_watchdog_rearm(watchdog, now_ns);
}

void netra_watchdog_rearm(struct netra_watchdog *watchdog, uint64_t now_ns)
{
	watchdog->heartbeat_ns = now_ns;
	watchdog->calm_since_ns = now_ns;
	for (uint32_t i = 0; i < watchdog->channels; i++)
		watchdog->channel[i].moved_ns = now_ns;
}

void netra_watchdog_heartbeat(struct netra_watchdog *watchdog,
			      uint32_t heartbeat, uint64_t now_ns)
{
	if (heartbeat == watchdog->heartbeat)
		return;
	watchdog->heartbeat = heartbeat;
	watchdog->heartbeat_ns = now_ns;
}

void netra_watchdog_channel(struct netra_watchdog *watchdog, uint32_t channel,
			    bool running, uint32_t head, uint64_t now_ns)
{
	if (channel >= watchdog->channels)
		return;
	/* A channel that just began to run has its full bound to move. */
	if (!running || !watchdog->channel[channel].running ||
	    head != watchdog->channel[channel].head)
		watchdog->channel[channel].moved_ns = now_ns;
	watchdog->channel[channel].running = running;
	watchdog->channel[channel].head = head;
}

static uint64_t heartbeat_due(const struct netra_watchdog *watchdog)
{
	return watchdog->heartbeat_ns +
	       watchdog->config.heartbeat_ms * NS_PER_MS;
}

static uint64_t channel_due(const struct netra_watchdog *watchdog, uint32_t i)
{
	return watchdog->channel[i].moved_ns +
	       watchdog->config.stall_ms * NS_PER_MS;
}

static void back_to_the_ground(struct netra_watchdog *watchdog)
{
	watchdog->firmware_tried = 0;
	watchdog->reset_tried = 0;
	for (uint32_t i = 0; i < watchdog->channels; i++)
		watchdog->channel[i].tried = 0;
}

enum netra_trouble netra_watchdog_check(struct netra_watchdog *watchdog,
					uint64_t now_ns, uint32_t *channel)
{
	*channel = NETRA_EVENT_BOARD;
	if (now_ns >= heartbeat_due(watchdog)) {
		watchdog->calm_since_ns = now_ns;
		return NETRA_TROUBLE_HEARTBEAT;
	}
	for (uint32_t i = 0; i < watchdog->channels; i++) {
		if (!watchdog->channel[i].running ||
		    now_ns < channel_due(watchdog, i))
			continue;
		watchdog->calm_since_ns = now_ns;
		*channel = i;
		return NETRA_TROUBLE_CHANNEL_STALLED;
	}
	if (now_ns - watchdog->calm_since_ns >=
	    watchdog->config.calm_ms * NS_PER_MS)
		back_to_the_ground(watchdog);
	return NETRA_TROUBLE_NONE;
}

/* Resync is a command: it mends nothing while the firmware does not answer. */
static bool channel_may_help(enum netra_trouble trouble)
{
	return trouble == NETRA_TROUBLE_RING_FAULT ||
	       trouble == NETRA_TROUBLE_CHANNEL_STALLED ||
	       trouble == NETRA_TROUBLE_LOCK;
}

enum netra_rung netra_watchdog_climb(struct netra_watchdog *watchdog,
				     enum netra_trouble trouble,
				     uint32_t channel, uint64_t now_ns)
{
	const struct netra_watchdog_config *c = &watchdog->config;

	if (trouble == NETRA_TROUBLE_NONE)
		return NETRA_RUNG_NONE;
	watchdog->calm_since_ns = now_ns;
	if (trouble == NETRA_TROUBLE_GONE)
		return NETRA_RUNG_GIVE_UP;
	if (channel_may_help(trouble) && channel < watchdog->channels &&
	    watchdog->channel[channel].tried < c->channel_tries) {
		watchdog->channel[channel].tried++;
		watchdog->channel[channel].moved_ns = now_ns;
		return NETRA_RUNG_RESYNC_CHANNEL;
	}
	/* After a reset of its own there is no firmware to restart. */
	if (trouble != NETRA_TROUBLE_RESET &&
	    watchdog->firmware_tried < c->firmware_tries) {
		watchdog->firmware_tried++;
		return NETRA_RUNG_RESTART_FIRMWARE;
	}
	if (watchdog->reset_tried < c->reset_tries) {
		watchdog->reset_tried++;
		return NETRA_RUNG_RESET_AND_BOOT;
	}
	return NETRA_RUNG_GIVE_UP;
}

uint64_t netra_watchdog_deadline(const struct netra_watchdog *watchdog)
{
	uint64_t earliest = heartbeat_due(watchdog);

	for (uint32_t i = 0; i < watchdog->channels; i++)
		if (watchdog->channel[i].running &&
		    channel_due(watchdog, i) < earliest)
			earliest = channel_due(watchdog, i);
	return earliest;
}

const char *netra_trouble_text(enum netra_trouble trouble)
{
	static const char *const text[NETRA_TROUBLE_COUNT] = {
		[NETRA_TROUBLE_NONE] = "all is well",
		[NETRA_TROUBLE_RING_FAULT] = "a channel's ring is inconsistent",
		[NETRA_TROUBLE_CHANNEL_STALLED] = "a channel stopped giving frames",
		[NETRA_TROUBLE_HEARTBEAT] = "the firmware's heartbeat stopped",
		[NETRA_TROUBLE_COMMAND] = "a command was not answered",
		[NETRA_TROUBLE_LOCK] = "a channel's lock is held by a dead owner",
		[NETRA_TROUBLE_RESET] = "the board reset itself",
		[NETRA_TROUBLE_GONE] = "the board left the bus",
	};

	if ((unsigned int)trouble >= NETRA_TROUBLE_COUNT)
		return "unknown trouble";
	return text[trouble];
}

const char *netra_rung_text(enum netra_rung rung)
{
	switch (rung) {
	case NETRA_RUNG_NONE:
		return "nothing to do";
	case NETRA_RUNG_RESYNC_CHANNEL:
		return "restarting the channel";
	case NETRA_RUNG_RESTART_FIRMWARE:
		return "restarting the firmware";
	case NETRA_RUNG_RESET_AND_BOOT:
		return "resetting the board and booting it again";
	case NETRA_RUNG_GIVE_UP:
		return "giving up";
	}
	return "unknown step";
}
