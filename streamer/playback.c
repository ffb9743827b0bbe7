/* SPDX-License-Identifier: BSD-2-Clause */
#include "playback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES (8u << 20)
#define LEAD_NS 300000000u	/* so much ahead of its time a frame leaves */
#define BEHIND_UNITS 60u	/* a client may be, before it is waited for */
#define WAIT_MS 20u
#define FRAME_90K 3000		/* what a gap is shortened to */
#define GAP_90K 90000
/* Faster than this, key frames only. */
#define ALL_FRAMES_SCALE 2.0

struct netra_playback *netra_playback_new(uv_loop_t *loop, const char *store,
					  uint32_t board_index,
					  uint32_t channel)
{
	struct netra_playback *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (!netra_feed_init(&p->feed, channel, LOG_BYTES, UINT64_MAX)) {
		free(p);
		return NULL;
	}
	p->feed.recorded = true;
	p->feed.board_index = board_index;
	p->loop = loop;
	snprintf(p->store, sizeof(p->store), "%s", store);
	p->timer.data = p;
	p->work.data = p;
	p->scale = 1.0;
	p->end_ns = NETRA_PLAYBACK_OPEN_END;
	uv_timer_init(loop, &p->timer);
	p->handles = 1;
	return p;
}

static void free_last(struct netra_playback *p)
{
	if (--p->handles)
		return;
	netra_feed_close(&p->feed);
	netra_playback_reader_close(p->reader);
	netra_playback_batch_free(&p->batch);
	free(p);
}

static void timer_closed(uv_handle_t *handle)
{
	free_last(handle->data);
}

void netra_playback_close(struct netra_playback *p)
{
	if (!p)
		return;
	p->closing = true;
	p->playing = false;
	uv_close((uv_handle_t *)&p->timer, timer_closed);
}

/* ---- reading, in a thread of libuv's ------------------------------------ */

static void work(uv_work_t *job)
{
	struct netra_playback *p = job->data;

	p->result = NETRA_OK;
	if (!p->reader)
		p->result = netra_playback_reader_open(&p->reader, p->store,
						       p->feed.channel);
	if (!p->result && p->seek)
		p->result = netra_playback_reader_seek(p->reader, p->seek_ns);
	if (!p->result)
		p->result = netra_playback_reader_next(p->reader, &p->batch);
	else
		p->batch.count = 0;
}

static void advance(struct netra_playback *p);
static void work_done(uv_work_t *job, int status);

static void submit(struct netra_playback *p)
{
	if (p->busy)
		return;
	p->busy = true;
	p->seek = p->seek_wanted;
	p->seek_wanted = false;
	p->handles++;
	if (uv_queue_work(p->loop, &p->work, work, work_done)) {
		p->busy = false;
		p->handles--;
	}
}

/* For a description, before anything is played. */
static void learn_sets(struct netra_playback *p)
{
	const struct netra_playback_frame *frame = &p->batch.frame[0];
	struct netra_nal nal;
	size_t position = 0;

	while (netra_nal_next(p->batch.data + frame->offset, frame->length,
			      &position, &nal))
		if (nal.type == NETRA_NAL_SPS || nal.type == NETRA_NAL_PPS)
			netra_sets_add(&p->feed.packetiser.sets, &nal);
}

static void work_done(uv_work_t *job, int status)
{
	struct netra_playback *p = job->data;

	(void)status;
	p->busy = false;
	p->next = 0;
	if (p->closing) {
		free_last(p);
		return;
	}
	p->handles--;
	if (p->seek_wanted) {
		submit(p);
		return;
	}
	if (!p->seek) {
		advance(p);
		return;
	}
	p->sought_result = p->result;
	if (!p->result) {
		p->start_ns = p->batch.frame[0].wall_ns;
		p->last_dts_90k = p->batch.frame[0].dts_90k;
		p->fresh = true;
		p->feed.ended = false;
		learn_sets(p);
	}
	p->sought(p->context);
}

void netra_playback_seek(struct netra_playback *p, int64_t wall_ns)
{
	netra_playback_pause(p);
	/* RTP time goes on behind what was played. */
	p->rtp_90k += FRAME_90K +
		      (int64_t)((double)(p->media_90k - p->base_90k) / p->scale);
	p->base_90k = 0;
	p->media_90k = 0;
	p->seek_ns = wall_ns;
	p->seek_wanted = true;
	submit(p);
}

/* ---- sending, in the loop ----------------------------------------------- */

static bool behind(const struct netra_playback *p)
{
	const struct netra_log_cursor *cursor = p->feed.log.cursors;

	return cursor && cursor->unit &&
	       p->feed.log.newest->number - cursor->unit->number > BEHIND_UNITS;
}

static int64_t rtp_time(const struct netra_playback *p, int64_t media_90k)
{
	return p->rtp_90k + (int64_t)((double)(media_90k - p->base_90k) /
				      p->scale);
}

uint32_t netra_playback_first_time(const struct netra_playback *p)
{
	int64_t delay = p->batch.count ? p->batch.frame[0].delay_90k : 0;

	return (uint32_t)rtp_time(p, p->media_90k + delay) +
	       p->feed.packetiser.time_offset;
}

/* Media time of a frame: as in its file, but without gaps. */
static int64_t media_time(const struct netra_playback *p,
			  const struct netra_playback_frame *frame)
{
	int64_t step = frame->dts_90k - p->last_dts_90k;

	if (frame->new_file || step < 0 || step > GAP_90K)
		step = p->fresh ? 0 : FRAME_90K;
	return p->media_90k + step;
}

static uint64_t due_ns(const struct netra_playback *p, int64_t media_90k)
{
	double passed_ns = (double)(media_90k - p->base_90k) * 100000.0 / 9.0 /
			   p->scale;

	return p->base_ns + (uint64_t)passed_ns;
}

static void send_frame(struct netra_playback *p,
		       const struct netra_playback_frame *frame,
		       int64_t media_90k, uint64_t now_ns)
{
	struct netra_unit *unit;
	int64_t pts = rtp_time(p, media_90k + frame->delay_90k);

	p->media_90k = media_90k;
	p->last_dts_90k = frame->dts_90k;
	p->fresh = false;
	unit = netra_packetise(&p->feed.packetiser,
			       p->batch.data + frame->offset, frame->length,
			       pts);
	if (!unit)
		return;
	p->feed.frames++;
	p->feed.bytes += frame->length;
	netra_log_append(&p->feed.log, unit, now_ns);
}

static void timer_over(uv_timer_t *timer)
{
	advance(timer->data);
}

static void wait_ms(struct netra_playback *p, uint64_t ms)
{
	uv_timer_start(&p->timer, timer_over, ms, 0);
}

/* Return: false if there is nothing to be sent now. */
static bool step(struct netra_playback *p, uint64_t now_ns)
{
	const struct netra_playback_frame *frame;
	int64_t media_90k;
	uint64_t due;

	if (p->next == p->batch.count) {
		if (p->result) {
			p->feed.ended = true;
			p->playing = false;
		} else {
			submit(p);
		}
		return false;
	}
	frame = &p->batch.frame[p->next];
	if (frame->wall_ns >= p->end_ns) {
		p->feed.ended = true;
		p->playing = false;
		return false;
	}
	if (behind(p)) {
		wait_ms(p, WAIT_MS);
		return false;
	}
	media_90k = media_time(p, frame);
	due = due_ns(p, media_90k);
	if (due > now_ns + LEAD_NS) {
		wait_ms(p, (due - now_ns - LEAD_NS) / 1000000u + 1);
		return false;
	}
	p->next++;
	if (frame->key || p->scale <= ALL_FRAMES_SCALE) {
		send_frame(p, frame, media_90k, now_ns);
	} else {
		p->media_90k = media_90k;
		p->last_dts_90k = frame->dts_90k;
	}
	return true;
}

static void advance(struct netra_playback *p)
{
	uint64_t now_ns = uv_hrtime();
	bool any = false;

	if (!p->playing || p->busy)
		return;
	while (step(p, now_ns))
		any = true;
	if (any || p->feed.ended)
		p->news(p->context, &p->feed);
}

void netra_playback_play(struct netra_playback *p, int64_t end_ns, double scale)
{
	p->rtp_90k = rtp_time(p, p->media_90k);
	p->base_90k = p->media_90k;
	p->base_ns = uv_hrtime();
	p->scale = scale;
	p->end_ns = end_ns;
	p->playing = true;
	/* So that sender reports tell RTP time as it passes. */
	p->feed.time_base_90k = netra_feed_90k(p->base_ns) - p->rtp_90k;
	advance(p);
}

void netra_playback_pause(struct netra_playback *p)
{
	p->playing = false;
	uv_timer_stop(&p->timer);
}
