/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "fake_pci.h"

#define BLOCK_ADDRESS (0x9ff00000u + FAKE_BLOCK_AT)

static struct fake_pci *of(struct transport *t)
{
	return (struct fake_pci *)t;
}

/* ---- the producer's side ------------------------------------------------ */

static uint8_t *host_at(struct fake_pci *pci, uint32_t offset, uint32_t length)
{
	uint32_t log2 = 20 + pci->reg[NETRA_REG_OB_SIZE / 4];
	uint32_t n = offset >> log2;
	uint32_t index = pci->reg[NETRA_REG_OB_INDEX(n) / 4];
	uint64_t bus = ((uint64_t)pci->reg[NETRA_REG_OB_HI(n) / 4] << 32) +
		(index & ~((1u << log2) - 1)) + (offset & ((1u << log2) - 1));

	if (!pci->host || !(index & NETRA_OB_ENABLE) || bus < pci->iova ||
	    !netra_range_ok(bus - pci->iova, length, pci->bytes)) {
		pci->window_hit = true;
		return NULL;
	}
	return pci->host + (bus - pci->iova);
}

static enum netra_error host_write(void *context, uint32_t offset,
				   const void *data, uint32_t length)
{
	uint8_t *to = host_at(context, offset, length);

	if (!to)
		return NETRA_ERR_NOT_FOUND;
	memcpy(to, data, length);
	return NETRA_OK;
}

static enum netra_error host_read(void *context, uint32_t offset, void *data,
				  uint32_t length)
{
	const uint8_t *from = host_at(context, offset, length);

	if (!from)
		return NETRA_ERR_NOT_FOUND;
	memcpy(data, from, length);
	return NETRA_OK;
}

static void fence(void *context)
{
	(void)context;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static enum netra_error interrupt(void *context)
{
	struct fake_pci *pci = context;
	uint64_t one = 1;

	if (pci->irq_fd >= 0 &&
	    write(pci->irq_fd, &one, sizeof(one)) != sizeof(one))
		return NETRA_ERR_IO;
	return NETRA_OK;
}

static uint32_t register_read(void *context, uint32_t offset)
{
	const struct fake_pci *pci = context;

	return pci->reg[offset / 4];
}

static uint64_t now_ns(void *context)
{
	struct timespec t;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t command(void *context, const struct netra_command *command,
			uint32_t *detail)
{
	struct fake_pci *pci = context;

	*detail = 0;
	pci->last_command = *command;
	return pci->command_status;
}

static const struct netra_producer_ops producer_ops = {
	.host_write = host_write,
	.host_read = host_read,
	.fence = fence,
	.interrupt = interrupt,
	.register_read = register_read,
	.now_ns = now_ns,
	.command = command,
};

void fake_pci_restart(struct fake_pci *pci)
{
	netra_producer_init(&pci->producer,
			    (void *)(pci->bar2 + FAKE_BLOCK_AT), &producer_ops,
			    NULL, pci, pci->channels, 0xb800, "fake 1.0",
			    ++pci->boot_count);
	pci->reg[NETRA_REG_GPR(1) / 4] = NETRA_STAGE_BASE | NETRA_STAGE_AGENT;
	pci->reg[NETRA_REG_GPR(2) / 4] = BLOCK_ADDRESS;
}

/* ---- the transport ------------------------------------------------------ */

static enum netra_error config_read(struct transport *t, uint32_t offset,
				    void *data, uint32_t length)
{
	if (of(t)->gone)
		memset(data, 0xff, length);
	else
		memcpy(data, of(t)->config + offset, length);
	return NETRA_OK;
}

static enum netra_error config_write(struct transport *t, uint32_t offset,
				     const void *data, uint32_t length)
{
	memcpy(of(t)->config + offset, data, length);
	return NETRA_OK;
}

static enum netra_error bar_read(struct transport *t, unsigned int bar,
				 uint64_t offset, void *data, uint32_t length)
{
	struct fake_pci *pci = of(t);

	pci->bar_reads++;
	if (pci->gone)
		memset(data, 0xff, length);
	else if (bar == 0)
		memcpy(data, &pci->reg[offset / 4], length);
	else if (bar == 2)
		memcpy(data, pci->bar2 + offset, length);
	return NETRA_OK;
}

static enum netra_error bar_write(struct transport *t, unsigned int bar,
				  uint64_t offset, const void *data,
				  uint32_t length)
{
	struct fake_pci *pci = of(t);
	uint32_t word;

	pci->bar_writes++;
	if (bar == 2)
		memcpy(pci->bar2 + offset, data, length);
	if (bar)
		return NETRA_OK;
	memcpy(&word, data, 4);
	if (offset != NETRA_REG_MSI_IRQ)
		pci->reg[offset / 4] = word;
	else if (pci->mute)
		return NETRA_OK;
	else if (word == NETRA_DOORBELL_RESTART)
		fake_pci_restart(pci);
	else
		netra_producer_poll(&pci->producer);
	return NETRA_OK;
}

static enum netra_error dma_place(struct transport *t, uint64_t bytes,
				  uint64_t align, uint64_t *iova)
{
	(void)t;
	(void)bytes;
	*iova = 0x100000000ull + 8 * align;	/* needs the upper half */
	return NETRA_OK;
}

static enum netra_error dma_map(struct transport *t,
				const struct transport_memory *memory)
{
	struct fake_pci *pci = of(t);

	pci->host = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, memory->fd, 0);
	if (pci->host == MAP_FAILED)
		abort();
	pci->iova = memory->iova;
	pci->bytes = memory->bytes;
	return NETRA_OK;
}

static enum netra_error dma_unmap(struct transport *t, uint64_t iova,
				  uint64_t bytes)
{
	struct fake_pci *pci = of(t);

	if (iova != pci->iova || bytes != pci->bytes)
		abort();
	munmap(pci->host, bytes);
	pci->host = NULL;
	pci->unmaps++;
	return NETRA_OK;
}

static enum netra_error irq(struct transport *t, int eventfd)
{
	of(t)->irq_fd = eventfd;
	return NETRA_OK;
}

static enum netra_error reset(struct transport *t)
{
	struct fake_pci *pci = of(t);

	memset(pci->reg, 0, sizeof(pci->reg));
	pci->reg[NETRA_REG_PID / 4] = 0x4e301100;
	pci->resets++;
	return NETRA_OK;
}

static bool alive(struct transport *t)
{
	(void)t;
	return true;
}

static void close_transport(struct transport *t)
{
	of(t)->closed = true;
}

static const struct transport_ops ops = {
	.config_read = config_read,
	.config_write = config_write,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.dma_place = dma_place,
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
	.irq = irq,
	.reset = reset,
	.alive = alive,
	.close = close_transport,
};

struct fake_pci *fake_pci_new(uint32_t channels)
{
	struct fake_pci *pci = calloc(1, sizeof(*pci));

	if (!pci)
		abort();
	pci->bar2 = calloc(1, FAKE_BAR2_BYTES);
	if (!pci->bar2)
		abort();
	pci->transport.ops = &ops;
	pci->transport.driver = "fake";
	pci->transport.root_complex = true;
	pci->transport.bar_bytes[0] = NETRA_BAR0_MIN_BYTES;
	pci->transport.bar_bytes[1] = 8u << 20;
	pci->transport.bar_bytes[2] = FAKE_BAR2_BYTES;
	pci->transport.gone_fd = -1;
	pci->irq_fd = -1;
	pci->channels = channels;
	memcpy(pci->config, (const uint8_t[]){ 0x4c, 0x10, 0x00, 0xb8 }, 4);
	reset(&pci->transport);
	pci->resets = 0;
	fake_pci_restart(pci);
	return pci;
}

void fake_pci_free(struct fake_pci *pci)
{
	if (pci->host)
		munmap(pci->host, pci->bytes);
	free(pci->bar2);
	free(pci);
}

enum netra_error fake_pci_put(struct fake_pci *pci, uint32_t channel,
			      uint32_t length, uint32_t flags, int64_t dts_90k,
			      uint8_t seed)
{
	uint8_t *data = malloc(length ? length : 1);
	struct netra_access_unit unit = {
		.data = data,
		.length = length,
		.flags = flags,
		.pts_90k = dts_90k + 3000,
		.dts_90k = dts_90k,
		.duration_90k = 3000,
		.board_time_ns = now_ns(pci),
	};
	enum netra_error error;

	memset(data, seed, length);
	error = netra_producer_put(&pci->producer, channel, &unit);
	free(data);
	return error;
}

struct netra_host_area *fake_pci_area(struct fake_pci *pci)
{
	return (struct netra_host_area *)pci->host;
}
