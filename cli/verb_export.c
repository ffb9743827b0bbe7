/* SPDX-License-Identifier: BSD-2-Clause */
/* netra export: a stretch of time as plain MP4, without coding it anew. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "outfile.h"
#include "output.h"
#include "progress.h"
#include "store/export.h"
#include "store/timestamp.h"
#include "store_open.h"
#include "times.h"

#define REDRAW_NS 250000000u

struct job {
	struct netra_store_folder folder;
	struct cli_list channels;
	int64_t from_ns, to_ns;
	const char *output;
	bool force, quiet;
	json_t *list;		/* NULL unless JSON is wanted */
	uint64_t total_bytes, done_bytes, drawn_ns;
};

static void show_progress(void *context, uint64_t bytes)
{
	struct job *job = context;
	uint64_t now_ns = cli_now_ns();
	char line[80];

	job->done_bytes += bytes;
	if (job->quiet || !cli_terminal(stderr) ||
	    now_ns - job->drawn_ns < REDRAW_NS)
		return;
	job->drawn_ns = now_ns;
	snprintf(line, sizeof(line), "%3.0f%%  %.1f of %.1f MB\n",
		 100.0 * (double)job->done_bytes / (double)job->total_bytes,
		 (double)job->done_bytes / 1e6, (double)job->total_bytes / 1e6);
	cli_live(line);
}

static void report(const struct job *job, const struct netra_export *export,
		   const char *path)
{
	char from[NETRA_TIMESTAMP_BYTES], to[NETRA_TIMESTAMP_BYTES];

	if (job->list) {
		json_array_append_new(job->list, json_pack(
			"{s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}",
			"channel", (json_int_t)export->channel, "file", path,
			"from", cli_json_time(export->shown_from_ns),
			"to", cli_json_time(export->shown_to_ns),
			"frames", (json_int_t)export->frames,
			"shown", (json_int_t)export->shown,
			"bytes", (json_int_t)export->movie.mdat_bytes,
			"gaps", (json_int_t)export->gaps,
			"lost", (json_int_t)export->lost,
			"damaged", (json_int_t)export->damaged));
		return;
	}
	if (job->quiet)
		return;
	netra_timestamp_write(from, export->shown_from_ns, false);
	netra_timestamp_write(to, export->shown_to_ns, false);
	printf("%s: channel %u, %s to %s, %.1f MB", path, export->channel,
	       from, to, (double)export->movie.mdat_bytes / 1e6);
	if (export->gaps)
		printf(", %u gap%s", export->gaps, export->gaps > 1 ? "s" : "");
	putchar('\n');
}

static int write_file(struct job *job, struct netra_export *export,
		      const char *path)
{
	struct cli_outfile file;
	int error;

	if (!job->force && !access(path, F_OK)) {
		cli_error("%s: it exists: add --force to replace it", path);
		return CLI_FAILED;
	}
	if (cli_outfile_open(&file, path))
		return CLI_FAILED;
	job->total_bytes = export->movie.mdat_bytes;
	job->done_bytes = 0;
	error = netra_export_write(export, file.fd, show_progress, job);
	cli_progress_clear();
	if (error == ENOENT)
		cli_error("channel %u: a recording was deleted meanwhile: "
			  "protect the range and try again", export->channel);
	else if (error)
		cli_outfile_fail(&file, error);
	if (error) {
		cli_outfile_abandon(&file, false);
		return CLI_FAILED;
	}
	if (cli_outfile_finish(&file))
		return CLI_FAILED;
	if (export->damaged)
		cli_error("channel %u: %u damaged fragments were left out: see "
			  "'netra verify'", export->channel, export->damaged);
	report(job, export, path);
	return CLI_OK;
}

static int export_channel(struct job *job, uint32_t channel, const char *path)
{
	struct netra_export export;
	enum netra_error err;
	int status = CLI_FAILED;

	err = netra_export_plan(&export, &job->folder, channel, job->from_ns,
				job->to_ns, NULL);
	if (err == NETRA_ERR_NOT_FOUND)
		cli_error("channel %u: nothing was recorded then: 'netra store "
			  "--gaps' shows when", channel);
	else if (err)
		cli_error("channel %u: %s: see 'netra verify'", channel,
			  netra_error_name(err));
	else
		status = write_file(job, &export, path);
	netra_export_free(&export);
	return status;
}

static int export_all(struct job *job)
{
	char path[600];
	int status = CLI_OK;

	if (job->channels.count == 1)
		return export_channel(job, job->channels.item[0], job->output);
	if (mkdir(job->output, 0777) && errno != EEXIST) {
		cli_error("%s: %s: choose another folder", job->output,
			  strerror(errno));
		return CLI_FAILED;
	}
	for (uint32_t i = 0; i < job->channels.count; i++) {
		snprintf(path, sizeof(path), "%.580s/ch%02u.mp4", job->output,
			 job->channels.item[i]);
		status |= export_channel(job, job->channels.item[i], path);
	}
	return status;
}

static int check_options(const struct job *job, const char *store,
			 const char *from, const char *to)
{
	if (!store || !job->output || !from || !to) {
		cli_error("export: --%s is missing: see 'netra export --help'",
			  !store ? "store" : !from ? "from" : !to ? "to" :
			  "output");
		return CLI_USAGE;
	}
	if (job->from_ns < job->to_ns)
		return CLI_OK;
	cli_error("--to %s: not after --from %s: swap them", to, from);
	return CLI_USAGE;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	const char *store = NULL, *from = NULL, *to = NULL, *zone = NULL;
	const char *none = NULL;
	struct cli_list wanted = { 0 };
	struct job job = { 0 };
	bool json = false;
	const struct cli_option options[] = {
		{ "store", 's', CLI_STRING, &store, "DIR", "the store", 0, 0,
		  NULL },
		{ "channels", 'c', CLI_LIST, &wanted, "LIST",
		  "which channels, like 0-3,7 (default: all)", 0,
		  NETRA_STORE_CHANNELS - 1, NULL },
		{ "from", 0, CLI_STRING, &from, "TIME",
		  "first moment shown", 0, 0, NULL },
		{ "to", 0, CLI_STRING, &to, "TIME",
		  "first moment not shown", 0, 0, NULL },
		{ "timezone", 0, CLI_STRING, &zone, "ZONE",
		  "of times, like Europe/Berlin (default: the system's)", 0, 0,
		  NULL },
		{ "output", 'o', CLI_STRING, &job.output, "PATH",
		  "file for one channel, folder for several", 0, 0, NULL },
		{ "force", 'f', CLI_FLAG, &job.force, NULL,
		  "replace what exists", 0, 0, NULL },
		{ "quiet", 'q', CLI_FLAG, &job.quiet, NULL,
		  "no progress and no account", 0, 0, NULL },
		{ "json", 0, CLI_FLAG, &json, NULL, "the account as JSON", 0, 0,
		  NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &none);

	if (status >= 0)
		return status;
	status = cli_timezone(zone);
	if (!status)
		status = cli_time("from", from, &job.from_ns);
	if (!status)
		status = cli_time("to", to, &job.to_ns);
	if (!status)
		status = check_options(&job, store, from, to);
	if (!status)
		status = cli_store_open(&job.folder, store, "export");
	if (status)
		return status;
	job.list = json ? json_array() : NULL;
	status = cli_store_channels(&job.folder, &wanted, &job.channels);
	if (!status)
		status = export_all(&job);
	if (json)
		cli_json_print(json_pack("{s:s, s:o}", "store",
					 job.folder.path, "channels",
					 job.list));
	netra_store_close(&job.folder);
	return status;
}

const struct cli_verb cli_verb_export = {
	.name = "export",
	.operand = NULL,
	.synopsis = "--store DIR --channels LIST --from TIME --to TIME -o PATH",
	.summary = "Copy a stretch of time out of a store",
	.description =
"Writes plain MP4 that any player opens. Pictures are not coded anew: the file\n"
"begins with the key frame before --from, and an edit list shows exactly --from\n"
"to --to. Where frames are missing, the last picture stays. Times are like\n"
"2026-11-23T10:15:00, with an offset (+01:00, Z) or of --timezone. Exit status 1\n"
"if a channel has nothing then.\n",
	.run = run,
};
