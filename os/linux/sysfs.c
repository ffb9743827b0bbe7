// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Attributes of the PCI device, in its folder "netra": what state the board is
 * in, how far a boot is, which memory the windows have. docs/linux-sysfs.md.
 */
#include <linux/sysfs.h>

#include "driver.h"

static struct netra_device *device_of(struct device *device)
{
	return dev_get_drvdata(device);
}

static ssize_t state_show(struct device *device, struct device_attribute *attr,
			  char *buf)
{
	struct netra_device *dev = device_of(device);

	return sysfs_emit(buf, "%s\n", netra_board_state_name(dev->host.state));
}
static DEVICE_ATTR_RO(state);

static ssize_t error_show(struct device *device, struct device_attribute *attr,
			  char *buf)
{
	struct netra_device *dev = device_of(device);
	ssize_t n;

	mutex_lock(&dev->lock);
	n = sysfs_emit(buf, "%s\n", dev->host.error_text);
	mutex_unlock(&dev->lock);
	return n;
}
static DEVICE_ATTR_RO(error);

static ssize_t firmware_show(struct device *device,
			     struct device_attribute *attr, char *buf)
{
	struct netra_device *dev = device_of(device);
	ssize_t n;

	mutex_lock(&dev->lock);
	n = sysfs_emit(buf, "%s\n", dev->host.firmware);
	mutex_unlock(&dev->lock);
	return n;
}
static DEVICE_ATTR_RO(firmware);

/* "kernel 65536 4194304", "waiting for the agent", or "" when none is under way. */
static ssize_t boot_progress_show(struct device *device,
				  struct device_attribute *attr, char *buf)
{
	struct netra_device *dev = device_of(device);
	struct netra_boot_progress progress;
	ssize_t n = 0;

	mutex_lock(&dev->lock);
	if (dev->phase == NETRA_PHASE_BOOT) {
		netra_boot_progress(&dev->host.runner.m.boot, &progress);
		if (progress.waiting_for)
			n = sysfs_emit(buf, "waiting for %s\n",
				       progress.waiting_for);
		else
			n = sysfs_emit(buf, "%s %u %u\n",
				       netra_image_name(progress.image),
				       progress.done_bytes,
				       progress.total_bytes);
	}
	mutex_unlock(&dev->lock);
	return n;
}
static DEVICE_ATTR_RO(boot_progress);

/* 1: boot if it does not run; 2: reset it first. */
static ssize_t boot_store(struct device *device, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct netra_device *dev = device_of(device);
	unsigned int how;
	int err;

	err = kstrtouint(buf, 0, &how);
	if (err)
		return err;
	if (how < 1 || how > 2)
		return -EINVAL;
	mutex_lock(&dev->lock);
	err = netra_boot_request(dev, how == 2);
	mutex_unlock(&dev->lock);
	return err ? err : count;
}
static DEVICE_ATTR_WO(boot);

static ssize_t windows_show(struct device *device,
			    struct device_attribute *attr, char *buf)
{
	struct netra_device *dev = device_of(device);
	u32 i, count;
	ssize_t n = 0;

	mutex_lock(&dev->lock);
	count = dev->host.view ? dev->host.attach.windows.count : 0;
	for (i = 0; i < count; i++)
		n += sysfs_emit_at(buf, n, "%u 0x%llx %u\n", i,
				   dev->host.attach.bus[i],
				   1u << dev->host.attach.windows.log2);
	mutex_unlock(&dev->lock);
	return n;
}
static DEVICE_ATTR_ADMIN_RO(windows);

static ssize_t memory_show(struct device *device, struct device_attribute *attr,
			   char *buf)
{
	struct netra_device *dev = device_of(device);
	ssize_t n = 0;

	mutex_lock(&dev->lock);
	if (dev->host.view)
		n = sysfs_emit(buf, "%u windows of %u MB: %s\n",
			       dev->host.attach.windows.count,
			       1u << (dev->host.attach.windows.log2 - 20),
			       dev->arena.step);
	mutex_unlock(&dev->lock);
	return n;
}
static DEVICE_ATTR_RO(memory);

static ssize_t cache_mode_show(struct device *device,
			       struct device_attribute *attr, char *buf)
{
	struct netra_device *dev = device_of(device);
	ssize_t n = 0;

	mutex_lock(&dev->lock);
	if (dev->host.view)
		n = sysfs_emit(buf, "%s\n", dev->arena.cache_mode);
	mutex_unlock(&dev->lock);
	return n;
}
static DEVICE_ATTR_RO(cache_mode);

static ssize_t interrupts_show(struct device *device,
			       struct device_attribute *attr, char *buf)
{
	struct netra_device *dev = device_of(device);
	ssize_t n;
	int i;

	n = sysfs_emit(buf, "%s %lld", dev->msi ? "msi" : "legacy",
		       (long long)atomic64_read(&dev->interrupts));
	for (i = 0; dev->msi && i < dev->vectors; i++)
		n += sysfs_emit_at(buf, n, " %lld",
				   (long long)atomic64_read(&dev->vector[i].interrupts));
	return n + sysfs_emit_at(buf, n, "\n");
}
static DEVICE_ATTR_RO(interrupts);

static struct attribute *attributes[] = {
	&dev_attr_state.attr,
	&dev_attr_error.attr,
	&dev_attr_firmware.attr,
	&dev_attr_boot_progress.attr,
	&dev_attr_boot.attr,
	&dev_attr_windows.attr,
	&dev_attr_memory.attr,
	&dev_attr_cache_mode.attr,
	&dev_attr_interrupts.attr,
	NULL
};

static const struct attribute_group group = {
	.name = "netra",
	.attrs = attributes,
};

const struct attribute_group *netra_groups[] = { &group, NULL };
