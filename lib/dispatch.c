/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop's body: wait on one descriptor, then have core/ do what is due. A
 * wake-up costs one epoll_wait and a scan of the heads.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "internal.h"

/* Taken with the tick: a wake-up needs no read of it. */
static bool count_interrupts(struct netra_board *board)
{
	uint64_t count;

	if (read(board->irq_fd, &count, sizeof(count)) != sizeof(count))
		return false;
	board->interrupts += count;
	return true;
}

bool netra_own_handle(struct netra_board *board,
		      const struct epoll_event *event, int count)
{
	struct netra_host *host = &board->host;
	uint64_t expired, now = netra_now_ns();
	bool timer = false, irq = false;

	for (int i = 0; i < count; i++) {
		if (event[i].data.fd == board->irq_fd)
			irq = true;
		else if (event[i].data.fd == board->timer_fd)
			timer = true;
		else if (!board->transport->ops->alive(board->transport))
			netra_host_gone(host, board->transport->why);
	}
	if (host->state == NETRA_BOARD_GONE)
		return true;
	if (timer) {
		if (read(board->timer_fd, &expired, sizeof(expired)) < 0 &&
		    errno != EAGAIN)
			return false;
		board->timer_ns = 0;
	}
	if (now >= host->tick_ns)
		irq |= count_interrupts(board);
	return netra_host_service(host, now, irq);
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
	return (int)((deadline_ns - now + NETRA_NS_PER_MS - 1) / NETRA_NS_PER_MS);
}

enum netra_error netra_dispatch_once(struct netra_board *board, int timeout_ms)
{
	uint64_t deadline_ns = 0;

	if (timeout_ms < 0)
		deadline_ns = UINT64_MAX; /* some centuries from now */
	else if (timeout_ms)
		deadline_ns =
			netra_now_ns() + NETRA_NS_PER_MS * (unsigned int)timeout_ms;
	for (;;) {
		struct epoll_event event[3];
		bool found = false;
		int n;

		if (board->host.lost)
			return board->host.lost;
		if (board->dispatching) {
			enum netra_error other;

			if (!timeout_ms)
				return NETRA_ERR_AGAIN;
			other = wait_for_other(board, deadline_ns);
			if (other == NETRA_ERR_TIMEOUT)
				return NETRA_ERR_AGAIN;
			if (other == NETRA_OK)
				return board->host.lost;
			continue;
		}
		board->dispatching = true;
		pthread_mutex_unlock(&board->lock);
		n = epoll_wait(board->epoll_fd, event, 3,
			       timeout_ms ? wait_ms(deadline_ns) : 0);
		pthread_mutex_lock(&board->lock);
		/* Who does not wait is told of what no interrupt has told yet. */
		if (n > 0 || (!n && !timeout_ms))
			found = board->handle(board, event, n);
		board->dispatching = false;
		if (found) {
			board->work++;
			board->wakeups++;
		}
		if (board->waiters)
			pthread_cond_broadcast(&board->dispatched);
		if (board->host.lost)
			return board->host.lost;
		if (found)
			return NETRA_OK;
		if (!timeout_ms ||
		    (timeout_ms > 0 && netra_now_ns() >= deadline_ns))
			return NETRA_ERR_AGAIN;
	}
}

netra_os_fd netra_fd(const struct netra_board *board)
{
	return board->epoll_fd;
}

enum netra_error netra_dispatch(struct netra_board *board, int timeout_ms)
{
	enum netra_error error;

	pthread_mutex_lock(&board->lock);
	error = netra_dispatch_once(board, timeout_ms);
	board->host.rounds++;
	pthread_mutex_unlock(&board->lock);
	return error;
}
