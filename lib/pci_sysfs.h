/* SPDX-License-Identifier: BSD-2-Clause */
/* What sysfs says of a PCI device, by its address, "0000:03:00.0". */
#ifndef NETRA_LIB_PCI_SYSFS_H
#define NETRA_LIB_PCI_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** netra_pci_open() - A file of the device to read from, or NULL. */
FILE *netra_pci_open(const char *address, const char *file);

/**
 * netra_pci_link() - Last part of where a link leads: driver, iommu_group.
 *
 * @name: empty where there is no such link.
 */
void netra_pci_link(const char *address, const char *link, char *name,
		    size_t size);

/** netra_pci_exists() - Does the system know such a device? */
bool netra_pci_exists(const char *address);

/**
 * netra_pci_answers() - Does a configuration read reach it?
 *
 * The system goes on showing a device that has left the bus, ids and all.
 */
bool netra_pci_answers(const char *address);

#endif
