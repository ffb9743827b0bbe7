/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCIESS as the board's own ARM sees it, through /dev/mem: registers at
 * 0x51000000, its own configuration space 4 KB above, outbound windows at
 * 0x20000000, and a page of reserved DDR for the board block.
 *
 * Arena offset o is SoC address 0x20000000 + o, as data windows are used from
 * number 0 up. All of it is device memory: aligned accesses only, hence no
 * memcpy. Doorbells are latched MSIs; DM816x clears them where a 0 is written.
 * Source: ti81xx_pcie_epdrv.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define REGISTER_BYTES	0x2000u
#define LOCAL_ID	0x1000u
#define LOCAL_COMMAND	0x1004u
#define COMMAND_MASTER	(1u << 2)
#define COMMAND_NO_INTX	(1u << 10)
#define MSI_CONTROL	0x1050u
#define MSI_ENABLED	(1u << 16)
#define MSI_ADDRESS	0x1054u
#define MSI_ADDRESS_HI	0x1058u
#define MSI_DATA	0x105cu

static uint32_t read_register(const struct agent_hardware *hardware,
			      uint32_t offset)
{
	return hardware->registers[offset / 4];
}

static void write_register(struct agent_hardware *hardware, uint32_t offset,
			   uint32_t value)
{
	hardware->registers[offset / 4] = value;
}

/* A plain file that is too short would be mapped, and then kill us. */
static bool long_enough(int fd, uint64_t bytes)
{
	struct stat status;

	return fstat(fd, &status) || !S_ISREG(status.st_mode) ||
		(uint64_t)status.st_size >= bytes;
}

static void *map(int fd, size_t bytes, uint32_t address, const char *path,
		 const char *what, char *why, size_t why_size)
{
	void *memory;

	if (!long_enough(fd, (uint64_t)address + bytes)) {
		snprintf(why, why_size, "%s: too short for %s at 0x%08x", path,
			 what, address);
		return NULL;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      (off_t)address);
	if (memory == MAP_FAILED) {
		snprintf(why, why_size, "%s: cannot map %s at 0x%08x: %s", path,
			 what, address, strerror(errno));
		return NULL;
	}
	return memory;
}

bool netra_agent_map(struct agent_hardware *hardware, const char *path,
		     uint32_t block_address, char *why, size_t why_size)
{
	uint32_t id;

	memset(hardware, 0, sizeof(*hardware));
	hardware->fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (hardware->fd < 0) {
		snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return false;
	}
	hardware->registers = map(hardware->fd, REGISTER_BYTES,
				  NETRA_SOC_PCIESS, path, "PCIESS registers",
				  why, why_size);
	if (!hardware->registers)
		goto err_close;
	hardware->outbound = map(hardware->fd, NETRA_SOC_OUTBOUND_BYTES,
				 NETRA_SOC_OUTBOUND, path, "outbound region",
				 why, why_size);
	if (!hardware->outbound)
		goto err_registers;
	hardware->block = map(hardware->fd, sizeof(*hardware->block),
			      block_address, path, "board block", why,
			      why_size);
	if (!hardware->block)
		goto err_outbound;

	id = read_register(hardware, LOCAL_ID);
	hardware->soc = netra_soc_by_id((uint16_t)(id >> 16));
	if (!hardware->soc) {
		snprintf(why, why_size,
			 "%s: device id 0x%08x is not of the DM81xx family",
			 path, id);
		goto err_block;
	}
	write_register(hardware, NETRA_REG_MSI_EN_SET, 0xffffffffu);
	write_register(hardware, NETRA_REG_GPR(2), block_address);
	return true;

err_block:
	munmap(hardware->block, sizeof(*hardware->block));
err_outbound:
	munmap((void *)(uintptr_t)hardware->outbound, NETRA_SOC_OUTBOUND_BYTES);
err_registers:
	munmap((void *)(uintptr_t)hardware->registers, REGISTER_BYTES);
err_close:
	close(hardware->fd);
	return false;
}

void netra_agent_unmap(struct agent_hardware *hardware)
{
	munmap(hardware->block, sizeof(*hardware->block));
	munmap((void *)(uintptr_t)hardware->outbound, NETRA_SOC_OUTBOUND_BYTES);
	munmap((void *)(uintptr_t)hardware->registers, REGISTER_BYTES);
	close(hardware->fd);
}

uint32_t netra_agent_doorbells(struct agent_hardware *hardware)
{
	uint32_t bells = read_register(hardware, NETRA_REG_MSI_STATUS);

	if (bells) {
		write_register(hardware, NETRA_REG_MSI_STATUS,
			       netra_irq_ack_value(hardware->soc, bells));
		write_register(hardware, NETRA_REG_IRQ_EOI, 1);
	}
	return bells;
}

void netra_agent_stage(struct agent_hardware *hardware, enum netra_stage stage)
{
	netra_agent_fence();
	write_register(hardware, NETRA_REG_GPR(1),
		       NETRA_STAGE_BASE | (uint32_t)stage);
}

void netra_agent_fence(void)
{
	__sync_synchronize();
}

enum netra_error netra_agent_host_write(struct agent_hardware *hardware,
					uint32_t offset, const void *data,
					uint32_t length)
{
	volatile uint32_t *word = hardware->outbound + offset / 4;
	volatile uint8_t *byte;
	const uint8_t *from = data;

	for (; length >= 4; length -= 4, from += 4) {
		uint32_t value;

		memcpy(&value, from, sizeof(value));
		*word++ = value;
	}
	byte = (volatile uint8_t *)word;
	while (length--)
		*byte++ = *from++;
	return NETRA_OK;
}

enum netra_error netra_agent_host_read(struct agent_hardware *hardware,
				       uint32_t offset, void *data,
				       uint32_t length)
{
	const volatile uint32_t *word = hardware->outbound + offset / 4;
	uint32_t *to = data;

	for (; length >= 4; length -= 4)
		*to++ = *word++;
	return NETRA_OK;
}

/*
 * A host without MSI gets the legacy interrupt: a level, which it takes back by
 * EP_IRQ_CLR. One that polls has switched that off, too.
 */
static enum netra_error legacy_interrupt(struct agent_hardware *hardware)
{
	if (read_register(hardware, LOCAL_COMMAND) & COMMAND_NO_INTX)
		return NETRA_OK;
	write_register(hardware, NETRA_REG_LEGACY_EN_SET, 1);
	write_register(hardware, NETRA_REG_EP_IRQ_SET, 1);
	return NETRA_OK;
}

/*
 * The MSI_IRQ register is a doorbell into this device. The way out is a plain
 * write of the data word to the address in the MSI capability, through window
 * 31, which host and firmware keep free for it.
 */
enum netra_error netra_agent_interrupt(struct agent_hardware *hardware)
{
	uint32_t window = netra_ob_window_bytes(
		read_register(hardware, NETRA_REG_OB_SIZE));
	uint32_t address = read_register(hardware, MSI_ADDRESS);
	uint32_t hi = read_register(hardware, MSI_ADDRESS_HI);
	uint32_t data = read_register(hardware, MSI_DATA) & 0xffffu;
	uint32_t index;

	/* With MSI off its write would hit memory. */
	if (!(read_register(hardware, MSI_CONTROL) & MSI_ENABLED))
		return legacy_interrupt(hardware);
	if (!(read_register(hardware, LOCAL_COMMAND) & COMMAND_MASTER))
		return NETRA_OK;
	if (!window)
		return NETRA_ERR_STATE;
	index = (address & ~(window - 1)) | NETRA_OB_ENABLE;
	if (index != hardware->msi_index || hi != hardware->msi_hi ||
	    read_register(hardware, NETRA_REG_OB_INDEX(31)) != index) {
		write_register(hardware, NETRA_REG_OB_INDEX(31), 0);
		write_register(hardware, NETRA_REG_OB_HI(31), hi);
		write_register(hardware, NETRA_REG_OB_INDEX(31), index);
		/* It must hold before the write that goes through it. */
		read_register(hardware, NETRA_REG_OB_INDEX(31));
		hardware->msi_index = index;
		hardware->msi_hi = hi;
	}
	return netra_agent_host_write(hardware, NETRA_MSI_WINDOW * window +
				      (address & (window - 1) & ~3u),
				      &data, sizeof(data));
}
