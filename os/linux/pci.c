// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Finding boards on the PCI bus, and letting them go.
 *
 * Matched by id, never by class: after ROM boot the class is 0, and Linux
 * assigns no BARs to such a device. Its early fixup mends b800 only, so it is
 * done here for the others. BAR sizes depend on pins and firmware: read, not
 * assumed.
 */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "driver.h"

static bool boot = true;
module_param(boot, bool, 0644);
MODULE_PARM_DESC(boot, "Boot boards when they are found (default: yes)");

static unsigned int window_mb;
module_param(window_mb, uint, 0644);
MODULE_PARM_DESC(window_mb, "Size of the windows: 1, 2, 4 or 8 MB (default: the largest to be had)");

static bool peterson;
module_param(peterson, bool, 0644);
MODULE_PARM_DESC(peterson, "Synchronise by Peterson's lock, for firmware that knows nothing else");

static DEFINE_IDA(numbers);

struct netra_device *netra_device_get(struct netra_device *dev)
{
	kref_get(&dev->ref);
	return dev;
}

static void release(struct kref *ref)
{
	struct netra_device *dev = container_of(ref, struct netra_device, ref);
	unsigned int i;

	for (i = 0; i < NETRA_CHANNELS_MAX; i++)
		kvfree(dev->host.channel[i].frames);
	netra_channel_sets_free(dev);
	ida_free(&numbers, dev->number);
	pci_dev_put(dev->pdev);
	mutex_destroy(&dev->lock);
	kvfree(dev);
}

void netra_device_put(struct netra_device *dev)
{
	kref_put(&dev->ref, release);
}

static struct netra_device *allocate(struct pci_dev *pdev,
				     const struct netra_soc *soc)
{
	struct netra_host_options options = {
		.sync_mode = peterson ? NETRA_SYNC_PETERSON : NETRA_SYNC_RING,
	};
	struct netra_device *dev;
	int number;

	if (window_mb && is_power_of_2(window_mb) && window_mb <= 8)
		options.window_log2 = 20 + ilog2(window_mb);
	else if (window_mb)
		pci_warn(pdev, "window_mb=%u: windows have 1, 2, 4 or 8 MB\n",
			 window_mb);
	dev = kvzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return NULL;
	number = ida_alloc(&numbers, GFP_KERNEL);
	if (number < 0) {
		kvfree(dev);
		return NULL;
	}
	dev->number = number;
	dev->pdev = pci_dev_get(pdev);
	kref_init(&dev->ref);
	mutex_init(&dev->lock);
	init_waitqueue_head(&dev->kick);
	init_waitqueue_head(&dev->changed);
	netra_host_init(&dev->host, &netra_linux_ops, &options, soc,
			get_random_u32());
	return dev;
}

/* What the kernel left undone for a device without a class. */
static int assign_bars(struct pci_dev *pdev)
{
	int i, err;

	for (i = 0; i < NETRA_BARS; i++) {
		struct resource *r = &pdev->resource[i];

		if (!resource_size(r) || !(r->flags & IORESOURCE_MEM) ||
		    (r->start && !(r->flags & IORESOURCE_UNSET)))
			continue;
		err = pci_assign_resource(pdev, i);
		if (err) {
			pci_err(pdev, "no room for BAR %d: rescan the bus, or boot with the board powered\n",
				i);
			return err;
		}
	}
	return 0;
}

static int check_bars(struct netra_device *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int i;

	for (i = 0; i < NETRA_BARS; i++)
		if (pci_resource_flags(pdev, i) & IORESOURCE_MEM)
			dev->host.bar_bytes[i] = pci_resource_len(pdev, i);
	if (dev->host.bar_bytes[0] >= NETRA_BAR0_MIN_BYTES)
		return 0;
	pci_err(pdev, "BAR 0 has %llu bytes instead of 4096: its ROM did not run\n",
		dev->host.bar_bytes[0]);
	return -ENODEV;
}

/* Its outbound registers hold 64 bits of a bus address. */
static int set_dma(struct pci_dev *pdev)
{
	int err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));

	if (err)
		return err;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	return 0;
}

static int map_bar0(struct netra_device *dev)
{
	struct pci_dev *pdev = dev->pdev;

	dev->bar0 = pci_iomap(pdev, 0, 0);
	if (!dev->bar0)
		return -ENOMEM;
	if (readl(dev->bar0 + NETRA_REG_PID) != U32_MAX)
		return 0;
	pci_err(pdev, "it answers all-ones: check its power and seat, then rescan the bus\n");
	pci_iounmap(pdev, dev->bar0);
	return -ENODEV;
}

static int netra_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct netra_soc *soc = netra_soc_by_id(pdev->device);
	struct netra_device *dev;
	int err;

	if (!soc)
		return -ENODEV;
	dev = allocate(pdev, soc);
	if (!dev)
		return -ENOMEM;
	err = assign_bars(pdev);
	if (err)
		goto err_put;
	err = pci_enable_device(pdev);
	if (err)
		goto err_put;
	err = check_bars(dev);
	if (err)
		goto err_disable;
	err = pci_request_regions(pdev, "netra");
	if (err)
		goto err_disable;
	err = set_dma(pdev);
	if (err)
		goto err_regions;
	err = map_bar0(dev);
	if (err)
		goto err_regions;
	pci_set_master(pdev);
	/* Firmware sends its first MSI when it likes: route it before. */
	err = netra_irq_request(dev);
	if (err)
		goto err_bar0;
	pci_save_state(pdev);
	dev->saved_state = pci_store_saved_state(pdev);
	err = v4l2_device_register(&pdev->dev, &dev->v4l2);
	if (err)
		goto err_irq;
	pci_set_drvdata(pdev, dev);
	err = netra_control_register(dev);
	if (err)
		goto err_v4l2;
	dev->boot_wanted = boot;
	err = netra_service_start(dev);
	if (err)
		goto err_control;
	netra_debugfs_register(dev);
	pcie_print_link_status(pdev);
	pci_info(pdev, "netra%u: %s board, %s\n", dev->number, soc->name,
		 dev->msi ? "MSI" : "legacy interrupt");
	return 0;

err_control:
	/* A program may have opened the node meanwhile. */
	mutex_lock(&dev->lock);
	dev->dead = true;
	mutex_unlock(&dev->lock);
	netra_control_unregister(dev);
err_v4l2:
	v4l2_device_unregister(&dev->v4l2);
err_irq:
	kfree(dev->saved_state);
	netra_irq_free(dev);
err_bar0:
	pci_iounmap(pdev, dev->bar0);
err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
err_put:
	netra_device_put(dev);
	return err;
}

static void netra_remove(struct pci_dev *pdev)
{
	struct netra_device *dev = pci_get_drvdata(pdev);

	netra_debugfs_unregister(dev);
	netra_pause(dev);
	netra_service_stop(dev);
	mutex_lock(&dev->lock);
	netra_host_gone(&dev->host, "the system took it away");
	dev->dead = true;
	/* What is still queued learns of it. */
	netra_video_serve(dev);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->changed);
	netra_video_unregister(dev);
	netra_control_unregister(dev);
	v4l2_device_unregister(&dev->v4l2);
	/* Whatever its firmware still does, it does not reach memory. */
	pci_clear_master(pdev);
	netra_irq_free(dev);
	mutex_lock(&dev->lock);
	dev->host.view = NULL;
	dev->host.area = NULL;
	if (dev->arena.page_count)
		netra_arena_put(pdev, &dev->arena);
	mutex_unlock(&dev->lock);
	kfree(dev->saved_state);
	pci_iounmap(pdev, dev->bar0);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	netra_device_put(dev);
}

static void netra_shutdown(struct pci_dev *pdev)
{
	netra_pause(pci_get_drvdata(pdev));
	pci_clear_master(pdev);
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
	.remove = netra_remove,
	.shutdown = netra_shutdown,
	.err_handler = &netra_error_handlers,
	.dev_groups = netra_groups,
	.driver.pm = &netra_pm_ops,
};

static int __init netra_init(void)
{
	int err = netra_control_init();

	if (err)
		return err;
	netra_debugfs_init();
	err = pci_register_driver(&netra_driver);
	if (err) {
		netra_debugfs_exit();
		netra_control_exit();
	}
	return err;
}
module_init(netra_init);

static void __exit netra_exit(void)
{
	pci_unregister_driver(&netra_driver);
	netra_debugfs_exit();
	netra_control_exit();
}
module_exit(netra_exit);

MODULE_DESCRIPTION("Video capture boards built on TI DM816x, DM814x and DM813x");
MODULE_LICENSE("Dual BSD/GPL");
