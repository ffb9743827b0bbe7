/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One commit of all channels: by one sync of the file system, which costs the
 * least (bench/store-sync). Where that does not work, has failed, or waits for
 * what others write there (sync_choice.h), all files are pushed first and then
 * synced one by one: the first sync writes the file system's journal for all of
 * them, and the others find little left to do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sync_all.h"
#include "writer.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool dirty(const struct netra_store_file *file)
{
	return file->fd >= 0 && (file->bytes > file->durable || file->complete);
}

/* It keeps ".part": somebody else sees to it. */
static void leave_file(struct netra_store_writer *writer, uint32_t number,
		       struct netra_store_file *file)
{
	netra_store_file_leave(file);
	if (writer->keeper)
		netra_store_keeper_left(writer->keeper, number, file->start_ms);
}

/* What was not durable is lost, and so is the file's further use. */
static void lose_file(struct netra_store_writer *writer, uint32_t number,
		      struct netra_store_file *file, const char *why)
{
	struct netra_store_channel *channel = &writer->channel[number];

	channel->account.frames -= file->unsynced;
	channel->account.lost += file->unsynced;
	channel->untold += file->unsynced;
	netra_store_fail(channel, why);
	leave_file(writer, number, file);
}

static void sync_file(struct netra_store_writer *writer, uint32_t number,
		      struct netra_store_file *file, uint64_t synced_ns,
		      uint64_t *done_ns)
{
	uint32_t frames = file->unsynced;

	if (!dirty(file))
		return;
	if (synced_ns)
		netra_store_file_synced(file);
	else if (netra_store_file_sync(file))
		lose_file(writer, number, file, file->why);
	if (file->fd >= 0 && frames)
		*done_ns = synced_ns ? synced_ns : now_ns();
}

/* Names that are not durable are no names: what has one is lost. */
static void sync_folder(struct netra_store_writer *writer, uint32_t number)
{
	struct netra_store_channel *channel = &writer->channel[number];
	char why[128];

	channel->folder_dirty = false;
	if (!fsync(writer->folder->channel[number]))
		return;
	snprintf(why, sizeof(why), "cannot make the folder durable: %s",
		 strerror(errno));
	netra_store_fail(channel, why);
	if (channel->closing.fd >= 0)
		lose_file(writer, number, &channel->closing, why);
	if (channel->file.fd >= 0)
		lose_file(writer, number, &channel->file, why);
}

/* The ended file gets its name, or stays as it is if it is not complete. */
static void close_file(struct netra_store_writer *writer, uint32_t number)
{
	struct netra_store_channel *channel = &writer->channel[number];
	struct netra_store_file *file = &channel->closing;
	char name[NETRA_STORE_NAME_BYTES];

	if (file->fd < 0)
		return;
	if (!file->complete) {
		leave_file(writer, number, file);
		return;
	}
	if (netra_store_file_publish(file)) {
		netra_store_fail(channel, file->why);
		leave_file(writer, number, file);
		return;
	}
	channel->folder_dirty = true;
	if (writer->keeper)
		netra_store_keeper_changed(writer->keeper, number);
	if (channel->file.fd >= 0)
		return;
	netra_store_name(name, file->start_ms, NETRA_STORE_WHOLE);
	snprintf(channel->account.name, sizeof(channel->account.name),
		 "ch%02u/%s", number, name);
	channel->changed = true;
}

/* One channel's part of a commit. @synced_ns: when all was synced; 0 = it is not. */
static void commit_channel(struct netra_store_writer *writer, uint32_t number,
			   uint64_t synced_ns)
{
	struct netra_store_channel *channel = &writer->channel[number];
	bool open = channel->file.fd >= 0;
	uint64_t done_ns = 0;

	if (writer->sync) {
		if (channel->folder_dirty && !synced_ns)
			sync_folder(writer, number);
		channel->folder_dirty = false;
		sync_file(writer, number, &channel->closing, synced_ns,
			  &done_ns);
		sync_file(writer, number, &channel->file, synced_ns,
			  &done_ns);
	} else if (channel->file.unsynced + channel->closing.unsynced) {
		channel->file.unsynced = channel->closing.unsynced = 0;
		done_ns = now_ns();
	}
	if (open && channel->file.fd < 0) {
		channel->account.failed_file = channel->file_number;
		netra_store_count_file(channel);
	}
	close_file(writer, number);
	if (done_ns) {
		channel->account.durable_ns = done_ns;
		channel->changed = true;
	}
}

static bool any_dirty(const struct netra_store_writer *writer)
{
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		const struct netra_store_channel *channel = &writer->channel[i];

		if (channel->folder_dirty || dirty(&channel->closing) ||
		    dirty(&channel->file))
			return true;
	}
	return false;
}

static void push_all(const struct netra_store_writer *writer)
{
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		if (dirty(&writer->channel[i].closing))
			netra_store_file_push(&writer->channel[i].closing);
		if (dirty(&writer->channel[i].file))
			netra_store_file_push(&writer->channel[i].file);
	}
}

/*
 * Return: when it was done; 0 if each file is to be synced. After a failure
 * that tells whose it was; if nobody's, it was another program's.
 */
static uint64_t sync_together(struct netra_store_writer *writer)
{
	uint64_t begin_ns = now_ns(), end_ns;

	if (!writer->together ||
	    !netra_sync_choice_together(&writer->choice, begin_ns) ||
	    !any_dirty(writer) || netra_sync_all(writer->folder->fd))
		return 0;
	end_ns = now_ns();
	netra_sync_choice_took_together(&writer->choice, begin_ns, end_ns);
	return end_ns;
}

void netra_store_commit(struct netra_store_writer *writer)
{
	uint64_t synced_ns = writer->sync ? sync_together(writer) : 0;
	bool apart = writer->sync && !synced_ns;
	uint64_t begin_ns = now_ns();

	if (apart)
		push_all(writer);
	/* The names it gives wait for the next one. */
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++)
		commit_channel(writer, i, synced_ns);
	if (apart)
		netra_sync_choice_took_apart(&writer->choice, begin_ns,
					     now_ns());
	writer->undurable_ns = 0;
}
