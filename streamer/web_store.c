/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked of the store is done by libuv's workers: disks may be slow,
 * and pictures must not wait for them.
 */
#include "web_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/export.h"

#define DAY_MS INT64_C(86400000)
#define RANGE_MAX_MS (8 * DAY_MS)
#define EXPORT_MAX_MS DAY_MS
#define DISK_NS UINT64_C(5000000000)
#define DISK_SHARE 50u		/* of the time is not spent with that */

void netra_web_job_fail(struct netra_web_job *job, unsigned int status,
			const char *text)
{
	json_decref(job->json);
	job->status = status;
	job->json = json_pack("{s:s}", "error", text);
}

/* A file that is being written is asked for by the name it will have. */
int netra_web_open_file(const char *store, uint32_t channel, const char *name)
{
	enum netra_store_kind kind;
	char path[1024];
	int64_t start_ms;
	struct stat st;
	int fd = -1;

	if (!netra_store_name_read(name, &start_ms, &kind) ||
	    kind != NETRA_STORE_FILE_WHOLE)
		return -1;
	for (int part = 0; part < 2 && fd < 0; part++) {
		snprintf(path, sizeof(path), "%s/ch%02u/%s%s", store, channel,
			 name, part ? ".part" : "");
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void run_media(struct netra_web_job *job)
{
	struct stat st;

	job->fd = netra_web_open_file(job->store, job->channel, job->name);
	if (job->fd < 0 || fstat(job->fd, &st)) {
		netra_web_job_fail(job, 404, "there is no such recording: it "
				   "may have been deleted to make room");
		return;
	}
	job->size = (uint64_t)st.st_size;
	job->type = "video/mp4";
}

static void work(uv_work_t *work)
{
	struct netra_web_job *job = work->data;

	job->run(job);
}

static int answer(struct netra_web_job *job)
{
	struct netra_web_exchange *exchange = job->exchange;
	char extra[160];
	json_t *json = job->json;
	int fd = job->fd;

	if (fd < 0) {
		job->json = NULL;
		return netra_web_answer_json(exchange, job->status, json, NULL);
	}
	job->fd = -1;
	snprintf(extra, sizeof(extra), "cache-control: no-store\n%s%.80s%s",
		 job->name[0] && job->attachment ?
			 "content-disposition: attachment; filename=\"" : "",
		 job->attachment ? job->name : "", job->attachment ? "\"\n" : "");
	return netra_web_file_begin(exchange, fd, job->size, job->type, extra);
}

static void end_job(struct netra_web_job *job)
{
	struct netra_web *web = job->web;

	web->jobs--;
	if (job->fd >= 0)
		netra_web_close_fd(web->loop, job->fd);
	json_decref(job->json);
	free(job);
}

static void after(uv_work_t *work, int status);

/*
 * An export of a day takes minutes: a few of them must not have all workers, nor
 * one be made for somebody who has gone.
 */
static void begin_exports(struct netra_web *web)
{
	while (web->waiting && web->exports < NETRA_WEB_EXPORTS_MAX) {
		struct netra_web_job *job = web->waiting;

		web->waiting = job->next;
		if (!job->exchange) {
			end_job(job);
			continue;
		}
		web->exports++;
		uv_queue_work(web->loop, &job->work, work, after);
	}
}

static void after(uv_work_t *work, int status)
{
	struct netra_web_job *job = work->data;
	struct netra_web *web = job->web;
	struct netra_web_exchange *exchange = job->exchange;

	(void)status;
	if (exchange && !web->gone) {
		exchange->job = NULL;
		if (answer(job)) {
			exchange->broken = true;
			lws_callback_on_writable(exchange->wsi);
		}
	}
	web->exports -= job->run == netra_web_run_export;
	end_job(job);
	begin_exports(web);
	netra_web_free(web);
}

static int check_range(struct netra_web_exchange *exchange,
		       struct netra_web_job *job, int64_t most_ms)
{
	job->from_ms = netra_web_argument(exchange->wsi, "from", -1);
	job->to_ms = netra_web_argument(exchange->wsi, "to", -1);
	return job->from_ms < 0 || job->to_ms <= job->from_ms ||
	       job->to_ms - job->from_ms > most_ms;
}

int netra_web_job(struct netra_web_exchange *exchange)
{
	struct netra_web *web = exchange->web;
	const struct netra_web_route *route = &exchange->route;
	struct netra_web_job *job;
	int bad = 0;

	if (web->jobs >= NETRA_WEB_JOBS_MAX)
		return netra_web_fail(exchange, 503, "the disk is busy: try "
				      "again");
	job = calloc(1, sizeof(*job));
	if (!job)
		return -1;
	job->work.data = job;
	job->web = web;
	job->exchange = exchange;
	job->store = web->options.store[route->board];
	job->board = route->board;
	job->channel = route->channel;
	job->fd = -1;
	job->status = 200;
	snprintf(job->name, sizeof(job->name), "%s", route->name);
	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++)
		for (uint32_t i = 0; i < NETRA_CHANNELS_MAX; i++)
			if (netra_web_may(web, exchange->user, b, i))
				job->channels[b] |= UINT64_C(1) << i;
	switch (route->place) {
	case NETRA_WEB_TIMELINE:
		job->run = netra_web_run_timeline;
		bad = check_range(exchange, job, RANGE_MAX_MS);
		break;
	case NETRA_WEB_RECORDINGS:
		job->run = netra_web_run_recordings;
		bad = check_range(exchange, job, DAY_MS);
		break;
	case NETRA_WEB_EXPORT:
		job->run = netra_web_run_export;
		job->attachment = true;
		bad = check_range(exchange, job, EXPORT_MAX_MS);
		break;
	default:
		job->run = run_media;
	}
	if (bad) {
		free(job);
		return netra_web_fail(exchange, 400, "from and to must be times "
				      "in ms since 1970, not too far apart");
	}
	exchange->job = job;
	web->jobs++;
	if (job->run == netra_web_run_export) {
		struct netra_web_job **last = &web->waiting;

		while (*last)
			last = &(*last)->next;
		*last = job;
		begin_exports(web);
	} else {
		uv_queue_work(web->loop, &job->work, work, after);
	}
	return 0;
}

void netra_web_job_forget(struct netra_web_exchange *exchange)
{
	if (!exchange->job)
		return;
	exchange->job->exchange = NULL;
	netra_export_cancel(&exchange->job->cancelled);
	exchange->job = NULL;
}

/* ---- how full the disk is ------------------------------------------------------ */

bool netra_web_records(const struct netra_web *web)
{
	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++)
		if (web->options.store[b])
			return true;
	return false;
}

/* Is there another store before this one on the same disk? */
static bool disk_counted(const struct netra_web_options *options, uint32_t board)
{
	struct stat own, other;

	if (stat(options->store[board], &own))
		return true;
	for (uint32_t b = 0; b < board; b++)
		if (options->store[b] && !stat(options->store[b], &other) &&
		    own.st_dev == other.st_dev)
			return true;
	return false;
}

static void run_disk(struct netra_web_job *job)
{
	const struct netra_web_options *options = &job->web->options;
	struct statvfs fs;

	for (uint32_t b = 0; b < NETRA_STREAM_BOARDS_MAX; b++) {
		if (!options->store[b])
			continue;
		job->size += netra_web_store_bytes(options->store[b]);
		if (!disk_counted(options, b) && !statvfs(options->store[b], &fs))
			job->free_bytes += (uint64_t)fs.f_bavail * fs.f_frsize;
	}
}

static void have_disk(uv_work_t *work, int status)
{
	struct netra_web_job *job = work->data;
	struct netra_web *web = job->web;

	(void)status;
	web->disk_bytes = job->size;
	web->disk_free = job->free_bytes;
	web->disk_looked_at = false;
	/* Counting a large store takes its time: the more, the more rarely. */
	web->disk_due_ns = uv_hrtime() + DISK_NS +
			   (uv_hrtime() - web->disk_due_ns) * DISK_SHARE;
	end_job(job);
	netra_web_free(web);
}

void netra_web_disk_look(struct netra_web *web)
{
	struct netra_web_job *job;

	if (!netra_web_records(web) || web->disk_looked_at ||
	    uv_hrtime() < web->disk_due_ns)
		return;
	job = calloc(1, sizeof(*job));
	if (!job)
		return;
	job->work.data = job;
	job->web = web;
	job->run = run_disk;
	job->fd = -1;
	web->jobs++;
	web->disk_looked_at = true;
	web->disk_due_ns = uv_hrtime();
	uv_queue_work(web->loop, &job->work, work, have_disk);
}
