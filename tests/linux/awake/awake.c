// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Lets a test guest be suspended to idle: Linux does not bring 9p over virtio
 * back, and the guest's programs are on it. With this module virtio's devices
 * do not take part in suspending; to idle, they need not.
 */
#include <linux/module.h>
#include <linux/pci.h>

static int nothing(struct device *dev)
{
	return 0;
}

/* A power domain's callbacks come before those of bus and driver. */
static struct dev_pm_domain awake = {
	.ops = {
		.suspend = nothing,
		.resume = nothing,
		.suspend_late = nothing,
		.resume_early = nothing,
		.suspend_noirq = nothing,
		.resume_noirq = nothing,
	},
};

static void set(struct dev_pm_domain *domain)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, PCI_ANY_ID, pdev)))
		pdev->dev.pm_domain = domain;
}

static int __init awake_init(void)
{
	set(&awake);
	return 0;
}
module_init(awake_init);

static void __exit awake_exit(void)
{
	set(NULL);
}
module_exit(awake_exit);

MODULE_DESCRIPTION("Keeps virtio's devices out of suspend to idle");
MODULE_LICENSE("Dual BSD/GPL");
