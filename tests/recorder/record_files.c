/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_files STORE FILE…: what the recorder makes of these files, each a
 * channel of a board that gives frames as fast as they are taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/source.h"
#include "fake_netra.h"
#include "recorder/recorder.h"

static enum netra_error next_frame(void *context, struct netra_frame *frame)
{
	struct netra_access_unit unit;
	enum netra_error err;

	memset(&unit, 0, sizeof(unit));
	err = netra_source_next(context, &unit);
	if (err)
		return err;
	frame->data = unit.data;
	frame->length = unit.length;
	frame->flags = unit.flags;
	frame->pts_90k = unit.pts_90k;
	frame->dts_90k = unit.dts_90k;
	frame->duration_90k = unit.duration_90k;
	return NETRA_OK;
}

static enum netra_error record(struct netra_board *board, const char *store)
{
	const struct netra_recorder_options options = { .store = store };
	struct netra_recorder_channel info;
	struct netra_recorder *recorder;
	enum netra_error err;

	err = netra_recorder_open(board, &options, &recorder);
	if (err) {
		fprintf(stderr, "%s\n", netra_recorder_open_error());
		return err;
	}
	while (netra_recorder_pump(recorder) == NETRA_OK)
		;
	err = netra_recorder_finish(recorder);
	for (uint32_t i = 0; i < netra_recorder_channels(recorder); i++) {
		netra_recorder_channel(recorder, i, &info);
		printf("%s: %llu frames, %llu lost, %llu gaps, %lld ticks %s\n",
		       info.path, (unsigned long long)info.frames,
		       (unsigned long long)info.lost,
		       (unsigned long long)info.gaps,
		       (long long)info.duration_90k, info.error);
		if (info.lost || info.gaps)
			err = NETRA_ERR_CORRUPT;
	}
	netra_recorder_close(recorder);
	return err;
}

int main(int argc, char **argv)
{
	struct netra_board board = { 0 };
	struct netra_source *source;
	enum netra_error err = NETRA_OK;
	char why[200];

	for (int i = 2; i < argc && i < (int)NETRA_CHANNELS_MAX + 2; i++) {
		err = netra_source_open_file(argv[i], 1, &source, why,
					     sizeof(why));
		if (err) {
			fprintf(stderr, "%s: %s\n", argv[i], why);
			break;
		}
		board.channel[board.channels++] = (struct fake_channel){
			.next = next_frame, .context = source,
			.ring_bytes = 2 << 20,
		};
	}
	if (!err && board.channels)
		err = record(&board, argv[1]);
	for (uint32_t i = 0; i < board.channels; i++)
		netra_source_close(board.channel[i].context);
	return err || !board.channels ? EXIT_FAILURE : EXIT_SUCCESS;
}
