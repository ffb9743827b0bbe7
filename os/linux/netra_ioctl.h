/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * /dev/netraN: a board of the DM816x family, for any number of programs.
 *
 * A program opens the node, has the arena mapped read-only (mmap, offset 0), and
 * opens readers on channels. Frames are taken and given back by ioctl: what is
 * taken are places in the mapping. poll() says POLLIN while a reader of the file
 * has something to take or an event waits, POLLHUP once the board is gone (every
 * call is then ENODEV).
 *
 * Watching needs read permission; booting and commands need write permission.
 * All structures are of the same size for 32-bit and 64-bit programs, reserved
 * fields must be 0. docs/linux-ioctl.md is the reference.
 */
#ifndef NETRA_IOCTL_H
#define NETRA_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NETRA_ABI_VERSION	1
#define NETRA_FRAMES_AT_ONCE	64

/* NETRA_IOC_STATUS */
struct netra_ioc_status {
	__u32 size;		/* in: sizeof; out: what was filled */
	__u32 abi_version;
	__u32 state;		/* enum netra_board_state */
	__u32 error;		/* enum netra_error: why FAILED or GONE */
	char error_text[320];	/* "why: what to do" */
	char soc[16];
	char firmware[36];
	char pci_name[20];	/* "0000:03:00.0" */
	char memory[64];	/* step of the ladder that won */
	char cache_mode[32];
	__u16 vendor_id;
	__u16 device_id;
	__u32 class_code;
	__u32 link_width;	/* 0 = unknown */
	__u32 link_mtps;
	__u64 bar_bytes[6];
	__u32 channels;
	/* A boot under way (state BOOTING). */
	__u32 boot_image;	/* enum netra_image */
	__u32 boot_done_bytes;
	__u32 boot_total_bytes;
	char boot_waiting_for[32];	/* "" while uploading */
	/* An attached board. */
	__u32 generation;	/* 0 = not attached */
	__u32 sync_mode;
	__u32 window_bytes;
	__u32 window_count;
	__u64 window_bus[31];
	__u64 arena_bytes;	/* 0 = none: nothing to map */
	__u64 interrupts;
	__u64 wakeups;
	__u64 board_interrupts;
	__u64 heartbeats;
	__u64 events_lost;
	__u64 bad_replies;
	__u64 command_timeouts;
	__u64 dma_faults;
	__u32 resyncs;
	__u32 firmware_restarts;
	__u32 resets;
	__u32 clock_valid;
	__s64 clock_offset_ns;
	__s32 clock_drift_ppb;
	__u32 vectors;		/* MSIs granted; 0 = legacy interrupt */
	__u64 reserved[8];
};

/* NETRA_IOC_CHANNEL */
struct netra_ioc_channel {
	__u32 channel;		/* in */
	__u32 state;		/* enum netra_channel_state */
	__u32 width;
	__u32 height;
	__u32 rate_num;
	__u32 rate_den;
	__u32 bit_rate;
	__u32 readers;
	__u64 frames;
	__u64 bytes;
	__u64 lost;
	__u64 ring_faults;
	__u32 ring_used_bytes;
	__u32 ring_bytes;
	__u64 reserved[4];
};

/* NETRA_IOC_BOOT: begins it; NETRA_IOC_STATUS tells of its progress and end. */
#define NETRA_BOOT_FORCE	(1u << 0)	/* reset the board first */
struct netra_ioc_boot {
	__u32 flags;
	__u32 reserved[3];
};

/* NETRA_IOC_COMMAND: waits for the answer, about a second at most. */
struct netra_ioc_command {
	__u32 channel;
	__u32 opcode;		/* enum netra_opcode */
	__u32 arg[2];
	__u32 error;		/* out: enum netra_error */
	__u32 reserved;
	char error_text[320];	/* out */
};

/* NETRA_IOC_READER_OPEN */
struct netra_ioc_reader {
	__u32 channel;
	__u32 flags;		/* NETRA_READER_FROM_KEY, NETRA_READER_ALL */
	__u32 reader;		/* out */
	__u32 reserved;
};

struct netra_ioc_frame {
	__u64 offset;		/* in the mapping */
	__u32 length;
	__u32 flags;		/* NETRA_FRAME_* */
	__u64 sequence;
	__u64 lost;		/* frames this reader missed just before */
	__s64 pts_90k;
	__s64 dts_90k;
	__u64 board_time_ns;
	__u64 host_time_ns;	/* CLOCK_MONOTONIC; 0 = not known yet */
	__u64 token;		/* for NETRA_IOC_RELEASE */
	__u32 duration_90k;
	__u32 data_crc32c;
};

/*
 * NETRA_IOC_TAKE: the next frames of a reader, in one call. EAGAIN: nothing
 * new; ENODATA: its stream has ended.
 */
struct netra_ioc_take {
	__u32 reader;
	__u32 count;		/* in: room, at most NETRA_FRAMES_AT_ONCE; out: taken */
	__u64 frames;		/* address of that many struct netra_ioc_frame */
};

/*
 * NETRA_IOC_RELEASE: give frames back, in any order. ESTALE: at least one was
 * held too long and its bytes may have changed while they were used; see
 * bit n of @stale for the n-th. All are given back in any case.
 */
struct netra_ioc_release {
	__u32 reader;
	__u32 count;		/* at most NETRA_FRAMES_AT_ONCE */
	__u64 tokens;		/* address of that many __u64 */
	__u64 stale;		/* out */
};

/* NETRA_IOC_READER_STATS */
struct netra_ioc_reader_stats {
	__u32 reader;
	__u32 reserved;
	__u64 frames;
	__u64 bytes;
	__u64 lost;
	__u64 corrupt;
	__u64 overwritten;
};

/* NETRA_IOC_READER_CORRUPT: a taken frame's checksum is wrong: count it lost. */
struct netra_ioc_corrupt {
	__u32 reader;
	__u32 reserved;
	__u64 token;
	__u64 lost;		/* the frame's */
};

/* NETRA_IOC_EVENT: the oldest one not taken by this file; EAGAIN if none. */
struct netra_ioc_event {
	__u32 notice;		/* enum netra_notice */
	__u32 type;		/* enum netra_event_type, for NETRA_NOTICE_BOARD */
	__u32 channel;
	__u32 arg[4];
	__u32 reserved;
	__u64 host_time_ns;
	__u64 lost;		/* events this file missed just before */
	char text[96];
};

#define NETRA_IOC_STATUS	_IOWR('N', 0x60, struct netra_ioc_status)
#define NETRA_IOC_CHANNEL	_IOWR('N', 0x61, struct netra_ioc_channel)
#define NETRA_IOC_BOOT		_IOW('N', 0x62, struct netra_ioc_boot)
#define NETRA_IOC_COMMAND	_IOWR('N', 0x63, struct netra_ioc_command)
#define NETRA_IOC_READER_OPEN	_IOWR('N', 0x64, struct netra_ioc_reader)
#define NETRA_IOC_READER_CLOSE	_IOW('N', 0x65, __u32)
#define NETRA_IOC_TAKE		_IOWR('N', 0x66, struct netra_ioc_take)
#define NETRA_IOC_RELEASE	_IOWR('N', 0x67, struct netra_ioc_release)
#define NETRA_IOC_READER_STATS	_IOWR('N', 0x68, struct netra_ioc_reader_stats)
#define NETRA_IOC_READER_CORRUPT _IOW('N', 0x69, struct netra_ioc_corrupt)
#define NETRA_IOC_EVENT		_IOR('N', 0x6a, struct netra_ioc_event)

#endif
