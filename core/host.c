/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's half at work: look at what the board wrote, post what it waits
 * for, keep time. An interrupt only says "look"; the heads, which lie side by
 * side, say what there is. What must be watched runs in ticks.
 */
#include "host_internal.h"

#define TICK_MS 250u
#define POLLING_MS 10u
#define SILENT_TICKS 3u
#define LOOK_BEATS 2u

void netra_host_init(struct netra_host *host, const struct netra_host_ops *ops,
		     const struct netra_host_options *options,
		     const struct netra_soc *soc, uint32_t seed)
{
	__builtin_memset(host, 0, sizeof(*host));
	host->ops = ops;
	host->options = *options;
	host->soc = soc;
	host->generation_seed = seed;
	host->rounds = 1;
}

void netra_host_format(struct netra_host *host, char *buffer, size_t size,
		       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	host->ops->format(buffer, size, format, arguments);
	va_end(arguments);
}

enum netra_error netra_host_fail(struct netra_host *host,
				 enum netra_error error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	host->ops->format(host->error_text, sizeof(host->error_text), format,
			  arguments);
	va_end(arguments);
	return error;
}

void netra_host_notify(struct netra_host *host, enum netra_host_notice notice,
		       uint32_t channel, const char *format, ...)
{
	va_list arguments;
	char text[96];

	va_start(arguments, format);
	host->ops->format(text, sizeof(text), format, arguments);
	va_end(arguments);
	host->told++;
	host->ops->notice(host, notice, channel, text);
}

void netra_host_set_state(struct netra_host *host, enum netra_board_state state)
{
	if (netra_board_may(host->state, state))
		host->state = state;
}

void netra_host_gone(struct netra_host *host, const char *why)
{
	if (host->state == NETRA_BOARD_GONE)
		return;
	netra_host_set_state(host, NETRA_BOARD_GONE);
	host->recovery.step = NETRA_RECOVER_NONE;
	host->lost = NETRA_ERR_GONE;
	netra_host_fail(host, NETRA_ERR_GONE,
			"the board is gone (%.200s): close it, and open it when it is back",
			why);
	netra_host_notify(host, NETRA_HOST_TROUBLE, NETRA_EVENT_BOARD, "%s",
			  netra_trouble_text(NETRA_TROUBLE_GONE));
}

/*
 * A new heartbeat gives a pair for the clock. The board rewrites the time
 * with each beat, so the beat must be the same before and after.
 */
void netra_host_heard(struct netra_host *host, uint64_t now_ns)
{
	struct netra_firmware_status *status = &host->area->status;
	uint32_t beat = netra_read32_acquire(&status->heartbeat);
	uint64_t time_ns;

	if (beat == host->heartbeat)
		return;
	time_ns = netra_le64(
		__atomic_load_n(&status->board_time_ns, __ATOMIC_ACQUIRE));
	if (netra_read32(&status->heartbeat) != beat ||
	    netra_read32(&status->generation) != host->generation)
		return;
	host->heartbeat = beat;
	host->heartbeats++;
	netra_clock_sample(&host->clock, time_ns, now_ns);
	netra_watchdog_heartbeat(&host->watchdog, beat, now_ns);
}

bool netra_host_scan(struct netra_host *host, uint64_t now_ns)
{
	uint32_t frames = 0;
	bool found;

	if (host->state != NETRA_BOARD_ATTACHED)
		return false;
	netra_host_heard(host, now_ns);
	for (uint32_t i = 0;
	     i < host->channels && host->state == NETRA_BOARD_ATTACHED; i++)
		frames += netra_channel_scan(host, i, now_ns);
	if (host->state != NETRA_BOARD_ATTACHED)
		return true;
	found = netra_host_scan_events(host, now_ns);
	if (host->mailbox.head != host->mailbox.tail)
		found |= netra_host_settle(host, now_ns);
	return found || frames;
}

/* Frames are expected: started, signal there, and room for them. */
static bool expects_frames(const struct netra_host *host, uint32_t channel)
{
	const struct netra_channel_status *status =
		&host->area->channel[channel];
	const struct netra_channel *c = &host->channel[channel];
	uint32_t entries = 1u << c->ring.layout.records_log2;
	uint32_t stall_ms = host->options.stall_timeout_ms;
	uint64_t num = netra_read32(&status->rate_num);
	uint64_t den = netra_read32(&status->rate_den);

	if (!c->started || c->resyncing ||
	    netra_read32(&status->state) != NETRA_CHANNEL_RUNNING)
		return false;
	/* A source of a frame every few seconds is no stalled one. */
	if (num && den * 4000 / num > (stall_ms ? stall_ms : 3000))
		return false;
	return c->ring.head - c->ring.tail < entries / 2 &&
	       c->ring.used_bytes < c->ring.layout.data_size / 2;
}

/*
 * A board that leaves the bus tells nobody: look for it long before the
 * silence of its heart is a fault of the firmware.
 */
static bool has_left(struct netra_host *host, uint64_t now_ns)
{
	return now_ns - host->watchdog.heartbeat_ns >=
		       NETRA_NS_PER_MS * LOOK_BEATS * NETRA_HEARTBEAT_MS &&
	       !host->ops->present(host);
}

static void watch(struct netra_host *host, uint64_t now_ns)
{
	enum netra_trouble trouble;
	uint32_t channel;

	if (has_left(host, now_ns)) {
		netra_recover_trouble(host, NETRA_TROUBLE_GONE,
				      NETRA_EVENT_BOARD, now_ns);
		return;
	}
	for (uint32_t i = 0; i < host->channels; i++) {
		struct netra_channel *c = &host->channel[i];

		netra_channel_tick(host, i);
		netra_watchdog_channel(&host->watchdog, i,
				       expects_frames(host, i), c->ring.head,
				       now_ns);
		/* Found before, but not dealt with: another recovery ran. */
		if (c->ring.fault && !c->resyncing)
			netra_recover_trouble(host, NETRA_TROUBLE_RING_FAULT,
					      i, now_ns);
	}
	trouble = netra_watchdog_check(&host->watchdog, now_ns, &channel);
	if (trouble)
		netra_recover_trouble(host, trouble, channel, now_ns);
}

/* Interrupts that do not come while frames do: look by the clock instead. */
static uint64_t tick_length(struct netra_host *host, bool found)
{
	uint64_t beat_ms = host->options.heartbeat_timeout_ms;
	uint64_t ms = TICK_MS;

	if (host->interrupted)
		host->silent_ticks = 0;
	else if (found && host->silent_ticks < SILENT_TICKS)
		host->silent_ticks++;
	host->interrupted = false;
	if (beat_ms && beat_ms / 4 < ms)
		ms = beat_ms / 4;
	if (host->silent_ticks >= SILENT_TICKS)
		ms = POLLING_MS;
	return ms * NETRA_NS_PER_MS;
}

static bool tick(struct netra_host *host, uint64_t now_ns)
{
	const uint32_t beat_at = offsetof(struct netra_host_posts, host_beat);
	bool found = netra_host_scan(host, now_ns);

	host->tick_ns = now_ns + tick_length(host, found);
	if (host->state != NETRA_BOARD_ATTACHED)
		return found;
	if (now_ns - host->host_beat_ns >=
	    HOST_BEAT_MS * NETRA_NS_PER_MS * 9 / 10) {
		host->host_beat_ns = now_ns;
		host->ops->post(host, beat_at, ++host->host_beat);
	}
	if (host->recovery.step == NETRA_RECOVER_NONE)
		watch(host, now_ns);
	return found;
}

bool netra_host_service(struct netra_host *host, uint64_t now_ns,
			bool interrupted)
{
	bool found = false;

	host->now_ns = now_ns;
	host->interrupted |= interrupted;
	if (host->state == NETRA_BOARD_GONE)
		return true;
	if (host->state == NETRA_BOARD_ATTACHED &&
	    (interrupted || now_ns < host->tick_ns))
		found |= netra_host_scan(host, now_ns);
	if (host->state == NETRA_BOARD_ATTACHED && now_ns >= host->tick_ns)
		found |= tick(host, now_ns);
	if (host->recovery.step != NETRA_RECOVER_NONE)
		found |= netra_recover_step(host, now_ns);
	if (host->state == NETRA_BOARD_ATTACHED)
		host->ops->wake_at(host, host->tick_ns);
	return found;
}
