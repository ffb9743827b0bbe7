/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches over a recorder: which channels should be recorded and are not, and
 * the figures for Prometheus. Used by recorder.c, from the recorder's thread.
 */
#ifndef NETRA_RECORDER_WATCH_H
#define NETRA_RECORDER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder.h"
#include "store/keeper.h"

struct netra_recorder_watch {
	struct netra_store_keeper *keeper;
	uint64_t alarm_ns;	/* without anything durable */
	uint64_t begin_ns;
	uint64_t looked_ns;
	uint64_t metrics_ns;	/* when they were written last */
	uint64_t exposed_ns;	/* the longest since the last metrics */
	bool metrics;
	uint64_t alarms;	/* channels; bit per index */
};

/**
 * netra_recorder_watch_look() - Four times a second: raise and end alarms, write
 * metrics when they are due.
 * @recorder: Its channels are asked for.
 */
void netra_recorder_watch_look(struct netra_recorder_watch *watch,
			       struct netra_recorder *recorder,
			       uint64_t now_ns, int64_t wall_ns);

#endif
