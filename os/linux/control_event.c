// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Events of a board, for each file that is open. They are kept once; a file
 * knows how many it has taken, and so how many it missed.
 */
#include "control.h"

static_assert(!(NETRA_EVENTS_KEPT & (NETRA_EVENTS_KEPT - 1)));
static_assert(sizeof(struct netra_ioc_event) == 144);

static struct netra_ioc_event *new_event(struct netra_control *control)
{
	struct netra_ioc_event *event =
		&control->event[control->events++ % NETRA_EVENTS_KEPT];

	memset(event, 0, sizeof(*event));
	return event;
}

void netra_control_event(struct netra_device *dev,
			 const struct netra_event_info *info, u64 host_ns)
{
	struct netra_ioc_event *event;

	lockdep_assert_held(&dev->lock);
	if (!dev->control)
		return;
	event = new_event(dev->control);
	event->type = info->type;
	event->channel = info->channel;
	event->host_time_ns = host_ns;
	memcpy(event->arg, info->arg, sizeof(event->arg));
	wake_up_all(&dev->changed);
}

void netra_control_notice(struct netra_device *dev,
			  enum netra_host_notice notice, u32 channel,
			  const char *text)
{
	struct netra_ioc_event *event;

	lockdep_assert_held(&dev->lock);
	if (!dev->control)
		return;
	event = new_event(dev->control);
	event->notice = 1 + notice;
	event->channel = channel;
	event->host_time_ns = ktime_get_ns();
	strscpy(event->text, text, sizeof(event->text));
	wake_up_all(&dev->changed);
}

static_assert(1 + NETRA_HOST_TROUBLE == 1 && 1 + NETRA_HOST_RECOVERY == 2 &&
	      1 + NETRA_HOST_RECOVERED == 3);

int netra_file_next_event(struct netra_file *file, struct netra_ioc_event *arg)
{
	struct netra_control *control = file->control;
	u64 waiting = control->events - file->events_taken;
	u64 lost = 0;

	if (!waiting)
		return -EAGAIN;
	if (waiting > NETRA_EVENTS_KEPT) {
		lost = waiting - NETRA_EVENTS_KEPT;
		file->events_taken += lost;
	}
	*arg = control->event[file->events_taken++ % NETRA_EVENTS_KEPT];
	arg->lost = lost;
	return 0;
}
