/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's readers over shared memory that says anything. The input is a
 * list of what a hostile board does: it writes words and whole records, with
 * and without a right checksum, moves heads, rings; between, readers take,
 * hold and give back. Every byte of a frame given out is read, so that one
 * outside the arena is found.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/crc32c.h"
#include "lib/internal.h"
#include "tests/lib/fake_pci.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)
#define HELD 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static uint32_t take(struct input *in, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- && in->size) {
		value = value << 8 | *in->data++;
		in->size--;
	}
	return value;
}

static volatile uint8_t sink;

static void use(const struct netra_board *board,
		const struct netra_frame *frame)
{
	const struct arena *arena = &board->arena;

	CHECK(frame->data >= arena->view);
	CHECK(netra_range_ok((uint64_t)(frame->data - arena->view),
			     frame->length, arena->bytes));
	CHECK(frame->length > 0);
	for (size_t i = 0; i < frame->length; i += 64)
		sink = frame->data[i];
	sink = frame->data[frame->length - 1];
}

static void read_frames(struct netra_board *board, struct netra_reader *reader,
			struct netra_frame held[HELD], uint32_t *count,
			bool keep)
{
	struct netra_frame frame;
	uint64_t sequence = 0;
	bool first = true;

	for (uint32_t i = 0; !netra_reader_next(reader, &frame); i++) {
		enum netra_error error;

		CHECK(i <= 1u << NETRA_RECORDS_LOG2_MAX);
		CHECK(first || frame.sequence > sequence);
		sequence = frame.sequence;
		first = false;
		use(board, &frame);
		if (keep && *count < HELD) {
			held[(*count)++] = frame;
			continue;
		}
		error = netra_reader_release(reader, &frame);
		CHECK(error == NETRA_OK || error == NETRA_ERR_OVERWRITTEN);
	}
}

static void write_record(struct fake_pci *pci, struct input *in)
{
	const struct netra_channel_layout *l =
		&pci->producer.attach.channel[take(in, 1) & 1];
	uint32_t slot = take(in, 1) & ((1u << l->records_log2) - 1);
	uint32_t bend = take(in, 1);
	struct netra_record *record = (struct netra_record *)(pci->host +
		l->records_offset) + slot;

	*record = (struct netra_record){
		.sequence = slot, .pts_90k = slot + 1, .dts_90k = slot,
		.offset = l->data_offset + 64 * slot, .length = 64,
		.flags = NETRA_FRAME_KEY, .position = slot,
	};
	if (bend & 1)
		record->offset = take(in, 4);
	if (bend & 2)
		record->length = take(in, 4);
	if (bend & 4)
		record->flags = take(in, 1);
	if (bend & 8)
		record->position = take(in, 4);
	if (bend & 16)
		record->sequence = (uint64_t)take(in, 4) << 32 | take(in, 4);
	if (bend & 32)
		record->dts_90k = (int64_t)((uint64_t)take(in, 4) << 32);
	if (bend & 64)
		record->lost = take(in, 4);
	record->record_crc32c = netra_crc32c(0, record,
		offsetof(struct netra_record, record_crc32c));
	if (bend & 128)
		((uint32_t *)record)[take(in, 1) & 15] = take(in, 4);
}

static void step(struct fake_pci *pci, struct netra_board *board,
		 struct input *in)
{
	uint32_t *word = (uint32_t *)pci->host;
	uint32_t channel;

	switch (take(in, 1) & 7) {
	case 0:
		word[take(in, 2) % (0x4000 / 4)] = take(in, 4);
		break;
	case 1:
		word[take(in, 4) % (pci->bytes / 4)] = take(in, 4);
		break;
	case 2:
	case 3:
		write_record(pci, in);
		break;
	case 4:
		channel = take(in, 1) & 1;
		fake_pci_area(pci)->heads.head[channel] = take(in, 2);
		fake_pci_area(pci)->lock[channel].head = take(in, 2);
		break;
	case 5:
		channel = take(in, 1) & 1;
		fake_pci_put(pci, channel, take(in, 2) + 1, take(in, 1) & 15,
			     take(in, 2), 1);
		break;
	case 6:
		netra_producer_poll(&pci->producer);
		break;
	default:
		fake_pci_area(pci)->heads.event_head += take(in, 1);
		break;
	}
	netra_host_scan(&board->host, netra_now_ns());
}

/* One board for each mode; each input gets a generation of its own. */
static struct netra_board *fresh_board(bool peterson, struct fake_pci **pci)
{
	static struct netra_board *boards[2];
	static struct fake_pci *pcis[2];
	char why[200];
	const struct netra_options options = {
		.size = sizeof(options),
		.arena_bytes = 1u << 20, .window_bytes = 1u << 20,
		.sync_mode = peterson ? NETRA_SYNC_PETERSON : NETRA_SYNC_RING,
		.heartbeat_timeout_ms = 60000,
	};

	if (!boards[peterson]) {
		pcis[peterson] = fake_pci_new(2);
		CHECK(!netra_board_make("fake", &options,
					&pcis[peterson]->transport, NULL,
					&boards[peterson], why, sizeof(why)));
	} else {
		CHECK(!netra_reset(boards[peterson]));
		fake_pci_restart(pcis[peterson]);
	}
	CHECK(!netra_start(boards[peterson]));
	*pci = pcis[peterson];
	return boards[peterson];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .data = data, .size = size };
	struct netra_frame held[2][HELD];
	uint32_t count[2] = { 0 };
	struct netra_reader *reader[2];
	struct fake_pci *pci;
	struct netra_board *board = fresh_board(take(&in, 1) & 1, &pci);

	for (uint32_t i = 0; i < 2; i++)
		CHECK(!netra_reader_open(board, i, i ? NETRA_READER_ALL : 0,
					 &reader[i]));
	while (in.size && board->host.state == NETRA_BOARD_ATTACHED) {
		uint32_t what = take(&in, 1);

		step(pci, board, &in);
		if (what & 1)
			netra_dispatch(board, 0);
		for (uint32_t i = 0; i < 2; i++) {
			if (what & (2u << i))
				read_frames(board, reader[i], held[i],
					    &count[i], what & 8);
			while (what & 16 && count[i])
				netra_reader_release(reader[i],
						     &held[i][--count[i]]);
		}
	}
	for (uint32_t i = 0; i < 2; i++)
		netra_reader_close(reader[i]);
	return 0;
}
