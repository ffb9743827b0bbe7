// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The V4L2 nodes' life: one per channel, made after the board was first
 * attached, as only then it is known how many it has. Files stay safe when the
 * board goes: what they hold is freed with the last of them.
 */
#include <linux/slab.h>
#include <media/v4l2-device.h>
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "video.h"

/* ---- events -------------------------------------------------------------- */

static void source_changed(struct netra_video *video)
{
	static const struct v4l2_event event = {
		.type = V4L2_EVENT_SOURCE_CHANGE,
		.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION,
	};

	v4l2_event_queue(&video->vdev, &event);
}

void netra_video_signal(struct netra_video *video, bool no_signal)
{
	if (video->no_signal == no_signal)
		return;
	WRITE_ONCE(video->no_signal, no_signal);
	source_changed(video);
}

static void format_changed(struct netra_video *video, u32 width, u32 height)
{
	if (!width || !height || (width == video->known_width &&
				  height == video->known_height))
		return;
	video->known_width = width;
	video->known_height = height;
	source_changed(video);
}

void netra_video_event(struct netra_device *dev,
		       const struct netra_event_info *info)
{
	struct netra_video *video;

	lockdep_assert_held(&dev->lock);
	if (info->channel >= NETRA_CHANNELS_MAX || !dev->video[info->channel])
		return;
	video = dev->video[info->channel];
	switch (info->type) {
	case NETRA_EVENT_SIGNAL_LOST:
		netra_video_signal(video, true);
		break;
	case NETRA_EVENT_SIGNAL_FOUND:
		netra_video_signal(video, false);
		break;
	case NETRA_EVENT_FORMAT:
		format_changed(video, info->arg[0], info->arg[1]);
		break;
	case NETRA_EVENT_OVERRUN:
		video->counters.overruns++;
		break;
	case NETRA_EVENT_FAULT:
		video->counters.faults++;
		break;
	case NETRA_EVENT_ENDED:
		/* Its frames come first: the end is found in the ring. */
		break;
	}
}

static int subscribe_event(struct v4l2_fh *fh,
			   const struct v4l2_event_subscription *sub)
{
	switch (sub->type) {
	case V4L2_EVENT_SOURCE_CHANGE:
		return v4l2_src_change_event_subscribe(fh, sub);
	case V4L2_EVENT_EOS:
		return v4l2_event_subscribe(fh, sub, 2, NULL);
	default:
		return v4l2_ctrl_subscribe_event(fh, sub);
	}
}

/* ---- ioctls -------------------------------------------------------------- */

static int querycap(struct file *file, void *fh, struct v4l2_capability *cap)
{
	struct netra_video *video = video_drvdata(file);

	strscpy(cap->driver, "netra", sizeof(cap->driver));
	strscpy(cap->card, video->vdev.name, sizeof(cap->card));
	return 0;
}

/* What vb2 makes of a board that went away is not what programs expect. */
static int why(const struct netra_video *video, int err)
{
	const struct netra_device *dev = video->dev;

	if ((err == -EIO || err == -EINVAL) &&
	    (READ_ONCE(dev->dead) || READ_ONCE(dev->host.lost) == NETRA_ERR_GONE))
		return -ENODEV;
	return err;
}

static int dqbuf(struct file *file, void *fh, struct v4l2_buffer *buffer)
{
	return why(video_drvdata(file), vb2_ioctl_dqbuf(file, fh, buffer));
}

static ssize_t read(struct file *file, char __user *data, size_t count,
		    loff_t *position)
{
	ssize_t n = vb2_fop_read(file, data, count, position);

	return n < 0 ? why(video_drvdata(file), n) : n;
}

static int log_status(struct file *file, void *fh)
{
	struct netra_video *video = video_drvdata(file);
	const struct netra_video_format *format = &video->format;
	struct netra_device *dev = video->dev;
	const struct netra_channel *c = &dev->host.channel[video->channel];

	v4l2_ctrl_log_status(file, fh);
	mutex_lock(&dev->lock);
	netra_video_refresh(video);
	v4l2_info(&dev->v4l2, "%s: board %s, %ux%u, %u/%u frames a second, %s\n",
		  video->vdev.name, netra_board_state_name(dev->host.state),
		  format->width, format->height, format->rate_num,
		  format->rate_den, video->no_signal ? "no signal" : "signal");
	v4l2_info(&dev->v4l2, "%s: ring: %u of %u bytes used, %llu frames, %llu lost by the board, %llu faults\n",
		  video->vdev.name, netra_ring_used_bytes(&c->ring),
		  c->ring.layout.data_size, c->old_frames + c->ring.frames_total,
		  c->old_lost + c->ring.lost_total, c->ring_faults);
	v4l2_info(&dev->v4l2, "%s: %llu overruns, %llu encoder faults, %llu frames too large for a buffer, %llu key frames got parameter sets\n",
		  video->vdev.name, video->counters.overruns,
		  video->counters.faults, video->counters.too_large,
		  video->counters.joined);
	if (video->cursor)
		v4l2_info(&dev->v4l2, "%s: this stream: %llu frames, %llu lost\n",
			  video->vdev.name, video->cursor->stats.frames,
			  video->cursor->stats.lost);
	mutex_unlock(&dev->lock);
	return 0;
}

static const struct v4l2_ioctl_ops ioctl_ops = {
	.vidioc_querycap = querycap,
	.vidioc_enum_fmt_vid_cap = netra_video_enum_fmt,
	.vidioc_g_fmt_vid_cap = netra_video_g_fmt,
	.vidioc_try_fmt_vid_cap = netra_video_try_fmt,
	.vidioc_s_fmt_vid_cap = netra_video_s_fmt,
	.vidioc_enum_framesizes = netra_video_enum_framesizes,
	.vidioc_enum_frameintervals = netra_video_enum_frameintervals,
	.vidioc_g_parm = netra_video_g_parm,
	.vidioc_s_parm = netra_video_s_parm,
	.vidioc_enum_input = netra_video_enum_input,
	.vidioc_g_input = netra_video_g_input,
	.vidioc_s_input = netra_video_s_input,
	.vidioc_g_std = netra_video_g_std,
	.vidioc_s_std = netra_video_s_std,
	.vidioc_querystd = netra_video_querystd,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_prepare_buf = vb2_ioctl_prepare_buf,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_qbuf = vb2_ioctl_qbuf,
	.vidioc_dqbuf = dqbuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_streamon = vb2_ioctl_streamon,
	.vidioc_streamoff = vb2_ioctl_streamoff,
	.vidioc_log_status = log_status,
	.vidioc_subscribe_event = subscribe_event,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = v4l2_fh_open,
	.release = vb2_fop_release,
	.read = read,
	.poll = vb2_fop_poll,
	.mmap = vb2_fop_mmap,
	.unlocked_ioctl = video_ioctl2,
};

/* ---- life ---------------------------------------------------------------- */

static void release(struct video_device *vdev)
{
	struct netra_video *video = container_of(vdev, struct netra_video, vdev);
	struct netra_device *dev = video->dev;

	v4l2_ctrl_handler_free(&video->controls);
	mutex_destroy(&video->lock);
	kfree(video);
	netra_device_put(dev);
}

static void init_node(struct netra_video *video)
{
	struct video_device *vdev = &video->vdev;

	snprintf(vdev->name, sizeof(vdev->name), "netra%u ch%u",
		 video->dev->number, video->channel);
	vdev->v4l2_dev = &video->dev->v4l2;
	vdev->fops = &file_ops;
	vdev->ioctl_ops = &ioctl_ops;
	vdev->release = release;
	vdev->lock = &video->lock;
	vdev->queue = &video->queue;
	v4l2_prio_init(&video->prio);
	vdev->prio = &video->prio;
	vdev->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING |
			    V4L2_CAP_READWRITE;
	video_set_drvdata(vdev, video);
}

static int add(struct netra_device *dev, u32 channel)
{
	struct netra_video *video = kzalloc(sizeof(*video), GFP_KERNEL);
	v4l2_std_id norms;
	int err;

	if (!video)
		return -ENOMEM;
	video->dev = dev;
	video->channel = channel;
	mutex_init(&video->lock);
	err = netra_video_init_queue(video);
	if (err)
		goto err_free;
	err = netra_video_init_controls(video);
	if (err)
		goto err_free;
	mutex_lock(&dev->lock);
	netra_video_init_format(video);
	mutex_unlock(&dev->lock);
	init_node(video);
	/* The core asks once whether a node can ever have standards. */
	norms = video->vdev.tvnorms;
	video->vdev.tvnorms = V4L2_STD_525_60 | V4L2_STD_625_50;
	err = video_register_device(&video->vdev, VFL_TYPE_VIDEO, -1);
	if (err)
		goto err_controls;
	video->vdev.tvnorms = norms;
	netra_device_get(dev);
	mutex_lock(&dev->lock);
	dev->video[channel] = video;
	mutex_unlock(&dev->lock);
	return 0;

err_controls:
	v4l2_ctrl_handler_free(&video->controls);
err_free:
	mutex_destroy(&video->lock);
	kfree(video);
	return err;
}

int netra_video_register(struct netra_device *dev)
{
	u32 i;

	for (i = 0; i < dev->host.channels; i++) {
		int err = add(dev, i);

		if (err) {
			netra_video_unregister(dev);
			return err;
		}
		dev->video_count++;
	}
	return 0;
}

void netra_video_unregister(struct netra_device *dev)
{
	u32 i;

	for (i = 0; i < dev->video_count; i++) {
		struct netra_video *video = dev->video[i];

		mutex_lock(&dev->lock);
		dev->video[i] = NULL;
		mutex_unlock(&dev->lock);
		/* Nobody can ask for it any more. */
		cancel_work_sync(&video->tell);
		vb2_video_unregister_device(&video->vdev);
	}
	dev->video_count = 0;
}
