/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who keeps a channel running. A handle that said NETRA_CMD_START is a use of it
 * (netra_channel_use), until NETRA_CMD_STOP or its end. So is a reader opened
 * while it runs; one opened before inherits the use of another handle that ends.
 * What is being recorded goes on when the program that started it goes away.
 */
#include "control.h"

static bool runs(const struct netra_device *dev, uint32_t channel)
{
	const struct netra_channel *c = &dev->host.channel[channel];

	return c->started && !c->ring.ended;
}

void netra_reader_keep(struct netra_file *file, struct netra_reader *reader)
{
	uint32_t channel = reader->cursor.channel;

	/* Does not wait: there is nothing to be started. */
	if (runs(file->dev, channel) && !(file->started >> channel & 1))
		reader->keeps = !netra_channel_use(file->dev, channel);
}

/* With the bit in file->changing: the lock may be let go. */
static enum netra_error start(struct netra_file *file, uint32_t channel)
{
	const uint64_t bit = 1ull << channel;
	struct netra_device *dev = file->dev;
	enum netra_error error;

	if (file->started & bit) {
		/* Its stream has ended: once more from the beginning. */
		return runs(dev, channel) ? NETRA_OK :
		       netra_command_wait(dev, channel, NETRA_CMD_START, 0, 0);
	}
	error = netra_channel_use(dev, channel);
	if (error)
		return error;
	/* Closed meanwhile: nobody would give this use back. */
	if (file->closed)
		netra_file_pass(dev, channel, file);
	else
		file->started |= bit;
	return NETRA_OK;
}

static void stop(struct netra_file *file, uint32_t channel)
{
	const uint64_t bit = 1ull << channel;
	uint32_t uses = file->started & bit ? 1 : 0;

	for (uint32_t i = 0; i < NETRA_READERS_PER_FILE; i++) {
		struct netra_reader *reader = file->reader[i];

		if (reader && reader->cursor.channel == channel) {
			uses += reader->keeps;
			reader->keeps = false;
		}
	}
	file->started &= ~bit;
	/* Its own readers are not to inherit what it gives up. */
	while (uses--)
		netra_file_pass(file->dev, channel, file);
}

static enum netra_error change(struct netra_file *file, uint32_t channel, bool on)
{
	const uint64_t bit = 1ull << channel;
	enum netra_error error = NETRA_OK;

	if (file->changing & bit)
		return netra_host_fail(&file->dev->host, NETRA_ERR_BUSY,
				       "another thread is at it: wait for it");
	file->changing |= bit;
	if (on)
		error = start(file, channel);
	else
		stop(file, channel);
	file->changing &= ~bit;
	return error;
}

enum netra_error netra_file_start(struct netra_file *file, uint32_t channel)
{
	return change(file, channel, true);
}

enum netra_error netra_file_stop(struct netra_file *file, uint32_t channel)
{
	return change(file, channel, false);
}

static struct netra_reader *heir(struct netra_file *file, uint32_t channel)
{
	for (uint32_t i = 0; i < NETRA_READERS_PER_FILE; i++) {
		struct netra_reader *reader = file->reader[i];

		if (reader && reader->cursor.channel == channel && !reader->keeps)
			return reader;
	}
	return NULL;
}

void netra_file_pass(struct netra_device *dev, uint32_t channel,
		     const struct netra_file *except)
{
	for (LIST_ENTRY *at = dev->files.Flink; at != &dev->files; at = at->Flink) {
		struct netra_file *file = CONTAINING_RECORD(at, struct netra_file, entry);
		struct netra_reader *reader = file == except ? NULL : heir(file, channel);

		if (reader) {
			reader->keeps = true;
			return;
		}
	}
	netra_channel_unuse(dev, channel);
}
