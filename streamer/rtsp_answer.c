/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers: status, fields, and what they are called. */
#include <stdarg.h>
#include <stdio.h>

#include "rtsp_internal.h"

static const char *reason(unsigned int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Request Entity Too Large";
	case 414:
		return "Request-URI Too Large";
	case 451:
		return "Parameter Not Understood";
	case 454:
		return "Session Not Found";
	case 455:
		return "Method Not Valid in This State";
	case 457:
		return "Invalid Range";
	case 459:
		return "Aggregate Operation Not Allowed";
	case 461:
		return "Unsupported Transport";
	case 500:
		return "Internal Server Error";
	case 501:
		return "Not Implemented";
	case 505:
		return "RTSP Version Not Supported";
	case 551:
		return "Option Not Supported";
	default:
		return "Error";
	}
}

void rtsp_answer(struct rtsp_connection *c,
		 const struct netra_rtsp_request *request, unsigned int status,
		 const char *format, ...)
{
	char text[2 * RTSP_URI_MAX + 1024];
	size_t size = sizeof(text) - 2, used;
	va_list args;
	int n;

	used = (size_t)snprintf(text, size, "RTSP/1.0 %u %s\r\n", status,
				reason(status));
	if (request->has_cseq)
		used += (size_t)snprintf(text + used, size - used,
					 "CSeq: %u\r\n", request->cseq);
	used += (size_t)snprintf(text + used, size - used,
				 "Server: netra/" NETRA_VERSION "\r\n");
	if (c->session[0] && status == 200)
		used += (size_t)snprintf(text + used, size - used,
					 "Session: %s;timeout=%u\r\n",
					 c->session, c->server->options.session_s);
	va_start(args, format);
	n = vsnprintf(text + used, size - used, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < size - used)
		used += (size_t)n;
	text[used++] = '\r';
	text[used++] = '\n';
	rtsp_put(c, text, used);
}

void rtsp_answer_bad(struct rtsp_connection *c,
		     const struct netra_rtsp_request *request)
{
	rtsp_answer(c, request, request->status, "Connection: close\r\n");
}
