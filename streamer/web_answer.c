/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers by HTTP: head, pieces from memory or of a file, end. */
#include <stdlib.h>
#include <string.h>

#include "web_internal.h"

/* Other sites may neither show nor load what is here. */
static const struct lws_protocol_vhost_options page_headers[] = {
	{ &page_headers[1], NULL, "content-security-policy:",
	  "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; "
	  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
	{ &page_headers[2], NULL, "x-content-type-options:", "nosniff" },
	{ &page_headers[3], NULL, "referrer-policy:", "no-referrer" },
	{ NULL, NULL, "cross-origin-resource-policy:", "same-origin" },
};

static int add_lines(struct lws *wsi, const char *lines, uint8_t **p,
		     uint8_t *end)
{
	while (lines && *lines) {
		char name[48];
		size_t colon = strcspn(lines, ":");
		size_t length = strcspn(lines, "\n");
		const char *value = lines + colon + 1 + (lines[colon + 1] == ' ');

		snprintf(name, sizeof(name), "%.*s:", (int)colon, lines);
		if (lws_add_http_header_by_name(
			    wsi, (const uint8_t *)name, (const uint8_t *)value,
			    (int)(lines + length - value), p, end))
			return -1;
		lines += length + (lines[length] == '\n');
	}
	return 0;
}

/* The head of an answer; the body follows in pieces. */
static int send_head(struct netra_web_exchange *exchange, unsigned int status,
		     const char *type, uint64_t length, const char *extra)
{
	uint8_t buffer[LWS_PRE + 2048], *start = buffer + LWS_PRE, *p = start;
	uint8_t *end = buffer + sizeof(buffer) - 1;
	struct lws *wsi = exchange->wsi;

	exchange->answered = true;
	if (lws_add_http_common_headers(wsi, status, type, length, &p, end))
		return -1;
	for (size_t i = 0; i < sizeof(page_headers) / sizeof(page_headers[0]); i++)
		if (lws_add_http_header_by_name(
			    wsi, (const uint8_t *)page_headers[i].name,
			    (const uint8_t *)page_headers[i].value,
			    (int)strlen(page_headers[i].value), &p, end))
			return -1;
	if (add_lines(wsi, extra, &p, end) ||
	    lws_finalize_write_http_header(wsi, start, &p, end))
		return -1;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, NETRA_WEB_ANSWER_S);
	return 0;
}

void netra_web_answer_forget(struct netra_web_exchange *exchange)
{
	netra_web_hangup_forget(exchange);
	netra_web_job_forget(exchange);
	netra_web_file_forget(exchange);
	free(exchange->owned);
	exchange->owned = NULL;
	exchange->data = NULL;
}

static int complete(struct netra_web_exchange *exchange)
{
	netra_web_answer_forget(exchange);
	netra_web_connection_idle(exchange->web, exchange->wsi);
	return lws_http_transaction_completed(exchange->wsi) ? -1 : 0;
}

int netra_web_answer(struct netra_web_exchange *exchange, unsigned int status,
		     const char *type, const void *data, size_t length,
		     char *owned, const char *extra)
{
	exchange->owned = owned;
	exchange->data = data;
	exchange->length = length;
	exchange->sent = 0;
	if (exchange->head)
		exchange->length = 0;
	if (send_head(exchange, status, type, length, extra))
		return -1;
	lws_callback_on_writable(exchange->wsi);
	return 0;
}

int netra_web_answer_json(struct netra_web_exchange *exchange,
			  unsigned int status, json_t *json, const char *extra)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char lines[512];

	json_decref(json);
	if (!text)
		return -1;
	snprintf(lines, sizeof(lines), "cache-control: no-store\n%s",
		 extra ? extra : "");
	return netra_web_answer(exchange, status, "application/json", text,
				strlen(text), text, lines);
}

int netra_web_fail(struct netra_web_exchange *exchange, unsigned int status,
		   const char *text)
{
	exchange->web->refused++;
	return netra_web_answer_json(exchange, status,
				     json_pack("{s:s}", "error", text),
				     NULL);
}

int netra_web_file_begin(struct netra_web_exchange *exchange, int fd,
			 uint64_t size, const char *type, const char *extra)
{
	char lines[512];
	uint64_t from, length;
	enum netra_web_range range;
	struct netra_web_file *file;

	range = netra_web_range(exchange->range, size, &from, &length);
	if (range == NETRA_WEB_RANGE_WRONG) {
		netra_web_close_fd(exchange->web->loop, fd);
		snprintf(lines, sizeof(lines), "content-range: bytes */%llu\n",
			 (unsigned long long)size);
		return netra_web_answer(exchange, 416, "text/plain", "", 0,
					NULL, lines);
	}
	file = calloc(1, sizeof(*file));
	if (!file) {
		netra_web_close_fd(exchange->web->loop, fd);
		return -1;
	}
	file->loop = exchange->web->loop;
	file->exchange = exchange;
	file->fd = fd;
	file->offset = from;
	file->left = length;
	exchange->file = file;
	snprintf(lines, sizeof(lines), "accept-ranges: bytes\n%s",
		 extra ? extra : "");
	if (range == NETRA_WEB_RANGE_PART)
		snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines),
			 "content-range: bytes %llu-%llu/%llu\n",
			 (unsigned long long)from,
			 (unsigned long long)(from + length - 1),
			 (unsigned long long)size);
	if (send_head(exchange, range == NETRA_WEB_RANGE_PART ? 206 : 200, type,
		      length, lines))
		return -1;
	if (exchange->head || !length) {
		netra_web_file_forget(exchange);
		exchange->data = (const uint8_t *)"";
	}
	/* Not from here: what a job's end would return, libwebsockets does not see. */
	lws_callback_on_writable(exchange->wsi);
	return 0;
}

int netra_web_answer_go_on(struct netra_web_exchange *exchange)
{
	static uint8_t buffer[LWS_PRE + NETRA_WEB_CHUNK_BYTES];
	size_t n = exchange->length - exchange->sent;
	bool last = n <= NETRA_WEB_CHUNK_BYTES;

	if (exchange->broken)
		return -1;
	if (!exchange->answered)
		return 0;
	if (exchange->file) {
		int result = netra_web_file_send(exchange);

		return result > 0 ? complete(exchange) : result;
	}
	if (!exchange->data)
		return 0;
	if (!n)
		return complete(exchange);
	if (!last)
		n = NETRA_WEB_CHUNK_BYTES;
	memcpy(buffer + LWS_PRE, exchange->data + exchange->sent, n);
	if (lws_write(exchange->wsi, buffer + LWS_PRE, n,
		      last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)n)
		return -1;
	exchange->sent += n;
	if (last)
		return complete(exchange);
	if (exchange->hurry && lws_send_pipe_choked(exchange->wsi))
		return -1;
	lws_set_timeout(exchange->wsi, PENDING_TIMEOUT_HTTP_CONTENT,
			NETRA_WEB_ANSWER_S);
	lws_callback_on_writable(exchange->wsi);
	return 0;
}
