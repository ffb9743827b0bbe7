// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A node's buffers: the board's thread copies whole access units into those
 * that programs have queued. A program that queues none in time loses frames,
 * which its next buffer's sequence number shows; nobody else does.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <media/v4l2-event.h>
#include <media/videobuf2-vmalloc.h>

#include "trace.h"
#include "video.h"

struct netra_video_buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head list;
};

static struct netra_video_buffer *buffer_of(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct netra_video_buffer, vb);
}

/* ---- the board's thread -------------------------------------------------- */

/* The oldest queued buffer; if there is none, the next one will kick. */
static struct netra_video_buffer *first_queued(struct netra_video *video)
{
	struct netra_video_buffer *buffer;

	spin_lock(&video->queued_lock);
	buffer = list_first_entry_or_null(&video->queued,
					  struct netra_video_buffer, list);
	video->starved = !buffer;
	spin_unlock(&video->queued_lock);
	return buffer;
}

static void done(struct netra_video *video, struct netra_video_buffer *buffer,
		 u32 bytes, u32 flags)
{
	spin_lock(&video->queued_lock);
	list_del(&buffer->list);
	spin_unlock(&video->queued_lock);
	vb2_set_plane_payload(&buffer->vb.vb2_buf, 0, bytes);
	buffer->vb.field = V4L2_FIELD_NONE;
	buffer->vb.flags &= ~(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME |
			      V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_LAST);
	buffer->vb.flags |= flags;
	vb2_buffer_done(&buffer->vb.vb2_buf, VB2_BUF_STATE_DONE);
}

/*
 * What is in the ring may change while it is looked at, if the board is broken,
 * and what is in the buffer, as a program has it mapped: the frame's head is
 * taken out once, looked at, and is what the buffer gets. Return: the access
 * unit's bytes, 0 if there is no room.
 */
static u32 copy(struct netra_video *video, struct netra_video_buffer *buffer,
		const struct netra_host_frame *frame,
		struct netra_unit_head *head)
{
	const u8 *from = video->dev->host.view + frame->offset;
	u32 bytes = min_t(u32, frame->length, NETRA_HEAD_BYTES);
	u8 *to = vb2_plane_vaddr(&buffer->vb.vb2_buf, 0);
	u32 size = vb2_plane_size(&buffer->vb.vb2_buf, 0);

	if (frame->length > size)
		return 0;
	memcpy(video->head, from, bytes);
	memcpy(to, video->head, bytes);
	memcpy(to + bytes, from + bytes, frame->length - bytes);
	netra_sets_look(&video->sets, video->head, bytes,
			bytes == frame->length, head);
	if (!(frame->flags & NETRA_FRAME_KEY) ||
	    (head->has_sps && head->has_pps))
		return frame->length;
	video->counters.joined++;
	return netra_sets_join(&video->sets, head, to, frame->length, size);
}

/* The frame at hand into the buffer: true if that worked. */
static bool fill(struct netra_video *video, struct netra_video_buffer *buffer,
		 struct netra_host_frame *frame)
{
	struct netra_cursor *cursor = video->cursor;
	struct netra_unit_head head;
	u32 bytes, flags;

	if (!video->begun) {
		video->first_sequence = frame->sequence;
		video->begun = true;
		/* Nobody tells what changed while the channel was stopped. */
		netra_video_signal(video, frame->flags & NETRA_FRAME_NO_SIGNAL);
	}
	bytes = copy(video, buffer, frame, &head);
	if (!bytes)
		video->counters.too_large++;
	if (netra_cursor_give_back(cursor, frame->token) || !bytes) {
		netra_cursor_spoilt(cursor, frame, false);
		return false;
	}
	netra_cursor_delivered(cursor, frame);
	flags = frame->flags & NETRA_FRAME_KEY ? V4L2_BUF_FLAG_KEYFRAME :
						 head.picture;
	buffer->vb.sequence = frame->sequence - video->first_sequence;
	buffer->vb.vb2_buf.timestamp =
		frame->host_time_ns ? frame->host_time_ns : ktime_get_ns();
	trace_netra_frame(video->dev->number, video->channel, frame->sequence,
			  bytes, frame->flags);
	done(video, buffer, bytes, flags);
	return true;
}

/* An end of stream from before this stream's beginning is not its own. */
static bool is_own_end(const struct netra_video *video)
{
	const struct netra_channel *c = &video->dev->host.channel[video->channel];

	return video->begun || c->ring.head != video->first_head;
}

static void end(struct netra_video *video, struct netra_video_buffer *buffer)
{
	static const struct v4l2_event eos = { .type = V4L2_EVENT_EOS };

	video->ended = true;
	buffer->vb.sequence = video->begun ? video->cursor->expected -
					     video->first_sequence : 0;
	buffer->vb.vb2_buf.timestamp = ktime_get_ns();
	done(video, buffer, 0, V4L2_BUF_FLAG_LAST);
	v4l2_event_queue(&video->vdev, &eos);
}

static void serve(struct netra_video *video)
{
	struct netra_host *host = &video->dev->host;
	struct netra_video_buffer *buffer;
	struct netra_host_frame frame;
	enum netra_error error = NETRA_OK;

	while (!video->ended && !error && (buffer = first_queued(video))) {
		error = netra_cursor_take(video->cursor, SIZE_MAX, &frame);
		if (!error)
			fill(video, buffer, &frame);
		else if (error == NETRA_ERR_ENDED && is_own_end(video))
			end(video, buffer);
	}
	if (host->lost || video->dev->dead)
		vb2_queue_error(&video->queue);
}

void netra_video_serve(struct netra_device *dev)
{
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; i < dev->host.channels; i++) {
		struct netra_video *video = dev->video[i];

		if (!video || !video->cursor)
			continue;
		serve(video);
		/* A board that was booted again has forgotten what was set. */
		if (dev->host.state == NETRA_BOARD_ATTACHED &&
		    video->told_generation != dev->host.generation)
			schedule_work(&video->tell);
	}
}

/* ---- vb2 ----------------------------------------------------------------- */

static int queue_setup(struct vb2_queue *queue, unsigned int *buffers,
		       unsigned int *planes, unsigned int sizes[],
		       struct device *devices[])
{
	struct netra_video *video = vb2_get_drv_priv(queue);

	if (*planes)
		return sizes[0] < video->sizeimage ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = video->sizeimage;
	*buffers = max_t(unsigned int, *buffers, NETRA_VIDEO_BUFFERS);
	return 0;
}

static int buf_prepare(struct vb2_buffer *vb)
{
	struct netra_video *video = vb2_get_drv_priv(vb->vb2_queue);

	if (vb2_plane_size(vb, 0) < video->sizeimage)
		return -EINVAL;
	/* An imported buffer that cannot be mapped */
	return vb2_plane_vaddr(vb, 0) ? 0 : -EFAULT;
}

static void buf_queue(struct vb2_buffer *vb)
{
	struct netra_video *video = vb2_get_drv_priv(vb->vb2_queue);
	bool starved;

	spin_lock(&video->queued_lock);
	list_add_tail(&buffer_of(vb)->list, &video->queued);
	starved = video->starved;
	video->starved = false;
	spin_unlock(&video->queued_lock);
	if (starved)
		netra_kick(video->dev);
}

static void return_buffers(struct netra_video *video, enum vb2_buffer_state state)
{
	struct netra_video_buffer *buffer, *next;

	spin_lock(&video->queued_lock);
	list_for_each_entry_safe(buffer, next, &video->queued, list) {
		list_del(&buffer->list);
		vb2_buffer_done(&buffer->vb.vb2_buf, state);
	}
	spin_unlock(&video->queued_lock);
}

/*
 * Only when the channel runs does the cursor become the node's: until then
 * vb2 wants no buffer to be done, as starting may still fail.
 */
static int begin(struct netra_video *video)
{
	struct netra_device *dev = video->dev;
	struct netra_host *host = &dev->host;
	const struct netra_channel *c = &host->channel[video->channel];
	const struct netra_kept_sets *kept;
	enum netra_error error;
	struct netra_cursor *cursor;
	u32 flags = 0;
	int err;

	if (dev->dead)
		return -ENODEV;
	error = netra_cursor_check(host, video->channel);
	if (error)
		return netra_errno(error);
	cursor = kvzalloc(netra_cursor_bytes(host, video->channel), GFP_KERNEL);
	if (!cursor)
		return -ENOMEM;
	netra_video_tell(video);
	/* One who joins others has a picture at once. */
	if (dev->users[video->channel] && !c->ring.ended)
		flags = NETRA_CURSOR_FROM_KEY;
	video->first_head = c->ring.head;
	netra_cursor_open(host, video->channel, flags, cursor);
	err = netra_channel_use(dev, video->channel);
	if (err) {
		netra_cursor_close(cursor);
		kvfree(cursor);
		return err;
	}
	kept = netra_channel_sets(dev, video->channel);
	if (kept)
		video->sets = *kept;
	video->begun = false;
	video->ended = false;
	video->cursor = cursor;
	return 0;
}

static int start_streaming(struct vb2_queue *queue, unsigned int count)
{
	struct netra_video *video = vb2_get_drv_priv(queue);
	int err;

	mutex_lock(&video->dev->lock);
	err = begin(video);
	mutex_unlock(&video->dev->lock);
	if (err)
		return_buffers(video, VB2_BUF_STATE_QUEUED);
	else
		netra_kick(video->dev);
	return err;
}

static void stop_streaming(struct vb2_queue *queue)
{
	struct netra_video *video = vb2_get_drv_priv(queue);
	struct netra_cursor *cursor = video->cursor;

	mutex_lock(&video->dev->lock);
	video->cursor = NULL;
	netra_cursor_close(cursor);
	netra_use_pass(video->dev, video->channel, NULL);
	mutex_unlock(&video->dev->lock);
	kvfree(cursor);
	return_buffers(video, VB2_BUF_STATE_ERROR);
}

static const struct vb2_ops queue_ops = {
	.queue_setup = queue_setup,
	.buf_prepare = buf_prepare,
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

int netra_video_init_queue(struct netra_video *video)
{
	struct vb2_queue *queue = &video->queue;

	spin_lock_init(&video->queued_lock);
	INIT_LIST_HEAD(&video->queued);
	queue->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	queue->io_modes = VB2_MMAP | VB2_DMABUF | VB2_READ;
	queue->drv_priv = video;
	queue->buf_struct_size = sizeof(struct netra_video_buffer);
	queue->ops = &queue_ops;
	queue->mem_ops = &vb2_vmalloc_memops;
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	queue->lock = &video->lock;
	queue->dev = &video->dev->pdev->dev;
	return vb2_queue_init(queue);
}
