/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder with a board that says anything: times, losses, torn frames,
 * stream bytes. Each frame is in the file or counted as lost, decode times
 * never run backwards, and what is left on disk is whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/recorder_channel.h"
#include "store/folder.h"
#include "tests/mp4_read.h"
#include "tests/recorder/fake_netra.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)
#define RECORD_BYTES 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static void remove_folder(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/ch00", folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/netra-store", folder);
	unlink(path);
	rmdir(folder);
}

struct input {
	const uint8_t *data;
	size_t size;
	uint64_t given;		/* frames with data, and those said to be lost */
};

/* SPS and PPS of a small Baseline stream, and slices. */
static const uint8_t pattern[] = {
	0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xf4, 0x16, 0x27, 0x22,
	0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
	0, 0, 0, 1, 0x65, 0x88, 1, 2, 3,
	0, 0, 1, 0x41, 0x9a, 4, 5
};

/* A record: kind, two bytes of time, flags, four of whatever. */
static enum netra_error next_frame(void *context, struct netra_frame *frame)
{
	struct input *in = context;
	const uint8_t *p = in->data;
	int64_t time;

	if (in->size < RECORD_BYTES)
		return in->size & 1 ? NETRA_ERR_ENDED : NETRA_ERR_GONE;
	in->data += RECORD_BYTES;
	in->size -= RECORD_BYTES;
	if (p[0] == 255)
		return NETRA_ERR_AGAIN;
	time = (int64_t)be64(p);
	frame->dts_90k = p[0] & 1 ? time : time >> 24 & 0xffff;
	frame->pts_90k = p[0] & 2 ? time ^ 0x5555 : frame->dts_90k + p[4];
	frame->duration_90k = p[0] & 4 ? be32(p + 4) : 0;
	frame->host_time_ns = p[0] & 8 ? be64(p) : 0;
	frame->lost = p[0] & 16 ? p[5] : 0;
	frame->flags = p[0] & 32 ? p[6] & NETRA_FRAME_FLAGS_ALL : 0;
	frame->token = p[7];
	if (p[0] & 64) {
		frame->data = p;	/* bytes of the input itself */
		frame->length = p[3] % (in->size + 1);
	} else {
		frame->data = pattern + p[6] % 25;
		frame->length = sizeof(pattern) - p[6] % 25;
	}
	in->given += frame->lost + (frame->length != 0);
	return NETRA_OK;
}

static bool torn(void *context, const struct netra_frame *frame)
{
	(void)context;
	/* Often enough to matter, seldom enough for files to grow. */
	return frame->length == 17 || frame->pts_90k % 61 == 60;
}

static uint64_t check_file(int directory, const char *name)
{
	uint64_t samples = 0, dts, before = 0;
	struct box box;
	struct stat st;
	uint8_t *file;
	size_t size;
	int fd = openat(directory, name, O_RDONLY);

	CHECK(fd >= 0 && !fstat(fd, &st));
	size = (size_t)st.st_size;
	file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(file != MAP_FAILED && boxes_whole(file, size));
	CHECK(find_box(file, size, "moov").data);
	for (size_t at = 0; at < size; at += be32(file + at)) {
		if (memcmp(file + at + 4, "moof", 4))
			continue;
		box = find_box(file + at, size - at, "moof/traf/tfdt");
		dts = be64(box.data + 4);
		CHECK(!samples || dts > before);
		box = find_box(file + at, size - at, "moof/traf/trun");
		for (uint32_t i = 0; i + 1 < be32(box.data + 4); i++) {
			CHECK(be32(box.data + 12 + i * 16) > 0);
			dts += be32(box.data + 12 + i * 16);
		}
		before = dts;
		samples += be32(box.data + 4);
	}
	munmap(file, size);
	close(fd);
	return samples;
}

/* Opened once; each input begins with an empty store. */
static struct netra_store_folder *open_folder(void)
{
	static struct netra_store_folder store;
	char why[200];

	if (folder[0])
		return &store;
	snprintf(folder, sizeof(folder), "%s/netra-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	CHECK(mkdtemp(folder));
	CHECK(!netra_store_open(&store, folder, false, why, sizeof(why)));
	CHECK(!netra_store_channel(&store, 0, true, false));
	atexit(remove_folder);
	return &store;
}

static uint64_t check_files(struct netra_store_folder *store)
{
	char name[NETRA_STORE_NAME_BYTES];
	struct netra_store_entry *entries;
	uint64_t samples = 0;
	size_t count;

	CHECK(!netra_store_list(store, 0, &entries, &count));
	for (size_t i = 0; i < count; i++) {
		CHECK(entries[i].kind == NETRA_STORE_FILE_WHOLE);
		netra_store_name(name, entries[i].start_ms, NETRA_STORE_WHOLE);
		samples += check_file(store->channel[0], name);
		CHECK(!unlinkat(store->channel[0], name, 0));
	}
	free(entries);
	return samples;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netra_recording recording;
	static struct netra_store_writer writer;
	static struct netra_board board;
	struct netra_recording_shared shared = { 0 };
	struct netra_store_account account;
	struct netra_store_pool pool;
	struct input in = { .data = data, .size = size };
	struct netra_store_folder *store = open_folder();
	uint64_t now = 1;

	board.channels = 1;
	board.channel[0] = (struct fake_channel){
		.next = next_frame, .torn = torn, .context = &in,
		.ring_bytes = 1 << 20,
	};
	netra_store_pool_init(&pool, size & 2 ? 128 << 10 : 8 << 20, 64 << 10);
	memset(&recording, 0, sizeof(recording));
	memset(&writer, 0, sizeof(writer));
	netra_store_writer_init(&writer, store, &pool, false);
	shared.board = &board;
	shared.writer = &writer;
	shared.fragment_ns = 1000000000;
	shared.rotate_ns = 10000000000;
	CHECK(!netra_recording_open(&recording, &shared, 0, 0));
	while (recording.reader) {
		netra_recorder_wall_update(&shared.wall, now,
					   (int64_t)now + (size & 4 ? 0 :
					   (int64_t)in.size << 28));
		netra_recording_pump(&recording, 7, now);
		now += 400000000;
		if (recording.pending || now % 3 == 0) {
			netra_recording_tick(&recording);
			netra_recording_flush(&recording);
			netra_store_writer_commit(&writer);
			netra_store_writer_step(&writer);
		}
	}
	netra_recording_finish(&recording);
	netra_store_writer_finish(&writer);
	netra_store_writer_account(&writer, 0, &account);
	CHECK(!board.channel[0].held && !board.channel[0].readers);
	CHECK(!account.failed && !account.lost);
	CHECK(account.frames + recording.lost == in.given);
	netra_recording_free(&recording);
	CHECK(check_files(store) == account.frames);
	netra_store_writer_free(&writer);
	netra_store_pool_free(&pool);
	CHECK(!pool.bytes);
	return 0;
}
