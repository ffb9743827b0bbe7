/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RTSP requests (RFC 2326) from bytes that anybody may have sent. Pure: nothing
 * is copied or allocated, results point into the bytes given.
 */
#ifndef NETRA_STREAMER_RTSP_MESSAGE_H
#define NETRA_STREAMER_RTSP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETRA_RTSP_HEAD_MAX 8192u
#define NETRA_RTSP_BODY_MAX 4096u

/* Not terminated; length 0: absent. */
struct netra_text {
	const char *data;
	size_t length;
};

/** netra_text_is() - Is it this word, but for upper and lower case? */
bool netra_text_is(struct netra_text text, const char *word);

/** netra_text_same() - Is it exactly this? */
bool netra_text_same(struct netra_text text, const char *word);

/**
 * netra_text_number() - A decimal number up to @max, and nothing else.
 * Return: false if it is none.
 */
bool netra_text_number(struct netra_text text, uint32_t max, uint32_t *value);

/**
 * netra_text_cut() - Take off what stands before the first @mark, without
 * the blanks around it.
 * @rest: Loses it, and the mark. Marks inside "" do not count.
 */
struct netra_text netra_text_cut(struct netra_text *rest, char mark);

enum netra_rtsp_method {
	NETRA_RTSP_UNKNOWN,
	NETRA_RTSP_OPTIONS,
	NETRA_RTSP_DESCRIBE,
	NETRA_RTSP_SETUP,
	NETRA_RTSP_PLAY,
	NETRA_RTSP_PAUSE,
	NETRA_RTSP_TEARDOWN,
	NETRA_RTSP_GET_PARAMETER,
	NETRA_RTSP_SET_PARAMETER,
	NETRA_RTSP_NOT_HERE,	/* ANNOUNCE, RECORD, REDIRECT */
};

struct netra_rtsp_request {
	enum netra_rtsp_method method;
	struct netra_text method_text;
	struct netra_text uri;
	struct netra_text authorization;
	struct netra_text session;	/* without ";timeout=…" */
	struct netra_text transport;
	struct netra_text require;
	struct netra_text range;
	struct netra_text scale;
	struct netra_text agent;
	bool has_cseq;
	uint32_t cseq;
	uint32_t body_bytes;
	size_t bytes;		/* of the whole request, body included */
	unsigned int status;	/* what to answer if it is bad: 400, 413, 505 */
};

enum netra_rtsp_result {
	NETRA_RTSP_MORE,	/* not all of it is there */
	NETRA_RTSP_WHOLE,
	NETRA_RTSP_BAD,		/* no telling where the next one begins: close */
};

/** netra_rtsp_parse() - The request that @data begins with. */
enum netra_rtsp_result netra_rtsp_parse(const char *data, size_t size,
					struct netra_rtsp_request *request);

#endif
