/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes out on a connection: answers and reports from its own buffer,
 * packets from the channel's log as they lie there. The cursor stands at a
 * whole packet always: the rest of one that the socket took in part is copied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "be.h"
#include "rtsp_internal.h"

#define PIECES 64u
#define PIECES_BYTES 262144u
#define TLS_AT_ONCE 16384u	/* a record */

void rtsp_put(struct rtsp_connection *c, const void *data, size_t size)
{
	size_t used = c->out_end - c->out_begin;

	if (c->gone)
		return;
	if (c->out_begin && c->out_room - c->out_end < size) {
		memmove(c->out, c->out + c->out_begin, used);
		c->out_begin = 0;
		c->out_end = used;
	}
	if (c->out_room - c->out_end < size) {
		size_t room = c->out_room ? c->out_room : 2048;
		uint8_t *more;

		while (room - used < size)
			room *= 2;
		more = room > RTSP_OUT_MAX ? NULL : realloc(c->out, room);
		if (!more) {
			rtsp_close(c);
			return;
		}
		c->out = more;
		c->out_room = room;
	}
	memcpy(c->out + c->out_end, data, size);
	c->out_end += size;
}

void rtsp_put_report(struct rtsp_connection *c, bool bye)
{
	uint8_t frame[NETRA_RTP_FRAME_BYTES + NETRA_RTCP_MAX];
	size_t size = netra_sink_report(&c->sink, uv_hrtime(), bye,
					frame + NETRA_RTP_FRAME_BYTES);

	frame[0] = '$';
	frame[1] = c->sink.interleaved[1];
	netra_put_be16(frame + 2, (uint32_t)size);
	rtsp_put(c, frame, NETRA_RTP_FRAME_BYTES + size);
}

/* Bytes taken, 0 if the socket is full; closes it if it is broken. */
static size_t taken(struct rtsp_connection *c, ssize_t n)
{
	if (n > 0) {
		/* Who takes data is there. */
		c->heard_ns = uv_hrtime();
		return (size_t)n;
	}
	if (n != -EAGAIN && n != -EINTR)
		rtsp_close(c);
	return 0;
}

/* Return: true if the buffer is empty now. */
static bool flush(struct rtsp_connection *c)
{
	while (c->out_begin < c->out_end) {
		const uint8_t *from = c->out + c->out_begin;
		size_t size = c->out_end - c->out_begin, n;
		ssize_t code;

		if (c->tls) {
			code = netra_tls_write(c->tls, from, size);
		} else {
			code = send(c->fd, from, size,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
			if (code < 0)
				code = -errno;
		}
		n = taken(c, code);
		if (!n)
			return false;
		c->out_begin += n;
	}
	c->out_begin = 0;
	c->out_end = 0;
	/* Few bytes an answer, thousands of seconds until the next one. */
	if (c->out_room > 4096) {
		free(c->out);
		c->out = NULL;
		c->out_room = 0;
	}
	return true;
}

/* What of the log can be sent now, as it lies. Its frames say channel 0. */
static size_t gather_plain(const struct netra_sink *sink, struct iovec *piece,
			   size_t *bytes)
{
	const struct netra_unit *unit = sink->cursor.unit;
	uint32_t packet = sink->cursor.packet;
	size_t count = 0;

	*bytes = 0;
	for (; unit && count < PIECES && *bytes < PIECES_BYTES;
	     unit = unit->next, packet = 0) {
		uint32_t from = unit->offset[packet];

		if (from == unit->bytes)
			continue;
		piece[count++] = (struct iovec){ unit->data + from,
						 unit->bytes - from };
		*bytes += unit->bytes - from;
	}
	return count;
}

/* The same for another channel: frames of its own in front of each packet. */
static size_t gather_framed(const struct netra_sink *sink, struct iovec *piece,
			    uint8_t (*frame)[NETRA_RTP_FRAME_BYTES],
			    size_t *bytes)
{
	const struct netra_unit *unit = sink->cursor.unit;
	uint32_t packet = sink->cursor.packet;
	size_t count = 0;

	*bytes = 0;
	while (unit && count + 2 <= PIECES) {
		uint8_t *from, *head;
		uint32_t size;

		if (packet == unit->packets) {
			unit = unit->next;
			packet = 0;
			continue;
		}
		from = unit->data + unit->offset[packet];
		size = unit->offset[packet + 1] - unit->offset[packet];
		head = frame[count / 2];
		memcpy(head, from, NETRA_RTP_FRAME_BYTES);
		head[1] = sink->interleaved[0];
		piece[count] = (struct iovec){ head, NETRA_RTP_FRAME_BYTES };
		piece[count + 1] = (struct iovec){
			from + NETRA_RTP_FRAME_BYTES,
			size - NETRA_RTP_FRAME_BYTES };
		count += 2;
		*bytes += size;
		packet++;
	}
	return count;
}

/* The socket took @n bytes from the cursor on. */
static void advance(struct rtsp_connection *c, size_t n)
{
	struct netra_sink *sink = &c->sink;

	while (n && netra_log_next(&sink->cursor)) {
		struct netra_unit *unit = sink->cursor.unit;
		uint32_t first = sink->cursor.packet, packet = first;

		while (packet < unit->packets &&
		       unit->offset[packet + 1] - unit->offset[packet] <= n) {
			n -= unit->offset[packet + 1] - unit->offset[packet];
			packet++;
		}
		if (packet < unit->packets && n) {
			uint8_t *from = unit->data + unit->offset[packet];
			uint8_t frame[NETRA_RTP_FRAME_BYTES];
			size_t size = unit->offset[packet + 1] -
				      unit->offset[packet];

			memcpy(frame, from, sizeof(frame));
			frame[1] = sink->interleaved[0];
			if (n < sizeof(frame)) {
				rtsp_put(c, frame + n, sizeof(frame) - n);
				n = sizeof(frame);
			}
			rtsp_put(c, from + n, size - n);
			/* Without memory the connection is gone, and maybe the unit. */
			if (c->gone)
				return;
			packet++;
			n = 0;
		}
		netra_sink_passed(sink, unit, first, packet - first);
		netra_log_set(&sink->cursor, unit, packet);
	}
}

/* TLS has to see the bytes anyway: whole packets go through the buffer. */
static void stage(struct rtsp_connection *c)
{
	struct netra_sink *sink = &c->sink;

	while (!c->gone && netra_log_next(&sink->cursor)) {
		struct netra_unit *unit = sink->cursor.unit;
		uint32_t packet = sink->cursor.packet;
		uint32_t size = unit->offset[packet + 1] - unit->offset[packet];
		size_t at = c->out_end;

		if (c->out_end + size > TLS_AT_ONCE)
			return;
		rtsp_put(c, unit->data + unit->offset[packet], size);
		if (c->gone)
			return;
		c->out[at + 1] = sink->interleaved[0];
		netra_sink_passed(sink, unit, packet, 1);
		netra_log_set(&sink->cursor, unit, packet + 1);
	}
}

static bool send_packets(struct rtsp_connection *c)
{
	uint8_t frame[PIECES / 2][NETRA_RTP_FRAME_BYTES];
	struct iovec piece[PIECES];
	struct msghdr message = { .msg_iov = piece };
	size_t bytes, n;
	ssize_t code;

	if (c->tls) {
		stage(c);
		return true;
	}
	message.msg_iovlen = c->sink.interleaved[0] ?
			     gather_framed(&c->sink, piece, frame, &bytes) :
			     gather_plain(&c->sink, piece, &bytes);
	code = sendmsg(c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	n = taken(c, code < 0 ? -errno : code);
	if (n)
		advance(c, n);
	return n == bytes;
}

void rtsp_pump(struct rtsp_connection *c)
{
	bool open = true;

	while (!c->gone && open) {
		struct netra_sink *sink = &c->sink;

		open = flush(c);
		if (!open || c->gone || !sink->feed || !sink->connection)
			break;
		if (netra_log_next(&sink->cursor))
			open = send_packets(c);
		else if (netra_sink_finished(sink) && !sink->goodbye)
			rtsp_put_report(c, true);
		else
			break;
	}
	if (!c->gone && c->finishing && c->out_begin == c->out_end)
		rtsp_close(c);
	if (!c->gone)
		rtsp_watch(c);
}
