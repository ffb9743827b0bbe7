/* SPDX-License-Identifier: BSD-2-Clause */
/* A stretch of time as a file to be saved: as `netra export` makes it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/export.h"
#include "web_store.h"

/* A file without a name: it is gone when nobody reads it any more. Beside the
 * recordings, where there is room; else where the system has it. */
static int nameless_file(const char *store)
{
	int fd = open(store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[] = "/tmp/netra-export-XXXXXX";

	if (fd >= 0)
		return fd;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
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

	job->fd = nameless_file(job->store);
	if (job->fd < 0) {
		netra_web_job_fail(job, 503, "no room for the file");
		return;
	}
	error = netra_export_write(export, job->fd, NULL, NULL);
	if (error || fstat(job->fd, &st)) {
		close(job->fd);
		job->fd = -1;
		netra_web_job_fail(job, 503, error ? strerror(error) :
				   "the file cannot be read back");
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
				  job->from_ms * 1000000, job->to_ms * 1000000);
	if (error == NETRA_ERR_NOT_FOUND)
		netra_web_job_fail(job, 404, "nothing is recorded then");
	else if (error)
		netra_web_job_fail(job, 500, netra_error_name(error));
	else
		write_export(job, &export);
	netra_export_free(&export);
	netra_store_close(&folder);
}
