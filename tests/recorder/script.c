/* SPDX-License-Identifier: BSD-2-Clause */
#include "script.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/h264.h"
#include "tests/mp4_read.h"
#include "tests/unit/h264_write.h"

uint32_t file_syncs, folder_syncs, whole_syncs;
bool syncs_fail, folder_syncs_fail;
uint32_t syncs_to_fail;
uint32_t whole_sync_ms;

/* These stand in for the C library's. */
int fdatasync(int fd)
{
	(void)fd;
	file_syncs++;
	errno = EIO;
	if (!syncs_fail)
		return 0;
	if (syncs_to_fail && !--syncs_to_fail)
		syncs_fail = false;
	return -1;
}

int fsync(int fd)
{
	(void)fd;
	folder_syncs++;
	errno = EIO;
	return folder_syncs_fail ? -1 : 0;
}

int syncfs(int fd)
{
	(void)fd;
	whole_syncs++;
	usleep(whole_sync_ms * 1000);
	errno = EIO;
	return syncs_fail ? -1 : 0;
}

static enum netra_error next_frame(void *context, struct netra_frame *frame)
{
	struct script *s = context;
	struct writer w = { 0 };

	if (s->ready && s->next == s->ready)
		return NETRA_ERR_AGAIN;
	if (s->next == s->count)
		return s->then;
	*frame = s->frame[s->next];
	frame->sequence = s->next;
	if (s->sets[s->next]) {
		put_sps(&w, &(struct sps_choice){ .profile = 77 });
		put_pps(&w, &(struct pps_choice){ 0 });
	}
	put_nal(&w, 3, frame->flags & NETRA_FRAME_KEY ? NETRA_NAL_IDR
						      : NETRA_NAL_SLICE);
	if (s->junk[s->next])
		memset(w.bytes, 0, sizeof(w.bytes));
	s->next++;
	if (frame->flags & NETRA_FRAME_END) {
		frame->length = 0;
		return NETRA_OK;
	}
	/* The length asked for is made up with slice data. */
	memset(s->bytes, 0xa5, sizeof(s->bytes));
	memcpy(s->bytes, w.bytes, w.length);
	if (frame->length < w.length)
		frame->length = w.length;
	frame->data = s->bytes;
	return NETRA_OK;
}

static bool frame_torn(void *context, const struct netra_frame *frame)
{
	struct script *s = context;

	return s->torn[frame->sequence];
}

struct netra_frame *add_frame(struct script *s, int64_t dts, bool key)
{
	struct netra_frame *frame = &s->frame[s->count];

	assert_true(s->count < FRAMES_MAX);
	s->sets[s->count++] = key;
	frame->dts_90k = dts;
	frame->pts_90k = dts;
	frame->flags = key ? NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS : 0;
	return frame;
}

void add_stream(struct script *s, int64_t dts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		add_frame(s, dts + i * 3000ll, i % 30 == 0);
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(f);
	file_syncs = folder_syncs = whole_syncs = 0;
	syncs_fail = folder_syncs_fail = false;
	signal(SIGXFSZ, SIG_IGN);
	snprintf(f->store, sizeof(f->store), "%s/netra-test-XXXXXX",
		 tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->store));
	f->board.channels = 4;
	for (uint32_t i = 0; i < 4; i++) {
		f->script[i] = calloc(1, sizeof(*f->script[i]));
		assert_non_null(f->script[i]);
		f->script[i]->then = NETRA_ERR_ENDED;
		f->board.channel[i] = (struct fake_channel){
			.next = next_frame, .torn = frame_torn,
			.context = f->script[i], .ring_bytes = 2 << 20,
		};
	}
	*state = f;
	return 0;
}

int clean_up(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int left = 0;

	limit_files(RLIM_INFINITY);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->store);
	for (uint32_t i = 0; i < 4; i++) {
		left += (int)(f->board.channel[i].held +
			      f->board.channel[i].readers);
		free(f->script[i]);
	}
	left += system(command);
	free(f);
	return left;
}

uint32_t files_in(const struct fixture *f, uint32_t channel)
{
	char path[100];
	uint32_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/ch%02u", f->store, channel);
	dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

void limit_files(uint64_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void read_fragment(struct recording *r, const uint8_t *moof, size_t size)
{
	struct box tfdt = find_box(moof, size, "moof/traf/tfdt");
	struct box trun = find_box(moof, size, "moof/traf/trun");
	struct box mfhd = find_box(moof, size, "moof/mfhd");
	uint32_t count = be32(trun.data + 4), offset = be32(trun.data + 8);
	int64_t dts = (int64_t)be64(tfdt.data + 4);
	int32_t delay;

	if (!r->fragments)
		r->first_dts = dts;
	else
		r->hole += dts - r->end;
	for (uint32_t i = 0; i < count; i++) {
		dts += be32(trun.data + 12 + i * 16);
		offset += be32(trun.data + 12 + i * 16 + 4);
		delay = (int32_t)be32(trun.data + 12 + i * 16 + 12);
		if (delay < r->least_delay)
			r->least_delay = delay;
		if (delay > r->most_delay)
			r->most_delay = delay;
	}
	assert_true(offset <= size);	/* samples lie inside the file */
	r->end = dts;
	if (r->fragments < 64)
		r->fragment_samples[r->fragments] = count;
	assert_int_equal(be32(mfhd.data + 4), ++r->fragments);
	r->samples += count;
}

struct recording read_recording(const char *path)
{
	struct recording r = { 0 };
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint32_t moovs = 0;
	uint8_t *data;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	r.size = (size_t)st.st_size;
	data = malloc(r.size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, r.size, file), r.size);
	fclose(file);
	assert_true(boxes_whole(data, r.size));
	r.duration = be64(find_box(data, r.size, "moov/mvex/mehd").data + 4);
	r.media_start = (int64_t)be64(find_box(data, r.size,
					       "moov/trak/edts/elst").data + 16);
	for (size_t at = 0; at < r.size; at += be32(data + at)) {
		moovs += !memcmp(data + at + 4, "moov", 4);
		if (!memcmp(data + at + 4, "moof", 4))
			read_fragment(&r, data + at, r.size - at);
	}
	assert_int_equal(moovs, 1);
	free(data);
	return r;
}

struct single *open_single(struct fixture *f, bool sync)
{
	static struct single single;
	char why[200];

	memset(&single, 0, sizeof(single));
	assert_int_equal(netra_store_open(&single.folder, f->store, sync, why,
					  sizeof(why)), 0);
	netra_store_pool_init(&single.pool, 8 << 20, 512 << 10);
	netra_store_writer_init(&single.writer, &single.folder, &single.pool,
				sync);
	/* Whatever file system this is: tests say when. */
	single.writer.together = false;
	single.store = f->store;
	single.shared.board = &f->board;
	single.shared.writer = &single.writer;
	single.shared.fragment_ns = 1000000000;
	single.shared.rotate_ns = 60000000000;
	single.shared.payload_bytes = 4 << 20;
	assert_int_equal(netra_recording_open(&single.recording, &single.shared,
					      0, 0), 0);
	file_syncs = folder_syncs = whole_syncs = 0;
	return &single;
}

void commit_single(struct single *single)
{
	netra_recording_tick(&single->recording);
	netra_recording_flush(&single->recording);
	netra_store_writer_commit(&single->writer);
	netra_store_writer_step(&single->writer);
	netra_store_writer_account(&single->writer, 0, &single->account);
}

void end_single(struct single *single)
{
	netra_recording_finish(&single->recording);
	netra_store_writer_finish(&single->writer);
	netra_store_writer_account(&single->writer, 0, &single->account);
	netra_recording_free(&single->recording);
	netra_store_writer_free(&single->writer);
	netra_store_pool_free(&single->pool);
	netra_store_close(&single->folder);
}

const char *single_path(const struct single *single)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/%s", single->store,
		 single->account.name);
	return path;
}

void run_seconds(struct single *single, uint32_t seconds)
{
	static uint64_t now;

	if (!single->recording.clock.running)
		now = SINGLE_START_NS;
	for (uint32_t i = 0; i < seconds; i++) {
		for (uint32_t frame = 0; frame < 30; frame++, now += 1000000000 / 30)
			netra_recording_pump(&single->recording, 1, now);
		commit_single(single);
	}
}

bool ends(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && !strcmp(path + n - m, suffix);
}
