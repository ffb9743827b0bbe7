/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink_udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define SEGMENTS_MAX 64u	/* the kernel's bound */
#define SEGMENTED_MAX 60000u	/* a datagram's, with room for headers */
#define MESSAGES 64u
#define PIECES 1024u
/* A receiver's socket holds 208 KB of packets and their overhead. */
#define BURST_BYTES 65536
#define PACE_BYTES_PER_S 2000000u
#define PACE_FACTOR 4u
#define PACE_MS 4u

struct netra_udp_batch {
	unsigned int messages, pieces;
	struct mmsghdr message[MESSAGES];
	struct iovec piece[PIECES];
	union {
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
			   CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr align;
	} control[MESSAGES];
	struct note {			/* what it takes to undo one */
		struct netra_sink *sink;
		struct netra_unit *unit;
		uint32_t packet, count;
	} note[MESSAGES];
};

static struct netra_udp_socket *socket_for(struct netra_udp *udp,
					   sa_family_t family, bool rtcp)
{
	return &udp->socket[(family == AF_INET6 ? 2 : 0) + rtcp];
}

static socklen_t address_bytes(const struct netra_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) :
						    sizeof(address->v4);
}

static void *add_control(struct msghdr *message, int level, int type,
			 size_t size)
{
	void *end = (char *)message->msg_control + message->msg_controllen;
	struct cmsghdr *c = end;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	message->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(c);
}

/* Leave from the address that the client knows us by. */
static void add_source(struct msghdr *message, const struct netra_address *from)
{
	if (from->any.sa_family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = from->v4.sin_addr };

		memcpy(add_control(message, IPPROTO_IP, IP_PKTINFO,
				   sizeof(info)), &info, sizeof(info));
	} else if (from->any.sa_family == AF_INET6) {
		struct in6_pktinfo info = {
			.ipi6_addr = from->v6.sin6_addr,
			.ipi6_ifindex = from->v6.sin6_scope_id,
		};

		memcpy(add_control(message, IPPROTO_IPV6, IPV6_PKTINFO,
				   sizeof(info)), &info, sizeof(info));
	}
}

static uint32_t packet_bytes(const struct netra_unit *unit, uint32_t packet)
{
	return unit->offset[packet + 1] - unit->offset[packet] -
	       NETRA_RTP_FRAME_BYTES;
}

/* How many packets from here on can leave as one: all but the last are alike. */
static uint32_t run_length(const struct netra_unit *unit, uint32_t first)
{
	uint32_t size = packet_bytes(unit, first), total = size, count = 1;

	while (first + count < unit->packets && count < SEGMENTS_MAX) {
		uint32_t next = packet_bytes(unit, first + count);

		if (next > size || total + next > SEGMENTED_MAX)
			break;
		total += next;
		count++;
		if (next < size)
			break;
	}
	return count;
}

static void add_message(struct netra_udp *udp, struct netra_sink *sink)
{
	struct netra_udp_batch *b = udp->batch;
	struct netra_unit *unit = sink->cursor.unit;
	uint32_t first = sink->cursor.packet;
	uint32_t count = sink->one_by_one ? 1 : run_length(unit, first);
	unsigned int n = b->messages++;
	struct msghdr *message = &b->message[n].msg_hdr;

	memset(message, 0, sizeof(*message));
	memset(&b->control[n], 0, sizeof(b->control[n]));
	message->msg_name = &sink->to[0];
	message->msg_namelen = address_bytes(&sink->to[0]);
	message->msg_iov = &b->piece[b->pieces];
	message->msg_iovlen = count;
	message->msg_control = &b->control[n];
	for (uint32_t i = first; i < first + count; i++)
		b->piece[b->pieces++] = (struct iovec){
			unit->data + unit->offset[i] + NETRA_RTP_FRAME_BYTES,
			packet_bytes(unit, i) };
	add_source(message, &sink->from);
	if (count > 1) {
		uint16_t size = (uint16_t)packet_bytes(unit, first);

		memcpy(add_control(message, IPPROTO_UDP, UDP_SEGMENT,
				   sizeof(size)), &size, sizeof(size));
	}
	b->note[n] = (struct note){ sink, unit, first, count };
	sink->budget_bytes -= unit->offset[first + count] - unit->offset[first];
	netra_log_set(&sink->cursor, unit, first + count);
}

struct netra_udp_batch *netra_udp_batch_new(void)
{
	return calloc(1, sizeof(struct netra_udp_batch));
}

static void undo(struct netra_udp_batch *b, unsigned int from)
{
	while (b->messages > from) {
		const struct note *note = &b->note[--b->messages];

		note->sink->budget_bytes +=
			note->unit->offset[note->packet + note->count] -
			note->unit->offset[note->packet];
		netra_log_set(&note->sink->cursor, note->unit, note->packet);
	}
}

/* What does not get out now is undone. */
static void flush(struct netra_udp *udp, struct netra_udp_socket *s)
{
	struct netra_udp_batch *b = udp->batch;
	unsigned int done = 0;

	while (done < b->messages) {
		const struct note *note = &b->note[done];
		int n = sendmmsg(s->fd, &b->message[done], b->messages - done,
				 MSG_DONTWAIT);

		udp->calls++;
		if (n > 0) {
			for (; n; n--, note++, done++)
				netra_sink_passed(note->sink, note->unit,
						  note->packet, note->count);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			undo(b, done);
			netra_udp_wait(s);
			break;
		}
		if (note->count > 1 && (errno == EIO || errno == EINVAL ||
					errno == EMSGSIZE)) {
			/* The way there is too narrow, or cannot. */
			note->sink->one_by_one = true;
			undo(b, done);
			udp->again = true;
			break;
		}
		note->sink->refused += note->count;
		done++;
	}
	b->messages = 0;
	b->pieces = 0;
}

static void refill(struct netra_sink *sink, uint64_t now_ns)
{
	uint64_t pace = sink->feed->rate * PACE_FACTOR;
	uint64_t passed_ns = now_ns - sink->budget_ns;

	if (pace < PACE_BYTES_PER_S)
		pace = PACE_BYTES_PER_S;
	if (passed_ns > 1000000000u)
		passed_ns = 1000000000u;
	sink->budget_bytes += (int64_t)(passed_ns / 1000u * pace / 1000000u);
	if (sink->budget_bytes > BURST_BYTES || !sink->budget_ns)
		sink->budget_bytes = BURST_BYTES;
	sink->budget_ns = now_ns;
}

static void pace_over(uv_timer_t *timer)
{
	struct netra_udp *udp = timer->data;

	udp->pacing = false;
	udp->ready(udp->context);
}

static void wait_for_pace(struct netra_udp *udp)
{
	if (!udp->pacing)
		uv_timer_start(&udp->pace, pace_over, PACE_MS, 0);
	udp->pacing = true;
}

/* Put what is due to one sink into the batch, and that on its way when full. */
static void pump_sink(struct netra_udp *udp, struct netra_udp_socket *s,
		      struct netra_sink *sink)
{
	struct netra_udp_batch *b = udp->batch;

	if (!sink->report_ns)
		netra_udp_report(udp, sink, false);
	while (!s->full && netra_log_next(&sink->cursor)) {
		if (sink->budget_bytes <= 0) {
			wait_for_pace(udp);
			return;
		}
		if (b->messages == MESSAGES || PIECES - b->pieces < SEGMENTS_MAX)
			flush(udp, s);
		else
			add_message(udp, sink);
	}
}

void netra_udp_pump(struct netra_udp *udp, struct netra_feed *feed)
{
	uint64_t now_ns = uv_hrtime();

	do {
		struct netra_udp_socket *last = NULL;

		udp->again = false;
		for (struct netra_sink *sink = feed->sinks; sink;
		     sink = sink->next) {
			struct netra_udp_socket *s;

			if (sink->connection)
				continue;
			s = socket_for(udp, sink->to[0].any.sa_family, false);
			if (last && last != s)
				flush(udp, last);
			last = s;
			refill(sink, now_ns);
			pump_sink(udp, s, sink);
		}
		if (last)
			flush(udp, last);
	} while (udp->again);
}

void netra_udp_report(struct netra_udp *udp, struct netra_sink *sink, bool bye)
{
	struct netra_udp_socket *s =
		socket_for(udp, sink->to[1].any.sa_family, true);
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))]
		__attribute__((aligned(8))) = { 0 };
	uint8_t packet[NETRA_RTCP_MAX];
	struct iovec piece = {
		packet, netra_sink_report(sink, uv_hrtime(), bye, packet)
	};
	struct msghdr message = {
		.msg_name = &sink->to[1],
		.msg_namelen = address_bytes(&sink->to[1]),
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control,
	};

	add_source(&message, &sink->from);
	/* A report that does not get through is followed by another one. */
	sendmsg(s->fd, &message, MSG_DONTWAIT);
}
