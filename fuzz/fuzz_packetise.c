/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as access units: the packets follow RFC 6184, hold what was there
 * and nothing else, and the log stays in its bounds.
 */
#include <stdlib.h>

#include "streamer/log.h"
#include "tests/unit/rtp_read.h"

#define CHECK(ok) do { if (!(ok)) abort(); } while (0)
#define LIMIT 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of @unit's NAL units the last ones must be those of the access unit. */
static void compare(const struct netra_unit *unit, const uint8_t *data,
		    size_t size)
{
	size_t room = unit->bytes * 3 + 16, position = 0, at = 0;
	struct rtp_reader reader = { .out = malloc(room), .size = room };
	struct netra_nal nal;

	CHECK(reader.out);
	CHECK(rtp_unit(&reader, unit, 7));
	while (netra_nal_next(data, size, &position, &nal)) {
		if (nal.type == 0 || nal.type >= 24)
			continue;
		/* Parameter sets may stand in between. */
		for (;;) {
			size_t length;

			CHECK(at + 4 < reader.used);
			length = netra_get_be32(reader.out + at);
			CHECK(length <= reader.used - at - 4);
			at += 4 + length;
			if (length == nal.length &&
			    !memcmp(reader.out + at - length, nal.data, length))
				break;
			CHECK((reader.out[at - length] & 31) == NETRA_NAL_SPS ||
			      (reader.out[at - length] & 31) == NETRA_NAL_PPS);
		}
	}
	CHECK(at == reader.used);
	free(reader.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t random[3] = { 7, 65000, 0 };
	struct netra_log_cursor slow = { 0 }, fast = { 0 };
	struct netra_packetiser packetiser;
	struct netra_log log;
	uint64_t now_ns = 0;

	netra_packetiser_init(&packetiser, random);
	netra_log_init(&log, LIMIT, 10);
	netra_log_join(&log, &slow);
	netra_log_join(&log, &fast);
	/* Two bytes of length in front of each access unit. */
	while (size >= 2) {
		size_t length = netra_get_be16(data);
		struct netra_unit *unit;

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		unit = netra_packetise(&packetiser, data, length, 0);
		if (unit) {
			compare(unit, data, length);
			netra_log_append(&log, unit, now_ns++);
			CHECK(log.bytes <= LIMIT || log.oldest == log.newest);
			while (netra_log_next(&fast))
				netra_log_set(&fast, fast.unit,
					      fast.unit->packets);
			CHECK(!fast.dropped);
			if (length & 1 && netra_log_next(&slow))
				netra_log_set(&slow, slow.unit,
					      slow.packet + 1);
		}
		data += length;
		size -= length;
	}
	netra_log_leave(&log, &slow);
	netra_log_leave(&log, &fast);
	netra_log_free(&log);
	netra_packetiser_free(&packetiser);
	return 0;
}
