/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the queue to files. A failed write ends its file, cut to whole
 * fragments; what else was meant for that file is lost and counted, and the
 * recorder begins a new one at the next key frame.
 */
#include "writer.h"

#include <stdio.h>

/* Of two times; 0 = there is none. */
static uint64_t older(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

void netra_store_fail(struct netra_store_channel *channel, const char *why)
{
	channel->account.failed = true;
	channel->changed = true;
	snprintf(channel->account.error, sizeof(channel->account.error), "%s",
		 why);
}

static void lose(struct netra_store_channel *channel,
		 const struct netra_store_fragment *fragment)
{
	channel->account.lost += fragment->mp4.samples;
	channel->untold += fragment->mp4.samples + fragment->note.lost;
	channel->changed = true;
}

/* The next fragment that is written says what those before it cannot. */
static void tell_lost(struct netra_store_channel *channel,
		      struct netra_mp4_note *note)
{
	uint64_t lost = channel->untold + note->lost;

	if (!channel->untold)
		return;
	note->lost = lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
	note->flags |= NETRA_NOTE_GAP | NETRA_NOTE_DISK;
	channel->untold = 0;
}

/* The file can no longer be written; what is whole of it stays. */
static void fail_file(struct netra_store_writer *writer, uint32_t number)
{
	struct netra_store_channel *channel = &writer->channel[number];

	channel->account.failed_file = channel->file_number;
	netra_store_fail(channel, channel->file.why);
	netra_store_end_file(writer, number);
}

static void note_name(struct netra_store_channel *channel, uint32_t number,
		      const struct netra_store_file *file, const char *suffix)
{
	char name[NETRA_STORE_NAME_BYTES];

	netra_store_name(name, file->start_ms, suffix);
	snprintf(channel->account.name, sizeof(channel->account.name),
		 "ch%02u/%s", number, name);
	channel->changed = true;
}

static bool begin_file(struct netra_store_writer *writer, uint32_t number,
		       const struct netra_store_fragment *fragment)
{
	struct netra_store_channel *channel = &writer->channel[number];
	struct netra_store_folder *folder = writer->folder;
	const char *why = "cannot make the channel's folder";

	netra_store_end_file(writer, number);
	channel->file_number = fragment->file_number;
	if (!netra_store_channel(folder, number, true, writer->sync)) {
		if (!netra_store_file_create(&channel->file,
					     folder->channel[number],
					     fragment)) {
			channel->folder_dirty = true;
			channel->account.files++;
			if (writer->keeper)
				netra_store_keeper_changed(writer->keeper,
							   number);
			note_name(channel, number, &channel->file,
				  NETRA_STORE_PART);
			return true;
		}
		why = channel->file.why;
	}
	channel->account.failed_file = channel->file_number;
	netra_store_fail(channel, why);
	return false;
}

static void update_account(struct netra_store_channel *channel)
{
	const struct netra_store_file *file = &channel->file;

	channel->account.bytes = channel->closed_bytes + file->bytes;
	channel->account.duration_90k = channel->closed_90k +
		file->end_pts_90k - file->first_pts_90k;
	channel->changed = true;
}

static void write_fragment(struct netra_store_writer *writer,
			   struct netra_store_fragment *fragment)
{
	uint32_t number = fragment->note.channel;
	struct netra_store_channel *channel = &writer->channel[number];

	if (fragment->ends) {
		netra_store_end_file(writer, number);
		return;
	}
	if (fragment->init && !begin_file(writer, number, fragment)) {
		lose(channel, fragment);
		return;
	}
	if (channel->file.fd < 0 ||
	    channel->file_number != fragment->file_number) {
		lose(channel, fragment);
		return;
	}
	tell_lost(channel, &fragment->note);
	if (netra_store_file_append(&channel->file, fragment)) {
		lose(channel, fragment);
		fail_file(writer, number);
		return;
	}
	channel->account.frames += fragment->mp4.samples;
	writer->undurable_ns = older(writer->undurable_ns, fragment->taken_ns);
	update_account(channel);
}

void netra_store_count_file(struct netra_store_channel *channel)
{
	channel->closed_bytes = channel->account.bytes;
	channel->closed_90k = channel->account.duration_90k;
}

/* The file as it is becomes the one to be closed. */
void netra_store_end_file(struct netra_store_writer *writer, uint32_t number)
{
	struct netra_store_channel *channel = &writer->channel[number];
	bool failed = channel->account.failed_file == channel->file_number;

	if (channel->file.fd < 0)
		return;
	if (!channel->file.fragments) {
		netra_store_file_remove(&channel->file);
		channel->account.files--;
		channel->account.name[0] = '\0';
		channel->changed = true;
		return;
	}
	/* Files that are shorter than a commit: one at a time. */
	if (channel->closing.fd >= 0)
		netra_store_commit(writer);
	/* A sync that failed has ended it. */
	if (channel->file.fd < 0)
		return;
	if (!failed && netra_store_file_complete(&channel->file))
		netra_store_fail(channel, channel->file.why);
	update_account(channel);
	netra_store_count_file(channel);
	channel->closing = channel->file;
	channel->file.fd = -1;
	channel->file.bytes = 0;
	channel->file.first_pts_90k = channel->file.end_pts_90k = 0;
}

static void publish(struct netra_store_writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->writing_ns = writer->undurable_ns;
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		if (!writer->channel[i].changed)
			continue;
		writer->channel[i].changed = false;
		writer->account[i] = writer->channel[i].account;
	}
	pthread_mutex_unlock(&writer->mutex);
}

void netra_store_writer_step(struct netra_store_writer *writer)
{
	struct netra_store_fragment *fragment, *next;
	bool commit;

	pthread_mutex_lock(&writer->mutex);
	fragment = writer->first;
	writer->first = writer->last = NULL;
	writer->queued_bytes = 0;
	commit = writer->commit;
	writer->commit = false;
	writer->writing_ns = older(writer->writing_ns, writer->queued_ns);
	writer->queued_ns = 0;
	pthread_mutex_unlock(&writer->mutex);

	if (!fragment && !commit)
		return;
	for (; fragment; fragment = next) {
		next = fragment->next;
		write_fragment(writer, fragment);
		netra_store_pool_give(writer->pool, fragment);
	}
	if (commit)
		netra_store_commit(writer);
	publish(writer);
}

void netra_store_writer_queue(struct netra_store_writer *writer,
			      struct netra_store_fragment *fragment)
{
	fragment->next = NULL;
	pthread_mutex_lock(&writer->mutex);
	if (writer->last)
		writer->last->next = fragment;
	else
		writer->first = fragment;
	writer->last = fragment;
	if (!fragment->ends)
		writer->queued_ns = older(writer->queued_ns, fragment->taken_ns);
	writer->queued_bytes += fragment->mp4.payload_bytes;
	if (writer->queued_bytes > NETRA_STORE_QUEUED_BYTES &&
	    writer->queued_bytes - fragment->mp4.payload_bytes <=
		    NETRA_STORE_QUEUED_BYTES)
		pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}

void netra_store_writer_commit(struct netra_store_writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->commit = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}

void netra_store_writer_account(struct netra_store_writer *writer,
				uint32_t channel,
				struct netra_store_account *account)
{
	pthread_mutex_lock(&writer->mutex);
	*account = writer->account[channel];
	pthread_mutex_unlock(&writer->mutex);
}

uint32_t netra_store_writer_failed_file(struct netra_store_writer *writer,
					uint32_t channel)
{
	uint32_t number;

	pthread_mutex_lock(&writer->mutex);
	number = writer->account[channel].failed_file;
	pthread_mutex_unlock(&writer->mutex);
	return number;
}

uint64_t netra_store_writer_oldest_ns(struct netra_store_writer *writer)
{
	uint64_t oldest;

	pthread_mutex_lock(&writer->mutex);
	oldest = older(writer->writing_ns, writer->queued_ns);
	pthread_mutex_unlock(&writer->mutex);
	return oldest;
}

