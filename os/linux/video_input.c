// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The one input of a node, its camera, and the standard that it has.
 *
 * The board tells size and rate of what it codes, and when a signal is lost. A
 * picture with as many lines as a standard has is taken to be of that standard;
 * other inputs have none.
 */
#include "video.h"

int netra_video_enum_input(struct file *file, void *fh, struct v4l2_input *input)
{
	struct netra_video *video = video_drvdata(file);

	if (input->index)
		return -EINVAL;
	mutex_lock(&video->dev->lock);
	netra_video_adjustable(video);
	input->type = V4L2_INPUT_TYPE_CAMERA;
	snprintf(input->name, sizeof(input->name), "Camera %u", video->channel);
	input->std = video->vdev.tvnorms;
	input->capabilities = input->std ? V4L2_IN_CAP_STD : 0;
	input->status = video->no_signal ? V4L2_IN_ST_NO_SIGNAL : 0;
	mutex_unlock(&video->dev->lock);
	return 0;
}

int netra_video_g_input(struct file *file, void *fh, unsigned int *index)
{
	*index = 0;
	return 0;
}

int netra_video_s_input(struct file *file, void *fh, unsigned int index)
{
	return index ? -EINVAL : 0;
}

static v4l2_std_id standard_now(struct netra_video *video)
{
	v4l2_std_id standard;

	mutex_lock(&video->dev->lock);
	netra_video_refresh(video);
	standard = netra_video_standard(video);
	mutex_unlock(&video->dev->lock);
	return standard;
}

int netra_video_g_std(struct file *file, void *fh, v4l2_std_id *std)
{
	v4l2_std_id standard = standard_now(video_drvdata(file));

	if (!standard)
		return -ENODATA;
	*std = standard;
	return 0;
}

int netra_video_querystd(struct file *file, void *fh, v4l2_std_id *std)
{
	struct netra_video *video = video_drvdata(file);
	v4l2_std_id standard = standard_now(video);

	if (!standard)
		return -ENODATA;
	*std = READ_ONCE(video->no_signal) ? V4L2_STD_UNKNOWN : standard;
	return 0;
}

int netra_video_s_std(struct file *file, void *fh, v4l2_std_id std)
{
	struct netra_video *video = video_drvdata(file);
	v4l2_std_id standard = standard_now(video);
	int err;

	if (!standard)
		return -ENODATA;
	if (std & standard)
		return 0;
	if (!(std & (V4L2_STD_525_60 | V4L2_STD_625_50)))
		return -EINVAL;
	if (vb2_is_busy(&video->queue))
		return -EBUSY;
	mutex_lock(&video->dev->lock);
	err = netra_video_adjustable(video) ? 0 : -EINVAL;
	if (!err)
		err = netra_video_set_size(video, video->format.width,
					   netra_video_other_height(video));
	if (!err && std & V4L2_STD_525_60)
		err = netra_video_set_rate(video, 30000, 1001);
	else if (!err)
		err = netra_video_set_rate(video, 25, 1);
	mutex_unlock(&video->dev->lock);
	return err;
}
