/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire format between board and host, version 1. docs/protocol.md is the
 * specification; this header is its transcription. All fields are
 * little-endian; use the netra_le*() helpers of bytes.h to touch them.
 *
 * Two areas. The *board block* lies in the board's DDR and is reached by the
 * host through a BAR: the host writes it, and reads it only to attach. The
 * *host area* starts the arena, in host memory behind the outbound windows:
 * the board writes it, and reads it only in Peterson mode.
 */
#ifndef NETRA_PROTOCOL_H
#define NETRA_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "types.h"

#define NETRA_PROTOCOL_VERSION	1u
#define NETRA_MAGIC		0x4152544eu	/* "NTRA" */
#define NETRA_DATA_WINDOWS_MAX	31u		/* window 31 carries MSIs */
#define NETRA_MSI_WINDOW	31u
#define NETRA_COMMAND_SLOTS	16u
#define NETRA_EVENT_SLOTS	64u
#define NETRA_FRAME_ALIGN	64u		/* frames start on a cache line */
#define NETRA_RECORDS_LOG2_MIN	4u
#define NETRA_RECORDS_LOG2_MAX	16u

/* Doorbell vectors the host writes to MSI_IRQ (BAR0 + 0x54). */
#define NETRA_DOORBELL_ATTACH	0u	/* the attach block changed */
#define NETRA_DOORBELL_COMMAND	1u	/* a command slot was filled */
#define NETRA_DOORBELL_RESTART	31u	/* restart the firmware agent */

/* Scratch registers GPR1 and GPR2 while booting; see docs/protocol.md. */
#define NETRA_STAGE_MASK	0xffffff00u
#define NETRA_STAGE_BASE	0x4e544200u	/* "NTB" */
enum netra_stage {
	NETRA_STAGE_NONE = 0x00,
	NETRA_STAGE_UBOOT = 0x10,	/* U-Boot runs and waits for images */
	NETRA_STAGE_SCRIPT = 0x20,	/* the boot script runs */
	NETRA_STAGE_KERNEL = 0x30,	/* images accepted, kernel started */
	NETRA_STAGE_AGENT = 0x40,	/* agent is up; GPR2 holds the board block's address */
	NETRA_STAGE_BAD_SCRIPT = 0x80,	/* script image refused */
	NETRA_STAGE_BAD_KERNEL = 0x81,	/* kernel image refused */
	NETRA_STAGE_BAD_RAMDISK = 0x82,	/* file-system image refused */
};

/* ---- board block (board DDR; host writes through a BAR) ---------------- */

/* Written by the board before it sets NETRA_STAGE_AGENT. */
struct netra_board_info {
	uint32_t magic;		/* NETRA_MAGIC */
	uint32_t size;		/* sizeof(struct netra_board_block) */
	uint32_t version;	/* NETRA_PROTOCOL_VERSION */
	uint32_t boot_count;	/* differs after every start of the agent */
	uint32_t channels;	/* 1..NETRA_CHANNELS_MAX */
	uint32_t sync_modes;	/* bit (1 << enum netra_sync_mode) */
	uint32_t device_id;	/* 0xb800.. */
	uint32_t reserved;
	char firmware[32];	/* name and version, NUL-padded */
	/* Answer to the attach block; generation is written last. */
	uint32_t attach_status;	/* enum netra_attach_status */
	uint32_t attach_generation;
	uint32_t reserved2[46];
};

enum netra_attach_status {
	NETRA_ATTACH_OK = 0,
	NETRA_ATTACH_BAD_CRC = 1,
	NETRA_ATTACH_BAD_VERSION = 2,
	NETRA_ATTACH_BAD_LAYOUT = 3,
	NETRA_ATTACH_BAD_WINDOW = 4,	/* a window is disabled or misaligned */
	NETRA_ATTACH_BAD_MODE = 5,
};

/* Where one channel's ring lies; offsets are from the arena's start. */
struct netra_channel_layout {
	uint32_t records_offset;
	uint32_t records_log2;
	uint32_t data_offset;
	uint32_t data_size;
};

/* Written by the host; generation last, then NETRA_DOORBELL_ATTACH. */
struct netra_attach {
	uint32_t size;		/* sizeof(struct netra_attach) */
	uint32_t version;
	uint32_t sync_mode;
	uint32_t channels;	/* channels with a ring; <= board's */
	uint32_t window_log2;	/* 20..23: bytes per outbound window */
	uint32_t window_count;	/* 1..NETRA_DATA_WINDOWS_MAX, from window 0 */
	uint32_t irq_holdoff_us;/* least time between two MSIs; 0 = none */
	uint32_t host_beat_ms;	/* board pauses after 8 missed host beats */
	struct netra_channel_layout channel[NETRA_CHANNELS_MAX];
	uint32_t reserved[6];
	uint32_t crc32c;	/* of all bytes before this field */
	uint32_t generation;	/* 0 = detached; else differs every attach */
};

/* Written by the host in steady state: posted writes, never read back. */
struct netra_host_posts {
	uint32_t tail[NETRA_CHANNELS_MAX];	/* records released, free-running */
	uint32_t event_tail;
	uint32_t host_beat;			/* counts up every host_beat_ms */
	uint32_t command_head;			/* commands posted, free-running */
	uint32_t reserved[61];
};

struct netra_command {
	uint32_t id;		/* position in the command ring, free-running */
	uint32_t opcode;
	uint32_t channel;
	uint32_t arg[4];
	uint32_t reserved[8];
	uint32_t crc32c;	/* of all bytes before this field */
};

struct netra_board_block {
	struct netra_board_info info;			/* 0x000 */
	struct netra_attach attach;			/* 0x100 */
	uint8_t pad[0x800 - 0x540];
	struct netra_host_posts posts;			/* 0x800 */
	struct netra_command command[NETRA_COMMAND_SLOTS];/* 0xa00 */
	uint8_t pad2[0x1000 - 0xe00];
};

/* ---- host area (arena offset 0; board writes through its windows) ------ */

enum netra_firmware_state {
	NETRA_FW_IDLE = 1,	/* attached, nothing streams */
	NETRA_FW_STREAMING = 2,
	NETRA_FW_PAUSED = 3,	/* the host's beat stopped */
	NETRA_FW_FAULT = 4,
};

/* Rewritten by the board every NETRA_HEARTBEAT_MS; heartbeat last. */
#define NETRA_HEARTBEAT_MS 100u
struct netra_firmware_status {
	uint32_t generation;
	uint32_t state;		/* enum netra_firmware_state */
	uint32_t boot_count;
	uint32_t fault;		/* enum netra_fault_code, latest */
	uint64_t board_time_ns;	/* board clock when heartbeat was written */
	uint64_t interrupts;	/* MSIs sent */
	uint32_t reserved[7];
	uint32_t heartbeat;
};

/* Board's own account of a channel; rewritten with the heartbeat. */
struct netra_channel_status {
	uint32_t state;		/* enum netra_channel_state */
	uint32_t width;		/* pixels; 0 = unknown */
	uint32_t height;
	uint32_t rate_num;	/* frames per second = num / den; 0 = unknown */
	uint32_t rate_den;
	uint32_t bit_rate;	/* set point, bits per second; 0 = unknown */
	uint64_t frames;	/* put into the ring since start */
	uint64_t lost;		/* dropped for want of room since start */
	uint64_t bytes;
	uint32_t reserved[4];
};

/* Heads: records written by the board per channel, free-running. */
struct netra_heads {
	uint32_t head[NETRA_CHANNELS_MAX];
	uint32_t event_head;
	uint32_t reserved[63];
};

struct netra_reply {
	uint32_t id;		/* of the command answered */
	uint32_t status;	/* enum netra_reply_status */
	uint32_t detail;
	uint32_t generation;
	uint32_t reserved[3];
	uint32_t crc32c;	/* of all bytes before this field */
};

enum netra_reply_status {
	NETRA_REPLY_OK = 0,
	NETRA_REPLY_UNKNOWN = 1,	/* no such opcode */
	NETRA_REPLY_BAD_CHANNEL = 2,
	NETRA_REPLY_BAD_ARGUMENT = 3,
	NETRA_REPLY_UNSUPPORTED = 4,	/* the source cannot do it */
	NETRA_REPLY_BAD_CRC = 5,
};

/*
 * One channel's words in Peterson mode. side[i].flag: side i wants the lock;
 * turn: who yields. 0 = board, 1 = host. beat counts acquisitions, so that
 * the other side can tell a busy owner from a dead one.
 */
#define NETRA_SIDE_BOARD 0u
#define NETRA_SIDE_HOST 1u
struct netra_lock_words {
	uint32_t flag[2];
	uint32_t turn;
	uint32_t beat[2];
	uint32_t head;		/* guarded by the lock */
	uint32_t tail;		/* guarded by the lock */
	uint32_t reserved[9];
};

struct netra_event_record {
	uint32_t sequence;	/* position in the event ring, free-running */
	uint32_t type;		/* enum netra_event_type */
	uint32_t channel;
	uint32_t lost;		/* events dropped before this one */
	uint64_t board_time_ns;
	uint32_t arg[4];
	uint32_t generation;
	uint32_t reserved[4];
	uint32_t crc32c;	/* of all bytes before this field */
};

/* One cache line per access unit. record_crc32c covers the 60 bytes before. */
struct netra_record {
	uint64_t sequence;	/* of the frame, from 0 at attach; counts lost ones */
	uint64_t board_time_ns;	/* capture of the picture, board clock */
	int64_t pts_90k;	/* presentation time, 90 kHz */
	int64_t dts_90k;	/* decode time, 90 kHz; never above pts */
	uint32_t offset;	/* from the arena's start */
	uint32_t length;	/* bytes, Annex B */
	uint32_t flags;		/* NETRA_FRAME_* */
	uint32_t lost;		/* frames dropped just before this one */
	uint32_t duration_90k;	/* until the next dts; 0 = unknown */
	uint32_t data_crc32c;	/* of the access unit's bytes */
	uint32_t position;	/* in the record ring, free-running */
	uint32_t record_crc32c;
};

struct netra_host_area {
	struct netra_firmware_status status;			/* 0x0000 */
	uint8_t pad[0x100 - 0x40];
	struct netra_heads heads;				/* 0x0100 */
	struct netra_reply reply[NETRA_COMMAND_SLOTS];		/* 0x0300 */
	uint8_t pad2[0x1000 - 0x500];
	struct netra_channel_status channel[NETRA_CHANNELS_MAX];/* 0x1000 */
	struct netra_event_record event[NETRA_EVENT_SLOTS];	/* 0x2000 */
	struct netra_lock_words lock[NETRA_CHANNELS_MAX];	/* 0x3000 */
};

#define NETRA_ASSERT(cond) _Static_assert(cond, #cond)
NETRA_ASSERT(sizeof(struct netra_board_info) == 0x100);
NETRA_ASSERT(offsetof(struct netra_board_info, attach_status) == 0x40);
NETRA_ASSERT(sizeof(struct netra_attach) == 0x440);
NETRA_ASSERT(offsetof(struct netra_attach, channel) == 0x20);
NETRA_ASSERT(offsetof(struct netra_attach, generation) == 0x43c);
NETRA_ASSERT(sizeof(struct netra_host_posts) == 0x200);
NETRA_ASSERT(offsetof(struct netra_host_posts, event_tail) == 0x100);
NETRA_ASSERT(sizeof(struct netra_command) == 64);
NETRA_ASSERT(offsetof(struct netra_board_block, attach) == 0x100);
NETRA_ASSERT(offsetof(struct netra_board_block, posts) == 0x800);
NETRA_ASSERT(offsetof(struct netra_board_block, command) == 0xa00);
NETRA_ASSERT(sizeof(struct netra_board_block) == 0x1000);
NETRA_ASSERT(sizeof(struct netra_firmware_status) == 64);
NETRA_ASSERT(offsetof(struct netra_firmware_status, heartbeat) == 60);
NETRA_ASSERT(sizeof(struct netra_channel_status) == 64);
NETRA_ASSERT(sizeof(struct netra_heads) == 0x200);
NETRA_ASSERT(sizeof(struct netra_reply) == 32);
NETRA_ASSERT(sizeof(struct netra_lock_words) == 64);
NETRA_ASSERT(sizeof(struct netra_event_record) == 64);
NETRA_ASSERT(offsetof(struct netra_event_record, crc32c) == 60);
NETRA_ASSERT(sizeof(struct netra_record) == 64);
NETRA_ASSERT(offsetof(struct netra_record, offset) == 32);
NETRA_ASSERT(offsetof(struct netra_record, record_crc32c) == 60);
NETRA_ASSERT(offsetof(struct netra_host_area, heads) == 0x100);
NETRA_ASSERT(offsetof(struct netra_host_area, reply) == 0x300);
NETRA_ASSERT(offsetof(struct netra_host_area, channel) == 0x1000);
NETRA_ASSERT(offsetof(struct netra_host_area, event) == 0x2000);
NETRA_ASSERT(offsetof(struct netra_host_area, lock) == 0x3000);
NETRA_ASSERT(sizeof(struct netra_host_area) == 0x4000);

#endif
