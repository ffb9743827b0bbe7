/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libnetra: frames from PCIe capture boards of TI's DM816x family.
 *
 * A board is opened by name, booted if need be, started, and read. One
 * descriptor (netra_fd; on Windows the handle of an event) says when there is
 * work; netra_dispatch does the work:
 * it learns of new frames, runs time-outs and recovers a stuck board. The
 * library makes no thread, installs no signal handler, prints nothing.
 *
 * Threads: any function may be called from any thread at the same time,
 * unless its comment says otherwise; a board has one lock inside, never held
 * across a wait. A struct netra_reader belongs to one thread at a time.
 * netra_close() must be the last call for its board.
 */
#ifndef NETRA_H
#define NETRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct netra_board;
struct netra_reader;

/* ---- opening ----------------------------------------------------------- */

/* Zero means the default everywhere. Set size = sizeof(struct). */
struct netra_options {
	size_t size;
	const char *firmware_dir;	/* else the usual folders; see netra_boot */
	bool no_boot;			/* netra_start fails on a cold board */
	uint32_t channels;		/* rings to make; 0 = all the board has */
	uint64_t arena_bytes;		/* least; 0 = 2 MB a channel */
	uint32_t window_bytes;		/* 1, 2, 4 or 8 MB; 0 = chosen */
	enum netra_sync_mode sync_mode;
	uint32_t irq_holdoff_us;	/* least time between interrupts; 0 = none */
	uint32_t heartbeat_timeout_ms;	/* 0 = 1000 */
	uint32_t stall_timeout_ms;	/* 0 = 3000 */
	uint32_t boot_timeout_ms;	/* bound on each boot stage; 0 = per stage */
	bool copy_frames;		/* Windows: readers get copies that the driver made and
					 * checked; the board's memory is not mapped */
};

/**
 * netra_open() - Open a board by name.
 * @name: "/dev/netra0" (the Linux driver), "\\.\Netra0" (the Windows driver),
 *	"pci:0000:03:00.0" (VFIO), "vfio-user:PATH", "emulated" or "emulated:OPTIONS" (starts an emulated board, ended by netra_close;
 *	OPTIONS are netra-emulator's long options without the dashes, with
 *	commas between, a comma inside one written "\,":
 *	"emulated:channels=4,pace=free").
 * @options: NULL for defaults. Copied.
 * @board: Receives the board; free it with netra_close().
 *
 * Touches no register but ids: a running board goes on running. A board can
 * be open in one process at a time (NETRA_ERR_BUSY), but any number of them
 * share /dev/netra0 or \\.\Netra0. There the driver decides on firmware, memory, windows,
 * synchronisation, interrupts and time-outs: a wish for others that it does not
 * fulfil is NETRA_ERR_UNSUPPORTED, but irq_holdoff_us is ignored. Who may only
 * read the node may watch and read frames, but not boot or command
 * (NETRA_ERR_PERMISSION). netra_open_error() has the whole sentence for a
 * failure.
 */
enum netra_error netra_open(const char *name,
			    const struct netra_options *options,
			    struct netra_board **board);

/**
 * netra_open_error() - Why the last netra_open of this thread failed.
 * Return: "why: what to do", valid until this thread's next netra_open.
 */
const char *netra_open_error(void);

/**
 * netra_error_text() - Why the last failing call on this board failed.
 * @buffer: Receives "why: what to do", always terminated.
 * Return: @buffer.
 */
const char *netra_error_text(const struct netra_board *board, char *buffer,
			     size_t size);

/**
 * netra_close() - Stop, take the windows back, free everything.
 *
 * Readers must have been closed. The firmware goes on running, detached; a
 * board started by "emulated" ends. Bounded to about two seconds if the board
 * does not answer. NULL is allowed.
 */
void netra_close(struct netra_board *board);

/* ---- booting ----------------------------------------------------------- */

struct netra_boot_status {
	const char *image;		/* "U-Boot", "kernel", …; static */
	uint32_t image_number;		/* 0.. */
	uint32_t image_count;
	uint64_t done_bytes;
	uint64_t total_bytes;
	const char *waiting_for;	/* NULL while uploading; static */
};

/* Called from inside netra_boot, without the board's lock. */
typedef void netra_boot_callback(void *context,
				 const struct netra_boot_status *status);

/**
 * netra_boot() - Boot the board; returns at once if its firmware runs.
 * @firmware_dir: Folder with u-boot.bin, boot.scr, uImage, ramdisk.img; NULL:
 *	the one of netra_open, else /lib/firmware/netra and
 *	/usr/share/netra/firmware, else, for an emulated board, the images of
 *	the build.
 * @force: Reset the board first.
 * @callback: NULL for none.
 *
 * Blocks, within the bounds of each stage (about 50 s in all). A driver
 * has its firmware from its own place (on Linux /lib/firmware/netra, on Windows
 * what its registry key names), boots a board when it finds it, attaches it,
 * too, and may be forced while other programs read.
 * NETRA_ERR_BOOT, NETRA_ERR_IMAGE, NETRA_ERR_GONE; the error text says where
 * it ended. Booting an attached board is NETRA_ERR_STATE.
 */
enum netra_error netra_boot(struct netra_board *board, const char *firmware_dir,
			    bool force, netra_boot_callback *callback,
			    void *context);

/**
 * netra_start() - Give the board its windows; boots it first if it is cold.
 *
 * After this readers can be opened and channels started. A board left
 * attached by a process that died is taken over with a new generation.
 */
enum netra_error netra_start(struct netra_board *board);

/**
 * netra_reset() - Function-level reset: the board is cold afterwards.
 *
 * Open readers see a gap if the board is started again. A driver boots it at once:
 * it runs again afterwards.
 */
enum netra_error netra_reset(struct netra_board *board);

/* ---- running ----------------------------------------------------------- */

#ifdef _WIN32
typedef void *netra_os_fd;	/* HANDLE of an event, for WaitForMultipleObjects() */
#else
typedef int netra_os_fd;	/* for poll() and its like */
#endif

/**
 * netra_fd() - Polls readable (on Windows: is set) when netra_dispatch has work.
 *
 * One for the whole board, all channels and time-outs; owned by the library.
 * On Windows it is set again when a reader has found nothing more: read until
 * NETRA_ERR_AGAIN before waiting.
 */
netra_os_fd netra_fd(const struct netra_board *board);

/**
 * netra_dispatch() - Do what is due: new frames, events, time-outs, recovery.
 * @timeout_ms: Longest wait for work; 0 = none, and frames are found that no
 *	interrupt has told of yet (by a driver's board: with the next one), -1 =
 *	until something happens.
 *
 * Must be called often (netra_fd says when) while the board is started, or
 * the board is not watched and its rings run over. Read after each call: the
 * next one may take the oldest frames of a ring that is three quarters full,
 * but never those that this one found. Recovery steps run inside
 * this call, in pieces of at most a few milliseconds each, but for image
 * uploads of a reboot (some 10 ms a piece). Several threads may call it; one
 * does the work.
 * Return: NETRA_OK when something happened, NETRA_ERR_AGAIN when nothing did
 * in @timeout_ms, NETRA_ERR_GONE or NETRA_ERR_BOOT when the board is lost for
 * good: netra_error_text() says what was tried.
 */
enum netra_error netra_dispatch(struct netra_board *board, int timeout_ms);

/* ---- reading ----------------------------------------------------------- */

struct netra_frame {
	const uint8_t *data;		/* Annex B, one access unit; read-only memory */
	size_t length;
	uint32_t channel;
	uint32_t flags;			/* NETRA_FRAME_* */
	uint64_t sequence;		/* counts lost frames: a jump is a loss */
	uint64_t lost;			/* frames this reader missed just before */
	int64_t pts_90k;
	int64_t dts_90k;
	uint32_t duration_90k;		/* 0 = unknown */
	uint32_t data_crc32c;
	uint64_t board_time_ns;
	uint64_t host_time_ns;		/* the same on CLOCK_MONOTONIC (Windows:
					 * QueryPerformanceCounter); 0 = not known yet */
	uint64_t token;			/* the library's */
};

enum netra_reader_flags {
	NETRA_READER_CHECK = 1 << 0,	/* verify each frame's checksum; bad ones are lost, counted */
	NETRA_READER_FROM_KEY = 1 << 1,	/* begin at the newest key frame in memory, not at the next frame */
	NETRA_READER_ALL = 1 << 2,	/* begin with whatever frame comes; else wait for a key frame */
};

/**
 * netra_reader_open() - An independent cursor on one channel.
 * @flags: NETRA_READER_*.
 *
 * Any number per channel. A reader that falls behind loses the oldest frames
 * and goes on at the next key frame with frame.lost set; it never stalls the
 * board or another reader. Open before netra_channel_start to miss nothing.
 *
 * A recovery (netra_dispatch) or a reset and new start is a gap: sequence and
 * times go on, at least one frame counts as lost as nobody knows how many
 * were, and frames still held count as overwritten.
 */
enum netra_error netra_reader_open(struct netra_board *board, uint32_t channel,
				   uint32_t flags, struct netra_reader **reader);

/** netra_reader_close() - Also releases frames still held. NULL is allowed. */
void netra_reader_close(struct netra_reader *reader);

/**
 * netra_reader_next() - Take the next frame by reference, without copying.
 * @frame: Filled in; data stays valid until released, or until the memory is
 *	needed by the board: then netra_reader_release() says so.
 *
 * Never blocks. Any number of frames may be held; release them in any order.
 * Return: NETRA_OK; NETRA_ERR_AGAIN (nothing new: netra_dispatch);
 * NETRA_ERR_ENDED after the last frame of an ended stream; NETRA_ERR_GONE.
 */
enum netra_error netra_reader_next(struct netra_reader *reader,
				   struct netra_frame *frame);

/**
 * netra_reader_release() - Give a frame back.
 * Return: NETRA_OK: the bytes were valid all the while.
 * NETRA_ERR_OVERWRITTEN: the reader held it too long, and the bytes may have
 * changed while it was used: discard what was made of them.
 */
enum netra_error netra_reader_release(struct netra_reader *reader,
				      const struct netra_frame *frame);

/**
 * netra_reader_copy() - Take the next frame by copy.
 * @buffer, @size: Where to; frame->data points to it afterwards.
 *
 * As netra_reader_next(), but nothing is held. A frame larger than @size stays
 * unread: NETRA_ERR_NO_MEMORY, frame->length says how much it takes.
 */
enum netra_error netra_reader_copy(struct netra_reader *reader, void *buffer,
				   size_t size, struct netra_frame *frame);

/**
 * netra_channel_sets() - A channel's parameter sets, for who joins it while it runs.
 * @buffer: Room for NETRA_SETS_BYTES; gets Annex B, SPS first.
 *
 * An encoder may send SPS and PPS only once: whoever opened a reader later and
 * gets a key frame without NETRA_FRAME_PARAMETERS puts these before it. Only the
 * Linux driver keeps them. Return: bytes; 0 = none known.
 */
size_t netra_channel_sets(struct netra_board *board, uint32_t channel,
			  void *buffer);

struct netra_reader_stats {
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;		/* never delivered to this reader, all causes */
	uint64_t corrupt;	/* of these: checksum wrong */
	uint64_t overwritten;	/* held too long */
};

void netra_reader_stats(const struct netra_reader *reader,
			struct netra_reader_stats *stats);

/* ---- commands and events ----------------------------------------------- */

/**
 * netra_command() - Send a command and wait for the answer.
 * @opcode: NETRA_CMD_*; arguments as listed there.
 * @channel: Or NETRA_EVENT_BOARD for a ping.
 *
 * Blocks for at most a second, dispatching meanwhile. NETRA_ERR_REFUSED: the
 * board said no; the error text says why. NETRA_ERR_TIMEOUT.
 */
enum netra_error netra_command(struct netra_board *board, uint32_t channel,
			       enum netra_opcode opcode, uint32_t arg0,
			       uint32_t arg1);

/**
 * netra_command_post() - Send a command and go on: for who must not wait.
 *
 * Whether the board obeys is not told. Not for NETRA_CMD_START and
 * NETRA_CMD_STOP (NETRA_ERR_INVALID). NETRA_ERR_BUSY: 16 are under way. A board
 * that does not answer is recovered by netra_dispatch().
 */
enum netra_error netra_command_post(struct netra_board *board, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1);

/** netra_channel_start() - NETRA_CMD_START: frames begin to flow. */
enum netra_error netra_channel_start(struct netra_board *board,
				     uint32_t channel);

/**
 * netra_channel_stop() - NETRA_CMD_STOP.
 *
 * A channel of a driver's board goes on while other programs use it.
 */
enum netra_error netra_channel_stop(struct netra_board *board,
				    uint32_t channel);

enum netra_notice {
	NETRA_NOTICE_BOARD,	/* an event of the board: type, channel, arg */
	NETRA_NOTICE_TROUBLE,	/* the watchdog found something: text says what */
	NETRA_NOTICE_RECOVERY,	/* a rung is tried: text says which */
	NETRA_NOTICE_RECOVERED,
};

struct netra_event {
	enum netra_notice notice;
	enum netra_event_type type;	/* for NETRA_NOTICE_BOARD */
	uint32_t channel;		/* or NETRA_EVENT_BOARD */
	uint32_t arg[4];
	uint64_t host_time_ns;
	char text[96];
};

/**
 * netra_next_event() - Take the oldest event not taken yet.
 *
 * 256 are kept; older ones are dropped and counted. NETRA_ERR_AGAIN if none.
 */
enum netra_error netra_next_event(struct netra_board *board,
				  struct netra_event *event);

/* ---- status ------------------------------------------------------------ */

struct netra_bar_info {
	uint64_t bytes;		/* 0 = absent */
	bool mappable;
};

struct netra_board_details {
	char name[128];
	char driver[32];	/* "netra", "vfio", "vfio-user" */
	char soc[16];		/* "dm8168" */
	char firmware[33];	/* "" until it runs */
	char state[16];		/* "cold", "attached", … */
	uint16_t vendor_id;
	uint16_t device_id;
	uint32_t class_code;
	uint32_t link_width;	/* 0 = unknown */
	uint32_t link_mtps;	/* mega-transfers a second; 0 = unknown */
	struct netra_bar_info bar[6];
	uint32_t channels;
};

struct netra_board_stats {
	uint32_t generation;
	enum netra_sync_mode sync_mode;
	uint32_t window_bytes;
	uint32_t window_count;
	uint64_t window_bus[31];	/* 0: not told to this user */
	uint64_t arena_bytes;
	char memory[64];	/* which memory was had: "huge pages (2 MB), write-back" */
	char cache_mode[32];	/* "write-back" */
	uint64_t interrupts;	/* taken by the host */
	uint64_t wakeups;	/* looks of the board's driver that found something */
	uint64_t board_interrupts;	/* sent by the board */
	uint64_t heartbeats;
	uint64_t events_lost;
	uint64_t bad_replies;
	uint64_t command_timeouts;
	uint32_t resyncs;	/* rungs taken so far */
	uint32_t firmware_restarts;
	uint32_t resets;
	bool clock_valid;
	int64_t clock_offset_ns;	/* host monotonic - board */
	int32_t clock_drift_ppb;
	uint64_t dma_faults;	/* outbound transfers refused, as told by the board */
};

struct netra_channel_stats {
	enum netra_channel_state state;
	uint32_t width, height;
	uint32_t rate_num, rate_den;
	uint32_t bit_rate;
	uint64_t frames;	/* discovered by the host */
	uint64_t bytes;
	uint64_t lost;		/* dropped by the board */
	uint64_t ring_faults;
	uint32_t ring_used_bytes;
	uint32_t ring_bytes;
	uint32_t readers;
};

void netra_board_get_details(struct netra_board *board,
			  struct netra_board_details *details);
void netra_board_get_stats(struct netra_board *board,
			   struct netra_board_stats *stats);
enum netra_error netra_channel_get_stats(struct netra_board *board,
					 uint32_t channel,
					 struct netra_channel_stats *stats);

/* One board found on this machine. */
struct netra_list_entry {
	char name[128];		/* for netra_open */
	uint16_t vendor_id, device_id;
	char soc[16];
	char driver[32];	/* kernel driver bound, "" = none */
	uint64_t bar_bytes[6];
	uint32_t link_width;
	uint32_t link_mtps;
	char state[48];		/* what keeps it from being opened, or "ready";
				 * of a driver's board: its own, "attached", … */
};

/**
 * netra_list() - Boards of the family on the PCI bus.
 * @entries: Array of @count; may be NULL with 0.
 * Return: how many there are, which may be more than @count.
 */
size_t netra_list(struct netra_list_entry *entries, size_t count);

/**
 * netra_dump() - Support bundle: state, registers, windows, rings, counters.
 * @write: Called with pieces of UTF-8 text.
 *
 * Reads registers over the bus; for people, not for steady state. Contains no
 * picture data.
 */
enum netra_error netra_dump(struct netra_board *board,
			    void (*write)(void *context, const char *text,
					  size_t length),
			    void *context);

/** netra_version() - "0.1.0". */
const char *netra_version(void);

#ifdef __cplusplus
}
#endif
#endif
