/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small reader of MP4 boxes, for tests of what writes them. It is strict:
 * sizes must add up to the last byte.
 */
#ifndef NETRA_TEST_MP4_READ_H
#define NETRA_TEST_MP4_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct box {
	const uint8_t *data;	/* after size and type */
	size_t length;
};

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* Bytes before the first child; SIZE_MAX for boxes without children. */
static inline size_t children_at(const uint8_t *type)
{
	static const char containers[][5] = {
		"moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex",
		"moof", "traf", "mfra"
	};

	for (size_t i = 0; i < sizeof(containers) / 5; i++)
		if (!memcmp(type, containers[i], 4))
			return 0;
	if (!memcmp(type, "stsd", 4) || !memcmp(type, "dref", 4))
		return 8;
	return memcmp(type, "avc1", 4) ? SIZE_MAX : 78;
}

/* Do boxes fill @data exactly, all the way down? */
static inline bool boxes_whole(const uint8_t *data, size_t length)
{
	size_t size, skip;

	while (length) {
		if (length < 8)
			return false;
		size = be32(data);
		if (size < 8 || size > length)
			return false;
		skip = children_at(data + 4);
		if (skip != SIZE_MAX &&
		    (skip > size - 8 ||
		     !boxes_whole(data + 8 + skip, size - 8 - skip)))
			return false;
		data += size;
		length -= size;
	}
	return true;
}

/* The first box of a path like "moov/trak/tkhd"; data NULL if there is none. */
static inline struct box find_box(const uint8_t *data, size_t length,
				  const char *path)
{
	size_t size, skip;

	while (length >= 8) {
		size = be32(data);
		if (size < 8 || size > length)
			break;
		if (!memcmp(data + 4, path, 4)) {
			if (!path[4])
				return (struct box){ data + 8, size - 8 };
			skip = 8 + children_at(data + 4);
			return find_box(data + skip, size - skip, path + 5);
		}
		data += size;
		length -= size;
	}
	return (struct box){ NULL, 0 };
}

#endif
