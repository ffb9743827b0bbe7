/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the files of /dev/netraN share. dev->lock guards all of it but for what
 * is said otherwise; it is never held over an access to a program's memory.
 */
#ifndef NETRA_LINUX_CONTROL_H
#define NETRA_LINUX_CONTROL_H

#include <linux/fs.h>

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

/* An open file. Its readers' ids are places in the array. */
struct netra_file {
	struct netra_control *control;
	struct netra_device *dev;
	struct file *file;
	struct list_head entry;
	u64 events_taken;
	DECLARE_BITMAP(started, NETRA_CHANNELS_MAX);	/* wanted by NETRA_CMD_START */
	DECLARE_BITMAP(changing, NETRA_CHANNELS_MAX);	/* a START or STOP is under way */
	struct netra_reader *reader[NETRA_READERS_PER_FILE];
};

/* A board's node. Lives as long as it is open anywhere. */
struct netra_control {
	struct device device;
	struct cdev cdev;
	struct netra_device *dev;
	struct list_head files;
	struct mutex map_lock;	/* guards @gone; the innermost lock */
	bool gone;		/* the arena is not mapped any more */
	struct page *nothing;	/* mapped in its place */
	u64 events;		/* ever: the newest is the one before */
	struct netra_ioc_event event[NETRA_EVENTS_KEPT];
};

/* ---- control_ioctl.c ----------------------------------------------------- */

long netra_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* ---- control_map.c ------------------------------------------------------- */

int netra_control_mmap(struct file *file, struct vm_area_struct *vma);

/** netra_control_unmap() - Take all mappings away, for good. With dev->lock. */
void netra_control_unmap(struct netra_control *control);

/* ---- control_reader.c: handlers of ioctls, and what files need ----------- */

int netra_reader_open(struct netra_file *file, struct netra_ioc_reader *arg);
int netra_reader_close(struct netra_file *file, u32 id);

/** netra_readers_drop() - All of a file's, on its way or the board's out. */
void netra_readers_drop(struct netra_file *file);

/** netra_readers_ready() - Has one of them something to take? */
bool netra_readers_ready(const struct netra_file *file);

/** netra_readers_which() - And which of them? */
int netra_readers_which(const struct netra_file *file,
			struct netra_ioc_ready *arg);

int netra_reader_take(struct netra_reader *reader, struct netra_ioc_take *arg,
		      struct netra_ioc_frame *frames);
int netra_reader_release(struct netra_reader *reader,
			 struct netra_ioc_release *arg, const u64 *tokens);
int netra_reader_discard(struct netra_reader *reader,
			 const struct netra_ioc_discard *arg);
int netra_reader_stats(const struct netra_reader *reader,
		       struct netra_ioc_reader_stats *arg);

/* ---- control_start.c ----------------------------------------------------- */

/**
 * netra_file_start() - The file wants the channel's frames.
 * netra_file_stop() - It does not any more.
 *
 * Let dev->lock go while the board is waited for. -EBUSY: another thread of
 * the program is at it.
 */
int netra_file_start(struct netra_file *file, u32 channel);
int netra_file_stop(struct netra_file *file, u32 channel);

/** netra_reader_keep() - A new reader of a channel that runs is a use of it. */
void netra_reader_keep(struct netra_file *file, struct netra_reader *reader);

/* ---- control_status.c ---------------------------------------------------- */

int netra_status_board(struct netra_device *dev, struct netra_ioc_status *arg);
int netra_status_channel(struct netra_device *dev, struct netra_ioc_channel *arg);

/* ---- channel_sets.c ------------------------------------------------------ */

int netra_channel_sets_get(const struct netra_device *dev,
			   struct netra_ioc_sets *arg);

/* ---- control_event.c ----------------------------------------------------- */

/** netra_file_next_event() - -EAGAIN if none waits. */
int netra_file_next_event(struct netra_file *file, struct netra_ioc_event *arg);

static inline bool netra_file_event_waits(const struct netra_file *file)
{
	return file->events_taken != file->control->events;
}

#endif
