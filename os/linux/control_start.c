// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Who keeps a channel running. A file that said NETRA_CMD_START is a use of it
 * (netra_channel_use), until NETRA_CMD_STOP or its end. So is a reader opened
 * while it runs; one opened before inherits a use that ends, of another file or
 * of a video node. What is being recorded goes on when the program that started
 * it goes away.
 */
#include "control.h"

static bool runs(const struct netra_device *dev, u32 channel)
{
	const struct netra_channel *c = &dev->host.channel[channel];

	return c->started && !c->ring.ended;
}

void netra_reader_keep(struct netra_file *file, struct netra_reader *reader)
{
	u32 channel = reader->cursor.channel;

	/* Does not wait: there is nothing to be started. */
	if (runs(file->dev, channel) && !test_bit(channel, file->started))
		reader->keeps = !netra_channel_use(file->dev, channel);
}

int netra_file_start(struct netra_file *file, u32 channel)
{
	struct netra_device *dev = file->dev;
	int err = 0;

	if (test_and_set_bit(channel, file->changing))
		return -EBUSY;
	if (!test_bit(channel, file->started)) {
		err = netra_channel_use(dev, channel);
		if (!err)
			set_bit(channel, file->started);
	} else if (!runs(dev, channel)) {
		/* Its stream has ended: once more from the beginning. */
		err = netra_command_wait(dev, channel, NETRA_CMD_START, 0, 0);
	}
	clear_bit(channel, file->changing);
	return err;
}

int netra_file_stop(struct netra_file *file, u32 channel)
{
	unsigned int uses = 0, i;

	if (test_and_set_bit(channel, file->changing))
		return -EBUSY;
	for (i = 0; i < NETRA_READERS_PER_FILE; i++) {
		struct netra_reader *reader = file->reader[i];

		if (reader && reader->cursor.channel == channel) {
			uses += reader->keeps;
			reader->keeps = false;
		}
	}
	uses += test_and_clear_bit(channel, file->started);
	while (uses--)
		netra_use_pass(file->dev, channel, file);
	clear_bit(channel, file->changing);
	return 0;
}

static struct netra_reader *heir(struct netra_file *file, u32 channel)
{
	unsigned int i;

	for (i = 0; i < NETRA_READERS_PER_FILE; i++) {
		struct netra_reader *reader = file->reader[i];

		if (reader && reader->cursor.channel == channel &&
		    !reader->keeps)
			return reader;
	}
	return NULL;
}

static struct netra_reader *any_heir(struct netra_device *dev, u32 channel,
				     const struct netra_file *but)
{
	struct netra_reader *reader;
	struct netra_file *file;

	if (!dev->control)
		return NULL;
	list_for_each_entry(file, &dev->control->files, entry) {
		reader = file == but ? NULL : heir(file, channel);
		if (reader)
			return reader;
	}
	return NULL;
}

void netra_use_pass(struct netra_device *dev, u32 channel,
		    const struct netra_file *but)
{
	struct netra_reader *reader = any_heir(dev, channel, but);

	lockdep_assert_held(&dev->lock);
	if (reader)
		reader->keeps = true;
	else
		netra_channel_unuse(dev, channel);
}
