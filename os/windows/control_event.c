/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events of a board, for each handle that is open. They are kept once; a handle
 * knows how many it has taken, and so how many it missed.
 */
#include "control.h"

_Static_assert(!(NETRA_EVENTS_KEPT & (NETRA_EVENTS_KEPT - 1)), "a ring's");
_Static_assert(1 + NETRA_HOST_TROUBLE == 1 && 1 + NETRA_HOST_RECOVERY == 2 &&
	       1 + NETRA_HOST_RECOVERED == 3, "as programs see them");

static struct netra_ioc_event *new_event(struct netra_device *dev)
{
	struct netra_event_log *log = dev->log;
	struct netra_ioc_event *event = &log->event[log->events++ % NETRA_EVENTS_KEPT];

	RtlZeroMemory(event, sizeof(*event));
	return event;
}

void netra_control_event(struct netra_device *dev,
			 const struct netra_event_info *info, uint64_t host_ns)
{
	struct netra_ioc_event *event = new_event(dev);

	event->type = (uint32_t)info->type;
	event->channel = info->channel;
	event->host_time_ns = host_ns;
	RtlCopyMemory(event->arg, info->arg, sizeof(event->arg));
}

void netra_control_notice(struct netra_device *dev, enum netra_host_notice notice,
			  uint32_t channel, const char *text)
{
	struct netra_ioc_event *event = new_event(dev);

	event->notice = 1 + (uint32_t)notice;
	event->channel = channel;
	event->host_time_ns = netra_time_ns();
	netra_copy_text(event->text, sizeof(event->text), text);
}

NTSTATUS netra_call_event(struct netra_call *call)
{
	struct netra_file *file = call->file;
	struct netra_event_log *log = file->dev->log;
	struct netra_ioc_event *out = call->out;
	uint64_t waiting = log->events - file->events_taken, lost = 0;

	if (!waiting)
		return netra_status(NETRA_ERR_AGAIN);
	if (waiting > NETRA_EVENTS_KEPT) {
		lost = waiting - NETRA_EVENTS_KEPT;
		file->events_taken += lost;
	}
	*out = log->event[file->events_taken++ % NETRA_EVENTS_KEPT];
	out->lost = lost;
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}
