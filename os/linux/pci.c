// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finding boards on the PCI bus.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "core/registers.h"

static int netra_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct netra_soc *soc = netra_soc_by_id(pdev->device);

	if (!soc)
		return -ENODEV;
	pci_info(pdev, "%s board\n", soc->name);
	return 0;
}

static const struct pci_device_id netra_ids[] = {
	{ PCI_DEVICE(NETRA_VENDOR_TI, 0xb800) },
	{ PCI_DEVICE(NETRA_VENDOR_TI, 0xb801) },
	{ PCI_DEVICE(NETRA_VENDOR_TI, 0xb802) },
	{ }
};
MODULE_DEVICE_TABLE(pci, netra_ids);

static struct pci_driver netra_driver = {
	.name = "netra",
	.id_table = netra_ids,
	.probe = netra_probe,
};
module_pci_driver(netra_driver);

MODULE_DESCRIPTION("Video capture boards built on TI DM816x, DM814x and DM813x");
MODULE_LICENSE("Dual BSD/GPL");
