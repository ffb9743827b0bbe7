/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's configuration space, through the bus driver. A board that resets
 * itself, or is reset, forgets its BARs and its MSI: Windows does not know of
 * either, so they are written again as Windows had programmed them.
 */
#include "driver.h"

#include <initguid.h>
#include <wdmguid.h>

#define COMMAND		0x04u
#define COMMAND_MASTER	0x04u
#define CAPABILITIES	0x34u
#define CAP_MSI		0x05u
#define CAP_PCIE	0x10u
#define MSI_64_BIT	(1u << 23)	/* in the first word: the address has two */
#define CAPABILITIES_MAX 48	/* a list that goes round ends here */
#define DEVICE_CAP	0x04u	/* in the PCI Express capability */
#define DEVICE_CAP_FLR	(1u << 28)
#define DEVICE_CONTROL	0x08u
#define DEVICE_CONTROL_FLR (1u << 15)
#define RESET_MS	100	/* PCI Express: a function has so long to reset */

NTSTATUS netra_config_open(struct netra_device *dev)
{
	NTSTATUS status;

	dev->bus.Size = sizeof(dev->bus);
	status = WdfFdoQueryForInterface(dev->wdf, &GUID_BUS_INTERFACE_STANDARD,
					 (PINTERFACE)&dev->bus, sizeof(dev->bus),
					 1, NULL);
	dev->have_bus = NT_SUCCESS(status);
	return status;
}

void netra_config_close(struct netra_device *dev)
{
	if (dev->have_bus)
		dev->bus.InterfaceDereference(dev->bus.Context);
	dev->have_bus = false;
}

ULONG netra_config_read(struct netra_device *dev, ULONG offset)
{
	ULONG word = MAXULONG;

	if (!dev->have_bus ||
	    dev->bus.GetBusData(dev->bus.Context, PCI_WHICHSPACE_CONFIG, &word,
				offset, sizeof(word)) != sizeof(word))
		return MAXULONG;
	return word;
}

static void put(struct netra_device *dev, ULONG offset, ULONG value, ULONG bytes)
{
	if (dev->have_bus)
		(void)dev->bus.SetBusData(dev->bus.Context, PCI_WHICHSPACE_CONFIG,
					  &value, offset, bytes);
}

static void find_capabilities(struct netra_device *dev)
{
	ULONG at = netra_config_read(dev, CAPABILITIES) & 0xfc;

	dev->msi_cap = 0;
	dev->pcie_cap = 0;
	for (int i = 0; at && i < CAPABILITIES_MAX; i++) {
		ULONG word = netra_config_read(dev, at);

		if ((word & 0xff) == CAP_MSI)
			dev->msi_cap = at;
		if ((word & 0xff) == CAP_PCIE)
			dev->pcie_cap = at;
		at = word >> 8 & 0xfc;
	}
}

/* Words of the MSI capability that are there, and that a reset clears. */
static ULONG msi_words(const struct netra_device *dev)
{
	if (!dev->msi_cap)
		return 0;
	return dev->msi[0] & MSI_64_BIT ? 4 : 3;
}

void netra_config_save(struct netra_device *dev)
{
	if (!netra_config_present(dev))
		return;
	find_capabilities(dev);
	for (ULONG i = 0; i < NETRA_CONFIG_WORDS; i++)
		dev->config[i] = netra_config_read(dev, 4 * i);
	dev->msi[0] = netra_config_read(dev, dev->msi_cap);
	for (ULONG i = 1; i < msi_words(dev); i++)
		dev->msi[i] = netra_config_read(dev, dev->msi_cap + 4 * i);
	if (dev->pcie_cap)
		dev->device_control = (uint16_t)netra_config_read(
			dev, dev->pcie_cap + DEVICE_CONTROL);
	dev->saved = true;
}

void netra_config_restore(struct netra_device *dev)
{
	if (!dev->saved)
		return;
	if (dev->pcie_cap)
		put(dev, dev->pcie_cap + DEVICE_CONTROL, dev->device_control, 2);
	for (ULONG i = 0; i < NETRA_BARS; i++)
		put(dev, 0x10 + 4 * i, dev->config[4 + i], 4);
	put(dev, 0x3c, dev->config[0x3c / 4] & 0xff, 1);
	/* Address and data first, then the word that enables. */
	for (ULONG i = 1; i < msi_words(dev); i++)
		put(dev, dev->msi_cap + 4 * i, dev->msi[i], 4);
	if (dev->msi_cap)
		put(dev, dev->msi_cap + 2, dev->msi[0] >> 16, 2);
	put(dev, COMMAND, dev->config[COMMAND / 4] & 0xffff, 2);
}

bool netra_config_reset(struct netra_device *dev)
{
	LARGE_INTEGER delay = { .QuadPart = -10000ll * RESET_MS };

	netra_config_restore(dev);
	if (!dev->pcie_cap || !(netra_config_read(dev, dev->pcie_cap + DEVICE_CAP) &
				DEVICE_CAP_FLR))
		return false;
	netra_config_master(dev, false);
	put(dev, dev->pcie_cap + DEVICE_CONTROL,
	    dev->device_control | DEVICE_CONTROL_FLR, 2);
	KeDelayExecutionThread(KernelMode, FALSE, &delay);
	netra_config_restore(dev);
	return true;
}

void netra_config_master(struct netra_device *dev, bool on)
{
	ULONG command = netra_config_read(dev, COMMAND);

	if (command == MAXULONG)
		return;
	command &= 0xffff & ~COMMAND_MASTER;
	put(dev, COMMAND, on ? command | COMMAND_MASTER : command, 2);
	/* What was under way has arrived when this has. */
	(void)netra_config_read(dev, COMMAND);
}

bool netra_config_present(struct netra_device *dev)
{
	return netra_config_read(dev, 0) != MAXULONG;
}
