/* SPDX-License-Identifier: BSD-2-Clause */
/* netra verify: reads a whole store, and makes its index anew. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "output.h"
#include "progress.h"
#include "store/index.h"
#include "store/verify.h"
#include "store_open.h"

#define REDRAW_NS 250000000u
#define FAULTS_SAID 20u		/* the others are counted */

struct check {
	struct netra_store_folder folder;
	struct netra_store_verify verify;
	struct cli_list channels;
	uint64_t total_bytes;
	uint64_t done_bytes;
	uint64_t drawn_ns;
	bool quiet;
	json_t *faults;		/* NULL unless JSON is wanted */
	char index[200];	/* "ok", or what is wrong with it */
};

static void take_fault(void *context, const char *file, uint64_t offset,
		       const char *what)
{
	struct check *check = context;

	if (check->faults)
		json_array_append_new(check->faults, json_pack(
			"{s:s, s:I, s:s}", "file", file, "offset",
			(json_int_t)offset, "what", what));
	else if (check->verify.faults <= FAULTS_SAID)
		cli_error("%s: at byte %llu: %s", file,
			  (unsigned long long)offset, what);
}

static void show_progress(void *context, uint64_t bytes)
{
	struct check *check = context;
	uint64_t now_ns = cli_now_ns();
	char line[80];

	check->done_bytes += bytes;
	if (check->quiet || !cli_terminal(stderr) ||
	    now_ns - check->drawn_ns < REDRAW_NS)
		return;
	check->drawn_ns = now_ns;
	snprintf(line, sizeof(line), "%3.0f%%  %.1f of %.1f GB\n",
		 check->total_bytes ? 100.0 * (double)check->done_bytes /
				      (double)check->total_bytes : 0.0,
		 (double)check->done_bytes / 1e9,
		 (double)check->total_bytes / 1e9);
	cli_live(line);
}

/* Calls back for each file of the channels chosen. */
static int for_each_file(struct check *check,
			 void (*call)(struct check *check, uint32_t channel,
				      const struct netra_store_entry *entry))
{
	struct netra_store_entry *entries;
	uint32_t channel;
	size_t count;

	for (uint32_t i = 0; i < check->channels.count; i++) {
		channel = check->channels.item[i];
		if (netra_store_list(&check->folder, channel, &entries,
				     &count)) {
			cli_error("ch%02u: cannot be listed: check the disk",
				  channel);
			return CLI_FAILED;
		}
		for (size_t k = 0; k < count; k++)
			if (entries[k].kind != NETRA_STORE_FILE_DAMAGED)
				call(check, channel, &entries[k]);
		free(entries);
	}
	return CLI_OK;
}

static void add_size(struct check *check, uint32_t channel,
		     const struct netra_store_entry *entry)
{
	(void)channel;
	check->total_bytes += entry->bytes;
}

static void verify_one(struct check *check, uint32_t channel,
		       const struct netra_store_entry *entry)
{
	netra_store_verify_file(&check->verify, &check->folder, channel, entry);
}

/* Is the index there, and does it open? What it holds is the files' matter. */
static void look_at_index(struct check *check)
{
	struct netra_store_index *index;
	enum netra_error err;

	err = netra_store_index_open(&index, &check->folder, false,
				     check->index, sizeof(check->index));
	if (err == NETRA_ERR_NOT_FOUND)
		snprintf(check->index, sizeof(check->index), "absent");
	else if (!err)
		snprintf(check->index, sizeof(check->index), "ok");
	netra_store_index_close(index);
}

static int rebuild(struct check *check)
{
	struct netra_store_index *index = NULL;
	enum netra_error err;

	err = netra_store_lock(&check->folder);
	if (err == NETRA_ERR_BUSY) {
		cli_error("%s: a recorder is at work there: it keeps the index "
			  "itself; delete index.sqlite and it makes a new one",
			  check->folder.path);
		return CLI_FAILED;
	}
	if (!err)
		err = netra_store_index_remove(&check->folder);
	if (err)
		snprintf(check->index, sizeof(check->index), "index.sqlite: %s",
			 "cannot be replaced");
	else
		err = netra_store_index_open(&index, &check->folder, true,
					     check->index,
					     sizeof(check->index));
	for (uint32_t i = 0; !err && i < NETRA_STORE_CHANNELS; i++) {
		err = netra_store_index_update(index, i, UINT32_MAX);
		if (err)
			snprintf(check->index, sizeof(check->index), "%s",
				 netra_store_index_why(index));
	}
	netra_store_index_close(index);
	if (err) {
		cli_error("%s: check the disk and who may write there",
			  check->index);
		return CLI_FAILED;
	}
	snprintf(check->index, sizeof(check->index), "rebuilt");
	return CLI_OK;
}

static int report(const struct check *check, bool quiet)
{
	const struct netra_store_verify *v = &check->verify;

	if (check->faults)
		return cli_json_print(json_pack(
			"{s:s, s:I, s:I, s:I, s:I, s:I, s:O, s:s}",
			"store", check->folder.path,
			"files", (json_int_t)v->files,
			"fragments", (json_int_t)v->fragments,
			"frames", (json_int_t)v->frames,
			"bytes", (json_int_t)v->bytes,
			"bad", (json_int_t)v->faults,
			"faults", check->faults, "index", check->index));
	if (v->faults > FAULTS_SAID)
		cli_error("%s: %llu faults more: --json lists all",
			  check->folder.path,
			  (unsigned long long)(v->faults - FAULTS_SAID));
	if (!quiet)
		printf("%llu files, %llu frames, %.1f MB: %s; index: %s\n",
		       (unsigned long long)v->files,
		       (unsigned long long)v->frames, (double)v->bytes / 1e6,
		       v->faults ? "faults found" : "all whole", check->index);
	return CLI_OK;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct check check = { 0 };
	struct cli_list wanted = { 0 };
	const char *store = NULL, *none = NULL;
	bool json = false, anew = false;
	const struct cli_option options[] = {
		{ "store", 's', CLI_STRING, &store, "DIR",
		  "the store to look through", 0, 0, NULL },
		{ "channels", 'c', CLI_LIST, &wanted, "LIST",
		  "which channels, like 0-3,7 (default: all)", 0,
		  NETRA_STORE_CHANNELS - 1, NULL },
		{ "rebuild", 0, CLI_FLAG, &anew, NULL,
		  "make the index anew from the files", 0, 0, NULL },
		{ "quiet", 'q', CLI_FLAG, &check.quiet, NULL,
		  "say nothing but faults", 0, 0, NULL },
		{ "json", 0, CLI_FLAG, &json, NULL,
		  "the account as JSON", 0, 0, NULL },
		{ 0 }
	};
	int status = cli_parse(verb, options, argc, argv, &none);

	if (status >= 0)
		return status;
	status = cli_store_open(&check.folder, store, "verify");
	if (status)
		return status;
	status = cli_store_channels(&check.folder, &wanted, &check.channels);
	if (status)
		goto out;
	check.faults = json ? json_array() : NULL;
	check.verify.fault = take_fault;
	check.verify.progress = show_progress;
	check.verify.context = &check;
	status = for_each_file(&check, add_size);
	if (!status)
		status = for_each_file(&check, verify_one);
	cli_progress_clear();
	if (!status && anew)
		status = rebuild(&check);
	else
		look_at_index(&check);
	report(&check, check.quiet);
	if (check.verify.faults)
		status = CLI_FAILED;
out:
	json_decref(check.faults);
	netra_store_close(&check.folder);
	return status;
}

const struct cli_verb cli_verb_verify = {
	.name = "verify",
	.operand = NULL,
	.synopsis = "--store DIR [--rebuild]",
	.summary = "Check every recording of a store",
	.description =
"Reads all files: structure, checksums, order of times. Goes on beside a\n"
"recorder; what is just being written is looked at up to its last whole fragment.\n"
"--rebuild makes the index anew, which a recorder otherwise keeps. Exit status 1\n"
"if there is a fault.\n",
	.run = run,
};
