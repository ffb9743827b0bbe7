/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening and closing a board, and how its errors become sentences. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"
#include "names.h"

uint64_t netra_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

enum netra_error netra_fail_transport(struct netra_board *board,
				      enum netra_error error)
{
	if (error == NETRA_ERR_GONE)
		netra_host_gone(&board->host, board->transport->why);
	return netra_fail(board, error, "%s", board->transport->why);
}

enum netra_error netra_board_watch(struct netra_board *board, int fd,
				   uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (fd < 0 || board->epoll_fd < 0 ||
	    epoll_ctl(board->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return netra_fail(board, NETRA_ERR_IO,
				  "no event descriptors: %s", strerror(errno));
	return NETRA_OK;
}

static enum netra_error make_descriptors(struct netra_board *board)
{
	enum netra_error error;

	board->irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	board->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Edge-triggered: a wake-up needs no read, the count is taken later. */
	error = netra_board_watch(board, board->irq_fd, EPOLLIN | EPOLLET);
	if (!error)
		error = netra_board_watch(board, board->timer_fd, EPOLLIN);
	if (!error && board->transport->gone_fd >= 0)
		error = netra_board_watch(board, board->transport->gone_fd,
					  board->transport->gone_events);
	return error;
}

/* The child may have more to say than "connection closed". */
static enum netra_error emulated_failed(struct emulated *emulated,
					enum netra_error error, char *why,
					size_t why_size)
{
	const struct timespec moment = { .tv_nsec = 50 * NETRA_NS_PER_MS };
	char said[200];

	nanosleep(&moment, NULL);
	netra_emulated_said(emulated, said, sizeof(said));
	if (said[0])
		snprintf(why, why_size,
			 "the emulated board did not start: %s", said);
	netra_emulated_stop(emulated);
	return said[0] ? NETRA_ERR_INVALID : error;
}

static enum netra_error open_transport(const struct name *name,
				       struct transport **transport,
				       struct emulated **emulated, char *why,
				       size_t why_size)
{
	enum netra_error error;
	int fd;

	switch (name->kind) {
	case NAME_PCI:
		return netra_transport_vfio_open(name->rest, transport, why,
						 why_size);
	case NAME_VFIO_USER:
		return netra_transport_vfio_user_open(name->rest, transport,
						      why, why_size);
	case NAME_EMULATED:
		error = netra_emulated_start(name->rest, emulated, &fd, why,
					     why_size);
		if (error)
			return error;
		error = netra_transport_vfio_user_adopt(fd, transport, why,
							why_size);
		if (!error)
			return NETRA_OK;
		error = emulated_failed(*emulated, error, why, why_size);
		*emulated = NULL;
		return error;
	case NAME_KERNEL:
	case NAME_BAD:
		break;
	}
	snprintf(why, why_size, "%.300s", name->rest);
	return NETRA_ERR_INVALID;
}

static void init_host(struct netra_board *board,
		      const struct netra_options *from)
{
	struct netra_host_options options = { 0 };
	uint32_t seed = 0;

	if (from) {
		options.channels = from->channels;
		options.arena_bytes = from->arena_bytes;
		if (from->window_bytes)
			options.window_log2 =
				(uint32_t)__builtin_ctz(from->window_bytes);
		options.sync_mode = from->sync_mode;
		options.irq_holdoff_us = from->irq_holdoff_us;
		options.heartbeat_timeout_ms = from->heartbeat_timeout_ms;
		options.stall_timeout_ms = from->stall_timeout_ms;
		options.boot_timeout_ms = from->boot_timeout_ms;
	}
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint32_t)netra_now_ns();
	/* Which SoC it is turns out when the bus is asked. */
	netra_host_init(&board->host, &netra_lib_ops, &options, NULL, seed);
}

struct netra_board *netra_board_allocate(const char *name,
					 const struct netra_options *options,
					 const struct board_ops *ops,
					 board_handler *handle)
{
	struct netra_board *board = calloc(1, sizeof(*board));
	pthread_condattr_t attributes;

	if (!board)
		return NULL;
	init_host(board, options);
	board->ops = ops;
	board->handle = handle;
	board->irq_fd = board->timer_fd = board->kernel_fd = -1;
	board->arena.fd = -1;
	if (options)
		board->options = *options;
	if (board->options.firmware_dir) {
		board->firmware_dir = strdup(board->options.firmware_dir);
		if (!board->firmware_dir) {
			free(board);
			return NULL;
		}
	}
	board->options.firmware_dir = NULL;
	board->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	snprintf(board->name, sizeof(board->name), "%s", name);
	pthread_mutex_init(&board->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&board->dispatched, &attributes);
	pthread_condattr_destroy(&attributes);
	return board;
}

void netra_board_release(struct netra_board *board)
{
	if (board->transport) {
		/* Whatever its firmware still does, it does not reach memory. */
		netra_bus_silence(board);
		board->transport->ops->irq(board->transport, -1);
	}
	netra_arena_destroy(&board->arena, board->transport);
	if (board->transport)
		board->transport->ops->close(board->transport);
	netra_emulated_stop(board->emulated);
	if (board->kernel_fd >= 0)
		close(board->kernel_fd);
	if (board->timer_fd >= 0)
		close(board->timer_fd);
	if (board->irq_fd >= 0)
		close(board->irq_fd);
	if (board->epoll_fd >= 0)
		close(board->epoll_fd);
	for (uint32_t i = 0; i < NETRA_CHANNELS_MAX; i++)
		free(board->host.channel[i].frames);
	netra_images_free(board);
	pthread_cond_destroy(&board->dispatched);
	pthread_mutex_destroy(&board->lock);
	free(board->firmware_dir);
	free(board);
}

static const struct board_ops own_ops;

enum netra_error netra_board_make(const char *name,
				  const struct netra_options *options,
				  struct transport *transport,
				  struct emulated *emulated,
				  struct netra_board **board, char *why,
				  size_t why_size)
{
	struct netra_board *b = netra_board_allocate(name, options, &own_ops,
						     netra_own_handle);
	enum netra_error error;

	if (!b) {
		snprintf(why, why_size, "out of memory");
		transport->ops->close(transport);
		netra_emulated_stop(emulated);
		return NETRA_ERR_NO_MEMORY;
	}
	b->transport = transport;
	b->emulated = emulated;
	memcpy(b->host.bar_bytes, transport->bar_bytes,
	       sizeof(b->host.bar_bytes));
	error = make_descriptors(b);
	if (!error)
		error = netra_bus_identify(b);
	if (error) {
		snprintf(why, why_size, "%s", b->host.error_text);
		netra_board_release(b);
		return error;
	}
	*board = b;
	return NETRA_OK;
}

enum netra_error netra_open_name(const char *name,
				 const struct netra_options *options,
				 struct netra_board **board, char *why,
				 size_t why_size)
{
	struct emulated *emulated = NULL;
	struct transport *transport;
	enum netra_error error;
	struct name parsed;

	netra_name_parse(name, &parsed);
	if (parsed.kind == NAME_KERNEL)
		return netra_kernel_open(parsed.rest, options, board, why,
					 why_size);
	error = open_transport(&parsed, &transport, &emulated, why, why_size);
	if (error)
		return error;
	return netra_board_make(name, options, transport, emulated, board, why,
				why_size);
}

const char *netra_error_text(const struct netra_board *board, char *buffer,
			     size_t size)
{
	struct netra_board *b = (struct netra_board *)(uintptr_t)board;

	if (!size)
		return buffer;
	pthread_mutex_lock(&b->lock);
	snprintf(buffer, size, "%s", b->host.error_text);
	pthread_mutex_unlock(&b->lock);
	return buffer;
}

/* Windows are taken down and drained before their memory is freed. */
static void own_close(struct netra_board *board)
{
	if (board->host.attached && board->host.state != NETRA_BOARD_GONE)
		netra_detach(board);
	netra_board_release(board);
}

static const struct board_ops own_ops = {
	.close = own_close,
	.boot = netra_own_boot,
	.start = netra_own_start,
	.reset = netra_own_reset,
	.command = netra_own_command,
	.post = netra_own_post,
	.next_event = netra_own_next_event,
	.details = netra_own_details,
	.stats = netra_own_stats,
	.channel_stats = netra_own_channel_stats,
	.dump = netra_own_dump,
	.reader_open = netra_own_reader_open,
};
