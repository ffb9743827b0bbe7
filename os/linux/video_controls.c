// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A node's controls: only such as the board really obeys, and what is known of
 * its stream. What was set is kept, and told to the board again after it was
 * booted again; what was never set here stays as the board, or another program,
 * has it.
 */
#include "core/bytes.h"
#include "video.h"

#define BIT_RATE_MIN	16000
#define BIT_RATE_MAX	100000000
#define BIT_RATE_USUAL	2000000		/* of 4CIF at 30 frames a second */
#define GOP_MAX		3600
#define GOP_USUAL	30

int netra_video_command(struct netra_video *video, enum netra_opcode opcode,
			u32 arg0, u32 arg1)
{
	struct netra_device *dev = video->dev;

	lockdep_assert_held(&dev->lock);
	if (dev->dead)
		return -ENODEV;
	if (dev->host.state != NETRA_BOARD_ATTACHED) {
		video->told_generation = 0;
		return 0;
	}
	return netra_command_wait(dev, video->channel, opcode, arg0, arg1);
}

/* A refusal is not the caller's business any more: what was asked stands. */
void netra_video_tell(struct netra_video *video)
{
	const struct netra_video_wishes wishes = video->wishes;
	const struct netra_video_format *f = &wishes.format;
	struct netra_host *host = &video->dev->host;

	if (host->state != NETRA_BOARD_ATTACHED ||
	    video->told_generation == host->generation)
		return;
	video->told_generation = host->generation;
	netra_video_refresh(video);
	if (wishes.bit_rate)
		netra_video_command(video, NETRA_CMD_BIT_RATE, wishes.bit_rate, 0);
	if (wishes.gop)
		netra_video_command(video, NETRA_CMD_GOP, wishes.gop, 0);
	if (f->width && (f->width != video->format.width ||
			 f->height != video->format.height))
		netra_video_command(video, NETRA_CMD_RESOLUTION, f->width,
				    f->height);
	if (f->rate_num && (f->rate_num != video->format.rate_num ||
			    f->rate_den != video->format.rate_den))
		netra_video_command(video, NETRA_CMD_FRAME_RATE, f->rate_num,
				    f->rate_den);
}

static void tell(struct work_struct *work)
{
	struct netra_video *video = container_of(work, struct netra_video, tell);

	mutex_lock(&video->dev->lock);
	netra_video_tell(video);
	mutex_unlock(&video->dev->lock);
}

/*
 * A camera can be asked for another format; a recording that the board plays
 * cannot. The protocol has no word for it, but asking for the format that it
 * has changes nothing. A camera may begin anew for it, so only while it idles.
 */
bool netra_video_adjustable(struct netra_video *video)
{
	struct netra_device *dev = video->dev;
	bool known = netra_video_refresh(video);
	int err;

	if (known && !video->probed && !dev->users[video->channel] &&
	    dev->host.state == NETRA_BOARD_ATTACHED) {
		err = netra_video_command(video, NETRA_CMD_RESOLUTION,
					  video->format.width,
					  video->format.height);
		video->probed = !err || err == netra_errno(NETRA_ERR_REFUSED);
		video->adjustable = !err;
		netra_video_refresh(video);
	}
	return video->adjustable;
}

static int set_u32(struct netra_video *video, enum netra_opcode opcode,
		   u32 *wish, u32 value)
{
	u32 before = *wish;
	int err;

	*wish = value;
	err = netra_video_command(video, opcode, value, 0);
	if (err)
		*wish = before;
	return err;
}

static int s_ctrl(struct v4l2_ctrl *ctrl)
{
	struct netra_video *video = container_of(ctrl->handler,
						 struct netra_video, controls);
	int err;

	mutex_lock(&video->dev->lock);
	switch (ctrl->id) {
	case V4L2_CID_MPEG_VIDEO_BITRATE:
		err = set_u32(video, NETRA_CMD_BIT_RATE,
			      &video->wishes.bit_rate, ctrl->val);
		break;
	case V4L2_CID_MPEG_VIDEO_GOP_SIZE:
		err = set_u32(video, NETRA_CMD_GOP, &video->wishes.gop,
			      ctrl->val);
		break;
	case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME:
		/* A stream that begins later does so with one in any case. */
		err = netra_video_command(video, NETRA_CMD_KEY_FRAME, 0, 0);
		break;
	default:
		err = -EINVAL;
		break;
	}
	mutex_unlock(&video->dev->lock);
	return err;
}

/* Annex A: constraint_set flags tell apart what profile_idc does not. */
static s32 profile_of(const struct netra_kept_sets *sets)
{
	switch (sets->profile_idc) {
	case 66:
		return sets->constraints & 0x40 ?
		       V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE :
		       V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE;
	case 77:
		return V4L2_MPEG_VIDEO_H264_PROFILE_MAIN;
	case 88:
		return V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED;
	default:
		return V4L2_MPEG_VIDEO_H264_PROFILE_HIGH;
	}
}

static s32 level_of(const struct netra_kept_sets *sets)
{
	static const u8 idc[] = {
		10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51,
	};
	s32 i, best = V4L2_MPEG_VIDEO_H264_LEVEL_1_0;

	/* A.3.1: before High profile level 1b is 11 with constraint_set3_flag */
	if (sets->level_idc == 11 && sets->constraints & 0x10 &&
	    sets->profile_idc < 100)
		return V4L2_MPEG_VIDEO_H264_LEVEL_1B;
	for (i = 0; i < ARRAY_SIZE(idc); i++)
		if (idc[i] <= sets->level_idc && idc[i] > idc[best])
			best = i;
	return sets->level_idc == 9 ? V4L2_MPEG_VIDEO_H264_LEVEL_1B : best;
}

static int g_volatile_ctrl(struct v4l2_ctrl *ctrl)
{
	struct netra_video *video = container_of(ctrl->handler,
						 struct netra_video, controls);

	mutex_lock(&video->dev->lock);
	/* Until a stream has said it, the usual one of such an encoder. */
	if (!video->sets.profile_idc)
		ctrl->val = ctrl->default_value;
	else if (ctrl->id == V4L2_CID_MPEG_VIDEO_H264_PROFILE)
		ctrl->val = profile_of(&video->sets);
	else
		ctrl->val = level_of(&video->sets);
	mutex_unlock(&video->dev->lock);
	return 0;
}

static const struct v4l2_ctrl_ops control_ops = {
	.s_ctrl = s_ctrl,
	.g_volatile_ctrl = g_volatile_ctrl,
};

static void add_reading(struct v4l2_ctrl_handler *controls, u32 id, u8 max, u8 def)
{
	struct v4l2_ctrl *ctrl = v4l2_ctrl_new_std_menu(controls, &control_ops,
							id, max, 0, def);

	if (ctrl)
		ctrl->flags |= V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE;
}

static u32 board_bit_rate(const struct netra_video *video)
{
	const struct netra_host_area *area;
	u32 rate = 0;

	mutex_lock(&video->dev->lock);
	area = video->dev->host.area;
	if (area)
		rate = netra_read32(&area->channel[video->channel].bit_rate);
	mutex_unlock(&video->dev->lock);
	return rate ? clamp_t(u32, rate, BIT_RATE_MIN, BIT_RATE_MAX) :
		      BIT_RATE_USUAL;
}

int netra_video_init_controls(struct netra_video *video)
{
	struct v4l2_ctrl_handler *controls = &video->controls;
	u32 bit_rate = board_bit_rate(video);

	INIT_WORK(&video->tell, tell);
	v4l2_ctrl_handler_init(controls, 5);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_BITRATE,
			  BIT_RATE_MIN, BIT_RATE_MAX, 1, bit_rate);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_GOP_SIZE,
			  1, GOP_MAX, 1, GOP_USUAL);
	v4l2_ctrl_new_std(controls, &control_ops,
			  V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0, 0, 0, 0);
	add_reading(controls, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
		    V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
		    V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
	add_reading(controls, V4L2_CID_MPEG_VIDEO_H264_LEVEL,
		    V4L2_MPEG_VIDEO_H264_LEVEL_5_1,
		    V4L2_MPEG_VIDEO_H264_LEVEL_3_0);
	if (controls->error) {
		int err = controls->error;

		v4l2_ctrl_handler_free(controls);
		return err;
	}
	video->vdev.ctrl_handler = controls;
	return 0;
}
