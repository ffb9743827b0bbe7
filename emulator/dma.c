/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host memory the client lets the board reach: maps of I/O virtual addresses
 * onto the client's files. One file comes with many maps (a guest's RAM, page
 * by page), so each file is mapped into this process once. Under emu->lock.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/bytes.h"
#include "emulator.h"

#define MAPS_MAX 65535u

struct netra_emu_dma_file {
	struct netra_emu_dma_file *next;
	dev_t dev;
	ino_t ino;
	uint8_t *base;
	uint64_t bytes;
	bool writable;
	size_t users;
};

static void file_put(struct netra_emu *emu, struct netra_emu_dma_file *file)
{
	struct netra_emu_dma_file **link = &emu->file;

	if (!file || --file->users)
		return;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	munmap(file->base, file->bytes);
	free(file);
}

static struct netra_emu_dma_file *file_get(struct netra_emu *emu, int fd,
					   uint64_t need, bool writable)
{
	struct netra_emu_dma_file *file;
	struct stat st;
	void *base;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    need > (uint64_t)st.st_size)
		return NULL;
	for (file = emu->file; file; file = file->next) {
		if (file->dev == st.st_dev && file->ino == st.st_ino &&
		    file->bytes >= need && file->writable >= writable) {
			file->users++;
			return file;
		}
	}
	base = mmap(NULL, (size_t)st.st_size,
		    PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (!file) {
		munmap(base, (size_t)st.st_size);
		return NULL;
	}
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->base = base;
	file->bytes = (uint64_t)st.st_size;
	file->writable = writable;
	file->users = 1;
	file->next = emu->file;
	emu->file = file;
	return file;
}

/* Index of the first map that ends above @iova. */
static size_t first_above(const struct netra_emu *emu, uint64_t iova)
{
	size_t low = 0, high = emu->map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct netra_emu_dma_map *map = &emu->map[middle];

		if (map->iova + (map->bytes - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool insert(struct netra_emu *emu, size_t at,
		   const struct netra_emu_dma_map *map)
{
	if (emu->map_count == emu->map_room) {
		size_t room = emu->map_room ? 2 * emu->map_room : 64;
		struct netra_emu_dma_map *more;

		more = realloc(emu->map, room * sizeof(*more));
		if (!more)
			return false;
		emu->map = more;
		emu->map_room = room;
	}
	memmove(&emu->map[at + 1], &emu->map[at],
		(emu->map_count - at) * sizeof(*map));
	emu->map[at] = *map;
	emu->map_count++;
	return true;
}

enum netra_error netra_emu_dma_map_locked(struct netra_emu *emu, uint64_t iova,
					  uint64_t bytes, uint64_t offset,
					  bool writable, int fd)
{
	struct netra_emu_dma_map map = {
		.iova = iova, .bytes = bytes, .offset = offset,
		.writable = writable,
	};
	size_t at;

	if (bytes == 0 || iova + (bytes - 1) < iova || offset + bytes < offset)
		return NETRA_ERR_INVALID;
	at = first_above(emu, iova);
	if (at < emu->map_count && emu->map[at].iova <= iova + (bytes - 1))
		return NETRA_ERR_BUSY;
	if (emu->map_count >= MAPS_MAX)
		return NETRA_ERR_NO_MEMORY;
	if (fd >= 0) {
		map.file = file_get(emu, fd, offset + bytes, writable);
		if (!map.file)
			return NETRA_ERR_INVALID;
	}
	if (!insert(emu, at, &map)) {
		file_put(emu, map.file);
		return NETRA_ERR_NO_MEMORY;
	}
	netra_emu_count(&emu->counters.dma_maps, 1);
	return NETRA_OK;
}

void netra_emu_dma_unmap_locked(struct netra_emu *emu, uint64_t iova,
				uint64_t bytes)
{
	uint64_t last = iova + (bytes - 1);
	size_t at, out;

	if (bytes == 0)
		return;
	if (last < iova)
		last = UINT64_MAX;
	at = first_above(emu, iova);
	if (at == emu->map_count || emu->map[at].iova > last)
		return;
	netra_emu_count(&emu->counters.dma_unmaps, 1);
	/* A hole inside one map: its tail becomes a map of its own. */
	if (emu->map[at].iova < iova &&
	    emu->map[at].iova + (emu->map[at].bytes - 1) > last) {
		struct netra_emu_dma_map tail = emu->map[at];

		tail.offset += last + 1 - tail.iova;
		tail.bytes -= last + 1 - tail.iova;
		tail.iova = last + 1;
		emu->map[at].bytes = iova - emu->map[at].iova;
		if (tail.file)
			tail.file->users++;
		if (!insert(emu, at + 1, &tail))
			file_put(emu, tail.file);
		return;
	}
	if (emu->map[at].iova < iova) {
		emu->map[at].bytes = iova - emu->map[at].iova;
		at++;
	}
	for (out = at; out < emu->map_count; out++) {
		struct netra_emu_dma_map *map = &emu->map[out];
		uint64_t cut;

		if (map->iova > last)
			break;
		if (map->iova + (map->bytes - 1) > last) {
			cut = last + 1 - map->iova;
			map->iova += cut;
			map->offset += cut;
			map->bytes -= cut;
			break;
		}
		file_put(emu, map->file);
	}
	memmove(&emu->map[at], &emu->map[out],
		(emu->map_count - out) * sizeof(*emu->map));
	emu->map_count -= out - at;
}

void netra_emu_dma_unmap_all_locked(struct netra_emu *emu)
{
	for (size_t i = 0; i < emu->map_count; i++)
		file_put(emu, emu->map[i].file);
	netra_emu_count(&emu->counters.dma_unmaps, emu->map_count);
	emu->map_count = 0;
}

/* One piece inside one map. Words are moved whole: an index must not tear. */
static void copy_piece(uint8_t *host, uint8_t *data, size_t length, bool write)
{
	uint32_t word;

	if (length > 64 || length % 4 || (uintptr_t)host % 4) {
		if (write)
			memcpy(host, data, length);
		else
			memcpy(data, host, length);
		return;
	}
	for (size_t i = 0; i < length; i += 4) {
		uint32_t *there = (uint32_t *)(host + i);

		if (write) {
			memcpy(&word, data + i, 4);
			__atomic_store_n(there, word, __ATOMIC_RELEASE);
		} else {
			word = __atomic_load_n(there, __ATOMIC_ACQUIRE);
			memcpy(data + i, &word, 4);
		}
	}
}

enum netra_error netra_emu_dma_copy_locked(struct netra_emu *emu, uint64_t iova,
					   void *data, uint32_t length,
					   bool write)
{
	size_t first = first_above(emu, iova);
	uint8_t *bytes = data;
	uint64_t at = iova;
	size_t left = length;

	if (length == 0 || iova + (length - 1) < iova)
		return NETRA_ERR_NOT_FOUND;
	for (size_t i = first; left; i++) {
		const struct netra_emu_dma_map *map = &emu->map[i];
		uint64_t room;

		if (i == emu->map_count || map->iova > at || !map->file)
			return NETRA_ERR_NOT_FOUND;
		if (write && !map->writable)
			return NETRA_ERR_PERMISSION;
		room = map->bytes - (at - map->iova);
		at += room < left ? room : left;
		left -= room < left ? (size_t)room : left;
	}
	at = iova;
	left = length;
	for (size_t i = first; left; i++) {
		const struct netra_emu_dma_map *map = &emu->map[i];
		uint64_t inside = at - map->iova;
		size_t piece = left;

		if (map->bytes - inside < piece)
			piece = (size_t)(map->bytes - inside);
		copy_piece(map->file->base + map->offset + inside, bytes,
			   piece, write);
		bytes += piece;
		at += piece;
		left -= piece;
	}
	return NETRA_OK;
}
