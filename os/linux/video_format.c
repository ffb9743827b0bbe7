// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Formats of a node: H.264 in the sizes of analogue cameras, or in whatever
 * one size the channel's source has. The board's account of the channel, in
 * host memory, is the truth; it is checked before use.
 */
#include <linux/sizes.h>
#include <media/v4l2-common.h>

#include "core/bytes.h"
#include "video.h"

#define SIDE_MIN		16
#define SIDE_MAX		8192
#define SIZEIMAGE_MIN		SZ_64K
#define SIZEIMAGE_USUAL		SZ_512K
#define SIZES_MAX		6

/* D1, 4CIF, 2CIF, CIF and QCIF with 625 lines, and the same with 525. */
static const struct v4l2_frmsize_discrete sizes_625[] = {
	{ 720, 576 }, { 704, 576 }, { 704, 288 }, { 352, 288 }, { 176, 144 },
};

static const struct v4l2_frmsize_discrete sizes_525[] = {
	{ 720, 480 }, { 704, 480 }, { 704, 240 }, { 352, 240 }, { 176, 120 },
};

static_assert(ARRAY_SIZE(sizes_625) == ARRAY_SIZE(sizes_525));
static_assert(ARRAY_SIZE(sizes_625) < SIZES_MAX);

bool netra_video_refresh(struct netra_video *video)
{
	const struct netra_host_area *area = video->dev->host.area;
	struct netra_video_format *format = &video->format;
	const struct netra_channel_status *status;
	u32 width, height, num, den;
	bool known;

	lockdep_assert_held(&video->dev->lock);
	if (!area)
		return false;
	status = &area->channel[video->channel];
	width = netra_read32(&status->width);
	height = netra_read32(&status->height);
	num = netra_read32(&status->rate_num);
	den = netra_read32(&status->rate_den);
	/* Not while the board writes another one over it. */
	known = width >= SIDE_MIN && width <= SIDE_MAX &&
		height >= SIDE_MIN && height <= SIDE_MAX &&
		width == netra_read32(&status->width) &&
		height == netra_read32(&status->height);
	if (known) {
		format->width = width;
		format->height = height;
	}
	if (num && den) {
		format->rate_num = num;
		format->rate_den = den;
	}
	video->vdev.tvnorms = netra_video_standard(video);
	/* Until it was asked the board may do both. */
	if (video->vdev.tvnorms && (video->adjustable || !video->probed))
		video->vdev.tvnorms = V4L2_STD_525_60 | V4L2_STD_625_50;
	return known;
}

/* Lines are all that is known: colour systems cannot be told apart. */
v4l2_std_id netra_video_standard(const struct netra_video *video)
{
	u32 i, height = video->format.height;

	for (i = 0; i < ARRAY_SIZE(sizes_625); i++) {
		if (height == sizes_625[i].height)
			return V4L2_STD_625_50;
		if (height == sizes_525[i].height)
			return V4L2_STD_525_60;
	}
	return 0;
}

/* Sizes that can be had now, the present one among them. */
static u32 list_sizes(struct netra_video *video,
		      struct v4l2_frmsize_discrete list[SIZES_MAX])
{
	bool adjustable = netra_video_adjustable(video);
	v4l2_std_id standard = netra_video_standard(video);
	u32 i, count = 0;

	if (adjustable && standard) {
		count = ARRAY_SIZE(sizes_625);
		memcpy(list, standard & V4L2_STD_525_60 ? sizes_525 : sizes_625,
		       sizeof(sizes_625));
	}
	for (i = 0; i < count; i++)
		if (list[i].width == video->format.width &&
		    list[i].height == video->format.height)
			return count;
	list[count].width = video->format.width;
	list[count].height = video->format.height;
	return count + 1;
}

bool netra_video_has_size(struct netra_video *video, u32 width, u32 height)
{
	struct v4l2_frmsize_discrete list[SIZES_MAX];
	u32 i, count = list_sizes(video, list);

	for (i = 0; i < count; i++)
		if (list[i].width == width && list[i].height == height)
			return true;
	return false;
}

/*
 * No frame is larger than the channel's ring. Below that: an access unit of
 * raw samples (I_PCM) would take one byte and a half a pixel; coded ones that
 * take more than one are not seen.
 */
static u32 sizeimage_max(const struct netra_video *video)
{
	const struct netra_host *host = &video->dev->host;
	u32 ring = host->channel[video->channel].ring.layout.data_size;

	return PAGE_ALIGN(max_t(u32, ring, SIZEIMAGE_USUAL) + NETRA_SETS_BYTES);
}

static u32 sizeimage_usual(const struct netra_video *video, u32 width, u32 height)
{
	return min(PAGE_ALIGN(max_t(u32, width * height, SIZEIMAGE_USUAL)),
		   sizeimage_max(video));
}

static void fill(const struct netra_video *video, u32 width, u32 height,
		 u32 sizeimage, struct v4l2_pix_format *pix)
{
	memset(pix, 0, sizeof(*pix));
	pix->width = width;
	pix->height = height;
	pix->pixelformat = V4L2_PIX_FMT_H264;
	pix->field = V4L2_FIELD_NONE;
	pix->sizeimage = sizeimage;
	pix->colorspace = height <= 576 ? V4L2_COLORSPACE_SMPTE170M :
					  V4L2_COLORSPACE_REC709;
}

/* The nearest to @pix that can be had. */
static void adjust(struct netra_video *video, struct v4l2_pix_format *pix)
{
	struct v4l2_frmsize_discrete list[SIZES_MAX];
	u32 count = list_sizes(video, list), sizeimage = pix->sizeimage;
	const struct v4l2_frmsize_discrete *size =
		v4l2_find_nearest_size(list, count, width, height,
				       min_t(u32, pix->width, SIDE_MAX),
				       min_t(u32, pix->height, SIDE_MAX));

	if (!sizeimage)
		sizeimage = sizeimage_usual(video, size->width, size->height);
	sizeimage = PAGE_ALIGN(clamp_t(u32, sizeimage, SIZEIMAGE_MIN,
				       sizeimage_max(video)));
	fill(video, size->width, size->height, sizeimage, pix);
}

u32 netra_video_other_height(const struct netra_video *video)
{
	u32 i, height = video->format.height;

	for (i = 0; i < ARRAY_SIZE(sizes_625); i++) {
		if (height == sizes_625[i].height)
			return sizes_525[i].height;
		if (height == sizes_525[i].height)
			return sizes_625[i].height;
	}
	return height;
}

/*
 * What programs ask for themselves is no change of the source: they know it
 * before the board's event comes. A board that refuses keeps what it has.
 */
int netra_video_set_size(struct netra_video *video, u32 width, u32 height)
{
	u32 known_width = video->known_width, known_height = video->known_height;
	int err;

	video->known_width = width;
	video->known_height = height;
	if (width == video->format.width && height == video->format.height)
		return 0;
	err = netra_video_command(video, NETRA_CMD_RESOLUTION, width, height);
	if (err) {
		video->known_width = known_width;
		video->known_height = known_height;
		return err;
	}
	video->wishes.format.width = width;
	video->wishes.format.height = height;
	video->format.width = width;
	video->format.height = height;
	netra_video_refresh(video);
	return 0;
}

int netra_video_enum_fmt(struct file *file, void *fh, struct v4l2_fmtdesc *f)
{
	if (f->index)
		return -EINVAL;
	f->pixelformat = V4L2_PIX_FMT_H264;
	return 0;
}

int netra_video_g_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct netra_video *video = video_drvdata(file);

	mutex_lock(&video->dev->lock);
	netra_video_refresh(video);
	fill(video, video->format.width, video->format.height, video->sizeimage,
	     &f->fmt.pix);
	mutex_unlock(&video->dev->lock);
	return 0;
}

int netra_video_try_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct netra_video *video = video_drvdata(file);

	mutex_lock(&video->dev->lock);
	adjust(video, &f->fmt.pix);
	mutex_unlock(&video->dev->lock);
	return 0;
}

int netra_video_s_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct netra_video *video = video_drvdata(file);
	struct v4l2_pix_format *pix = &f->fmt.pix;
	int err;

	if (vb2_is_busy(&video->queue))
		return -EBUSY;
	mutex_lock(&video->dev->lock);
	adjust(video, pix);
	err = netra_video_set_size(video, pix->width, pix->height);
	if (err == netra_errno(NETRA_ERR_REFUSED))
		err = 0;
	if (!err) {
		video->sizeimage = pix->sizeimage;
		fill(video, video->format.width, video->format.height,
		     video->sizeimage, pix);
	}
	mutex_unlock(&video->dev->lock);
	return err;
}

int netra_video_enum_framesizes(struct file *file, void *fh,
				struct v4l2_frmsizeenum *size)
{
	struct netra_video *video = video_drvdata(file);
	struct v4l2_frmsize_discrete list[SIZES_MAX];
	u32 count;

	if (size->pixel_format != V4L2_PIX_FMT_H264)
		return -EINVAL;
	mutex_lock(&video->dev->lock);
	count = list_sizes(video, list);
	mutex_unlock(&video->dev->lock);
	if (size->index >= count)
		return -EINVAL;
	size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	size->discrete = list[size->index];
	return 0;
}

void netra_video_init_format(struct netra_video *video)
{
	/* Until the board has said it, what such a board usually does. */
	video->format.width = 704;
	video->format.height = 480;
	video->format.rate_num = 30;
	video->format.rate_den = 1;
	netra_video_refresh(video);
	video->known_width = video->format.width;
	video->known_height = video->format.height;
	video->sizeimage = sizeimage_usual(video, video->format.width,
					   video->format.height);
}
