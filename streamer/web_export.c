/* SPDX-License-Identifier: BSD-2-Clause */
/* A stretch of time as a file to be saved: as `netra export` makes it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/export.h"
#include "web_store.h"

/* At most, of the tables in front of the pictures. */
#define SAMPLE_BYTES 40u

/* Is there room for all of it? */
static bool has_room(int fd, const struct netra_export *export)
{
	uint64_t needed = export->movie.mdat_bytes +
			  export->frames * SAMPLE_BYTES;
	struct statvfs fs;

	return !fstatvfs(fd, &fs) &&
	       (uint64_t)fs.f_bavail * fs.f_frsize > needed;
}

/*
 * The export as a file without a name, which is gone when nobody reads it any
 * more, whatever happens: beside the recordings, else where the system has room.
 * Return: its descriptor, or -1: @error says why.
 */
static int build(struct netra_export *export, const char *store, int *error)
{
	const char *const folder[] = { store, "/tmp" };
	int fd;

	*error = ENOSPC;
	for (size_t i = 0; i < sizeof(folder) / sizeof(folder[0]); i++) {
		fd = open(folder[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd < 0)
			continue;
		if (has_room(fd, export)) {
			*error = netra_export_write(export, fd, NULL, NULL);
			if (!*error)
				return fd;
		}
		close(fd);
		/* Another place would not help with what cannot be read. */
		if (*error != ENOSPC)
			break;
	}
	return -1;
}

/* What a browser saves it as; the board only if there are several. */
static void name_export(struct netra_web_job *job, int64_t from_ns)
{
	char start[NETRA_STORE_NAME_BYTES], board[16] = "";

	netra_store_name(start, from_ns / 1000000, ".mp4");
	if (job->web->options.store[1])
		snprintf(board, sizeof(board), "board-%u-", job->board);
	snprintf(job->name, sizeof(job->name), "%scamera-%u-%s", board,
		 job->channel, start);
}

static void write_export(struct netra_web_job *job, struct netra_export *export)
{
	struct stat st;
	int error;

	job->fd = build(export, job->store, &error);
	if (job->fd < 0 || fstat(job->fd, &st)) {
		netra_web_job_fail(job, 503, error == ENOSPC ?
				   "no room to build the file: ask for less" :
				   strerror(error));
		return;
	}
	job->size = (uint64_t)st.st_size;
	job->type = "video/mp4";
	name_export(job, export->shown_from_ns);
}

void netra_web_run_export(struct netra_web_job *job)
{
	struct netra_store_folder folder;
	struct netra_export export;
	enum netra_error error;
	char why[160];

	if (netra_store_look(&folder, job->store, why, sizeof(why))) {
		netra_web_job_fail(job, 404, why);
		return;
	}
	error = netra_export_plan(&export, &folder, job->channel,
				  job->from_ms * 1000000, job->to_ms * 1000000,
				  &job->cancelled);
	if (error == NETRA_ERR_NOT_FOUND)
		netra_web_job_fail(job, 404, "nothing is recorded then");
	else if (error)
		netra_web_job_fail(job, 500, netra_error_name(error));
	else
		write_export(job, &export);
	netra_export_free(&export);
	netra_store_close(&folder);
}
