/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the web server's workers do with the store. These run in any thread, and
 * look at nothing but their job and the server's options.
 */
#ifndef NETRA_STREAMER_WEB_STORE_H
#define NETRA_STREAMER_WEB_STORE_H

#include "store/folder.h"
#include "web_internal.h"

/** netra_web_job_fail() - The answer is an error. */
void netra_web_job_fail(struct netra_web_job *job, unsigned int status,
			const char *text);

/** netra_web_open_file() - A recording by its name; -1: there is none. */
int netra_web_open_file(const char *store, uint32_t channel, const char *name);

/** netra_web_store_bytes() - Of all recordings. */
uint64_t netra_web_store_bytes(const char *store);

void netra_web_run_timeline(struct netra_web_job *job);
void netra_web_run_recordings(struct netra_web_job *job);
void netra_web_run_export(struct netra_web_job *job);

/* A file of a channel, by name and, if it has it, by the index. */
struct netra_web_span {
	int64_t start_ms;		/* as its name says */
	double start, end;		/* ms since 1970, as exact as is known */
	uint64_t bytes;
	bool part, indexed;
};

/* An opened store, to be read. */
struct netra_web_library {
	struct netra_store_folder folder;
	struct sqlite3 *index;		/* NULL: without */
	struct sqlite3_stmt *file;	/* a row by channel and name */
};

/** netra_web_library_open() - false: @job has failed. */
bool netra_web_library_open(struct netra_web_library *library,
			    struct netra_web_job *job, const char *store);
void netra_web_library_close(struct netra_web_library *library);

/**
 * netra_web_spans() - The files of a channel that touch a range, by time.
 * @spans: free() it. Return: how many.
 */
size_t netra_web_spans(struct netra_web_library *library, uint32_t channel,
		       int64_t from_ms, int64_t to_ms,
		       struct netra_web_span **spans);

#endif
