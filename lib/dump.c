/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The support bundle: one text with all that a stranger needs to judge a
 * board from afar. It is gathered whole and handed out after, so that the
 * caller's function may take its time.
 */
#include <stdlib.h>

#include "common.h"

static void details(struct text *text, const struct netra_board_details *d)
{
	netra_text(text,
		"[board]\nname = %s\ndriver = %s\nsoc = %s\nids = %04x:%04x\nclass = %06x\nstate = %s\nfirmware = %s\nchannels = %u\nlink = x%u %u MT/s\n",
		d->name, d->driver, d->soc, d->vendor_id, d->device_id,
		d->class_code, d->state, d->firmware, d->channels,
		d->link_width, d->link_mtps);
	for (int i = 0; i < 6; i++) {
		if (d->bar[i].bytes)
			netra_text(text, "bar%d = %llu bytes%s\n", i,
				(unsigned long long)d->bar[i].bytes,
				d->bar[i].mappable ? ", mapped" : "");
	}
}

static void counters(struct text *text, const struct netra_board_stats *s)
{
	netra_text(text,
		"\n[counters]\ngeneration = %08x\nsync = %s\narena = %llu bytes, %s, %s\nwindows = %u of %u bytes\n",
		s->generation,
		s->sync_mode == NETRA_SYNC_RING ? "ring" : "peterson",
		(unsigned long long)s->arena_bytes, s->memory, s->cache_mode,
		s->window_count, s->window_bytes);
	netra_text(text,
		"interrupts = %llu\nwakeups = %llu\nboard_interrupts = %llu\nheartbeats = %llu\nevents_lost = %llu\nbad_replies = %llu\ncommand_timeouts = %llu\nresyncs = %u\nfirmware_restarts = %u\nresets = %u\ndma_faults = %llu\n",
		(unsigned long long)s->interrupts,
		(unsigned long long)s->wakeups,
		(unsigned long long)s->board_interrupts,
		(unsigned long long)s->heartbeats,
		(unsigned long long)s->events_lost,
		(unsigned long long)s->bad_replies,
		(unsigned long long)s->command_timeouts, s->resyncs,
		s->firmware_restarts, s->resets,
		(unsigned long long)s->dma_faults);
	if (s->clock_valid)
		netra_text(text, "clock = %+lld ns, %+d ppb\n",
			(long long)s->clock_offset_ns, s->clock_drift_ppb);
}

enum netra_error netra_dump(struct netra_board *board,
			    void (*write)(void *context, const char *text,
					  size_t length),
			    void *context)
{
	struct netra_board_details d;
	struct netra_board_stats s;
	struct text text = { 0 };
	char why[NETRA_ERROR_TEXT];

	netra_error_text(board, why, sizeof(why));
	netra_board_get_details(board, &d);
	netra_board_get_stats(board, &s);
	netra_text(&text, "netra %s support bundle\n", NETRA_VERSION);
	netra_dump_system(&text);
	details(&text, &d);
	counters(&text, &s);
	netra_text(&text, "last_error = %s\n", why);
	netra_ops(board)->dump(&text, board);
	if (!text.failed)
		write(context, text.data, text.length);
	free(text.data);
	return text.failed ? NETRA_ERR_NO_MEMORY : NETRA_OK;
}
