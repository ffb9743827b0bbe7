// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Interrupts: all they say is "look". MSIs if the system grants them, else the
 * legacy line, which the board holds until the host lets it go by EP_IRQ_CLR
 * (TI: pciedemo.c); on a shared line others may have raised it.
 */
#include <linux/interrupt.h>
#include <linux/io.h>

#include "driver.h"

#ifndef PCI_IRQ_INTX	/* before 6.8 */
#define PCI_IRQ_INTX	PCI_IRQ_LEGACY
#endif

static irqreturn_t msi(int irq, void *data)
{
	struct netra_vector *vector = data;
	struct netra_device *dev = vector->dev;

	atomic64_inc(&dev->interrupts);
	atomic64_inc(&vector->interrupts);
	atomic_set(&dev->interrupted, 1);
	netra_kick(dev);
	return IRQ_HANDLED;
}

static irqreturn_t legacy(int irq, void *data)
{
	struct netra_device *dev = ((struct netra_vector *)data)->dev;
	u32 status = readl(dev->bar0 + NETRA_REG_EP_IRQ_STATUS);

	/* All-ones: the board is gone, and not what raised the line. */
	if (status == U32_MAX || !(status & 1))
		return IRQ_NONE;
	writel(1, dev->bar0 + NETRA_REG_EP_IRQ_CLR);
	/* Posted: without it the line might still be up at our return. */
	readl(dev->bar0 + NETRA_REG_EP_IRQ_STATUS);
	atomic64_inc(&dev->interrupts);
	atomic_set(&dev->interrupted, 1);
	netra_kick(dev);
	return IRQ_HANDLED;
}

int netra_irq_request(struct netra_device *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int granted, err, i;

	granted = pci_alloc_irq_vectors(pdev, 1, NETRA_VECTORS, PCI_IRQ_MSI);
	dev->msi = granted > 0;
	if (!dev->msi)
		granted = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_INTX);
	if (granted < 0) {
		pci_err(pdev, "neither MSI nor a legacy interrupt: see the firmware set-up\n");
		return granted;
	}
	for (i = 0; i < granted; i++) {
		dev->vector[i].dev = dev;
		err = pci_request_irq(pdev, i, dev->msi ? msi : legacy, NULL,
				      &dev->vector[i], "netra%u", dev->number);
		if (err)
			goto err_free;
	}
	dev->vectors = granted;
	return 0;

err_free:
	while (i--)
		pci_free_irq(pdev, i, &dev->vector[i]);
	pci_free_irq_vectors(pdev);
	return err;
}

void netra_irq_free(struct netra_device *dev)
{
	int i;

	/* A line that nobody lets go any more must not be held: others share it. */
	if (!dev->msi)
		pci_intx(dev->pdev, 0);
	for (i = 0; i < dev->vectors; i++)
		pci_free_irq(dev->pdev, i, &dev->vector[i]);
	dev->vectors = 0;
	pci_free_irq_vectors(dev->pdev);
}
