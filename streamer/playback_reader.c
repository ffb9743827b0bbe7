/* SPDX-License-Identifier: BSD-2-Clause */
#include "playback_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "be.h"
#include "lib/checksum.h"
#include "store/names.h"

#define PAYLOAD_MAX (64u << 20)
#define GAP_NS INT64_C(500000000)

static int64_t ns_of(int64_t ticks)
{
	return ticks / 9 * 100000 + ticks % 9 * 100000 / 9;
}

void netra_playback_batch_free(struct netra_playback_batch *batch)
{
	free(batch->data);
	free(batch->frame);
	memset(batch, 0, sizeof(*batch));
}

enum netra_error netra_playback_reader_open(struct netra_playback_reader **out,
					    const char *store, uint32_t channel)
{
	struct netra_playback_reader *r = calloc(1, sizeof(*r));
	enum netra_error error;
	char why[160];

	if (!r)
		return NETRA_ERR_NO_MEMORY;
	r->fd = -1;
	r->channel = channel;
	error = netra_store_look(&r->folder, store, why, sizeof(why));
	if (error) {
		free(r);
		return error;
	}
	error = netra_store_channel(&r->folder, channel, false, false);
	if (error) {
		netra_playback_reader_close(r);
		return error;
	}
	*out = r;
	return NETRA_OK;
}

static void close_file(struct netra_playback_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void netra_playback_reader_close(struct netra_playback_reader *r)
{
	if (!r)
		return;
	close_file(r);
	free(r->files);
	netra_store_close(&r->folder);
	free(r);
}

/* Opens a file of the list, by the name it has now. */
static enum netra_error open_file(struct netra_playback_reader *r, size_t file)
{
	static const char *const suffix[] = { NETRA_STORE_WHOLE,
					      NETRA_STORE_PART };
	char name[NETRA_STORE_NAME_BYTES];
	enum netra_error error;

	close_file(r);
	r->file = file;
	/* A part may have become whole since it was listed. */
	for (unsigned int i = 0; i < 2 && r->fd < 0; i++) {
		netra_store_name(name, r->files[file].start_ms, suffix[i]);
		r->fd = openat(r->folder.channel[r->channel], name,
			       O_RDONLY | O_CLOEXEC);
	}
	if (r->fd < 0)
		return errno == ENOENT ? NETRA_ERR_NOT_FOUND : NETRA_ERR_IO;
	error = netra_store_scan_open(&r->scan, r->fd);
	if (error)
		close_file(r);
	r->new_file = true;
	return error;
}

static enum netra_error list_files(struct netra_playback_reader *r)
{
	struct netra_store_entry *files;
	enum netra_error error;
	size_t count = 0, kept = 0;

	error = netra_store_list(&r->folder, r->channel, &files, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		if (files[i].kind != NETRA_STORE_FILE_DAMAGED)
			files[kept++] = files[i];
	free(r->files);
	r->files = files;
	r->count = kept;
	return NETRA_OK;
}

struct place {
	int64_t end_ns;		/* of the file's last frame */
	size_t file;
	uint64_t position;
	uint32_t sample;
	bool found;
};

/* Key frames of a fragment: the last one not after @wall_ns, or the first. */
static void look(struct netra_playback_reader *r,
		 const struct netra_mp4_moof *moof, int64_t wall_ns,
		 struct place *place, bool *passed)
{
	int64_t at_ns = moof->note.wall_ns;

	for (uint32_t i = 0; i < moof->samples; i++) {
		struct netra_mp4_sample sample;

		netra_mp4_moof_sample(moof, i, &sample);
		if (at_ns > wall_ns && place->found) {
			*passed = true;
			return;
		}
		if (sample.key) {
			place->file = r->file;
			place->position = r->scan.at;
			place->sample = i;
			place->found = true;
		}
		at_ns += ns_of(sample.duration_90k);
	}
	place->end_ns = at_ns;
}

enum netra_error netra_playback_reader_seek(struct netra_playback_reader *r,
					    int64_t wall_ns)
{
	struct place place = { 0 };
	struct netra_mp4_moof moof;
	enum netra_error error;
	bool passed = false;
	size_t first = 0;

	error = list_files(r);
	if (error)
		return error;
	for (size_t i = 0; i < r->count; i++)
		if (r->files[i].start_ms <= wall_ns / 1000000)
			first = i;
	for (size_t i = first; i < r->count && !passed; i++) {
		if (i > first && place.found)
			break;
		if (open_file(r, i))
			continue;
		while (!passed && !netra_store_scan_next(&r->scan, &moof))
			look(r, &moof, wall_ns, &place, &passed);
		/* In a gap behind this file: the next one's beginning it is. */
		if (!passed && place.end_ns < wall_ns - GAP_NS)
			place.found = false;
	}
	if (!place.found)
		return NETRA_ERR_ENDED;
	error = open_file(r, place.file);
	if (error)
		return error;
	r->scan.position = place.position;
	r->skip = place.sample;
	r->key_wanted = true;
	return NETRA_OK;
}

static bool make_room(struct netra_playback_batch *batch, size_t bytes,
		      uint32_t frames)
{
	if (bytes > batch->room) {
		uint8_t *more = realloc(batch->data, bytes);

		if (!more)
			return false;
		batch->data = more;
		batch->room = bytes;
	}
	if (frames > batch->frame_room) {
		struct netra_playback_frame *more =
			reallocarray(batch->frame, frames, sizeof(*more));

		if (!more)
			return false;
		batch->frame = more;
		batch->frame_room = frames;
	}
	return true;
}

/* Lengths become start codes: they take as much room. */
static bool to_annex_b(uint8_t *data, size_t size)
{
	static const uint8_t start_code[4] = { 0, 0, 0, 1 };

	while (size) {
		uint32_t length;

		if (size < 4)
			return false;
		length = netra_get_be32(data);
		if (length > size - 4)
			return false;
		memcpy(data, start_code, 4);
		data += 4 + length;
		size -= 4 + (size_t)length;
	}
	return true;
}

static void add_frames(struct netra_playback_reader *r,
		       const struct netra_mp4_moof *moof,
		       struct netra_playback_batch *batch)
{
	int64_t dts = moof->dts_90k;
	size_t offset = 0;

	for (uint32_t i = 0; i < moof->samples; i++) {
		struct netra_mp4_sample sample;
		struct netra_playback_frame *frame;

		netra_mp4_moof_sample(moof, i, &sample);
		if (i >= r->skip && (!r->key_wanted || sample.key) &&
		    to_annex_b(batch->data + offset, sample.bytes)) {
			frame = &batch->frame[batch->count++];
			*frame = (struct netra_playback_frame){
				.offset = offset,
				.length = sample.bytes,
				.wall_ns = moof->note.wall_ns +
					   ns_of(dts - moof->dts_90k),
				.dts_90k = dts,
				.delay_90k = sample.delay_90k,
				.key = sample.key,
				.new_file = r->new_file,
			};
			r->new_file = false;
			r->key_wanted = false;
		}
		offset += sample.bytes;
		dts += sample.duration_90k;
	}
	r->skip = 0;
}

static enum netra_error read_fragment(struct netra_playback_reader *r,
				      const struct netra_mp4_moof *moof,
				      struct netra_playback_batch *batch)
{
	size_t done = 0, size = moof->payload_bytes;

	if (size > PAYLOAD_MAX)
		return NETRA_ERR_CORRUPT;
	if (!make_room(batch, size, moof->samples))
		return NETRA_ERR_NO_MEMORY;
	while (done < size) {
		ssize_t n = pread(r->fd, batch->data + done, size - done,
				  (off_t)(r->scan.at + moof->header_bytes +
					  done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NETRA_ERR_IO;
		done += (size_t)n;
	}
	/* One that is damaged is as good as none. */
	if (netra_checksum(0, batch->data, size) != moof->note.payload_crc32c)
		r->key_wanted = true;
	else
		add_frames(r, moof, batch);
	return NETRA_OK;
}

/* The open file has been read to its end: is there more of it, or another one? */
static enum netra_error go_on(struct netra_playback_reader *r)
{
	int64_t start_ms = r->files[r->file].start_ms;
	struct stat info;
	enum netra_error error;

	if (r->files[r->file].kind == NETRA_STORE_FILE_PART &&
	    !fstat(r->fd, &info) && (uint64_t)info.st_size > r->scan.size) {
		r->scan.size = (uint64_t)info.st_size;
		return NETRA_OK;
	}
	error = list_files(r);
	if (error)
		return error;
	for (size_t i = 0; i < r->count; i++) {
		if (r->files[i].start_ms <= start_ms)
			continue;
		error = open_file(r, i);
		r->key_wanted = true;
		if (error != NETRA_ERR_NOT_FOUND && error != NETRA_ERR_CORRUPT)
			return error;
	}
	return NETRA_ERR_ENDED;
}

enum netra_error netra_playback_reader_next(struct netra_playback_reader *r,
					    struct netra_playback_batch *batch)
{
	struct netra_mp4_moof moof;
	enum netra_error error;

	batch->count = 0;
	while (!batch->count) {
		if (r->fd < 0)
			return NETRA_ERR_ENDED;
		error = netra_store_scan_next(&r->scan, &moof);
		if (!error)
			error = read_fragment(r, &moof, batch);
		else if (error == NETRA_ERR_ENDED || error == NETRA_ERR_CORRUPT)
			error = go_on(r);
		if (error)
			return error;
	}
	return NETRA_OK;
}
