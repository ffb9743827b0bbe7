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
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/bytes.h"
#include "internal.h"

#define TICK_MS 250u
#define POLLING_MS 10u
#define SILENT_TICKS 3u
#define LOOK_BEATS 2

void netra_timer_at(struct netra_board *board, uint64_t at_ns)
{
	struct itimerspec when = { 0 };

	if (board->timer_ns && board->timer_ns <= at_ns)
		return;
	when.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
	when.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
	timerfd_settime(board->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
	board->timer_ns = at_ns;
}

void netra_post_word(struct netra_board *board, uint32_t offset, uint32_t value)
{
	enum netra_error error;

	if (board->posts) {
		volatile uint32_t *to =
			(volatile uint32_t *)((volatile uint8_t *)board->posts +
					      offset);

		/* All that led to it is done: frames are not read any more. */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		*to = netra_le32(value);
		return;
	}
	error = netra_transport_write32(board->transport, board->block_bar,
					board->block_offset + offset +
						(uint32_t)offsetof(struct netra_board_block,
								   posts),
					value);
	if (error)
		netra_fail_transport(board, error);
}

/*
 * A new heartbeat gives a pair for the clock. The board rewrites the time
 * with each beat, so the beat must be the same before and after.
 */
void netra_scan_heartbeat(struct netra_board *board, uint64_t now_ns)
{
	struct netra_firmware_status *status = &board->arena.area->status;
	uint32_t beat = netra_read32_acquire(&status->heartbeat);
	uint64_t time_ns;

	if (beat == board->heartbeat)
		return;
	time_ns = netra_le64(
		__atomic_load_n(&status->board_time_ns, __ATOMIC_ACQUIRE));
	if (netra_read32(&status->heartbeat) != beat ||
	    netra_read32(&status->generation) != board->generation)
		return;
	board->heartbeat = beat;
	board->heartbeats++;
	netra_clock_sample(&board->clock, time_ns, now_ns);
	netra_watchdog_heartbeat(&board->watchdog, beat, now_ns);
}

bool netra_scan(struct netra_board *board, uint64_t now_ns)
{
	uint32_t frames = 0;
	bool found;

	if (board->state != NETRA_BOARD_ATTACHED)
		return false;
	netra_scan_heartbeat(board, now_ns);
	for (uint32_t i = 0;
	     i < board->channels && board->state == NETRA_BOARD_ATTACHED; i++)
		frames += netra_channel_scan(board, i, now_ns);
	if (board->state != NETRA_BOARD_ATTACHED)
		return true;
	found = netra_scan_events(board, now_ns);
	if (board->mailbox.head != board->mailbox.tail)
		found |= netra_command_settle(board, now_ns);
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

/*
 * A board that leaves the bus tells nobody: look for it long before the
 * silence of its heart is a fault of the firmware.
 */
static bool has_left(struct netra_board *board, uint64_t now_ns)
{
	return now_ns - board->watchdog.heartbeat_ns >=
		       NS_PER_MS * LOOK_BEATS * NETRA_HEARTBEAT_MS &&
	       !netra_bus_present(board);
}

static void watch(struct netra_board *board, uint64_t now_ns)
{
	enum netra_trouble trouble;
	uint32_t channel;

	if (has_left(board, now_ns)) {
		netra_recover_trouble(board, NETRA_TROUBLE_GONE,
				      NETRA_EVENT_BOARD, now_ns);
		return;
	}
	for (uint32_t i = 0; i < board->channels; i++) {
		struct channel *c = &board->channel[i];

		netra_channel_tick(board, i);
		netra_watchdog_channel(&board->watchdog, i,
				       expects_frames(board, i), c->ring.head,
				       now_ns);
		/* Found before, but not dealt with: another recovery ran. */
		if (c->ring.fault && !c->resyncing)
			netra_recover_trouble(board, NETRA_TROUBLE_RING_FAULT,
					      i, now_ns);
	}
	trouble = netra_watchdog_check(&board->watchdog, now_ns, &channel);
	if (trouble)
		netra_recover_trouble(board, trouble, channel, now_ns);
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
	bool found = netra_scan(board, now_ns);
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
		netra_post_word(board,
				offsetof(struct netra_host_posts, host_beat),
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
	uint64_t expired, now = netra_now_ns();
	bool found = false, timer = false, irq = false;

	for (int i = 0; i < count; i++) {
		if (event[i].data.fd == board->irq_fd)
			irq = true;
		else if (event[i].data.fd == board->timer_fd)
			timer = true;
		else if (!board->transport->ops->alive(board->transport))
			netra_board_gone(board, board->transport->why);
	}
	if (board->state == NETRA_BOARD_GONE)
		return true;
	if (timer) {
		if (read(board->timer_fd, &expired, sizeof(expired)) < 0 &&
		    errno != EAGAIN)
			return false;
		board->timer_ns = 0;
	}
	if (board->state == NETRA_BOARD_ATTACHED && (irq || now < board->tick_ns))
		found |= netra_scan(board, now);
	if (board->state == NETRA_BOARD_ATTACHED && now >= board->tick_ns)
		found |= tick(board, now);
	if (board->recovery.step != RECOVER_NONE)
		found |= netra_recover_step(board, now);
	if (board->state == NETRA_BOARD_ATTACHED)
		netra_timer_at(board, board->tick_ns);
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
	now = netra_now_ns();
	if (now >= deadline_ns)
		return 0;
	return (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

enum netra_error netra_dispatch_once(struct netra_board *board, int timeout_ms)
{
	uint64_t deadline_ns = 0;

	if (timeout_ms < 0)
		deadline_ns = UINT64_MAX; /* some centuries from now */
	else if (timeout_ms)
		deadline_ns =
			netra_now_ns() + NS_PER_MS * (unsigned int)timeout_ms;
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
		if (!timeout_ms ||
		    (timeout_ms > 0 && netra_now_ns() >= deadline_ns))
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
	error = netra_dispatch_once(board, timeout_ms);
	board->rounds++;
	pthread_mutex_unlock(&board->lock);
	return error;
}
