/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the fake Windows: the emulated board over vfio-user, its
 * BARs and interrupts, and memory that it can reach.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/registers.h"
#include "fake.h"
#include "lib/transport.h"

#define PAGE 4096u
#define CPU_OFFSET UINT64_C(0x400000000)	/* a bus address is not the CPU's */
#define BAR_SPACE UINT64_C(0xc0000000)
#define CHUNK_SPACE UINT64_C(0x100000000)
#define IO_MAPPINGS 16

static pthread_mutex_t bus_lock = PTHREAD_MUTEX_INITIALIZER;
static struct transport *board;
static uint64_t bar_bus[TRANSPORT_BARS];

/* Assign BARs, as a root complex does, and let memory accesses through. */
static void assign(void)
{
	uint64_t next = BAR_SPACE;
	uint16_t command = 2;

	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		uint64_t bytes = board->bar_bytes[i];
		uint32_t now = 0;

		bar_bus[i] = 0;
		if (!bytes)
			continue;
		next = (next + bytes - 1) & ~(bytes - 1);
		machine_config_read(0x10 + 4 * i, &now, 4);
		if (!(now & ~0xfu)) {
			now = (uint32_t)next;
			machine_config_write(0x10 + 4 * i, &now, 4);
			next += bytes;
		}
		bar_bus[i] = now & ~0xfu;
	}
	machine_config_write(4, &command, 2);
}

bool machine_connect(void)
{
	char why[240];

	for (int i = 0; i < 100; i++) {
		if (!netra_transport_vfio_user_open(fake_options.socket, &board, why, sizeof(why))) {
			assign();
			return true;
		}
		machine_sleep_ns(50000000);
	}
	fprintf(stderr, "no board: %s\n", why);
	return false;
}

void machine_disconnect(void)
{
	if (board)
		board->ops->close(board);
	board = NULL;
}

uint32_t machine_config_read(uint32_t offset, void *to, uint32_t bytes)
{
	enum netra_error error;

	pthread_mutex_lock(&bus_lock);
	error = board->ops->config_read(board, offset, to, bytes);
	pthread_mutex_unlock(&bus_lock);
	if (error)
		memset(to, 0xff, bytes);
	return bytes;
}

static uint32_t word_of(uint32_t offset)
{
	uint32_t word = 0;

	(void)board->ops->config_read(board, offset, &word, sizeof(word));
	return word;
}

/* Where device control of the PCI Express capability lies. */
static uint32_t device_control(void)
{
	uint32_t at = word_of(0x34) & 0xfc, word;

	for (int i = 0; at && i < 48; i++, at = word >> 8 & 0xfc) {
		word = word_of(at);
		if ((word & 0xff) == 0x10)
			return at + 8;
	}
	return 0;
}

/*
 * A function-level reset as hardware does it: all that the host had programmed
 * is forgotten. (The emulated board gives it back, as VFIO would.)
 */
static void reset_function(void)
{
	const uint32_t nothing = 0;

	(void)board->ops->reset(board);
	for (uint32_t i = 0; i < TRANSPORT_BARS; i++)
		(void)board->ops->config_write(board, 0x10 + 4 * i, &nothing, 4);
	(void)board->ops->config_write(board, 4, &nothing, 2);
}

uint32_t machine_config_write(uint32_t offset, const void *from, uint32_t bytes)
{
	const uint8_t *data = from;

	pthread_mutex_lock(&bus_lock);
	if (bytes == 2 && data[1] & 0x80 && offset == device_control())
		reset_function();
	else
		(void)board->ops->config_write(board, offset, from, bytes);
	pthread_mutex_unlock(&bus_lock);
	return bytes;
}

uint64_t machine_bar(unsigned int bar, uint64_t *bytes)
{
	*bytes = board->bar_bytes[bar];
	return bar_bus[bar];
}

uint32_t machine_register(uint32_t offset)
{
	uint32_t value = UINT32_MAX;

	pthread_mutex_lock(&bus_lock);
	(void)netra_transport_read32(board, 0, offset, &value);
	pthread_mutex_unlock(&bus_lock);
	return value;
}

/* BAR mappings: real ones, or address space that only registers are looked up by. */
static struct io_mapping {
	uint8_t *at;
	size_t bytes;
	unsigned int bar;
	uint64_t offset;
	bool cached;
} mappings[IO_MAPPINGS];

static void check_overlap(const struct io_mapping *m)
{
	for (int i = 0; i < IO_MAPPINGS; i++) {
		const struct io_mapping *o = &mappings[i];

		RULE(o == m || !o->at || o->bar != m->bar || o->cached == m->cached ||
		     o->offset + o->bytes <= m->offset || m->offset + m->bytes <= o->offset,
		     "BAR %u is mapped two ways at once", m->bar);
	}
}

void *machine_io_map(uint64_t address, size_t bytes, bool cached)
{
	const uint64_t bus = address - CPU_OFFSET;

	RULE(bytes % PAGE == 0 && bytes && address % PAGE == 0, "a mapping of part of a page");
	RULE(bytes <= 64u << 20, "a mapping of %zu bytes of a BAR", bytes);
	pthread_mutex_lock(&bus_lock);
	for (unsigned int bar = 0; bar < TRANSPORT_BARS; bar++) {
		struct io_mapping *m = mappings;

		if (!board->bar_bytes[bar] || bus < bar_bus[bar] ||
		    bus + bytes > bar_bus[bar] + board->bar_bytes[bar])
			continue;
		while (m < mappings + IO_MAPPINGS && m->at)
			m++;
		RULE(m < mappings + IO_MAPPINGS, "too many mappings of BARs");
		m->bytes = bytes;
		m->bar = bar;
		m->offset = bus - bar_bus[bar];
		m->cached = cached;
		m->at = board->bar[bar] ? (uint8_t *)(uintptr_t)board->bar[bar] + m->offset :
			mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check_overlap(m);
		pthread_mutex_unlock(&bus_lock);
		return m->at;
	}
	fake_stop("a mapping of %zu bytes at %#llx is in no BAR", bytes, (unsigned long long)address);
}

static struct io_mapping *mapping_of(const volatile void *at)
{
	for (int i = 0; i < IO_MAPPINGS; i++) {
		struct io_mapping *m = &mappings[i];
		const uint8_t *byte = (const uint8_t *)(uintptr_t)at;

		if (m->at && byte >= m->at && byte + 4 <= m->at + m->bytes)
			return m;
	}
	fake_stop("a register access outside of every mapping");
}

void machine_io_unmap(void *at, size_t bytes)
{
	struct io_mapping *m;

	pthread_mutex_lock(&bus_lock);
	m = mapping_of(at);
	RULE(m->at == at && m->bytes == bytes, "a mapping is not undone as it was made");
	if (!board->bar[m->bar])
		munmap(at, bytes);
	memset(m, 0, sizeof(*m));
	pthread_mutex_unlock(&bus_lock);
}

uint32_t machine_read32(const volatile void *at)
{
	struct io_mapping *m;
	uint32_t value = UINT32_MAX;

	pthread_mutex_lock(&bus_lock);
	m = mapping_of(at);
	RULE(!m->cached, "a register access through a write-combining mapping");
	if (netra_transport_read32(board, m->bar, (uint32_t)(m->offset +
			(uint64_t)((const uint8_t *)(uintptr_t)at - m->at)), &value))
		value = UINT32_MAX;
	pthread_mutex_unlock(&bus_lock);
	return value;
}

void machine_write32(volatile void *at, uint32_t value)
{
	struct io_mapping *m;

	pthread_mutex_lock(&bus_lock);
	m = mapping_of(at);
	RULE(!m->cached, "a register access through a write-combining mapping");
	(void)netra_transport_write32(board, m->bar, (uint32_t)(m->offset +
			(uint64_t)((uint8_t *)(uintptr_t)at - m->at)), value);
	pthread_mutex_unlock(&bus_lock);
}

/* ---- interrupts ---------------------------------------------------------- */

static struct {
	pthread_t thread;
	void (*handler)(void);
	int fd;			/* the board's MSIs */
	int end;		/* asks the thread to end */
	bool running;
} irq = { .fd = -1, .end = -1 };

static bool line_is_up(void)
{
	uint32_t status = 0;

	pthread_mutex_lock(&bus_lock);
	if (netra_transport_read32(board, 0, NETRA_REG_EP_IRQ_STATUS, &status))
		status = 0;
	pthread_mutex_unlock(&bus_lock);
	return status != UINT32_MAX && status & 1;
}

static void *take_interrupts(void *nothing)
{
	struct pollfd fds[2] = { { .fd = irq.end, .events = POLLIN },
				 { .fd = irq.fd, .events = POLLIN } };
	uint64_t count;

	(void)nothing;
	for (;;) {
		poll(fds, fake_options.line ? 1 : 2, fake_options.line ? 1 : 1000);
		if (fds[0].revents)
			return NULL;
		if (fake_options.line ? line_is_up() :
					(fds[1].revents && read(irq.fd, &count, 8) == 8))
			irq.handler();
	}
}

void machine_interrupts(void (*handler)(void))
{
	irq.handler = handler;
	irq.fd = eventfd(0, EFD_CLOEXEC);
	irq.end = eventfd(0, EFD_CLOEXEC);
	if (!fake_options.line) {
		pthread_mutex_lock(&bus_lock);
		(void)board->ops->irq(board, irq.fd);
		pthread_mutex_unlock(&bus_lock);
	}
	irq.running = !pthread_create(&irq.thread, NULL, take_interrupts, NULL);
}

void machine_interrupts_stop(void)
{
	const uint64_t one = 1;

	if (!irq.running)
		return;
	if (!fake_options.line) {
		pthread_mutex_lock(&bus_lock);
		(void)board->ops->irq(board, -1);
		pthread_mutex_unlock(&bus_lock);
	}
	(void)!write(irq.end, &one, sizeof(one));
	pthread_join(irq.thread, NULL);
	close(irq.fd);
	close(irq.end);
	irq.running = false;
}

/* ---- memory the board can reach ------------------------------------------ */

bool machine_chunk_make(struct chunk *chunk, size_t bytes)
{
	static uint64_t next = CHUNK_SPACE;
	static uint8_t used[65536];

	chunk->bytes = bytes;
	chunk->fd = memfd_create("chunk", MFD_CLOEXEC);
	if (chunk->fd < 0 || ftruncate(chunk->fd, (off_t)bytes))
		return false;
	/* Somebody's before: at least where the first words will be read. */
	memset(used, 0xa5, sizeof(used));
	if (pwrite(chunk->fd, used, sizeof(used), 0) != sizeof(used))
		return false;
	/* Never neighbours, like memory that has been in use for a while. */
	next = (next + 3 * bytes - 1) & ~(uint64_t)(bytes - 1);
	chunk->bus = next;
	return true;
}

void machine_chunk_free(struct chunk *chunk)
{
	close(chunk->fd);
}

void *machine_chunks_map(const struct chunk *chunk, unsigned int count, bool writable)
{
	const int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	const size_t bytes = chunk[0].bytes;
	uint8_t *at = mmap(NULL, count * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		if (mmap(at + i * bytes, bytes, prot, MAP_SHARED | MAP_FIXED, chunk[i].fd, 0) ==
		    MAP_FAILED)
			return NULL;
	return at;
}

void machine_chunks_unmap(void *at, size_t bytes)
{
	munmap(at, bytes);
}

bool machine_dma_map(const struct chunk *chunk)
{
	struct transport_memory memory = {
		.fd = chunk->fd,
		.iova = chunk->bus,
		.bytes = chunk->bytes,
	};
	enum netra_error error;

	pthread_mutex_lock(&bus_lock);
	error = board->ops->dma_map(board, &memory);
	pthread_mutex_unlock(&bus_lock);
	return !error;
}

void machine_dma_unmap(const struct chunk *chunk)
{
	pthread_mutex_lock(&bus_lock);
	(void)board->ops->dma_unmap(board, chunk->bus, chunk->bytes);
	pthread_mutex_unlock(&bus_lock);
}
