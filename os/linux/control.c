// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * /dev/netraN: the nodes, and the life of files that are open on them.
 *
 * A file keeps the node's structures (the cdev holds the device, that holds
 * struct netra_device). Removal takes readers and mappings away from files that
 * are open; from then on all they are good for is to be closed.
 */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/version.h>

#include "control.h"

#define MINORS	64

static dev_t region;

/* Pictures are nobody else's business: an udev rule lets a group in. */
#if KERNEL_VERSION(6, 2, 0) <= LINUX_VERSION_CODE
static char *devnode(const struct device *device, umode_t *mode)
#else
static char *devnode(struct device *device, umode_t *mode)
#endif
{
	if (mode)
		*mode = 0660;
	return NULL;
}

static struct class class = {
	.name = "netra_control",
	.devnode = devnode,
};

static int control_open(struct inode *inode, struct file *f)
{
	struct netra_control *control =
		container_of(inode->i_cdev, struct netra_control, cdev);
	struct netra_device *dev = control->dev;
	struct netra_file *file;
	int err;

	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	file->control = control;
	file->dev = dev;
	file->file = f;
	f->private_data = file;
	if (mutex_lock_killable(&dev->lock)) {
		kfree(file);
		return -EINTR;
	}
	err = dev->dead || control->gone ? -ENODEV : 0;
	if (!err) {
		file->events_taken = control->events;
		list_add(&file->entry, &control->files);
	}
	mutex_unlock(&dev->lock);
	if (err)
		kfree(file);
	return err ? err : nonseekable_open(inode, f);
}

static int control_release(struct inode *inode, struct file *f)
{
	struct netra_file *file = f->private_data;
	u32 channel;

	mutex_lock(&file->dev->lock);
	list_del(&file->entry);
	netra_readers_drop(file);
	for_each_set_bit(channel, file->started, NETRA_CHANNELS_MAX)
		netra_use_pass(file->dev, channel, file);
	mutex_unlock(&file->dev->lock);
	kfree(file);
	return 0;
}

static __poll_t control_poll(struct file *f, poll_table *wait)
{
	struct netra_file *file = f->private_data;
	struct netra_device *dev = file->dev;
	__poll_t events = 0;

	poll_wait(f, &dev->changed, wait);
	mutex_lock(&dev->lock);
	if (dev->dead || dev->host.state == NETRA_BOARD_GONE)
		events |= EPOLLHUP | EPOLLERR;
	else if (dev->host.lost)
		events |= EPOLLERR;
	if (netra_file_event_waits(file) || netra_readers_ready(file))
		events |= EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&dev->lock);
	return events;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = control_open,
	.release = control_release,
	.poll = control_poll,
	.mmap = netra_control_mmap,
	.unlocked_ioctl = netra_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static void release(struct device *device)
{
	struct netra_control *control =
		container_of(device, struct netra_control, device);

	netra_device_put(control->dev);
	__free_page(control->nothing);
	mutex_destroy(&control->map_lock);
	kvfree(control);
}

int netra_control_register(struct netra_device *dev)
{
	struct netra_control *control;
	int err;

	if (dev->number >= MINORS)
		return -ENOSPC;
	control = kvzalloc(sizeof(*control), GFP_KERNEL);
	if (!control)
		return -ENOMEM;
	control->nothing = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!control->nothing) {
		kvfree(control);
		return -ENOMEM;
	}
	control->dev = netra_device_get(dev);
	INIT_LIST_HEAD(&control->files);
	mutex_init(&control->map_lock);
	device_initialize(&control->device);
	control->device.class = &class;
	control->device.parent = &dev->pdev->dev;
	control->device.devt = MKDEV(MAJOR(region), dev->number);
	control->device.release = release;
	cdev_init(&control->cdev, &operations);
	control->cdev.owner = THIS_MODULE;
	err = dev_set_name(&control->device, "netra%u", dev->number);
	if (err)
		goto err_put;
	mutex_lock(&dev->lock);
	dev->control = control;
	mutex_unlock(&dev->lock);
	err = cdev_device_add(&control->cdev, &control->device);
	if (err)
		goto err_forget;
	return 0;

err_forget:
	dev->control = NULL;
err_put:
	put_device(&control->device);
	return err;
}

void netra_control_unregister(struct netra_device *dev)
{
	struct netra_control *control = dev->control;
	struct netra_file *file;

	cdev_device_del(&control->cdev, &control->device);
	mutex_lock(&dev->lock);
	dev->control = NULL;
	list_for_each_entry(file, &control->files, entry)
		netra_readers_drop(file);
	netra_control_unmap(control);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->changed);
	put_device(&control->device);
}

int netra_control_init(void)
{
	int err;

	err = class_register(&class);
	if (err)
		return err;
	err = alloc_chrdev_region(&region, 0, MINORS, "netra");
	if (err)
		class_unregister(&class);
	return err;
}

void netra_control_exit(void)
{
	unregister_chrdev_region(region, MINORS);
	class_unregister(&class);
}
