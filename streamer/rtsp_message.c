/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtsp_message.h"

#include <string.h>
#include <strings.h>

bool netra_text_is(struct netra_text text, const char *word)
{
	return text.length == strlen(word) &&
	       strncasecmp(text.data, word, text.length) == 0;
}

bool netra_text_same(struct netra_text text, const char *word)
{
	return text.length == strlen(word) &&
	       memcmp(text.data, word, text.length) == 0;
}

bool netra_text_number(struct netra_text text, uint32_t max, uint32_t *value)
{
	uint64_t number = 0;

	if (!text.length || text.length > 10)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text.data[i] - '0');
	}
	if (number > max)
		return false;
	*value = (uint32_t)number;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct netra_text trim(struct netra_text text)
{
	while (text.length && is_blank(text.data[0])) {
		text.data++;
		text.length--;
	}
	while (text.length && is_blank(text.data[text.length - 1]))
		text.length--;
	return text;
}

struct netra_text netra_text_cut(struct netra_text *rest, char mark)
{
	struct netra_text part = *rest;
	bool quoted = false;
	size_t i;

	if (!rest->length)
		return *rest;
	for (i = 0; i < rest->length; i++) {
		if (rest->data[i] == '"')
			quoted = !quoted;
		if (rest->data[i] == mark && !quoted)
			break;
	}
	part.length = i;
	if (i < rest->length)
		i++;
	rest->data += i;
	rest->length -= i;
	return trim(part);
}

static enum netra_rtsp_method method_of(struct netra_text text)
{
	static const struct {
		const char *name;
		enum netra_rtsp_method method;
	} methods[] = {
		{ "OPTIONS", NETRA_RTSP_OPTIONS },
		{ "DESCRIBE", NETRA_RTSP_DESCRIBE },
		{ "SETUP", NETRA_RTSP_SETUP },
		{ "PLAY", NETRA_RTSP_PLAY },
		{ "PAUSE", NETRA_RTSP_PAUSE },
		{ "TEARDOWN", NETRA_RTSP_TEARDOWN },
		{ "GET_PARAMETER", NETRA_RTSP_GET_PARAMETER },
		{ "SET_PARAMETER", NETRA_RTSP_SET_PARAMETER },
		{ "ANNOUNCE", NETRA_RTSP_NOT_HERE },
		{ "RECORD", NETRA_RTSP_NOT_HERE },
		{ "REDIRECT", NETRA_RTSP_NOT_HERE },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (netra_text_same(text, methods[i].name))
			return methods[i].method;
	return NETRA_RTSP_UNKNOWN;
}

static enum netra_rtsp_result bad(struct netra_rtsp_request *request,
				  unsigned int status)
{
	request->status = status;
	return NETRA_RTSP_BAD;
}

/*
 * The next line of the head, without its end. Return: false if its end is not
 * there, or if it holds what no header may.
 */
static bool next_line(const char *data, size_t size, size_t *position,
		      struct netra_text *line)
{
	const char *from = data + *position;
	const char *end = memchr(from, '\n', size - *position);

	if (!end)
		return false;
	line->data = from;
	line->length = (size_t)(end - from);
	*position += line->length + 1;
	if (line->length && end[-1] == '\r')
		line->length--;
	return true;
}

static bool printable(struct netra_text line)
{
	for (size_t i = 0; i < line.length; i++)
		if ((unsigned char)line.data[i] < ' ' && line.data[i] != '\t')
			return false;
	return true;
}

static bool parse_first_line(struct netra_text line,
			     struct netra_rtsp_request *request)
{
	request->method_text = netra_text_cut(&line, ' ');
	request->method = method_of(request->method_text);
	request->uri = netra_text_cut(&line, ' ');
	request->status = netra_text_is(trim(line), "RTSP/1.0") ? 0 : 505;
	return request->method_text.length && request->uri.length &&
	       line.length > 5 && strncasecmp(line.data, "RTSP/", 5) == 0;
}

static void keep_first(struct netra_text *field, struct netra_text value)
{
	if (!field->length)
		*field = value;
}

static bool parse_header(struct netra_text line,
			 struct netra_rtsp_request *request)
{
	const struct {
		const char *name;
		struct netra_text *field;
	} fields[] = {
		{ "Authorization", &request->authorization },
		{ "Transport", &request->transport },
		{ "Require", &request->require },
		{ "Proxy-Require", &request->require },
		{ "Range", &request->range },
		{ "Scale", &request->scale },
		{ "User-Agent", &request->agent },
	};
	struct netra_text name;

	/* No continued lines: nobody sends them but to confuse. */
	if (is_blank(line.data[0]) || !memchr(line.data, ':', line.length))
		return false;
	name = netra_text_cut(&line, ':');
	line = trim(line);
	if (netra_text_is(name, "CSeq")) {
		request->has_cseq = netra_text_number(line, UINT32_MAX,
						      &request->cseq);
		return request->has_cseq;
	}
	if (netra_text_is(name, "Content-Length"))
		return netra_text_number(line, UINT32_MAX,
					 &request->body_bytes);
	if (netra_text_is(name, "Session")) {
		keep_first(&request->session, netra_text_cut(&line, ';'));
		return true;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (netra_text_is(name, fields[i].name))
			keep_first(fields[i].field, line);
	return true;
}

enum netra_rtsp_result netra_rtsp_parse(const char *data, size_t size,
					struct netra_rtsp_request *request)
{
	size_t head_max = size < NETRA_RTSP_HEAD_MAX ? size :
						       NETRA_RTSP_HEAD_MAX;
	struct netra_text line = { 0 };
	size_t position = 0;

	memset(request, 0, sizeof(*request));
	/* Some clients end a request with an empty line too many. */
	do {
		if (!next_line(data, head_max, &position, &line))
			goto out_more;
	} while (!line.length);
	if (!printable(line) || !parse_first_line(line, request))
		return bad(request, 400);
	for (;;) {
		if (!next_line(data, head_max, &position, &line))
			goto out_more;
		if (!line.length)
			break;
		if (!printable(line) || !parse_header(line, request))
			return bad(request, 400);
	}
	if (request->status)
		return NETRA_RTSP_BAD;
	if (request->body_bytes > NETRA_RTSP_BODY_MAX)
		return bad(request, 413);
	if (!request->has_cseq)
		return bad(request, 400);
	if (request->body_bytes > size - position)
		return NETRA_RTSP_MORE;
	request->bytes = position + request->body_bytes;
	return NETRA_RTSP_WHOLE;

out_more:
	return head_max == NETRA_RTSP_HEAD_MAX ? bad(request, 413) :
						 NETRA_RTSP_MORE;
}
