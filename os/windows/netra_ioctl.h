/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * \\.\NetraN: a board of the DM816x family, for any number of programs.
 *
 * A program opens the board (CreateFile), opens readers on channels, waits
 * (NETRA_IOC_WAIT, overlapped) and reads whole frames (NETRA_IOC_READ). One that
 * must not copy maps the board's memory instead (NETRA_IOC_MAP, read-only), takes
 * places in it (NETRA_IOC_TAKE) and gives them back (NETRA_IOC_RELEASE).
 *
 * Watching, readers included, needs a handle with FILE_READ_DATA; booting and
 * commands need FILE_WRITE_DATA. Structures are the same for 32-bit and 64-bit
 * programs; what is reserved must be 0. An input may be longer than its
 * structure, never shorter. A call that fails gives out nothing: Windows copies
 * no output then. docs/windows-driver.md has the error codes, and an example.
 */
#ifndef NETRA_WINDOWS_IOCTL_H
#define NETRA_WINDOWS_IOCTL_H

#include <stddef.h>
#include <stdint.h>

#ifndef CTL_CODE
#include <winioctl.h>
#endif

#include "core/error.h"
#include "core/types.h"

#define NETRA_FRAMES_AT_ONCE	64u
#define NETRA_READERS_PER_FILE	64u
#define NETRA_ALL_READERS	0xffffffffu

/* {B0E9B0C5-3C0D-4B8A-9A37-5E1B6C4F2D71}: the device interface of a board. */
#define NETRA_INTERFACE_GUID	{ 0xb0e9b0c5, 0x3c0d, 0x4b8a, \
	{ 0x9a, 0x37, 0x5e, 0x1b, 0x6c, 0x4f, 0x2d, 0x71 } }

/* NETRA_IOC_STATUS */
struct netra_ioc_status {
	/* 0 cold, 1 booting, 2 ready, 3 attached, 4 recovering, 5 failed, 6 gone */
	uint32_t state;
	uint32_t error;		/* enum netra_error: why it failed or is gone */
	char error_text[320];	/* of the last error: "why: what to do" */
	char soc[16];
	char firmware[40];
	char memory[64];	/* step of the ladder that won */
	char cache_mode[32];
	uint16_t vendor_id;
	uint16_t device_id;
	uint32_t class_code;
	uint32_t link_width;	/* 0 = unknown */
	uint32_t link_mtps;
	uint64_t bar_bytes[6];
	uint32_t channels;
	/* A boot under way. */
	uint32_t boot_image;	/* 0 U-Boot, 1 boot script, 2 kernel, 3 file system */
	uint32_t boot_done_bytes;
	uint32_t boot_total_bytes;	/* 0 = nothing uploaded yet */
	char boot_waiting_for[64];	/* "" while uploading */
	/* What a board has once it was attached. */
	uint32_t generation;	/* 0 = never attached */
	uint32_t sync_mode;	/* enum netra_sync_mode */
	uint32_t window_bytes;
	uint32_t window_count;
	uint64_t arena_bytes;	/* 0 = nothing to map yet */
	/* Counters. */
	uint64_t interrupts;	/* taken by the host */
	uint64_t wakeups;
	uint64_t board_interrupts;	/* sent by the board */
	uint64_t heartbeats;
	uint64_t events_lost;
	uint64_t bad_replies;
	uint64_t command_timeouts;
	uint64_t dma_faults;
	uint32_t resyncs;
	uint32_t firmware_restarts;
	uint32_t resets;
	uint32_t vectors;	/* MSIs granted; 0 = line interrupt */
	uint32_t clock_valid;
	int32_t clock_drift_ppb;
	int64_t clock_offset_ns;
	uint64_t reserved[8];
};

/* NETRA_IOC_CHANNEL */
struct netra_ioc_channel {
	uint32_t channel;	/* in */
	uint32_t state;		/* enum netra_channel_state */
	uint32_t width;		/* pixels; 0 = unknown */
	uint32_t height;
	uint32_t rate_num;	/* frames per second = num / den */
	uint32_t rate_den;
	uint32_t bit_rate;
	uint32_t readers;	/* of all programs */
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;
	uint64_t ring_faults;
	uint32_t ring_used_bytes;
	uint32_t ring_bytes;
	uint64_t reserved[4];
};

/*
 * NETRA_IOC_BOOT: boot and attach; begins it, NETRA_IOC_STATUS tells of its
 * progress and end. Nothing happens to a board that runs, without FORCE.
 */
#define NETRA_BOOT_FORCE	0x1u	/* reset it first, also a running one */
struct netra_ioc_boot {
	uint32_t flags;
	uint32_t reserved[3];
};

/*
 * NETRA_IOC_COMMAND: waits for the answer, about a second at most. The call
 * succeeds when the command is one; @error and @error_text say what came of it.
 *
 * NETRA_CMD_START and NETRA_CMD_STOP say whether this handle wants the channel
 * to run: the board is told of the first handle that does and after the last.
 * Closing the handle is a STOP. A channel that runs goes on while another
 * handle has a reader on it.
 */
#define NETRA_COMMAND_POST	0x1u	/* go on without the answer; no START or STOP */
struct netra_ioc_command {
	uint32_t channel;	/* or NETRA_EVENT_BOARD for a ping */
	uint32_t opcode;	/* enum netra_opcode */
	uint32_t arg[2];
	uint32_t flags;
	uint32_t error;		/* out: enum netra_error */
	char error_text[320];	/* out */
};

/*
 * NETRA_IOC_READER_OPEN: a cursor of its own on a channel. Without a flag it
 * begins with the next key frame. STATUS_TOO_MANY_OPENED_FILES:
 * NETRA_READERS_PER_FILE are open, or too many on this channel.
 */
#define NETRA_OPEN_FROM_KEY	0x2u	/* at the newest key frame in memory */
#define NETRA_OPEN_ALL		0x4u	/* with whatever frame comes next */
struct netra_ioc_reader {
	uint32_t channel;
	uint32_t flags;
	uint32_t reader;	/* out */
	uint32_t reserved;
};

/* NETRA_IOC_READER_CLOSE */
struct netra_ioc_reader_close {
	uint32_t reader;
	uint32_t reserved;
};

struct netra_ioc_frame {
	uint64_t offset;	/* in the mapping; 0 from NETRA_IOC_READ */
	uint32_t length;
	uint32_t flags;		/* NETRA_FRAME_* */
	uint64_t sequence;	/* counts lost ones */
	uint64_t lost;		/* frames this reader missed just before */
	int64_t pts_90k;
	int64_t dts_90k;
	uint64_t board_time_ns;
	uint64_t host_time_ns;	/* as QueryPerformanceCounter; 0 = not known yet */
	uint64_t token;		/* for NETRA_IOC_RELEASE; 0 from NETRA_IOC_READ */
	uint32_t duration_90k;	/* 0 = unknown */
	uint32_t data_crc32c;
};

/*
 * NETRA_IOC_READ: whole frames of one reader, or of all of this handle's in
 * turn, as many as fit or a megabyte of them. The output is a row of chunks: this head, the frame's
 * bytes, and zeros up to a multiple of 8. Their checksums were found right; a
 * frame whose was not is counted as lost, and said with the next one.
 *
 * ERROR_NO_MORE_ITEMS: nothing new, never waits. ERROR_HANDLE_EOF: the stream
 * has ended. ERROR_MORE_DATA: the next frame is larger than all of the output,
 * which holds its chunk's head alone; it stays unread.
 */
struct netra_ioc_read {
	uint32_t reader;	/* or NETRA_ALL_READERS */
	uint32_t reserved;
};

struct netra_ioc_chunk {
	uint32_t bytes;		/* from this head to the next */
	uint32_t reader;
	struct netra_ioc_frame frame;
};

/*
 * NETRA_IOC_TAKE: the next frames of a reader, up to as many as the output has
 * room for. They are held until released, or until the board needs the room.
 */
struct netra_ioc_take {
	uint32_t reader;
	uint32_t reserved;
};

/*
 * NETRA_IOC_RELEASE: give frames back, in any order. Bit n of @stale: the n-th
 * was held too long, and its bytes may have changed while they were used; of
 * @unknown: it is not held.
 */
struct netra_ioc_release {
	uint32_t reader;
	uint32_t count;		/* 1..NETRA_FRAMES_AT_ONCE */
	uint64_t stale;		/* out */
	uint64_t unknown;	/* out */
	uint64_t tokens[NETRA_FRAMES_AT_ONCE];
};

/*
 * NETRA_IOC_DISCARD: the bytes of the last frame taken are not those that the
 * board sent. It counts as lost instead of delivered, and the next frame will
 * be a key frame and say so. Without a flag: it was given back, and was stale.
 * Once per NETRA_IOC_TAKE, so take one at a time.
 */
#define NETRA_DISCARD_CORRUPT	0x1u	/* its checksum is wrong; still held */
struct netra_ioc_discard {
	uint32_t reader;
	uint32_t flags;
};

/* NETRA_IOC_READER_STATS */
struct netra_ioc_reader_stats {
	uint32_t reader;
	uint32_t reserved;
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;		/* never delivered to this reader, all causes */
	uint64_t corrupt;	/* of these: checksum wrong */
	uint64_t overwritten;	/* held too long */
};

/* NETRA_IOC_EVENT: the oldest one this handle has not taken. */
struct netra_ioc_event {
	uint32_t notice;	/* 0 of the board, 1 trouble, 2 recovery, 3 recovered */
	uint32_t type;		/* enum netra_event_type, of the board's */
	uint32_t channel;	/* or NETRA_EVENT_BOARD */
	uint32_t arg[4];
	uint32_t reserved;
	uint64_t host_time_ns;
	uint64_t lost;		/* events this handle missed just before */
	char text[96];		/* "" for the board's */
};

/*
 * NETRA_IOC_WAIT: ends when there is something for this handle, at once if
 * there is already. Ends early by CancelIoEx and by closing the handle. Once
 * the board has failed it fails with the reason, as all calls for frames do.
 */
#define NETRA_READY_FRAMES	0x1u
#define NETRA_READY_EVENT	0x2u
struct netra_ioc_wait {
	uint32_t ready;		/* out: NETRA_READY_* */
	uint32_t reserved;
};

/*
 * NETRA_IOC_MAP: the board's memory in this process, to be read only, until the
 * handle is closed. The same again for a handle that has it already.
 * ERROR_ACCESS_DENIED: the handle was opened by another process.
 */
struct netra_ioc_map {
	uint64_t address;
	uint64_t bytes;
};

#define NETRA_IOC(n, method, access)	\
	CTL_CODE(0x22, 0x800 + (n), METHOD_##method, FILE_##access##_DATA)

#define NETRA_IOC_STATUS	NETRA_IOC(0, BUFFERED, READ)
#define NETRA_IOC_CHANNEL	NETRA_IOC(1, BUFFERED, READ)
#define NETRA_IOC_BOOT		NETRA_IOC(2, BUFFERED, WRITE)
#define NETRA_IOC_COMMAND	NETRA_IOC(3, BUFFERED, WRITE)
#define NETRA_IOC_READER_OPEN	NETRA_IOC(4, BUFFERED, READ)
#define NETRA_IOC_READER_CLOSE	NETRA_IOC(5, BUFFERED, READ)
#define NETRA_IOC_READ		NETRA_IOC(6, OUT_DIRECT, READ)
#define NETRA_IOC_TAKE		NETRA_IOC(7, BUFFERED, READ)
#define NETRA_IOC_RELEASE	NETRA_IOC(8, BUFFERED, READ)
#define NETRA_IOC_DISCARD	NETRA_IOC(9, BUFFERED, READ)
#define NETRA_IOC_READER_STATS	NETRA_IOC(10, BUFFERED, READ)
#define NETRA_IOC_EVENT		NETRA_IOC(11, BUFFERED, READ)
#define NETRA_IOC_WAIT		NETRA_IOC(12, BUFFERED, READ)
#define NETRA_IOC_MAP		NETRA_IOC(13, BUFFERED, READ)

/* The same for all programs: no pointers, everything at a multiple of its size. */
_Static_assert(sizeof(struct netra_ioc_status) == 808, "status");
_Static_assert(offsetof(struct netra_ioc_status, bar_bytes) == 496, "status");
_Static_assert(offsetof(struct netra_ioc_status, arena_bytes) == 640, "status");
_Static_assert(offsetof(struct netra_ioc_status, reserved) == 744, "status");
_Static_assert(sizeof(struct netra_ioc_channel) == 104, "channel");
_Static_assert(sizeof(struct netra_ioc_boot) == 16, "boot");
_Static_assert(sizeof(struct netra_ioc_command) == 344, "command");
_Static_assert(sizeof(struct netra_ioc_reader) == 16, "reader");
_Static_assert(sizeof(struct netra_ioc_reader_close) == 8, "reader_close");
_Static_assert(sizeof(struct netra_ioc_frame) == 80, "frame");
_Static_assert(sizeof(struct netra_ioc_read) == 8, "read");
_Static_assert(sizeof(struct netra_ioc_chunk) == 88, "chunk");
_Static_assert(offsetof(struct netra_ioc_chunk, frame) == 8, "chunk");
_Static_assert(sizeof(struct netra_ioc_take) == 8, "take");
_Static_assert(sizeof(struct netra_ioc_release) == 536, "release");
_Static_assert(sizeof(struct netra_ioc_discard) == 8, "discard");
_Static_assert(sizeof(struct netra_ioc_reader_stats) == 48, "reader_stats");
_Static_assert(sizeof(struct netra_ioc_event) == 144, "event");
_Static_assert(sizeof(struct netra_ioc_wait) == 8, "wait");
_Static_assert(sizeof(struct netra_ioc_map) == 16, "map");
_Static_assert(NETRA_IOC_STATUS == 0x226000, "codes");
_Static_assert(NETRA_IOC_READ == 0x22601a, "codes");
_Static_assert(NETRA_IOC_COMMAND == 0x22a00c, "codes");

#endif
