/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's configuration space: ids, capabilities, BAR addresses, command
 * register, MSI. The board compares inbound addresses with IB_START, so the
 * addresses in its BARs must be known, and after a reset be the same again.
 *
 * A board after ROM boot has class code 0: systems then assign it no BARs
 * (Linux: "don't touch classless devices"), so zero is checked for. Match is
 * by vendor and device id, never by class.
 */
#include <linux/pci_regs.h>
#include <unistd.h>

#include "core/bytes.h"
#include "internal.h"

#define BAR_SPACE 0xc0000000u /* where a root complex puts BARs */
#define MSI_ADDRESS 0xfee00000u /* as on a PC; the data names a vector */
#define MSI_DATA 0x4041u
#define CAPABILITIES_MAX 48

static enum netra_error get(struct netra_board *board, uint32_t offset,
			    void *data, uint32_t length)
{
	struct transport *t = board->transport;

	return t->ops->config_read(t, offset, data, length);
}

static enum netra_error get32(struct netra_board *board, uint32_t offset,
			      uint32_t *value)
{
	enum netra_error error = get(board, offset, value, 4);

	if (!error)
		*value = netra_le32(*value);
	return error;
}

static enum netra_error put16(struct netra_board *board, uint32_t offset,
			      uint16_t value)
{
	struct transport *t = board->transport;
	uint16_t wire = netra_le16(value);

	return t->ops->config_write(t, offset, &wire, sizeof(wire));
}

static enum netra_error put32(struct netra_board *board, uint32_t offset,
			      uint32_t value)
{
	struct transport *t = board->transport;
	uint32_t wire = netra_le32(value);

	return t->ops->config_write(t, offset, &wire, sizeof(wire));
}

static enum netra_error find_capabilities(struct netra_board *board)
{
	enum netra_error error;
	uint32_t word;
	uint8_t at;

	error = get32(board, PCI_CAPABILITY_LIST, &word);
	at = word & 0xfc;
	for (int i = 0; !error && at && i < CAPABILITIES_MAX; i++) {
		error = get32(board, at, &word);
		if ((word & 0xff) == PCI_CAP_ID_MSI)
			board->bus.msi_cap = at;
		if ((word & 0xff) == PCI_CAP_ID_EXP)
			board->bus.pcie_cap = at;
		at = word >> 8 & 0xfc;
	}
	return error;
}

/*
 * Not by the ids: VFIO answers for those itself, also for a board that has
 * left. Some bits of the status register are always 0.
 */
bool netra_bus_present(struct netra_board *board)
{
	uint32_t word;

	return !get32(board, PCI_COMMAND, &word) && word >> 16 != 0xffff;
}

enum netra_error netra_bus_identify(struct netra_board *board)
{
	enum netra_error error;
	uint32_t word;

	error = get32(board, PCI_VENDOR_ID, &word);
	if (error)
		return netra_fail_transport(board, error);
	board->bus.vendor_id = (uint16_t)word;
	board->bus.device_id = (uint16_t)(word >> 16);
	if (word == 0xffffffffu || !netra_bus_present(board))
		return netra_fail(board, NETRA_ERR_GONE,
				  "the board does not answer on the bus (all-ones): check its power and seat, then rescan the bus");
	board->host.soc = netra_soc_by_id(board->bus.device_id);
	if (board->bus.vendor_id != NETRA_VENDOR_TI || !board->host.soc)
		return netra_fail(board, NETRA_ERR_UNSUPPORTED,
				  "device %04x:%04x is no DM816x or DM814x board%s",
				  board->bus.vendor_id, board->bus.device_id,
				  board->bus.device_id ==
						  NETRA_DEVICE_UNPROGRAMMED ?
					  ": its ROM has not run yet, check its boot pins" :
					  ": see 'netra list'");
	error = get32(board, PCI_CLASS_REVISION, &word);
	board->bus.class_code = word >> 8;
	if (!error)
		error = find_capabilities(board);
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

static bool is_64_bit(uint32_t low)
{
	return (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
	       PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static enum netra_error read_bars(struct netra_board *board, uint64_t address[])
{
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		uint32_t low, high = 0;
		enum netra_error error;
		unsigned int bar = i;

		address[i] = 0;
		error = get32(board, PCI_BASE_ADDRESS_0 + 4 * i, &low);
		if (!error && is_64_bit(low) && i + 1 < TRANSPORT_BARS) {
			error = get32(board, PCI_BASE_ADDRESS_0 + 4 * ++i,
				      &high);
			address[i] = 0;
		}
		if (error)
			return error;
		address[bar] = (uint64_t)high << 32 |
			       (low & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK);
	}
	return NETRA_OK;
}

static enum netra_error write_bar(struct netra_board *board, unsigned int bar,
				  uint64_t address)
{
	enum netra_error error;
	uint32_t low;

	error = get32(board, PCI_BASE_ADDRESS_0 + 4 * bar, &low);
	if (!error)
		error = put32(board, PCI_BASE_ADDRESS_0 + 4 * bar,
			      (uint32_t)address);
	if (!error && is_64_bit(low))
		error = put32(board, PCI_BASE_ADDRESS_0 + 4 * (bar + 1),
			      (uint32_t)(address >> 32));
	return error;
}

/* The root complex's part: an aligned address for each BAR without one. */
static enum netra_error assign_bars(struct netra_board *board,
				    const uint64_t now[])
{
	struct transport *t = board->transport;
	uint64_t next = BAR_SPACE;

	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		uint64_t bytes = t->bar_bytes[i];
		uint64_t address = board->host.bar_address[i];
		enum netra_error error;

		if (!bytes)
			continue;
		if (!address)
			address = now[i];
		if (!address) {
			address = (next + bytes - 1) & ~(bytes - 1);
			next = address + bytes;
		}
		board->host.bar_address[i] = address;
		if (address == now[i])
			continue;
		error = write_bar(board, i, address);
		if (error)
			return error;
	}
	return NETRA_OK;
}

/* The operating system's part was done by it; see that it was. */
static enum netra_error check_bars(struct netra_board *board,
				   const uint64_t now[])
{
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		if (board->transport->bar_bytes[i] && !now[i])
			return netra_fail(board, NETRA_ERR_UNSUPPORTED,
					  "BAR %u has no address: the system skips boards of class 0; rescan the bus with a kernel that fixes the class, or reboot with the board powered",
					  i);
		board->host.bar_address[i] = now[i];
	}
	return NETRA_OK;
}

static enum netra_error route_msi(struct netra_board *board)
{
	uint8_t cap = board->bus.msi_cap;
	enum netra_error error;
	uint32_t word, data;
	bool wide;

	if (!cap)
		return NETRA_OK;
	error = get32(board, cap, &word);
	wide = word >> 16 & PCI_MSI_FLAGS_64BIT;
	data = wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;
	if (!error)
		error = put32(board, cap + PCI_MSI_ADDRESS_LO, MSI_ADDRESS);
	if (!error && wide)
		error = put32(board, cap + PCI_MSI_ADDRESS_HI, 0);
	if (!error)
		error = put16(board, cap + data, MSI_DATA);
	if (!error)
		error = put16(board, cap + PCI_MSI_FLAGS,
			      (uint16_t)((word >> 16 &
					  ~(uint32_t)PCI_MSI_FLAGS_QSIZE) |
					 PCI_MSI_FLAGS_ENABLE));
	return error;
}

enum netra_error netra_bus_prepare(struct netra_board *board)
{
	struct transport *t = board->transport;
	uint64_t address[TRANSPORT_BARS];
	enum netra_error error;
	uint16_t command;

	if (t->bar_bytes[0] < NETRA_BAR0_MIN_BYTES)
		return netra_fail(board, NETRA_ERR_UNSUPPORTED,
				  "BAR 0 has %llu bytes instead of 4096: this is no board of the family, or its ROM did not run",
				  (unsigned long long)t->bar_bytes[0]);
	error = read_bars(board, address);
	if (!error && !t->root_complex) {
		error = check_bars(board, address);
		if (error)
			return error;
	}
	if (!error && t->root_complex)
		error = assign_bars(board, address);
	if (!error)
		error = get(board, PCI_COMMAND, &command, sizeof(command));
	if (!error)
		error = put16(board, PCI_COMMAND,
			      (uint16_t)(netra_le16(command) |
					 PCI_COMMAND_MEMORY |
					 PCI_COMMAND_MASTER | PCI_COMMAND_SERR));
	/* Firmware sends its first MSI when it likes: route it before. */
	if (!error)
		error = t->ops->irq(t, board->irq_fd);
	if (!error && t->root_complex)
		error = route_msi(board);
	if (error)
		return netra_fail_transport(board, error);
	board->bus.prepared = true;
	return NETRA_OK;
}

void netra_bus_silence(struct netra_board *board)
{
	uint16_t command;

	if (!board->bus.prepared ||
	    get(board, PCI_COMMAND, &command, sizeof(command)))
		return;
	command = netra_le16(command);
	put16(board, PCI_COMMAND,
	      (uint16_t)(command & ~(uint32_t)PCI_COMMAND_MASTER));
	/* What was under way has arrived when this has. */
	get(board, PCI_COMMAND, &command, sizeof(command));
}

void netra_bus_link(struct netra_board *board, uint32_t *width, uint32_t *mtps)
{
	static const uint32_t speed[16] = {
		[1] = 2500,
		[2] = 5000,
		[3] = 8000,
		[4] = 16000,
	};
	uint32_t word;

	*width = 0;
	*mtps = 0;
	if (!board->bus.pcie_cap ||
	    get32(board, board->bus.pcie_cap + PCI_EXP_LNKCTL, &word) ||
	    word == 0xffffffffu)
		return;
	word >>= 16;
	*width = (word & PCI_EXP_LNKSTA_NLW) >> PCI_EXP_LNKSTA_NLW_SHIFT;
	*mtps = speed[word & PCI_EXP_LNKSTA_CLS];
}
