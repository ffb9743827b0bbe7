/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The V4L2 nodes, one per channel: what their files share.
 *
 * Locks, outermost first: video->lock (of the node and its queue), the control
 * handler's, dev->lock, video->queued_lock. What is said to be under dev->lock
 * is written with it held; ioctls read and write it there, too.
 */
#ifndef NETRA_LINUX_VIDEO_H
#define NETRA_LINUX_VIDEO_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-dev.h>
#include <media/videobuf2-v4l2.h>

#include "driver.h"
#include "sets.h"

#define NETRA_VIDEO_BUFFERS	4	/* least that REQBUFS and read() get */

/* Picture and rate; 0 = unknown. */
struct netra_video_format {
	u32 width;
	u32 height;
	u32 rate_num;		/* frames per second = num / den */
	u32 rate_den;
};

/* What was set through the node; 0 = nothing was, the board's default stands. */
struct netra_video_wishes {
	struct netra_video_format format;
	u32 bit_rate;
	u32 gop;
};

struct netra_video_counters {
	u64 too_large;		/* frames that no buffer had room for */
	u64 joined;		/* key frames that got parameter sets */
	u64 overruns;		/* events of the board */
	u64 faults;
};

struct netra_video {
	struct netra_device *dev;
	u32 channel;
	struct mutex lock;		/* of the node and its queue */
	struct video_device vdev;
	struct v4l2_prio_state prio;	/* a recorder's on one camera binds no other */
	struct vb2_queue queue;
	struct v4l2_ctrl_handler controls;

	spinlock_t queued_lock;		/* for the next two */
	struct list_head queued;	/* struct netra_video_buffer, oldest first */
	bool starved;			/* the board's thread found none */

	/* Under dev->lock. */
	struct netra_cursor *cursor;	/* NULL = not streaming */
	u64 first_sequence;		/* of the stream */
	u32 first_head;			/* of the ring, when it began */
	bool begun;			/* first_sequence is known */
	bool ended;			/* the last buffer has been given */
	bool no_signal;
	struct netra_video_format format;
	u32 known_width;		/* to programs: else a source change */
	u32 known_height;
	u32 sizeimage;
	bool probed;			/* whether the board lets its format be set */
	bool adjustable;
	struct netra_video_wishes wishes;
	u32 told_generation;		/* that the wishes were told to; 0 = none */
	struct work_struct tell;
	struct netra_kept_sets sets;
	u8 head[NETRA_HEAD_BYTES];	/* of the frame at hand */
	struct netra_video_counters counters;
};

/* ---- video.c ------------------------------------------------------------- */

/** netra_video_signal() - The camera's signal was lost or found. With dev->lock. */
void netra_video_signal(struct netra_video *video, bool no_signal);

/* ---- video_queue.c ------------------------------------------------------- */

/** netra_video_init_queue() - The node's vb2 queue. */
int netra_video_init_queue(struct netra_video *video);

/* ---- video_format.c ------------------------------------------------------ */

/* All with dev->lock; set_size() and has_size() let it go while they wait. */

void netra_video_init_format(struct netra_video *video);

/**
 * netra_video_refresh() - Take over what the board says of its format.
 *
 * Return: whether it says a size. What it does not say stays as it was.
 */
bool netra_video_refresh(struct netra_video *video);

/** netra_video_standard() - The standards with as many lines; 0 = none has. */
v4l2_std_id netra_video_standard(const struct netra_video *video);

/** netra_video_other_height() - The present size's in the other standard. */
u32 netra_video_other_height(const struct netra_video *video);

/** netra_video_set_size() - On the program's behalf: it makes no event. */
int netra_video_set_size(struct netra_video *video, u32 width, u32 height);

/** netra_video_has_size() - Is it one of those that can be had? */
bool netra_video_has_size(struct netra_video *video, u32 width, u32 height);

int netra_video_enum_fmt(struct file *file, void *fh, struct v4l2_fmtdesc *f);
int netra_video_g_fmt(struct file *file, void *fh, struct v4l2_format *f);
int netra_video_try_fmt(struct file *file, void *fh, struct v4l2_format *f);
int netra_video_s_fmt(struct file *file, void *fh, struct v4l2_format *f);
int netra_video_enum_framesizes(struct file *file, void *fh,
				struct v4l2_frmsizeenum *size);

/* ---- video_rate.c -------------------------------------------------------- */

/** netra_video_set_rate() - With dev->lock, let go meanwhile. */
int netra_video_set_rate(struct netra_video *video, u32 num, u32 den);

int netra_video_enum_frameintervals(struct file *file, void *fh,
				    struct v4l2_frmivalenum *interval);
int netra_video_g_parm(struct file *file, void *fh, struct v4l2_streamparm *parm);
int netra_video_s_parm(struct file *file, void *fh, struct v4l2_streamparm *parm);

/* ---- video_input.c ------------------------------------------------------- */

int netra_video_enum_input(struct file *file, void *fh, struct v4l2_input *input);
int netra_video_g_input(struct file *file, void *fh, unsigned int *index);
int netra_video_s_input(struct file *file, void *fh, unsigned int index);
int netra_video_g_std(struct file *file, void *fh, v4l2_std_id *std);
int netra_video_s_std(struct file *file, void *fh, v4l2_std_id std);
int netra_video_querystd(struct file *file, void *fh, v4l2_std_id *std);

/* ---- video_controls.c ---------------------------------------------------- */

/** netra_video_init_controls() - Without dev->lock; frees them on failure. */
int netra_video_init_controls(struct netra_video *video);

/**
 * netra_video_command() - Have the board do what was set, now or later.
 *
 * With dev->lock, let go while the board is waited for. While the board does
 * not run this succeeds: the wishes are told to it when it does.
 */
int netra_video_command(struct netra_video *video, enum netra_opcode opcode,
			u32 arg0, u32 arg1);

/**
 * netra_video_tell() - Tell the wishes to a board that started since.
 *
 * With dev->lock, let go while the board is waited for.
 */
void netra_video_tell(struct netra_video *video);

/** netra_video_adjustable() - Does the channel's source obey? As above. */
bool netra_video_adjustable(struct netra_video *video);

#endif
