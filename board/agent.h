/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of netra-agent, the program that runs on the board's ARM Linux:
 * command line (agent_options.c), hardware (agent_hardware.c), H.264 inputs
 * (agent_input.c), and the loop that joins them to the producer (agent.c). One thread.
 */
#ifndef NETRA_AGENT_H
#define NETRA_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/registers.h"
#include "media/h264.h"
#include "producer.h"

/* ---- options ------------------------------------------------------------ */

struct agent_options {
	uint32_t channels;
	const char *path[NETRA_CHANNELS_MAX];
	uint32_t rate_num, rate_den;
	uint32_t hold_ms;	/* how long a frame waits for room */
	const char *memory;
	uint32_t block_address;
};

/**
 * netra_agent_options() - Read the command line, with defaults.
 * @status: Receives the exit status when the program has to end.
 *
 * Return: false then; whatever there is to say has been said.
 */
bool netra_agent_options(struct agent_options *options, int argc, char **argv,
			 int *status);

/* ---- hardware ----------------------------------------------------------- */

struct agent_hardware {
	volatile uint32_t *registers;	/* PCIESS: application, then local config */
	volatile uint32_t *outbound;	/* 256 MB, uncached */
	struct netra_board_block *block;
	const struct netra_soc *soc;
	uint32_t msi_index, msi_hi;	/* what window 31 holds; no need to repeat */
	int fd;
};

/**
 * netra_agent_map() - Map registers, outbound region and board block.
 * @path: /dev/mem, or a plain file in its place.
 * @block_address: SoC address of a page of DDR that Linux does not use.
 * @why: Receives one sentence on failure.
 *
 * Return: false on failure, with nothing left mapped.
 */
bool netra_agent_map(struct agent_hardware *hardware, const char *path,
		     uint32_t block_address, char *why, size_t why_size);

void netra_agent_unmap(struct agent_hardware *hardware);

/** netra_agent_doorbells() - Take and clear the doorbells rung so far. */
uint32_t netra_agent_doorbells(struct agent_hardware *hardware);

/** netra_agent_stage() - Report enum netra_stage in GPR1. */
void netra_agent_stage(struct agent_hardware *hardware, enum netra_stage stage);

/* struct netra_producer_ops, with the hardware as context. */
enum netra_error netra_agent_host_write(struct agent_hardware *hardware,
					uint32_t offset, const void *data,
					uint32_t length);
enum netra_error netra_agent_host_read(struct agent_hardware *hardware,
				       uint32_t offset, void *data,
				       uint32_t length);
void netra_agent_fence(void);
enum netra_error netra_agent_interrupt(struct agent_hardware *hardware);

/* ---- inputs ------------------------------------------------------------- */

struct agent_input {
	const char *path;	/* NULL: standard input */
	int fd;			/* -1: none */
	bool fifo;		/* has no end before it had a writer */
	bool started;
	bool ended;		/* END was handed out */
	bool skip_to_key;	/* stopped in mid-stream once */
	uint8_t *buffer;
	size_t size, begin, fill;
	bool at_end;
	uint32_t rate_num, rate_den;	/* where the stream says nothing */
	struct netra_cutter cutter;
	uint64_t units;		/* since the start, or since the rate changed */
	int64_t base_90k;	/* dts of unit 0 */
	uint64_t sequence_unit;	/* where picture order began anew */
	uint32_t num, den;	/* rate in use */
	uint32_t width, height;
	bool format_changed;
	struct netra_access_unit unit;	/* cut and not yet taken */
	bool have_unit;
	uint64_t unit_ns;	/* when it was cut */
};

/** netra_agent_input_open() - FIFOs are opened without waiting for a writer. */
bool netra_agent_input_open(struct agent_input *input, char *why,
			    size_t why_size);

void netra_agent_input_close(struct agent_input *input);

/**
 * netra_agent_input_read() - Take what there is to read.
 * Return: false if reading failed (errno says why).
 */
bool netra_agent_input_read(struct agent_input *input);

/**
 * netra_agent_input_unit() - The next access unit, if it is whole.
 *
 * It stays the same until netra_agent_input_taken(). At the end of the stream
 * it is one without data and with NETRA_FRAME_END.
 */
const struct netra_access_unit *netra_agent_input_unit(struct agent_input *input,
						       uint64_t now_ns);

void netra_agent_input_taken(struct agent_input *input);

#endif
