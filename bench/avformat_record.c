/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recorder made of libavformat: netra-avformat-record FOLDER SECONDS
 * none|fdatasync|syncfs CHANNELS CLIP. Fragmented MP4, a fragment a
 * second, files of 10 s, as bench/record-vs-peers has the others do it.
 *
 * The clip's packets are in memory beforehand, as a board's frames are. One
 * thread wakes each 200 ms and writes what is due, as netra does.
 */
#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHANNELS_MAX 64
#define FILE_S 10
#define WAKE_NS 200000000
#define NS 1000000000

struct channel {
	AVFormatContext *out;
	size_t next;
	int64_t shift;		/* what the clip's times are raised by */
	int64_t file_begin, fragment_begin;
	int files, fd;
};

static AVFormatContext *in;
static AVPacket **clip;
static size_t clip_packets;
static int64_t clip_length;
static struct channel channel[CHANNELS_MAX];
static int channels, folder;
static const char *folder_name;
static enum { SYNC_NONE, SYNC_FDATASYNC, SYNC_SYNCFS } sync_way;
static bool wants_sync;

static void check(int status, const char *what)
{
	if (status >= 0)
		return;
	fprintf(stderr, "netra: avformat-record: %s: %s\n", what,
		av_err2str(status));
	exit(1);
}

static void load(const char *name)
{
	size_t room = 0;
	AVPacket *packet;

	check(avformat_open_input(&in, name, NULL, NULL), name);
	check(avformat_find_stream_info(in, NULL), name);
	for (;;) {
		packet = av_packet_alloc();
		if (!packet || av_read_frame(in, packet) < 0)
			break;
		if (clip_packets == room) {
			room = room ? 2 * room : 1024;
			clip = realloc(clip, room * sizeof(*clip));
			if (!clip)
				check(AVERROR(ENOMEM), "memory");
		}
		check(av_packet_make_refcounted(packet), "memory");
		clip[clip_packets++] = packet;
	}
	av_packet_free(&packet);
	if (!clip_packets)
		check(AVERROR_INVALIDDATA, name);
	packet = clip[clip_packets - 1];
	clip_length = packet->dts + packet->duration - clip[0]->dts;
}

static void flush_fragment(struct channel *c)
{
	check(av_write_frame(c->out, NULL), "fragment");
	avio_flush(c->out->pb);
	if (sync_way == SYNC_FDATASYNC && fdatasync(c->fd))
		check(AVERROR(errno), "fdatasync");
	wants_sync = true;
}

static void close_file(struct channel *c)
{
	if (!c->out)
		return;
	flush_fragment(c);
	check(av_write_trailer(c->out), "trailer");
	avio_closep(&c->out->pb);
	avformat_free_context(c->out);
	close(c->fd);
	c->out = NULL;
}

static void open_file(struct channel *c, int64_t dts)
{
	AVDictionary *options = NULL;
	char name[4096];
	AVStream *stream;

	snprintf(name, sizeof(name), "%s/ch%02d-%03d.mp4", folder_name,
		 (int)(c - channel), c->files++);
	check(avformat_alloc_output_context2(&c->out, NULL, "mp4", name), name);
	stream = avformat_new_stream(c->out, NULL);
	if (!stream)
		check(AVERROR(ENOMEM), name);
	check(avcodec_parameters_copy(stream->codecpar,
				      in->streams[0]->codecpar), name);
	stream->codecpar->codec_tag = 0;
	stream->time_base = in->streams[0]->time_base;
	check(avio_open(&c->out->pb, name, AVIO_FLAG_WRITE), name);
	c->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		check(AVERROR(errno), name);
	av_dict_set(&options, "movflags",
		    "frag_custom+empty_moov+default_base_moof", 0);
	check(avformat_write_header(c->out, &options), name);
	av_dict_free(&options);
	c->file_begin = c->fragment_begin = dts;
}

static int64_t to_seconds(int64_t time)
{
	AVRational base = in->streams[0]->time_base;

	return time * base.num / base.den;
}

/* All packets of a channel that are due at elapsed_ns. */
static void pump(struct channel *c, int64_t elapsed_ns)
{
	AVRational base = in->streams[0]->time_base;
	AVPacket *from, *packet;
	int64_t dts;

	for (;;) {
		from = clip[c->next];
		dts = from->dts - clip[0]->dts + c->shift;
		if (av_rescale(dts, (int64_t)base.num * NS, base.den) > elapsed_ns)
			return;
		if (c->out && from->flags & AV_PKT_FLAG_KEY &&
		    to_seconds(dts - c->file_begin) >= FILE_S)
			close_file(c);
		if (!c->out)
			open_file(c, dts);
		if (to_seconds(dts - c->fragment_begin) >= 1) {
			flush_fragment(c);
			c->fragment_begin = dts;
		}
		packet = av_packet_clone(from);
		if (!packet)
			check(AVERROR(ENOMEM), "packet");
		packet->dts = dts - c->file_begin;
		packet->pts = packet->dts + from->pts - from->dts;
		packet->stream_index = 0;
		av_packet_rescale_ts(packet, base, c->out->streams[0]->time_base);
		check(av_write_frame(c->out, packet), "packet");
		av_packet_free(&packet);
		if (++c->next == clip_packets) {
			c->next = 0;
			c->shift += clip_length;
		}
	}
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

int main(int argc, char **argv)
{
	int64_t begin, due, end;
	struct timespec t;

	channels = argc == 6 ? atoi(argv[4]) : 0;
	if (channels < 1 || channels > CHANNELS_MAX) {
		fprintf(stderr, "usage: %s FOLDER SECONDS none|fdatasync|syncfs "
			"CHANNELS CLIP\n", argv[0]);
		return 2;
	}
	folder_name = argv[1];
	sync_way = !strcmp(argv[3], "syncfs") ? SYNC_SYNCFS :
		   !strcmp(argv[3], "fdatasync") ? SYNC_FDATASYNC : SYNC_NONE;
	folder = open(folder_name, O_RDONLY | O_DIRECTORY);
	if (folder < 0)
		check(AVERROR(errno), folder_name);
	load(argv[5]);
	begin = now_ns();
	end = begin + strtoll(argv[2], NULL, 10) * NS;
	for (due = begin; due < end; due += WAKE_NS) {
		t = (struct timespec){ due / NS, due % NS };
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
				       NULL) == EINTR)
			;
		for (int i = 0; i < channels; i++)
			pump(&channel[i], now_ns() - begin);
		if (wants_sync && sync_way == SYNC_SYNCFS && syncfs(folder))
			check(AVERROR(errno), "syncfs");
		wants_sync = false;
	}
	for (int i = 0; i < channels; i++)
		close_file(&channel[i]);
	return 0;
}
