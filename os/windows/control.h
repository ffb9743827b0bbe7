/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of \\.\NetraN share. dev->lock guards all of it. Whoever lets
 * it go to wait for the board looks at file->closed afterwards: a handle may be
 * closed while another thread of its program is in a call.
 */
#ifndef NETRA_WINDOWS_CONTROL_H
#define NETRA_WINDOWS_CONTROL_H

#include "driver.h"
#include "netra_ioctl.h"

#define NETRA_EVENTS_KEPT	256u

/* A program's cursor. */
struct netra_reader {
	bool keeps;		/* its channel running: see control_start.c */
	bool taken;		/* @last may be discarded */
	struct netra_host_frame last;
	struct netra_cursor cursor;	/* last: its length depends on the ring */
};

/* A handle: the context of its file object. Readers' ids are places in the array. */
struct netra_file {
	struct netra_device *dev;
	WDFFILEOBJECT wdf;
	LIST_ENTRY entry;		/* in dev->files, unless @closed */
	bool closed;
	uint64_t events_taken;
	uint64_t started;		/* bit per channel: wanted by NETRA_CMD_START */
	uint64_t changing;		/* a START or STOP is under way */
	uint32_t next_reader;		/* of NETRA_ALL_READERS, to be asked first */
	PEPROCESS process;		/* that opened it; referenced */
	MDL *map_mdl;			/* control_map.c; NULL = not mapped */
	void *map_address;
	struct netra_reader *reader[NETRA_READERS_PER_FILE];
};

/** netra_file_of_wdf() - The context of a framework file object (control.c). */
struct netra_file *netra_file_of_wdf(WDFOBJECT file);

struct netra_event_log {
	uint64_t events;	/* ever: the newest is the one before */
	struct netra_ioc_event event[NETRA_EVENTS_KEPT];
};

/*
 * A call of a program. The input is a copy: the program, or the output, which
 * Windows puts in the same place, cannot change what was checked.
 */
struct netra_call {
	struct netra_file *file;
	WDFREQUEST request;
	struct netra_reader *reader;	/* of calls that name one */
	union {
		uint32_t first;		/* a channel or a reader */
		struct netra_ioc_channel channel;
		struct netra_ioc_boot boot;
		struct netra_ioc_command command;
		struct netra_ioc_reader open;
		struct netra_ioc_read read;
		struct netra_ioc_take take;
		struct netra_ioc_release release;
		struct netra_ioc_discard discard;
		struct netra_ioc_reader_stats stats;
		uint8_t bytes[sizeof(struct netra_ioc_release)];
	} in;
	void *out;
	size_t out_bytes;		/* room */
	size_t done;			/* given out */
};

/* ---- control_ioctl.c ----------------------------------------------------- */

EVT_WDF_IO_QUEUE_IO_DEVICE_CONTROL netra_control_ioctl;
EVT_WDF_IO_IN_CALLER_CONTEXT netra_control_in_caller;

/* ---- the calls, with dev->lock; STATUS_PENDING: the request was given away */

NTSTATUS netra_call_status(struct netra_call *call);	/* control_status.c */
NTSTATUS netra_call_channel(struct netra_call *call);
NTSTATUS netra_call_reader_open(struct netra_call *call);	/* control_reader.c */
NTSTATUS netra_call_reader_close(struct netra_call *call);
NTSTATUS netra_call_take(struct netra_call *call);
NTSTATUS netra_call_release(struct netra_call *call);
NTSTATUS netra_call_discard(struct netra_call *call);
NTSTATUS netra_call_reader_stats(struct netra_call *call);
NTSTATUS netra_call_read(struct netra_call *call);	/* control_read.c */
NTSTATUS netra_call_wait(struct netra_call *call);	/* control_wait.c */
NTSTATUS netra_call_event(struct netra_call *call);	/* control_event.c */
NTSTATUS netra_call_map(struct netra_call *call);		/* control_map.c */

/* ---- what handles need --------------------------------------------------- */

/** netra_readers_drop() - All of a handle's, on its way or the board's out. */
void netra_readers_drop(struct netra_file *file);

/** netra_readers_ready() - Has one of them something to take? */
bool netra_readers_ready(const struct netra_file *file);

/** netra_frame_fill() - A frame as programs see it. */
void netra_frame_fill(const struct netra_host_frame *from, struct netra_ioc_frame *frame);

static inline bool netra_event_waits(const struct netra_file *file)
{
	return file->events_taken != file->dev->log->events;
}

/** netra_waits_end() - Of a handle that is being closed. Without dev->lock. */
void netra_waits_end(struct netra_file *file);

/** netra_unmap() - Of a handle that is being closed, in any process. Without dev->lock. */
void netra_unmap(struct netra_file *file);

/**
 * netra_file_start() - The handle wants the channel's frames.
 * netra_file_stop() - It does not any more.
 *
 * Let dev->lock go while the board is waited for (control_start.c).
 */
enum netra_error netra_file_start(struct netra_file *file, uint32_t channel);
enum netra_error netra_file_stop(struct netra_file *file, uint32_t channel);

/** netra_reader_keep() - A new reader of a channel that runs is a use of it. */
void netra_reader_keep(struct netra_file *file, struct netra_reader *reader);

/**
 * netra_file_pass() - A use of @channel ends: a reader inherits it, or nobody.
 * @except: A handle whose readers do not; NULL = none.
 */
void netra_file_pass(struct netra_device *dev, uint32_t channel,
		     const struct netra_file *except);

/* Text for a program: cut, and always ended. */
static inline void netra_copy_text(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = size - 1;
	RtlCopyMemory(to, from, n);
	to[n] = 0;
}

#endif
