/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that mean the same on the wire and in the public interface.
 */
#ifndef NETRA_TYPES_H
#define NETRA_TYPES_H

#define NETRA_CHANNELS_MAX	64u
#define NETRA_SETS_BYTES	4096u	/* most that is kept of a channel's parameter sets */

/* How the two sides agree on who owns which bytes. */
enum netra_sync_mode {
	NETRA_SYNC_RING = 0,	/* single producer, single consumer, no lock */
	NETRA_SYNC_PETERSON = 1,/* indices under Peterson's lock, in host memory */
};

/* Frame flags. */
#define NETRA_FRAME_KEY		(1u << 0)	/* an IDR picture: decoding may start here */
#define NETRA_FRAME_PARAMETERS	(1u << 1)	/* SPS and PPS are in the access unit */
#define NETRA_FRAME_DISCONTINUITY (1u << 2)	/* frames are missing before this one */
#define NETRA_FRAME_NO_SIGNAL	(1u << 3)	/* coded from a lost input */
#define NETRA_FRAME_END		(1u << 4)	/* no data: the stream ends here */
#define NETRA_FRAME_FLAGS_ALL	0x1fu

enum netra_channel_state {
	NETRA_CHANNEL_STOPPED = 0,
	NETRA_CHANNEL_RUNNING = 1,
	NETRA_CHANNEL_NO_SIGNAL = 2,
	NETRA_CHANNEL_ENDED = 3,
};

/* Commands; arguments in order. */
enum netra_opcode {
	NETRA_CMD_PING = 0,
	NETRA_CMD_START = 1,
	NETRA_CMD_STOP = 2,
	NETRA_CMD_BIT_RATE = 3,		/* arg0: bits per second */
	NETRA_CMD_FRAME_RATE = 4,	/* arg0 / arg1: frames per second */
	NETRA_CMD_GOP = 5,		/* arg0: frames from IDR to IDR */
	NETRA_CMD_RESOLUTION = 6,	/* arg0 x arg1: pixels */
	NETRA_CMD_KEY_FRAME = 7,	/* code an IDR next */
	NETRA_CMD_RESYNC = 8,		/* ring positions back to 0; next frame is a key frame */
	NETRA_CMD_COUNT
};

enum netra_event_type {
	NETRA_EVENT_SIGNAL_LOST = 1,
	NETRA_EVENT_SIGNAL_FOUND = 2,
	NETRA_EVENT_FORMAT = 3,		/* arg: width, height, rate num, rate den */
	NETRA_EVENT_OVERRUN = 4,	/* arg0: frames lost */
	NETRA_EVENT_FAULT = 5,		/* arg0: enum netra_fault_code */
	NETRA_EVENT_ENDED = 6,		/* the channel's source has ended */
};

#define NETRA_EVENT_BOARD 0xffffffffu	/* channel of an event of the whole board */

enum netra_fault_code {
	NETRA_FAULT_NONE = 0,
	NETRA_FAULT_ENCODER = 1,	/* a channel's encoder failed */
	NETRA_FAULT_TRANSFER = 2,	/* an outbound transfer was refused */
	NETRA_FAULT_LOCK = 3,		/* Peterson lock taken from a dead host */
	NETRA_FAULT_OVERHEAT = 4,
};

#endif
