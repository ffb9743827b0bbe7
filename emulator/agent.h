/* SPDX-License-Identifier: BSD-2-Clause */
/* What agent.c (the firmware) and streams.c (its channels) share. CPU thread. */
#ifndef NETRA_EMULATOR_AGENT_H
#define NETRA_EMULATOR_AGENT_H

#include "board/producer.h"
#include "emulator.h"

/* A channel's encoder, as far as it outlives a restart of the agent. */
struct netra_emu_stream {
	bool running;
	bool begun;		/* the source gave its first unit */
	bool have_unit;		/* unit was taken from the source, not sent yet */
	bool looked;		/* its faults were considered */
	bool want_key;		/* begin at a key frame */
	bool ending;		/* the source is at its end; END record due */
	bool ended;		/* END sent: START plays the source again */
	int64_t delay_90k;	/* of the source's times, by stops and resets */
	bool timed;		/* epoch_ns fits the source's times */
	uint32_t no_signal;	/* frames still to be sent as without signal */
	uint32_t seen_head;	/* to notice a resync */
	uint64_t epoch_ns;	/* board time of dts 0 */
	int64_t next_dts_90k;	/* behind the last unit */
	struct netra_access_unit unit;
};

struct netra_emu_agent {
	struct netra_emu *emu;
	struct netra_emu_stream stream[NETRA_CHANNELS_MAX];
	uint64_t late_irq_ns;	/* board time of an interrupt held back; 0 = none */
	uint64_t frames;	/* of channel 0: what faults of the board count */
	struct netra_producer producer;
};

/** netra_emu_streams_command() - As netra_producer_ops.command. */
uint32_t netra_emu_streams_command(struct netra_emu_agent *agent,
				   const struct netra_command *command,
				   uint32_t *detail);

/**
 * netra_emu_streams_pump() - Send what is due on all channels.
 * @moved: Set if any frame was sent: then there may be more at once.
 * Return: board time of the next thing to do, UINT64_MAX if none.
 */
uint64_t netra_emu_streams_pump(struct netra_emu_agent *agent, bool *moved);

/** netra_emu_streams_begin() - The agent begins: it knows its channels' formats. */
void netra_emu_streams_begin(struct netra_emu_agent *agent);

/** netra_emu_streams_stop() - The agent ends: nothing runs. */
void netra_emu_streams_stop(struct netra_emu_agent *agent);

#endif
