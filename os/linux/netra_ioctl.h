/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * /dev/netraN: a board of the DM816x family, for any number of programs.
 *
 * A program opens the node, maps the board's memory (mmap, read-only, shared;
 * offset 0, netra_ioc_status.arena_bytes long), and opens readers on channels.
 * Frames are taken and given back by ioctl: what is taken are places in the
 * mapping. poll() says
 *	POLLIN	a reader of this file has something to take, or an event waits,
 *	POLLERR	the board failed: NETRA_IOC_STATUS says why; it can be booted,
 *	POLLHUP	the board is gone: close; every call is now ENODEV.
 *
 * Watching, readers included, needs read permission; NETRA_IOC_BOOT and
 * NETRA_IOC_COMMAND need write permission (EPERM). Structures are the same for
 * 32-bit and 64-bit programs; what is reserved must be 0 (EINVAL).
 * docs/linux-ioctl.md has an example.
 */
#ifndef NETRA_IOCTL_H
#define NETRA_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "core/error.h"
#include "core/types.h"

#define NETRA_FRAMES_AT_ONCE	64
#define NETRA_READERS_PER_FILE	64

/* NETRA_IOC_STATUS: all of it is filled in. */
struct netra_ioc_status {
	/* 0 cold, 1 booting, 2 ready, 3 attached, 4 recovering, 5 failed, 6 gone */
	__u32 state;
	__u32 error;		/* enum netra_error: why it failed or is gone */
	char error_text[320];	/* of the last error: "why: what to do" */
	char soc[16];
	char firmware[40];
	char pci_name[16];	/* "0000:03:00.0" */
	char memory[64];	/* step of the ladder that won */
	char cache_mode[32];
	__u16 vendor_id;
	__u16 device_id;
	__u32 class_code;
	__u32 link_width;	/* 0 = unknown */
	__u32 link_mtps;
	__aligned_u64 bar_bytes[6];
	__u32 channels;
	/* A boot under way. */
	__u32 boot_image;	/* 0 U-Boot, 1 boot script, 2 kernel, 3 file system */
	__u32 boot_done_bytes;
	__u32 boot_total_bytes;	/* 0 = nothing uploaded yet */
	char boot_waiting_for[64];	/* "" while uploading */
	/* What a board has once it was attached. */
	__u32 generation;	/* 0 = never attached */
	__u32 sync_mode;	/* enum netra_sync_mode */
	__u32 window_bytes;
	__u32 window_count;
	__aligned_u64 window_bus[31];	/* all 0 without CAP_SYS_ADMIN */
	__aligned_u64 arena_bytes;	/* 0 = nothing to map yet */
	/* Counters. */
	__aligned_u64 interrupts;	/* taken by the host */
	__aligned_u64 wakeups;
	__aligned_u64 board_interrupts;	/* sent by the board */
	__aligned_u64 heartbeats;
	__aligned_u64 events_lost;
	__aligned_u64 bad_replies;
	__aligned_u64 command_timeouts;
	__aligned_u64 dma_faults;
	__u32 resyncs;
	__u32 firmware_restarts;
	__u32 resets;
	__u32 vectors;		/* MSIs granted; 0 = legacy interrupt */
	__u32 clock_valid;
	__s32 clock_drift_ppb;
	__s64 clock_offset_ns;
	__aligned_u64 reserved[8];
};

/* NETRA_IOC_CHANNEL. ENOTCONN: never attached; ENOENT: no such channel. */
struct netra_ioc_channel {
	__u32 channel;		/* in */
	__u32 state;		/* enum netra_channel_state */
	__u32 width;		/* pixels; 0 = unknown */
	__u32 height;
	__u32 rate_num;		/* frames per second = num / den */
	__u32 rate_den;
	__u32 bit_rate;
	__u32 readers;		/* of all programs and video nodes */
	__aligned_u64 frames;
	__aligned_u64 bytes;
	__aligned_u64 lost;
	__aligned_u64 ring_faults;
	__u32 ring_used_bytes;
	__u32 ring_bytes;
	__aligned_u64 reserved[4];
};

/*
 * NETRA_IOC_BOOT: boot and attach; begins it, NETRA_IOC_STATUS tells of its
 * progress and end. Nothing happens to a board that runs, without FORCE.
 * EBUSY: it is booting already.
 */
#define NETRA_BOOT_FORCE	0x1	/* reset it first, also a running one */
struct netra_ioc_boot {
	__u32 flags;
	__u32 reserved[3];
};

/*
 * NETRA_IOC_COMMAND: waits for the answer, about a second at most. Also when
 * it fails, @error_text is filled in; EREMOTEIO: the board refused.
 *
 * NETRA_CMD_START and NETRA_CMD_STOP say whether this file wants the channel
 * to run: the board is told of the first file that does and after the last.
 * Closing the file is a STOP. A channel that runs goes on while another file
 * has a reader on it.
 */
#define NETRA_COMMAND_POST	0x1	/* go on without the answer; no START or STOP */
struct netra_ioc_command {
	__u32 channel;		/* or NETRA_EVENT_BOARD for a ping */
	__u32 opcode;		/* enum netra_opcode */
	__u32 arg[2];
	__u32 flags;
	__u32 reserved;
	char error_text[320];	/* out */
};

/*
 * NETRA_IOC_READER_OPEN: a cursor of its own on a channel. Without a flag it
 * begins with the next key frame. EMFILE: NETRA_READERS_PER_FILE are open;
 * EUSERS: too many on this channel.
 */
#define NETRA_OPEN_FROM_KEY	0x2	/* at the newest key frame in memory */
#define NETRA_OPEN_ALL		0x4	/* with whatever frame comes next */
struct netra_ioc_reader {
	__u32 channel;
	__u32 flags;
	__u32 reader;		/* out */
	__u32 reserved;
};

struct netra_ioc_frame {
	__aligned_u64 offset;	/* in the mapping */
	__u32 length;
	__u32 flags;		/* NETRA_FRAME_* */
	__aligned_u64 sequence;	/* counts lost ones */
	__aligned_u64 lost;	/* frames this reader missed just before */
	__s64 pts_90k;
	__s64 dts_90k;
	__aligned_u64 board_time_ns;
	__aligned_u64 host_time_ns;	/* CLOCK_MONOTONIC; 0 = not known yet */
	__aligned_u64 token;	/* for NETRA_IOC_RELEASE */
	__u32 duration_90k;	/* 0 = unknown */
	__u32 data_crc32c;
};

/*
 * NETRA_IOC_TAKE: the next frames of a reader. They are held until released,
 * or until the board needs the room. EAGAIN: nothing new, never waits; ENODATA:
 * the stream has ended; EHOSTDOWN and others: the board failed.
 */
struct netra_ioc_take {
	__u32 reader;
	__u32 count;		/* in: room, 1..NETRA_FRAMES_AT_ONCE; out: taken */
	__aligned_u64 frames;	/* address of that many struct netra_ioc_frame */
	__u32 more;		/* out: not 0 = not EAGAIN if called again now */
	__u32 reserved;
};

/*
 * NETRA_IOC_READY: which readers of this file have something to take. Bit n: for
 * reader n NETRA_IOC_TAKE would now give frames, the stream's end or the board's
 * failure, and not EAGAIN; but for frames that are all skipped up to a key frame.
 * After poll() one call spares a NETRA_IOC_TAKE of every other reader.
 */
struct netra_ioc_ready {
	__aligned_u64 readers;	/* out */
};

/*
 * NETRA_IOC_RELEASE: give frames back, in any order. Bit n of @stale: the n-th
 * was held too long, and its bytes may have changed while they were used.
 * EINVAL: one of them is not held; the others are given back all the same.
 */
struct netra_ioc_release {
	__u32 reader;
	__u32 count;		/* 1..NETRA_FRAMES_AT_ONCE */
	__aligned_u64 tokens;	/* address of that many __u64 */
	__aligned_u64 stale;	/* out */
};

/*
 * NETRA_IOC_DISCARD: the bytes of the last frame taken are not those that the
 * board sent. It counts as lost instead of delivered, and the next frame will
 * be a key frame and say so. Without a flag: it was given back, and was stale.
 * Once per NETRA_IOC_TAKE, so take one at a time.
 */
#define NETRA_DISCARD_CORRUPT	0x1	/* its checksum is wrong; still held */
struct netra_ioc_discard {
	__u32 reader;
	__u32 flags;
};

/* NETRA_IOC_READER_STATS */
struct netra_ioc_reader_stats {
	__u32 reader;
	__u32 reserved;
	__aligned_u64 frames;
	__aligned_u64 bytes;
	__aligned_u64 lost;	/* never delivered to this reader, all causes */
	__aligned_u64 corrupt;	/* of these: checksum wrong */
	__aligned_u64 overwritten;	/* held too long */
};

/*
 * NETRA_IOC_SETS: a channel's parameter sets, for who joins it while it runs and
 * finds none in the first key frame.
 */
struct netra_ioc_sets {
	__u32 channel;		/* in */
	__u32 bytes;		/* out; 0 = none seen yet */
	__u8 data[NETRA_SETS_BYTES];	/* Annex B, SPS first; then zeros */
};

/* NETRA_IOC_EVENT: the oldest one this file has not taken; EAGAIN if none. */
struct netra_ioc_event {
	__u32 notice;	/* 0 of the board, 1 trouble, 2 recovery, 3 recovered */
	__u32 type;		/* enum netra_event_type, of the board's */
	__u32 channel;		/* or NETRA_EVENT_BOARD */
	__u32 arg[4];
	__u32 reserved;
	__aligned_u64 host_time_ns;	/* CLOCK_MONOTONIC */
	__aligned_u64 lost;	/* events this file missed just before */
	char text[96];		/* "" for the board's */
};

/* Of 'N' 00 to 1f and 40 to 7f are others' (ioctl-number.rst), and 80 to 8f since. */
#define NETRA_IOC_STATUS	_IOR('N', 0xa0, struct netra_ioc_status)
#define NETRA_IOC_CHANNEL	_IOWR('N', 0xa1, struct netra_ioc_channel)
#define NETRA_IOC_BOOT		_IOW('N', 0xa2, struct netra_ioc_boot)
#define NETRA_IOC_COMMAND	_IOWR('N', 0xa3, struct netra_ioc_command)
#define NETRA_IOC_READER_OPEN	_IOWR('N', 0xa4, struct netra_ioc_reader)
#define NETRA_IOC_READER_CLOSE	_IOW('N', 0xa5, __u32)
#define NETRA_IOC_TAKE		_IOWR('N', 0xa6, struct netra_ioc_take)
#define NETRA_IOC_RELEASE	_IOWR('N', 0xa7, struct netra_ioc_release)
#define NETRA_IOC_READER_STATS	_IOWR('N', 0xa8, struct netra_ioc_reader_stats)
#define NETRA_IOC_DISCARD	_IOW('N', 0xa9, struct netra_ioc_discard)
#define NETRA_IOC_EVENT		_IOR('N', 0xaa, struct netra_ioc_event)
#define NETRA_IOC_READY		_IOR('N', 0xab, struct netra_ioc_ready)
#define NETRA_IOC_SETS		_IOWR('N', 0xac, struct netra_ioc_sets)

#endif
