/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SoC's memories and the inbound windows onto them.
 *
 * A client maps a BAR once, but an inbound window can move. So each BAR has
 * memory of its own, and placing a window copies the SoC's memory into it and
 * then maps it over that range of the SoC's view; taking the window away does
 * the reverse. Thus both sides always see the same bytes, at any speed.
 * The price: a window must lie on pages of this machine, two windows cannot
 * show the same memory, and what a client writes through its own mapping of a
 * BAR without a window is lost only when the next window is placed.
 *
 * Internal address = PCIe address - IB_START + IB_OFFSET, for the region whose
 * IB_BAR names the BAR. Under emu->lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/bytes.h"
#include "emulator.h"

#define LIMBO_BYTES 65536u	/* of an unplaced BAR that read as all-ones */

static bool make_file(const char *name, uint64_t bytes, int *fd, uint8_t **data)
{
	void *base;

	*fd = memfd_create(name, MFD_CLOEXEC);
	if (*fd < 0)
		return false;
	if (ftruncate(*fd, (off_t)bytes) < 0)
		return false;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_NORESERVE, *fd, 0);
	if (base == MAP_FAILED)
		return false;
	*data = base;
	return true;
}

static void punch(int fd, uint64_t offset, uint64_t bytes)
{
	(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(off_t)offset, (off_t)bytes);
}

/* Copy a range between two sparse files, leaving holes as holes. */
static void copy_sparse(int from_fd, const uint8_t *from, uint64_t from_offset,
			int to_fd, uint8_t *to, uint64_t to_offset,
			uint64_t bytes)
{
	uint64_t at = from_offset, end = from_offset + bytes;

	punch(to_fd, to_offset, bytes);
	while (at < end) {
		off_t data = lseek(from_fd, (off_t)at, SEEK_DATA);
		off_t hole;
		uint64_t stop;

		if (data < 0 || (uint64_t)data >= end)
			return;
		hole = lseek(from_fd, data, SEEK_HOLE);
		stop = hole < 0 || (uint64_t)hole > end ? end : (uint64_t)hole;
		memcpy(to + to_offset + ((uint64_t)data - from_offset),
		       from + data, stop - (uint64_t)data);
		at = stop;
	}
}

/* The part of a window that lies in @memory. */
static bool overlap(const struct netra_emu_memory *memory,
		    const struct netra_emu_bar *bar, uint32_t soc_address,
		    uint64_t *memory_offset, uint64_t *bar_offset,
		    uint64_t *bytes)
{
	uint64_t start = memory->address, end = start + memory->bytes;
	uint64_t low = soc_address, high = low + bar->bytes;

	if (low < start)
		low = start;
	if (high > end)
		high = end;
	if (low >= high)
		return false;
	*memory_offset = low - start;
	*bar_offset = low - soc_address;
	*bytes = high - low;
	return true;
}

static void limbo(struct netra_emu_bar *bar)
{
	punch(bar->fd, 0, bar->bytes);
	memset(bar->data, 0xff,
	       bar->bytes < LIMBO_BYTES ? bar->bytes : LIMBO_BYTES);
}

static void take_away(struct netra_emu *emu, struct netra_emu_bar *bar)
{
	uint64_t memory_offset, bar_offset, bytes;

	for (size_t i = 0; i < 2; i++) {
		struct netra_emu_memory *memory = &emu->memory[i];

		if (!overlap(memory, bar, bar->soc_address, &memory_offset,
			     &bar_offset, &bytes))
			continue;
		copy_sparse(bar->fd, bar->data, bar_offset, memory->fd,
			    memory->own, memory_offset, bytes);
		if (mmap(memory->view + memory_offset, bytes,
			 PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE | MAP_FIXED, memory->fd,
			 (off_t)memory_offset) == MAP_FAILED)
			perror("netra: emulated memory");
	}
	bar->placed = false;
	limbo(bar);
	netra_emu_count(&emu->counters.window_moves, 1);
}

static bool taken(const struct netra_emu *emu, const struct netra_emu_bar *bar,
		  uint32_t soc_address)
{
	for (unsigned int i = 1; i < NETRA_EMU_BARS; i++) {
		const struct netra_emu_bar *other = &emu->bar[i];

		if (other != bar && other->placed &&
		    other->soc_address < soc_address + bar->bytes &&
		    soc_address < other->soc_address + other->bytes)
			return true;
	}
	return false;
}

static void place(struct netra_emu *emu, struct netra_emu_bar *bar,
		  uint32_t soc_address)
{
	uint64_t memory_offset, bar_offset, bytes;

	punch(bar->fd, 0, bar->bytes);
	for (size_t i = 0; i < 2; i++) {
		struct netra_emu_memory *memory = &emu->memory[i];

		if (!overlap(memory, bar, soc_address, &memory_offset,
			     &bar_offset, &bytes))
			continue;
		copy_sparse(memory->fd, memory->own, memory_offset, bar->fd,
			    bar->data, bar_offset, bytes);
		if (mmap(memory->view + memory_offset, bytes,
			 PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE | MAP_FIXED, bar->fd,
			 (off_t)bar_offset) == MAP_FAILED)
			perror("netra: emulated window");
	}
	bar->placed = true;
	bar->soc_address = soc_address;
	netra_emu_count(&emu->counters.window_moves, 1);
}

/* Which SoC address do the registers give this BAR? */
static bool wanted(struct netra_emu *emu, unsigned int number,
		   uint32_t *soc_address)
{
	uint32_t address = netra_emu_bar_address_locked(emu, number);

	if (!(emu->reg[NETRA_REG_CMD_STATUS / 4] & NETRA_CMD_IB_XLT_EN))
		return false;
	for (unsigned int n = 0; n < NETRA_IB_REGIONS; n++) {
		if (emu->reg[NETRA_REG_IB_BAR(n) / 4] != number)
			continue;
		if (emu->reg[NETRA_REG_IB_START_LO(n) / 4] != address ||
		    emu->reg[NETRA_REG_IB_START_HI(n) / 4] != 0) {
			netra_emu_count(&emu->counters.window_mismatches, 1);
			continue;
		}
		*soc_address = emu->reg[NETRA_REG_IB_OFFSET(n) / 4];
		return true;
	}
	return false;
}

void netra_emu_windows_update_locked(struct netra_emu *emu)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	uint32_t address[NETRA_EMU_BARS] = { 0 };
	bool want[NETRA_EMU_BARS] = { false };

	for (unsigned int i = 1; i < NETRA_EMU_BARS; i++) {
		struct netra_emu_bar *bar = &emu->bar[i];

		if (!bar->bytes)
			continue;
		want[i] = wanted(emu, i, &address[i]);
		if (bar->placed &&
		    !(want[i] && bar->soc_address == address[i]))
			take_away(emu, bar);
	}
	for (unsigned int i = 1; i < NETRA_EMU_BARS; i++) {
		struct netra_emu_bar *bar = &emu->bar[i];

		if (!want[i] || bar->placed)
			continue;
		if (address[i] % page)
			netra_emu_count(&emu->counters.window_unaligned, 1);
		else if (taken(emu, bar, address[i]))
			netra_emu_count(&emu->counters.window_overlaps, 1);
		else
			place(emu, bar, address[i]);
	}
}

void netra_emu_bar_access_locked(struct netra_emu *emu, unsigned int number,
				 uint64_t offset, uint8_t *data,
				 uint32_t length, bool write)
{
	struct netra_emu_bar *bar = &emu->bar[number];
	uint64_t memory_offset, bar_offset, bytes;
	bool inside = false;

	for (size_t i = 0; bar->placed && i < 2; i++)
		inside |= overlap(&emu->memory[i], bar, bar->soc_address,
				  &memory_offset, &bar_offset, &bytes) &&
			  offset >= bar_offset &&
			  netra_range_ok(offset - bar_offset, length, bytes);
	if (!inside || netra_emu_absent_locked(emu)) {
		netra_emu_count(&emu->counters.bar_limbo, 1);
		if (!write)
			memset(data, 0xff, length);
	} else if (write) {
		memcpy(bar->data + offset, data, length);
	} else {
		memcpy(data, bar->data + offset, length);
	}
}

void *netra_emu_soc_memory(const struct netra_emu *emu, uint32_t address,
			   uint32_t length)
{
	for (size_t i = 0; i < 2; i++) {
		const struct netra_emu_memory *memory = &emu->memory[i];

		if (address >= memory->address &&
		    netra_range_ok(address - memory->address, length,
				   memory->bytes))
			return memory->view + (address - memory->address);
	}
	return NULL;
}

void netra_emu_soc_write32(struct netra_emu *emu, uint32_t address,
			   uint32_t value)
{
	uint32_t *word;

	pthread_mutex_lock(&emu->lock);
	if (emu->cpu_reset) {
		/* The program that stores this no longer exists. */
	} else if (address - NETRA_SOC_PCIESS < NETRA_BAR0_MIN_BYTES) {
		netra_emu_reg_write_locked(emu, address - NETRA_SOC_PCIESS,
					   value);
	} else if (address - NETRA_SOC_LOCAL_CONFIG < NETRA_EMU_CONFIG_BYTES) {
		netra_emu_local_write_locked(
			emu, address - NETRA_SOC_LOCAL_CONFIG, value);
	} else if (address % 4 == 0) {
		word = netra_emu_soc_memory(emu, address, 4);
		if (word)
			netra_write32(word, value);
	}
	pthread_mutex_unlock(&emu->lock);
}

enum netra_error netra_emu_memory_create(struct netra_emu *emu, char *why,
					 size_t why_size)
{
	const struct netra_soc *soc = emu->options.soc;
	struct netra_emu_memory *memory = emu->memory;
	void *view;

	memory[0].address = soc->ocmc_base;
	memory[0].bytes = soc->ocmc_bytes;
	memory[1].address = NETRA_SOC_DDR;
	memory[1].bytes = NETRA_EMU_DDR_BYTES;
	for (size_t i = 0; i < 2; i++) {
		if (!make_file("netra-memory", memory[i].bytes, &memory[i].fd,
			       &memory[i].own))
			goto err_memory;
		view = mmap(NULL, memory[i].bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_NORESERVE, memory[i].fd, 0);
		if (view == MAP_FAILED)
			goto err_memory;
		memory[i].view = view;
	}
	for (unsigned int i = 1; i < NETRA_EMU_BARS; i++) {
		struct netra_emu_bar *bar = &emu->bar[i];

		bar->bytes = emu->options.bar_bytes[i];
		if (!bar->bytes)
			continue;
		if (!make_file("netra-bar", bar->bytes, &bar->fd, &bar->data))
			goto err_memory;
		limbo(bar);
	}
	return NETRA_OK;

err_memory:
	snprintf(why, why_size, "no memory for the board: %s", strerror(errno));
	netra_emu_memory_destroy(emu);
	return NETRA_ERR_NO_MEMORY;
}

void netra_emu_memory_destroy(struct netra_emu *emu)
{
	for (size_t i = 0; i < 2; i++) {
		struct netra_emu_memory *memory = &emu->memory[i];

		if (memory->view)
			munmap(memory->view, memory->bytes);
		if (memory->own)
			munmap(memory->own, memory->bytes);
		if (memory->fd >= 0)
			close(memory->fd);
		memory->view = NULL;
		memory->own = NULL;
		memory->fd = -1;
	}
	for (unsigned int i = 1; i < NETRA_EMU_BARS; i++) {
		struct netra_emu_bar *bar = &emu->bar[i];

		if (bar->data)
			munmap(bar->data, bar->bytes);
		if (bar->fd >= 0)
			close(bar->fd);
		bar->data = NULL;
		bar->fd = -1;
	}
}
