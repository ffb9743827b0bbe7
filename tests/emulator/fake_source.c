/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A source for tests of the board: units of changing size, filled with a
 * pattern that says which they are, 30 a second, a key frame every tenth.
 * A "file" has 50 of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/source.h"
#include "fake_source.h"

struct netra_source {
	uint32_t channel;
	uint64_t next;
	uint64_t end;		/* 0 = never */
	uint8_t data[FAKE_UNIT_MAX];
};

uint32_t fake_unit_length(uint64_t number)
{
	return 100 + (uint32_t)(number * 7919 % (FAKE_UNIT_MAX - 100));
}

uint8_t fake_unit_byte(uint64_t number, uint32_t at)
{
	return (uint8_t)(number * 31 + at);
}

static enum netra_error open_fake(uint64_t end, struct netra_source **source)
{
	*source = calloc(1, sizeof(**source));
	if (!*source)
		return NETRA_ERR_NO_MEMORY;
	(*source)->end = end;
	return NETRA_OK;
}

enum netra_error netra_source_open_file(const char *path, uint32_t loops,
					struct netra_source **source,
					char *why, size_t why_size)
{
	if (strcmp(path, "bad") == 0) {
		snprintf(why, why_size, "no video in it");
		return NETRA_ERR_UNSUPPORTED;
	}
	return open_fake((uint64_t)FAKE_FILE_UNITS * loops, source);
}

enum netra_error netra_source_open_camera(uint32_t channel,
					  const struct netra_source_format *format,
					  uint64_t frames,
					  struct netra_source **source,
					  char *why, size_t why_size)
{
	(void)channel;
	(void)format;
	(void)why;
	(void)why_size;
	return open_fake(frames, source);
}

enum netra_error netra_source_next(struct netra_source *source,
				   struct netra_access_unit *unit)
{
	if (source->end && source->next == source->end)
		return NETRA_ERR_ENDED;
	unit->data = source->data;
	unit->length = fake_unit_length(source->next);
	for (uint32_t i = 0; i < unit->length; i++)
		source->data[i] = fake_unit_byte(source->next, i);
	unit->flags = source->next % 10 ? 0 :
		      NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS;
	unit->dts_90k = (int64_t)source->next * 3000;
	unit->pts_90k = unit->dts_90k;
	unit->duration_90k = 3000;
	source->next++;
	return NETRA_OK;
}

enum netra_error netra_source_rewind(struct netra_source *source)
{
	source->next = 0;
	return NETRA_OK;
}

uint32_t netra_source_command(struct netra_source *source,
			      const struct netra_command *command)
{
	(void)source;
	return command->opcode == NETRA_CMD_BIT_RATE ? NETRA_REPLY_OK :
		NETRA_REPLY_UNSUPPORTED;
}

void netra_source_format(const struct netra_source *source,
			 struct netra_source_format *format)
{
	(void)source;
	*format = (struct netra_source_format){ 704, 576, 30, 1, 2000000 };
}

void netra_source_close(struct netra_source *source)
{
	free(source);
}
