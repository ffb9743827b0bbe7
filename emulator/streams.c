/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels of the agent: access units from their sources to the producer,
 * at the pace of their decode times or as fast as the host makes room.
 *
 * In real time a unit that finds no room waits as long as an encoder's own
 * buffer would let it, and is then dropped and counted; at free pace it waits
 * for ever. CPU thread.
 */
#include <string.h>

#include "agent.h"
#include "core/bytes.h"

#define NS_PER_MS	1000000ull
#define PATIENCE_NS	(40 * NS_PER_MS)	/* one frame in the encoder's buffer */
#define POLL_NS		100000ull		/* while waiting for room */
#define BEHIND_NS	(1000 * NS_PER_MS)	/* later than this: not merely slow */

static void set_format(struct netra_emu_agent *agent, uint32_t channel)
{
	struct netra_channel_status *status =
		&agent->producer.channel[channel].status;
	struct netra_source_format format = { 0 };

	netra_source_format(agent->emu->source[channel], &format);
	status->width = format.width;
	status->height = format.height;
	status->rate_num = format.rate_num;
	status->rate_den = format.rate_den;
	status->bit_rate = format.bit_rate;
}

static void tell_format(struct netra_emu_agent *agent, uint32_t channel)
{
	const struct netra_channel_status *status =
		&agent->producer.channel[channel].status;
	uint32_t arg[4];

	set_format(agent, channel);
	arg[0] = status->width;
	arg[1] = status->height;
	arg[2] = status->rate_num;
	arg[3] = status->rate_den;
	netra_producer_event(&agent->producer, NETRA_EVENT_FORMAT, channel,
			     arg);
}

void netra_emu_streams_begin(struct netra_emu_agent *agent)
{
	for (uint32_t i = 0; i < agent->emu->options.channels; i++)
		set_format(agent, i);
}

/* A camera obeys; a file goes on to its next one. */
static void ask_key(struct netra_emu_agent *agent, uint32_t channel)
{
	static const struct netra_command key = {
		.opcode = NETRA_CMD_KEY_FRAME,
	};

	netra_source_command(agent->emu->source[channel], &key);
}

static uint32_t start(struct netra_emu_agent *agent, uint32_t channel)
{
	struct netra_emu_stream *stream = &agent->stream[channel];

	if (stream->running)
		return NETRA_REPLY_OK;
	if (stream->ended) {
		if (netra_source_rewind(agent->emu->source[channel]))
			return NETRA_REPLY_UNSUPPORTED;
		stream->ended = false;
		stream->begun = false;
		stream->timed = false;
	}
	stream->running = true;
	/* A source may begin without a key frame: then that is how it is. */
	stream->want_key = stream->begun;
	if (stream->want_key)
		ask_key(agent, channel);
	stream->no_signal = 0;
	stream->seen_head = 0;
	tell_format(agent, channel);
	return NETRA_REPLY_OK;
}

uint32_t netra_emu_streams_command(struct netra_emu_agent *agent,
				   const struct netra_command *command,
				   uint32_t *detail)
{
	uint32_t channel = command->channel;
	uint32_t status;

	(void)detail;
	netra_emu_count(&agent->emu->counters.commands, 1);
	if (channel >= agent->emu->options.channels)
		return NETRA_REPLY_BAD_CHANNEL;
	switch (command->opcode) {
	case NETRA_CMD_START:
		return start(agent, channel);
	case NETRA_CMD_STOP:
		agent->stream[channel].running = false;
		return NETRA_REPLY_OK;
	default:
		status = netra_source_command(agent->emu->source[channel],
					      command);
		if (status == NETRA_REPLY_OK)
			tell_format(agent, channel);
		return status;
	}
}

void netra_emu_streams_stop(struct netra_emu_agent *agent)
{
	for (uint32_t i = 0; i < NETRA_CHANNELS_MAX; i++)
		agent->stream[i].running = false;
}

static void delay(struct netra_access_unit *unit, int64_t by_90k)
{
	unit->dts_90k += by_90k;
	unit->pts_90k += by_90k;
}

/* Have a unit at hand, or know that there is none. */
static void fetch(struct netra_emu_agent *agent, uint32_t channel)
{
	struct netra_emu_stream *stream = &agent->stream[channel];
	static const uint32_t arg[4] = { NETRA_FAULT_ENCODER };
	enum netra_error error;

	if (stream->have_unit || stream->ending)
		return;
	memset(&stream->unit, 0, sizeof(stream->unit));
	error = netra_source_next(agent->emu->source[channel], &stream->unit);
	if (error && error != NETRA_ERR_ENDED)
		netra_producer_event(&agent->producer, NETRA_EVENT_FAULT,
				     channel, arg);
	stream->ending = error;
	stream->begun |= !error;
	stream->have_unit = !error;
	delay(&stream->unit, stream->delay_90k);
}

static uint64_t to_ns(int64_t time_90k)
{
	return (uint64_t)time_90k / 9u * 100000u +
	       (uint64_t)time_90k % 9u * 100000u / 9u;
}

/*
 * When does the unit at hand leave the encoder? Time stamps follow the board's
 * clock: after a stop or a reset they have gone on, and so leave a gap.
 */
static uint64_t due_ns(struct netra_emu_agent *agent, uint32_t channel,
		       uint64_t now_ns)
{
	struct netra_emu_stream *stream = &agent->stream[channel];
	uint64_t at = to_ns(stream->unit.dts_90k);
	uint64_t phase, due;

	if (!stream->timed) {
		/* Cameras are not in step: spread them over 33 ms. */
		phase = 33 * NS_PER_MS * channel /
			agent->emu->options.channels;
		stream->epoch_ns = now_ns + phase - at;
		stream->timed = true;
	}
	due = stream->epoch_ns + at;
	if (now_ns > due && now_ns - due > BEHIND_NS) {
		int64_t by_90k = (int64_t)((now_ns - due) * 9 / 100000);

		stream->delay_90k += by_90k;
		delay(&stream->unit, by_90k);
		due = now_ns;
	}
	return due;
}

static void finish(struct netra_emu_agent *agent, uint32_t channel)
{
	struct netra_emu_stream *stream = &agent->stream[channel];
	struct netra_access_unit end = {
		.flags = NETRA_FRAME_END,
		.pts_90k = stream->next_dts_90k,
		.dts_90k = stream->next_dts_90k,
		.board_time_ns = netra_emu_board_ns(agent->emu),
	};

	if (netra_producer_put(&agent->producer, channel, &end) ==
	    NETRA_ERR_AGAIN)
		return;
	netra_producer_event(&agent->producer, NETRA_EVENT_ENDED, channel,
			     NULL);
	netra_emu_count(&agent->emu->counters.streams_ended, 1);
	stream->running = false;
	stream->ending = false;
	stream->ended = true;
}

static void done_with_unit(struct netra_emu_agent *agent, uint32_t channel)
{
	struct netra_emu_stream *stream = &agent->stream[channel];

	netra_emu_count(&agent->emu->counters.coded[channel], 1);
	stream->have_unit = false;
	stream->looked = false;
	stream->next_dts_90k = stream->unit.dts_90k +
		(stream->unit.duration_90k ? stream->unit.duration_90k : 1);
}

static void word_to_host(struct netra_emu_agent *agent, size_t offset,
			 uint32_t value)
{
	uint32_t word = netra_le32(value);

	agent->producer.ops->host_write(agent, (uint32_t)offset, &word, 4);
}

/* Take the lock and die: flag and turn stay as they are. */
static void die_with_lock(struct netra_emu_agent *agent, uint32_t channel)
{
	size_t lock = offsetof(struct netra_host_area, lock) +
		      channel * sizeof(struct netra_lock_words);

	word_to_host(agent, lock + offsetof(struct netra_lock_words,
					    flag[NETRA_SIDE_BOARD]), 1);
	word_to_host(agent, lock + offsetof(struct netra_lock_words, turn),
		     NETRA_SIDE_BOARD);
}

/* A channel's faults are looked for once for each of its units. */
static void consider_faults(struct netra_emu_agent *agent, uint32_t channel,
			    uint64_t now_ns)
{
	struct netra_emu_stream *stream = &agent->stream[channel];
	struct netra_emu_faults *faults = &agent->emu->faults;
	static const uint32_t arg[4] = { NETRA_FAULT_ENCODER };
	const struct netra_emu_fault *fault;

	netra_emu_fault_lasts(faults, NETRA_EMU_CHANNEL_STALL, channel, now_ns);
	if (!netra_emu_fault_is(faults, NETRA_EMU_ENCODER_FAULT, channel) &&
	    netra_emu_fault_lasts(faults, NETRA_EMU_ENCODER_FAULT, channel,
				  now_ns))
		netra_producer_event(&agent->producer, NETRA_EVENT_FAULT,
				     channel, arg);
	if (!netra_emu_fault_is(faults, NETRA_EMU_LOCK_DEAD, channel) &&
	    netra_emu_fault_lasts(faults, NETRA_EMU_LOCK_DEAD, channel, now_ns))
		die_with_lock(agent, channel);

	/* Signal lost for so many frames: they are coded, from nothing. */
	if (stream->no_signal) {
		if (--stream->no_signal == 0)
			netra_producer_event(&agent->producer,
					     NETRA_EVENT_SIGNAL_FOUND, channel,
					     NULL);
	} else {
		fault = netra_emu_fault_fires(faults, NETRA_EMU_SIGNAL_LOST,
					      channel, now_ns);
		if (fault) {
			stream->no_signal = fault->frames;
			netra_producer_event(&agent->producer,
					     NETRA_EVENT_SIGNAL_LOST, channel,
					     NULL);
		}
	}
	if (stream->no_signal)
		stream->unit.flags |= NETRA_FRAME_NO_SIGNAL;
}

static bool silenced(const struct netra_emu_agent *agent, uint32_t channel)
{
	const struct netra_emu_faults *faults = &agent->emu->faults;

	return netra_emu_fault_is(faults, NETRA_EMU_CHANNEL_STALL, channel) ||
	       netra_emu_fault_is(faults, NETRA_EMU_ENCODER_FAULT, channel) ||
	       netra_emu_fault_is(faults, NETRA_EMU_LOCK_DEAD, channel);
}

static void drop(struct netra_emu_agent *agent, uint32_t channel)
{
	netra_producer_drop(&agent->producer, channel);
	netra_emu_count(&agent->emu->counters.frames_dropped, 1);
	done_with_unit(agent, channel);
}

/* One unit of one channel, if it is due. Return: when to come back. */
static uint64_t pump_one(struct netra_emu_agent *agent, uint32_t channel,
			 uint64_t now_ns, bool *moved)
{
	struct netra_emu_stream *stream = &agent->stream[channel];
	bool free_pace = agent->emu->options.pace_free;
	struct netra_emu_counters *counters = &agent->emu->counters;
	uint64_t due = now_ns;
	enum netra_error error;

	fetch(agent, channel);
	if (stream->ending) {
		finish(agent, channel);
		return now_ns + POLL_NS;
	}
	if (!free_pace)
		due = due_ns(agent, channel, now_ns);
	if (due > now_ns)
		return due;
	/* What was coded before a START's key frame is never sent. */
	if (stream->want_key && (!(stream->unit.flags & NETRA_FRAME_KEY) ||
				 now_ns - due > PATIENCE_NS)) {
		/* Its next one of its own accord may be far. */
		if (stream->unit.flags & NETRA_FRAME_KEY)
			ask_key(agent, channel);
		done_with_unit(agent, channel);
		return now_ns;
	}
	if (!stream->looked)
		consider_faults(agent, channel, now_ns);
	stream->looked = true;
	if (silenced(agent, channel)) {
		if (free_pace)
			return now_ns + NS_PER_MS;
		drop(agent, channel);
		return now_ns;
	}
	stream->unit.board_time_ns = due;
	error = netra_producer_put(&agent->producer, channel, &stream->unit);
	if (error == NETRA_ERR_AGAIN) {
		if (free_pace || now_ns - due < PATIENCE_NS)
			return now_ns + POLL_NS;
		drop(agent, channel);
		return now_ns;
	}
	/* Anything else but OK the producer has counted as lost itself. */
	if (error) {
		netra_emu_count(&counters->frames_dropped, 1);
	} else {
		netra_emu_count(&counters->frames, 1);
		netra_emu_count(&counters->frame_bytes, stream->unit.length);
		agent->frames += channel == 0;
		*moved = true;
	}
	stream->want_key = false;
	done_with_unit(agent, channel);
	return now_ns;
}

uint64_t netra_emu_streams_pump(struct netra_emu_agent *agent, bool *moved)
{
	struct netra_producer *producer = &agent->producer;
	uint64_t next_ns = UINT64_MAX;

	*moved = false;
	/* A host that is away gets nothing, and at free pace misses nothing. */
	if (!netra_producer_attached(producer) ||
	    (producer->paused && agent->emu->options.pace_free))
		return next_ns;
	for (uint32_t i = 0; i < agent->emu->options.channels; i++) {
		struct netra_emu_stream *stream = &agent->stream[i];
		uint64_t again_ns;

		if (producer->channel[i].head < stream->seen_head)
			netra_emu_fault_mend(&agent->emu->faults,
					     NETRA_EMU_MEND_RESYNC, i);
		stream->seen_head = producer->channel[i].head;
		if (!stream->running)
			continue;
		again_ns = pump_one(agent, i, netra_emu_board_ns(agent->emu),
				    moved);
		if (again_ns < next_ns)
			next_ns = again_ns;
	}
	return next_ns;
}
