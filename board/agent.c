/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netra-agent: the firmware's end of the protocol as a program on the board's
 * ARM Linux. Reads H.264 from its standard input or from a FIFO per channel
 * and sends it to whatever host attaches.
 *
 * One thread. It looks for doorbells once in a millisecond while a host is
 * attached: the interrupt behind them belongs to the kernel.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "agent.h"

#define EXIT_RESTART	3
#define NS_PER_MS	1000000ull
#define POLL_MS		1
#define POLL_IDLE_MS	10

struct agent {
	struct agent_hardware hardware;
	struct netra_producer producer;
	struct agent_input input[NETRA_CHANNELS_MAX];
	struct agent_options options;
};

static struct agent agent;
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* ---- struct netra_producer_ops ------------------------------------------ */

static enum netra_error op_write(void *context, uint32_t offset,
				 const void *data, uint32_t length)
{
	struct agent *a = context;

	return netra_agent_host_write(&a->hardware, offset, data, length);
}

static enum netra_error op_read(void *context, uint32_t offset, void *data,
				uint32_t length)
{
	struct agent *a = context;

	return netra_agent_host_read(&a->hardware, offset, data, length);
}

static void op_fence(void *context)
{
	(void)context;
	netra_agent_fence();
}

static enum netra_error op_interrupt(void *context)
{
	struct agent *a = context;

	return netra_agent_interrupt(&a->hardware);
}

static uint32_t op_register(void *context, uint32_t offset)
{
	struct agent *a = context;

	return a->hardware.registers[offset / 4];
}

static uint64_t op_now(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static uint32_t start(struct agent_input *input)
{
	char why[200];

	if (input->fd < 0 || (input->ended && !input->path))
		return NETRA_REPLY_UNSUPPORTED;
	if (input->ended) {
		netra_agent_input_close(input);
		if (!netra_agent_input_open(input, why, sizeof(why)))
			return NETRA_REPLY_UNSUPPORTED;
	}
	input->started = true;
	return NETRA_REPLY_OK;
}

static uint32_t op_command(void *context, const struct netra_command *command,
			   uint32_t *detail)
{
	struct agent *a = context;
	struct agent_input *input = &a->input[command->channel];

	(void)detail;
	switch (command->opcode) {
	case NETRA_CMD_START:
		return start(input);
	case NETRA_CMD_STOP:
		input->skip_to_key |= input->started && !input->ended;
		input->started = false;
		return NETRA_REPLY_OK;
	default:
		/* The encoders are behind a pipe. */
		return NETRA_REPLY_UNSUPPORTED;
	}
}

static const struct netra_producer_ops ops = {
	.host_write = op_write,
	.host_read = op_read,
	.fence = op_fence,
	.interrupt = op_interrupt,
	.register_read = op_register,
	.now_ns = op_now,
	.command = op_command,
};

/* ---- inputs to producer ------------------------------------------------- */

static void tell_format(struct agent *a, uint32_t channel)
{
	struct agent_input *input = &a->input[channel];
	struct netra_channel_status *status =
		&a->producer.channel[channel].status;
	const uint32_t arg[4] = {
		input->width, input->height, input->num, input->den
	};

	status->width = input->width;
	status->height = input->height;
	status->rate_num = input->num;
	status->rate_den = input->den;
	input->format_changed = false;
	netra_producer_event(&a->producer, NETRA_EVENT_FORMAT, channel, arg);
}

/* Send what there is; true if something went. */
static bool feed(struct agent *a, uint32_t channel)
{
	struct agent_input *input = &a->input[channel];
	uint64_t now_ns = op_now(a);
	const struct netra_access_unit *unit =
		netra_agent_input_unit(input, now_ns);
	bool end;

	if (!unit)
		return false;
	end = unit->flags & NETRA_FRAME_END;
	if (input->format_changed)
		tell_format(a, channel);
	switch (netra_producer_put(&a->producer, channel, unit)) {
	case NETRA_ERR_STATE:
		/* Paused: a live picture is lost, an end must not be. */
		if (end || !netra_producer_attached(&a->producer))
			return false;
		break;
	case NETRA_ERR_AGAIN:
		if (end || now_ns - input->unit_ns < a->options.hold_ms * NS_PER_MS)
			return false;
		netra_producer_drop(&a->producer, channel);
		break;
	default:
		break;
	}
	netra_agent_input_taken(input);
	if (end)
		netra_producer_event(&a->producer, NETRA_EVENT_ENDED, channel,
				     NULL);
	return true;
}

/* Read, with bytes waiting or not: FIFOs without a writer never poll ready. */
static void serve(struct agent *a, uint32_t channel)
{
	struct agent_input *input = &a->input[channel];

	if (!input->started || input->ended)
		return;
	if (!netra_agent_input_read(input)) {
		const uint32_t arg[4] = { NETRA_FAULT_ENCODER };

		fprintf(stderr, "netra-agent: channel %u: cannot read: %s\n",
			channel, strerror(errno));
		netra_producer_event(&a->producer, NETRA_EVENT_FAULT, channel,
				     arg);
		input->at_end = true;
		/* What could not be cut is not sent. */
		input->fill = input->begin;
	}
	while (feed(a, channel))
		;
}

static void sleep_for_input(struct agent *a, uint64_t wake_ns)
{
	struct pollfd ready[NETRA_CHANNELS_MAX];
	nfds_t count = 0;
	uint64_t now_ns = op_now(a);
	int ms = netra_producer_attached(&a->producer) ? POLL_MS : POLL_IDLE_MS;

	for (uint32_t i = 0; i < a->options.channels; i++) {
		const struct agent_input *input = &a->input[i];

		if (input->started && !input->at_end && !input->have_unit)
			ready[count++] = (struct pollfd){ input->fd, POLLIN, 0 };
	}
	if (wake_ns <= now_ns)
		ms = 0;
	poll(ready, count, ms);
}

static int run(struct agent *a)
{
	while (!stop) {
		uint64_t wake_ns;

		if (netra_agent_doorbells(&a->hardware) >>
		    NETRA_DOORBELL_RESTART & 1)
			return EXIT_RESTART;
		netra_producer_poll(&a->producer);
		for (uint32_t i = 0; i < a->options.channels; i++)
			serve(a, i);
		wake_ns = netra_producer_poll(&a->producer);
		sleep_for_input(a, wake_ns);
	}
	return EXIT_SUCCESS;
}

/* ---- start -------------------------------------------------------------- */

static bool open_inputs(struct agent *a, char *why, size_t why_size)
{
	bool any = false;

	for (uint32_t i = 0; i < NETRA_CHANNELS_MAX; i++) {
		a->input[i].fd = -1;
		a->input[i].path = a->options.path[i];
		a->input[i].rate_num = a->options.rate_num;
		a->input[i].rate_den = a->options.rate_den;
		any |= a->input[i].path != NULL;
		if (a->input[i].path && i >= a->options.channels) {
			snprintf(why, why_size, "%s: channel %u is beyond --channels %u",
				 a->input[i].path, i, a->options.channels);
			return false;
		}
	}
	for (uint32_t i = 0; i < a->options.channels; i++) {
		if (!a->input[i].path && (any || i))
			continue;
		if (!netra_agent_input_open(&a->input[i], why, why_size))
			return false;
	}
	return true;
}

/* Different at every start, whatever is left in DDR. */
static uint32_t boot_count(const struct netra_board_block *block)
{
	uint32_t count;

	if (getrandom(&count, sizeof(count), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(count))
		count = (uint32_t)(op_now(NULL) / 1000);
	return count == block->info.boot_count ? count + 1 : count;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct agent *a = &agent;
	char why[200];
	int status;

	if (!netra_agent_options(&a->options, argc, argv, &status))
		return status;
	if (!open_inputs(a, why, sizeof(why)) ||
	    !netra_agent_map(&a->hardware, a->options.memory,
			     a->options.block_address, why, sizeof(why))) {
		fprintf(stderr, "netra-agent: %s\n", why);
		return EXIT_FAILURE;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	/* Until the block is filled in anew, an earlier start's is void. */
	netra_agent_stage(&a->hardware, NETRA_STAGE_KERNEL);
	netra_producer_init(&a->producer, a->hardware.block, &ops, NULL, a,
			    a->options.channels, a->hardware.soc->device_id,
			    "netra-agent " NETRA_VERSION,
			    boot_count(a->hardware.block));
	netra_agent_stage(&a->hardware, NETRA_STAGE_AGENT);
	status = run(a);
	netra_agent_stage(&a->hardware, NETRA_STAGE_NONE);
	for (uint32_t i = 0; i < a->options.channels; i++)
		netra_agent_input_close(&a->input[i]);
	netra_agent_unmap(&a->hardware);
	return status;
}
