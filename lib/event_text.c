/* SPDX-License-Identifier: BSD-2-Clause */
/* What an event of the board says. */
#include <stdio.h>

#include "common.h"

void netra_describe_event(struct netra_event *event)
{
	const uint32_t *arg = event->arg;
	size_t size = sizeof(event->text);

	switch (event->type) {
	case NETRA_EVENT_SIGNAL_LOST:
		snprintf(event->text, size, "signal lost");
		break;
	case NETRA_EVENT_SIGNAL_FOUND:
		snprintf(event->text, size, "signal found");
		break;
	case NETRA_EVENT_FORMAT:
		snprintf(event->text, size, "format is %ux%u, %u/%u frames/s",
			 arg[0], arg[1], arg[2], arg[3]);
		break;
	case NETRA_EVENT_OVERRUN:
		snprintf(event->text, size, "overrun: %u frames lost", arg[0]);
		break;
	case NETRA_EVENT_FAULT:
		snprintf(event->text, size, "fault: %s",
			 arg[0] == NETRA_FAULT_ENCODER ?
				 "encoder failed" :
			 arg[0] == NETRA_FAULT_TRANSFER ?
				 "an outbound transfer was refused" :
			 arg[0] == NETRA_FAULT_LOCK ?
				 "the host's lock was broken" :
			 arg[0] == NETRA_FAULT_OVERHEAT ? "overheated" :
							  "unknown");
		break;
	case NETRA_EVENT_ENDED:
		snprintf(event->text, size, "the source has ended");
		break;
	}
}
