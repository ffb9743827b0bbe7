/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arena: ordinary memory of this process that the board's windows lead
 * to. An IOMMU (or the emulated board's map) makes it contiguous for the
 * board, so it need not be contiguous here; huge pages only make it cheaper.
 *
 * It is mapped twice. Readers get pointers into a mapping without write
 * permission: an application that scribbles over a frame would otherwise
 * damage what other readers see, silently. The host's own words (lock words)
 * are in the first page, which alone is mapped writable.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define HUGE_BYTES (2u << 20)
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

/*
 * A memfd of reserved huge pages if there are enough: pages are taken when
 * mapped, so that a shortage shows at once and not as a bus error later.
 */
static void *make_huge(struct arena *arena, uint64_t bytes)
{
	void *at;

	arena->fd =
		memfd_create("netra", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (arena->fd < 0)
		return NULL;
	if (!ftruncate(arena->fd, (off_t)bytes)) {
		at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, arena->fd, 0);
		if (at != MAP_FAILED) {
			arena->page_bytes = HUGE_BYTES;
			return at;
		}
	}
	close(arena->fd);
	arena->fd = -1;
	return NULL;
}

static void *make_plain(struct arena *arena, uint64_t bytes)
{
	void *at;

	arena->fd = memfd_create("netra", MFD_CLOEXEC);
	if (arena->fd < 0)
		return NULL;
	if (!ftruncate(arena->fd, (off_t)bytes)) {
		at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			  arena->fd, 0);
		if (at != MAP_FAILED) {
			/* A wish; what came of it is looked up afterwards. */
			madvise(at, bytes, MADV_HUGEPAGE);
			arena->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
			return at;
		}
	}
	close(arena->fd);
	arena->fd = -1;
	return NULL;
}

/* How much of the mapping at @at the kernel made of huge pages. */
static uint64_t huge_bytes_of(const void *at)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long long kb, huge = 0;
	char line[256], wanted[24];
	bool ours = false;

	if (!maps)
		return 0;
	snprintf(wanted, sizeof(wanted), "%lx-", (unsigned long)at);
	while (fgets(line, sizeof(line), maps)) {
		if (!strncmp(line, wanted, strlen(wanted)))
			ours = true;
		else if (ours && sscanf(line, "ShmemPmdMapped: %llu", &kb) == 1)
			huge = kb * 1024;
		else if (ours && !strncmp(line, "VmFlags:", 8))
			break;
	}
	fclose(maps);
	return huge;
}

static void describe(struct arena *arena)
{
	const char *locked = mlock(arena->view, arena->bytes) ? "" : ", locked";
	uint64_t huge = 0;

	if (arena->page_bytes == HUGE_BYTES) {
		snprintf(arena->memory, sizeof(arena->memory),
			 "huge pages (2 MB)%s", locked);
		return;
	}
	huge = huge_bytes_of(arena->view);
	if (huge)
		snprintf(arena->memory, sizeof(arena->memory),
			 "transparent huge pages (%u%%)%s",
			 (unsigned int)(huge * 100 / arena->bytes), locked);
	else
		snprintf(arena->memory, sizeof(arena->memory),
			 "small pages (%u KB)%s",
			 (unsigned int)(arena->page_bytes >> 10), locked);
}

enum netra_error netra_arena_create(struct arena *arena, uint64_t bytes,
				    char *why, size_t why_size)
{
	void *whole = NULL, *view, *area;

	/* Windows of 1 MB may add up to an odd number of megabytes. */
	if (bytes % HUGE_BYTES == 0)
		whole = make_huge(arena, bytes);
	if (!whole)
		whole = make_plain(arena, bytes);
	if (!whole)
		goto err_memory;
	arena->bytes = bytes;
	memset(whole, 0, bytes);
	munmap(whole, bytes);
	view = mmap(NULL, bytes, PROT_READ, MAP_SHARED, arena->fd, 0);
	if (view == MAP_FAILED)
		goto err_fd;
	madvise(view, bytes, MADV_HUGEPAGE);
	madvise(view, bytes, MADV_POPULATE_READ);
	area = mmap(NULL,
		    arena->page_bytes > sizeof(*arena->area) ?
			    arena->page_bytes :
			    sizeof(*arena->area),
		    PROT_READ | PROT_WRITE, MAP_SHARED, arena->fd, 0);
	if (area == MAP_FAILED)
		goto err_view;
	arena->view = view;
	arena->area = area;
	describe(arena);
	return NETRA_OK;

err_view:
	munmap(view, bytes);
err_fd:
	close(arena->fd);
	arena->fd = -1;
err_memory:
	snprintf(why, why_size,
		 "no memory for an arena of %llu MB (%s): ask for a smaller one",
		 (unsigned long long)(bytes >> 20), strerror(errno));
	return NETRA_ERR_NO_MEMORY;
}

/* A writable mapping of all of it, for as long as it is needed. */
static void *map_whole(const struct arena *arena)
{
	void *whole = mmap(NULL, arena->bytes, PROT_READ | PROT_WRITE,
			   MAP_SHARED, arena->fd, 0);

	return whole == MAP_FAILED ? NULL : whole;
}

/*
 * VFIO wants a writable mapping to pin the pages through; they stay pinned
 * when it is gone.
 */
enum netra_error netra_arena_dma_map(struct arena *arena, struct transport *t,
				     uint64_t align)
{
	struct transport_memory memory = {
		.fd = arena->fd,
		.bytes = arena->bytes,
	};
	enum netra_error error;

	if (arena->mapped)
		return NETRA_OK;
	error = t->ops->dma_place(t, arena->bytes, align, &memory.iova);
	if (error)
		return error;
	memory.address = map_whole(arena);
	if (!memory.address)
		return netra_transport_fail(t, NETRA_ERR_NO_MEMORY,
					    "no address space for the arena: %s",
					    strerror(errno));
	error = t->ops->dma_map(t, &memory);
	munmap(memory.address, arena->bytes);
	if (error)
		return error;
	arena->iova = memory.iova;
	arena->mapped = true;
	return NETRA_OK;
}

enum netra_error netra_arena_clear(struct arena *arena)
{
	void *whole = map_whole(arena);

	if (!whole)
		return NETRA_ERR_NO_MEMORY;
	memset(whole, 0, arena->bytes);
	munmap(whole, arena->bytes);
	return NETRA_OK;
}

void netra_arena_destroy(struct arena *arena, struct transport *t)
{
	if (arena->fd < 0)
		return;
	if (arena->mapped && t)
		t->ops->dma_unmap(t, arena->iova, arena->bytes);
	munmap(arena->area, arena->page_bytes > sizeof(*arena->area) ?
				    arena->page_bytes :
				    sizeof(*arena->area));
	munmap((void *)(uintptr_t)arena->view, arena->bytes);
	close(arena->fd);
	arena->fd = -1;
	arena->mapped = false;
}
