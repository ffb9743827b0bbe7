/* SPDX-License-Identifier: BSD-2-Clause */
/* The support bundle of a board that this process drives, and of its system. */
#include <sys/utsname.h>

#include "core/bytes.h"
#include "internal.h"

void netra_dump_system(struct text *text)
{
	struct utsname machine;

	if (!uname(&machine))
		netra_text(text, "system = %s %s %s\n\n", machine.sysname,
			   machine.release, machine.machine);
}

static void registers(struct text *text, struct netra_board *board)
{
	const struct netra_register *r;
	struct transport *t = board->transport;
	uint32_t value, high;

	netra_text(text, "\n[registers]\n");
	for (r = netra_report_registers; r->name; r++) {
		if (!netra_transport_read32(t, 0, r->offset, &value))
			netra_text(text, "%s = %08x\n", r->name, value);
	}
	for (uint32_t i = 0; i < NETRA_OB_WINDOWS; i++) {
		if (!netra_transport_read32(t, 0, NETRA_REG_OB_INDEX(i), &value) &&
		    !netra_transport_read32(t, 0, NETRA_REG_OB_HI(i), &high) &&
		    value)
			netra_text(text, "OB%u = %08x:%08x\n", i, high, value);
	}
	for (uint32_t i = 0; i < NETRA_IB_REGIONS; i++) {
		if (!netra_transport_read32(t, 0, NETRA_REG_IB_BAR(i), &value) &&
		    !netra_transport_read32(t, 0, NETRA_REG_IB_OFFSET(i), &high))
			netra_text(text, "IB%u = BAR %u, offset %08x\n", i, value,
				high);
	}
}

static void config_space(struct text *text, struct netra_board *board)
{
	struct transport *t = board->transport;

	netra_text(text, "\n[configuration]");
	for (uint32_t i = 0; i < 256; i += 4) {
		uint32_t word;

		if (t->ops->config_read(t, i, &word, sizeof(word)))
			break;
		netra_text(text, "%s%08x", i % 16 ? " " : "\n", netra_le32(word));
	}
	netra_text(text, "\n");
}

static void rings(struct text *text, const struct netra_board *board)
{
	netra_text(text, "\n[rings]\n");
	for (uint32_t i = 0; i < board->host.channels; i++) {
		const struct netra_channel *c = &board->host.channel[i];
		const struct netra_ring *r = &c->ring;
		unsigned long long frames = c->old_frames + r->frames_total;
		unsigned long long lost = c->old_lost + r->lost_total;

		netra_text(text,
			"channel%u = head %u, tail %u of %u, %u of %u bytes, %llu frames, %llu lost, %u readers%s%s%s\n",
			i, r->head, r->tail, 1u << r->layout.records_log2,
			r->used_bytes, r->layout.data_size, frames, lost,
			c->cursor_count, c->started ? ", started" : "",
			r->fault ? ": " : "",
			r->fault ? netra_ring_fault_text(r->fault) : "");
	}
}

static void emulator_log(struct text *text, struct netra_board *board)
{
	char said[512];

	if (!board->emulated)
		return;
	netra_emulated_said(board->emulated, said, sizeof(said));
	netra_text(text, "\n[emulator]\nfirst_message = %s\n", said);
}

void netra_own_dump(struct text *text, struct netra_board *board)
{
	pthread_mutex_lock(&board->lock);
	if (board->host.state != NETRA_BOARD_GONE) {
		config_space(text, board);
		if (board->bus.prepared)
			registers(text, board);
	}
	rings(text, board);
	emulator_log(text, board);
	pthread_mutex_unlock(&board->lock);
}
