/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The support bundle: one text with all that a stranger needs to judge a
 * board from afar. It is gathered whole and handed out after, so that the
 * caller's function may take its time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "core/bytes.h"
#include "internal.h"

static void details(FILE *f, const struct netra_board_details *d)
{
	fprintf(f,
		"[board]\nname = %s\ndriver = %s\nsoc = %s\nids = %04x:%04x\nclass = %06x\nstate = %s\nfirmware = %s\nchannels = %u\nlink = x%u %u MT/s\n",
		d->name, d->driver, d->soc, d->vendor_id, d->device_id,
		d->class_code, d->state, d->firmware, d->channels,
		d->link_width, d->link_mtps);
	for (int i = 0; i < 6; i++) {
		if (d->bar[i].bytes)
			fprintf(f, "bar%d = %llu bytes%s\n", i,
				(unsigned long long)d->bar[i].bytes,
				d->bar[i].mappable ? ", mapped" : "");
	}
}

static void counters(FILE *f, const struct netra_board_stats *s)
{
	fprintf(f,
		"\n[counters]\ngeneration = %08x\nsync = %s\narena = %llu bytes, %s, %s\nwindows = %u of %u bytes\n",
		s->generation,
		s->sync_mode == NETRA_SYNC_RING ? "ring" : "peterson",
		(unsigned long long)s->arena_bytes, s->memory, s->cache_mode,
		s->window_count, s->window_bytes);
	fprintf(f,
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
		fprintf(f, "clock = %+lld ns, %+d ppb\n",
			(long long)s->clock_offset_ns, s->clock_drift_ppb);
}

static void registers(FILE *f, struct netra_board *board)
{
	const struct netra_register *r;
	struct transport *t = board->transport;
	uint32_t value, high;

	fprintf(f, "\n[registers]\n");
	for (r = netra_report_registers; r->name; r++) {
		if (!netra_transport_read32(t, 0, r->offset, &value))
			fprintf(f, "%s = %08x\n", r->name, value);
	}
	for (uint32_t i = 0; i < NETRA_OB_WINDOWS; i++) {
		if (!netra_transport_read32(t, 0, NETRA_REG_OB_INDEX(i), &value) &&
		    !netra_transport_read32(t, 0, NETRA_REG_OB_HI(i), &high) &&
		    value)
			fprintf(f, "OB%u = %08x:%08x\n", i, high, value);
	}
	for (uint32_t i = 0; i < NETRA_IB_REGIONS; i++) {
		if (!netra_transport_read32(t, 0, NETRA_REG_IB_BAR(i), &value) &&
		    !netra_transport_read32(t, 0, NETRA_REG_IB_OFFSET(i), &high))
			fprintf(f, "IB%u = BAR %u, offset %08x\n", i, value,
				high);
	}
}

static void config_space(FILE *f, struct netra_board *board)
{
	struct transport *t = board->transport;

	fprintf(f, "\n[configuration]");
	for (uint32_t i = 0; i < 256; i += 4) {
		uint32_t word;

		if (t->ops->config_read(t, i, &word, sizeof(word)))
			break;
		fprintf(f, "%s%08x", i % 16 ? " " : "\n", netra_le32(word));
	}
	fprintf(f, "\n");
}

static void rings(FILE *f, const struct netra_board *board)
{
	fprintf(f, "\n[rings]\n");
	for (uint32_t i = 0; i < board->host.channels; i++) {
		const struct netra_channel *c = &board->host.channel[i];
		const struct netra_ring *r = &c->ring;
		unsigned long long frames = c->old_frames + r->frames_total;
		unsigned long long lost = c->old_lost + r->lost_total;

		fprintf(f,
			"channel%u = head %u, tail %u of %u, %u of %u bytes, %llu frames, %llu lost, %u readers%s%s%s\n",
			i, r->head, r->tail, 1u << r->layout.records_log2,
			r->used_bytes, r->layout.data_size, frames, lost,
			c->cursor_count, c->started ? ", started" : "",
			r->fault ? ": " : "",
			r->fault ? netra_ring_fault_text(r->fault) : "");
	}
}

static void emulator_log(FILE *f, struct netra_board *board)
{
	char said[512];

	if (!board->emulated)
		return;
	netra_emulated_said(board->emulated, said, sizeof(said));
	fprintf(f, "\n[emulator]\nfirst_message = %s\n", said);
}

void netra_own_dump(FILE *f, struct netra_board *board)
{
	pthread_mutex_lock(&board->lock);
	if (board->host.state != NETRA_BOARD_GONE) {
		config_space(f, board);
		if (board->bus.prepared)
			registers(f, board);
	}
	rings(f, board);
	emulator_log(f, board);
	pthread_mutex_unlock(&board->lock);
}

enum netra_error netra_dump(struct netra_board *board,
			    void (*write)(void *context, const char *text,
					  size_t length),
			    void *context)
{
	struct netra_board_details d;
	struct netra_board_stats s;
	struct utsname machine;
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	if (!f) {
		pthread_mutex_lock(&board->lock);
		netra_fail(board, NETRA_ERR_NO_MEMORY, "out of memory");
		pthread_mutex_unlock(&board->lock);
		return NETRA_ERR_NO_MEMORY;
	}
	netra_board_get_details(board, &d);
	netra_board_get_stats(board, &s);
	fprintf(f, "netra %s support bundle\n", NETRA_VERSION);
	if (!uname(&machine))
		fprintf(f, "system = %s %s %s\n\n", machine.sysname,
			machine.release, machine.machine);
	details(f, &d);
	counters(f, &s);
	pthread_mutex_lock(&board->lock);
	fprintf(f, "last_error = %s\n", board->host.error_text);
	pthread_mutex_unlock(&board->lock);
	board->ops->dump(f, board);
	if (fclose(f)) {
		free(text);
		return NETRA_ERR_NO_MEMORY;
	}
	write(context, text, length);
	free(text);
	return NETRA_OK;
}
