/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What core/'s half of the host asks of its driver, over a transport and in
 * this process's memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

#include "core/bytes.h"
#include "internal.h"

static struct netra_board *board_of(struct netra_host *host)
{
	return (struct netra_board *)((char *)host -
				      offsetof(struct netra_board, host));
}

static enum netra_error read32(struct netra_host *host, unsigned int bar,
			       uint32_t offset, uint32_t *value)
{
	struct netra_board *board = board_of(host);
	enum netra_error error;

	error = netra_transport_read32(board->transport, bar, offset, value);
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

static enum netra_error write32(struct netra_host *host, unsigned int bar,
				uint32_t offset, uint32_t value)
{
	struct netra_board *board = board_of(host);
	enum netra_error error;

	error = netra_transport_write32(board->transport, bar, offset, value);
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

static enum netra_error upload(struct netra_host *host,
			       const struct netra_action *action, bool *arrived)
{
	struct netra_board *board = board_of(host);
	enum netra_error error;

	error = netra_transport_upload(board->transport, action->bar,
				       action->offset,
				       board->image[action->image] +
					       action->image_offset,
				       action->length, arrived);
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

static void post(struct netra_host *host, uint32_t offset, uint32_t value)
{
	volatile uint8_t *bar = board_of(host)->transport->bar[host->block_bar];
	uint32_t at = host->block_offset + offset +
		      (uint32_t)offsetof(struct netra_board_block, posts);

	if (!bar) {
		write32(host, host->block_bar, at, value);
		return;
	}
	/* All that led to it is done: frames are not read any more. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint32_t *)(bar + at) = netra_le32(value);
}

static bool present(struct netra_host *host)
{
	return netra_bus_present(board_of(host));
}

static enum netra_error prepare(struct netra_host *host)
{
	return netra_bus_prepare(board_of(host));
}

static enum netra_error reset(struct netra_host *host)
{
	struct netra_board *board = board_of(host);
	enum netra_error error = board->transport->ops->reset(board->transport);

	return error ? netra_fail_transport(board, error) :
		       netra_bus_prepare(board);
}

static enum netra_error load_images(struct netra_host *host)
{
	return netra_images_load(board_of(host), NULL);
}

static void free_images(struct netra_host *host)
{
	netra_images_free(board_of(host));
}

/* Made once, as readers point into it. */
static enum netra_error make_arena(struct netra_board *board)
{
	struct netra_host *host = &board->host;
	char why[NETRA_ERROR_TEXT / 2];
	enum netra_error error;

	error = netra_host_plan(host, 0);
	if (error)
		return error;
	error = netra_arena_create(&board->arena,
				   (uint64_t)host->attach.windows.count
					   << host->attach.windows.log2,
				   why, sizeof(why));
	if (error)
		return netra_fail(board, error, "%s", why);
	host->view = board->arena.view;
	host->area = board->arena.area;
	host->arena_bytes = board->arena.bytes;
	return NETRA_OK;
}

static enum netra_error make_rings(struct netra_board *board)
{
	struct netra_host *host = &board->host;

	for (uint32_t i = 0; i < host->channels; i++) {
		struct netra_channel *c = &host->channel[i];

		if (!c->frames)
			c->frames = calloc(1ull << host->attach.block.channel[i]
							   .records_log2,
					   sizeof(*c->frames));
		if (!c->frames)
			return netra_fail(board, NETRA_ERR_NO_MEMORY,
					  "no memory for %u rings",
					  host->channels);
	}
	return NETRA_OK;
}

static enum netra_error arena(struct netra_host *host)
{
	struct netra_board *board = board_of(host);
	uint32_t log2;
	enum netra_error error = NETRA_OK;

	if (!host->view)
		error = make_arena(board);
	if (!error)
		error = make_rings(board);
	if (error)
		return error;
	log2 = host->attach.windows.log2;
	error = netra_arena_dma_map(&board->arena, board->transport,
				    1ull << log2);
	if (error)
		return netra_fail_transport(board, error);
	for (uint32_t i = 0; i < host->attach.windows.count; i++)
		host->attach.bus[i] = board->arena.iova + ((uint64_t)i << log2);
	error = netra_arena_clear(&board->arena);
	return error ? netra_fail(board, error,
				  "no address space for the arena") :
		       NETRA_OK;
}

static void wake_at(struct netra_host *host, uint64_t at_ns)
{
	struct netra_board *board = board_of(host);
	struct itimerspec when = { 0 };

	if (board->timer_ns && board->timer_ns <= at_ns)
		return;
	when.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
	when.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
	timerfd_settime(board->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
	board->timer_ns = at_ns;
}

static void event(struct netra_host *host, const struct netra_event_info *info,
		  uint64_t host_ns)
{
	netra_queue_event(board_of(host), info, host_ns);
}

static void notice(struct netra_host *host, enum netra_host_notice kind,
		   uint32_t channel, const char *text)
{
	netra_queue_notice(board_of(host), kind, channel, text);
}

static void format(char *buffer, size_t size, const char *text, va_list arguments)
	__attribute__((format(printf, 3, 0)));

static void format(char *buffer, size_t size, const char *text, va_list arguments)
{
	vsnprintf(buffer, size, text, arguments);
}

const struct netra_host_ops netra_lib_ops = {
	.read32 = read32,
	.write32 = write32,
	.upload = upload,
	.post = post,
	.present = present,
	.reset = reset,
	.prepare = prepare,
	.load_images = load_images,
	.free_images = free_images,
	.arena = arena,
	.wake_at = wake_at,
	.event = event,
	.notice = notice,
	.format = format,
};
