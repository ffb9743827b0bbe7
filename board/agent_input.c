/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * H.264 byte streams into access units with times. Streams carry none, so
 * decode times count frames at the rate the stream (or --rate) says, and
 * presentation times follow from the picture order (two counts a frame).
 *
 * The buffer grows to the largest unit, up to a bound beyond which a stream
 * is not H.264.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define READ_BYTES	((size_t)64 << 10)
#define BUFFER_MAX	((size_t)8 << 20)
#define CLOCK_90K	90000u

bool netra_agent_input_open(struct agent_input *input, char *why,
			    size_t why_size)
{
	struct stat status;
	int flags;

	if (input->path) {
		input->fd = open(input->path,
				 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (input->fd < 0) {
			snprintf(why, why_size, "%s: %s", input->path,
				 strerror(errno));
			return false;
		}
		input->fifo = !fstat(input->fd, &status) &&
			S_ISFIFO(status.st_mode);
	} else {
		input->fd = STDIN_FILENO;
		flags = fcntl(input->fd, F_GETFL);
		if (flags < 0 ||
		    fcntl(input->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
			snprintf(why, why_size, "standard input: %s",
				 strerror(errno));
			return false;
		}
	}
	input->begin = 0;
	input->fill = 0;
	input->at_end = false;
	input->ended = false;
	input->have_unit = false;
	input->skip_to_key = false;
	netra_cutter_init(&input->cutter);
	return true;
}

void netra_agent_input_close(struct agent_input *input)
{
	if (input->fd >= 0 && input->path)
		close(input->fd);
	input->fd = -1;
	free(input->buffer);
	input->buffer = NULL;
	input->size = 0;
}

static bool make_room(struct agent_input *input)
{
	size_t size = input->size ? input->size * 2 : 4 * READ_BYTES;
	uint8_t *buffer;

	if (input->begin) {
		memmove(input->buffer, input->buffer + input->begin,
			input->fill - input->begin);
		input->fill -= input->begin;
		input->begin = 0;
	}
	if (input->size - input->fill >= READ_BYTES)
		return true;
	if (size > BUFFER_MAX) {
		errno = EMSGSIZE;
		return false;
	}
	buffer = realloc(input->buffer, size);
	if (!buffer)
		return false;
	input->buffer = buffer;
	input->size = size;
	return true;
}

bool netra_agent_input_read(struct agent_input *input)
{
	ssize_t n;

	/* The unit handed out lies in the buffer. */
	if (input->have_unit || input->at_end)
		return true;
	if (!make_room(input))
		return false;
	n = read(input->fd, input->buffer + input->fill, READ_BYTES);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0)
		input->fill += (size_t)n;
	else if (!input->fifo || input->fill || input->cutter.consumed)
		input->at_end = true;
	return true;
}

static const struct netra_sps *active_sps(const struct agent_input *input)
{
	const struct netra_cutter *cutter = &input->cutter;
	uint8_t id = cutter->last.sps_id & 31;

	return cutter->sets.have_sps[id] ? &cutter->sets.sps[id] : NULL;
}

/* A new rate begins a new count, so that times go on where they are. */
static void follow_format(struct agent_input *input,
			  const struct netra_sps *sps)
{
	uint32_t num = input->rate_num, den = input->rate_den;

	if (sps->time_scale && sps->units_in_tick &&
	    sps->units_in_tick <= UINT32_MAX / 2) {
		num = sps->time_scale;
		den = 2 * sps->units_in_tick;
	}
	if (num != input->num || den != input->den) {
		if (input->num)
			input->base_90k += (int64_t)(input->units * CLOCK_90K *
						     input->den / input->num);
		input->units = 0;
		input->sequence_unit = 0;
		input->num = num;
		input->den = den;
		input->format_changed = true;
	}
	if (sps->width != input->width || sps->height != input->height) {
		input->width = sps->width;
		input->height = sps->height;
		input->format_changed = true;
	}
}

static int64_t unit_time(const struct agent_input *input, int64_t unit)
{
	return input->base_90k + unit * CLOCK_90K * (int64_t)input->den /
		(int64_t)input->num;
}

/* Pictures by which decoding runs ahead of showing. */
static int64_t reorder_frames(const struct netra_sps *sps)
{
	if (sps->max_reorder_frames >= 0)
		return sps->max_reorder_frames;
	return sps->profile_idc == 66 || sps->poc_type == 2 ? 0 :
		sps->max_ref_frames;
}

static void stamp(struct agent_input *input, const struct netra_unit_info *info,
		  struct netra_access_unit *unit)
{
	const struct netra_sps *sps = active_sps(input);

	if (sps)
		follow_format(input, sps);
	else if (!input->num) {
		input->num = input->rate_num;
		input->den = input->rate_den;
	}
	unit->dts_90k = unit_time(input, (int64_t)input->units);
	unit->duration_90k = (uint32_t)(unit_time(input,
		(int64_t)input->units + 1) - unit->dts_90k);
	unit->pts_90k = unit->dts_90k;
	if (info->sequence_start)
		input->sequence_unit = input->units;
	if (sps && info->has_poc) {
		int64_t shown = (int64_t)input->sequence_unit +
			info->poc / 2 + reorder_frames(sps);
		int64_t pts_90k = unit_time(input, shown);

		if (pts_90k > unit->dts_90k)
			unit->pts_90k = pts_90k;
	}
	input->units++;
}

static bool cut(struct agent_input *input, uint64_t now_ns)
{
	struct netra_access_unit *unit = &input->unit;
	struct netra_unit_info info;

	if (!netra_cutter_next(&input->cutter, input->buffer + input->begin,
			       input->fill - input->begin, input->at_end,
			       &info))
		return false;
	*unit = (struct netra_access_unit){
		.data = input->buffer + input->begin,
		.length = (uint32_t)info.length,
		.flags = (info.key ? NETRA_FRAME_KEY : 0) |
			(info.parameters ? NETRA_FRAME_PARAMETERS : 0),
		.board_time_ns = now_ns,
	};
	stamp(input, &info, unit);
	input->have_unit = true;
	input->unit_ns = now_ns;
	return true;
}

const struct netra_access_unit *netra_agent_input_unit(struct agent_input *input,
						       uint64_t now_ns)
{
	while (!input->have_unit && input->buffer && cut(input, now_ns)) {
		if (!input->skip_to_key || input->unit.flags & NETRA_FRAME_KEY)
			break;
		netra_agent_input_taken(input);
	}
	if (!input->have_unit && input->at_end && !input->ended) {
		input->unit = (struct netra_access_unit){
			.flags = NETRA_FRAME_END,
			.board_time_ns = now_ns,
		};
		input->have_unit = true;
		input->unit_ns = now_ns;
	}
	return input->have_unit ? &input->unit : NULL;
}

void netra_agent_input_taken(struct agent_input *input)
{
	input->have_unit = false;
	if (input->unit.flags & NETRA_FRAME_END) {
		input->ended = true;
		return;
	}
	input->begin += input->unit.length;
	input->skip_to_key &= !(input->unit.flags & NETRA_FRAME_KEY);
}
