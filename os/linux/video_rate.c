// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Frame intervals: what the board codes of the frames that its cameras give. */
#include <media/v4l2-common.h>

#include "video.h"

#define RATE_MAX	60	/* frames a second, where no standard says */

/* num / den is the larger rate of two. */
static bool is_faster(const struct v4l2_fract *a, const struct v4l2_fract *b)
{
	return (u64)a->numerator * b->denominator <
	       (u64)b->numerator * a->denominator;
}

static struct v4l2_fract interval_of(const struct netra_video *video)
{
	return (struct v4l2_fract){
		.numerator = video->format.rate_den,
		.denominator = video->format.rate_num,
	};
}

static struct v4l2_fract shortest(const struct netra_video *video)
{
	v4l2_std_id standard = netra_video_standard(video);
	struct v4l2_fract now = interval_of(video), limit = { 1, RATE_MAX };

	if (standard & V4L2_STD_625_50)
		limit.denominator = 25;
	else if (standard & V4L2_STD_525_60)
		limit.denominator = 30;
	return is_faster(&now, &limit) ? now : limit;
}

int netra_video_set_rate(struct netra_video *video, u32 num, u32 den)
{
	int err;

	if (num == video->format.rate_num && den == video->format.rate_den)
		return 0;
	err = netra_video_command(video, NETRA_CMD_FRAME_RATE, num, den);
	if (err)
		return err;
	video->wishes.format.rate_num = num;
	video->wishes.format.rate_den = den;
	video->format.rate_num = num;
	video->format.rate_den = den;
	netra_video_refresh(video);
	return 0;
}

int netra_video_enum_frameintervals(struct file *file, void *fh,
				    struct v4l2_frmivalenum *interval)
{
	struct netra_video *video = video_drvdata(file);
	int err = -EINVAL;

	if (interval->index || interval->pixel_format != V4L2_PIX_FMT_H264)
		return -EINVAL;
	mutex_lock(&video->dev->lock);
	if (!netra_video_has_size(video, interval->width, interval->height))
		goto out_unlock;
	err = 0;
	if (video->adjustable) {
		interval->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
		interval->stepwise.min = shortest(video);
		interval->stepwise.max = (struct v4l2_fract){ 1, 1 };
		interval->stepwise.step = (struct v4l2_fract){ 1, 1 };
	} else {
		interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
		interval->discrete = interval_of(video);
	}

out_unlock:
	mutex_unlock(&video->dev->lock);
	return err;
}

static void fill(struct netra_video *video, struct v4l2_captureparm *capture)
{
	memset(capture, 0, sizeof(*capture));
	capture->capability = V4L2_CAP_TIMEPERFRAME;
	capture->timeperframe = interval_of(video);
	capture->readbuffers = NETRA_VIDEO_BUFFERS;
}

int netra_video_g_parm(struct file *file, void *fh, struct v4l2_streamparm *parm)
{
	struct netra_video *video = video_drvdata(file);

	if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	mutex_lock(&video->dev->lock);
	netra_video_refresh(video);
	fill(video, &parm->parm.capture);
	mutex_unlock(&video->dev->lock);
	return 0;
}

int netra_video_s_parm(struct file *file, void *fh, struct v4l2_streamparm *parm)
{
	struct netra_video *video = video_drvdata(file);
	struct v4l2_captureparm *capture = &parm->parm.capture;
	struct v4l2_fract wanted = capture->timeperframe, limit;
	int err = 0;

	if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	mutex_lock(&video->dev->lock);
	netra_video_refresh(video);
	if (wanted.numerator && wanted.denominator) {
		/* Times in units of 100 ns are more than encoders take. */
		v4l2_simplify_fraction(&wanted.numerator, &wanted.denominator,
				       8, 333);
		limit = shortest(video);
		if (is_faster(&wanted, &limit))
			wanted = limit;
		if (wanted.numerator > wanted.denominator)
			wanted = (struct v4l2_fract){ 1, 1 };
		err = netra_video_set_rate(video, wanted.denominator,
					   wanted.numerator);
		if (err == netra_errno(NETRA_ERR_REFUSED))
			err = 0;
	}
	if (!err)
		fill(video, capture);
	mutex_unlock(&video->dev->lock);
	return err;
}
