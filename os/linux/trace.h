/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tracepoints: /sys/kernel/tracing/events/netra. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM netra

#if !defined(NETRA_LINUX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NETRA_LINUX_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(netra_service,
	TP_PROTO(unsigned int board, unsigned int state, bool interrupted, bool found),
	TP_ARGS(board, state, interrupted, found),
	TP_STRUCT__entry(
		__field(unsigned int, board)
		__field(unsigned int, state)
		__field(bool, interrupted)
		__field(bool, found)
	),
	TP_fast_assign(
		__entry->board = board;
		__entry->state = state;
		__entry->interrupted = interrupted;
		__entry->found = found;
	),
	TP_printk("netra%u state=%u interrupted=%d found=%d", __entry->board,
		  __entry->state, __entry->interrupted, __entry->found)
);

TRACE_EVENT(netra_event,
	TP_PROTO(unsigned int board, unsigned int type, u32 channel, u32 arg),
	TP_ARGS(board, type, channel, arg),
	TP_STRUCT__entry(
		__field(unsigned int, board)
		__field(unsigned int, type)
		__field(u32, channel)
		__field(u32, arg)
	),
	TP_fast_assign(
		__entry->board = board;
		__entry->type = type;
		__entry->channel = channel;
		__entry->arg = arg;
	),
	TP_printk("netra%u type=%u channel=%d arg=%u", __entry->board,
		  __entry->type, (int)__entry->channel, __entry->arg)
);

TRACE_EVENT(netra_notice,
	TP_PROTO(unsigned int board, unsigned int kind, u32 channel, const char *text),
	TP_ARGS(board, kind, channel, text),
	TP_STRUCT__entry(
		__field(unsigned int, board)
		__field(unsigned int, kind)
		__field(u32, channel)
		__array(char, text, 96)
	),
	TP_fast_assign(
		__entry->board = board;
		__entry->kind = kind;
		__entry->channel = channel;
		strscpy(__entry->text, text, sizeof(__entry->text));
	),
	TP_printk("netra%u kind=%u channel=%d: %s", __entry->board,
		  __entry->kind, (int)__entry->channel, __entry->text)
);

/* A frame that a reader took, or that filled a buffer of a video node. */
TRACE_EVENT(netra_frame,
	TP_PROTO(unsigned int board, u32 channel, u64 sequence, u32 length, u32 flags),
	TP_ARGS(board, channel, sequence, length, flags),
	TP_STRUCT__entry(
		__field(unsigned int, board)
		__field(u32, channel)
		__field(u64, sequence)
		__field(u32, length)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->board = board;
		__entry->channel = channel;
		__entry->sequence = sequence;
		__entry->length = length;
		__entry->flags = flags;
	),
	TP_printk("netra%u channel=%u sequence=%llu length=%u flags=%x",
		  __entry->board, __entry->channel, __entry->sequence,
		  __entry->length, __entry->flags)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
