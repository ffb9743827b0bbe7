/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop's body: wait on one descriptor, look at what the board wrote, post
 * what it waits for, keep time.
 *
 * Steady state reads nothing over the bus. A wake-up costs one epoll_wait and
 * a scan of the heads, which lie side by side; an interrupt only says "look",
 * the heads say what there is. What must be watched runs in ticks.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/bytes.h"
#include "internal.h"

#define TICK_MS		250u
#define POLLING_MS	10u
#define SILENT_TICKS	3u

void timer_at(struct netra_board *board, uint64_t at_ns)
{
	struct itimerspec when = { 0 };

	if (board->timer_ns && board->timer_ns <= at_ns)
		return;
	when.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
	when.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
	timerfd_settime(board->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
	board->timer_ns = at_ns;
}

void post_word(struct netra_board *board, uint32_t offset, uint32_t value)
{
	enum netra_error error;

	if (board->posts) {
		volatile uint32_t *to = (volatile uint32_t *)
			((volatile uint8_t *)board->posts + offset);

		/* All that led to it is done: frames are not read any more. */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		*to = netra_le32(value);
		return;
	}
	error = transport_write32(board->transport, board->block_bar,
				  board->block_offset + offset + (uint32_t)
				  offsetof(struct netra_board_block, posts),
				  value);
	if (error)
		fail_transport(board, error);
}

static struct netra_event *new_event(struct netra_board *board)
{
	if (board->event_head - board->event_tail == EVENTS_KEPT) {
		board->event_tail++;
		board->events_lost++;
	}
	return &board->event[board->event_head++ % EVENTS_KEPT];
}

void notice(struct netra_board *board, enum netra_notice kind,
	    uint32_t channel, const char *format, ...)
{
	struct netra_event *event = new_event(board);
	va_list arguments;

	memset(event, 0, sizeof(*event));
	event->notice = kind;
	event->channel = channel;
	event->host_time_ns = now_ns();
	va_start(arguments, format);
	vsnprintf(event->text, sizeof(event->text), format, arguments);
	va_end(arguments);
}

static void describe(struct netra_event *event)
{
	const uint32_t *arg = event->arg;
	size_t size = sizeof(event->text);

	switch (event->type) {
	case NETRA_EVENT_SIGNAL_LOST:
		snprintf(event->text, size, "signal lost");
		break;
	case NETRA_EVENT_SIGNAL_FOUND:
		snprintf(event->text, size, "signal found");
		break;
	case NETRA_EVENT_FORMAT:
		snprintf(event->text, size, "format is %ux%u, %u/%u frames/s",
			 arg[0], arg[1], arg[2], arg[3]);
		break;
	case NETRA_EVENT_OVERRUN:
		snprintf(event->text, size, "overrun: %u frames lost", arg[0]);
		break;
	case NETRA_EVENT_FAULT:
		snprintf(event->text, size, "fault: %s",
			 arg[0] == NETRA_FAULT_ENCODER ? "encoder failed" :
			 arg[0] == NETRA_FAULT_TRANSFER ?
			 "an outbound transfer was refused" :
			 arg[0] == NETRA_FAULT_LOCK ?
			 "the host's lock was broken" :
			 arg[0] == NETRA_FAULT_OVERHEAT ? "overheated" :
			 "unknown");
		break;
	case NETRA_EVENT_ENDED:
		snprintf(event->text, size, "the source has ended");
		break;
	}
}

void notice_event(struct netra_board *board,
		  const struct netra_event_info *info, uint64_t host_ns)
{
	struct netra_event *event = new_event(board);
	uint64_t at = netra_clock_to_host(&board->clock, info->board_time_ns);

	memset(event, 0, sizeof(*event));
	event->notice = NETRA_NOTICE_BOARD;
	event->type = info->type;
	event->channel = info->channel;
	event->host_time_ns = at ? at : host_ns;
	memcpy(event->arg, info->arg, sizeof(event->arg));
	describe(event);
	board->events_lost += info->lost;
	if (info->type == NETRA_EVENT_FAULT &&
	    info->arg[0] == NETRA_FAULT_TRANSFER)
		board->dma_faults++;
}

static bool scan_events(struct netra_board *board, uint64_t now_ns)
{
	struct netra_host_area *area = board->arena.area;
	uint32_t head = netra_read32_acquire(&area->heads.event_head);
	struct netra_event_info info;
	uint32_t before = board->events.position;
	bool found = false;

	if (head == before)
		return false;
	while (netra_events_next(&board->events, area->event, head,
				 board->channels, &info)) {
		notice_event(board, &info, now_ns);
		found = true;
	}
	if (board->events.position != before)
		post_word(board, offsetof(struct netra_host_posts, event_tail),
			  board->events.position);
	return found;
}

/*
 * A new heartbeat gives a pair for the clock. The board rewrites the time
 * with each beat, so the beat must be the same before and after.
 */
static void scan_heartbeat(struct netra_board *board, uint64_t now_ns)
{
	struct netra_firmware_status *status = &board->arena.area->status;
	uint32_t beat = netra_read32_acquire(&status->heartbeat);
	uint64_t time_ns;

	if (beat == board->heartbeat)
		return;
	time_ns = netra_le64(__atomic_load_n(&status->board_time_ns,
					     __ATOMIC_ACQUIRE));
	if (netra_read32(&status->heartbeat) != beat ||
	    netra_read32(&status->generation) != board->generation)
		return;
	board->heartbeat = beat;
	board->heartbeats++;
	netra_clock_sample(&board->clock, time_ns, now_ns);
	netra_watchdog_heartbeat(&board->watchdog, beat, now_ns);
}

bool scan(struct netra_board *board, uint64_t now_ns)
{
	uint32_t frames = 0;
	bool found;

	if (board->state != NETRA_BOARD_ATTACHED)
		return false;
	scan_heartbeat(board, now_ns);
	for (uint32_t i = 0; i < board->channels &&
	     board->state == NETRA_BOARD_ATTACHED; i++)
		frames += channel_scan(board, i, now_ns);
	if (board->state != NETRA_BOARD_ATTACHED)
		return true;
	found = scan_events(board, now_ns);
	if (board->mailbox.head != board->mailbox.tail)
		found |= command_settle(board, now_ns);
	return found || frames;
}

/* Frames are expected: started, signal there, and room for them. */
static bool expects_frames(const struct netra_board *board, uint32_t channel)
{
	const struct netra_channel_status *status =
		&board->arena.area->channel[channel];
	const struct channel *c = &board->channel[channel];
	uint32_t entries = 1u << c->ring.layout.records_log2;
	uint32_t stall_ms = board->options.stall_timeout_ms;
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

static void watch(struct netra_board *board, uint64_t now_ns)
{
	enum netra_trouble trouble;
	uint32_t channel;

	for (uint32_t i = 0; i < board->channels; i++) {
		struct channel *c = &board->channel[i];

		channel_tick(board, i);
		netra_watchdog_channel(&board->watchdog, i,
				       expects_frames(board, i), c->ring.head,
				       now_ns);
		/* Found before, but not dealt with: another recovery ran. */
		if (c->ring.fault && !c->resyncing)
			recover_trouble(board, NETRA_TROUBLE_RING_FAULT, i,
					now_ns);
	}
	trouble = netra_watchdog_check(&board->watchdog, now_ns, &channel);
	if (trouble)
		recover_trouble(board, trouble, channel, now_ns);
}

/* Interrupts that do not come while frames do: look by the clock instead. */
static uint64_t tick_length(struct netra_board *board, bool found)
{
	uint64_t beat_ms = board->options.heartbeat_timeout_ms;
	uint64_t ms = TICK_MS;

	if (board->interrupted)
		board->silent_ticks = 0;
	else if (found && board->silent_ticks < SILENT_TICKS)
		board->silent_ticks++;
	board->interrupted = false;
	if (beat_ms && beat_ms / 4 < ms)
		ms = beat_ms / 4;
	if (board->silent_ticks >= SILENT_TICKS)
		ms = POLLING_MS;
	return ms * NS_PER_MS;
}

static bool tick(struct netra_board *board, uint64_t now_ns)
{
	bool found = scan(board, now_ns);
	uint64_t count;

	if (read(board->irq_fd, &count, sizeof(count)) == sizeof(count)) {
		board->interrupts += count;
		board->interrupted = true;
	}
	board->tick_ns = now_ns + tick_length(board, found);
	if (board->state != NETRA_BOARD_ATTACHED)
		return found;
	if (now_ns - board->host_beat_ns >= HOST_BEAT_MS * NS_PER_MS * 9 / 10) {
		board->host_beat_ns = now_ns;
		post_word(board, offsetof(struct netra_host_posts, host_beat),
			  ++board->host_beat);
	}
	if (board->recovery.step == RECOVER_NONE)
		watch(board, now_ns);
	return found;
}

/* What the descriptors said. Return: did anything come of it? */
static bool handle(struct netra_board *board, const struct epoll_event *event,
		   int count)
{
	uint64_t expired, now = now_ns();
	bool found = false, timer = false, irq = false;

	for (int i = 0; i < count; i++) {
		if (event[i].data.fd == board->irq_fd)
			irq = true;
		else if (event[i].data.fd == board->timer_fd)
			timer = true;
		else if (!board->transport->ops->alive(board->transport))
			board_gone(board, board->emulated ?
				   "the emulated board's process ended" :
				   "the board left the bus or its process ended");
	}
	if (board->state == NETRA_BOARD_GONE)
		return true;
	if (timer) {
		if (read(board->timer_fd, &expired, sizeof(expired)) < 0 &&
		    errno != EAGAIN)
			return false;
		board->timer_ns = 0;
	}
	if (board->state == NETRA_BOARD_ATTACHED &&
	    (irq || now < board->tick_ns))
		found |= scan(board, now);
	if (board->state == NETRA_BOARD_ATTACHED && now >= board->tick_ns)
		found |= tick(board, now);
	if (board->recovery.step != RECOVER_NONE)
		found |= recover_step(board, now);
	if (board->state == NETRA_BOARD_ATTACHED)
		timer_at(board, board->tick_ns);
	return found;
}

/* Another thread works: wait for what it finds. */
static enum netra_error wait_for_other(struct netra_board *board,
				       uint64_t deadline_ns)
{
	uint64_t seen = board->work;
	struct timespec until = {
		.tv_sec = (time_t)(deadline_ns / NS_PER_S),
		.tv_nsec = (long)(deadline_ns % NS_PER_S),
	};

	while (board->dispatching && board->work == seen) {
		int code;

		board->waiters++;
		code = pthread_cond_timedwait(&board->dispatched, &board->lock,
					      &until);
		board->waiters--;
		if (code == ETIMEDOUT)
			return NETRA_ERR_TIMEOUT;
	}
	return board->work == seen ? NETRA_ERR_AGAIN : NETRA_OK;
}

static int wait_ms(uint64_t deadline_ns)
{
	uint64_t now;

	if (deadline_ns == UINT64_MAX)
		return -1;
	now = now_ns();
	if (now >= deadline_ns)
		return 0;
	return (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

enum netra_error dispatch_once(struct netra_board *board, int timeout_ms)
{
	uint64_t deadline_ns = 0;

	if (timeout_ms < 0)
		deadline_ns = UINT64_MAX;	/* some centuries from now */
	else if (timeout_ms)
		deadline_ns = now_ns() + NS_PER_MS * (unsigned int)timeout_ms;
	for (;;) {
		struct epoll_event event[3];
		bool found = false;
		int n;

		if (board->lost)
			return board->lost;
		if (board->dispatching) {
			enum netra_error other;

			if (!timeout_ms)
				return NETRA_ERR_AGAIN;
			other = wait_for_other(board, deadline_ns);
			if (other == NETRA_ERR_TIMEOUT)
				return NETRA_ERR_AGAIN;
			if (other == NETRA_OK)
				return board->lost;
			continue;
		}
		board->dispatching = true;
		pthread_mutex_unlock(&board->lock);
		n = epoll_wait(board->epoll_fd, event, 3,
			       timeout_ms ? wait_ms(deadline_ns) : 0);
		pthread_mutex_lock(&board->lock);
		if (n > 0)
			found = handle(board, event, n);
		board->dispatching = false;
		if (found) {
			board->work++;
			board->wakeups++;
		}
		if (board->waiters)
			pthread_cond_broadcast(&board->dispatched);
		if (board->lost)
			return board->lost;
		if (found)
			return NETRA_OK;
		if (!timeout_ms || (timeout_ms > 0 && now_ns() >= deadline_ns))
			return NETRA_ERR_AGAIN;
	}
}

int netra_fd(const struct netra_board *board)
{
	return board->epoll_fd;
}

enum netra_error netra_dispatch(struct netra_board *board, int timeout_ms)
{
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = dispatch_once(board, timeout_ms);
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum netra_error netra_next_event(struct netra_board *board,
				  struct netra_event *event)
{
	enum netra_error error = NETRA_ERR_AGAIN;

	pthread_mutex_lock(&board->lock);
	if (board->event_tail != board->event_head) {
		*event = board->event[board->event_tail++ % EVENTS_KEPT];
		error = NETRA_OK;
	}
	pthread_mutex_unlock(&board->lock);
	return error;
}
